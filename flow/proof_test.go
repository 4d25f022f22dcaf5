package flow_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

// The example of FCL's own tests of its encoder (packages/fcl-core, Apache-2.0).
func TestTheProofsMessageIsFCLs(t *testing.T) {
	nonce, _ := hex.DecodeString("3037366134636339643564623330316636626239323161663465346131393662")
	address, err := flow.ParseAddress("0x0000abc123def456")
	if err != nil {
		t.Fatal(err)
	}
	p := flow.Proof{App: "AWESOME-APP-ID", Address: address, Nonce: nonce}
	got, err := p.Message()
	want := "46434c2d4143434f554e542d50524f4f462d56302e3000000000000000000000" +
		"f8398e415745534f4d452d4150502d4944880000abc123def456a03037366134636339643564623330316636626239323161663465346131393662"
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v", got, err)
	}
}

func TestProofs(t *testing.T) {
	user := flow.Address{1, 7: 2}
	one, two, plain := flowtest.NewSigner("one"), flowtest.NewSigner("two"), flowtest.NewSigner("plain")
	keys := []flow.AccountKey{
		flow.Passkey(one.Public(), 500), flow.Passkey(two.Public(), 500), flow.Passkey(plain.Public(), 1000), flow.Passkey(plain.Public(), 1000),
	}
	for i := range keys {
		keys[i].Index = uint32(i)
	}
	keys[3].Revoked = true
	policy := flow.Policy{Assertion: passkey.Rule{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}}
	usual, bare := flowtest.WebAuthn()[0], flowtest.Plain()[0]
	nonce := bytes.Repeat([]byte{9}, 32)
	sign := func(app string, key uint32) flow.Signature {
		p := flow.Proof{App: app, Address: user, Nonce: nonce}
		m, err := p.Message()
		if err != nil {
			t.Fatal(err)
		}
		s := flow.Signature{Address: user, KeyIndex: key}
		if key < 2 {
			s.Signature, s.Extension = usual.Make([]*flowtest.Signer{one, two}[key], m)
		} else {
			s.Signature, s.Extension = bare.Make(plain, m)
		}
		return s
	}
	of := func(app string, keys ...uint32) []flow.Signature {
		var out []flow.Signature
		for _, k := range keys {
			out = append(out, sign(app, k))
		}
		return out
	}
	stranger := sign("app", 2)
	stranger.Address = flow.Address{5}
	// Signatures of the same words as a user's message, whose tag FCL's contract takes as well.
	words := &flow.Proof{App: "app", Address: user, Nonce: nonce}
	message, err := words.Message()
	if err != nil {
		t.Fatal(err)
	}
	asUser := append(make([]byte, 0, 256), flow.TagUserMessage...)
	asUser = append(append(asUser, make([]byte, 32-len(asUser))...), message[32:]...)
	tagged := []flow.Signature{{Address: user, KeyIndex: 2}, {Address: user, KeyIndex: 0}, {Address: user, KeyIndex: 1}}
	for i, by := range []*flowtest.Signer{plain, one, two} {
		how := usual
		if i == 0 {
			how = bare
		}
		tagged[i].Signature, tagged[i].Extension = how.Make(by, asUser)
	}
	elsewhere := of("app", 2)
	elsewhere[0].Address = flow.Address{5}
	for name, c := range map[string]struct {
		proof flow.Proof
		cause error
	}{
		"two passkeys of 500":  {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 0, 1)}, nil},
		"a plain key of 1000":  {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 2)}, nil},
		"one passkey of 500":   {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 0)}, flow.ErrProof},
		"the same key twice":   {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 0, 0)}, flow.ErrProof},
		"nothing":              {flow.Proof{App: "app", Address: user, Nonce: nonce}, flow.ErrProof},
		"a revoked key":        {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 3)}, flow.ErrRevoked},
		"no such key":          {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 4)}, flow.ErrProof},
		"another app":          {flow.Proof{App: "App", Address: user, Nonce: nonce, Signatures: of("app", 2)}, flow.ErrSignature},
		"another app, passkey": {flow.Proof{App: "App", Address: user, Nonce: nonce, Signatures: of("app", 0, 1)}, flow.ErrChallenge},
		"another nonce":        {flow.Proof{App: "app", Address: user, Nonce: make([]byte, 32), Signatures: of("app", 2)}, flow.ErrSignature},
		"another account":      {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: []flow.Signature{stranger}}, flow.ErrProof},
		"of another account's": {flow.Proof{App: "app", Address: flow.Address{5}, Nonce: nonce, Signatures: elsewhere}, flow.ErrSignature},
		"as a user's message":  {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: tagged[:1]}, flow.ErrSignature},
		"so, by passkeys":      {flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: tagged[1:]}, flow.ErrChallenge},
		"a short nonce":        {flow.Proof{App: "app", Address: user, Nonce: nonce[:31], Signatures: of("app", 2)}, flow.ErrProof},
		"no app":               {flow.Proof{Address: user, Nonce: nonce}, flow.ErrProof},
		"a long nonce":         {flow.Proof{App: "app", Address: user, Nonce: make([]byte, 1025)}, flow.ErrProof},
		"a long app":           {flow.Proof{App: strings.Repeat("a", 1025), Address: user, Nonce: nonce}, flow.ErrProof},
	} {
		if err := c.proof.Verify(keys, policy); !errors.Is(err, c.cause) || (c.cause == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.cause)
		}
	}
	good := flow.Proof{App: "app", Address: user, Nonce: nonce, Signatures: of("app", 0, 1)}
	if err := good.Verify(keys, flow.Policy{Assertion: passkey.Rule{RPID: "other.example", Origins: []string{flowtest.Origin}}}); !errors.Is(err, passkey.ErrRPID) {
		t.Errorf("of another relying party: %v", err)
	}
	// Limits are named.
	for _, p := range []flow.Proof{{App: "app", Nonce: make([]byte, 1025)}, {App: strings.Repeat("a", 1025), Nonce: nonce}} {
		if _, err := p.Message(); err == nil || !strings.Contains(err.Error(), "1025 bytes") || !strings.Contains(err.Error(), "to 1024") {
			t.Errorf("%v", err)
		}
	}
	for _, p := range []flow.Proof{{App: "app", Nonce: make([]byte, 1024)}, {App: strings.Repeat("a", 1024), Nonce: nonce}} {
		if _, err := p.Message(); err != nil {
			t.Error(err)
		}
	}
	// Which signature is bad is said, whatever is wrong with it.
	for cause, p := range map[error]flow.Proof{
		flow.ErrSignature: {App: "app", Address: user, Nonce: nonce, Signatures: append(of("app", 0), of("other", 2)...)},
		passkey.ErrOrigin: {App: "app", Address: user, Nonce: nonce, Signatures: append(of("app", 2), of("app", 1)...)},
	} {
		rule := policy
		if cause == passkey.ErrOrigin {
			rule.Assertion.Origins = []string{"https://other.example"}
		}
		if err := p.Verify(keys, rule); !errors.Is(err, cause) || !strings.Contains(err.Error(), "signature 1") {
			t.Errorf("%v", err)
		}
	}
	// A proof has no id that another s would change: FCL and Cadence take a high one.
	for name, high := range map[string]flow.Proof{
		"a plain key":  {App: "app", Address: user, Nonce: nonce, Signatures: of("app", 2)},
		"two passkeys": {App: "app", Address: user, Nonce: nonce, Signatures: of("app", 0, 1)},
	} {
		for _, s := range high.Signatures {
			low := new(big.Int).SetBytes(s.Signature[32:])
			new(big.Int).Sub(elliptic.P256().Params().N, low).FillBytes(s.Signature[32:])
		}
		if err := high.Verify(keys, policy); err != nil {
			t.Errorf("%s with a high s: %v", name, err)
		}
	}
	// 999 is not enough.
	for weight, cause := range map[uint16]error{499: flow.ErrProof, 500: nil} {
		keys[1].Weight = weight
		if err := good.Verify(keys, policy); !errors.Is(err, cause) || (cause == nil) != (err == nil) {
			t.Errorf("weights of %d: %v", 500+weight, err)
		}
	}
	script, arguments, err := good.Script()
	if err != nil || len(script) == 0 || len(arguments) != 5 {
		t.Fatalf("%s, %d arguments, %v", script, len(arguments), err)
	}
	for _, a := range arguments {
		if _, err := flow.ParseValue(a); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestKeyScripts(t *testing.T) {
	s := flowtest.NewSigner("user")
	half := flow.Passkey(s.Public(), 500)
	_, arguments, err := flow.CreateAccount(half, half)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"type":"String","value":"` + half.PublicHex() + `"}`
	for i, want := range []string{
		`{"type":"Array","value":[` + text + `,` + text + `]}`,
		`{"type":"Array","value":[{"type":"UInt8","value":"1"},{"type":"UInt8","value":"1"}]}`,
		`{"type":"Array","value":[{"type":"UInt8","value":"1"},{"type":"UInt8","value":"1"}]}`,
		`{"type":"Array","value":[{"type":"UFix64","value":"500.00000000"},{"type":"UFix64","value":"500.00000000"}]}`,
	} {
		if got := string(arguments[i]); got != want {
			t.Errorf("argument %d: %s, want %s", i, got, want)
		}
	}
	heavy, strange := half, half
	heavy.Weight, strange.Hash = 1001, "MD5"
	for _, k := range []flow.AccountKey{heavy, strange} {
		if _, _, err := flow.AddKeys(k); !errors.Is(err, flow.ErrKey) {
			t.Errorf("%+v: %v", k, err)
		}
	}
	if _, _, err := flow.AddKeys(); !errors.Is(err, flow.ErrKey) {
		t.Error("no keys")
	}
	script, arguments := flow.RevokeKey(3)
	if len(script) == 0 || string(arguments[0]) != `{"type":"Int","value":"3"}` {
		t.Errorf("%s", arguments)
	}
	public, err := flow.ParsePublic(half.PublicHex())
	if err != nil || public != half.Public {
		t.Error(err)
	}
	if _, err := flow.ParsePublic("04" + half.PublicHex()); !errors.Is(err, flow.ErrKey) {
		t.Error("65 bytes are no key")
	}
}
