package inspect_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// approval is that of the passkey that sealed uses.
func approval(t testing.TB, hash common.Hash, q softkey.Quirks) seal.PosternApproval {
	t.Helper()
	parsed, err := seal.ParsePostern(sealed(t, hash, q))
	if err != nil {
		t.Fatal(err)
	}
	return parsed[0]
}

// hintWarning is what is said against an approval's hints.
func hintWarning(r *inspect.Report) string {
	for _, p := range r.Readings[0].Parts {
		for _, f := range p.Findings {
			if f.Code == "hints" && f.Severity == inspect.Warning {
				return f.Message
			}
		}
	}
	return ""
}

func TestHintsAreNamedAndChecked(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("hints"))
	known := inspect.Options{Challenge: hash[:], RPID: rpID, Origins: []string{origin}}
	p, _ := new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	opposite := func(b []byte) {
		for _, at := range []int{32, 64} { // yR and i1
			v := new(big.Int).SetBytes(b[at : at+32])
			v.Sub(p, v).FillBytes(b[at : at+32])
		}
	}
	flip := func(at int) func([]byte) { return func(b []byte) { b[at] ^= 1 } }
	for _, tt := range []struct {
		name  string
		path  seal.P256Path
		spoil func([]byte)
		opt   inspect.Options
		about string
		wrong string // in the warning; "" for none
	}{
		{"table", 0x13, nil, known, "32 bytes (1/s), right; used where the contract verifies with a table", ""},
		{"table, spoilt", 0x13, flip(31), known, "32 bytes (1/s), wrong; ", "not 1/s"},
		{"no table", seal.PathNone, nil, known, "two inverses), right; used where the contract verifies without a table", ""},
		{"no table, hash not known", seal.PathNone, nil, inspect.Options{}, "128 bytes (w, yR and two inverses), right; ", ""},
		{"w spoilt", seal.PathNone, flip(31), known, "wrong; ", "w does not"},
		{"yR spoilt", seal.PathNone, flip(63), inspect.Options{}, "wrong; ", "yR is not"},
		{"i1 spoilt", seal.PathNone, flip(95), known, "wrong; ", "i1 is not"},
		{"i2 spoilt", seal.PathNone, flip(127), known, "wrong; ", "i2 is not"},
		{"of the opposite point", seal.PathNone, opposite, known, "wrong; ", "opposite"},
		{"of the opposite point, hash not known", seal.PathNone, opposite, inspect.Options{}, "right; ", ""},
		{"precompile", seal.PathPrecompile, nil, known, "", ""},
	} {
		for _, q := range []softkey.Quirks{{}, {ReverseMembers: true}} {
			a := approval(t, hash, q).WithHints(tt.path, hash)
			if tt.spoil != nil {
				tt.spoil(a.Hints)
			}
			b, err := seal.Postern(a)
			if err != nil {
				t.Fatal(err)
			}
			r := inspectHex(t, b, tt.opt)
			if len(r.Readings) != 1 || r.Readings[0].Kind != "postern-signature" || !r.OK {
				t.Fatalf("%s: read as %v, errors %v", tt.name, kinds(r), codes(r, inspect.Error))
			}
			if about := fact(r, "hints"); !strings.Contains(about, tt.about) || (tt.about == "") != (about == "") {
				t.Errorf("%s: %q", tt.name, about)
			}
			if warning := hintWarning(r); !strings.Contains(warning, tt.wrong) || (tt.wrong == "") != (warning == "") {
				t.Errorf("%s: %q", tt.name, warning)
			}
		}
	}
	b, err := seal.Postern(approval(t, hash, softkey.Quirks{}).WithHints(0x13, hash))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-33] = 31
	for _, broken := range [][]byte{b, b[:len(b)-1]} {
		if r := inspectHex(t, broken, known); !slices.Equal(codes(r, inspect.Error), []string{"malformed"}) {
			t.Errorf("hints of another length: %v", codes(r, inspect.Error))
		}
	}
}

