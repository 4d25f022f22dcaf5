package browsertest

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// friend is a guardian with a secp256k1 key of which tests know the secret.
type friend struct {
	secret  string
	address common.Address
}

func newFriend(t *testing.T, name string) friend {
	t.Helper()
	secret := crypto.Keccak256([]byte(name))
	key, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	return friend{hexutil.Encode(secret), crypto.PubkeyToAddress(key.PublicKey)}
}

// at opens the page for recovery in the tab's profile.
func (p *tab) recovery() {
	p.t.Helper()
	p.path = "/recovery"
	p.open("")
	p.shows("start")
	p.until("!" + byID("people") + ".hidden")
}

// cardOf makes a passkey for a guardian and returns the link that the guardian gives away.
func (p *tab) cardOf() string {
	p.t.Helper()
	p.recovery()
	p.click("to-card")
	p.shows("card")
	p.click("card-form button")
	p.until("!" + byID("card-test") + ".hidden")
	p.shows("card")
	p.click("card-prove")
	p.until("!" + byID("card-made") + ".hidden")
	return p.text("card-text")
}

// guardians fills the form for guardians.
func (p *tab) guardians(threshold, delay string, guardians ...string) {
	p.t.Helper()
	p.shows("guardians")
	for i, g := range guardians {
		id := "guardian-0-" + string(rune('0'+i))
		p.until("document.getElementById('" + id + "')")
		p.write(id, g)
	}
	p.write("threshold-0", threshold)
	p.write("delay-0", delay)
}

// guarded opens an account of its own and gives it guardians.
func (p *tab) guard(threshold, delay string, guardians ...string) (address string) {
	p.t.Helper()
	p.path = "/"
	p.open("")
	address = p.register()
	p.fund()
	p.send(recipient, "0.01")
	p.recovery()
	p.audit()
	p.click("to-guardians")
	p.guardians(threshold, delay, guardians...)
	p.click("setup-go")
	p.shows("review")
	if got := p.text("review-title") + p.text("review-rows"); !strings.Contains(got, "Let guardians bring you back in") || !strings.Contains(got, threshold+" of 3 guardians can bring in a new signer after "+delay+" days") {
		p.t.Fatalf("the review says %q", got)
	}
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title"); got != "Your guardians are in place" {
		p.t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
	p.click("done-back")
	p.shows("guardians")
	p.until(byID("setup-words") + ".textContent.includes('" + threshold + " of 3 guardians')")
	return address
}

