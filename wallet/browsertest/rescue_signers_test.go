package browsertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	account "github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// holding is what somebody keeps beside the lost wallet: a passkey of a second RP ID in a password manager, and a key.
type holding struct {
	private *ecdsa.PrivateKey
	public  passkey.PublicKey
	secret  string
	address common.Address
}

func newHolding(t *testing.T) holding {
	t.Helper()
	var h holding
	var err error
	if h.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if h.public, err = passkey.NewPublicKey(&h.private.PublicKey); err != nil {
		t.Fatal(err)
	}
	h.secret, h.address = newSecret(t)
	return h
}

// export is the passkey in the exchange format, with the user handle of a further passkey of an account.
func (h holding) export(t *testing.T, of common.Address) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(h.private)
	if err != nil {
		t.Fatal(err)
	}
	return exchangeFormat(&webauthn.Credential{CredentialID: []byte("second"), RpID: "second.example", UserHandle: account.AddressHandle(of).Bytes(), PrivateKey: der})
}

// created puts an account of ours on the stack's chain and gives it ether.
func created(t *testing.T, ep userop.EntryPoint, threshold uint64, rule seal.Rule, h holding) common.Address {
	t.Helper()
	p, err := seal.PasskeySigner(h.public, rule)
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.AddressSigner(h.address)
	if err != nil {
		t.Fatal(err)
	}
	return createdBy(t, ep, threshold, account.Members(p, k))
}

// createdBy puts an account of these members on the stack's chain and gives it ether.
func createdBy(t *testing.T, ep userop.EntryPoint, threshold uint64, members []account.Member) common.Address {
	t.Helper()
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		t.Fatal(err)
	}
	a, err := account.New(d, members, threshold, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	factory, data := a.Factory()
	transact(t, factory, data)
	if err := stack.Chain().Faucet(t.Context(), a.Address(), ether(1)); err != nil {
		t.Fatal(err)
	}
	return a.Address()
}

