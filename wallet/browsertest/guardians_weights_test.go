package browsertest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// unfold opens what most people do not need.
func (p *tab) unfold(id string) {
	p.t.Helper()
	p.eval(byID(id)+".open = true", nil)
}

// items is what the items of a list say.
func (p *tab) items(id string) (out []string) {
	p.t.Helper()
	p.eval("[...document.querySelectorAll('#"+id+" > li')].map((l) => l.textContent)", &out)
	return out
}

// Mum counts for more than the others: the form says what that means, and the chain has it.
func TestGuardiansOfDifferentWeight(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.onTheChain()
	ann.recovery()
	ann.audit()
	ann.click("to-guardians")
	ann.guardians("2", "7", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	ann.write("guardian-0-0-name", "Mum")
	says := func(want string) {
		t.Helper()
		ann.click("setup-title")
		ann.until("[" + byID("setup-preview") + ", " + byID("setup-problems") + "].some((e) => !e.hidden && e.textContent.includes(" + quoted(want) + "))")
	}
	says("2 of 3 guardians can bring in a new signer")
	if !ann.hidden("setup-problems") {
		t.Errorf("two of three are doubted: %q", ann.text("setup-problems"))
	}
	if label := ann.text("threshold-0-label"); label != "How many must agree" {
		t.Errorf("the threshold is called %q", label)
	}

	ann.unfold("weights-0")
	ann.write("weight-0-0", "2")
	says("Tier 1: Mum alone could begin to take your account")
	if label := ann.text("threshold-0-label"); label != "Weight that must agree" {
		t.Errorf("the threshold is called %q", label)
	}
	ann.write("threshold-0", "3")
	says("Tier 1: without Mum the others are too few.")
	ann.write("threshold-0", "4")
	says("Tier 1: all of them must agree.")
	for weight, want := range map[string]string{"0": "a guardian without weight changes nothing", "18446744073709551615": "the weights add up to more than fits"} {
		ann.write("weight-0-2", weight)
		says(want)
	}
	ann.write("weight-0-2", "some")
	ann.click("setup-go")
	ann.until(byID("weight-0-2-error") + ".textContent === 'Write a whole number.'")
	ann.write("weight-0-2", "1")
	ann.write("threshold-0", "3")
	says("guardians who weigh 3 of 4 together can bring in a new signer")
	ann.click("setup-go")
	ann.shows("review")
	if got := ann.text("review-rows"); !strings.Contains(got, "guardians who weigh 3 of 4 together") {
		t.Errorf("the review says %q", got)
	}
	ann.click("sign")
	ann.shows("done")
	ann.click("done-back")
	ann.shows("guardians")
	tier := guardState(t, address).Setup.Tiers[0]
	for _, g := range tier.Guardians {
		if want := map[common.Address]uint64{mum.address: 2, bob.address: 1, dan.address: 1}[g.Signer.Address()]; g.Weight != want {
			t.Errorf("%s weighs %d, want %d", g.Signer, g.Weight, want)
		}
	}
	if tier.Threshold != 3 {
		t.Errorf("the threshold is %d", tier.Threshold)
	}

	// The form shows it again, with the weights on view; two light ones do not suffice, and are told so.
	if ann.hidden("weights-0") || ann.value("threshold-0") != "3" {
		t.Errorf("the form has the threshold %s", ann.value("threshold-0"))
	}
	ann.until(byID("weights-0") + ".open && [0, 1, 2].map((i) => document.getElementById('weight-0-' + i).value).sort().join() === '1,1,2'")
	lost := blankTab(t)
	lost.addAuthenticator()
	lost.answered(dan.helps(t, bob.helps(t, lost.lose(address))))
	if got := lost.text("standing-words"); got != "Guardians who weigh 1 more have to agree." || !lost.hidden("send-box") {
		t.Errorf("the page says %q", got)
	}
	lost.answered(mum.helps(t, lost.request()))
	lost.until("!" + byID("send-box") + ".hidden")
}

// A setup that the form would not have made is shown, and changed in one place without loss in any other.
func TestAnExistingSetupIsChangedWithoutLoss(t *testing.T) {
	mum, bob := newFriend(t, "mum"), newFriend(t, "bob")
	signer := func(f friend) seal.Signer {
		s, err := seal.AddressSigner(f.address)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	day := 24 * time.Hour
	strange := guardian.Setup{Expiry: 29*day + 7*time.Second, ChangeDelay: 20*day + time.Minute, Freeze: 9*day + 90*time.Minute, Tiers: []guardian.Tier{
		{Threshold: 1 << 40, Delay: 7*day + time.Second, Guardians: []guardian.Guardian{{Signer: signer(mum), Weight: 1<<63 + 5}, {Signer: signer(bob), Weight: 3}}},
		{Threshold: 3, Delay: 30*day + 5*time.Hour, Guardians: []guardian.Guardian{{Signer: signer(newFriend(t, "bank")), Weight: 3}}},
	}}.Sorted()
	data, err := strange.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.onTheChain()
	if err := strange.Check(common.HexToAddress(address), members(t, address)); err != nil {
		t.Fatal(err)
	}
	ann.before(`(() => { const real = fetch; window.fetch = async (url, o) => {
		const reply = await real(url, o);
		if (!o?.body?.includes('eth_call') || !o.body.includes('` + hexutil.Encode(crypto.Keccak256([]byte("setupOf(address)"))[:4]) + `')) return reply;
		return new Response(JSON.stringify({ ...await reply.json(), result: '` + hexutil.Encode(data) + `' }));
	}; })()`)
	ann.recovery()
	ann.audit()
	ann.click("to-guardians")
	ann.shows("guardians")
	if got := ann.items("setup-words"); !slices.Equal(got, strange.Words()) {
		t.Fatalf("the page shows\n%q\nwant\n%q", got, strange.Words())
	}
	changed := func(want guardian.Setup) {
		t.Helper()
		ann.click("setup-title")
		ann.until("!" + byID("setup-preview") + ".hidden && " + byID("setup-preview") + ".textContent === " + quoted(strings.Join(want.Words(), "")))
	}
	bobs := "0"
	if strange.Tiers[0].Guardians[1].Signer == signer(bob) {
		bobs = "1"
	}
	ann.write("weight-0-"+bobs, "4")
	heavier := strange
	heavier.Tiers = slices.Clone(strange.Tiers)
	heavier.Tiers[0].Guardians = slices.Clone(strange.Tiers[0].Guardians)
	heavier.Tiers[0].Guardians[strange.Tiers[0].Index(signer(bob))].Weight = 4
	changed(heavier)
	ann.write("expiry-days", "10")
	heavier.Expiry = 10 * day
	changed(heavier)
	ann.write("change-days", "25.5")
	heavier.ChangeDelay = 25*day + 12*time.Hour
	changed(heavier)
	ann.eval("(() => { const f = "+byID("change-days")+"; f.value = ''; f.dispatchEvent(new Event('change')); })()", nil)
	heavier.ChangeDelay = strange.Tiers[0].Delay + day
	changed(heavier)
	ann.write("expiry-days", "100")
	ann.click("setup-go")
	ann.until(byID("setup-problems") + ".textContent === 'Recoveries: a proposal must stay executable for 1 to 90 days.'")
}
