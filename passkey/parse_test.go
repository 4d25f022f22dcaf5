package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

const (
	keyX = "38c1ecdb41d6e339d98204e0c85e6cd9ecb84f06dbb842038fa440dc3f192630"
	keyY = "fd0fb4ee572903c09e99a776c1d73b1dd0c7016584cfc394e08e460e252e5fa8"
)

func TestPublicKeyFormsRoundTrip(t *testing.T) {
	even := unhex(t, keyX+keyY)
	odd := bytes.Clone(even) // the point's negative has the other parity
	y := new(big.Int).SetBytes(even[32:])
	y.Sub(elliptic.P256().Params().P, y).FillBytes(odd[32:])
	for name, raw := range map[string][]byte{"even y": even, "odd y": odd} {
		t.Run(name, func(t *testing.T) { testKeyForms(t, raw) })
	}
}

func testKeyForms(t *testing.T, raw []byte) {
	key, err := passkey.ParseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]struct {
		encoded []byte
		size    int
		parse   func([]byte) (passkey.PublicKey, error)
	}{
		"raw":        {key.Raw(), 64, passkey.ParseRaw},
		"SEC1":       {key.SEC1(), 65, passkey.ParseSEC1},
		"compressed": {key.SEC1Compressed(), 33, passkey.ParseSEC1},
		"COSE":       {key.COSE(), 77, passkey.ParseCOSE},
		"SPKI":       {key.SPKI(), 91, passkey.ParseSPKI},
	} {
		t.Run(name, func(t *testing.T) {
			if len(f.encoded) != f.size {
				t.Errorf("%d bytes, want %d", len(f.encoded), f.size)
			}
			again, err := f.parse(f.encoded)
			if err != nil || again != key {
				t.Fatalf("%v, %v", again, err)
			}
			for n := range f.encoded {
				if k, err := f.parse(f.encoded[:n]); err == nil || !k.IsZero() {
					t.Errorf("%d of %d bytes accepted", n, f.size)
				}
			}
			if k, err := f.parse(append(bytes.Clone(f.encoded), 0)); err == nil || !k.IsZero() {
				t.Error("trailing byte accepted")
			}
		})
	}
	if again, err := passkey.NewPublicKey(key.ECDSA()); err != nil || again != key {
		t.Errorf("NewPublicKey: %v, %v", again, err)
	}
	if key.String() != "0x"+hex.EncodeToString(raw) {
		t.Error(key)
	}
	if x, y := key.X(), key.Y(); !bytes.Equal(append(x[:], y[:]...), key.Raw()) {
		t.Error("X and Y are not Raw")
	}
	if (passkey.PublicKey{}).ECDSA() != nil || !(passkey.PublicKey{}).IsZero() || key.IsZero() || key.Compare(key) != 0 {
		t.Error("zero value")
	}
}

