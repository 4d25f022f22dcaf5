package inspect_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// codes lists the findings of a severity in the first reading and its parts, in order.
func codes(r *inspect.Report, s inspect.Severity) []string {
	var out []string
	var walk func(inspect.Reading)
	walk = func(reading inspect.Reading) {
		for _, f := range reading.Findings {
			if f.Severity == s {
				out = append(out, f.Code)
			}
		}
		for _, p := range reading.Parts {
			walk(p)
		}
	}
	walk(r.Readings[0])
	return out
}

// fact returns the value of a fact anywhere in the first reading.
func fact(r *inspect.Report, name string) string {
	var find func(inspect.Reading) string
	find = func(reading inspect.Reading) string {
		for _, f := range reading.Facts {
			if f.Name == name {
				return f.Value
			}
		}
		for _, p := range reading.Parts {
			if v := find(p); v != "" {
				return v
			}
		}
		return ""
	}
	return find(r.Readings[0])
}

func kinds(r *inspect.Report) []string {
	var out []string
	for _, reading := range r.Readings {
		out = append(out, reading.Kind)
	}
	return out
}

var local = inspect.Options{ChainID: big.NewInt(31337)}

func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := inspect.ParseBytes(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func key(t testing.TB, s string) passkey.PublicKey {
	t.Helper()
	k, err := passkey.ParseRaw(bytesOf(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRecognisesWhatPeopleCopy(t *testing.T) {
	const rawKey = "0x38c1ecdb41d6e339d98204e0c85e6cd9ecb84f06dbb842038fa440dc3f192630fd0fb4ee572903c09e99a776c1d73b1dd0c7016584cfc394e08e460e252e5fa8"
	tests := []struct {
		name  string
		input string // data, or the name of a file in testdata
		opt   inspect.Options
		kinds []string // all readings, best first
		wrong []string // codes of errors
	}{
		{"a registration", "chromium-registration.json", inspect.Options{RPID: "localhost"}, []string{"registration"}, nil},
		{"an assertion", "chromium-assertion.json", inspect.Options{RPID: "localhost", Origins: []string{"http://localhost:45785"}, Key: key(t, rawKey)}, []string{"assertion"}, nil},
		{"an assertion for another site and page", "chromium-assertion.json", inspect.Options{RPID: "example.org", Origins: []string{"https://example.org/"}}, []string{"assertion"}, []string{"origin", "rp-id"}},
		{"an assertion over another challenge", "chromium-assertion.json", inspect.Options{Challenge: make([]byte, 32)}, []string{"assertion"}, []string{"challenge"}},
		{"authenticator data in base64url", "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg", inspect.Options{}, []string{"authenticator-data"}, nil},
		{"authenticator data in hex, without UV", "0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d97630100000002", inspect.Options{}, []string{"authenticator-data"}, nil},
		{"authenticator data, BS without BE", "0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d97631500000002", inspect.Options{}, []string{"authenticator-data"}, []string{"bs-without-be"}},
		{"authenticator data as a stringified Uint8Array", stringified(bytesOf(t, "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg")), inspect.Options{}, []string{"authenticator-data"}, nil},
		{"clientDataJSON", `{"type":"webauthn.get","challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","origin":"https://example.org","crossOrigin":false}`, inspect.Options{}, []string{"client-data"}, nil},
		{"clientDataJSON written again with spaces", `{ "type": "webauthn.get", "challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "origin": "https://example.org" }`, inspect.Options{}, []string{"client-data"}, []string{"spacing"}},
		{"clientDataJSON cut short", `{"type":"webauthn.get","challenge":"AAAAAAAAAAAAAAAAAAAAAAA`, inspect.Options{}, []string{"client-data"}, []string{"client-data"}},
		{"a challenge encoded twice", `{"type":"webauthn.get","challenge":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ","origin":"https://example.org"}`, inspect.Options{Challenge: make([]byte, 32)}, []string{"client-data"}, []string{"challenge"}},

		{"a credential id of Apple's", "tcqRi4R7-tGnRenRrJYGhb3VA2Y", inspect.Options{}, []string{"credential-id"}, nil},
		{"an address", "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789", inspect.Options{}, []string{"address"}, nil},
		{"a new owner of a MetaMask account", "0xf2fde38b0000000000000000000000005cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb", inspect.Options{}, []string{"account-call"}, nil},
		{"no owner any more", "0x715018a6", inspect.Options{}, []string{"account-call"}, nil},
		{"a raw key", rawKey, inspect.Options{}, []string{"raw-key", "p1363-signature"}, nil},
		{"an uncompressed key", "0x04" + rawKey[2:], inspect.Options{}, []string{"sec1-key"}, nil},
		{"a compressed key", "0x0238c1ecdb41d6e339d98204e0c85e6cd9ecb84f06dbb842038fa440dc3f192630", inspect.Options{}, []string{"sec1-key"}, nil},
		{"a COSE key", "0xa501020326200121582038c1ecdb41d6e339d98204e0c85e6cd9ecb84f06dbb842038fa440dc3f192630225820fd0fb4ee572903c09e99a776c1d73b1dd0c7016584cfc394e08e460e252e5fa8", inspect.Options{}, []string{"cose-key"}, nil},
		{"a COSE key off the curve", "0xa501020326200121582038c1ecdb41d6e339d98204e0c85e6cd9ecb84f06dbb842038fa440dc3f192630225820fd0fb4ee572903c09e99a776c1d73b1dd0c7016584cfc394e08e460e252e5fa9", inspect.Options{}, []string{"cose-key"}, []string{"cose"}},
		{"an SPKI key", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOMHs20HW4znZggTgyF5s2ey4TwbbuEIDj6RA3D8ZJjD9D7TuVykDwJ6Zp3bB1zsd0McBZYTPw5TgjkYOJS5fqA", inspect.Options{}, []string{"spki-key"}, nil},
		{"another key than the one given", rawKey, inspect.Options{Key: key(t, "0x5b36890dacbd7c9a96bb74a1ee28b3d2d75b72e09a20ef25cf8e6fd8a9f0350d0e14bed8d4682a34d83538bdff5b96e89a6666ec0db5745d02fa1210072df75a")}, []string{"raw-key", "p1363-signature"}, []string{"other-key"}},

		{"a DER signature", "MEQCIFqfJqtYAhGOFWvxmlObxl21OYkwyysFCBkfbxWNmu-fAiBrZbtPQoB_4xmNqRhMLfj-In6wiwVji43amUlTSEUpZA", inspect.Options{}, []string{"der-signature"}, nil},
		{"a DER signature with its buffer", "0x304402205a9f26ab5802118e156bf19a539bc65db5398930cb2b0508191f6f158d9aef9f02206b65bb4f42807fe3198da9184c2df8fe227eb08b05638b8dda994953484529640000", inspect.Options{}, []string{"der-signature"}, []string{"der"}},
		{"a P1363 signature", "0x5a9f26ab5802118e156bf19a539bc65db5398930cb2b0508191f6f158d9aef9f6b65bb4f42807fe3198da9184c2df8fe227eb08b05638b8dda99495348452964", inspect.Options{}, []string{"p1363-signature", "raw-key"}, nil},

		{"a MetaMask operation", "hybrid-operation.json", local, []string{"user-operation"}, nil},
		{"a MetaMask operation in packed form", "hybrid-packed.json", local, []string{"user-operation"}, nil},
		{"a Coinbase operation", "coinbase-operation.json", local, []string{"user-operation"}, nil},
		{"a Coinbase operation on another chain", "coinbase-operation.json", inspect.Options{ChainID: big.NewInt(8453)}, []string{"user-operation"}, []string{"challenge"}},
		{"a Kernel operation with its EntryPoint", "kernel-use.json", local, []string{"user-operation"}, nil},
		{"an operation of 0.7 for 0.6", "hybrid-operation.json", inspect.Options{EntryPoint: userop.V06}, []string{"user-operation"}, []string{"form"}},

		{"MetaMask's stub for estimation", "hybrid-stub.hex", inspect.Options{}, []string{"metamask-hybrid-webauthn"}, nil},
		{"an OpenZeppelin signature", "openzeppelin-good.hex", inspect.Options{Challenge: slices.Repeat([]byte{0xcd}, 32)}, []string{"openzeppelin-webauthn"}, nil},
		{"an OpenZeppelin signature over another hash", "openzeppelin-good.hex", inspect.Options{Challenge: make([]byte, 32)}, []string{"openzeppelin-webauthn"}, []string{"challenge"}},
		{"an OpenZeppelin signature with high s", "openzeppelin-high-s.hex", inspect.Options{}, []string{"openzeppelin-webauthn"}, []string{"high-s"}},
		{"an OpenZeppelin signature as a struct", "openzeppelin-leading-offset.hex", inspect.Options{}, []string{"openzeppelin-webauthn"}, []string{"leading-offset"}},
		{"a Safe signature", "safe-good.hex", inspect.Options{}, []string{"safe-webauthn"}, nil},
		{"a Safe signature with high s, which it takes", "safe-high-s.hex", inspect.Options{}, []string{"safe-webauthn"}, nil},
		{"a Coinbase ERC-1271 signature", "coinbase-1271.hex", inspect.Options{}, []string{"coinbase-webauthn"}, nil},
		{"a Kernel enable signature", "kernel-enable-signature.hex", inspect.Options{}, []string{"kernel-enable"}, nil},
		{"a Kernel ERC-1271 signature by permission", "kernel-1271-permission.hex", inspect.Options{}, []string{"kernel-1271"}, nil},
		{"a Kernel ERC-1271 signature by validator, or one of ours", "kernel-1271-sudo.hex", inspect.Options{}, []string{"postern-signature", "kernel-1271"}, nil},
		{"a Kernel nonce as nodes write it", "0x10235204ada0000000000000000000000000000000000000000000000000000", inspect.Options{}, []string{"kernel-nonce"}, nil},
		{"a Kernel nonce in decimal", "456213205870285987580935771540236313101639904677852407298781744404396769280n", inspect.Options{}, []string{"kernel-nonce"}, nil},
		{"a Kernel nonce key, in bytes", "0x00025204ada10000000000000000000000000000000000ff", inspect.Options{}, []string{"kernel-nonce-key"}, nil},
		{"the nonce key of a Kernel owner", "0x0000845adb2c711129d4f3966735ed98a9f09fc4ce570000", inspect.Options{}, []string{"kernel-nonce-key"}, nil},
		{"a serialised Kernel session", "kernel-session.txt", inspect.Options{}, []string{"kernel-session"}, nil},

		{"a bundler's words", "AA24 signature error", inspect.Options{}, []string{"bundler-error"}, []string{"aa24"}},
		{"a code alone", "AA24", inspect.Options{}, []string{"bundler-error"}, []string{"aa24"}},
		{"a code with what follows", "AA21: didn't pay prefund", inspect.Options{}, []string{"bundler-error"}, []string{"aa21"}},
		{"a bundler's reply", `{"jsonrpc":"2.0","id":1,"error":{"code":-32507,"message":"UserOperation reverted during simulation with reason: AA24 signature error"}}`, inspect.Options{}, []string{"rpc-error"}, []string{"aa24"}},
		{"FailedOp", "0x220266b6" + strings.Repeat("0", 64) + strings.Repeat("0", 62) + "40" + strings.Repeat("0", 62) + "14" + "41413234207369676e6174757265206572726f72" + strings.Repeat("0", 24), inspect.Options{}, []string{"revert"}, []string{"reverted"}},
		{"FailedOpWithRevert cut short", "0x65c8fd4d0000000000000000000000000000000000000000000000000000000000", inspect.Options{}, []string{"revert"}, []string{"malformed"}},
		{"a bundler's refusal without a code", `{"code":-32521,"message":"execution reverted"}`, inspect.Options{}, []string{"rpc-error"}, []string{"rpc"}},
		{"a node's refusal of its own", `{"error":{"code":-7,"message":"no"}}`, inspect.Options{}, []string{"rpc-error"}, []string{"rpc"}},
		{"a revert inside text", `execution reverted: 0x5b7812d4`, inspect.Options{}, []string{"bundler-error"}, []string{"reverted"}},
		{"an EntryPoint's address", "0x0000000071727De22E5E9d8BAf0edAc6f37da032", inspect.Options{}, []string{"address"}, nil},
		{"the RP ID hash of localhost", "0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763", inspect.Options{}, []string{"rp-id-hash"}, nil},
		{"hex that lost a digit", "0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d976301000000020", inspect.Options{}, []string{"authenticator-data"}, []string{"odd-hex"}},
		{"an operation with slips of the pen", `{"sender":"0x2a4b96275998cCf4C7fA99cb00F42c71d47C9aBE","nonce":5,"callData":"","callGasLimit":"0x0010","verificationGasLimit":"100000","preVerificationGas":"0x5208","maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x2","signature":"0x","chain":1}`, inspect.Options{}, []string{"user-operation"}, []string{"bytes", "quantity", "quantity", "quantity", "fees"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			input := []byte(tt.input)
			if strings.HasSuffix(tt.input, ".json") || strings.HasSuffix(tt.input, ".hex") || strings.HasSuffix(tt.input, ".txt") {
				input = read(t, tt.input)
			}
			r, err := inspect.Inspect(input, tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := kinds(r); !slices.Equal(got, tt.kinds) {
				t.Errorf("readings %v, want %v", got, tt.kinds)
			}
			if got := codes(r, inspect.Error); !slices.Equal(got, tt.wrong) {
				t.Errorf("errors %v, want %v", got, tt.wrong)
			}
			if r.OK != (len(tt.wrong) == 0) {
				t.Errorf("OK is %v", r.OK)
			}
		})
	}
}

func stringified(b []byte) string {
	m := map[string]byte{}
	for i, x := range b {
		m[big.NewInt(int64(i)).String()] = x
	}
	out, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestHashesOfAnOperationAreThoseOfTheChain(t *testing.T) {
	var want struct{ Digest, UserOpHash string }
	if err := json.Unmarshal(read(t, "hybrid-expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hybrid-operation.json", "hybrid-packed.json"} {
		r, err := inspect.Inspect(read(t, name), local)
		if err != nil {
			t.Fatal(err)
		}
		if got := fact(r, "hash, EntryPoint 0.7"); got != want.UserOpHash {
			t.Errorf("%s: hash %s, want %s", name, got, want.UserOpHash)
		}
		if got := fact(r, "challenge"); !strings.HasSuffix(got, want.Digest) {
			t.Errorf("%s: challenge %s, want %s", name, got, want.Digest)
		}
	}
}

// What isValidSignature of the real contract said must show here.
func TestMetaMaskRefusalsAreFoundWithoutTheChain(t *testing.T) {
	var cases []struct{ Name, Hash, Signature, Result string }
	if err := json.Unmarshal(read(t, "hybrid-signatures.json"), &cases); err != nil {
		t.Fatal(err)
	}
	var expected struct{ X, Y string }
	if err := json.Unmarshal(read(t, "hybrid-expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	pub := key(t, "0x"+strings.Repeat("0", 66-len(expected.X))+expected.X[2:]+strings.Repeat("0", 66-len(expected.Y))+expected.Y[2:])
	// The first is known to the chain alone, the others have a reading of their own.
	elsewhere := []string{"unknown keyIdHash", "raw p256 96 bytes", "64 bytes", "truncated"}
	for _, c := range cases {
		if slices.Contains(elsewhere, c.Name) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			r, err := inspect.Inspect([]byte(c.Signature), inspect.Options{Challenge: bytesOf(t, c.Hash), Key: pub})
			if err != nil {
				t.Fatal(err)
			}
			if accepted := strings.HasPrefix(c.Result, "0x1626ba7e"); r.OK != accepted {
				t.Errorf("OK is %v, the contract said %s; errors %v", r.OK, c.Result, codes(r, inspect.Error))
			}
		})
	}
}

func TestChromiumCapturesThatMisbehave(t *testing.T) {
	var captures struct {
		Registration json.RawMessage
		Assertions   []struct {
			Note, Challenge string
			Reply           json.RawMessage
		}
	}
	if err := json.Unmarshal(read(t, "chromium-synced.json"), &captures); err != nil {
		t.Fatal(err)
	}
	reg, err := passkey.ParseRegistration(captures.Registration)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"get after BE:=0,BS:=1 (illegal)": {"bs-without-be"},
		"get bogus sig":                   {"der"}, // the bytes are no signature at all
		"get bad UP":                      {"up"},
	}
	for _, c := range captures.Assertions {
		r, err := inspect.Inspect(c.Reply, inspect.Options{Challenge: bytesOf(t, c.Challenge), Key: reg.Key(), RPID: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(r, inspect.Error); !slices.Equal(got, want[c.Note]) {
			t.Errorf("%s: errors %v, want %v", c.Note, got, want[c.Note])
		}
		if got := slices.Contains(codes(r, inspect.Warning), "uv"); got != (c.Note == "get bad UV") {
			t.Errorf("%s: UV warning %v", c.Note, got)
		}
	}
}
