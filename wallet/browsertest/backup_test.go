package browsertest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
)

// openBackup opens the guided page at a place.
func openBackup(t *testing.T, at place, script string) *tab {
	t.Helper()
	p := blankTab(t)
	p.home, p.path = at.origin, "/backup"
	p.addAuthenticator()
	p.open(script)
	return p
}

// stage waits until a step is the one to be done.
func (p *tab) stage(step string) {
	p.t.Helper()
	p.shows("account")
	p.until(byID("step-"+step) + ".className === 'present'")
}

// approve signs what is in review, waits for a receipt that says done, and goes on.
func (p *tab) approve(done string) {
	p.t.Helper()
	p.shows("review")
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title"); got != done {
		p.t.Fatalf("the receipt says %q, want %q\n%s", got, done, p.state())
	}
	p.click("done-back")
	p.shows("account")
}

// begin makes an owner key and returns the address of its account.
func (p *tab) begin() string {
	p.t.Helper()
	p.shows("start")
	p.click("make-key")
	p.stage("create")
	address := p.text("address")
	if !common.IsHexAddress(address) || common.HexToAddress(address).Hex() != address {
		p.t.Fatalf("the address is %q", address)
	}
	return address
}

// pay brings ether to the account: by the page's faucet, or from outside.
func (p *tab) pay(at place, address string) {
	p.t.Helper()
	if at.fund == nil {
		p.click("faucet")
	} else {
		at.fund(p.t, address)
	}
	p.until(byID("balance") + ".textContent === '10'")
	p.shows("account")
}

func (p *tab) create() {
	p.t.Helper()
	p.click("create-form button")
	p.approve("Your account is on the chain")
}

func (p *tab) addPasskey() {
	p.t.Helper()
	p.stage("passkey")
	p.click("passkey-form button")
	p.shows("prove")
	p.click("test")
	p.approve("The passkey is a signer")
}

func (p *tab) sendByPasskey(amount string) {
	p.t.Helper()
	p.write("to", recipient)
	p.write("amount", amount)
	p.click("review-go")
	p.approve(amount + " ETH sent")
}

// onChain is the account as the Go library reads it from the chain.
func onChain(t *testing.T, at place, address string) *hybrid.Account {
	t.Helper()
	a, err := hybrid.At(t.Context(), node(t, at), common.HexToAddress(address))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func node(t *testing.T, at place) *bundler.Chain {
	t.Helper()
	ch, err := bundler.NewChain(at.origin+"/rpc", bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func wei(t *testing.T, at place, address string) *big.Int {
	t.Helper()
	n, err := node(t, at).Balance(t.Context(), common.HexToAddress(address))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The tutorial's first part: an account of an owner key, and a passkey beside it.
func TestBackupSigner(t *testing.T) {
	places(t, func(t *testing.T, at place) {
		p := openBackup(t, at, "")

		// 1. An owner key; the account's address is computed, not asked for.
		address := p.begin()
		owner := strings.Fields(p.text("key-note"))[0]
		want, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: common.HexToAddress(owner)})
		if err != nil {
			t.Fatal(err)
		}
		if want.Address().Hex() != address {
			t.Fatalf("the page says %s, Go says %s", address, want.Address())
		}

		// 2. Money, and the first operation, in words before it is signed.
		p.pay(at, address)
		p.click("create-form button")
		p.shows("review")
		for _, says := range []string{"Create the account", address, owner, "Network fee, at most", "31337"} {
			if !strings.Contains(p.text("review-title")+p.text("review-rows"), says) {
				t.Errorf("the review does not say %q:\n%s", says, p.state())
			}
		}
		p.approve("Your account is on the chain")

		// 3. A passkey, tested and then signed in by the owner.
		p.addPasskey()
		p.stage("lose")
		a := onChain(t, at, address)
		if a.Owner().Hex() != owner || len(a.Keys()) != 1 {
			t.Fatalf("the chain has owner %s and %d passkeys", a.Owner(), len(a.Keys()))
		}
		if k := a.Keys()[0]; k.ID == "" || !strings.Contains(p.text("signers"), k.Hash.Hex()[:12]) {
			t.Errorf("the page lists %q, the chain has %+v", p.text("signers"), k)
		}
		if got := p.text("signers"); !strings.Contains(got, "the one you use here") || !strings.Contains(got, "held by this tab") {
			t.Errorf("the page lists %q", got)
		}

		// 4. The trap: rebuilt from today's signers it is another address, as Go says too.
		p.eval("document.querySelector('#trap').open = true", nil)
		p.click("rebuild")
		p.until("!" + byID("trap-result") + ".hidden")
		wrong, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: a.Owner(), Keys: a.Keys()})
		if err != nil {
			t.Fatal(err)
		}
		for _, says := range []string{"different, empty account", "Did you mean " + address, wrong.Address().Hex(), "passkey"} {
			if !strings.Contains(p.text("trap-result"), says) {
				t.Errorf("the trap does not say %q: %s", says, p.text("trap-result"))
			}
		}
	})
}

