package browsertest

import (
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/server"
)

// ticks returns the proposals of a list, with a mark before those that are ticked.
func (p *tab) ticks(list string) (out []string) {
	p.t.Helper()
	p.eval(`[...document.querySelectorAll('#`+list+` li')].map((l) => (l.querySelector('input').checked ? '✓ ' : '') + l.textContent)`, &out)
	return out
}

// tick clicks the box of a proposal, as a person does.
func (p *tab) tick(id string) {
	p.t.Helper()
	p.click(id)
	p.until(byID("status") + ".textContent && !" + byID("status") + ".classList.contains('busy')")
}

// choices opens the audit of an account about which all is said, and the list of what can be chosen.
func (p *tab) choices() {
	p.t.Helper()
	p.audit()
	p.pick("Which cloud account", "None: it never leaves its device")
	p.until(byID("status") + ".textContent.includes('lock')")
	p.tell("Which devices", "My laptop")
	p.until(byID("table") + ".textContent.includes('My laptop is lost or broken')")
	p.eval("document.querySelector('#others-box').open = true", nil)
}

// Where the server has an access node, an account of Flow is looked at like any other.
func TestAnAccountOfFlowIsLookedAt(t *testing.T) {
	needFlow(t)
	p := blankTab(t)
	e, _ := flowEmulator(t, serviceKey(t))
	p.path = "/recovery"
	p.addAuthenticator()
	p.open("")
	p.eval("document.querySelector('#start details').open = true", nil)
	p.write("open-address", "0x"+e.Service.Hex())
	p.click("address-form button")
	p.until(byID("open-address-error") + ".textContent.includes('--flow URL')")
	p.until(byID("flow-too") + ".hidden")

	p.home = startFlow(t, server.UpConfig{Flow: e.URL})
	p.open("")
	p.eval("document.querySelector('#start details').open = true", nil)
	p.until("!" + byID("flow-too") + ".hidden")
	p.write("open-address", strings.ToUpper(e.Service.Hex())) // as somebody copies it who leaves 0x out
	p.click("address-form button")
	p.shows("audit")
	if got := p.text("audit-address"); got != "0x"+e.Service.Hex() {
		t.Errorf("the audit is of %s", got)
	}
	if got := p.text("verdict"); !strings.Contains(got, "lock") {
		t.Errorf("the verdict is %q", got)
	}
	p.until(byID("to-guardians") + ".hidden")
	if got := p.group("locked"); !strings.Contains(got, "is lost") {
		t.Errorf("what locks it: %q", got)
	}
	p.tick("step-0")
	p.until("!" + byID("supposed") + ".hidden")
	p.shot(shotDir(t), "recovery-flow")

	p.click("audit-back")
	p.shows("start")
	p.write("open-address", "00000000000000ff")
	p.quiet(func() {
		p.click("address-form button")
		if got := p.problem(); !strings.Contains(got, "invalid for chain flow-emulator") {
			t.Errorf("the page says %q", got)
		}
	})
}

func TestAProposalIsTickedAndThePageIsAsIfItWereDone(t *testing.T) {
	p, address := openRecovery(t)
	p.choices()
	locked, plan, others := p.group("locked"), p.ticks("plan"), p.ticks("others")
	if len(plan) == 0 || len(others) < 2 || strings.HasPrefix(plan[0], "✓") {
		t.Fatalf("the plan is %q, others %q", plan, others)
	}

	// 1. A change that makes something worse says so.
	second := -1
	for i, o := range others {
		if strings.Contains(o, "New: who takes over") && strings.Contains(o, "no longer locks it") {
			second = i
			break
		}
	}
	if second < 0 {
		t.Fatalf("no proposal says what it makes worse: %q", others)
	}
	choice, _, _ := strings.Cut(others[second], ".")

	// 2. It is ticked, and table, sets, picture and proposals are those after it; the page says that nobody has done it.
	p.tick("other-" + string(rune('0'+second)))
	p.until("!" + byID("supposed") + ".hidden")
	if got := p.text("supposed"); !strings.Contains(got, "not the account as it is") || !strings.Contains(got, choice) {
		t.Errorf("what is supposed: %q", got)
	}
	if got := p.ticks("plan"); len(got) == 0 || !strings.HasPrefix(got[0], "✓ "+choice) {
		t.Errorf("ticked: %q", got)
	}
	after := p.group("locked")
	if after == locked || strings.Contains(after, "My laptop is lost or broken") {
		t.Errorf("the table is as before: %q", after)
	}
	if got := p.group("stolen"); !strings.Contains(got, "new ") && !strings.Contains(got, "another ") {
		t.Errorf("what the change brings is in no row: %q", got)
	}
	if got := p.text("more-words"); !strings.Contains(got, "Smallest sets") {
		t.Errorf("the sets: %q", got)
	}
	p.until(byID("picture") + ".alt.includes('not the account as it is')")
	if got := p.text("audit-address"); got != address {
		t.Errorf("the audit is of %s", got)
	}
	p.until(byID("questions") + ".hidden && !" + byID("questions-later") + ".hidden")
	p.eval("document.querySelector('#others-box').open = true", nil)
	dir := shotDir(t)
	p.size(1280, 900)
	p.shot(dir, "recovery-supposed")
	p.scheme("dark")
	p.size(320, 800)
	p.shot(dir, "recovery-supposed-narrow-dark")
	var over float64
	if p.eval("document.documentElement.scrollWidth - innerWidth", &over); over > 0 {
		t.Errorf("%v pixels too wide", over)
	}

	// 3. A further one, and the first is taken back: what is not proposed without it goes too, and
	// the page says so. Then all is as before.
	if next := p.ticks("plan"); len(next) < 2 {
		t.Fatalf("there is nothing more to tick: %q", next)
	}
	p.tick("step-1")
	p.until("document.querySelectorAll('#plan input:checked').length === 2")
	p.tick("step-0")
	p.until("document.querySelectorAll('#plan input:checked').length < 2")
	var hidden bool
	if p.eval(byID("supposed")+".hidden", &hidden); !hidden {
		p.tick("untick")
	} else if got := p.text("status"); !strings.Contains(got, "Not ticked any more, because it is not proposed now: ") {
		t.Errorf("two are gone and the page says %q", got)
	}
	p.until(byID("supposed") + ".hidden")
	if got := p.group("locked"); got != locked {
		t.Errorf("after all: %q, want %q", got, locked)
	}
	if got := p.ticks("plan"); strings.Join(got, "\n") != strings.Join(plan, "\n") {
		t.Errorf("after all: %q, want %q", got, plan)
	}
	p.until("!" + byID("questions") + ".hidden")

	// 4. The plan's last step brings those above it, and nothing is kept over a reload.
	last := len(plan) - 1
	p.tick("step-" + string(rune('0'+last)))
	p.until("document.querySelectorAll('#plan input:checked').length === " + string(rune('1'+last)))
	p.open("")
	p.audit()
	p.until(byID("supposed") + ".hidden")
	if got := p.ticks("plan"); strings.HasPrefix(got[0], "✓") {
		t.Errorf("after a reload: %q", got)
	}
}
