package inspect_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/internal/inspect"
)

func flowTransaction(t testing.TB) *flow.Transaction {
	t.Helper()
	user := flow.Address{0xf8, 7: 1}
	script, arguments := flow.RevokeKey(3)
	return &flow.Transaction{Script: script, Arguments: arguments, GasLimit: 100,
		ProposalKey: flow.ProposalKey{Address: user, SequenceNumber: 7}, Payer: flow.Address{7: 9}, Authorizers: []flow.Address{user}}
}

// What nodes refuse for the extension's own sake is an error, in package flow's words; what they take has none.
func TestExtensionsOfFlowAreExplained(t *testing.T) {
	tx := flowTransaction(t)
	message, err := tx.Message(tx.ProposalKey.Address)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256(message)
	known := inspect.Options{Challenge: challenge[:]}
	seen := 0
	for _, c := range flowtest.WebAuthn() {
		_, extension := c.Make(flowtest.NewSigner("user"), message)
		if _, _, err := flow.ParseExtension(extension); err != nil {
			continue
		}
		seen++
		r, err := inspect.Inspect([]byte(hex.EncodeToString(extension)), known)
		if err != nil || r.Readings[0].Kind != "flow-extension" {
			t.Errorf("%s: %v, %v", c.Name, err, kinds(r))
			continue
		}
		want := c.Cause != nil && !errors.Is(c.Cause, flow.ErrSignature) && !errors.Is(c.Cause, flow.ErrSignatureLen)
		if r.OK == want {
			t.Errorf("%s (%v): %+v", c.Name, c.Cause, r.Readings[0].Findings)
		}
		if want && !slices.ContainsFunc(r.Readings[0].Findings, func(f inspect.Finding) bool {
			return f.Hint != "" && strings.Contains(f.Message, strings.TrimPrefix(c.Cause.Error(), "flow: "))
		}) {
			t.Errorf("%s: %+v", c.Name, r.Readings[0].Findings)
		}
	}
	if seen < 20 {
		t.Errorf("%d extensions", seen)
	}
}

func TestExtensionsOfFlowAreComparedWithWhatIsGiven(t *testing.T) {
	_, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("user"), []byte("message"))
	right := inspect.Options{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}
	for name, c := range map[string]struct {
		b    []byte
		opt  inspect.Options
		want []string
	}{
		"right":                 {extension, right, nil},
		"another challenge":     {extension, inspect.Options{Challenge: make([]byte, 32)}, []string{"challenge"}},
		"another relying party": {extension, inspect.Options{RPID: "example.org"}, []string{"rp-id"}},
		"another origin":        {extension, inspect.Options{Origins: []string{"https://example.org"}}, []string{"origin"}},
		"cut":                   {extension[:len(extension)-1], right, []string{"extension"}},
	} {
		r, err := inspect.Inspect([]byte(hex.EncodeToString(c.b)), c.opt)
		if err != nil || r.Readings[0].Kind != "flow-extension" || !slices.Equal(codes(r, inspect.Error), c.want) {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestMessagesOfFlowAreExplained(t *testing.T) {
	tx := flowTransaction(t)
	user := tx.ProposalKey.Address
	payload, err := tx.Message(user)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256(payload)
	r, err := inspect.Inspect([]byte(hex.EncodeToString(payload)), inspect.Options{Challenge: challenge[:]})
	if err != nil || !r.OK || r.Readings[0].Kind != "flow-message" || !strings.HasPrefix(fact(r, "script"), "revokes a key of the authorizer's account: ") ||
		fact(r, "key") != "number 3, which can then never sign for the account again" || fact(r, "payer") != tx.Payer.String() || fact(r, "signed by") != "proposer and authorizers (payload)" {
		t.Errorf("%v, %+v", err, r)
	}
	if r, err := inspect.Inspect(payload, inspect.Options{Challenge: make([]byte, 32)}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"challenge"}) {
		t.Errorf("another challenge: %v, %+v", err, r)
	}
	if r, err := inspect.Inspect(payload[:len(payload)-1], inspect.Options{}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"message"}) || r.Readings[0].Findings[0].Hint == "" {
		t.Errorf("cut: %v, %+v", err, r)
	}

	signature, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("user"), payload)
	if err := tx.Sign(flow.Signature{Address: user, Signature: signature, Extension: extension}); err != nil {
		t.Fatal(err)
	}
	envelope, err := tx.Message(tx.Payer)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := inspect.Inspect(envelope, inspect.Options{}); err != nil || !r.OK || fact(r, "signed by") != "the payer (envelope)" || fact(r, "signed") != user.String()+", key 0" {
		t.Errorf("envelope: %v, %+v", err, r)
	}
	r, err = inspect.Inspect([]byte(hex.EncodeToString(tx.Bytes())), inspect.Options{})
	if err != nil || r.Readings[0].Kind != "flow-transaction" || !slices.Equal(codes(r, inspect.Note), []string{"missing", "verify"}) {
		t.Errorf("transaction: %v, %+v", err, r)
	}
	tx.GasLimit = flow.MaxGasLimit + 1
	if r, err := inspect.Inspect(tx.Bytes(), inspect.Options{}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"gas-limit"}) {
		t.Errorf("gas: %v, %+v", err, r)
	}
}

