// Grants in words.

package grant

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Style is how amounts and times are written. Its zero value takes the grant's
// own tokens and zone. A token whose symbol is no name of letters and digits, or
// that of a coin, is shown by its address, and its amounts in the smallest unit.
type Style struct {
	Tokens Tokens
	Zone   *time.Location
	Coin   string // of the chain, "" for ETH
}

// Words says what a grant allows, one sentence per line, in the order of the
// policies. It says the same of a grant that was read from a file and of one that
// was read from the chain, as far as the chain knows: unknown functions are named
// by their selectors there.
func Words(g Grant, style Style) []string {
	w := writer{style: style}
	if w.style.Tokens == nil {
		w.style.Tokens = g.Tokens
	}
	unsound := func(t Token) bool { return !t.sound() || t.Symbol == style.Coin }
	if slices.ContainsFunc(w.style.Tokens, unsound) {
		w.style.Tokens = slices.DeleteFunc(slices.Clone(w.style.Tokens), unsound)
	}
	if w.style.Zone == nil {
		w.style.Zone = time.UTC
		if z, err := loadZone(g.Zone); err == nil && g.Zone != "" {
			w.style.Zone = z
		}
	}
	if w.style.Coin == "" {
		w.style.Coin = "ETH"
	}
	if g.Flag&FlagNotOps != 0 {
		w.say("May not send operations.")
	} else {
		w.operations(g)
	}
	w.messages(g)
	return w.lines
}

type writer struct {
	style Style
	lines []string
}

