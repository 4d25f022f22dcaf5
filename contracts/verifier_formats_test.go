package contracts_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// verdicts are what P256Verifier says of a signature: by ERC-7913, and for a passkey by its own entry.
func (w *world) verdicts(key seal.VerifierKey, hash common.Hash, signature []byte) []bool {
	w.t.Helper()
	answer := w.must(stranger, contracts.P256Verifier, nil, contracts.VerifySignature(key.Bytes(), hash, signature))
	if len(answer) != 32 || !bytes.Equal(answer[:4], contracts.VerifierMagic[:]) && !bytes.Equal(answer[:4], []byte{0xff, 0xff, 0xff, 0xff}) {
		w.t.Fatalf("ERC-7913 answers %x", answer)
	}
	out := []bool{bytes.Equal(answer[:4], contracts.VerifierMagic[:])}
	if key.IsPasskey() {
		call := packedCall(hash, key.Bytes(), signature)
		answer := w.must(stranger, contracts.P256Verifier, nil, call)
		out = append(out, len(answer) == 32 && answer[31] == 1)
	}
	return out
}

// buildTable has the factory build a key's table.
func (w *world) buildTable(f p256table.Format, k passkey.PublicKey) {
	w.t.Helper()
	key, err := p256table.NewKey(k.X(), k.Y())
	if err != nil {
		w.t.Fatal(err)
	}
	data, err := contracts.BuildTable(f, key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(stranger, contracts.P256TableFactory.Address, nil, data)
}

// reversed is the passkey's approval with client data in another order.
func (p *rawPasskey) reversed(hash common.Hash) []byte {
	json := `{"challenge":"` + base64.RawURLEncoding.EncodeToString(hash[:]) + `","origin":"https://wallet.example","type":"webauthn.get"}`
	return p.general(authData(usualFlags), []byte(json), strings.Index(json, `"type"`), len(`{"challenge":"`))
}

// What seal writes for P256Verifier it accepts, whatever the key, the path and the hints; a changed bit outside of the
// hints it refuses, and so does the parser or the signature no longer verifies.
func TestTheVerifierTakesWhatSealWrites(t *testing.T) {
	hash := opHash("verifier")
	paths := []seal.P256Path{seal.PathNone, seal.PathPrecompile, 0x11, 0x12, 0x13, 0x14}
	for _, f := range []fork{prague, osaka} {
		w := newWorld(t, f)
		w.installP256()
		w.must(stranger, contracts.Deployer, nil, contracts.P256VerifierInit())
		p := newPasskey(t, "verifier", seal.RequireUV)
		for _, built := range []bool{false, true} {
			for _, path := range paths {
				if path == seal.PathPrecompile {
					continue
				}
				if format, ok := path.Table(); ok && built {
					w.buildTable(format, p.public())
				}
				passkeyKey, err := seal.NewVerifierPasskey(p.public(), seal.RequireUV, path)
				if err != nil {
					t.Fatal(err)
				}
				rawKey, err := seal.NewVerifierKey(p.public(), path)
				if err != nil {
					t.Fatal(err)
				}
				for _, hints := range paths {
					client := standardClientData(hash)
					for name, approval := range map[string][]byte{
						"fixed":   p.fixed(authData(usualFlags), client),
						"general": p.reversed(hash),
					} {
						parsed, err := seal.ParsePostern(approval)
						if err != nil {
							t.Fatal(err)
						}
						signature, err := seal.VerifierSignature(parsed[0].WithHints(hints, hash))
						if err != nil {
							t.Fatal(err)
						}
						if got := w.verdicts(passkeyKey, hash, signature); !got[0] || !got[1] {
							t.Errorf("%s, %s, key for %s, hints for %s: %v", f, name, path, hints, got)
						}
						if got := w.verdicts(passkeyKey, opHash("another"), signature); got[0] || got[1] {
							t.Errorf("%s, %s: another hash: %v", f, name, got)
						}
					}
					der, err := p.key.Sign(nil, hash[:], crypto.SHA256)
					if err != nil {
						t.Fatal(err)
					}
					sig, err := passkey.ParseDER(der)
					if err != nil {
						t.Fatal(err)
					}
					raw, err := seal.VerifierRaw(sig, hints.Hints(hash, sig, p.public()))
					if err != nil {
						t.Fatal(err)
					}
					if got := w.verdicts(rawKey, hash, raw); !got[0] {
						t.Errorf("%s, raw key for %s, hints for %s: refused", f, path, hints)
					}
				}
			}
		}
	}
}

// A changed bit of a passkey's signature is refused, but for the hints, where it changes nothing; so is a signature that
// is cut or goes on.
func TestTheVerifierIsAsStrictAsTheParser(t *testing.T) {
	hash := opHash("verifier")
	w := newWorld(t, prague)
	w.installP256()
	w.must(stranger, contracts.Deployer, nil, contracts.P256VerifierInit())
	p := newPasskey(t, "verifier", seal.RequireUV)
	w.buildTable(p256table.Format512, p.public())
	key, err := seal.NewVerifierPasskey(p.public(), seal.RequireUV, 0x11)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, signature []byte, want bool) {
		t.Helper()
		if got := w.verdicts(key, hash, signature); got[0] != want || got[1] != want {
			t.Errorf("%s: %v", name, got)
		}
		if _, err := seal.ParseVerifierSignature(key, signature); err != nil && want {
			t.Errorf("%s: accepted, and the parser says %v", name, err)
		}
	}
	for form, approval := range map[string][]byte{"fixed": p.approve(hash), "general": p.reversed(hash)} {
		parsed, err := seal.ParsePostern(approval)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []seal.P256Path{seal.PathPrecompile, seal.PathNone, 0x11} {
			good, err := seal.VerifierSignature(parsed[0].WithHints(path, hash))
			if err != nil {
				t.Fatal(err)
			}
			check(form, good, true)
			for i := range len(good) - path.HintsLen() {
				b := bytes.Clone(good)
				b[i] ^= 1 << (i % 8)
				check(fmt.Sprintf("%s with hints for %s, byte %d changed", form, path, i), b, false)
			}
			for i := len(good) - path.HintsLen(); i < len(good); i += 3 {
				b := bytes.Clone(good)
				b[i] ^= 1 << (i % 8)
				check(fmt.Sprintf("%s, hints for %s, byte %d changed", form, path, i), b, true)
			}
			for cut := range good {
				check(fmt.Sprintf("%s with hints for %s, %d bytes", form, path, cut), good[:cut], false)
			}
			check(form+" and a byte more", append(bytes.Clone(good), 0), false)
			check(form+" and a hint more", append(bytes.Clone(good), make([]byte, 33)...), false)
		}
	}

	der, err := p.key.Sign(nil, hash[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := passkey.ParseDER(der)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = seal.NewVerifierKey(p.public(), 0x11); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		signature := append(s.P1363(), make([]byte, n)...)
		_, _, parses := seal.ParseVerifierRaw(signature)
		if got := w.verdicts(key, hash, signature); got[0] != (parses == nil) {
			t.Errorf("raw with %d bytes of hints: %v, the parser says %v", n, got, parses)
		}
	}
}

// A key that the parser refuses verifies nothing.
func TestTheVerifierRefusesKeysThatTheParserRefuses(t *testing.T) {
	hash := opHash("verifier")
	w := newWorld(t, prague)
	w.installP256()
	w.must(stranger, contracts.Deployer, nil, contracts.P256VerifierInit())
	p := newPasskey(t, "verifier", seal.RequireUV)
	parsed, err := seal.ParsePostern(p.approve(hash))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := seal.VerifierSignature(parsed[0])
	if err != nil {
		t.Fatal(err)
	}
	raw := p.public().Raw()
	for b := range 256 {
		for name, key := range map[string][]byte{
			"rule": append(bytes.Clone(raw), byte(b), 0), "format": append(bytes.Clone(raw), 0x01, byte(b)),
		} {
			k, err := seal.ParseVerifierKey(key)
			answer := w.must(stranger, contracts.P256Verifier, nil, contracts.VerifySignature(key, hash, signature))
			valid := bytes.Equal(answer[:4], contracts.VerifierMagic[:])
			rule, _ := k.Rule()
			if want := err == nil && rule.Allows(passkey.Flags(usualFlags)); valid != want {
				t.Errorf("%s %#02x: %t, the parser says %v", name, b, valid, err)
			}
		}
	}
	off := bytes.Clone(raw)
	off[40] ^= 1
	for _, key := range [][]byte{off, raw[:63], append(bytes.Clone(raw), 1, 0, 0), nil} {
		answer := w.must(stranger, contracts.P256Verifier, nil, contracts.VerifySignature(key, hash, signature))
		if !bytes.Equal(answer[:4], []byte{0xff, 0xff, 0xff, 0xff}) {
			t.Errorf("%x: %x", key, answer)
		}
	}
}
