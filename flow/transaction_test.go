package flow_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/rlp"

	"github.com/postern-dev/postern/flow"
)

// payload, signature and the rest are the canonical forms, written down a second time for another encoder.
type payload struct {
	Script         []byte
	Arguments      [][]byte
	ReferenceBlock []byte
	GasLimit       uint64
	Proposer       []byte
	KeyIndex       uint64
	Sequence       uint64
	Payer          []byte
	Authorizers    [][]byte
}

func formOf(t *flow.Transaction) payload {
	p := payload{t.Script, t.Arguments, t.ReferenceBlock[:], t.GasLimit, t.ProposalKey.Address[:],
		uint64(t.ProposalKey.KeyIndex), t.ProposalKey.SequenceNumber, t.Payer[:], nil}
	for _, a := range t.Authorizers {
		p.Authorizers = append(p.Authorizers, bytes.Clone(a[:]))
	}
	return p
}

func signaturesOf(t *flow.Transaction, list []flow.Signature) []any {
	out := []any{}
	for _, s := range list {
		signer := uint64(slices.Index(t.Signers(), s.Address))
		form := []any{signer, uint64(s.KeyIndex), s.Signature}
		if len(s.Extension) > 1 || len(s.Extension) == 1 && s.Extension[0] != 0 {
			form = append(form, s.Extension)
		}
		out = append(out, form)
	}
	return out
}

func mustRLP(t testing.TB, v any) []byte {
	t.Helper()
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// randomBytes are of lengths around those at which RLP changes its form.
func randomBytes(r *rand.Rand) []byte {
	n := []int{0, 1, 1, 2, 54, 55, 56, 57, 64, 178, 255, 256, 257}[r.IntN(13)]
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func randomAddress(r *rand.Rand) (a flow.Address) {
	a[7] = byte(1 + r.IntN(5)) // accounts with several roles
	if r.IntN(2) == 0 {
		a[0] = byte(r.Uint32())
	}
	return a
}

func randomTransaction(r *rand.Rand) *flow.Transaction {
	small := func() uint64 { return r.Uint64() >> r.IntN(64) }
	t := &flow.Transaction{
		Script:   randomBytes(r),
		GasLimit: small(),
		ProposalKey: flow.ProposalKey{
			Address: randomAddress(r), KeyIndex: uint32(small()), SequenceNumber: small(),
		},
		Payer: randomAddress(r),
	}
	for i := range t.ReferenceBlock {
		t.ReferenceBlock[i] = byte(r.Uint32())
	}
	for range r.IntN(4) {
		t.Arguments = append(t.Arguments, randomBytes(r))
	}
	for range r.IntN(4) {
		t.Authorizers = append(t.Authorizers, randomAddress(r))
	}
	signers := t.Signers()
	for _, payers := range []bool{false, true} {
		for range r.IntN(5) {
			s := flow.Signature{Address: signers[r.IntN(len(signers))], KeyIndex: uint32(r.IntN(3)), Signature: randomBytes(r)}
			if (s.Address == t.Payer) != payers {
				continue
			}
			switch r.IntN(3) {
			case 0:
				s.Extension = append([]byte{1}, randomBytes(r)...)
			case 1:
				s.Extension = append([]byte{2 + byte(r.IntN(254))}, randomBytes(r)...)
			}
			if err := t.Sign(s); err != nil && !errors.Is(err, flow.ErrTwice) {
				panic(err)
			}
		}
	}
	return t
}

func TestTheEncodingIsTheCanonicalForm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5_000 {
		tx := randomTransaction(r)
		form := formOf(tx)
		inside, outside := signaturesOf(tx, tx.PayloadSignatures), signaturesOf(tx, tx.EnvelopeSignatures)
		for name, pair := range map[string][2][]byte{
			"payload":  {tx.Payload(), mustRLP(t, form)},
			"envelope": {tx.Envelope(), mustRLP(t, []any{form, inside})},
			"all":      {tx.Bytes(), mustRLP(t, []any{form, inside, outside})},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Fatalf("%d: %s:\n%x\n%x", i, name, pair[0], pair[1])
			}
		}
		if id := tx.ID(); id != sha3.Sum256(tx.Bytes()) {
			t.Fatalf("id %s", id)
		}
		again, err := flow.Decode(tx.Bytes())
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if !bytes.Equal(again.Bytes(), tx.Bytes()) || again.ID() != tx.ID() {
			t.Fatalf("%d: read as another: %+v", i, again)
		}
	}
}

