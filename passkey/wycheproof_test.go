package passkey_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/postern-dev/postern/passkey"
)

type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKey    struct{ Uncompressed string }
		PublicKeyDer string
		Tests        []struct {
			TCID             int `json:"tcId"`
			Comment          string
			Msg, Sig, Result string
			Flags            []string
		}
	}
}

// Every vector is run as it stands: a signature is accepted when it parses and verifies.
func TestWycheproofSignatures(t *testing.T) {
	for _, f := range []struct {
		name  string
		cases int
		parse func([]byte) (passkey.Signature, error)
	}{
		{"ecdsa_secp256r1_sha256_test.json", 484, passkey.ParseDER},
		{"ecdsa_secp256r1_sha256_p1363_test.json", 262, passkey.ParseP1363},
	} {
		t.Run(f.name, func(t *testing.T) {
			b, err := fs.ReadFile(wycheproof.TestVectors, f.name)
			if err != nil {
				t.Fatal(err)
			}
			var file wycheproofFile
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatal(err)
			}
			ran, accepted := 0, 0
			for _, g := range file.TestGroups {
				key, err := passkey.ParseSEC1(unhex(t, g.PublicKey.Uncompressed))
				if err != nil {
					t.Fatal(err)
				}
				if spki, err := passkey.ParseSPKI(unhex(t, g.PublicKeyDer)); err != nil || spki != key {
					t.Fatalf("SPKI %v, %v; want %v", spki, err, key)
				}
				for _, c := range g.Tests {
					ran++
					digest := sha256.Sum256(unhex(t, c.Msg))
					sig, err := f.parse(unhex(t, c.Sig))
					ok := err == nil && ecdsa.VerifyASN1(key.ECDSA(), digest[:], sig.DER())
					if ok != (c.Result == "valid") {
						t.Errorf("case %d (%s, %v): accepted %t, want %s", c.TCID, c.Comment, c.Flags, ok, c.Result)
					}
					if !ok {
						continue
					}
					accepted++
					found := false
					for _, k := range passkey.RecoverKeys(digest[:], sig) {
						found = found || k == key
					}
					if !found {
						t.Errorf("case %d (%s): recovery does not find the key", c.TCID, c.Comment)
					}
				}
			}
			if ran != f.cases || ran != file.NumberOfTests || accepted == 0 {
				t.Fatalf("ran %d cases, accepted %d; want %d", ran, accepted, f.cases)
			}
		})
	}
}
