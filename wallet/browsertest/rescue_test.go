package browsertest

import (
	"math/big"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// rescueAll sends everything there is to the recipient, carried by a key.
func (p *tab) rescueAll(payer string) {
	p.t.Helper()
	p.write("to", recipient)
	p.click("all")
	p.write("payer", payer)
	p.click("review-go")
	p.lands("")
}

// lands signs what comes into review and waits for its receipt, which says done; empty: whatever was sent.
func (p *tab) lands(done string) {
	p.t.Helper()
	p.shows("review")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	if got := p.text("done-title"); done != "" && got != done || !strings.HasSuffix(got, " sent") {
		p.t.Fatalf("the receipt says %q, want %q\n%s", got, done, p.state())
	}
}

func newSecret(t *testing.T) (string, common.Address) {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return hexutil.Encode(crypto.FromECDSA(key)), crypto.PubkeyToAddress(key.PublicKey)
}

// The vendor is gone: wallet, passkey server and bundler. On a page of the passkeys'
// domain, the one file finds the account by the passkey alone and empties it.
func TestVendorGoneRescueByThePasskeyOnItsDomain(t *testing.T) {
	v := openVendor(t)
	p := newTabAt(t, v.origin)
	address := p.register()
	p.fund()
	p.send(recipient, "0.25")
	p.do(chromedp.Navigate("about:blank"))
	v.goes()
	held, before := v.balance(address), v.balance(recipient)
	if held.Sign() == 0 {
		t.Fatal("the account holds nothing")
	}

	p.openRescue(served(t), "/", v.node.URL)
	p.click("passkey-form button")
	p.shows("account")
	if got := p.text("own"); got != address {
		t.Fatalf("the page found %s, want %s", got, address)
	}
	p.rescueAll(v.payer())
	if got := v.balance(address); got.Sign() != 0 {
		t.Errorf("%s wei are left behind", got)
	}
	if got := new(big.Int).Sub(v.balance(recipient), before); got.Cmp(held) != 0 {
		t.Errorf("the recipient got %s wei, want %s", got, held)
	}
	if len(v.node.refused) != 0 {
		t.Errorf("the page asked a plain node for %q", v.node.refused)
	}
}

// From a file, with the passkey that a password manager has exported; the account was never on the chain.
func TestVendorGoneRescueFromAFileByAnExportedPasskey(t *testing.T) {
	v := openVendor(t)
	p := newTabAt(t, v.origin)
	address := p.register()
	p.fund()
	c := p.credential()
	p.do(chromedp.Navigate("about:blank"))
	v.goes()
	held, before := v.balance(address), v.balance(recipient)

	f := fromFile(t, v.node.URL)
	if got := f.text("no-passkey"); !strings.Contains(got, "opened from a file") {
		t.Errorf("of passkeys the page says %q", got)
	}
	for _, export := range []struct{ name, content string }{
		{"exchange.json", exchangeFormat(c)},
		{"bitwarden.json", bitwardenExport(c)},
		{"key.passkey", keepassFile(c)},
	} {
		f.chooseFile(export.name, export.content)
		f.until(byID("exported") + ".querySelectorAll('button').length === 1")
		f.click("exported button")
		f.shows("account")
		if got := f.text("own"); got != address {
			t.Fatalf("%s leads to %s, want %s", export.name, got, address)
		}
		if export.name != "key.passkey" {
			f.click("leave")
			f.shows("who")
		}
	}
	f.rescueAll(v.payer())
	if got := new(big.Int).Sub(v.balance(recipient), before); got.Cmp(held) != 0 || v.balance(address).Sign() != 0 {
		t.Errorf("the recipient got %s wei of %s", got, held)
	}
}

// MetaMask's accounts have an owner key and passkeys: either opens the account, from a file, on our chain and on Anvil.
func TestRescueOpensMetaMasksAccounts(t *testing.T) {
	places(t, func(t *testing.T, at place) {
		p := openBackup(t, at, "")
		secret, owner := newSecret(t)
		p.shows("start")
		p.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
		p.write("secret", secret)
		p.click("import-form button")
		p.stage("create")
		account := p.text("address")
		p.pay(at, account)
		p.create()
		p.addPasskey()
		c := p.credential()
		n := newPlainNode(t, forward(at.origin+"/rpc"))
		at.gives(t, owner)

		// The owner key finds the account that began with it, and pays for the transaction as well.
		f := fromFile(t, n.URL)
		f.useKey(secret)
		f.shows("account")
		if got := f.text("own") + f.text("life"); !strings.HasPrefix(got, account) || !strings.Contains(got, "Hybrid") {
			t.Fatalf("the page found %q, want %s", got, account)
		}
		f.write("to", recipient)
		f.write("amount", "0.5")
		f.click("review-go")
		f.lands("0.5 ETH sent")
		f.click("done-back")
		f.shows("account")

		// The passkey empties it.
		f.click("leave")
		f.shows("who")
		f.useExported(exchangeFormat(c))
		f.shows("account")
		before, held := wei(t, at, recipient), wei(t, at, account)
		f.rescueAll(fundedKey(t, func(a common.Address, _ *big.Int) error { at.gives(t, a); return nil }))
		if got := new(big.Int).Sub(wei(t, at, recipient), before); got.Cmp(held) != 0 || wei(t, at, account).Sign() != 0 {
			t.Errorf("the recipient got %s of %s wei", got, held)
		}
		if len(n.refused) != 0 {
			t.Errorf("the page asked for %q", n.refused)
		}
	})
}

// gives an ordinary key some ether.
func (at place) gives(t *testing.T, to common.Address) {
	t.Helper()
	if at.fund != nil {
		at.fund(t, to.Hex())
		return
	}
	if err := stack.Chain().Faucet(t.Context(), to, ether(0.05)); err != nil {
		t.Fatal(err)
	}
}

// Kernel's accounts of a passkey and of a key, before and after they are on the chain.
func TestRescueOpensKernelsAccounts(t *testing.T) {
	at := kernelOrigin(t)
	n := newPlainNode(t, forward(at+"/rpc"))
	faucet := func(a common.Address, _ *big.Int) error { faucetAt(t, at, a); return nil }

	t.Run("passkey", func(t *testing.T) {
		p := openGrant(t, at, "/grant", "")
		account := p.ownPasskey()
		p.faucet()
		c := p.credential()
		f := fromFile(t, n.URL)
		f.chooseFile("key.passkey", keepassFile(c))
		f.until(byID("exported") + ".querySelectorAll('button').length === 1")
		f.click("exported button")
		f.shows("account")
		if got := f.text("own"); got != account {
			t.Fatalf("the page found %s, want %s", got, account)
		}
		f.write("to", recipient)
		f.write("amount", "0.5")
		f.write("payer", fundedKey(t, faucet))
		f.click("review-go")
		f.lands("0.5 ETH sent") // which creates it
		f.click("done-back")
		f.shows("account")
		f.rescueAll(fundedKey(t, faucet))
		f.click("done-back")
		f.until(byID("balance") + ".textContent === '0'")
	})
	t.Run("key", func(t *testing.T) {
		p := openGrant(t, at, "/grant", "")
		secret, _ := newSecret(t)
		p.openBox("key-box")
		p.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
		p.write("secret", secret)
		p.click("import-form button")
		p.shows("account")
		account := p.text("address")
		p.faucet()
		f := fromFile(t, n.URL)
		f.write("secret", secret)
		f.click("key-form button")
		f.shows("account")
		if got := f.text("own"); got != account {
			t.Fatalf("the page found %s, want %s", got, account)
		}
		f.rescueAll(fundedKey(t, faucet))
		f.click("done-back")
		f.until(byID("balance") + ".textContent === '0'")
	})
}

// Where a bundler is left, the account pays by itself: a part, then all but the fee.
func TestRescueByABundler(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	p.fund()
	n := newPlainNode(t, stack.Chain().RPCHandler())
	n.bundler = true
	p.moves(served(t), "/", n.URL)
	p.shows("start")
	p.write("rpc", n.URL)
	p.eval("document.querySelector('#start details').open = true", nil)
	p.write("bundler", n.URL)
	p.click("connect")
	p.shows("who")
	p.click("passkey-form button")
	p.shows("account")
	before := balance(t, recipient)
	p.write("to", recipient)
	p.write("amount", "0.25")
	p.click("review-go")
	p.lands("0.25 ETH sent")
	p.click("done-back")
	p.shows("account")
	p.write("to", recipient)
	p.click("all")
	p.click("review-go")
	p.shows("review")
	p.lands("")
	if got, left := new(big.Int).Sub(balance(t, recipient), before), balance(t, address); got.Cmp(ether(9.9)) < 0 || left.Cmp(ether(0.05)) > 0 {
		t.Errorf("the recipient got %s wei, and %s stayed behind", got, left)
	}
}

// Tokens go as ether does: looked at by address, sent whole by an account that is not on the chain yet, named in the review.
func TestRescueMovesTokens(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	token := stack.Chain().Info().Token
	if err := stack.Chain().MintToken(t.Context(), common.HexToAddress(address), big.NewInt(42_500_000)); err != nil {
		t.Fatal(err)
	}
	p.openRescue(served(t), "/", newPlainNode(t, stack.Chain().RPCHandler()).URL)
	p.click("passkey-form button")
	if got := p.problem(); !strings.Contains(got, "No account was found") { // it is not on the chain and holds no ether
		t.Errorf("the page says %q", got)
	}
	p.write("address", address)
	p.click("passkey-form button")
	p.shows("account")
	p.eval("document.querySelector('#token-box').open = true", nil)
	p.write("token", recipient)
	p.click("token-form button")
	p.until(byID("token-error") + ".textContent.includes('no token')")
	p.write("token", token.Hex())
	p.click("token-form button")
	p.until(byID("tokens") + ".textContent")
	p.shows("account")
	p.eval(byID("what")+".value = '"+token.Hex()+"', "+byID("what")+".dispatchEvent(new Event('change'))", nil)
	p.write("to", recipient)
	p.write("amount", "1000000000000")
	p.write("payer", stackPayer(t))
	p.click("review-go")
	p.until(byID("amount-error") + ".textContent.startsWith('The account has ')")
	before := tokens(t, token, recipient)
	p.click("all")
	p.click("review-go")
	p.shows("review")
	if rows := p.text("review-rows"); !strings.Contains(rows, token.Hex()) || !strings.Contains(rows, recipient) {
		t.Errorf("the review says %q", rows)
	}
	p.lands("")
	if got, left := new(big.Int).Sub(tokens(t, token, recipient), before), tokens(t, token, address); got.Int64() != 42_500_000 || left.Sign() != 0 {
		t.Errorf("the recipient got %s units, %s are left", got, left)
	}
}

// tokens is what somebody has of a token, in its smallest unit.
func tokens(t *testing.T, token common.Address, of string) *big.Int {
	t.Helper()
	b, err := stack.Chain().Client().CallContract(t.Context(), ethereum.CallMsg{To: &token, Data: append([]byte{0x70, 0xa0, 0x82, 0x31}, common.LeftPadBytes(common.HexToAddress(of).Bytes(), 32)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(b)
}

// Without P256VERIFY the account calculates: the page adds the hints, and the limits that it finds are enough.
func TestRescueWithoutP256Verify(t *testing.T) {
	s := pragueStack(t)
	p, _ := pragueTab(t, s)
	address := p.register()
	p.fund()
	n := newPlainNode(t, s.Chain().RPCHandler())
	p.sent = nil
	p.openRescue(served(t), "/", n.URL)
	p.click("passkey-form button")
	p.shows("account")
	p.write("to", recipient)
	p.write("amount", "0.5")
	p.write("payer", fundedKey(t, func(a common.Address, wei *big.Int) error { return s.Chain().Faucet(t.Context(), a, wei) }))
	p.click("review-go")
	p.lands("0.5 ETH sent")
	created := p.gasPaid()
	p.click("done-back")
	p.shows("account")
	p.rescueAll(fundedKey(t, func(a common.Address, wei *big.Int) error { return s.Chain().Faucet(t.Context(), a, wei) }))
	// A signature without hints takes some 250,000 gas, with them 69,000.
	if sent := p.gasPaid(); sent > 230_000 || sent < 100_000 {
		t.Errorf("the transaction took %d gas, the first %d", sent, created)
	}
	if wei, err := s.Chain().Client().BalanceAt(t.Context(), common.HexToAddress(address), nil); err != nil || wei.Sign() != 0 {
		t.Errorf("%s wei are left (%v)", wei, err)
	}
}

// gasPaid is the figure of the receipt on view.
func (p *tab) gasPaid() (gas int) {
	p.t.Helper()
	p.eval(`Number([...document.querySelectorAll('#done-rows dd')].map((d) => /\(([\d,]+) gas\)/.exec(d.textContent)?.[1]).find(Boolean).replaceAll(',', ''))`, &gas)
	p.t.Logf("%d gas", gas)
	return gas
}