// The tutorial's second part: the owner key is gone, and nothing is remembered.
func TestOwnerLost(t *testing.T) {
	places(t, func(t *testing.T, at place) {
		p := openBackup(t, at, "")
		address := p.begin()
		p.pay(at, address)
		p.create()
		p.addPasskey()
		p.stage("lose")
		before := wei(t, at, recipient)
		var secret string
		p.eval("sessionStorage.getItem('postern.backup.owner')", &secret)
		if len(secret) != 66 {
			t.Fatalf("the tab keeps %q", secret)
		}

		// 1. The key is lost, visibly, from the page and the tab's storage; a reload does not bring it back.
		p.click("reveal")
		p.until(byID("reveal-key") + ".textContent === '" + secret + "'")
		p.click("lose")
		p.stage("send")
		for _, reloaded := range []bool{false, true} {
			if reloaded {
				p.open("")
				p.stage("send")
			}
			var kept string
			p.eval("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.documentElement.outerHTML])", &kept)
			if strings.Contains(kept, secret[2:]) {
				t.Error("the page still has the owner key")
			}
			p.until("document.querySelector('#key-note .gone')")
			if got := p.text("signers"); !strings.Contains(got, "lost: this page has forgotten it") {
				t.Errorf("the page lists %q", got)
			}
		}

		// 2. As on another machine: the passkey alone leads to the account, and sends from it.
		p.eval("localStorage.clear(), sessionStorage.clear()", nil)
		p.open("")
		p.shows("start")
		p.click("open-passkey")
		p.stage("send")
		if got := p.text("address"); got != address {
			t.Fatalf("the passkey led to %s, want %s", got, address)
		}
		limit := p.verificationGas()
		p.sendByPasskey("0.25")
		// The stub's refusal would cost some 214,000 more than the signature's acceptance.
		if gas := limit(); gas == 0 || gas > 150_000 {
			t.Errorf("the signature is allowed %d gas", gas)
		}
		if got := new(big.Int).Sub(wei(t, at, recipient), before); got.Cmp(ether(0.25)) != 0 {
			t.Fatalf("the recipient got %s wei", got)
		}

		// 3. A new owner, named by the passkey; the tab holds its key, also after a reload.
		p.stage("owner")
		p.click("new-owner")
		p.approve("The new owner is in place")
		p.until("!" + byID("all-done") + ".hidden")
		owner := onChain(t, at, address).Owner().Hex()
		for _, reloaded := range []bool{false, true} {
			if reloaded {
				p.open("")
				p.shows("account")
			}
			p.until(byID("key-note") + ".textContent.startsWith('" + owner + "')")
		}
		if got := p.text("address"); got != address {
			t.Errorf("the address is now %s", got)
		}

		// 4. Whoever imports the new key is led to the same account, not to a new one.
		p.eval("sessionStorage.getItem('postern.backup.owner')", &secret)
		p.eval("sessionStorage.clear()", nil)
		p.open("")
		p.shows("start")
		p.eval("document.querySelector('#import-box').open = true", nil)
		p.write("secret", secret)
		p.click("import-form button")
		p.shows("account")
		if got := p.text("address"); got != address {
			t.Errorf("the new owner's key led to %s", got)
		}
	})
}

// grants listens; what it returns tells who has signed the EIP-7702 authorizations that were sent since it was last asked.
func (p *tab) grants() func() []string {
	var mu sync.Mutex
	var by []string
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = func(r string) {
		_, body, _ := strings.Cut(r, " ")
		var call struct{ Params []json.RawMessage }
		var op struct {
			Auth *struct {
				Address                 common.Address
				ChainID, Nonce, YParity hexutil.Big
				R, S                    common.Hash
			} `json:"eip7702Auth"`
		}
		if json.Unmarshal([]byte(body), &call) != nil || len(call.Params) == 0 || !bytes.Contains(call.Params[0], []byte("eip7702Auth")) {
			return
		}
		if err := json.Unmarshal(call.Params[0], &op); err != nil || op.Auth == nil {
			p.t.Errorf("an authorization that cannot be read: %v\n%s", err, call.Params[0])
			return
		}
		a := op.Auth
		signed := types.SetCodeAuthorization{ChainID: *uint256.MustFromBig(a.ChainID.ToInt()), Address: a.Address, Nonce: a.Nonce.ToInt().Uint64(), V: uint8(a.YParity.ToInt().Uint64()), R: *new(uint256.Int).SetBytes32(a.R[:]), S: *new(uint256.Int).SetBytes32(a.S[:])}
		who := "nobody"
		if signer, err := signed.Authority(); err == nil && a.ChainID.ToInt().Uint64() == 31337 {
			who = signer.Hex()
		}
		mu.Lock()
		defer mu.Unlock()
		by = append(by, who)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		out := by
		by = nil
		return out
	}
}

