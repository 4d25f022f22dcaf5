package approval_test

import (
	"bytes"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

var passphrase = []byte("correct horse battery staple")

// sealable are approvals for three chains with a private key.
func sealable(t testing.TB) (owner, []*approval.Document) {
	t.Helper()
	o := owners(t)[1]
	key := secret("session")
	g := five(t)
	g.Flag = grant.FlagNotMessages
	docs := o.grantFor(t, o.account(t, kernel.V033), g, kernel.ECDSASigner(crypto.PubkeyToAddress(key.PublicKey)), approval.Options{PrivateKey: crypto.FromECDSA(key)}, 1, 10, 8453)
	return o, docs
}

var sealHeader = approval.Header{Name: "Coffee", Created: time.Date(2026, 11, 21, 16, 0, 0, 5, time.UTC), Account: common.Address{7}, Owner: "somebody else"}

// cheaply seals at the least cost of a guess.
func cheaply(t testing.TB, docs []*approval.Document) []byte {
	t.Helper()
	b, err := approval.SealAt(docs, sealHeader, passphrase, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestASealedApprovalOpensAsItWas(t *testing.T) {
	o, docs := sealable(t)
	b, err := approval.Seal(docs, sealHeader, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	h, err := approval.ReadHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := approval.Open(b, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Header, h) || s.Reworded {
		t.Errorf("the header is\n%+v, before it was opened\n%+v", s.Header, h)
	}
	want := approval.Header{
		Name: "Coffee", Created: time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC), Account: docs[0].Fields().Account,
		Chains: []*big.Int{big.NewInt(1), big.NewInt(10), big.NewInt(8453)}, Version: kernel.V033, Permission: docs[0].Fields().PermissionID,
		Signer: "the key " + crypto.PubkeyToAddress(secret("session").PublicKey).Hex(), Owner: o.root.String(), Signed: true,
		Expires: time.Unix(2000000000, 0).UTC(), Secret: true, Words: h.Words,
	}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("the header is\n%+v, not\n%+v", h, want)
	}
	if text := strings.Join(h.Words, "\n"); !strings.Contains(text, "5 USDC") {
		t.Errorf("the words do not know the token:\n%s", text)
	}
	for i, c := range h.Chains {
		d, err := s.For(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := must(d.Serialize()), must(docs[i].Serialize()); !bytes.Equal(got, want) {
			t.Errorf("chain %v: another document", c)
		}
		if !reflect.DeepEqual(d.Context(), docs[i].Context()) {
			t.Errorf("chain %v: the context is\n%+v, not\n%+v", c, d.Context(), docs[i].Context())
		}
	}
	_, err = s.For(big.NewInt(2))
	var other *approval.ChainError
	if !errors.As(err, &other) || len(other.Has) != 3 {
		t.Errorf("another chain: %v", err)
	}
	hinted(t, err, "another chain")
	if _, err := s.For(nil); err == nil {
		t.Error("no chain is one")
	}
	if strings.Contains(string(b), "privateKey") {
		t.Error("the contents can be read")
	}
	if again := cheaply(t, docs); bytes.Equal(again[len(again)-400:], cheaply(t, docs)[len(again)-400:]) {
		t.Error("twice the same")
	}
	s.Wipe()
	if s.Documents[0].PrivateKey() != nil {
		t.Error("wiped, the key is still there")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Every byte of the file counts: changed, left out, doubled or cut off after it, the
// file does not open.
func TestEveryByteOfASealedApprovalCounts(t *testing.T) {
	o := owners(t)[0]
	docs := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: []grant.Policy{&grant.Sudo{}}}, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)
	b := cheaply(t, docs)
	if _, err := approval.Open(b, passphrase); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, i int, changed []byte) {
		t.Helper()
		s, err := approval.Open(changed, passphrase)
		if err == nil {
			t.Fatalf("byte %d %s, and it opens: %q", i, what, changed[max(0, i-20):min(len(changed), i+20)])
		}
		if s != nil {
			t.Fatal("a refused file was opened")
		}
		hinted(t, err, what)
		var e *approval.Error
		var p *approval.PassphraseError
		if !errors.As(err, &e) && !errors.As(err, &p) {
			t.Fatalf("byte %d %s: %T %v", i, what, err, err)
		}
	}
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1 << (i % 8)
		refused("changed", i, changed)
		if i%5 == 0 {
			refused("left out", i, append(bytes.Clone(b[:i]), b[i+1:]...))
			refused("doubled", i, append(bytes.Clone(b[:i+1]), b[i:]...))
			refused("was the last one", i, b[:i])
		}
	}
	refused("followed", len(b), append(bytes.Clone(b), '\n'))
	refused("with other line ends", 0, bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
}

// Whoever has the passphrase can seal a file that lies about itself. It does not
// open.
func TestALyingHeaderDoesNotOpen(t *testing.T) {
	_, docs := sealable(t)
	b := cheaply(t, docs)
	lines := strings.Split(string(b[:bytes.Index(b, []byte("\n\n"))]), "\n")
	for i, line := range lines {
		if i == 0 {
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		lie, ok := map[string]string{
			"account": "0x000000000000000000000000000000000000dEaD", "kernel": "0.3.2", "permission": "0x01020304", "session-key": "the key of a friend",
			"owner": "your mother", "signed": "no", "private-key": "no", "expires": "2026-01-01T00:00:00Z", "chain": "77",
		}[name]
		if !ok {
			continue
		}
		changed := strings.Replace(string(b), line+"\n", name+": "+lie+"\n", 1)
		_, err := approval.Open([]byte(changed), passphrase)
		hinted(t, err, name+" was "+value)
		// The same, sealed so.
		resealed, err := approval.Reseal([]byte(changed), passphrase, docs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := approval.ReadHeader(resealed); err != nil {
			t.Fatalf("%s: the lie cannot even be told: %v", name, err)
		}
		var e *approval.Error
		if s, err := approval.Open(resealed, passphrase); s != nil || !errors.As(err, &e) || e.Field != "header" {
			t.Errorf("%s: sealed with a lie: %v", name, err)
		}
	}
	// Words may be those of another version of the software: the right ones are told.
	changed := strings.Replace(string(b), "allows: ", "allows: also ", 1)
	resealed, err := approval.Reseal([]byte(changed), passphrase, docs)
	if err != nil {
		t.Fatal(err)
	}
	s, err := approval.Open(resealed, passphrase)
	if err != nil || !s.Reworded || strings.Contains(s.Header.Words[0], "also") {
		t.Errorf("other words: %v", err)
	}
}

func TestWhatCannotBeSealed(t *testing.T) {
	o, docs := sealable(t)
	other := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: []grant.Policy{&grant.Sudo{}}}, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 77)[0]
	text := must(docs[0].Serialize())
	bare := must(approval.Parse(text))
	wrong := must(docs[0].WithContext(approval.Context{ChainID: big.NewInt(2)}))
	wiped := must(must(approval.Parse(text)).WithContext(docs[0].Context()))
	wiped.Wipe()
	seal := func(h approval.Header, pass []byte, docs ...*approval.Document) error {
		_, err := approval.SealAt(docs, h, pass, 1)
		return err
	}
	for what, err := range map[string]error{
		"nothing":                seal(sealHeader, passphrase),
		"twice the same":         seal(sealHeader, passphrase, docs[0], docs[0]),
		"other permissions":      seal(sealHeader, passphrase, docs[0], other),
		"no context":             seal(sealHeader, passphrase, bare),
		"another chain":          seal(sealHeader, passphrase, wrong),
		"wiped":                  seal(sealHeader, passphrase, wiped),
		"with and without a key": seal(sealHeader, passphrase, docs[0], docs[1].Redacted()),
		"no passphrase":          seal(sealHeader, nil, docs[0]),
		"line end in a name":     seal(approval.Header{Name: "x\nowner: you"}, passphrase, docs[0]),
		"escape in a name":       seal(approval.Header{Name: "\x1b[2J"}, passphrase, docs[0]),
		"name backwards":         seal(approval.Header{Name: "a\u202eb"}, passphrase, docs[0]),
		"long name":              seal(approval.Header{Name: strings.Repeat("x", 257)}, passphrase, docs[0]),
		"year 12000":             seal(approval.Header{Created: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, passphrase, docs[0]),
	} {
		hinted(t, err, what)
	}
	callers := &grant.SignatureCaller{}
	for i := range 2000 {
		callers.Callers = append(callers.Callers, common.BigToAddress(big.NewInt(int64(i+1))))
	}
	many := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: []grant.Policy{callers}}, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)
	if err := seal(sealHeader, passphrase, many...); err != nil {
		t.Errorf("many callers: %v", err)
	}
	if err := seal(approval.Header{Name: "Kaffee für Zoë"}, passphrase, docs[0]); err != nil {
		t.Error(err)
	}
}

func TestWhatDoesNotOpen(t *testing.T) {
	_, docs := sealable(t)
	b := cheaply(t, docs[:1])
	var p *approval.PassphraseError
	if _, err := approval.Open(b, []byte("wrong")); !errors.As(err, &p) || p.Empty {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := approval.Open(b, nil); !errors.As(err, &p) || !p.Empty {
		t.Errorf("no passphrase: %v", err)
	}
	front := b[:bytes.Index(b, []byte("\n\n"))+2]
	box := func(r age.Recipient, text string) []byte {
		var out bytes.Buffer
		a := armor.NewWriter(&out)
		w := must(age.Encrypt(a, r))
		must(w.Write([]byte(text)))
		if err := errors.Join(w.Close(), a.Close()); err != nil {
			t.Fatal(err)
		}
		return append(bytes.Clone(front), out.Bytes()...)
	}
	costly := must(age.NewScryptRecipient(string(passphrase)))
	costly.SetWorkFactor(1)
	dear := bytes.Clone(box(costly, "{}"))
	for what, b := range map[string][]byte{
		"another version":     []byte("postern-approval-2\n" + string(b[19:])),
		"not for passphrases": box(must(age.GenerateX25519Identity()).Recipient(), "{}"),
		"empty":               box(costly, ""), "no object": box(costly, "[]"), "no documents": dear,
		"no base64": append(bytes.Clone(front), "?"...), "nothing behind": front,
		"the SDK's": must(docs[0].Serialize()), "large": append(bytes.Clone(b), make([]byte, 33<<20)...),
		"long header": []byte("postern-approval-1\n" + strings.Repeat("allows: x\n", 1<<19)),
	} {
		_, err := approval.Open(b, passphrase)
		hinted(t, err, what)
	}
	// A file that costs more than we spend: 2^25 · 1 KiB.
	hard := approval.WithWorkFactor(t, b, 25)
	if _, err := approval.Open(hard, passphrase); err == nil || strings.Contains(err.Error(), "passphrase") {
		t.Errorf("work factor 25: %v", err)
	}
	_, err := approval.Parse(b)
	hinted(t, err, "a sealed approval as the SDK's")
}

// A permission that was installed as the account was made has no signature.
func TestAnInstalledPermissionIsSealedToo(t *testing.T) {
	o := owners(t)[2]
	g := five(t)
	signer := kernel.WebAuthnSigner(o.root.(kernel.WebAuthn).Key, common.Hash{3})
	p := must(approval.ToPermission(g, signer))
	d := must(approval.FromPermission(p, g, o.account(t, kernel.V032), nil, approval.Options{PreInstalled: true, ChainID: big.NewInt(5)}))
	b := cheaply(t, []*approval.Document{d})
	s := must(approval.Open(b, passphrase))
	if s.Header.Signed || s.Header.Secret || !strings.HasPrefix(s.Header.Signer, "the passkey ") || !s.Documents[0].Fields().PreInstalled {
		t.Errorf("%+v", s.Header)
	}
}

// It expires with the first of its windows that operations are asked about.
func TestWhenAnApprovalExpires(t *testing.T) {
	o := owners(t)[0]
	until := func(n uint64, flags grant.Flag) grant.Policy {
		return &grant.Timestamp{Base: grant.Base{Flags: flags}, ValidUntil: n}
	}
	for want, policies := range map[int64][]grant.Policy{
		0:          {until(0, 0), until(1<<48-1, 0), until(1500000000, grant.FlagNotOps)},
		1700000000: {until(1800000000, grant.FlagNotMessages), until(1700000000, grant.FlagNotMessages), until(1900000000, 0)},
	} {
		d := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: policies}, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)
		h := must(approval.ReadHeader(cheaply(t, d)))
		if want == 0 && !h.Expires.IsZero() || want != 0 && h.Expires.Unix() != want {
			t.Errorf("it expires %v, not at %d", h.Expires, want)
		}
	}
}
