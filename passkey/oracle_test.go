package passkey_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// stricter lists the causes for which this package refuses what @simplewebauthn/server accepts,
// and why. Any other difference fails the test, as does accepting what the oracle refuses.
//
// One difference is not exercised: the oracle looks at tokenBinding, which Level 3 removed.
var stricter = map[passkey.Cause]string{
	passkey.ErrJSON:          "the oracle's caller uses JSON.parse, and it decodes client data with replacement characters and without looking for a byte order mark",
	passkey.ErrDuplicate:     "JSON.parse takes the last of two members, another parser the first",
	passkey.ErrMember:        "escapes in type and challenge, wrong types of members that the oracle does not read, long user handles",
	passkey.ErrBase64:        "padding, standard base64, stray bits and text user handles are all let through there",
	passkey.ErrTopOrigin:     "the oracle accepts crossOrigin without a name for the embedder from anyone",
	passkey.ErrSignatureForm: "the oracle's DER reader lets trailing bytes and long forms pass",
}

type oracleCase struct {
	Assertion string `json:"assertion"`
	Key       string `json:"key"`
	Rule      struct {
		RPID      string   `json:"rpId"`
		Origins   []string `json:"origins"`
		Challenge string   `json:"challenge"`
		UV        bool     `json:"uv"`
	} `json:"rule"`
}

// Differential test: random and mutated assertions, with verdicts of an independent library.
func TestNeverMoreLenientThanSimpleWebAuthn(t *testing.T) {
	script := filepath.Join("..", "interop", "js", "webauthn", "oracle.mjs")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED, NOT PASSED: node is missing; install Node.js 20 or newer")
	}
	if _, err := os.Stat(filepath.Join("..", "interop", "js", "node_modules", "@simplewebauthn", "server")); err != nil {
		t.Skip("SKIPPED, NOT PASSED: @simplewebauthn/server is missing; run npm ci in interop/js")
	}

	const n = 500
	d := newDevice(t, softkey.WithSignCounter())
	r := rand.New(rand.NewPCG(7, 8))
	ours := make([]error, n)
	inputs := make([]string, n)
	var lines bytes.Buffer
	for i := range n {
		q := randomQuirks(r)
		q.CrossOrigin, q.ExtraMember = r.IntN(20) == 0, q.ExtraMember || r.IntN(10) == 0
		if r.IntN(20) == 0 {
			q.TopOriginAlone = "https://example.com"
		}
		d.SetQuirks(q)
		raw := mutateForOracle(r, d.get(t), i)
		rule := testRule()
		if r.IntN(2) == 0 {
			rule.UserVerification = passkey.Required
		}
		ours[i], inputs[i] = verifyJSON(raw, d.key, rule), string(raw)
		c := oracleCase{Assertion: string(raw), Key: b64(d.key.COSE())}
		c.Rule.RPID, c.Rule.Origins, c.Rule.Challenge, c.Rule.UV = rule.RPID, rule.Origins, b64(rule.Challenge), rule.UserVerification == passkey.Required
		lines.Write(append(marshal(t, c), '\n'))
	}

	cmd := exec.CommandContext(t.Context(), node, script)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = &lines, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle: %v\n%s", err, stderr.Bytes())
	}
	both, neither, differ := 0, 0, map[passkey.Cause]int{}
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 1<<20)
	i := 0
	for ; s.Scan(); i++ {
		var theirs struct {
			OK    bool
			Error string
		}
		if err := json.Unmarshal(s.Bytes(), &theirs); err != nil {
			t.Fatal(err)
		}
		switch {
		case ours[i] == nil && theirs.OK:
			both++
		case ours[i] == nil:
			t.Errorf("accepted here, refused there with %q: %s", theirs.Error, inputs[i])
		case !theirs.OK:
			neither++
		default:
			var e *passkey.Error
			if !errors.As(ours[i], &e) || stricter[e.Cause] == "" {
				t.Errorf("refused here with %v, accepted there: %s", ours[i], inputs[i])
				continue
			}
			differ[e.Cause]++
		}
	}
	if i != n || both < 50 || neither < 50 || len(differ) < 4 {
		t.Errorf("%d verdicts, %d accepted by both, %d refused by both, differences %v: the mix is no test", i, both, neither, differ)
	}
	t.Logf("%d accepted by both, %d refused by both, stricter here: %v", both, neither, differ)
}

// mutateForOracle adds to mutate the liberties that lenient parsers take, one after the other.
func mutateForOracle(r *rand.Rand, raw []byte, i int) []byte {
	edits := [][2]string{
		{`"type":"public-key"`, `"type":"public-key","type":"public-key"`},
		{`"userHandle":"`, `"userHandle":"text with spaces `},
		{`","signature"`, `=","signature"`},
		{`"clientExtensionResults":{}`, `"clientExtensionResults":[]`},
		{`"authenticatorAttachment":"platform"`, `"authenticatorAttachment":7`},
		{`","userHandle"`, `AAAA","userHandle"`},
		{`"response":{`, `"response":{"clientDataJSON":"e30",`},
		{`{"auth`, "\ufeff{\"auth"},
	}
	if i%5 == 0 {
		e := edits[i/5%len(edits)]
		return bytes.Replace(raw, []byte(e[0]), []byte(e[1]), 1)
	}
	return mutate(r, raw)
}