func TestVerifierKeysAreNamed(t *testing.T) {
	_, reg, _ := device(t)
	verifier := contracts.P256Verifier
	for _, table := range []seal.P256Path{seal.PathNone, 0x13} {
		raw, err := seal.NewVerifierKey(reg.Key(), table)
		if err != nil {
			t.Fatal(err)
		}
		pass, err := seal.NewVerifierPasskey(reg.Key(), 0x11, table)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []seal.VerifierKey{raw, pass} {
			signer, err := k.Signer(verifier)
			if err != nil {
				t.Fatal(err)
			}
			for kind, b := range map[string][]byte{"postern-verifier-key": k.Bytes(), "erc7913-signer": signer.Bytes()} {
				if len(b) == 64 {
					kind = "raw-key"
				}
				r := inspectHex(t, b, inspect.Options{})
				if len(r.Readings) != 1 && len(b) != 64 || !slices.Contains(kinds(r), kind) || !r.OK {
					t.Errorf("%x: read as %v", b, kinds(r))
					continue
				}
				if len(b) == 64 {
					continue
				}
				if fact(r, "x") != "0x"+common.Bytes2Hex(k.Bytes()[:32]) || (table != 0) != strings.Contains(fact(r, "table"), "4k") ||
					k.IsPasskey() != (fact(r, "rule") != "") || kind == "erc7913-signer" && fact(r, "verifier") != verifier.Hex()+" = P256Verifier" {
					t.Errorf("%x: %+v", b, r.Readings[0].Facts)
				}
			}
		}
	}
	stranger := append(bytes.Repeat([]byte{0x99}, 20), reg.Key().Raw()...)
	if r := inspectHex(t, stranger, inspect.Options{}); fact(r, "verifier") != "0x9999999999999999999999999999999999999999" {
		t.Errorf("another verifier: %+v", r.Readings[0].Facts)
	}
	s, err := seal.PasskeySigner(reg.Key(), 0x11) // the rule looks like a table
	if err != nil {
		t.Fatal(err)
	}
	if r := inspectHex(t, s.Bytes(), inspect.Options{}); !slices.Equal(kinds(r), []string{"postern-signer"}) {
		t.Errorf("an account's passkey: %v", kinds(r))
	}
}

