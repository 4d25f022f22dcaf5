package contracts_test

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

const (
	rpID   = "wallet.example"
	origin = "https://wallet.example"
)

// browserKey registers a passkey with the software authenticator.
func browserKey(t *testing.T, quirks softkey.Quirks) (*softkey.Authenticator, softkey.Credential) {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte(t.Name())), softkey.WithQuirks(quirks))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := a.Create([]byte(options), origin); err != nil {
		t.Fatal(err)
	}
	return a, a.Credentials()[0]
}

func TestAssertionsOfEveryClientAreAccepted(t *testing.T) {
	clients := map[string]struct {
		quirks softkey.Quirks
		kind   seal.PosternKind
	}{
		"Chromium":                   {softkey.Quirks{}, seal.PosternKindPasskey},
		"Chromium with extra member": {softkey.Quirks{ExtraMember: true}, seal.PosternKindPasskey},
		"no crossOrigin":             {softkey.Quirks{NoCrossOrigin: true}, seal.PosternKindPasskey},
		"embedded":                   {softkey.Quirks{EmbeddedIn: "https://shop.example"}, seal.PosternKindPasskey},
		"Android":                    {softkey.Quirks{AndroidPackageName: "com.android.chrome"}, seal.PosternKindPasskeyGeneral},
		"reverse member order":       {softkey.Quirks{ReverseMembers: true}, seal.PosternKindPasskeyGeneral},
		"high s, made low":           {softkey.Quirks{HighS: true}, seal.PosternKindPasskey},
	}
	for _, f := range []fork{osaka, prague} {
		for name, c := range clients {
			t.Run(string(f)+"/"+name, func(t *testing.T) {
				authenticator, cred := browserKey(t, softkey.Quirks{})
				authenticator.SetQuirks(c.quirks)
				signer, err := seal.PasskeySigner(cred.Key, seal.RequireUV)
				if err != nil {
					t.Fatal(err)
				}
				a := newAccount(t, f, equal(1, signer))
				hash := opHash(name)
				assertion, err := authenticator.Sign(cred.ID, hash[:], rpID, origin)
				if err != nil {
					t.Fatal(err)
				}
				approval, err := seal.PosternPasskey(signer, assertion)
				if err != nil {
					t.Fatal(err)
				}
				if approval.Kind != c.kind {
					t.Errorf("sealed as %s, want %s", approval.Kind, c.kind)
				}
				if got := approval.ClientDataJSON(hash); !bytes.Equal(got, assertion.ClientData.Raw) {
					t.Errorf("client data %s, want %s", got, assertion.ClientData.Raw)
				}
				sig := sealed(t, approval)
				if !a.validates(hash, sig) {
					t.Error("refused")
				}
				if a.validates(opHash("another"), sig) {
					t.Error("accepted for another hash")
				}
			})
		}
	}
}

// everySignature has one signature of each kind and their mixtures, by signers of one account.
func everySignature(t *testing.T, f fork) (*acct, common.Hash, map[string][]byte) {
	t.Helper()
	one, two := newPasskey(t, "one", seal.RequireUV), newPasskey(t, "two", seal.RequireUV)
	key := newECDSA(t, "key")
	a := newAccount(t, f, equal(1, one.signer, two.signer, addressSigner(t, key.address)))
	hash := opHash("every")
	text := string(standardClientData(hash)[36 : 36+43])
	android := `{"androidPackageName":"com.android.chrome","type":"webauthn.get","challenge":"`
	return a, hash, map[string][]byte{
		"fixed": one.approve(hash),
		"general": one.general(authData(usualFlags), []byte(android+text+`","origin":"https://wallet.example"}`),
			strings.Index(android, `"type"`), len(android)),
		"secp256k1": sealed(t, key.approval(hash)),
		"both":      join(t, one.approve(hash), two.approve(hash)),
		"mixed":     join(t, one.approve(hash), sealed(t, key.approval(hash))),
	}
}

func TestEveryFlippedBitMakesASignatureInvalid(t *testing.T) {
	for _, f := range []fork{osaka, prague} {
		a, hash, signatures := everySignature(t, f)
		random := rand.New(rand.NewPCG(1, 2))
		for name, sig := range signatures {
			t.Run(string(f)+"/"+name, func(t *testing.T) {
				a.t = t
				if !a.validates(hash, sig) {
					t.Fatal("the signature itself is refused")
				}
				for bit := range len(sig) * 8 {
					if f != osaka && random.IntN(32) != 0 {
						continue // plain arithmetic is slow; a sample
					}
					bad := bytes.Clone(sig)
					bad[bit/8] ^= 1 << (bit % 8)
					if a.validates(hash, bad) {
						t.Errorf("accepted with bit %d of byte %d flipped", bit%8, bit/8)
					}
				}
			})
		}
	}
}

