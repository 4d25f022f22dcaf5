package browsertest

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// later is a page for which the chain's blocks are as many seconds later as sessionStorage says.
const later = `(() => { const real = fetch; window.fetch = async (url, o) => {
	const reply = await real(url, o), more = Number(sessionStorage.getItem('later') || 0);
	if (!more || !o?.body?.includes('eth_getBlockByNumber')) return reply;
	const answer = await reply.json();
	answer.result.timestamp = '0x' + (Number(answer.result.timestamp) + more).toString(16);
	return new Response(JSON.stringify(answer));
}; })()`

// keepsFiles is a page that remembers what its links save.
const keepsFiles = `(() => { const real = URL.createObjectURL, files = new Map(); URL.createObjectURL = (b) => { const url = real.call(URL, b); files.set(url, b); return url; };
	globalThis.savedBy = (id) => files.get(document.getElementById(id).href).text(); })()`

// saved is what a link of such a page saves.
func (p *tab) saved(id string) (text string) {
	p.t.Helper()
	p.eval("savedBy("+quoted(id)+")", &text)
	return text
}

// inDays opens the owner's guardians so many days later.
func (p *tab) inDays(days string) {
	p.t.Helper()
	p.eval("sessionStorage.setItem('later', "+days+" * 86400)", nil)
	p.recovery()
	p.audit()
	p.click("to-guardians")
	p.shows("guardians")
}

