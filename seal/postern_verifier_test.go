package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// tables are what may stand in a key for a table.
var tables = []seal.P256Path{seal.PathNone, 0x11, 0x12, 0x13, 0x14}

func TestVerifierKeysRoundTrip(t *testing.T) {
	d := newDevice(t, "verifier key")
	verifier := common.HexToAddress("0x9999999999999999999999999999999999999999")
	check := func(k seal.VerifierKey, err error, rule seal.Rule, isPasskey bool, table seal.P256Path, want []byte) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(k.Bytes(), want) || k.String() != "0x"+common.Bytes2Hex(want) || k.Public() != d.cred.Key {
			t.Errorf("%s, not %x", k, want)
		}
		if got, ok := k.Rule(); got != rule || ok != isPasskey || k.IsPasskey() != isPasskey || k.Table() != table {
			t.Errorf("%s: rule %v, %t, table %v", k, got, ok, k.Table())
		}
		if again, err := seal.ParseVerifierKey(k.Bytes()); err != nil || again != k {
			t.Errorf("%s: again %s, %v", k, again, err)
		}
		s, err := k.Signer(verifier)
		if err != nil || !bytes.Equal(s.Bytes(), append(verifier.Bytes(), want...)) {
			t.Errorf("%s: signer %s, %v", k, s, err)
		}
	}
	raw := d.cred.Key.Raw()
	for _, table := range tables {
		want := raw
		if table != seal.PathNone {
			want = append(bytes.Clone(raw), byte(table))
		}
		k, err := seal.NewVerifierKey(d.cred.Key, table)
		check(k, err, 0, false, table, want)
		for _, rule := range []seal.Rule{0x00, 0x01, 0x15, 0x2a} {
			k, err := seal.NewVerifierPasskey(d.cred.Key, rule, table)
			check(k, err, rule, true, table, append(bytes.Clone(raw), byte(rule), byte(table)))
		}
	}
}

func TestVerifierKeysThatAreNone(t *testing.T) {
	d := newDevice(t, "no verifier key")
	raw := d.cred.Key.Raw()
	off := bytes.Clone(raw)
	off[63] ^= 1
	for name, b := range map[string][]byte{
		"empty": nil, "63 bytes": raw[:63], "67 bytes": append(bytes.Clone(raw), 1, 0, 0), "67 bytes, a table": append(bytes.Clone(raw), 1, 0, 0x13),
		"off the curve": off, "infinity": make([]byte, 64), "infinity with rule": make([]byte, 66),
		"raw, table of none": append(bytes.Clone(raw), 0), "raw, precompile": append(bytes.Clone(raw), 1),
		"raw, unknown table": append(bytes.Clone(raw), 0x15), "raw, FCL's": append(bytes.Clone(raw), 0xfc),
		"precompile": append(bytes.Clone(raw), 1, 1), "unknown table": append(bytes.Clone(raw), 1, 0x10),
		"illegal rule": append(bytes.Clone(raw), 0x18, 0), "undefined rule": append(bytes.Clone(raw), 0x40, 0),
	} {
		if k, err := seal.ParseVerifierKey(b); err == nil || k != (seal.VerifierKey{}) {
			t.Errorf("%s: %s, %v", name, k, err)
		}
	}
	if _, err := seal.NewVerifierKey(passkey.PublicKey{}, seal.PathNone); err == nil {
		t.Error("no key")
	}
	if _, err := seal.NewVerifierKey(d.cred.Key, seal.PathPrecompile); err == nil {
		t.Error("the precompile as a table")
	}
	var zero seal.VerifierKey
	if _, err := zero.Signer(common.Address{9}); err == nil || !zero.Public().IsZero() || zero.IsPasskey() || zero.Table() != seal.PathNone {
		t.Error("the zero key is some key")
	}
}