func guardState(t *testing.T, address string) *guardian.State {
	t.Helper()
	s, err := guardian.At(t.Context(), node(t, place{origin: origin(t)}), common.HexToAddress(address))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func members(t *testing.T, address string) (out []seal.Signer) {
	t.Helper()
	a, err := webauthn.At(t.Context(), node(t, place{origin: origin(t)}), common.HexToAddress(address))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range a.Members() {
		out = append(out, m.Signer)
	}
	return out
}

func skip(t *testing.T, d time.Duration) {
	t.Helper()
	if _, err := stack.Chain().Skip(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// request is the text of the request on view.
func (p *tab) request() string {
	p.t.Helper()
	p.shows("approve")
	return p.copied("copy-text")
}

// copied is what a button puts into the clipboard.
func (p *tab) copied(button string) string {
	p.t.Helper()
	var text string
	p.eval(`new Promise((done) => { navigator.clipboard.writeText = async (t) => done(t); document.getElementById("`+button+`").click(); })`, &text)
	return text
}

// helps is a friend's own browser: opens the request, agrees with a key, and returns the answer.
func (f friend) helps(t *testing.T, request string) string {
	t.Helper()
	p := blankTab(t)
	p.addAuthenticator()
	p.recovery()
	p.eval(byID("request")+".value = "+quoted(request), nil)
	p.click("open-form button")
	p.shows("approve")
	p.eval("document.querySelector('#sign-key-box').open = true", nil)
	p.write("sign-key", f.secret)
	p.click("sign-key-form button")
	p.until(byID("status") + ".textContent.startsWith('Signed')")
	return p.request()
}

func (p *tab) answered(text string) {
	p.t.Helper()
	p.shows("approve")
	p.eval("document.querySelector('#merge-box').open = true", nil)
	p.eval(byID("answer")+".value = "+quoted(text), nil)
	p.click("merge-form button")
	p.until(byID("status") + ".textContent === 'Added.' || document.querySelector('#approve .problem').textContent")
	p.shows("approve")
}

// The cloud account is gone with the passkey in it; guardians bring in a new one.
func TestCloudLostGuardiansBringInANewPasskey(t *testing.T) {
	mum, bob := newFriend(t, "mum"), newFriend(t, "bob")

	// 1. Carol keeps a passkey for Ann, in her own browser; Ann chooses three guardians.
	carol := blankTab(t)
	carol.addAuthenticator()
	card := carol.cardOf()
	if !strings.HasPrefix(card, origin(t)+"/recovery#guardian=") {
		t.Fatalf("Carol's link is %q", card)
	}
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.guard("2", "7", mum.address.Hex(), card, bob.address.Hex())
	state := guardState(t, address)
	if len(state.Setup.Tiers) != 1 || state.Setup.Tiers[0].Threshold != 2 || state.Setup.Tiers[0].Delay != 7*24*time.Hour || len(state.Setup.Guardians()) != 3 {
		t.Fatalf("the chain has %+v", state.Setup)
	}
	before := members(t, address)

	// The audit has said before what happens then.
	ann.click("to-audit")
	ann.shows("audit")
	if got := ann.group("recoverable"); !strings.Contains(got, "A cloud account not stated is lost or locked") || !strings.Contains(got, "after 7 days") {
		t.Errorf("the audit foretells %q\n%s", got, ann.state())
	}

	// 2. Everything is lost: another browser, another authenticator, nothing but the address.
	lost := blankTab(t)
	lost.addAuthenticator()
	request := lost.lose(address)
	var parsed struct{ Message map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(request), &parsed); err != nil || len(parsed.Message) != 9 {
		t.Fatalf("%v in %s", err, request)
	}
	if _, err := guardian.ParseCollected([]byte(request)); err != nil {
		t.Fatalf("Go refuses the page's file: %v", err)
	}

	// 3. Mum agrees by file, Carol by link with her passkey; Carol's answer is enough.
	lost.answered(mum.helps(t, request))
	if got := lost.text("standing-words"); got != "1 more has to agree." {
		t.Errorf("the page says %q", got)
	}
	carol.follow(lost.copied("copy-link"))
	carol.shows("approve")
	if got := carol.text("approve-words"); !strings.Contains(got, "Recover the account "+address) || !strings.Contains(got, "Sign only if the owner has asked you") {
		t.Errorf("Carol reads %q", got)
	}
	carol.click("sign-passkey")
	carol.until("!" + byID("send-box") + ".hidden")
	carol.shows("approve")
	collected, err := guardian.ParseCollected([]byte(carol.request()))
	if err != nil || !collected.Status().Ready {
		t.Fatalf("%v: %+v", err, collected)
	}
	carol.click("send")
	carol.shows("guardians")
	carol.until(byID("proposals") + ".textContent.includes('in 6 days') || " + byID("proposals") + ".textContent.includes('in 7 days')")

	// 4. Nothing before the time; then anyone carries it out.
	carol.until("!document.getElementById('execute-0')")
	skip(t, 7*24*time.Hour)
	lost.click("approve-account")
	lost.shows("guardians")
	lost.until("document.getElementById('execute-0')")
	lost.click("execute-0")
	lost.until(byID("status") + ".textContent === 'It is done.'")
	after := members(t, address)
	if len(after) != 1 || after[0] == before[0] {
		t.Fatalf("the account has %v, had %v", after, before)
	}

	// 5. The new passkey alone opens the wallet and spends.
	lost.path = "/"
	lost.open("")
	lost.shows("start")
	lost.click("signin")
	lost.shows("account")
	if got := lost.text("address"); got != address {
		t.Fatalf("the new passkey leads to %s, want %s", got, address)
	}
	sum := balance(t, recipient)
	lost.send(recipient, "0.5")
	if got := new(big.Int).Sub(balance(t, recipient), sum); got.Cmp(ether(0.5)) != 0 {
		t.Errorf("%s wei arrived", got)
	}
}

// A thief has a guardian's key and the only device; the owner, who has a second passkey, cancels in one tap.
func TestThiefStartsARecoveryAndTheOwnerStopsIt(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.guard("1", "2", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	before := members(t, address)

	// 1. The thief has Dan's key, which is enough to propose: the page has warned of that.
	thief := blankTab(t)
	thief.addAuthenticator()
	thief.lose(address)
	thief.answered(dan.helps(t, thief.request()))
	thief.until("!" + byID("send-box") + ".hidden")
	if got := thief.text("send-words"); !strings.Contains(got, "can object") {
		t.Errorf("the page says %q", got)
	}
	thief.click("send")
	thief.shows("guardians")
	thief.until("!document.getElementById('stop-0')") // who is no owner cannot stop it alone

	// 2. Ann sees it on her page, and stops it with one operation.
	ann.recovery()
	ann.audit()
	ann.click("to-guardians")
	ann.until("document.getElementById('stop-0')")
	if got := ann.text("proposals"); !strings.Contains(got, "A recovery is under way") || !strings.Contains(got, "Did you not ask for this?") {
		t.Errorf("the page says %q", got)
	}
	ann.click("stop-0")
	ann.shows("review")
	if got := ann.text("review-title"); got != "Stop every recovery" {
		t.Errorf("the review is titled %q", got)
	}
	ann.click("sign")
	ann.shows("done")
	ann.click("done-back")
	ann.shows("guardians")
	ann.until(byID("proposals") + ".textContent === ''")

	// 3. The time passes, and nothing happens; what was signed is void.
	skip(t, 3*24*time.Hour)
	if s := guardState(t, address); s.Proposals[0] != nil {
		t.Errorf("the chain has %+v", s.Proposals[0])
	}
	if after := members(t, address); len(after) != 1 || after[0] != before[0] {
		t.Errorf("the account has %v, had %v", after, before)
	}
	thief.click("guardians-back")
	thief.shows("start")
	again := thief.lose(address)
	stale := strings.Replace(again, `"nonce":"`, `"nonce":"1`, 1) // another nonce than the one signed
	thief.click("approve-back")
	thief.shows("start")
	thief.eval(byID("request")+".value = "+quoted(stale), nil)
	thief.click("open-form button")
	if got := thief.problem(); !strings.Contains(got, "This request cannot be opened") {
		t.Errorf("the page says %q", got)
	}
}

// lose asks guardians for a new passkey, and returns the request.
func (p *tab) lose(address string) string {
	p.t.Helper()
	p.recovery()
	p.write("lost-address", address)
	p.click("lost-form button")
	p.shows("lost")
	p.click("make")
	p.until("!" + byID("prove-box") + ".hidden")
	p.shows("lost")
	p.click("prove")
	return p.request()
}

// Two of three guardians freeze the account and end that; one alone cannot.
func TestGuardiansFreezeAndTheOwnerChangesThem(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.guard("2", "7", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())

	// 1. A change waits a day longer than a recovery; it adds the freeze and can be dropped.
	change := func() {
		t.Helper()
		ann.shows("guardians")
		ann.click("freeze-on")
		ann.until("!" + byID("freeze-box") + ".hidden")
		ann.write("freeze-days", "10")
		ann.click("setup-go")
		ann.shows("review")
		if got := ann.text("review-title") + ann.text("review-rows"); !strings.Contains(got, "Change the guardians") || !strings.Contains(got, "can freeze the account for 10 days") {
			t.Errorf("the review says %q", got)
		}
		ann.click("sign")
		ann.shows("done")
		ann.click("done-back")
		ann.shows("guardians")
		ann.until("!" + byID("pending") + ".hidden")
	}
	change()
	ann.click("cancel-setup")
	ann.shows("review")
	ann.click("sign")
	ann.shows("done")
	ann.click("done-back")
	ann.shows("guardians")
	ann.until(byID("pending") + ".hidden")
	if s := guardState(t, address); s.Pending != nil {
		t.Fatalf("the chain has %+v", s.Pending)
	}
	change()
	skip(t, 8*24*time.Hour)
	ann.until("!" + byID("apply") + ".hidden")
	ann.click("apply")
	ann.until(byID("setup-words") + ".textContent.includes('freeze the account for 10 days')")
	if s := guardState(t, address); s.Setup.Freeze != 10*24*time.Hour {
		t.Fatalf("the chain has %+v", s.Setup)
	}

	// 2. Freeze, by Mum and Bob.
	ann.shows("guardians")
	ann.click("ask-freeze")
	first := mum.helps(t, ann.request())
	ann.answered(first)
	if got := ann.text("standing-words"); !strings.Contains(got, "to agree") {
		t.Errorf("one guardian alone: %q", got)
	}
	ann.answered(bob.helps(t, first))
	ann.click("send")
	ann.until("!" + byID("frozen") + ".hidden")
	ann.shows("guardians")
	if got := ann.text("frozen"); !strings.Contains(got, "in 9 days") && !strings.Contains(got, "in 10 days") {
		t.Errorf("the page says %q", got)
	}
	if s := guardState(t, address); s.FrozenUntil.IsZero() {
		t.Fatal("the chain has no freeze")
	}

	// 3. And end it.
	ann.click("ask-unfreeze")
	ann.answered(dan.helps(t, mum.helps(t, ann.request())))
	ann.click("send")
	ann.until(byID("frozen") + ".hidden")
}