// record is what the tab's browser keeps of an account's drills.
func (p *tab) record(address string) (out []*guardian.Collected) {
	p.t.Helper()
	var text string
	p.eval("localStorage.getItem('postern.drills.31337."+address+"') ?? ''", &text)
	if text == "" {
		return nil
	}
	var log struct {
		Format string
		Drills []json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil || log.Format != "postern-drills-1" {
		p.t.Fatalf("%v: the browser keeps %s", err, text)
	}
	for _, raw := range log.Drills {
		c, err := guardian.ParseCollected(raw)
		if err != nil {
			p.t.Fatalf("Go refuses the page's drill: %v", err)
		}
		out = append(out, c)
	}
	return out
}

// The owner holds a drill, by file and by link, sees who can sign, and in time who has not answered and that another is due.
func TestADrillIsHeldOnThePage(t *testing.T) {
	mum, bob := newFriend(t, "mum"), newFriend(t, "bob")
	carol := blankTab(t)
	carol.addAuthenticator()
	card := carol.cardOf()
	ann := blankTab(t)
	ann.before(later)
	ann.before(keepsFiles)
	ann.addAuthenticator()
	address := ann.guard("2", "7", mum.address.Hex(), card, bob.address.Hex())
	for id, name := range map[string]string{"guardian-0-0": "Mum", "guardian-0-1": "Carol", "guardian-0-2": "Bob"} {
		ann.name(id, name, mum.address.Hex(), bob.address.Hex())
	}

	// 1. Nobody has shown anything yet. The drill is the one that Go would begin, and is kept at once.
	if got := ann.text("drill-verdict"); got != "No drill was held yet. Whether your guardians can sign, nobody has seen." {
		t.Errorf("before a drill the page says %q", got)
	}
	ann.click("drill-begin")
	request := ann.request()
	c, err := guardian.ParseCollected([]byte(request))
	if err != nil {
		t.Fatalf("Go refuses the page's drill: %v", err)
	}
	drill, ok := c.Message().(guardian.Drill)
	if state := guardState(t, address); !ok || drill.Digest(c.ChainID()) != state.Drill(drill.Date).Digest(state.ChainID) {
		t.Fatalf("the page asks for %+v", c.Message())
	} else if d := state.Time.Sub(drill.Date); d < 0 || d > 10*time.Minute {
		t.Errorf("the drill is dated %s, %s before the newest block", drill.Date, d)
	}
	if got := ann.text("approve-words"); !strings.Contains(got, "No contract accepts this signature") {
		t.Errorf("the page says %q", got)
	}
	if log := ann.record(address); len(log) != 1 || len(log[0].Approvals()) != 0 {
		t.Fatalf("the browser keeps %+v", log)
	}

	// 2. Mum signs the text, Carol the link with her passkey, which comes back as a link. Neither browser keeps anything.
	ann.answered(mum.helps(t, request))
	if got := ann.text("standing-words"); got != "1 of 3 have shown that they can." {
		t.Errorf("the page says %q", got)
	}
	carol.follow(ann.copied("copy-link"))
	carol.shows("approve")
	carol.click("sign-passkey")
	carol.until(byID("status") + ".textContent === 'Signed. Now pass it back to whoever sent it to you.'")
	carol.shows("approve")
	if log := carol.record(address); log != nil {
		t.Errorf("a guardian's browser keeps %+v", log)
	}
	answer := carol.copied("copy-link")
	ann.follow(answer)
	ann.shows("approve")
	log := ann.record(address)
	if len(log) != 1 || len(log[0].Approvals()) != 2 {
		t.Fatalf("the browser keeps %+v", log)
	}
	for _, a := range log[0].Approvals() {
		if err := a.Verify(log[0].Message(), log[0].ChainID()); err != nil {
			t.Error(err)
		}
	}

	// 3. The account's guardians, by name, and the file that the command line reads.
	ann.inDays("0")
	shown := func(want ...string) {
		t.Helper()
		var lines []string
		ann.eval("[...document.querySelectorAll('#drill-verdict li, #drill-list li')].map((l) => l.textContent)", &lines)
		got := strings.Join(lines, "\n")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("the page says\n%s\nwithout %q", got, w)
			}
		}
	}
	date := drill.Date.Format("2 January 2006")
	shown("Enough guardians have shown lately that they can sign.", "Mum showed on "+date, "Carol showed on "+date, "Bob was asked on "+date+", and has not answered yet")
	saved := ann.saved("save-drills")
	if !strings.HasPrefix(saved, `{"format":"postern-drills-1","drills":[{"format":"postern-recovery-1","kind":"drill"`) {
		t.Errorf("the page saves %s", saved)
	}

	// 4. Bob stays silent; half a year later the next drill is overdue, and the account's first page says so.
	ann.inDays("20")
	shown("Enough guardians", "Bob has never answered, and was asked on "+date)
	ann.inDays("181")
	shown("A drill is overdue: the last one was on "+date, "Mum showed it last on "+date)
	ann.click("to-audit")
	ann.shows("audit")
	if got := ann.text("drill-due"); !strings.Contains(got, "A drill is overdue") {
		t.Errorf("the account's first page says %q", got)
	}

	// 5. Another browser of the owner's knows nothing, until it has read the record.
	ann.eval("localStorage.removeItem('postern.drills.31337."+address+"')", nil)
	ann.inDays("1")
	shown("No drill was held yet")
	ann.eval(`(() => { const data = new DataTransfer(); data.items.add(new File([`+quoted(saved)+`], 'drills.json')); const f = `+byID("drills-file")+`; f.files = data.files; f.dispatchEvent(new Event('change')); })()`, nil)
	ann.until(byID("status") + ".textContent === 'The record is read.'")
	shown("Enough guardians", "Carol showed on "+date)
}

// name calls the guardians of a form by what they are.
func (p *tab) name(field, name, mum, bob string) {
	p.t.Helper()
	p.eval(`(() => {
		const wanted = { Mum: `+quoted(strings.ToLower(mum))+`, Bob: `+quoted(strings.ToLower(bob))+` }[`+quoted(name)+`];
		const fields = [...document.querySelectorAll('#tiers input.code')];
		const at = fields.find((f) => wanted ? f.value === wanted : f.value.length > 42);
		const box = document.getElementById(at.id + '-name');
		box.value = `+quoted(name)+`;
		box.dispatchEvent(new Event('change'));
	})()`, nil)
}