func TestWhoSignsWhat(t *testing.T) {
	a, b, c, d := flow.Address{1}, flow.Address{2}, flow.Address{3}, flow.Address{4}
	tx := &flow.Transaction{ProposalKey: flow.ProposalKey{Address: a}, Payer: b, Authorizers: []flow.Address{c, a, b}}
	if got := tx.Signers(); !slices.Equal(got, []flow.Address{a, b, c}) {
		t.Errorf("signers %v", got)
	}
	for address, want := range map[flow.Address]flow.Role{a: flow.RolePayload, b: flow.RoleEnvelope, c: flow.RolePayload, d: flow.RoleNone} {
		if got := tx.Role(address); got != want {
			t.Errorf("%s signs %s, want %s", address, got, want)
		}
	}
	payload, err := tx.Challenge(a)
	if want := sha256.Sum256(append(append([]byte("FLOW-V0.0-transaction"), make([]byte, 11)...), tx.Payload()...)); err != nil || payload != want {
		t.Errorf("challenge %x, %v, want %x", payload, err, want)
	}
	if _, err := tx.Challenge(d); !errors.Is(err, flow.ErrRole) {
		t.Errorf("a stranger's challenge: %v", err)
	}
	if _, err := tx.Challenge(b); !errors.Is(err, flow.ErrRole) {
		t.Errorf("the payer's challenge before the others have signed: %v", err)
	}
	if (&flow.Transaction{}).Role(flow.Address{}) != flow.RoleNone || len((&flow.Transaction{}).Signers()) != 0 {
		t.Error("an address of zeros signs")
	}
	if got := tx.Missing(); !slices.Equal(got, []flow.Address{a, b, c}) {
		t.Errorf("missing %v", got)
	}
	sign := func(address flow.Address, key uint32) error {
		return tx.Sign(flow.Signature{Address: address, KeyIndex: key, Signature: make([]byte, 64)})
	}
	for _, s := range []struct {
		address flow.Address
		key     uint32
		good    bool
	}{{c, 1, true}, {c, 0, true}, {a, 5, true}, {c, 1, false}, {d, 0, false}, {b, 0, true}, {a, 6, false}, {b, 0, false}, {b, 1, true}} {
		if err := sign(s.address, s.key); (err == nil) != s.good {
			t.Errorf("key %d of %s: %v", s.key, s.address, err)
		}
	}
	if got := tx.Missing(); len(got) != 0 {
		t.Errorf("missing %v", got)
	}
	order := []uint32{}
	for _, s := range tx.PayloadSignatures {
		order = append(order, s.KeyIndex)
	}
	if !slices.Equal(order, []uint32{5, 0, 1}) || len(tx.EnvelopeSignatures) != 2 {
		t.Errorf("keys in the order %v", order)
	}
	envelope, err := tx.Challenge(b)
	if want := sha256.Sum256(append(append([]byte("FLOW-V0.0-transaction"), make([]byte, 11)...), tx.Envelope()...)); err != nil || envelope != want {
		t.Errorf("the payer's challenge %x, %v, want %x", envelope, err, want)
	}
	tx.PayloadSignatures[0].Extension = []byte{0}
	if again, _ := tx.Challenge(b); again != envelope {
		t.Error("the plain scheme's byte changes the envelope")
	}
	tx.PayloadSignatures[0].Extension = []byte{1, 0xc0}
	if again, _ := tx.Challenge(b); again == envelope {
		t.Error("the payer does not sign the extensions of the others")
	}
}

func TestDecodeIsStrict(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tx := randomTransaction(r)
	for len(tx.PayloadSignatures) < 2 || len(tx.EnvelopeSignatures) == 0 || len(tx.Arguments) == 0 {
		tx = randomTransaction(r)
	}
	good := tx.Bytes()
	for n := range good {
		if _, err := flow.Decode(good[:n]); !errors.Is(err, flow.ErrRLP) {
			t.Fatalf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	if _, err := flow.Decode(append(bytes.Clone(good), 0x80)); !errors.Is(err, flow.ErrRLP) {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := flow.Decode(make([]byte, flow.MaxTransaction+1)); !errors.Is(err, flow.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	form := formOf(tx)
	signature := func(parts ...any) []any { return []any{parts} }
	sig := make([]byte, 64)
	short := form
	short.Payer = form.Payer[1:]
	for name, v := range map[string]any{
		"a strange signer":           []any{form, signature(uint64(9), uint64(0), sig), []any{}},
		"an extension that is plain": []any{form, signature(uint64(0), uint64(0), sig, []byte{0}), []any{}},
		"an empty extension":         []any{form, signature(uint64(0), uint64(0), sig, []byte{}), []any{}},
		"five parts":                 []any{form, signature(uint64(0), uint64(0), sig, []byte{1, 2}, []byte{1}), []any{}},
		"two parts":                  []any{form, signature(uint64(0), uint64(0)), []any{}},
		"not in order":               []any{form, []any{[]any{uint64(0), uint64(1), sig}, []any{uint64(0), uint64(0), sig}}, []any{}},
		"a key twice":                []any{form, []any{[]any{uint64(0), uint64(1), sig}, []any{uint64(0), uint64(1), sig}}, []any{}},
		"a key index of 33 bits":     []any{form, signature(uint64(0), uint64(1)<<32, sig), []any{}},
		"two lists":                  []any{form, []any{}},
		"four lists":                 []any{form, []any{}, []any{}, []any{}},
		"a short payer":              []any{short, []any{}, []any{}},
		"bytes":                      []byte{1, 2, 3},
		"a list of bytes":            []any{[]byte{1}, []byte{1}, []byte{1}},
	} {
		if got, err := flow.Decode(mustRLP(t, v)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, b := range map[string][]byte{
		"a long form of a short length": {0xf8, 0x01, 0x80},
		"a length with a zero":          {0xf9, 0x00, 0x40},
		"a length beyond 64 bits":       append([]byte{0xff}, bytes.Repeat([]byte{0xff}, 8)...),
		"nothing":                       {},
	} {
		if _, err := flow.Decode(b); !errors.Is(err, flow.ErrRLP) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		f.Add(randomTransaction(r).Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, err := flow.Decode(b)
		if err != nil {
			var e *flow.Error
			if !errors.As(err, &e) || e.Hint() == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		if !bytes.Equal(tx.Bytes(), b) {
			t.Fatalf("read from %x, written as %x", b, tx.Bytes())
		}
	})
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
