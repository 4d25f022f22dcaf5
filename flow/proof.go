package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// MinNonce is the fewest bytes of an account proof's nonce.
const MinNonce = 32

// maxProof is the most bytes of an account proof's nonce, and of its app's name.
const maxProof = 1024

// Proof shows that whoever made it has the keys of an account: signatures of an app's name and a nonce that its server
// chose. Plain keys sign it as FCL defines it. FCL's own verifier has no place for an extension, so that no passkey passes
// it; here a passkey signs the SHA-256 of the same message as a WebAuthn challenge, and the extension is that of a
// transaction's signature. The domain tag keeps both apart from transactions.
type Proof struct {
	App        string // appIdentifier
	Address    Address
	Nonce      []byte // at least MinNonce bytes; the server must take it once only
	Signatures []Signature
}

// Message is what is signed: TagAccountProof ‖ RLP([app, address, nonce]).
func (p *Proof) Message() ([]byte, error) {
	if len(p.Nonce) < MinNonce || len(p.Nonce) > maxProof {
		return nil, refused(ErrProof, "nonce", "%d bytes, from %d to %d", len(p.Nonce), MinNonce, maxProof)
	}
	if len(p.App) == 0 || len(p.App) > maxProof {
		return nil, refused(ErrProof, "app", "%d bytes, from 1 to %d", len(p.App), maxProof)
	}
	n := sizeOfBytes([]byte(p.App)) + 9 + sizeOfBytes(p.Nonce)
	b := appendList(tagged(TagAccountProof, nil), n)
	b = appendBytes(appendBytes(b, []byte(p.App)), p.Address[:])
	return appendBytes(b, p.Nonce), nil
}

// Challenge is the SHA-256 of Message: what a passkey signs.
func (p *Proof) Challenge() ([32]byte, error) {
	m, err := p.Message()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(m), nil
}

// Verify says whether the proof is one by an account with these keys: every signature is good and meets the policy's rule
// for assertions, by a key that is not revoked and signs once, and the weights are WeightThreshold together. A high s is as
// good as a low one, as it is for FCL and for Cadence: a proof has no id, and its nonce keeps it from being used again. Keys are the account's, read from the
// chain by the caller, who also sees to it that the nonce is its own and used once.
func (p *Proof) Verify(keys []AccountKey, policy Policy) error {
	message, err := p.Message()
	if err != nil {
		return err
	}
	weight := 0
	for i, s := range p.Signatures {
		where := "signature " + strconv.Itoa(i)
		if s.Address != p.Address {
			return refused(ErrProof, where, "of %s, and the proof is of %s", s.Address, p.Address)
		}
		if slices.ContainsFunc(p.Signatures[:i], func(o Signature) bool { return o.KeyIndex == s.KeyIndex }) {
			return refused(ErrProof, where, "key %d signs twice", s.KeyIndex)
		}
		at := slices.IndexFunc(keys, func(k AccountKey) bool { return k.Index == s.KeyIndex })
		if at < 0 {
			return refused(ErrProof, where, "the account has no key %d", s.KeyIndex)
		}
		err := Verify(s, message, keys[at], policy.Secp256k1)
		if err == nil {
			err = policy.meets(s, message)
		}
		if err != nil {
			return within(where, err)
		}
		weight += int(keys[at].Weight)
	}
	if weight < WeightThreshold {
		return refused(ErrProof, "signatures", "weights of %d together, %d are needed", weight, WeightThreshold)
	}
	return nil
}

// within says where among the signatures something is wrong.
func within(where string, err error) error {
	e, ok := err.(*Error)
	if !ok {
		return fmt.Errorf("flow: %s: %w", where, err)
	}
	out := *e
	if out.Where = where; e.Where != "" && e.Where != "signature" {
		out.Where += ", " + e.Where
	}
	return &out
}

// Script is the Cadence script that verifies the proof's signatures and weights on chain, and its arguments. It answers a
// Bool. That an assertion is one of this proof's message is not seen there: Verify it first.
func (p *Proof) Script() (script []byte, arguments [][]byte, err error) {
	message, err := p.Message()
	if err != nil {
		return nil, nil, err
	}
	indices, signatures, data, tags := Array(), Array(), Array(), Array()
	for _, s := range p.Signatures {
		signed, tag := message[32:], TagAccountProof
		if !s.isPlain() {
			if signed, err = signedBy(s.Extension, message); err != nil {
				return nil, nil, err
			}
			tag = ""
		}
		indices.Items = append(indices.Items, Int(int64(s.KeyIndex)))
		signatures.Items = append(signatures.Items, Text(hex.EncodeToString(s.Signature)))
		data.Items = append(data.Items, Text(hex.EncodeToString(signed)))
		tags.Items = append(tags.Items, Text(tag))
	}
	return []byte(verifyProof), [][]byte{Addr(p.Address).JSON(), indices.JSON(), signatures.JSON(), data.JSON(), tags.JSON()}, nil
}
