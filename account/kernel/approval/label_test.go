package approval_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// What whoever sealed a file calls things is shown to people: it is a name, or it
// does not open.
func TestALabelIsAName(t *testing.T) {
	_, docs := sealable(t)
	for _, name := range []string{"a\nb", "a\x1b[2Jb", "a\u009bb", "a\u202eb", strings.Repeat("a", 257)} {
		_, err := docs[0].WithContext(approval.Context{Label: approval.Label{Name: name}})
		hinted(t, err, "the name "+name)
		quoted := must(json.Marshal(name))
		body := bytes.Replace(approval.Body(t, docs), []byte(`"Coffee"`), quoted, 1)
		_, err = approval.DecodeBody(body)
		hinted(t, err, "sealed under the name "+name)
	}
}

// What is sealed can be opened: approvals with large interfaces on many chains too,
// or it is said at once.
func TestWhatIsSealedCanBeOpened(t *testing.T) {
	_, docs := sealable(t)
	for what, extra := range map[string]string{
		"many values": `"x":[` + strings.Repeat("0,", 50_000) + `0]`,
		"deep":        `"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31),
	} {
		var large []*approval.Document
		for _, d := range docs {
			text := decoded(t, string(must(d.Serialize())))
			l := parse(t, string(encoded(strings.TrimSuffix(text, "}")+","+extra+"}")))
			large = append(large, must(l.WithContext(d.Context())))
		}
		b, err := approval.SealAt(large, sealHeader, passphrase, 1)
		if err != nil {
			hinted(t, err, what)
			continue
		}
		if _, err := approval.Open(b, passphrase); err != nil {
			t.Errorf("%s: sealed, and lost: %v", what, err)
		}
	}
}

// A delegation in a document is the account's own, and for its chain.
func TestADelegationIsTheAccounts(t *testing.T) {
	key := secret("delegated")
	auth := &userop.Authorization{ChainID: big.NewInt(10), Address: token, Nonce: 7}
	hash := must(auth.SigHash())
	sig := must(crypto.Sign(hash[:], key))
	written := fmt.Sprintf(`"eip7702Auth":{"address":"%s","chainId":10,"nonce":7,"r":"0x%x","s":"0x%x","yParity":%d}`, token, sig[:32], sig[32:64], sig[64])
	document := func(account common.Address) string {
		return strings.NewReplacer(`"0x8ba1c6856f7C90b95A0384531d8661c4009F2Ed7"`, `"`+account.Hex()+`"`, `"isPreInstalled":false`, written).Replace(small)
	}
	_, err := approval.Parse(encoded(document(token)))
	hinted(t, err, "somebody else's delegation")
	d := parse(t, string(encoded(document(crypto.PubkeyToAddress(key.PublicKey)))))
	if _, err := d.WithContext(approval.Context{ChainID: big.NewInt(10)}); err != nil {
		t.Error(err)
	}
	_, err = d.WithContext(approval.Context{ChainID: big.NewInt(1)})
	hinted(t, err, "a delegation for another chain")
}

// Names of an interface that somebody else wrote stay texts.
func TestNamesOfFunctionsStayTexts(t *testing.T) {
	f := must(grant.ParseFunction("note(uint256 n)"))
	f.Params[0].Name = `n"}]}],"functionName":"x","abi":[{"inputs":[{"name":"`
	o := owners(t)[0]
	g := grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: []grant.Permission{{Target: token, Selector: f.Selector(), Function: f}}}}}
	d := o.grantFor(t, o.account(t, kernel.V033), g, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)[0]
	call := d.Fields().Policies[0].(*grant.Call)
	if got := call.Permissions[0].Function; got == nil || got.String() != "note(uint256)" {
		t.Errorf("%v", got)
	}
}

// What a caller forgot is said, and granted to nobody.
func TestNobodyIsNoSessionKey(t *testing.T) {
	for _, s := range []kernel.Signer{{}, {Data: []byte{1}}, kernel.ECDSASigner(common.Address{})} {
		_, err := approval.ToPermission(five(t), s)
		hinted(t, err, "a permission for nobody")
	}
	_, docs := sealable(t)
	_, err := approval.SealAt(append(docs, nil), sealHeader, passphrase, 1)
	hinted(t, err, "a document that is not there")
}