// transact sends a transaction of a fresh key and waits until it is on the chain.
func transact(t *testing.T, to common.Address, data []byte) {
	t.Helper()
	chain := stack.Chain()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Faucet(t.Context(), crypto.PubkeyToAddress(key.PublicKey), ether(1)); err != nil {
		t.Fatal(err)
	}
	tx, err := types.SignNewTx(key, types.NewLondonSigner(chain.ChainID()), &types.DynamicFeeTx{ChainID: chain.ChainID(), GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(1e11), Gas: 5_000_000, To: &to, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Client().SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for {
		if r, err := chain.Client().TransactionReceipt(t.Context(), tx.Hash()); err == nil {
			if r.Status != types.ReceiptStatusSuccessful {
				t.Fatal("the transaction failed")
			}
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
}

func (p *tab) useExported(content string) {
	p.t.Helper()
	p.chooseFile("export.json", content)
	p.until(byID("exported") + ".querySelectorAll('button').length === 1")
	p.click("exported button")
}

func (p *tab) useKey(secret string) {
	p.t.Helper()
	p.write("secret", secret)
	p.click("key-form button")
}

func stackPayer(t *testing.T) string {
	return fundedKey(t, func(a common.Address, wei *big.Int) error { return stack.Chain().Faucet(t.Context(), a, wei) })
}

// Further signers open an account of ours on every EntryPoint: a passkey that was made under a second RP ID, by
// the address in its user handle, and a key, by the address that its holder types.
func TestRescueBySecondSigners(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	node := newPlainNode(t, stack.Chain().RPCHandler()).URL
	f := fromFile(t, node)
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		h := newHolding(t)
		address := created(t, ep, 1, 0x09, h) // UV, and not eligible for backup: whoever has a key can say so of it
		f.useExported(h.export(t, address))
		f.shows("account")
		f.write("to", recipient)
		f.write("amount", "0.25")
		f.write("payer", stackPayer(t))
		f.click("review-go")
		f.lands("0.25 ETH sent")
		f.click("done-back")
		f.shows("account")
		f.click("leave")
		f.shows("who")
		f.write("address", address.Hex())
		f.useKey(h.secret)
		f.shows("account")
		f.rescueAll(stackPayer(t))
		if left := balance(t, address.Hex()); left.Sign() != 0 {
			t.Errorf("EntryPoint %s: %s wei are left behind", ep.Version(), left)
		}
		f.click("done-back")
		f.shows("account")
		f.click("leave")
		f.shows("who")
		f.eval(byID("address")+".value = ''", nil)
	}
}

// What cannot work is said before anybody signs.
func TestRescueSaysWhatCannotWork(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	h := newHolding(t)
	both := created(t, userop.V08, 2, seal.RequireUV, h)
	stranger, _ := newSecret(t)
	f := fromFile(t, newPlainNode(t, stack.Chain().RPCHandler()).URL)
	says := func(want string) {
		t.Helper()
		if got := f.problem(); !strings.Contains(got, want) {
			t.Errorf("the page says %q, want %q", got, want)
		}
	}

	f.useKey(stranger)
	says("No account was found")
	f.write("address", both.Hex())
	f.useKey(stranger)
	says("may not sign for this account")
	f.write("address", recipient)
	f.useKey(stranger)
	says("no account at this address on this chain")
	f.write("address", contracts.P256Verifier.Hex())
	f.useKey(stranger)
	says("no account that this page knows")
	f.eval(byID("address")+".value = ''", nil)
	f.useExported(h.export(t, common.HexToAddress(recipient)))
	says("no account at this address on this chain")

	// An export that a password protects.
	sealed, err := os.ReadFile("../../passkey/exported/testdata/bitwarden-sealed.json")
	if err != nil {
		t.Fatal(err)
	}
	f.chooseFile("sealed.json", string(sealed))
	f.until("!" + byID("sealed-form") + ".hidden")
	f.write("password", "incorrect horse")
	f.click("sealed-form button")
	f.until(byID("password-error") + ".textContent.includes('password is wrong')")
	f.write("password", "correct horse")
	f.click("sealed-form button")
	f.until(byID("exported") + ".querySelectorAll('button').length === 1 && " + byID("sealed-form") + ".hidden")
	f.click("exported button")
	says("No account was found")
	f.chooseFile("sealed.json", "{}")
	f.until(byID("file-error") + ".textContent.includes('none of the exports') && !" + byID("exported") + ".children.length")

	// Two of two: one holder is not enough, and the page asks for another one instead of a signature.
	f.useExported(h.export(t, both))
	f.shows("account")
	f.until("!" + byID("alone") + ".hidden && " + byID("send-form") + ".hidden")
	f.click("leave")
	f.shows("who")

	// A payer without ether is told how much, and where to.
	single := created(t, userop.V08, 1, seal.RequireUV, h)
	f.useExported(h.export(t, single))
	f.shows("account")
	f.write("to", recipient)
	f.click("all")
	f.click("payer-make")
	f.until("!" + byID("payer-address") + ".hidden")
	payer := strings.TrimSuffix(strings.TrimPrefix(f.text("payer-address"), "Its address is "), ".")
	f.click("review-go")
	says("does not hold enough for the network fee")
	if got := f.problem(); !strings.Contains(got, payer) {
		t.Errorf("the page does not say where to send ether: %q, payer %s", got, payer)
	}
	if err := stack.Chain().Faucet(t.Context(), common.HexToAddress(payer), ether(0.01)); err != nil {
		t.Fatal(err)
	}
	payerSecret := f.value("payer")
	f.click("review-go")
	f.lands("1 ETH sent")

	// Nothing of the keys stays behind.
	f.click("done-back")
	f.shows("account")
	f.click("leave")
	f.shows("who")
	var kept string
	f.eval("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, [...document.querySelectorAll('input')].map((i) => i.value), document.documentElement.innerText])", &kept)
	for _, secret := range []string{h.secret[2:], payerSecret[2:]} {
		if strings.Contains(kept, secret) {
			t.Error("the page keeps a key")
		}
	}
}

// A page on a second domain opens the account by the passkey that was made there. The first domain's page cannot ask it.
func TestRescueOnASecondDomain(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	h := newHolding(t)
	address := created(t, userop.V09, 1, seal.RequireUV, h)
	der, err := x509.MarshalPKCS8PrivateKey(h.private)
	if err != nil {
		t.Fatal(err)
	}
	p := blankTab(t)
	p.addAuthenticator()
	call(p, cdp.Command[map[string]any, empty]{Method: webauthn.AddCredential.Method}, map[string]any{"authenticatorId": p.auth, "credential": map[string]any{
		"credentialId": []byte("second domain"), "isResidentCredential": true, "rpId": "second.localhost", "privateKey": der, "userHandle": account.AddressHandle(address).Bytes(), "signCount": 1}})
	node := newPlainNode(t, stack.Chain().RPCHandler()).URL

	p.openRescue(served(t), "/", node)
	p.write("rp", "second.localhost")
	p.click("passkey-form button")
	if got := p.problem(); !strings.Contains(got, "may not use these passkeys") {
		t.Errorf("on the first domain the page says %q", got)
	}

	p.openRescue(strings.Replace(served(t), "//localhost", "//second.localhost", 1), "/", node)
	if got := p.value("rp"); got != "second.localhost" {
		t.Errorf("the page supposes the domain %q", got)
	}
	p.click("passkey-form button")
	p.shows("account")
	if got := p.text("own"); got != address.Hex() {
		t.Fatalf("the page found %s, want %s", got, address)
	}
	p.rescueAll(stackPayer(t))
	if left := balance(t, address.Hex()); left.Sign() != 0 {
		t.Errorf("%s wei are left behind", left)
	}
}

// One key can have begun several accounts: all that hold something are shown, and whoever holds the key chooses.
func TestRescueShowsAllAccountsOfAKey(t *testing.T) {
	at := kernelOrigin(t)
	n := newPlainNode(t, forward(at+"/rpc"))
	secret, address := newSecret(t)
	f := fromFile(t, n.URL)
	gator, zero := hybridOf(t, address), kernelOf(t, address)
	for _, a := range []common.Address{gator, zero} {
		faucetAt(t, at, a)
	}
	f.useKey(secret)
	f.shows("found")
	if got := f.text("accounts"); !strings.Contains(got, gator.Hex()) || !strings.Contains(got, zero.Hex()) {
		t.Fatalf("the page found %q, want %s and %s", got, gator, zero)
	}
	f.click("accounts li:last-child button")
	f.shows("account")
	if got := f.text("own"); got != gator.Hex() {
		t.Errorf("the last of the list is %s", got)
	}
	f.rescueAll(fundedKey(t, func(a common.Address, _ *big.Int) error { faucetAt(t, at, a); return nil }))
}

func hybridOf(t *testing.T, owner common.Address) common.Address {
	t.Helper()
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	return a.Address()
}

func kernelOf(t *testing.T, owner common.Address) common.Address {
	t.Helper()
	a, err := kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: owner}})
	if err != nil {
		t.Fatal(err)
	}
	return a.Address()
}