// Too many have never answered: the page says so before anybody needs them. What strangers send is not counted.
func TestSilentGuardiansAndForeignDrills(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.before(later)
	ann.addAuthenticator()
	address := ann.guard("2", "7", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	state := guardState(t, address)

	// 1. Drills that the page did not begin: nobody has signed them, they are not yet, or of other guardians.
	ann.eval(byID("guardians-back")+".click()", nil)
	ann.shows("start")
	ann.audit()
	other := guardian.Setup{Expiry: state.Setup.Expiry, ChangeDelay: state.Setup.ChangeDelay, Tiers: []guardian.Tier{{Threshold: 1, Delay: 7 * 24 * time.Hour, Guardians: state.Setup.Tiers[0].Guardians[:1]}}}
	foreign := guardian.Drill{Account: state.Account, Nonce: state.Any, Date: state.Time.Add(-time.Hour), ConfigHash: other.Hash()}
	for name, text := range map[string]string{
		"unsigned": drillText(t, state.Setup, state.Drill(state.Time.Add(-300*24*time.Hour))),
		"not yet":  drillText(t, state.Setup, state.Drill(state.Time.Add(48*time.Hour)), mum, bob, dan),
		"others":   drillText(t, other, foreign, mum, bob, dan),
	} {
		ann.opens(text)
		if log := ann.record(address); log != nil {
			t.Errorf("%s: the browser keeps %+v", name, log)
		}
		if hidden := ann.hidden("sign-box"); (name == "unsigned") == hidden {
			t.Errorf("%s: the box to sign is hidden: %t", name, hidden)
		}
		if name == "not yet" && !strings.Contains(ann.text("approve-stale"), "which is not yet") {
			t.Errorf("%s: the page says %q", name, ann.text("approve-stale"))
		}
	}

	// 2. A drill that one of three answers.
	ann.inDays("0")
	ann.click("drill-begin")
	ann.answered(dan.helps(t, ann.request()))
	ann.inDays("13")
	if got := ann.text("drill-verdict"); !strings.HasPrefix(got, "A drill is under way since ") {
		t.Errorf("the page says %q", got)
	}
	ann.inDays("15")
	if got := ann.text("drill-verdict"); !strings.Contains(got, "(2 of 3) that a recovery could not complete") {
		t.Errorf("the page says %q", got)
	}
	ann.click("to-audit")
	ann.shows("audit")
	if got := ann.text("drill-due"); !strings.Contains(got, "a recovery could not complete") {
		t.Errorf("the account's first page says %q", got)
	}

	// 3. Who answers late is heard: the same drill goes on.
	ann.click("to-guardians")
	ann.shows("guardians")
	ann.click("drill-go-on")
	ann.answered(mum.helps(t, ann.request()))
	ann.click("approve-account")
	ann.shows("guardians")
	if got := ann.text("drill-verdict"); !strings.HasPrefix(got, "Enough guardians have shown lately") {
		t.Errorf("the page says %q", got)
	}
}

// opens opens a request by its text, from whatever is on view, as the owner who has opened the account.
func (p *tab) opens(text string) {
	p.t.Helper()
	p.eval(byID("request")+".value = "+quoted(text), nil)
	p.eval(byID("open-form")+".requestSubmit()", nil)
	p.shows("approve")
	p.until(byID("standing") + ".children.length")
}

func (p *tab) hidden(id string) (yes bool) {
	p.t.Helper()
	p.eval(byID(id)+".hidden", &yes)
	return yes
}

// drillText is the file of a drill that these have signed.
func drillText(t *testing.T, s guardian.Setup, m guardian.Drill, who ...friend) string {
	t.Helper()
	chain := big.NewInt(31337)
	c, err := guardian.Collect(chain, s, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range who {
		signer, err := seal.AddressSigner(f.address)
		if err != nil {
			t.Fatal(err)
		}
		if s.Tiers[0].Index(signer) < 0 {
			continue
		}
		ask, err := guardian.Ask(guardian.Approver{Signer: signer}, m, chain)
		if err != nil {
			t.Fatal(err)
		}
		key, err := crypto.ToECDSA(common.FromHex(f.secret))
		if err != nil {
			t.Fatal(err)
		}
		digest := m.Digest(chain)
		sig, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ask.Finish(account.Approval{ECDSA: sig})
		if err == nil {
			err = c.Add(a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := c.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
