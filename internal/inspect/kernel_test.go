package inspect_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/seal"
)

const (
	sessionPasskey    = "0x5b36890dacbd7c9a96bb74a1ee28b3d2d75b72e09a20ef25cf8e6fd8a9f0350d0e14bed8d4682a34d83538bdff5b96e89a6666ec0db5745d02fa1210072df75a"
	sessionCredential = "ACKpXtWD2JA59za7Y5ntmvoJZxM"
)

func sessionOptions(t *testing.T, chain int64) inspect.Options {
	t.Helper()
	id, err := base64.RawURLEncoding.DecodeString(sessionCredential)
	if err != nil {
		t.Fatal(err)
	}
	return inspect.Options{ChainID: big.NewInt(chain), Key: key(t, sessionPasskey), CredentialID: id}
}

func inspected(t *testing.T, input []byte, opt inspect.Options) *inspect.Report {
	t.Helper()
	r, err := inspect.Inspect(input, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the owner signs is the enabling, not the operation around it.
func TestTheOwnersApprovalIsNotOverTheOperation(t *testing.T) {
	found := false
	var look func(r inspect.Reading, owners bool)
	look = func(r inspect.Reading, owners bool) {
		owners = owners || strings.HasPrefix(r.Title, "owner's approval")
		found = found || owners
		for _, p := range r.Parts {
			look(p, owners)
		}
		for _, f := range r.Facts {
			if owners && strings.HasPrefix(f.Name, "signer over ") {
				t.Errorf("%s: %s", f.Name, f.Value)
			}
		}
	}
	for _, r := range inspected(t, read(t, "kernel-enable.json"), sessionOptions(t, 31337)).Readings {
		look(r, false)
	}
	if !found {
		t.Error("there is no approval of the owner")
	}
}

// What an owner is asked to sign is read from what is signed.
func TestTypedDataForTheOwnerIsExplained(t *testing.T) {
	enable, err := seal.ParseKernelEnable(bytesOf(t, strings.TrimSpace(string(read(t, "kernel-enable-signature.hex")))))
	if err != nil {
		t.Fatal(err)
	}
	good := fmt.Sprintf(`{"types":{"Enable":[{"name":"validationId","type":"bytes21"},{"name":"nonce","type":"uint32"},{"name":"hook","type":"address"},{"name":"validatorData","type":"bytes"},{"name":"hookData","type":"bytes"},{"name":"selectorData","type":"bytes"}]},
		"primaryType":"Enable","domain":{"name":"Kernel","version":"0.3.3","chainId":"1","verifyingContract":"0x000000000000000000000000000000000000bEEF"},
		"message":{"validationId":"0x0235204ada%032x","nonce":"1","hook":"0x0000000000000000000000000000000000000000","validatorData":"0x%x","hookData":"0x","selectorData":"0x"}}`, 0, enable.EnableData)
	r := inspected(t, []byte(good), inspect.Options{})
	if !r.OK || fact(r, "permission id") != "0x35204ada" || fact(r, "chain id") != "1" || fact(r, "account") != "0x000000000000000000000000000000000000bEEF" {
		t.Errorf("%v, %+v", codes(r, inspect.Error), r.Readings)
	}
	request := inspected(t, []byte(`{"format":"postern/grant-request/1","digest":"0x","typedData":`+good+`}`), inspect.Options{})
	if !request.OK || fact(request, "permission id") != "0x35204ada" {
		t.Errorf("the request: %v", codes(request, inspect.Error))
	}
	for code, change := range map[string][2]string{
		"permission-id": {"0x0235204ada", "0x0235204adb"},
		"types":         {`"name":"validatorData"`, `"name":"other"`},
		"message":       {`"validationId":"0x02`, `"validationId":"02`},
	} {
		r := inspected(t, []byte(strings.Replace(good, change[0], change[1], 1)), inspect.Options{})
		if got := codes(r, inspect.Error); r.OK || !slices.Contains(got, code) {
			t.Errorf("%s: %v", code, got)
		}
	}
}

// The words are those of the grant, whichever way the permission came.
func TestWhatASessionKeyMayDoIsSaidInTheWordsOfGrants(t *testing.T) {
	enable, err := seal.ParseKernelEnable(bytesOf(t, strings.TrimSpace(string(read(t, "kernel-enable-signature.hex")))))
	if err != nil {
		t.Fatal(err)
	}
	p, err := kernel.ParseEnableData(enable.EnableData)
	if err != nil {
		t.Fatal(err)
	}
	var g grant.Grant
	for _, e := range p.Policies {
		policy, err := grant.DecodeKernelEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		g.Policies = append(g.Policies, policy)
	}
	want := grant.Words(g, grant.Style{})
	for name, input := range map[string]string{"enable signature": "kernel-enable-signature.hex", "operation": "kernel-enable.json", "document": "kernel-session.txt"} {
		r := inspected(t, read(t, input), sessionOptions(t, 31337))
		if !r.OK {
			t.Errorf("%s: wrong: %v", name, codes(r, inspect.Error))
		}
		for i, line := range want {
			if got := fact(r, "words "+string(rune('1'+i))); got != line {
				t.Errorf("%s: line %d is %q, want %q", name, i+1, got, line)
			}
		}
		if got := fact(r, "permission id"); got != "0x35204ada" {
			t.Errorf("%s: permission %s", name, got)
		}
	}
}

func TestAnOperationThatEnablesIsExplainedWhole(t *testing.T) {
	r := inspected(t, read(t, "kernel-enable.json"), local)
	for name, want := range map[string]string{
		"approves":             "Kernel's permission 0x35204ada, enabled by the same signature",
		"enabled for":          "0xe9ae5c53 = execute",
		"proof":                "none: it is the only one",
		"hash, EntryPoint 0.7": "0xd56903d2ce2d4d1408ac28e4c5bcdb83f4d072eca3131d4e498e8a1ad237b2cb",
	} {
		if got := fact(r, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := fact(r, "signature"); !strings.HasPrefix(got, "verifies") {
		t.Errorf("the session key's signature: %q", got)
	}
	var op map[string]any
	if err := json.Unmarshal(read(t, "kernel-enable.json"), &op); err != nil {
		t.Fatal(err)
	}
	for nonce, code := range map[string]string{
		"0x10235204adb0000000000000000000000000000000000000000000000000000": "nonce-permission",
		"0x235204ada0000000000000000000000000000000000000000000000000000":   "nonce-mode",
	} {
		op["nonce"] = nonce
		text, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(inspected(t, text, inspect.Options{}), inspect.Error); !slices.Contains(got, code) {
			t.Errorf("nonce %s: %v", nonce, got)
		}
	}
}

func TestAnApprovalIsHeldAgainstWhatIsKnown(t *testing.T) {
	text := read(t, "kernel-session.txt")
	if got := fact(inspected(t, text, sessionOptions(t, 31337)), "approved for"); got != "chain 31337, nonce 1, Kernel 0.3.2" {
		t.Errorf("approved for %q", got)
	}
	other := sessionOptions(t, 31337)
	other.CredentialID = []byte("another")
	account := common.HexToAddress("0x1111111111111111111111111111111111111111")
	elsewhere := sessionOptions(t, 31337)
	elsewhere.Account = &account
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(base64.StdEncoding.EncodeToString(bytes.Replace(decoded, []byte(`"valueLimit":"10"`), []byte(`"valueLimit":"99"`), 1)))
	for name, tt := range map[string]struct {
		input []byte
		opt   inspect.Options
		code  string
	}{
		"another chain":      {text, sessionOptions(t, 1), "owner"},
		"another passkey":    {text, other, "permission-id"},
		"another account":    {text, elsewhere, "account"},
		"a higher limit":     {changed, sessionOptions(t, 31337), "permission-id"},
		"cut short":          {[]byte(base64.StdEncoding.EncodeToString([]byte(`{"permissionParams":{"permissionId":"0x35204ada"}}`))), inspect.Options{}, "refused"},
		"a sealed one, cut":  {[]byte("postern-approval-1\nname: x\n"), inspect.Options{}, "refused"},
		"with a wrong type":  {[]byte(`{"permissionParams":7,"privateKey":"0x11"}`), inspect.Options{}, "refused"},
		"of another version": {[]byte("postern-approval-9\n"), inspect.Options{}, "refused"},
	} {
		r := inspected(t, tt.input, tt.opt)
		if got := codes(r, inspect.Error); !slices.Contains(got, tt.code) {
			t.Errorf("%s: %v, want %s", name, got, tt.code)
		}
	}
	if got := codes(inspected(t, []byte(`{"permissionParams":{},"privateKey":"0x11"}`), inspect.Options{}), inspect.Warning); !slices.Contains(got, "secret") {
		t.Errorf("a private key in a document that is refused goes unnoticed: %v", got)
	}
}

// A Merkle approval of several chains is told from a signature of one.
func TestAnApprovalOfSeveralChainsIsTold(t *testing.T) {
	enable, err := seal.ParseKernelEnable(bytesOf(t, strings.TrimSpace(string(read(t, "kernel-enable-signature.hex")))))
	if err != nil {
		t.Fatal(err)
	}
	merkle := enable.Approval
	proof := slices.Concat(merkle[:129], common.BigToHash(big.NewInt(2)).Bytes(), make([]byte, 64))
	for want, approval := range map[string][]byte{
		"none: it is the only one":         merkle,
		"2 hashes, so it is one of 3 to 4": proof,
	} {
		enable.Approval = approval
		r := inspected(t, []byte(common.Bytes2Hex(enable.Bytes())), inspect.Options{})
		if got := fact(r, "proof"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	enable.Approval = merkle[:65]
	if r := inspected(t, []byte(common.Bytes2Hex(enable.Bytes())), inspect.Options{}); fact(r, "proof") != "" || fact(r, "v") == "" {
		t.Error("a plain signature is not told")
	}
	enable.Approval = proof[:len(proof)-1]
	if r := inspected(t, []byte(common.Bytes2Hex(enable.Bytes())), inspect.Options{}); fact(r, "proof") != "" {
		t.Error("a proof that is cut is taken")
	}
}

// A signer with a known hole is named, whoever approved it.
func TestASignerWithAHoleIsNamed(t *testing.T) {
	enable, err := seal.ParseKernelEnable(bytesOf(t, strings.TrimSpace(string(read(t, "kernel-enable-signature.hex")))))
	if err != nil {
		t.Fatal(err)
	}
	p, err := kernel.ParseEnableData(enable.EnableData)
	if err != nil {
		t.Fatal(err)
	}
	p.Signer.Contract = common.HexToAddress("0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83")
	enable.EnableData = p.EnableData()
	if got := codes(inspected(t, []byte(common.Bytes2Hex(enable.Bytes())), inspect.Options{}), inspect.Error); !slices.Contains(got, "signer") {
		t.Errorf("the WebAuthn signer 0.0.3 passes: %v", got)
	}
	p.Policies[0] = p.Policies[0][:40]
	enable.EnableData = p.EnableData()
	if got := codes(inspected(t, []byte(common.Bytes2Hex(enable.Bytes())), inspect.Options{}), inspect.Error); !slices.Contains(got, "policy") {
		t.Errorf("a policy that is cut passes: %v", got)
	}
}
