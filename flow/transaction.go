package flow

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha3"
	"math"
	"slices"
)

// MaxTransaction is the most bytes that nodes take for a transaction: its scripts, arguments and signatures.
const MaxTransaction = 1_500_000

// MaxGasLimit is the most computation that a transaction may ask for.
const MaxGasLimit = 9999

// ExpiryBlocks is how many blocks a reference block stays good for.
const ExpiryBlocks = 600

// Domain tags: what is hashed in front of what keys sign, with zeros up to 32 bytes.
const (
	TagTransaction  = "FLOW-V0.0-transaction"
	TagUserMessage  = "FLOW-V0.0-user"
	TagAccountProof = "FCL-ACCOUNT-PROOF-V0.0"
)

// tagged is a message with the domain tag in front.
func tagged(tag string, message []byte) []byte {
	b := make([]byte, 32, 32+len(message))
	copy(b, tag)
	return append(b, message...)
}

// ProposalKey is the key whose sequence number the transaction uses up, so that it runs once only.
type ProposalKey struct {
	Address        Address
	KeyIndex       uint32
	SequenceNumber uint64
}

// Transaction is a Flow transaction with the signatures that it has so far. Signers are the proposer, the payer and the
// authorizers, each account once, in this order. Everybody but the payer signs the payload; the payer signs the envelope,
// which is the payload and its signatures, last of all.
type Transaction struct {
	Script         []byte     // Cadence, UTF-8
	Arguments      [][]byte   // JSON-Cadence, one document each
	ReferenceBlock Identifier // a block of the last ExpiryBlocks
	GasLimit       uint64     // computation, at most MaxGasLimit
	ProposalKey    ProposalKey
	Payer          Address
	Authorizers    []Address

	PayloadSignatures  []Signature // in the order of signers, then of keys: see Sign
	EnvelopeSignatures []Signature
}

// Signature is one of an account's keys under one of the two messages.
type Signature struct {
	Address   Address
	KeyIndex  uint32
	Signature []byte // r‖s, 64 bytes
	Extension []byte // scheme and what belongs to it; empty for a plain signature: see WebAuthn
}

// Role is what an account signs of a transaction.
type Role uint8

const (
	RoleNone     Role = iota // it signs nothing
	RolePayload              // the payload, as proposer or authorizer
	RoleEnvelope             // the envelope, as payer, whatever else it is
)

func (r Role) String() string {
	return [...]string{"no signer", "payload", "envelope"}[min(r, RoleEnvelope)]
}

// Role is what an account has to sign.
func (t *Transaction) Role(a Address) Role {
	switch {
	case a == Address{}:
		return RoleNone // not filled in yet
	case a == t.Payer:
		return RoleEnvelope
	case a == t.ProposalKey.Address, slices.Contains(t.Authorizers, a):
		return RolePayload
	}
	return RoleNone
}

