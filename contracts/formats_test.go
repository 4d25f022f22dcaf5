package contracts_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// block gives the fields of a fenced block in docs/formats.md.
func block(t *testing.T, document, name string) (fields map[string]string, order []string) {
	t.Helper()
	_, rest, ok := strings.Cut(document, "```"+name+"\n")
	if !ok {
		t.Fatalf("no block %s", name)
	}
	body, _, _ := strings.Cut(rest, "```")
	fields = map[string]string{}
	for line := range strings.Lines(body) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[key] = strings.TrimSpace(value)
		order = append(order, key)
	}
	return fields, order
}

func TestTheDocumentedSignatureIsAccepted(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(text)
	fields, order := block(t, document, "example")
	var sig []byte
	for _, key := range order[1:] { // without the hash
		value := fields[key]
		if quoted, ok := strings.CutPrefix(value, `"`); ok {
			sig = append(sig, strings.TrimSuffix(quoted, `"`)...)
			continue
		}
		b, err := hex.DecodeString(value)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		sig = append(sig, b...)
	}
	hash := common.HexToHash(fields["hash"])
	p := newPasskey(t, "docs", seal.RequireUV)
	want := p.approve(hash)
	if hash != opHash("docs") || hex.EncodeToString(sig) != hex.EncodeToString(want) {
		t.Fatalf("the example should read\n%s", example(opHash("docs"), p.approve(opHash("docs"))))
	}
	if length := fmt.Sprintf("%d bytes. authData", len(sig)); !strings.Contains(document, length) {
		t.Errorf("the text should say %q", length)
	}
	if challenge := base64.RawURLEncoding.EncodeToString(hash[:]); !strings.Contains(document, "`"+challenge+"`") {
		t.Errorf("the text should say %q", challenge)
	}
	a := newAccount(t, osaka, equal(1, p.signer))
	if !a.validates(hash, sig) {
		t.Error("the account refuses the example")
	}
	if _, err := seal.ParsePostern(sig); err != nil {
		t.Error(err)
	}
}

func example(hash common.Hash, sig []byte) string {
	x := func(from, to int) string { return hex.EncodeToString(sig[from:to]) }
	return fmt.Sprintf("hash:      %x\nkind:      %s\nx:         %s\ny:         %s\nrule:      %s\nr:         %s\ns:         %s\nauthLen:   %s\nauthData:  %s\nsuffixLen: %s\nsuffix:    \"%s\"\n",
		hash, x(0, 1), x(1, 33), x(33, 65), x(65, 66), x(66, 98), x(98, 130), x(130, 131), x(131, 168), x(168, 170), sig[170:])
}

func TestTheDocumentedAddressIsRight(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := block(t, string(text), "address")
	d := contracts.Deployment{
		Implementation: common.HexToAddress("0x" + strings.Repeat("11", 20)),
		Factory:        common.HexToAddress("0x" + strings.Repeat("22", 20)),
	}
	params := equal(1, newPasskey(t, "docs", seal.RequireUV).signer)
	address, err := d.Address(params)
	if err != nil {
		t.Fatal(err)
	}
	salt, err := params.CREATE2Salt()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"salt'":    hex.EncodeToString(salt[:]),
		"initHash": hex.EncodeToString(contracts.ProxyInitCodeHash(d.Implementation).Bytes()),
		"address":  hex.EncodeToString(address[:]),
	} {
		if fields[key] != want {
			t.Errorf("%s: the document says %s, it is %s", key, fields[key], want)
		}
	}
}

func TestTheDocumentedInitCodeAndSlotAreOurs(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("src/SignerStore.sol")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`STORAGE = (0x[0-9a-f]{64});`).FindSubmatch(source)
	if m == nil || !strings.Contains(string(text), string(m[1])) {
		t.Errorf("the document does not name the slot %s", m)
	}
}
