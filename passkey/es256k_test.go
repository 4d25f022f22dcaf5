package passkey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

// k1Point is the base point of secp256k1 (SEC 2 §2.4.1): a key whose secret is 1.
const k1Point = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"

const walletOrigin = "https://example.org"

// k1Reply is RegistrationResponseJSON of a credential with a COSE key, and with members added to its response.
func k1Reply(t testing.TB, cose []byte, more map[string]any) []byte {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	id := bytes.Repeat([]byte{9}, 16)
	hash := sha256.Sum256([]byte("example.org"))
	auth := append(hash[:], 0x41, 0, 0, 0, 0) // UP, AT
	auth = append(append(append(auth, make([]byte, 16)...), 0, byte(len(id))), id...)
	auth = append(auth, cose...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(auth)))
	client := `{"type":"webauthn.create","challenge":"` + b64([]byte(passkey.WalletChallenge)) + `","origin":"` + walletOrigin + `","crossOrigin":false}`
	response := map[string]any{"attestationObject": b64(append(object, auth...)), "clientDataJSON": b64([]byte(client)), "transports": []string{"usb"}}
	for name, value := range more {
		response[name] = value
	}
	out, err := json.Marshal(map[string]any{"id": b64(id), "rawId": b64(id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func k1COSE(t testing.TB, point string) []byte {
	t.Helper()
	b, err := hex.DecodeString("a5010203382e2008215820" + point[:64] + "225820" + point[64:])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestES256KIsReadWhereItIsAskedFor(t *testing.T) {
	asked := passkey.WalletMode{ES256K: true}
	reply := k1Reply(t, k1COSE(t, k1Point), map[string]any{"publicKey": nil, "publicKeyAlgorithm": -47})
	r, key, err := asked.Read(reply, "example.org", walletOrigin)
	if err != nil || key.Algorithm != passkey.ES256K || hex.EncodeToString(key.Raw[:]) != k1Point {
		t.Fatalf("%+v, %v", key, err)
	}
	if !r.Key().IsZero() || !bytes.Equal(r.ID, bytes.Repeat([]byte{9}, 16)) || r.Trust != passkey.TrustNone {
		t.Errorf("%+v", r)
	}
	if err := r.Verify(asked.Rule("example.org", walletOrigin)); !errors.Is(err, passkey.ErrKey) {
		t.Errorf("as a registration of ES256: %v", err)
	}
	// Nowhere else.
	if _, _, err := (passkey.WalletMode{}).Read(reply, "example.org", walletOrigin); !errors.Is(err, passkey.ErrAlgorithm) {
		t.Errorf("not asked for: %v", err)
	}
	if _, err := passkey.ParseRegistration(reply); !errors.Is(err, passkey.ErrAlgorithm) {
		t.Errorf("by ParseRegistration: %v", err)
	}
	// Browsers that know the curve send it once more.
	spki := "3056301006072a8648ce3d020106052b8104000a03420004"
	for text, want := range map[string]error{spki + k1Point: nil, spki + k1Point[64:] + k1Point[:64]: passkey.ErrInconsistent} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = asked.Read(k1Reply(t, k1COSE(t, k1Point), map[string]any{"publicKey": base64.RawURLEncoding.EncodeToString(b)}), "example.org", walletOrigin)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestES256KRefusals(t *testing.T) {
	asked := passkey.WalletMode{ES256K: true}
	good := k1COSE(t, k1Point)
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for name, c := range map[string]struct {
		cose []byte
		want error
	}{
		"off the curve":       {change(len(good)-1, good[len(good)-1]^1), passkey.ErrKey},
		"x above the prime":   {k1COSE(t, strings.Repeat("f", 64)+k1Point[64:]), passkey.ErrKey},
		"y above the prime":   {k1COSE(t, k1Point[:64]+strings.Repeat("f", 64)), passkey.ErrKey},
		"zeros":               {k1COSE(t, strings.Repeat("0", 128)), passkey.ErrKey},
		"on P-256, it says":   {change(7, 1), passkey.ErrAlgorithm},
		"ES384":               {change(5, 0x22), passkey.ErrAlgorithm},
		"y of another length": {change(44, 0x57), passkey.ErrAlgorithm},
	} {
		if r, key, err := asked.Read(k1Reply(t, c.cose, nil), "example.org", walletOrigin); !errors.Is(err, c.want) || r != nil || key != (passkey.WalletKey{}) {
			t.Errorf("%s: %+v, %v", name, key, err)
		}
	}
	reply := k1Reply(t, good, nil)
	for name, c := range map[string]struct {
		mode passkey.WalletMode
		rp   string
		page string
		want error
	}{
		"another challenge": {passkey.WalletMode{ES256K: true, Challenge: make([]byte, 16)}, "example.org", walletOrigin, passkey.ErrChallenge},
		"another party":     {asked, "example.net", walletOrigin, passkey.ErrRPID},
		"another page":      {asked, "example.org", "https://example.net", passkey.ErrOrigin},
		"not verified":      {passkey.WalletMode{ES256K: true, UserVerification: "required"}, "example.org", walletOrigin, passkey.ErrUserVerification},
	} {
		if _, _, err := c.mode.Read(reply, c.rp, c.page); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// In the mode that asks for both, a key of ES256 is what it is elsewhere.
func TestES256IsReadAsEver(t *testing.T) {
	const generator = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
	raw, err := hex.DecodeString(generator)
	if err != nil {
		t.Fatal(err)
	}
	public, err := passkey.ParseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []passkey.WalletMode{{}, {ES256K: true}} {
		r, key, err := mode.Read(k1Reply(t, public.COSE(), nil), "example.org", walletOrigin)
		if err != nil || key.Algorithm != passkey.ES256 || !bytes.Equal(key.Raw[:], raw) || r.Key() != public {
			t.Errorf("%+v, %v", key, err)
		}
	}
}

func TestES256KAssertions(t *testing.T) {
	order, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	reply := func(der []byte) []byte {
		b64 := base64.RawURLEncoding.EncodeToString
		hash := sha256.Sum256([]byte("example.org"))
		client := `{"type":"webauthn.get","challenge":"AAAAAAAAAAAAAAAAAAAAAA","origin":"` + walletOrigin + `","crossOrigin":false}`
		out, err := json.Marshal(map[string]any{"id": "AQ", "rawId": "AQ", "type": "public-key", "clientExtensionResults": map[string]any{},
			"response": map[string]any{"authenticatorData": b64(append(hash[:], 1, 0, 0, 0, 0)), "clientDataJSON": b64([]byte(client)), "signature": b64(der)}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	der := func(r, s *big.Int) []byte {
		var out []byte
		for _, v := range []*big.Int{r, s} {
			b := v.Bytes()
			if len(b) == 0 || b[0] >= 0x80 {
				b = append([]byte{0}, b...)
			}
			out = append(append(out, 2, byte(len(b))), b...)
		}
		return append([]byte{0x30, byte(len(out))}, out...)
	}
	half := new(big.Int).Rsh(order, 1)
	below := new(big.Int).Sub(order, big.NewInt(1))
	for _, c := range []struct{ r, s, want *big.Int }{
		{big.NewInt(1), big.NewInt(5), big.NewInt(5)},
		{below, half, half}, // an r that P-256 does not have
		{big.NewInt(1), new(big.Int).Add(half, big.NewInt(1)), half},
		{big.NewInt(1), below, big.NewInt(1)},
	} {
		a, signature, err := passkey.ParseES256K(reply(der(c.r, c.s)))
		if err != nil || new(big.Int).SetBytes(signature[:32]).Cmp(c.r) != 0 || new(big.Int).SetBytes(signature[32:]).Cmp(c.want) != 0 {
			t.Fatalf("%x, %v", signature, err)
		}
		if len(a.Recover()) != 0 || a.Signature != (passkey.Signature{}) {
			t.Error("it has a signature of P-256")
		}
		if err := a.Meets(passkey.Rule{RPID: "example.org", Origins: []string{walletOrigin}, Challenge: make([]byte, 16)}); err != nil {
			t.Error(err)
		}
	}
	for _, c := range [][2]*big.Int{{new(big.Int), half}, {half, new(big.Int)}, {order, half}, {half, order}} {
		if a, _, err := passkey.ParseES256K(reply(der(c[0], c[1]))); !errors.Is(err, passkey.ErrSignatureForm) || a != nil {
			t.Errorf("%x: %v", c, err)
		}
	}
	for _, bad := range []string{"", "{}", strings.Replace(string(reply(der(half, half))), "AQ", "AA", 1)} {
		if a, _, err := passkey.ParseES256K([]byte(bad)); err == nil || a != nil {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

// FuzzES256K: whatever a page passes on as the replies of an authenticator is read or refused.
func FuzzES256K(f *testing.F) {
	f.Add([]byte("{}"))
	f.Add(k1Reply(f, k1COSE(f, k1Point), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, key, err := passkey.WalletMode{ES256K: true}.Read(b, "example.org", walletOrigin)
		if (err != nil) != (key == passkey.WalletKey{}) {
			t.Errorf("%+v, %v", key, err)
		}
		a, signature, err := passkey.ParseES256K(b)
		if (err != nil) != (a == nil) || err != nil && signature != [64]byte{} {
			t.Errorf("%x, %v", signature, err)
		}
		cose := k1COSE(t, k1Point)
		copy(cose[max(0, len(cose)-len(b)):], b)
		if _, key, err = (passkey.WalletMode{ES256K: true}).Read(k1Reply(t, cose, nil), "example.org", walletOrigin); (err != nil) != (key == passkey.WalletKey{}) {
			t.Errorf("%+v, %v", key, err)
		}
	})
}