// Signers are the accounts that must sign, in the order that signatures refer to them by. Addresses of zeros are nobody's.
func (t *Transaction) Signers() []Address {
	all := make([]Address, 0, 2+len(t.Authorizers))
	add := func(a Address) {
		if a != (Address{}) && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	add(t.ProposalKey.Address)
	add(t.Payer)
	for _, a := range t.Authorizers {
		add(a)
	}
	return all
}

// Missing are the signers that have no signature yet where they need one, in the order of Signers. Who proposes and does no
// more may have signed either. That an account has one does not say that its keys' weights are enough: see
// [Transaction.Judge].
func (t *Transaction) Missing() (missing []Address) {
	for _, a := range t.Signers() {
		role, by := t.Role(a), func(s Signature) bool { return s.Address == a }
		either := role == RolePayload && !slices.Contains(t.Authorizers, a) && slices.ContainsFunc(t.EnvelopeSignatures, by)
		if !either && !slices.ContainsFunc(*t.list(role), by) {
			missing = append(missing, a)
		}
	}
	return missing
}

// Payload is the RLP of what everybody agrees to: [script, [arguments], reference block, gas limit, proposer, its key, its
// sequence number, payer, [authorizers]].
func (t *Transaction) Payload() []byte { return t.appendPayload(make([]byte, 0, t.sizeOfPayload())) }

// Envelope is the RLP of what the payer agrees to: [payload, [payload signatures]].
func (t *Transaction) Envelope() []byte {
	n := t.sizeOfPayload() + t.sizeOfSignatures(t.PayloadSignatures)
	b := appendList(make([]byte, 0, sizeOfList(n)), n)
	return t.appendSignatures(t.appendPayload(b), t.PayloadSignatures)
}

// Bytes is the RLP of the whole: [payload, [payload signatures], [envelope signatures]]. [Decode] reads it.
func (t *Transaction) Bytes() []byte {
	n := t.sizeOfPayload() + t.sizeOfSignatures(t.PayloadSignatures) + t.sizeOfSignatures(t.EnvelopeSignatures)
	b := appendList(make([]byte, 0, sizeOfList(n)), n)
	return t.appendSignatures(t.appendSignatures(t.appendPayload(b), t.PayloadSignatures), t.EnvelopeSignatures)
}

// ID is what the transaction is known by once it has all its signatures: SHA3-256 of Bytes.
func (t *Transaction) ID() Identifier { return sha3.Sum256(t.Bytes()) }

// Message is what an account's signatures are over: TagTransaction and the payload, or the envelope for the payer. It is
// refused for accounts that sign nothing, and for the payer as long as a payload signature is missing: that would change it.
func (t *Transaction) Message(a Address) ([]byte, error) {
	switch t.Role(a) {
	case RolePayload:
		return t.message(RolePayload), nil
	case RoleEnvelope:
		for _, m := range t.Missing() {
			if m != a {
				return nil, refused(ErrRole, "envelope", "%s has not signed the payload yet", m)
			}
		}
		return t.message(RoleEnvelope), nil
	}
	return nil, refused(ErrRole, "transaction", "%s signs nothing of it", a)
}

// Challenge is the SHA-256 of Message: what a passkey of the account signs as a WebAuthn challenge, and a plain key with
// SHA2_256 as a digest.
func (t *Transaction) Challenge(a Address) ([32]byte, error) {
	m, err := t.Message(a)
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(m), nil
}

// Sign adds a signature where it belongs. A key signs once, and the payload is not signed any more once the payer has
// signed. That the signature is good is not looked at: see [Transaction.VerifySignature].
func (t *Transaction) Sign(s Signature) error {
	role := t.Role(s.Address)
	if role == RoleNone {
		return refused(ErrRole, "signature", "%s signs nothing of the transaction", s.Address)
	}
	for _, r := range []Role{RolePayload, RoleEnvelope} {
		if slices.ContainsFunc(*t.list(r), func(o Signature) bool { return o.Address == s.Address && o.KeyIndex == s.KeyIndex }) {
			return refused(ErrTwice, "signature", "key %d of %s, the %s", s.KeyIndex, s.Address, r)
		}
	}
	if role == RolePayload && len(t.EnvelopeSignatures) != 0 {
		return refused(ErrRole, "signature", "the payer has signed already, and would have to sign again")
	}
	list := t.list(role)
	signers := t.Signers()
	order := func(a, b Signature) int {
		return cmp.Or(
			cmp.Compare(slices.Index(signers, a.Address), slices.Index(signers, b.Address)),
			cmp.Compare(a.KeyIndex, b.KeyIndex),
		)
	}
	at, _ := slices.BinarySearchFunc(*list, s, order)
	*list = slices.Insert(*list, at, s)
	return nil
}

func (t *Transaction) sizeOfPayload() int { return sizeOfList(t.sizeOfPayloadParts()) }

func (t *Transaction) sizeOfPayloadParts() int {
	return sizeOfBytes(t.Script) + sizeOfList(t.sizeOfArguments()) + 33 + sizeOfUint(t.GasLimit) +
		9 + sizeOfUint(uint64(t.ProposalKey.KeyIndex)) + sizeOfUint(t.ProposalKey.SequenceNumber) + 9 +
		sizeOfList(9*len(t.Authorizers))
}

func (t *Transaction) sizeOfArguments() (n int) {
	for _, a := range t.Arguments {
		n += sizeOfBytes(a)
	}
	return n
}

func (t *Transaction) appendPayload(b []byte) []byte {
	b = appendList(b, t.sizeOfPayloadParts())
	b = appendBytes(b, t.Script)
	b = appendList(b, t.sizeOfArguments())
	for _, a := range t.Arguments {
		b = appendBytes(b, a)
	}
	b = appendBytes(b, t.ReferenceBlock[:])
	b = appendUint(b, t.GasLimit)
	b = appendBytes(b, t.ProposalKey.Address[:])
	b = appendUint(b, uint64(t.ProposalKey.KeyIndex))
	b = appendUint(b, t.ProposalKey.SequenceNumber)
	b = appendBytes(b, t.Payer[:])
	b = appendList(b, 9*len(t.Authorizers))
	for _, a := range t.Authorizers {
		b = appendBytes(b, a[:])
	}
	return b
}

// isPlain: a plain signature has no extension, or the scheme's byte alone, and the same encoding in both cases.
func (s *Signature) isPlain() bool {
	return len(s.Extension) == 0 || len(s.Extension) == 1 && s.Extension[0] == SchemePlain
}

func (t *Transaction) sizeOfSignatures(list []Signature) int {
	return sizeOfList(sizeOfSigned(list, t.Signers()))
}

// sizeOfSigned is the size of signatures without the list's head.
func sizeOfSigned(list []Signature, signers []Address) (n int) {
	for i := range list {
		n += sizeOfList(list[i].sizeOfParts(slices.Index(signers, list[i].Address)))
	}
	return n
}

func (s *Signature) sizeOfParts(signer int) int {
	n := sizeOfUint(uint64(signer)) + sizeOfUint(uint64(s.KeyIndex)) + sizeOfBytes(s.Signature)
	if !s.isPlain() {
		n += sizeOfBytes(s.Extension)
	}
	return n
}

func (t *Transaction) appendSignatures(b []byte, list []Signature) []byte {
	signers := t.Signers()
	b = appendList(b, sizeOfSigned(list, signers))
	for i := range list {
		s := &list[i]
		signer := slices.Index(signers, s.Address)
		b = appendList(b, s.sizeOfParts(signer))
		b = appendUint(b, uint64(signer))
		b = appendUint(b, uint64(s.KeyIndex))
		b = appendBytes(b, s.Signature)
		if !s.isPlain() {
			b = appendBytes(b, s.Extension)
		}
	}
	return b
}

// Decode reads what [Transaction.Bytes] writes and nothing else. It copies.
func Decode(b []byte) (*Transaction, error) {
	if len(b) > MaxTransaction {
		return nil, refused(ErrTooLarge, "transaction", "%d bytes", len(b))
	}
	b = bytes.Clone(b)
	outer := &rlpReader{in: b}
	all := outer.list()
	if err := outer.end(); err != nil {
		return nil, err
	}
	var t Transaction
	if err := t.readPayload(all.list()); err != nil {
		return nil, err
	}
	for _, to := range []*[]Signature{&t.PayloadSignatures, &t.EnvelopeSignatures} {
		if err := t.readSignatures(all.list(), to); err != nil {
			return nil, err
		}
	}
	if err := all.end(); err != nil {
		return nil, err
	}
	return &t, nil
}

// DecodeMessage reads what [Transaction.Message] writes and nothing else: a transaction that is to be signed, without the
// signatures that the message does not have, and whether it is the payload or the envelope. It copies.
func DecodeMessage(b []byte) (*Transaction, Role, error) {
	if len(b) > MaxTransaction {
		return nil, RoleNone, refused(ErrTooLarge, "message", "%d bytes", len(b))
	}
	body, found := bytes.CutPrefix(b, tagged(TagTransaction, nil))
	if !found {
		return nil, RoleNone, refused(ErrTransaction, "message", "it does not begin with the domain tag of transactions")
	}
	outer := &rlpReader{in: bytes.Clone(body)}
	all := outer.list()
	if err := outer.end(); err != nil {
		return nil, RoleNone, err
	}
	var t Transaction
	if len(all.in) == 0 || all.in[0] < 0xc0 { // a payload begins with the script, an envelope with the payload
		err := t.readPayload(all)
		return &t, RolePayload, err
	}
	if err := t.readPayload(all.list()); err != nil {
		return nil, RoleNone, err
	}
	if err := t.readSignatures(all.list(), &t.PayloadSignatures); err != nil {
		return nil, RoleNone, err
	}
	return &t, RoleEnvelope, all.end()
}

func (t *Transaction) readPayload(r *rlpReader) error {
	t.Script = r.bytes()
	arguments := r.list()
	for len(arguments.in) != 0 {
		t.Arguments = append(t.Arguments, arguments.bytes())
	}
	if err := arguments.end(); err != nil {
		return err
	}
	r.fixed(t.ReferenceBlock[:])
	t.GasLimit = r.uint(math.MaxUint64)
	r.fixed(t.ProposalKey.Address[:])
	t.ProposalKey.KeyIndex = uint32(r.uint(math.MaxUint32))
	t.ProposalKey.SequenceNumber = r.uint(math.MaxUint64)
	r.fixed(t.Payer[:])
	authorizers := r.list()
	for len(authorizers.in) != 0 {
		var a Address
		authorizers.fixed(a[:])
		t.Authorizers = append(t.Authorizers, a)
	}
	if err := authorizers.end(); err != nil {
		return err
	}
	return r.end()
}

func (t *Transaction) readSignatures(r *rlpReader, to *[]Signature) error {
	signers := t.Signers()
	last := [2]uint64{}
	for n := 0; len(r.in) != 0; n++ {
		one := r.list()
		signer := one.uint(math.MaxUint32)
		key := one.uint(math.MaxUint32)
		s := Signature{KeyIndex: uint32(key), Signature: one.bytes()}
		if len(one.in) != 0 {
			if s.Extension = one.bytes(); s.isPlain() && one.err == nil {
				return refused(ErrTransaction, "signature", "a plain signature has no extension")
			}
		}
		if err := one.end(); err != nil {
			return err
		}
		if signer >= uint64(len(signers)) {
			return refused(ErrTransaction, "signature", "signer %d of %d", signer, len(signers))
		}
		place := [2]uint64{signer, key}
		if n > 0 && slices.Compare(place[:], last[:]) <= 0 {
			return refused(ErrTransaction, "signature", "signatures are not in the order of signers and keys")
		}
		last = place
		s.Address = signers[signer]
		*to = append(*to, s)
	}
	return r.end()
}