// What brings power over an account is said before it is signed; arguments that a known script does not take make it unknown.
func TestScriptsOfPackageFlowAreInWords(t *testing.T) {
	heavy := flow.Passkey(flowtest.NewSigner("heavy").Public(), 1000)
	light := flow.AccountKey{Public: heavy.Public, Curve: flow.Secp256k1, Hash: flow.SHA3, Weight: 500}
	script, both, err := flow.AddKeys(heavy, light)
	if err != nil {
		t.Fatal(err)
	}
	_, one, err := flow.AddKeys(light)
	if err != nil {
		t.Fatal(err)
	}
	create, _, err := flow.CreateAccount(light)
	if err != nil {
		t.Fatal(err)
	}
	revoke, number := flow.RevokeKey(3)
	facts := func(script []byte, arguments [][]byte) string {
		var out []string
		for _, f := range inspect.FlowTransaction(&flow.Transaction{Script: script, Arguments: arguments}) {
			if f.Name == "key" || f.Name == "caution" || strings.HasPrefix(f.Name, "argument") {
				out = append(out, f.Name+" "+f.Value)
			}
		}
		return strings.Join(out, "\n")
	}
	public := heavy.PublicHex()
	for name, c := range map[string]struct {
		script    []byte
		arguments [][]byte
		want      string
	}{
		"both":   {script, both, "key " + public + ", ECDSA_P256 with SHA2_256, weight 1000 of 1000\nkey " + public + ", ECDSA_secp256k1 with SHA3_256, weight 500 of 1000\ncaution what is added can do everything with the account: add only what is yours"},
		"light":  {script, one, "key " + public + ", ECDSA_secp256k1 with SHA3_256, weight 500 of 1000\ncaution together with other keys, what is added can do everything with the account: add only what is yours"},
		"create": {create, one, "key " + public + ", ECDSA_secp256k1 with SHA3_256, weight 500 of 1000\ncaution nobody will be able to use the account: its keys weigh 500 together, and 1000 are needed"},
		"revoke": {revoke, number, "key number 3, which can then never sign for the account again"},
	} {
		if got := facts(c.script, c.arguments); got != c.want || !inspect.FlowKnown(&flow.Transaction{Script: c.script, Arguments: c.arguments}) {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	swap := func(at int, with string) [][]byte {
		out := slices.Clone(one)
		out[at] = []byte(with)
		return out
	}
	array := func(kind, text string) string {
		return `{"type":"Array","value":[{"type":"` + kind + `","value":"` + text + `"}]}`
	}
	for name, c := range map[string]struct {
		script    []byte
		arguments [][]byte
	}{
		"three columns":       {script, one[:3]},
		"five":                {script, append(slices.Clone(one), one[0])},
		"columns of two":      {script, append(slices.Clone(both[:3]), one[3])},
		"no keys":             {script, [][]byte{[]byte(`{"type":"Array","value":[]}`), []byte(`{"type":"Array","value":[]}`), []byte(`{"type":"Array","value":[]}`), []byte(`{"type":"Array","value":[]}`)}},
		"no JSON":             {script, swap(0, "x")},
		"no key":              {script, swap(0, array("String", "00"))},
		"curve 3":             {script, swap(1, array("UInt8", "3"))},
		"hash 2":              {script, swap(2, array("UInt8", "2"))},
		"another type":        {script, swap(2, array("UInt16", "1"))},
		"more than the whole": {script, swap(3, array("UFix64", "1001.0"))},
		"a broken weight":     {script, swap(3, array("UFix64", "1000.5"))},
		"key -1":              {revoke, [][]byte{flow.Int(-1).JSON()}},
		"key by text":         {revoke, [][]byte{flow.Text("1").JSON()}},
		"no number":           {revoke, nil},
		"another script":      {[]byte("transaction {}"), one},
	} {
		got := facts(c.script, c.arguments)
		if inspect.FlowKnown(&flow.Transaction{Script: c.script, Arguments: c.arguments}) || strings.Contains(got, "caution") || strings.Count(got, "argument ") != len(c.arguments) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