func verifierPasskey(t testing.TB, d *device, rule seal.Rule) seal.VerifierKey {
	t.Helper()
	k, err := seal.NewVerifierPasskey(d.cred.Key, rule, seal.PathNone)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A passkey's signature for the verifier is its approval without x, y and rule.
func TestVerifierSignaturesRoundTrip(t *testing.T) {
	d := newDevice(t, "verifier signature")
	k := verifierPasskey(t, d, seal.RequireUV)
	hash := crypto.Keccak256Hash([]byte("verifier"))
	for name, q := range acceptable {
		for _, p := range paths {
			a := d.approval(hash, q).WithHints(p, hash)
			b, err := seal.VerifierSignature(a)
			if err != nil {
				t.Fatal(err)
			}
			approval := sealed(t, a)
			if want := append([]byte{approval[0]}, approval[1+65:]...); !bytes.Equal(b, want) {
				t.Errorf("%s on %s: %x, not %x", name, p, b, want)
			}
			parsed, err := seal.ParseVerifierSignature(k, b)
			if err != nil || fmt.Sprintf("%+v", parsed) != fmt.Sprintf("%+v", a) {
				t.Errorf("%s on %s: %+v, %v", name, p, parsed, err)
			}
			call, err := seal.VerifierCall(hash, k, b)
			if raw := k.Bytes(); err != nil || !bytes.Equal(call, slices.Concat(make([]byte, 28), raw[64:], b[:1], b[65:66], hash[:], raw[:64], b[1:65], b[66:])) {
				t.Errorf("%s on %s: call %x, %v", name, p, call, err)
			}
			if h, key, signature, err := seal.ParseVerifierCall(call); err != nil || h != hash || key != k || !bytes.Equal(signature, b) {
				t.Errorf("%s on %s: call read as %x, %v, %x, %v", name, p, h, key, signature, err)
			}
			for at := range 28 {
				wrong := bytes.Clone(call)
				wrong[at] = 1
				if _, _, _, err := seal.ParseVerifierCall(wrong); err == nil {
					t.Errorf("byte %d is 1", at)
				}
			}
			if _, _, _, err := seal.ParseVerifierCall(call[:191]); !errors.Is(err, seal.ErrTruncated) {
				t.Errorf("cut: %v", err)
			}
			for cut := range b {
				if got, err := seal.ParseVerifierSignature(k, b[:cut]); err == nil || got.Kind != 0 {
					t.Fatalf("%s on %s: %d of %d bytes parse", name, p, cut, len(b))
				}
			}
			if _, err := seal.ParseVerifierSignature(k, append(b, 0)); !errors.Is(err, seal.ErrTrailing) {
				t.Errorf("%s on %s: a byte more: %v", name, p, err)
			}
		}
	}
}

func TestVerifierSignaturesThatAreNone(t *testing.T) {
	d := newDevice(t, "no verifier signature")
	k := verifierPasskey(t, d, seal.RequireUV)
	hash := crypto.Keccak256Hash([]byte("verifier"))
	raw, err := seal.NewVerifierKey(d.cred.Key, 0x13)
	if err != nil {
		t.Fatal(err)
	}
	good, err := seal.VerifierSignature(d.approval(hash, softkey.Quirks{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []byte{0, 1, 4, 7, 0xff} {
		b := append([]byte{form}, good[1:]...)
		if _, err := seal.ParseVerifierSignature(k, b); err == nil {
			t.Errorf("form %#02x parses", form)
		}
	}
	quote := 103 + bytes.IndexByte(good[103:], '"') // after form, r, s and authenticator data
	for name, b := range map[string][]byte{
		"high s":                        slices.Concat(good[:33], []byte{0xff}, good[34:]),
		"authenticator data of 5 bytes": slices.Concat(good[:65], []byte{5}, good[66+32:]),
		"no quote":                      slices.Concat(good[:quote], []byte{'!'}, good[quote+1:]),
	} {
		if a, err := seal.ParseVerifierSignature(k, b); err == nil || a.Kind != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.ParseVerifierSignature(raw, good); err == nil {
		t.Error("a passkey's signature by a raw key")
	}
	if _, err := seal.VerifierSignature(ecdsaApproval(t, "none", hash)); err == nil {
		t.Error("a secp256k1 approval")
	}
	if _, err := seal.VerifierCall(hash, k, good[1:]); err == nil {
		t.Error("a call without a signature")
	}
	broken := d.approval(hash, softkey.Quirks{})
	broken.Suffix = nil
	if _, err := seal.VerifierSignature(broken); err == nil {
		t.Error("an approval that is malformed")
	}
}

func TestRawVerifierSignatures(t *testing.T) {
	d := newDevice(t, "raw signature")
	hash := crypto.Keccak256Hash([]byte("raw"))
	s := d.approval(hash, softkey.Quirks{}).Signature
	high := s
	high.S = [32]byte(bytes.Repeat([]byte{0xaa}, 32))
	for n := range 200 {
		hints := bytes.Repeat([]byte{7}, n)
		b, err := seal.VerifierRaw(s, hints)
		if good := n == 0 || n == 32 || n == 128; (err == nil) != good {
			t.Errorf("hints of %d bytes: %v", n, err)
		} else if !good {
			continue
		}
		if !bytes.Equal(b, append(s.P1363(), hints...)) {
			t.Errorf("hints of %d bytes: %x", n, b)
		}
		if again, got, err := seal.ParseVerifierRaw(b); err != nil || again != s || !bytes.Equal(got, hints) {
			t.Errorf("hints of %d bytes: %v, %x, %v", n, again, got, err)
		}
	}
	if _, err := seal.VerifierRaw(high, nil); !errors.Is(err, seal.ErrHighS) {
		t.Errorf("a high s: %v", err)
	}
	for _, b := range [][]byte{nil, s.P1363()[:63], make([]byte, 64), append(s.P1363(), 0)} {
		if _, _, err := seal.ParseVerifierRaw(b); err == nil {
			t.Errorf("%x parses", b)
		}
	}
}

// FuzzParseVerifierKey: what parses has the same bytes again.
func FuzzParseVerifierKey(f *testing.F) {
	d := newDevice(f, "fuzz")
	f.Add(d.cred.Key.Raw())
	f.Add(append(d.cred.Key.Raw(), 0x13))
	f.Add(append(d.cred.Key.Raw(), 0x01, 0x13))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := seal.ParseVerifierKey(b)
		if err != nil {
			if k != (seal.VerifierKey{}) {
				t.Fatal("a failure returned something")
			}
			return
		}
		again, err := seal.NewVerifierKey(k.Public(), k.Table())
		if rule, ok := k.Rule(); ok {
			again, err = seal.NewVerifierPasskey(k.Public(), rule, k.Table())
		}
		if err != nil || again != k || !bytes.Equal(k.Bytes(), b) {
			t.Fatalf("%x became %s, %v", b, again, err)
		}
	})
}

// FuzzParseVerifierSignature: what parses is written as the same bytes, by both kinds of keys; a failure returns nothing.
func FuzzParseVerifierSignature(f *testing.F) {
	d := newDevice(f, "fuzz")
	hash := crypto.Keccak256Hash([]byte("fuzz"))
	k := verifierPasskey(f, d, seal.RequireUV)
	for _, q := range acceptable {
		for _, p := range paths {
			b, err := seal.VerifierSignature(d.approval(hash, q).WithHints(p, hash))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Add(append(d.approval(hash, softkey.Quirks{}).Signature.P1363(), make([]byte, 128)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := seal.ParseVerifierSignature(k, b); err == nil {
			again, err := seal.VerifierSignature(a)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%x\nis written\n%x, %v", b, again, err)
			}
		} else if a.Kind != 0 || !a.Signer.IsZero() {
			t.Fatal("a failure returned something")
		}
		if s, hints, err := seal.ParseVerifierRaw(b); err == nil {
			again, err := seal.VerifierRaw(s, hints)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%x\nis written\n%x, %v", b, again, err)
			}
		} else if s != (passkey.Signature{}) || hints != nil {
			t.Fatal("a failure returned something")
		}
	})
}