func TestEveryChangedByteMakesASignatureInvalid(t *testing.T) {
	a, hash, signatures := everySignature(t, osaka)
	random := rand.New(rand.NewPCG(3, 4))
	for name, sig := range signatures {
		for i := range sig {
			bad := bytes.Clone(sig)
			for range 4 {
				bad[i] = byte(random.UintN(256))
				if bad[i] != sig[i] && a.validates(hash, bad) {
					t.Errorf("%s: accepted with byte %d changed to %#02x", name, i, bad[i])
				}
			}
		}
	}
}

func TestTruncatedAndExtendedSignaturesAreInvalidAndNeverRevert(t *testing.T) {
	a, hash, signatures := everySignature(t, osaka)
	for name, sig := range signatures {
		for n := range sig {
			// The first of several approvals is a signature itself.
			_, err := seal.ParsePostern(sig[:n])
			if whole := err == nil; a.validates(hash, sig[:n]) != whole {
				t.Errorf("%s: %d of %d bytes: accepted %t", name, n, len(sig), !whole)
			}
		}
		for _, tail := range [][]byte{{0}, {1}, {2}, {3}, {4}, {0xff}, make([]byte, 32), sig} {
			if a.validates(hash, append(bytes.Clone(sig), tail...)) {
				t.Errorf("%s: accepted with %x after it", name, tail)
			}
		}
	}
}

func TestGarbageIsInvalidAndNeverReverts(t *testing.T) {
	a, hash, signatures := everySignature(t, osaka)
	random := rand.New(rand.NewPCG(5, 6))
	var pool [][]byte
	for _, s := range signatures {
		pool = append(pool, s)
	}
	for range 3_000 {
		var sig []byte
		for range 1 + random.IntN(4) {
			piece := make([]byte, random.IntN(300))
			if random.IntN(2) == 0 {
				s := pool[random.IntN(len(pool))]
				from := random.IntN(len(s))
				piece = bytes.Clone(s[from : from+random.IntN(len(s)-from)])
			} else {
				for i := range piece {
					piece[i] = byte(random.UintN(256))
				}
			}
			if len(piece) > 0 && random.IntN(2) == 0 {
				piece[0] = byte(1 + random.IntN(4))
			}
			sig = append(sig, piece...)
		}
		if a.validates(hash, sig) {
			if _, err := seal.ParsePostern(sig); err != nil {
				t.Fatalf("accepted %x, which is malformed: %v", sig, err)
			}
		}
	}
}

func TestTooLittleGasNeverMakesASignatureValid(t *testing.T) {
	for f, most := range map[fork]uint64{osaka: 40_000, prague: 300_000} {
		a, hash, signatures := everySignature(t, f)
		for name, sig := range signatures {
			good := a.validateData(new(big.Int), hash, sig, new(big.Int))
			bad := a.validateData(new(big.Int), opHash("another"), sig, new(big.Int))
			for gas := uint64(1_000); gas < most; gas += most / 120 {
				a.gas = gas
				if ret, _, err := a.send(a.entryPoint(), a.address, nil, bad); err == nil && new(big.Int).SetBytes(ret).Sign() == 0 {
					t.Fatalf("%s %s: accepted with %d gas", f, name, gas)
				}
				// Starved, a good signature ends without an answer rather than with a wrong one.
				if ret, _, err := a.send(a.entryPoint(), a.address, nil, good); err == nil && new(big.Int).SetBytes(ret).Sign() != 0 {
					t.Fatalf("%s %s: refused with %d gas", f, name, gas)
				}
			}
			a.gas = 30_000_000
		}
	}
}

func TestHighSIsRefused(t *testing.T) {
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	for _, f := range []fork{osaka, prague} {
		p := newPasskey(t, "high", seal.RequireUV)
		a := newAccount(t, f, equal(1, p.signer))
		hash := opHash("high")
		sig := p.approve(hash)
		if !a.validates(hash, sig) {
			t.Fatal("low s refused")
		}
		s := new(big.Int).SetBytes(sig[98:130])
		s.Sub(n, s).FillBytes(sig[98:130])
		if a.validates(hash, sig) {
			t.Errorf("%s: high s accepted", f)
		}
	}
}