// faucetAt asks the faucet of another stack.
func faucetAt(t *testing.T, origin string, a common.Address) {
	t.Helper()
	c, err := rpc.DialContext(t.Context(), origin+"/rpc")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.CallContext(t.Context(), nil, "postern_faucet", a); err != nil {
		t.Fatal(err)
	}
}

// A node that says of every address that it holds ether hides which of two keys signed: one signature more tells.
func TestRescueTellsKeysApart(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	p.fund()
	n := newPlainNode(t, stack.Chain().RPCHandler())
	n.rich = true
	p.openRescue(served(t), "/", n.URL)
	p.click("passkey-form button")
	p.shows("found")
	p.until("!" + byID("again-box") + ".hidden")
	if got := strings.Count(p.text("accounts"), "0x"); got < 6 || !strings.Contains(p.text("accounts"), address) {
		t.Fatalf("the page shows %d accounts: %s", got, p.text("accounts"))
	}
	p.click("again")
	p.shows("found")
	p.until(byID("again-box") + ".hidden")
	if got := strings.Count(p.text("accounts"), "0x"); got != 3 || !strings.Contains(p.text("accounts"), address) {
		t.Fatalf("the page shows %d accounts: %s", got, p.text("accounts"))
	}
	p.click("accounts li:first-child button")
	p.shows("account")
	if got := p.text("own"); got != address {
		t.Errorf("the first of the list is %s, want %s", got, address)
	}
}