// erc7913 encodes verify(bytes,bytes32,bytes).
func erc7913(t testing.TB, key []byte, hash common.Hash, signature []byte) []byte {
	t.Helper()
	typed := func(name string) abi.Argument {
		ty, err := abi.NewType(name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return abi.Argument{Type: ty}
	}
	args, err := abi.Arguments{typed("bytes"), typed("bytes32"), typed("bytes")}.Pack(key, hash, signature)
	if err != nil {
		t.Fatal(err)
	}
	return append(crypto.Keccak256([]byte("verify(bytes,bytes32,bytes)"))[:4], args...)
}

func TestVerifierCallsAreVerifiedWhole(t *testing.T) {
	hash, other := crypto.Keccak256Hash([]byte("call")), crypto.Keccak256Hash([]byte("other"))
	_, reg, _ := device(t)
	key, err := seal.NewVerifierPasskey(reg.Key(), seal.RequireUV, 0x13)
	if err != nil {
		t.Fatal(err)
	}
	signature := func(q softkey.Quirks, p seal.P256Path) []byte {
		b, err := seal.VerifierSignature(approval(t, hash, q).WithHints(p, hash))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	packed := func(hash common.Hash, signature []byte) []byte {
		raw := key.Bytes()
		return slices.Concat(make([]byte, 28), raw[64:], signature[:1], signature[65:66], hash[:], raw[:64], signature[1:65], signature[66:])
	}
	good := signature(softkey.Quirks{}, 0x13)
	for name, tt := range map[string]struct {
		b     []byte
		kind  string
		wrong []string
	}{
		"packed":              {packed(hash, good), "postern-verifier-call", nil},
		"packed, general":     {packed(hash, signature(softkey.Quirks{ReverseMembers: true}, seal.PathNone)), "postern-verifier-call", nil},
		"packed, other hash":  {packed(other, good), "postern-verifier-call", []string{"signature"}},
		"packed, no UV":       {packed(hash, signature(softkey.Quirks{NoUV: true}, 0x13)), "postern-verifier-call", []string{"rule"}},
		"packed, cut":         {packed(hash, good[:len(good)-1]), "postern-verifier-call", []string{"malformed"}},
		"ERC-7913":            {erc7913(t, key.Bytes(), hash, good), "erc7913-verify", nil},
		"ERC-7913, other":     {erc7913(t, key.Bytes(), other, good), "erc7913-verify", []string{"signature"}},
		"ERC-7913, stranger":  {erc7913(t, []byte("key"), hash, good), "erc7913-verify", nil},
		"the signature alone": {good, "postern-verifier-signature", nil},
	} {
		r := inspectHex(t, tt.b, inspect.Options{})
		if r.Readings[0].Kind != tt.kind || !slices.Equal(codes(r, inspect.Error), tt.wrong) {
			t.Errorf("%s: read as %v, errors %v", name, kinds(r), codes(r, inspect.Error))
		}
		if tt.wrong == nil && tt.kind != "postern-verifier-signature" && !bytes.Contains(tt.b, []byte("key")) && !strings.Contains(fact(r, "hints"), "), right; ") {
			t.Errorf("%s: hints %q", name, fact(r, "hints"))
		}
	}
	another := hexutil.Encode(append([]byte{1}, packed(hash, good)[1:]...))
	if r, err := inspect.Inspect([]byte(another), inspect.Options{}); err == nil && slices.Contains(kinds(r), "postern-verifier-call") {
		t.Error("a call that does not begin with zeros")
	}
	// The same with the key and the hash given.
	r := inspectHex(t, good, inspect.Options{Key: reg.Key(), Challenge: hash[:]})
	if !r.OK || fact(r, "signed") == "" || fact(r, "rule") != "" || !strings.Contains(fact(r, "hints"), "), right; ") {
		t.Errorf("with a key: %+v", r.Readings[0])
	}
}

func TestRawVerifierCallsAreVerified(t *testing.T) {
	hash := common.HexToHash("0xaf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf")
	pub, err := passkey.ParseRaw(common.FromHex("0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"))
	if err != nil {
		t.Fatal(err)
	}
	s := passkey.Signature{ // RFC 6979, A.2.5, "sample", low s
		R: common.HexToHash("0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"),
		S: common.HexToHash("0x0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9"),
	}
	key, err := seal.NewVerifierKey(pub, seal.PathNone)
	if err != nil {
		t.Fatal(err)
	}
	b, err := seal.VerifierRaw(s, seal.PathNone.Hints(hash, s, pub))
	if err != nil {
		t.Fatal(err)
	}
	r := inspectHex(t, erc7913(t, key.Bytes(), hash, b), inspect.Options{})
	if !r.OK || !strings.Contains(fact(r, "hints"), "), right; ") || fact(r, "signed") != "the hash beside it" {
		t.Errorf("good: %+v", r.Readings[0])
	}
	r = inspectHex(t, erc7913(t, key.Bytes(), common.Hash{1}, b), inspect.Options{})
	if !slices.Equal(codes(r, inspect.Error), []string{"signature"}) {
		t.Errorf("another hash: %v", codes(r, inspect.Error))
	}
	r = inspectHex(t, erc7913(t, key.Bytes(), hash, b[:100]), inspect.Options{})
	if !slices.Equal(codes(r, inspect.Error), []string{"malformed"}) {
		t.Errorf("cut: %v", codes(r, inspect.Error))
	}
}