// verificationGas listens; what it returns tells the limit in the operation that was sent last.
func (p *tab) verificationGas() func() uint64 {
	var mu sync.Mutex
	var limit uint64
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = func(r string) {
		_, body, _ := strings.Cut(r, " ")
		var call struct {
			Method string
			Params []json.RawMessage
		}
		var op struct{ VerificationGasLimit hexutil.Uint64 }
		if json.Unmarshal([]byte(body), &call) != nil || call.Method != "eth_sendUserOperation" || json.Unmarshal(call.Params[0], &op) != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		limit = uint64(op.VerificationGasLimit)
	}
	return func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		p.t.Logf("verificationGasLimit %d", limit)
		return limit
	}
}

// Nothing is paid by the account, which has nothing.
func TestGaslessAddKey(t *testing.T) {
	places(t, func(t *testing.T, at place) {
		p := openBackup(t, at, "")
		address := p.begin()
		p.click("gasless")
		p.click("create-form button")
		p.shows("review")
		if got := p.text("review-rows"); !strings.Contains(got, "a paymaster pays it") {
			t.Errorf("the review says %q", got)
		}
		p.approve("Your account is on the chain")
		p.addPasskey()
		p.stage("lose")
		if got := wei(t, at, address); got.Sign() != 0 {
			t.Errorf("the account has %s wei", got)
		}
		if got := len(onChain(t, at, address).Keys()); got != 1 {
			t.Errorf("the chain has %d passkeys", got)
		}
	})
}

// The owner's own address becomes the account, which no passkey fits.
func TestEIP7702(t *testing.T) {
	places(t, func(t *testing.T, at place) {
		p := openBackup(t, at, "")
		p.begin()
		owner := strings.Fields(p.text("key-note"))[0]
		p.eval("document.querySelector('#create-panel details').open = true", nil)
		p.click("become")
		p.until("!" + byID("eoa-panel") + ".hidden")
		p.shows("account")
		if got := p.text("address"); got != owner {
			t.Fatalf("the account is %s, want the key's own address %s", got, owner)
		}
		if got := p.text("eoa-panel"); !strings.Contains(got, "No passkey fits here") {
			t.Errorf("the page says %q", got)
		}
		p.pay(at, owner)
		before := wei(t, at, recipient)
		granted := p.grants()
		send := func(allows bool) {
			t.Helper()
			p.write("eoa-to", recipient)
			p.write("eoa-amount", "0.25")
			p.click("eoa-go")
			p.shows("review")
			if got := p.text("review-rows"); strings.Contains(got, hybrid.V130().Stateless.Hex()) != allows {
				t.Errorf("the review says %q", got)
			}
			if got := granted(); slices.Contains(got, owner) {
				t.Errorf("the key has signed before it was asked: %v", got)
			}
			p.approve("0.25 ETH sent")
		}

		// 1. The first operation carries the key's word, and is in words before it is signed.
		send(true)
		code, err := node(t, at).Code(t.Context(), common.HexToAddress(owner))
		if err != nil || len(code) != 23 || common.BytesToAddress(code[3:]) != hybrid.V130().Stateless {
			t.Fatalf("the address runs %x, %v", code, err)
		}

		var words []string
		p.heard(func() bool { words = append(words, granted()...); return len(words) > 0 })
		if !slices.Equal(words, []string{owner}) {
			t.Errorf("the operation was sent with the word of %v", words)
		}

		// 2. The next one needs none; a reload changes nothing.
		p.open("")
		p.until("!" + byID("eoa-panel") + ".hidden")
		p.shows("account")
		send(false)
		if got := granted(); len(got) != 0 {
			t.Errorf("authorizations of %v were sent again", got)
		}
		if got := new(big.Int).Sub(wei(t, at, recipient), before); got.Cmp(ether(0.5)) != 0 {
			t.Errorf("the recipient got %s wei", got)
		}

		// 3. As an account with passkeys it is refused, with the reason.
		p.leave()
		p.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
		p.write("open-address", owner)
		p.click("address-form button")
		p.wantProblem("EIP-7702", "no passkeys")
	})
}