func TestPublicKeyRefusals(t *testing.T) {
	raw := unhex(t, keyX+keyY)
	offCurve := bytes.Clone(raw)
	offCurve[63] ^= 1
	swapped := append(bytes.Clone(raw[32:]), raw[:32]...)
	p := elliptic.P256().Params().P
	bigX := append(p.Bytes(), raw[32:]...)
	good, err := passkey.ParseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	coseWith := func(old, with string) []byte {
		c := good.COSE()
		if !bytes.Contains(c, []byte(old)) {
			t.Fatalf("no %x in key", old)
		}
		return bytes.Replace(c, []byte(old), []byte(with), 1)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, err = passkey.NewPublicKey(&p384.PublicKey)
	wantCause(t, err, passkey.ErrAlgorithm)
	_, err = passkey.NewPublicKey(nil)
	wantCause(t, err, passkey.ErrAlgorithm)
	off := good.ECDSA()
	//lint:ignore SA1019 an invalid key is what is wanted here
	off.X.SetInt64(5)
	_, err = passkey.NewPublicKey(off)
	wantCause(t, err, passkey.ErrKey)

	for _, c := range []struct {
		name  string
		parse func([]byte) (passkey.PublicKey, error)
		in    []byte
		cause passkey.Cause
	}{
		{"raw off the curve", passkey.ParseRaw, offCurve, passkey.ErrKey},
		{"raw swapped", passkey.ParseRaw, swapped, passkey.ErrKey},
		{"raw zero (infinity)", passkey.ParseRaw, make([]byte, 64), passkey.ErrKey},
		{"raw x at the field prime", passkey.ParseRaw, bigX, passkey.ErrKey},
		{"SEC1 infinity", passkey.ParseSEC1, []byte{0}, passkey.ErrKeyFormat},
		{"SEC1 hybrid", passkey.ParseSEC1, append([]byte{6}, raw...), passkey.ErrKeyFormat},
		{"SEC1 compressed without a point", passkey.ParseSEC1, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), passkey.ErrKey},
		{"SEC1 empty", passkey.ParseSEC1, nil, passkey.ErrKeyFormat},
		{"SPKI of another curve", passkey.ParseSPKI, bytes.Replace(good.SPKI(), []byte("\x03\x01\x07"), []byte("\x03\x01\x06"), 1), passkey.ErrKeyFormat},
		{"SPKI compressed tag", passkey.ParseSPKI, bytes.Replace(good.SPKI(), []byte("\x42\x00\x04"), []byte("\x42\x00\x02"), 1), passkey.ErrKeyFormat},
		{"COSE empty", passkey.ParseCOSE, nil, passkey.ErrCBOR},
		{"COSE not a map", passkey.ParseCOSE, []byte{0x80}, passkey.ErrCBOR},
		{"COSE RS256", passkey.ParseCOSE, unhex(t, "a401030339010020430102032143010001"), passkey.ErrAlgorithm},
		{"COSE ES384", passkey.ParseCOSE, coseWith("\x03\x26", "\x03\x38\x22"), passkey.ErrAlgorithm},
		{"COSE without algorithm", passkey.ParseCOSE, []byte{0xa1, 1, 2}, passkey.ErrKeyFormat},
		{"COSE Ed25519 key type", passkey.ParseCOSE, coseWith("\xa5\x01\x02", "\xa5\x01\x01"), passkey.ErrKeyFormat},
		{"COSE curve P-384", passkey.ParseCOSE, coseWith("\x20\x01", "\x20\x02"), passkey.ErrKeyFormat},
		{"COSE long head", passkey.ParseCOSE, coseWith("\xa5", "\xb8\x05"), passkey.ErrCBOR},
		{"COSE long algorithm", passkey.ParseCOSE, coseWith("\x03\x26", "\x03\x38\x06"), passkey.ErrCBOR},
		{"COSE indefinite map", passkey.ParseCOSE, append(coseWith("\xa5", "\xbf"), 0xff), passkey.ErrCBOR},
		{"COSE keys out of order", passkey.ParseCOSE, coseWith("\x01\x02\x03\x26", "\x03\x26\x01\x02"), passkey.ErrCBOR},
		{"COSE key twice", passkey.ParseCOSE, coseWith("\x01\x02\x03\x26", "\x01\x02\x01\x02"), passkey.ErrCBOR},
		{"COSE compressed y", passkey.ParseCOSE, append(good.COSE()[:42], 0x22, 0xf5), passkey.ErrKeyFormat},
		{"COSE further member", passkey.ParseCOSE, append(coseWith("\xa5\x01\x02\x03\x26", "\xa6\x01\x02\x03\x26"), 0x23, 0x00), passkey.ErrKeyFormat},
		{"COSE algorithm as text", passkey.ParseCOSE, []byte{0xa1, 3, 0x61, 'x'}, passkey.ErrCBOR},
		{"COSE huge string length", passkey.ParseCOSE, []byte{0xa2, 1, 2, 0x20, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, passkey.ErrCBOR},
		{"COSE huge map", passkey.ParseCOSE, []byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, passkey.ErrCBOR},
		{"COSE off the curve", passkey.ParseCOSE, coseWith("\xfd\x0f", "\xfc\x0f"), passkey.ErrKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := c.parse(c.in)
			wantCause(t, err, c.cause)
			if !k.IsZero() {
				t.Error("a key came with the error")
			}
		})
	}
}

