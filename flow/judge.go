package flow

import "slices"

// Keys are the keys of accounts, as the chain has them.
type Keys map[Address][]AccountKey

// Key is the key that a signature names.
func (k Keys) Key(s Signature) (AccountKey, error) {
	at := slices.IndexFunc(k[s.Address], func(o AccountKey) bool { return o.Index == s.KeyIndex })
	if at < 0 {
		return AccountKey{}, refused(ErrNoKey, "signature", "key %d of %s", s.KeyIndex, s.Address)
	}
	return k[s.Address][at], nil
}

// Check says whether a signature of a message by a key is good. [Nodes] are the rules of nodes; [Policy.Verify] has more.
type Check func(s Signature, message []byte, key AccountKey) error

// Nodes is [Verify]; secp256k1 may be nil.
func Nodes(secp256k1 Verifier) Check {
	return func(s Signature, message []byte, key AccountKey) error { return Verify(s, message, key, secp256k1) }
}

// Verdict is what becomes of a transaction at nodes.
type Verdict struct {
	Signatures []Judged // of the payload, then of the envelope
	Problems   []*Error // what is wrong with the whole: ErrIncomplete, ErrGasLimit, ErrMissing, ErrProposer, ErrWeight
}

// Judged is a signature where it stands.
type Judged struct {
	Signature
	List Role  // RolePayload or RoleEnvelope: what it must be of
	Err  error // nil if it is good
}

// Err is the first that is wrong, of the signatures or else of the whole; nil if nothing is.
func (v Verdict) Err() error {
	for _, s := range v.Signatures {
		if s.Err != nil {
			return s.Err
		}
	}
	if len(v.Problems) != 0 {
		return v.Problems[0]
	}
	return nil
}

// Verify says whether nodes take the transaction, as far as it can be told from the transaction and its accounts' keys: nil
// means that they do, unless its block has expired, its sequence number is not the next one, or the payer has no money for
// it. The error is the first of [Transaction.Judge]'s; of several that are wrong a node may name another.
func (t *Transaction) Verify(keys Keys, secp256k1 Verifier) error {
	return t.Judge(keys, Nodes(secp256k1)).Err()
}

// Judge is what nodes do with a transaction, when it is sent and when it is executed:
//
//   - A signature is of the list's message, payload or envelope, in which it stands, whoever made it. It is by a key of
//     an account that proposes, pays or authorizes; a key signs once in both lists together; one that is bad spoils all.
//   - Authorizers that do not pay need weights of WeightThreshold together under the payload, the payer under the envelope.
//   - The proposal key has signed one of the two, whatever it weighs.
//   - There are a script, a reference block and a payer, and the gas limit is from 1 to MaxGasLimit, unless the network's
//     service account pays.
//
// Only good signatures count for weights.
func (t *Transaction) Judge(keys Keys, check Check) Verdict {
	v := t.judge(keys, check, RolePayload, RoleEnvelope)
	v.Problems = append(t.incomplete(), v.Problems...)
	return v
}

// JudgePayload is Judge for the payer, before it signs: all but its own signatures. After it nobody can sign any more.
func (t *Transaction) JudgePayload(keys Keys, check Check) Verdict {
	v := t.judge(keys, check, RolePayload)
	v.Problems = append(t.incomplete(), v.Problems...)
	return v
}

// serviceAccounts are those of Mainnet, Testnet and the emulator: nodes take any gas limit of them.
var serviceAccounts = []Address{
	{0xe4, 0x67, 0xb9, 0xdd, 0x11, 0xfa, 0x00, 0xdf},
	{0x8c, 0x53, 0x03, 0xea, 0xa2, 0x62, 0x02, 0xd6},
	{0xf8, 0xd6, 0xe0, 0x58, 0x6b, 0x0a, 0x20, 0xc7},
}

// incomplete is what nodes miss before they look at signatures.
func (t *Transaction) incomplete() (out []*Error) {
	const where = "transaction"
	for _, part := range []struct {
		name    string
		missing bool
	}{{"script", len(t.Script) == 0}, {"reference block", t.ReferenceBlock == Identifier{}}, {"payer", t.Payer == Address{}}} {
		if part.missing {
			out = append(out, refused(ErrIncomplete, where, "no %s", part.name))
		}
	}
	if (t.GasLimit == 0 || t.GasLimit > MaxGasLimit) && !slices.Contains(serviceAccounts, t.Payer) {
		e := refused(ErrGasLimit, where, "%d, from 1 to %d", t.GasLimit, MaxGasLimit)
		e.Way = "Change it, and have the transaction signed again."
		out = append(out, e)
	}
	return out
}

func (t *Transaction) judge(keys Keys, check Check, lists ...Role) (v Verdict) {
	type signer struct {
		Address
		key uint32
	}
	seen := map[signer]bool{}
	weights := map[Role]map[Address]int{RolePayload: {}, RoleEnvelope: {}}
	signed := map[Role]map[Address]bool{RolePayload: {}, RoleEnvelope: {}}
	for _, list := range lists {
		message := t.message(list)
		for _, s := range *t.list(list) {
			by := signer{s.Address, s.KeyIndex}
			one := Judged{Signature: s, List: list}
			key, err := keys.Key(s)
			switch {
			case t.Role(s.Address) == RoleNone:
				one.Err = refused(ErrRole, "signature", "%s signs nothing of the transaction", s.Address)
			case seen[by]:
				one.Err = refused(ErrTwice, "signature", "key %d of %s", s.KeyIndex, s.Address)
			case err != nil:
				one.Err = err
			default:
				if one.Err = check(s, message, key); one.Err == nil {
					weights[list][s.Address] += int(key.Weight)
				}
			}
			seen[by], signed[list][s.Address] = true, true
			v.Signatures = append(v.Signatures, one)
		}
	}
	var missing, light []*Error
	for _, a := range t.Signers() {
		role := t.Role(a)
		if !slices.Contains(lists, role) {
			continue
		}
		proposes := a == t.ProposalKey.Address
		heavy := role == RoleEnvelope || slices.Contains(t.Authorizers, a)
		switch {
		case heavy && !signed[role][a], !heavy && !signed[RolePayload][a] && !signed[RoleEnvelope][a]:
			missing = append(missing, refused(ErrMissing, "", "%s has not signed the %s", a, role))
			continue
		case heavy && weights[role][a] < WeightThreshold:
			light = append(light, refused(ErrWeight, "", "good signatures of %s weigh %d together, %d are needed", a, weights[role][a], WeightThreshold))
		}
		if proposes && !seen[signer{a, t.ProposalKey.KeyIndex}] {
			v.Problems = append(v.Problems, refused(ErrProposer, "", "the proposer's key %d has not signed", t.ProposalKey.KeyIndex))
		}
	}
	if t.ProposalKey.Address == (Address{}) {
		missing = append(missing, refused(ErrMissing, "", "nobody proposes it"))
	}
	v.Problems = append(append(missing, v.Problems...), light...)
	return v
}

// list are the signatures of the payload or of the envelope.
func (t *Transaction) list(r Role) *[]Signature {
	if r == RoleEnvelope {
		return &t.EnvelopeSignatures
	}
	return &t.PayloadSignatures
}

// message is what signatures in a list are of, whatever is missing.
func (t *Transaction) message(r Role) []byte {
	if r == RoleEnvelope {
		return tagged(TagTransaction, t.Envelope())
	}
	return tagged(TagTransaction, t.Payload())
}