func TestWhatTheClientSaysMustBeAnAssertionOfTheHash(t *testing.T) {
	hash := opHash("client")
	good := string(standardClientData(hash))
	text := good[36 : 36+43]
	p := newPasskey(t, "client", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	other := string(standardClientData(opHash("other")))[36 : 36+43]

	// at seals with the type said to stand at an index; general where it does stand.
	at := func(json string, typeIndex int) []byte {
		return p.general(authData(usualFlags), []byte(json), typeIndex, strings.LastIndex(json, text))
	}
	general := func(json string) []byte { return at(json, strings.Index(json, `"type":"webauthn.get`)) }
	cases := []struct {
		name string
		sig  []byte
		want bool
	}{
		{"fixed form", p.fixed(authData(usualFlags), []byte(good)), true},
		{"fixed form, longer challenge", p.fixed(authData(usualFlags), []byte(strings.Replace(good, text, text+"AAAA", 1))), false},
		{"fixed form, registration", p.fixed(authData(usualFlags), []byte(strings.Replace(good, ".get", ".new", 1))), false},
		{"fixed form, nothing after the challenge", p.fixed(authData(usualFlags), []byte(good[:36+43])), false},
		{"fixed form in the general encoding", general(good), false},
		{"type last", general(`{"challenge":"` + text + `","type":"webauthn.get"}`), true},
		{"type in the middle", general(`{"challenge":"` + text + `","type":"webauthn.get","origin":"x"}`), true},
		{"type elsewhere than said", at(`{"challenge":"`+text+`","type":"webauthn.get"}`, 58), false},
		{"type at index 0", at(`"type":"webauthn.get","challenge":"`+text+`"}`, 0), false},
		{"type beyond the end", at(`{"challenge":"`+text+`","type":"webauthn.get"}`, 65535), false},
		{"type just beyond the end", at(`{"challenge":"`+text+`",`, 14+43+2), false},
		{"type cut off", general(`{"challenge":"` + text + `","type":"webauthn.get`), false},
		{"registration", general(`{"challenge":"` + text + `","type":"webauthn.create"}`), false},
		{"registration of the same length", at(`{"challenge":"`+text+`","type":"webauthn.new"}`, 59), false},
		{"type inside a string", general(`{"x":"\"type":"webauthn.get"","challenge":"` + text + `"}`), false},
		{"member that ends like type", general(`{"challenge":"` + text + `","a"type":"webauthn.get"}`), false},
		{"another challenge first", general(`{"challenge":"` + other + `","type":"webauthn.get","challenge":"` + text + `"}`), true},
		{"challenge inside a string", general(`{"a":1,"type":"webauthn.get","o":"\"challenge":"` + text + `"}`), false},
		{"member that ends like challenge", general(`{"a":1,"type":"webauthn.get","a\"challenge":"` + text + `"}`), false},
		{"another member", general(`{"a":1,"type":"webauthn.get","challengf":"` + text + `"}`), false},
		{"no brace", general(`,"a":1,"type":"webauthn.get","challenge":"` + text + `"}`), false},
		{"space before the challenge", general(`{"a":1,"type":"webauthn.get","challenge": "` + text + `"}`), false},
		{"challenge continues", general(`{"a":1,"type":"webauthn.get","challenge":"` + text + `A"}`), false},
		{"empty prefix", general(text + `","type":"webauthn.get"}`), false},
		{"short prefix", general(`"challenge":"` + text + `","type":"webauthn.get"}`), false},
	}
	for _, c := range cases {
		if got := a.validates(hash, c.sig); got != c.want {
			t.Errorf("%s: accepted %t", c.name, got)
		}
	}
	// "another challenge first" is accepted because its JSON was signed: a client that writes two
	// members of one name, and lets others choose one of them, cannot be told from an honest one.
}

func TestAuthenticatorDataMayCarryExtensions(t *testing.T) {
	p := newPasskey(t, "extensions", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	hash := opHash("extensions")
	for _, n := range []int{0, 1, 100, 255 - 37} {
		data := authData(usualFlags|passkey.FlagED, make([]byte, n)...)
		if !a.validates(hash, p.fixed(data, standardClientData(hash))) {
			t.Errorf("%d bytes of extensions refused", n)
		}
	}
	if a.validates(hash, p.fixed(authData(usualFlags)[:36], standardClientData(hash))) {
		t.Error("36 bytes of authenticator data accepted")
	}
}

func TestEveryRuleAgainstEveryFlags(t *testing.T) {
	hash := opHash("rules")
	legal := 0
	for b := range 256 {
		rule, err := seal.ParseRule(byte(b))
		if err != nil {
			continue
		}
		legal++
		t.Run(fmt.Sprint(rule), func(t *testing.T) {
			p := newPasskey(t, "rules", rule)
			a := newAccount(t, osaka, equal(1, p.signer))
			for flags := range 256 {
				f := passkey.Flags(flags)
				if flags&^0x1d != 0 && flags&^0x1d != 0xe2 {
					continue // the other bits play no part: all clear or all set
				}
				if got := a.validates(hash, p.fixed(authData(f), standardClientData(hash))); got != rule.Allows(f) {
					t.Errorf("flags %s: accepted %t", f, got)
				}
			}
		})
	}
	if legal != 24 { // 27, less the 3 that want backed up and not eligible for backup
		t.Errorf("%d legal rules", legal)
	}
}

func TestTheRuleIsTheAccountsNotTheSignatures(t *testing.T) {
	strict := newPasskey(t, "strict", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, strict.signer))
	hash := opHash("rule")
	lax := strict.withRule(0)
	if a.validates(hash, lax.fixed(authData(passkey.FlagUP), standardClientData(hash))) {
		t.Error("a rule in the signature replaced the account's")
	}
	if a.validates(hash, strict.fixed(authData(passkey.FlagUP), standardClientData(hash))) {
		t.Error("accepted without user verification")
	}
	if !a.validates(hash, strict.approve(hash)) {
		t.Error("refused with user verification")
	}
}