func TestSignatureRefusalsAndForms(t *testing.T) {
	sig := passkey.Signature{R: [32]byte{31: 1}, S: [32]byte{31: 2}}
	n := elliptic.P256().Params().N
	if got := sig.DER(); !bytes.Equal(got, unhex(t, "3006020101020102")) {
		t.Errorf("DER %x", got)
	}
	high, err := passkey.ParseP1363(append(sig.R[:], new(big.Int).Sub(n, big.NewInt(1)).FillBytes(make([]byte, 32))...))
	if err != nil || high.S != [32]byte{31: 1} {
		t.Errorf("n-1 is normalised to %x, %v; want 1", high.S, err)
	}
	half := new(big.Int).Rsh(n, 1) // (n-1)/2 is low, one more is high
	for d, want := range map[int64]*big.Int{0: half, 1: half} {
		v := new(big.Int).Add(half, big.NewInt(d))
		s, err := passkey.ParseP1363(append(sig.R[:], v.FillBytes(make([]byte, 32))...))
		if err != nil || new(big.Int).SetBytes(s.S[:]).Cmp(want) != 0 {
			t.Errorf("(n-1)/2 + %d: %x, %v", d, s.S, err)
		}
	}
	zero, order := make([]byte, 32), n.Bytes()
	for name, in := range map[string][]byte{
		"r zero": append(bytes.Clone(zero), sig.S[:]...), "s zero": append(bytes.Clone(sig.R[:]), zero...),
		"r at the order": append(bytes.Clone(order), sig.S[:]...), "s at the order": append(bytes.Clone(sig.R[:]), order...),
		"63 bytes": make([]byte, 63), "65 bytes": bytes.Repeat([]byte{1}, 65), "nothing": nil,
	} {
		s, err := passkey.ParseP1363(in)
		wantCause(t, err, passkey.ErrSignatureForm)
		if s != (passkey.Signature{}) {
			t.Errorf("%s: a signature came with the error", name)
		}
	}
	for name, h := range map[string]string{
		"empty":                "",
		"not a sequence":       "3106020101020102",
		"long form":            "308106020101020102",
		"indefinite":           "30800201010201020000",
		"too long":             "3007020101020102",
		"too short":            "3005020101020102",
		"trailing":             "300602010102010200",
		"trailing inside":      "3007020101020102" + "00",
		"third integer":        "3009020101020102020103",
		"r missing":            "3003020102",
		"r empty":              "300502000201" + "02",
		"padded r":             "30070202000102" + "0102",
		"negative r":           "3006020181020102",
		"integer in long form": "300702810101020102",
		"r runs out":           "3006020701020102",
		"r is no integer":      "3006040101020102",
		"r zero":               "3006020100020102",
		"s zero":               "3006020101020100",
		"33 full bytes":        "3026022101" + strings.Repeat("00", 32) + "020102",
		"r at the order":       "3026022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020102",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := passkey.ParseDER(unhex(t, h))
			wantCause(t, err, passkey.ErrSignatureForm)
			if s != (passkey.Signature{}) {
				t.Error("a signature came with the error")
			}
		})
	}
}

// authDataOf assembles authenticator data.
func authDataOf(flags passkey.Flags, rest ...[]byte) []byte {
	b := append(make([]byte, 32), byte(flags), 0, 0, 1, 2)
	return append(b, bytes.Join(rest, nil)...)
}

func attested(t testing.TB, idLen int, key []byte) []byte {
	t.Helper()
	b := binary.BigEndian.AppendUint16([]byte("aaguid of device"), uint16(idLen))
	return append(append(b, make([]byte, idLen)...), key...)
}

func TestAuthenticatorDataParts(t *testing.T) {
	key, err := passkey.ParseRaw(unhex(t, keyX+keyY))
	if err != nil {
		t.Fatal(err)
	}
	extensions := []byte("\xa1\x6bhmac-secret\xf5")
	in := authDataOf(passkey.FlagUP|passkey.FlagAT|passkey.FlagED, attested(t, 3, key.COSE()), extensions)
	a, err := passkey.ParseAuthenticatorData(in)
	if err != nil {
		t.Fatal(err)
	}
	if a.SignCount != 0x102 || a.Flags.String() != "UP|AT|ED" || !bytes.Equal(a.Raw, in) || !bytes.Equal(a.Extensions, extensions) {
		t.Errorf("%+v", a)
	}
	if c := a.Credential; c.Key != key || len(c.ID) != 3 || c.AAGUID != passkey.AAGUID([]byte("aaguid of device")) {
		t.Errorf("%+v", c)
	}
	for n := range in {
		if _, err := passkey.ParseAuthenticatorData(in[:n]); err == nil {
			t.Errorf("%d of %d bytes accepted", n, len(in))
		}
	}
}