func (w *writer) say(format string, args ...any) {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

func (w *writer) operations(g Grant) {
	calls := false
	for _, p := range g.Policies {
		if _, ok := p.(*Call); ok && asked(p, FlagNotOps) {
			calls = true
		}
	}
	if !calls {
		w.say("May do everything that the owner may do: call any contract with any amount, and change the account itself.")
	}
	for _, p := range g.Policies {
		if isNil(p) {
			w.say("A policy is missing.")
			continue
		}
		if !asked(p, FlagNotOps) {
			if p.Kind() != KindSignatureCaller && p.Kind() != KindSudo {
				article := "A"
				if p.Kind() == KindUnknown {
					article = "An"
				}
				w.say("%s %s policy is there, but is not asked about operations: it limits nothing.", article, p.Kind())
			}
			continue
		}
		if c, ok := understood(p); !ok && p.Kind() != KindUnknown {
			what := "a contract nobody here knows"
			if c.Kind != "" {
				what = "a contract that reads something else"
			}
			says := "The next line is what a %s policy says; this one is at %s, %s."
			if p.Kind() == KindSignatureCaller || p.Kind() == KindSudo { // they have no line
				says = "A %s policy is there, but at %s, %s."
			}
			w.say(says, p.Kind(), p.Contract(), what)
		}
		switch p := p.(type) {
		case *Call:
			w.call(p)
		case *Gas:
			w.gas(p)
		case *RateLimit:
			w.rate(p)
		case *Timestamp:
			w.timestamp(p)
		case *Opaque:
			w.say("A policy contract that nobody here knows, %s, says what else is allowed (%d bytes of parameters: 0x%x).", p.Address, len(p.Data), p.Data[:min(len(p.Data), 64)])
		}
	}
}

func (w *writer) call(p *Call) {
	if len(p.Permissions) == 0 {
		w.say("May call nothing.")
	}
	for i := range p.Permissions {
		w.say("%s", w.permission(&p.Permissions[i]))
	}
}

func (w *writer) permission(q *Permission) string {
	f := q.function()
	var b strings.Builder
	verb, target := "May call", "any contract"
	if !q.AnyTarget() {
		target = w.address(q.Target)
	}
	switch q.CallType {
	case CallSingle:
	case CallDelegate:
		verb = "May run in the account's own name (delegatecall), with full power over it,"
	default:
		verb = fmt.Sprintf("May make a %s, which nothing ever is, of", q.CallType)
	}
	switch {
	case f != nil:
		fmt.Fprintf(&b, "%s %s of %s", verb, f, target)
	case q.Selector == [4]byte{} && q.CallType == CallSingle:
		if q.AnyTarget() {
			target = "anyone"
		}
		// For the contract the two are one.
		fmt.Fprintf(&b, "May send %s to %s without data, or with data that begins with 0x00000000", w.style.Coin, target)
	default:
		fmt.Fprintf(&b, "%s the function 0x%x of %s", verb, q.Selector, target)
	}
	amount := w.amounts(q, f)
	for i, r := range q.Rules {
		join := ", if "
		if i > 0 {
			join = " and "
		}
		b.WriteString(join + ruleWords(f, r, amount))
	}
	switch limit := q.valueLimit(); {
	case q.CallType == CallDelegate:
		b.WriteString(".")
	case limit.Sign() == 0:
		fmt.Fprintf(&b, "; sends no %s.", w.style.Coin)
	default:
		fmt.Fprintf(&b, "; sends at most %s with each call, without a total.", w.coin(limit))
	}
	return b.String()
}

// amounts writes numbers of a token's own functions in its units.
func (w *writer) amounts(q *Permission, f *Function) func(Param, *big.Int) string {
	t, ok := w.style.Tokens.at(q.Target)
	if !ok || f == nil {
		return nil
	}
	at, is := amountOffset[f.Signature()]
	if !is {
		return nil
	}
	return func(p Param, n *big.Int) string {
		if p.Offset() != at {
			return ""
		}
		return FormatUnits(n, t.Decimals) + " " + t.Symbol
	}
}

func (w *writer) gas(p *Gas) {
	by := ""
	if p.EnforcePaymaster && p.Paymaster != (common.Address{}) {
		by = fmt.Sprintf(", and the paymaster %s must pay for it", p.Paymaster)
	}
	w.say("All operations together may cost at most %s in fees, counted at their limits; gas of a paymaster is not counted%s.", w.coin(p.allowed()), by)
}

func (w *writer) rate(p *RateLimit) {
	uses := plural(p.Count, "operation")
	switch {
	case p.Reset:
		w.say("At most %s within %s, again and again.", uses, span(p.Interval))
	case p.Interval == 0 && p.StartAt == 0:
		w.say("At most %s in total.", uses)
	case p.StartAt == 0:
		w.say("At most %s in total; the interval of %s is not enforced, since there is no start.", uses, span(p.Interval))
	case p.Interval == 0:
		w.say("At most %s in total, not before %s.", uses, w.time(p.StartAt))
	default:
		w.say("At most %s in total, one every %s from %s on; what is not used adds up.", uses, span(p.Interval), w.time(p.StartAt))
	}
}

func (w *writer) timestamp(p *Timestamp) {
	switch {
	case p.ValidAfter == 0 && p.ValidUntil == 0:
		w.say("At any time.")
	case p.ValidUntil == 0:
		w.say("From %s on, without an end.", w.time(p.ValidAfter))
	case p.ValidAfter == 0:
		w.say("Until %s.", w.time(p.ValidUntil))
	default:
		w.say("From %s until %s.", w.time(p.ValidAfter), w.time(p.ValidUntil))
	}
}

// messages says who may ask about signatures (ERC-1271).
func (w *writer) messages(g Grant) {
	if g.messagesClosed() {
		w.say("May not sign messages.")
		return
	}
	const always = " The time window, the calls and the budget do not count for messages."
	for _, p := range g.Policies {
		s, ok := p.(*SignatureCaller)
		if !ok || !asked(p, FlagNotMessages) {
			continue
		}
		if _, ok := understood(p); !ok {
			continue
		}
		names := make([]string, len(s.Callers))
		for i, c := range s.Callers {
			names[i] = w.address(c)
		}
		w.say("May sign messages where %s asks, also such as move tokens."+always, strings.Join(names, " or "))
		return
	}
	w.say("May sign messages of any kind for any contract, also such as allow others to take tokens." + always)
}

// messagesClosed says whether no message is ever good.
func (g Grant) messagesClosed() bool {
	if g.Flag&FlagNotMessages != 0 {
		return true
	}
	for _, p := range g.Policies {
		if s, ok := p.(*SignatureCaller); ok && asked(p, FlagNotMessages) && len(s.Callers) == 0 {
			if _, ok := understood(p); ok {
				return true
			}
		}
	}
	return false
}

func (w *writer) address(a common.Address) string {
	if t, ok := w.style.Tokens.at(a); ok {
		return fmt.Sprintf("%s (%s)", t.Symbol, a)
	}
	return a.Hex()
}

func (w *writer) coin(wei *big.Int) string { return FormatUnits(wei, 18) + " " + w.style.Coin }

// time is in the user's zone and in UTC.
func (w *writer) time(unix uint64) string {
	if unix > 1<<38 {
		return fmt.Sprintf("the year 10000 or later (%d seconds)", unix)
	}
	t := time.Unix(int64(unix), 0)
	const layout = "2006-01-02 15:04:05"
	utc := t.UTC().Format(layout) + " UTC"
	if name := w.style.Zone.String(); name != "UTC" {
		return fmt.Sprintf("%s %s (%s)", t.In(w.style.Zone).Format(layout), name, utc)
	}
	return utc
}

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// span is in the largest unit that divides it.
func span(seconds uint64) string {
	for _, k := range spans {
		if seconds != 0 && seconds%k.seconds == 0 && k.name != "week" {
			return plural(seconds/k.seconds, k.name)
		}
	}
	return plural(seconds, "second")
}
