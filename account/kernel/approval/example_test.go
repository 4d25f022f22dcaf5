package approval_test

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// An owner approves a session key; the approval goes to the key's machine, which
// knows before it asks any chain what it was given.
func Example() {
	owner, session := secret("owner"), crypto.PubkeyToAddress(secret("session").PublicKey)
	chain := big.NewInt(8453)

	// The owner's side.
	a, _ := kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: crypto.PubkeyToAddress(owner.PublicKey)}})
	g := grant.Grant{Policies: []grant.Policy{
		&grant.Call{Permissions: []grant.Permission{{Target: token, ValueLimit: big.NewInt(1e15)}}},
		&grant.Timestamp{ValidUntil: 2000000000},
	}, Flag: grant.FlagNotMessages}
	p, _ := approval.ToPermission(g, kernel.ECDSASigner(session))
	authority, _ := a.Authority(kernel.OwnerApprover{})
	request, _ := authority.SignEnable(kernel.Enable{Version: a.Version(), Account: a.Address(), ChainID: chain, ID: p.ID().Validation(), Nonce: 1, Data: p.EnableData()})
	digest := request.Challenge().Digest
	signature, _ := crypto.Sign(digest[:], owner)
	signatures, _ := request.Finish(account.Approval{ECDSA: signature})
	document, err := approval.FromPermission(p, g, a, signatures[0], approval.Options{ChainID: chain, Nonce: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := document.Serialize() // also what ZeroDev's SDK reads

	// The session key's side.
	got, err := approval.Parse(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	got, _ = got.WithContext(approval.Context{Signer: kernel.ECDSASigner(session)})
	_, words, err := got.Permission()
	if err != nil {
		fmt.Println(err)
		return
	}
	enable, _ := got.Enable(chain, 1)
	who, _ := got.Owner()
	fmt.Println("signed by the owner:", got.Verify(enable, who) == nil)
	for _, line := range grant.Words(words, grant.Style{}) {
		fmt.Println(line)
	}
	// Output:
	// signed by the owner: true
	// May send ETH to 0x00000000000000000000000000000000DeaDBeef without data, or with data that begins with 0x00000000; sends at most 0.001 ETH with each call, without a total.
	// Until 2033-05-18 03:33:20 UTC.
	// May not sign messages.
}