func TestAuthenticatorDataRefusals(t *testing.T) {
	key, err := passkey.ParseRaw(unhex(t, keyX+keyY))
	if err != nil {
		t.Fatal(err)
	}
	cose := key.COSE()
	const at, ed, up = passkey.FlagAT, passkey.FlagED, passkey.FlagUP
	deep := append(bytes.Repeat([]byte{0x81}, 20), 0xf6)
	for _, c := range []struct {
		name  string
		in    []byte
		cause passkey.Cause // "" accepts
	}{
		{"least", authDataOf(up), ""},
		{"empty extension map", authDataOf(up|ed, []byte{0xa0}), ""},
		{"longest credential ID", authDataOf(up|at, attested(t, 1023, cose)), ""},
		{"36 bytes", authDataOf(up)[:36], passkey.ErrAuthData},
		{"trailing byte", authDataOf(up, []byte{0}), passkey.ErrFlags},
		{"credential without AT", authDataOf(up, attested(t, 3, cose)), passkey.ErrFlags},
		{"AT without credential", authDataOf(up | at), passkey.ErrFlags},
		{"AT and half a credential", authDataOf(up|at, make([]byte, 17)), passkey.ErrFlags},
		{"empty credential ID", authDataOf(up|at, attested(t, 0, cose)), passkey.ErrAuthData},
		{"credential ID too long", authDataOf(up|at, attested(t, 1024, cose)), passkey.ErrAuthData},
		{"credential ID runs out", authDataOf(up|at, attested(t, 9, nil)[:20]), passkey.ErrAuthData},
		{"key missing", authDataOf(up|at, attested(t, 3, nil)), passkey.ErrCBOR},
		{"bytes after the key", authDataOf(up|at, attested(t, 3, cose), []byte{0}), passkey.ErrFlags},
		{"extensions without ED", authDataOf(up|at, attested(t, 3, cose), []byte{0xa0}), passkey.ErrFlags},
		{"ED without extensions", authDataOf(up|at|ed, attested(t, 3, cose)), passkey.ErrFlags},
		{"bytes after extensions", authDataOf(up|ed, []byte{0xa0, 0xa0}), passkey.ErrFlags},
		{"extensions no map", authDataOf(up|ed, []byte{0x80}), passkey.ErrCBOR},
		{"extension name no text", authDataOf(up|ed, []byte{0xa1, 1, 1}), passkey.ErrCBOR},
		{"extension twice", authDataOf(up|ed, []byte("\xa2\x61a\xf5\x61a\xf5")), passkey.ErrCBOR},
		{"extensions out of order", authDataOf(up|ed, []byte("\xa2\x61b\xf5\x61a\xf5")), passkey.ErrCBOR},
		{"extension names by length first", authDataOf(up|ed, []byte("\xa2\x62aa\xf5\x61b\xf5")), passkey.ErrCBOR},
		{"extension tagged", authDataOf(up|ed, []byte("\xa1\x61a\xc0\xf5")), passkey.ErrCBOR},
		{"extension undefined", authDataOf(up|ed, []byte("\xa1\x61a\xf7")), passkey.ErrCBOR},
		{"extension a float", authDataOf(up|ed, []byte("\xa1\x61a\xf9\x3c\x00")), ""},
		{"extension nested", authDataOf(up|ed, []byte("\xa1\x61a\x82\xa1\x01\x20\x41\x00")), ""},
		{"extension too deep", authDataOf(up|ed, []byte("\xa1\x61a"), deep), passkey.ErrCBOR},
		{"extension map key a list", authDataOf(up|ed, []byte("\xa1\x61a\xa1\x80\x01")), passkey.ErrCBOR},
		{"extension list too long", authDataOf(up|ed, []byte("\xa1\x61a\x9a\xff\xff\xff\xff")), passkey.ErrCBOR},
		{"BS without BE", authDataOf(up | passkey.FlagBS), passkey.ErrBackupState},
		{"BS with BE", authDataOf(up | passkey.FlagBS | passkey.FlagBE), ""},
		{"too large", authDataOf(up|ed, []byte("\xa1\x61a\x59\x20\x00"), make([]byte, 8192)), passkey.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := passkey.ParseAuthenticatorData(c.in)
			if c.cause == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCause(t, err, c.cause)
			if a.Raw != nil || a.Flags != 0 {
				t.Error("data came with the error")
			}
		})
	}
}

func TestFlagsAndAAGUIDText(t *testing.T) {
	for f, want := range map[passkey.Flags]string{0: "none", 0x1d: "UP|UV|BE|BS", 0xff: "UP|RFU1|UV|BE|BS|RFU2|AT|ED"} {
		if f.String() != want {
			t.Errorf("%#x: %s, want %s", byte(f), f, want)
		}
	}
	if f := passkey.Flags(0xff); !(f.UP() && f.UV() && f.BE() && f.BS() && f.AT() && f.ED()) {
		t.Error("a predicate is false for 0xff")
	}
	if f := passkey.Flags(0); f.UP() || f.UV() || f.BE() || f.BS() || f.AT() || f.ED() {
		t.Error("a predicate is true for 0")
	}
	const text = "bada5566-a7aa-401f-bd96-45619a55120d"
	a, err := passkey.ParseAAGUID(strings.ToUpper(text))
	if err != nil || a.String() != text || a.IsZero() {
		t.Errorf("%v, %v", a, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", strings.ReplaceAll(text, "-", ""), strings.Replace(text, "b", "g", 1), strings.Replace(text, "-", "0", 1)} {
		got, err := passkey.ParseAAGUID(bad)
		wantCause(t, err, passkey.ErrAAGUID)
		if !got.IsZero() {
			t.Error("an AAGUID came with the error")
		}
	}
}
