package guard

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/seal"
)

// What docs/formats.md says of MetaMask's accounts is what the packages do.
func TestTheFormatsOfMetaMaskAccountsAreTheDocumentedOnes(t *testing.T) {
	text := read(t, "docs/formats.md")
	_, section, found := strings.Cut(text, "\n## MetaMask Hybrid\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/formats.md has no section on MetaMask Hybrid")
	}
	field := func(name string) string {
		m := regexp.MustCompile(`(?m)^` + name + `: +(\S+)$`).FindStringSubmatch(section)
		if m == nil {
			t.Fatalf("no %s in the example of a key id", name)
		}
		return m[1]
	}
	credential, err := hex.DecodeString(field("credential"))
	if err != nil {
		t.Fatal(err)
	}
	if id := seal.MetaMaskKeyID(credential); id != field("text") || seal.MetaMaskKeyIDHash(id) != common.HexToHash(field("hash")) {
		t.Errorf("the example of a key id should read text %s, hash %s", id, seal.MetaMaskKeyIDHash(id))
	}
	d := hybrid.V130()
	for _, a := range []common.Address{d.Factory, d.Implementation} {
		if !strings.Contains(section, a.Hex()) {
			t.Errorf("the address %s is missing", a)
		}
	}
	if !strings.Contains(read(t, "docs/trust.md"), "0xB0403B32f54d0Bd752113f4009e8B534C6669f44") {
		t.Error("docs/trust.md does not name the DelegationManager's owner")
	}

	acct, err := hybrid.New(hybrid.Config{Deployment: d, Owner: common.Address{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	_, deploy := acct.Factory()
	calls := []account.Call{{To: common.Address{9}}, {To: common.Address{8}}}
	one, err := acct.EncodeCalls(calls[:1])
	if err != nil {
		t.Fatal(err)
	}
	several, err := acct.EncodeCalls(calls)
	if err != nil {
		t.Fatal(err)
	}
	for signature, data := range map[string][]byte{
		"deploy(bytes,bytes32)": deploy, "execute((address,uint256,bytes))": one, "execute(bytes32,bytes)": several,
	} {
		selector := crypto.Keccak256([]byte(signature))[:4]
		if !bytes.HasPrefix(data, selector) || !strings.Contains(section, "0x"+hex.EncodeToString(selector)) {
			t.Errorf("%s: the calldata starts with %x, its selector is %x; is it documented?", signature, data[:4], selector)
		}
	}
}
