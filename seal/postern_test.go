package seal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

const (
	rpID   = "wallet.example"
	origin = "https://wallet.example"
)

// device is a software authenticator with one credential.
type device struct {
	t    testing.TB
	auth *softkey.Authenticator
	cred softkey.Credential
}

func newDevice(t testing.TB, seed string) *device {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte(seed)))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := a.Create([]byte(options), origin); err != nil {
		t.Fatal(err)
	}
	return &device{t, a, a.Credentials()[0]}
}

func (d *device) signer(rule seal.Rule) seal.Signer {
	d.t.Helper()
	s, err := seal.PasskeySigner(d.cred.Key, rule)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *device) assertion(challenge []byte, q softkey.Quirks) *passkey.Assertion {
	d.t.Helper()
	d.auth.SetQuirks(q)
	a, err := d.auth.Sign(d.cred.ID, challenge, rpID, origin)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *device) approval(hash common.Hash, q softkey.Quirks) seal.PosternApproval {
	d.t.Helper()
	a, err := seal.PosternPasskey(d.signer(seal.RequireUV), d.assertion(hash[:], q))
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func ecdsaApproval(t testing.TB, label string, hash common.Hash) seal.PosternApproval {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte(label)))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := crypto.Sign(hash[:], key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := seal.PosternECDSA(crypto.PubkeyToAddress(key.PublicKey), sig)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// quirks that still make assertions an account accepts.
var acceptable = map[string]softkey.Quirks{
	"plain":    {},
	"extra":    {ExtraMember: true},
	"short":    {NoCrossOrigin: true},
	"embedded": {EmbeddedIn: "https://shop.example"},
	"android":  {AndroidPackageName: "com.android.chrome"},
	"reverse":  {ReverseMembers: true},
	"both":     {AndroidPackageName: "org.mozilla.firefox", ReverseMembers: true, ExtraMember: true},
	"high s":   {HighS: true},
}

func TestWhatIsSealedParsesToTheSameParts(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("operation"))
	d := newDevice(t, "round trip")
	for name, q := range acceptable {
		a := d.approval(hash, q)
		b, err := seal.Postern(a, ecdsaApproval(t, "key", hash))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := seal.ParsePostern(b)
		if err != nil || len(parsed) != 2 {
			t.Fatalf("%s: %d approvals, %v", name, len(parsed), err)
		}
		i := 0
		if parsed[1].Signer == a.Signer {
			i = 1
		}
		if fmt.Sprintf("%+v", parsed[i]) != fmt.Sprintf("%+v", a) {
			t.Errorf("%s: parsed\n%+v\nsealed\n%+v", name, parsed[i], a)
		}
		raw := d.assertion(hash[:], q).ClientData.Raw
		if got := parsed[i].ClientDataJSON(hash); !bytes.Equal(got, raw) {
			t.Errorf("%s: client data %s", name, got)
		}
		// The parts make the assertion again, and it verifies.
		key, _, _ := parsed[i].Signer.Passkey()
		again, err := passkey.NewAssertion(d.cred.ID, parsed[i].AuthData, raw, parsed[i].Signature.DER())
		if err != nil {
			t.Fatal(err)
		}
		rule := passkey.Rule{RPID: rpID, Origins: []string{origin}, TopOrigins: []string{"https://shop.example"}, Challenge: hash[:]}
		if err := again.Verify(key, rule); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApprovalsAreSortedAndComeOnce(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("sorted"))
	var all []seal.PosternApproval
	for i := range 5 {
		all = append(all, ecdsaApproval(t, fmt.Sprint("key ", i), hash), newDevice(t, fmt.Sprint("device ", i)).approval(hash, softkey.Quirks{}))
	}
	want, err := seal.Postern(all...)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got, err := seal.Postern(all...); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("another order, another signature: %v", err)
		}
	}
	if _, err := seal.ParsePostern(want); err != nil {
		t.Error(err)
	}
	if _, err := seal.Postern(append(all, all[0])...); err == nil {
		t.Error("two approvals by one signer")
	}
	if _, err := seal.Postern(); err == nil {
		t.Error("no approvals at all")
	}
	first, err := seal.Postern(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"twice": append(bytes.Clone(first), first...), "none": {}} {
		if _, err := seal.ParsePostern(b); err == nil {
			t.Errorf("parsed %s", name)
		}
	}
}

func TestAssertionsThatNoAccountCouldAcceptAreNotSealed(t *testing.T) {
	d := newDevice(t, "refused")
	hash := crypto.Keccak256Hash([]byte("refused"))
	signer := d.signer(0)
	address, err := seal.AddressSigner(common.HexToAddress("0x1111111111111111111111111111111111111111"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signer    seal.Signer
		assertion *passkey.Assertion
	}{
		"spaced client data":     {signer, d.assertion(hash[:], softkey.Quirks{Spaced: true})},
		"registration":           {signer, d.assertion(hash[:], softkey.Quirks{WrongType: true})},
		"challenge of 16 bytes":  {signer, d.assertion(hash[:16], softkey.Quirks{})},
		"challenge of 33 bytes":  {signer, d.assertion(append(hash.Bytes(), 1), softkey.Quirks{})},
		"a signer without a key": {address, d.assertion(hash[:], softkey.Quirks{})},
		"no signer":              {seal.Signer{}, d.assertion(hash[:], softkey.Quirks{})},
	} {
		a, err := seal.PosternPasskey(c.signer, c.assertion)
		if err == nil {
			t.Errorf("%s: sealed as %s", name, a.Kind)
		}
		if !a.Signer.IsZero() {
			t.Errorf("%s: a failure returned something", name)
		}
	}
}

func TestECDSASignaturesAreBroughtToOneForm(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("ecdsa"))
	want := ecdsaApproval(t, "form", hash)
	n := crypto.S256().Params().N
	for _, v := range []byte{0, 27} { // both conventions
		high := want.ECDSA
		s := common.BytesToHash(high[32:64]).Big()
		s.Sub(n, s).FillBytes(high[32:64])
		high[64] = (want.ECDSA[64] - 27 ^ 1) + v
		got, err := seal.PosternECDSA(want.Signer.Address(), high[:])
		if err != nil || got.ECDSA != want.ECDSA {
			t.Errorf("v from %d: %x, %v", v, got.ECDSA, err)
		}
	}
	for name, sig := range map[string][]byte{
		"empty":   nil,
		"64":      want.ECDSA[:64],
		"66":      append(bytes.Clone(want.ECDSA[:]), 0),
		"v = 2":   append(bytes.Clone(want.ECDSA[:64]), 2),
		"v = 29":  append(bytes.Clone(want.ECDSA[:64]), 29),
		"r = 0":   append(append(make([]byte, 32), want.ECDSA[32:64]...), 27),
		"s = 0":   append(append(bytes.Clone(want.ECDSA[:32]), make([]byte, 32)...), 27),
		"s = n":   append(append(bytes.Clone(want.ECDSA[:32]), n.Bytes()...), 27),
		"s above": append(append(bytes.Clone(want.ECDSA[:32]), bytes.Repeat([]byte{0xff}, 32)...), 27),
	} {
		if _, err := seal.PosternECDSA(want.Signer.Address(), sig); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestStubsAreNeverShorterThanAnythingReal(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("stub"))
	d := newDevice(t, "stub")
	length := func(a seal.PosternApproval, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b, err := seal.Postern(a)
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	standard := length(seal.PosternPasskeyStub(d.signer(seal.RequireUV), seal.StubLimits{}, seal.PathPrecompile))
	web := length(seal.PosternPasskeyStub(d.signer(seal.RequireUV), seal.StubLimits{Origin: len(origin), TopOrigin: -1, PackageName: -1}, seal.PathPrecompile))
	for name, q := range acceptable {
		real := length(d.approval(hash, q), nil)
		if real > standard {
			t.Errorf("%s: %d bytes, stub %d", name, real, standard)
		}
		if q.AndroidPackageName == "" && !q.ReverseMembers && q.EmbeddedIn == "" && real > web {
			t.Errorf("%s: %d bytes, a browser's stub %d", name, real, web)
		}
	}
	if chromium := length(d.approval(hash, softkey.Quirks{ExtraMember: true}), nil); chromium != web {
		t.Errorf("a browser's stub takes %d bytes, the longest real signature %d", web, chromium)
	}
	if ecdsa, err := seal.PosternECDSAStub(common.HexToAddress("0x1111111111111111111111111111111111111111")); err != nil ||
		length(ecdsa, nil) != length(ecdsaApproval(t, "x", hash), nil) {
		t.Errorf("secp256k1 stub: %v", err)
	}
}

func TestStubsSatisfyEveryRuleAndHoldNoFreeByte(t *testing.T) {
	d := newDevice(t, "stub rules")
	for b := range 64 {
		rule, err := seal.ParseRule(byte(b))
		if err != nil {
			continue
		}
		stub, err := seal.PosternPasskeyStub(d.signer(rule), seal.StubLimits{}, seal.PathPrecompile)
		if err != nil {
			t.Fatal(err)
		}
		if f := passkey.Flags(stub.AuthData[32]); !rule.Allows(f) {
			t.Errorf("%s: flags %s", rule, f)
		}
		// A zero byte of calldata is cheaper than another; a stub must not profit.
		if bytes.IndexByte(stub.AuthData, 0) >= 0 || bytes.IndexByte(stub.Signature.P1363(), 0) >= 0 {
			t.Errorf("%s: a zero byte", rule)
		}
	}
	if _, err := seal.PosternPasskeyStub(d.signer(0), seal.StubLimits{AuthData: 256}, seal.PathPrecompile); err == nil {
		t.Error("256 bytes of authenticator data")
	}
	if _, err := seal.PosternPasskeyStub(d.signer(0), seal.StubLimits{Origin: 70_000}, seal.PathPrecompile); err == nil {
		t.Error("client data beyond 64 KB")
	}
}

func TestApprovalsMadeByHandAreChecked(t *testing.T) {
	d := newDevice(t, "by hand")
	hash := crypto.Keccak256Hash([]byte("by hand"))
	fixed, general := d.approval(hash, softkey.Quirks{}), d.approval(hash, softkey.Quirks{AndroidPackageName: "a.b"})
	for name, c := range map[string]struct {
		base   seal.PosternApproval
		change func(*seal.PosternApproval)
	}{
		"unknown kind":           {fixed, func(a *seal.PosternApproval) { a.Kind = 9 }},
		"fixed as general":       {fixed, func(a *seal.PosternApproval) { a.Kind = seal.PosternKindPasskeyGeneral }},
		"general as fixed":       {general, func(a *seal.PosternApproval) { a.Kind = seal.PosternKindPasskey }},
		"a passkey as a key":     {fixed, func(a *seal.PosternApproval) { a.Kind = seal.PosternKindECDSA }},
		"a passkey as contract":  {fixed, func(a *seal.PosternApproval) { a.Kind = seal.PosternKindContract }},
		"short auth data":        {fixed, func(a *seal.PosternApproval) { a.AuthData = a.AuthData[:36] }},
		"long auth data":         {fixed, func(a *seal.PosternApproval) { a.AuthData = make([]byte, 256) }},
		"empty suffix":           {fixed, func(a *seal.PosternApproval) { a.Suffix = nil }},
		"suffix without a quote": {fixed, func(a *seal.PosternApproval) { a.Suffix = []byte("}") }},
		"long suffix":            {fixed, func(a *seal.PosternApproval) { a.Suffix = append([]byte{'"'}, make([]byte, 65_535)...) }},
		"negative type index":    {general, func(a *seal.PosternApproval) { a.TypeIndex = -1 }},
		"far type index": {general, func(a *seal.PosternApproval) {
			a.Suffix = append([]byte(`",`), bytes.Repeat([]byte("a"), 65_000)...)
			a.Suffix = append(a.Suffix, `,"type":"webauthn.get"}`...)
			a.Prefix = []byte(`{"` + strings.Repeat("b", 1_000) + `":1,"challenge":"`)
			a.TypeIndex = len(a.Prefix) + 43 + 2 + 65_000 + 1
		}},
		"wrong type index": {general, func(a *seal.PosternApproval) { a.TypeIndex++ }},
		"empty prefix":     {general, func(a *seal.PosternApproval) { a.Prefix = nil }},
		"key only":         {general, func(a *seal.PosternApproval) { a.Prefix = []byte(`"challenge":"`) }},
		"s = 0":            {fixed, func(a *seal.PosternApproval) { a.Signature.S = [32]byte{} }},
		"s high":           {fixed, func(a *seal.PosternApproval) { a.Signature.S[0] |= 0x80 }},
		"no signer":        {fixed, func(a *seal.PosternApproval) { a.Signer = seal.Signer{} }},
	} {
		a := c.base
		if _, err := seal.Postern(a); err != nil {
			t.Fatal(err)
		}
		c.change(&a)
		if _, err := seal.Postern(a); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func TestSignersRoundTrip(t *testing.T) {
	d := newDevice(t, "signer")
	s := d.signer(0x15)
	for _, b := range [][]byte{s.Bytes(), common.HexToAddress("0x2222222222222222222222222222222222222222").Bytes(), append(bytes.Repeat([]byte{9}, 20), 1, 2)} {
		p, err := seal.ParseSigner(b)
		if err != nil || !bytes.Equal(p.Bytes(), b) || p.ID() != crypto.Keccak256Hash(b) {
			t.Errorf("%x: %v, %v", b, p, err)
		}
	}
	key, rule, ok := s.Passkey()
	if !ok || key != d.cred.Key || rule != 0x15 || s.IsAddress() || s.Address() != seal.PasskeyVerifier {
		t.Errorf("passkey %v, rule %v, %t", key, rule, ok)
	}
	if _, _, ok := (seal.Signer{}).Passkey(); ok || (seal.Signer{}).Address() != (common.Address{}) {
		t.Error("the zero signer is somebody")
	}
}

func TestRules(t *testing.T) {
	legal := 0
	for uv := passkey.Any; uv <= passkey.Forbidden+1; uv++ {
		for be := passkey.Any; be <= passkey.Forbidden+1; be++ {
			for bs := passkey.Any; bs <= passkey.Forbidden+1; bs++ {
				r, err := seal.NewRule(uv, be, bs)
				possible := uv <= passkey.Forbidden && be <= passkey.Forbidden && bs <= passkey.Forbidden &&
					!(be == passkey.Forbidden && bs == passkey.Required)
				if (err == nil) != possible {
					t.Errorf("UV %s, BE %s, BS %s: %v", uv, be, bs, err)
				}
				if err != nil {
					var e *seal.RuleError
					if !errors.As(err, &e) {
						t.Errorf("error %T", err)
					}
					continue
				}
				legal++
				back, err := seal.ParseRule(byte(r))
				if err != nil || back != r || r.UV() != uv || r.BE() != be || r.BS() != bs {
					t.Errorf("%s: %v, %v", r, back, err)
				}
			}
		}
	}
	if legal != 24 {
		t.Errorf("%d legal rules", legal)
	}
	for _, b := range []byte{0x03, 0x0c, 0x30, 0x40, 0x80, 0x18} {
		if _, err := seal.ParseRule(b); err == nil {
			t.Errorf("rule %#02x accepted", b)
		}
	}
	if got := seal.RequireUV.String(); got != "UV required, BE any, BS any" {
		t.Error(got)
	}
}

// FuzzParsePostern: what parses seals to the same bytes; a failure returns nothing.
func FuzzParsePostern(f *testing.F) {
	hash := crypto.Keccak256Hash([]byte("fuzz"))
	d := newDevice(f, "fuzz")
	for _, q := range acceptable {
		a := d.approval(hash, q)
		for _, more := range [][]seal.PosternApproval{nil, {ecdsaApproval(f, "fuzz", hash)}} {
			for _, p := range paths {
				b, err := seal.Postern(append(more[:len(more):len(more)], a.WithHints(p, hash))...)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(b)
			}
		}
	}
	contract, err := seal.ParseSigner(append(bytes.Repeat([]byte{7}, 20), "key"...))
	if err != nil {
		f.Fatal(err)
	}
	if a, err := seal.PosternContract(contract, []byte("signature")); err == nil {
		b, _ := seal.Postern(a)
		f.Add(b)
	}
	f.Add([]byte{4, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		parsed, err := seal.ParsePostern(b)
		if err != nil {
			if parsed != nil {
				t.Fatal("a failure returned something")
			}
			return
		}
		again, err := seal.Postern(parsed...)
		if err != nil {
			t.Fatalf("parses but does not seal: %v", err)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x\nseals to\n%x", b, again)
		}
	})
}

// FuzzParseSigner: what parses has the same bytes again.
func FuzzParseSigner(f *testing.F) {
	f.Add(newDevice(f, "fuzz").signer(1).Bytes())
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := seal.ParseSigner(b)
		if err != nil {
			if !s.IsZero() {
				t.Fatal("a failure returned something")
			}
			return
		}
		if !bytes.Equal(s.Bytes(), b) {
			t.Fatalf("%x became %x", b, s.Bytes())
		}
	})
}

func TestTheStubsSignatureHasNoZeroDigit(t *testing.T) {
	// Plain arithmetic such as OpenZeppelin's takes two bits of h/s and of r/s at a time and skips
	// the addition where both are zero. With r/s free of zero digits it never skips, whatever the hash.
	d := newDevice(t, "digits")
	stub, err := seal.PosternPasskeyStub(d.signer(0), seal.StubLimits{}, seal.PathPrecompile)
	if err != nil {
		t.Fatal(err)
	}
	n := common.HexToHash("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").Big()
	r, s := common.Hash(stub.Signature.R).Big(), common.Hash(stub.Signature.S).Big()
	u2 := s.ModInverse(s, n)
	u2.Mul(u2, r).Mod(u2, n)
	for i := 0; i < 256; i += 2 {
		if u2.Bit(i) == 0 && u2.Bit(i+1) == 0 {
			t.Fatalf("digit %d of r/s is zero", i/2)
		}
	}
}

func TestSealedBytesAreThoseOfTheLayout(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("layout"))
	d := newDevice(t, "layout")
	a := d.approval(hash, softkey.Quirks{})
	b, err := seal.Postern(a)
	if err != nil {
		t.Fatal(err)
	}
	rpHash := sha256.Sum256([]byte(rpID))
	want := bytes.Join([][]byte{
		{0x02}, d.cred.Key.Raw(), {0x01}, a.Signature.P1363(),
		{37}, rpHash[:], a.AuthData[32:37],
		{0, 54}, []byte(`","origin":"https://wallet.example","crossOrigin":false}`),
	}, nil)
	want[1+65+64+1+37+1] = byte(len(a.Suffix))
	if !bytes.Equal(b, want) {
		t.Errorf("sealed\n%x\nwant\n%x", b, want)
	}
	if !strings.HasPrefix(string(a.ClientDataJSON(hash)), `{"type":"webauthn.get","challenge":"`) {
		t.Error("client data")
	}
}
