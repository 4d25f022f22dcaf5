// Policies in a policy file.

package grant

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/textfile"
)

func (f *fileReader) policy(t *table) {
	kind, n := t.text("kind")
	var p Policy
	switch Kind(kind) {
	case KindCall:
		p = f.call(t)
	case KindGas:
		p = f.gas(t)
	case KindRateLimit:
		p = f.rate(t)
	case KindTimestamp:
		p = &Timestamp{ValidAfter: t.time("from"), ValidUntil: t.time("until")}
	case KindSignatureCaller:
		s := &SignatureCaller{}
		for i, n := range t.list("callers", maxCallers) {
			s.Callers = append(s.Callers, f.address(n, t.at("caller "+decimal(i+1))))
		}
		p = s
	case KindSudo:
		p = &Sudo{}
	default:
		const way = "write call, gas, rate-limit, timestamp, signature-caller or sudo"
		if n == nil {
			t.missing("kind", way)
		} else {
			f.refuse(n, t.at("kind"), way, "there is no policy %q", kind)
		}
		return
	}
	b := p.base()
	if n := t.take("contract"); n != nil {
		b.Address = f.address(n, t.at("contract"))
	}
	for _, n := range t.list("skip", 2) {
		switch {
		case n.Form == textfile.String && n.Text == "operations":
			b.Flags |= FlagNotOps
		case n.Form == textfile.String && n.Text == "messages":
			b.Flags |= FlagNotMessages
		default:
			f.refuse(n, t.at("skip"), `write "operations" or "messages": what the policy is not asked about`, "nothing of that kind can be skipped")
		}
	}
	t.done()
	f.g.Policies = append(f.g.Policies, p)
}

func (f *fileReader) call(t *table) *Call {
	p := &Call{Version: CallLatest}
	if v, n := t.text("version"); n != nil {
		p.Version = CallVersion(v)
		if callContract(p.Version) == (common.Address{}) {
			f.refuse(n, t.at("version"), "leave it out, or write "+string(CallLatest), "there is no call policy %q", v)
		}
	}
	for i, n := range t.list("allow", maxPermissions) {
		if f.err == nil {
			p.Permissions = append(p.Permissions, f.permission(f.table(n, t.at("allow "+decimal(i+1)))))
		}
	}
	return p
}

func (f *fileReader) permission(t *table) Permission {
	var p Permission
	switch n := t.take("target"); {
	case n == nil:
		t.missing("target", `write the contract's address, a token's symbol, or "any"`)
	case n.Form == textfile.String && n.Text == "any":
	default:
		if p.Target = f.address(n, t.at("target")); p.Target == (common.Address{}) {
			f.refuse(n, t.at("target"), `write "any" if you mean any contract`, "the zero address stands for any contract")
		}
	}
	expression, call := t.text("call")
	selector, raw := t.text("selector")
	switch {
	case call != nil && raw != nil:
		f.refuse(raw, t.at("selector"), "leave it out", "the selector follows from call")
	case call != nil && f.err == nil:
		q, err := ParseCall(expression, p.Target, f.g.Tokens)
		f.wrong(call, t.at("call"), err)
		p = q
	case raw != nil:
		b, ok := hexBytes(selector)
		if !ok || len(b) != 4 {
			f.refuse(raw, t.at("selector"), "write 0x and 8 hexadecimal digits", "%q is no selector", selector)
			break
		}
		p.Selector = [4]byte(b)
	}
	if n := t.take("value"); n != nil {
		p.ValueLimit = f.amount(n, t.at("value"))
	}
	if t.flag("delegatecall") {
		p.CallType = CallDelegate
	}
	if nodes := t.list("rules", maxRules); nodes != nil {
		if call != nil {
			f.refuse(t.n, t.at("rules"), "write conditions behind where", "rules go with a selector, not with call")
		}
		for i, n := range nodes {
			p.Rules = append(p.Rules, f.rule(f.table(n, t.at("rule "+decimal(i+1)))))
		}
	}
	t.done()
	return p
}

// rule reads a condition on bare words, for functions whose signature is unknown.
func (f *fileReader) rule(t *table) Rule {
	var r Rule
	word, n := t.text("condition")
	found := false
	for i, name := range conditionNames {
		if name == word {
			r.Condition, found = Condition(i), true
		}
	}
	if n == nil {
		t.missing("condition", `write "=", "in", …`)
	} else if !found {
		f.refuse(n, t.at("condition"), "write one of "+strings.Join(conditionNames[:], " "), "there is no condition %q", word)
	}
	if r.Offset, n = t.number("offset", maxWords*32); n == nil {
		t.missing("offset", "write the number of bytes after the selector")
	}
	for i, n := range t.list("params", maxChoice) {
		b, ok := hexBytes(n.Text)
		if n.Form != textfile.String || !ok || len(b) != 32 {
			f.refuse(n, t.at("param "+decimal(i+1)), "write 0x and 64 hexadecimal digits", "it is no word")
			continue
		}
		r.Params = append(r.Params, [32]byte(b))
	}
	t.done()
	return r
}

// amount reads "0.1 ETH" or a number of wei.
func (f *fileReader) amount(n *textfile.Node, field string) *big.Int {
	if n.Form != textfile.String && n.Form != textfile.Bare {
		f.refuse(n, field, `write "0.1 ETH"`, "it is no amount")
		return nil
	}
	if _, unit, _ := strings.Cut(strings.TrimSpace(n.Text), " "); unit != "" {
		if _, coin := coins[strings.TrimSpace(unit)]; !coin {
			f.refuse(n, field, "write it in ETH, gwei or wei; amounts of tokens go behind where", "the chain's own coin is meant here, not %s", unit)
			return nil
		}
	}
	v, err := ParseAmount(n.Text, nil)
	if err != nil {
		f.wrong(n, field, err)
	}
	return v
}

func (f *fileReader) gas(t *table) *Gas {
	p := &Gas{}
	if n := t.take("budget"); n == nil {
		t.missing("budget", `write "0.01 ETH": what all operations together may cost the account`)
	} else if p.Allowed = f.amount(n, t.at("budget")); f.err == nil && p.Allowed.BitLen() > 128 {
		f.refuse(n, t.at("budget"), "write a smaller one", "the budget does not fit into 128 bits")
	}
	if n := t.take("paymaster"); n != nil {
		p.EnforcePaymaster, p.Paymaster = true, f.address(n, t.at("paymaster"))
	}
	return p
}

func (f *fileReader) rate(t *table) *RateLimit {
	p := &RateLimit{Reset: t.flag("reset"), StartAt: t.time("start")}
	var n *textfile.Node
	if p.Count, n = t.number("count", maxUint48); n == nil {
		t.missing("count", "write the number of operations")
	}
	if every, n := t.text("every"); n != nil && f.err == nil {
		seconds, ok := parseDuration(every)
		if !ok {
			f.refuse(n, t.at("every"), `write "1 day", "6 hours", "30 minutes" or "45 seconds"`, "%q is no span of time", every)
		}
		p.Interval = seconds
	}
	if n := t.n.Values["start"]; p.Reset && n != nil {
		f.refuse(n, t.at("start"), "leave it out", "a rate limit with reset starts when it is installed")
	}
	return p
}

var spans = []struct {
	name    string
	seconds uint64
}{{"week", 7 * 86400}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}}

func parseDuration(s string) (uint64, bool) {
	number, unit, _ := strings.Cut(s, " ")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, false
	}
	for _, k := range spans {
		if unit == k.name || unit == k.name+"s" {
			return n * k.seconds, true
		}
	}
	return 0, false
}

// comesTwice says whether clocks show a time again, or have shown it before: they
// are put back by an hour, or somewhere by half of one.
func comesTwice(at time.Time) bool {
	for _, d := range []time.Duration{-time.Hour, -time.Hour / 2, time.Hour / 2, time.Hour} {
		if at.Add(d).Format(time.DateTime) == at.Format(time.DateTime) {
			return true
		}
	}
	return false
}

// time reads a time of the file: with an offset, in the file's zone, or as Unix
// seconds. A missing one is 0.
func (t *table) time(key string) uint64 {
	n := t.take(key)
	if n == nil || t.f.err != nil {
		return 0
	}
	const way = "write 2026-12-31T18:00:00Z, 2026-12-31 18:00 in the file's timezone, or Unix seconds"
	if v, err := strconv.ParseUint(n.Text, 10, 64); err == nil && n.Form == textfile.Bare {
		if v > 1<<38 {
			t.f.refuse(n, t.at(key), "write seconds, not milliseconds", "%d is after the year 10000", v)
		}
		return v
	}
	if n.Form == textfile.String || n.Form == textfile.Bare {
		if at, err := time.Parse(time.RFC3339, n.Text); err == nil && at.Unix() > 0 {
			return uint64(at.Unix())
		}
		for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
			at, err := time.ParseInLocation(layout, n.Text, t.f.zone)
			if err != nil || at.Unix() <= 0 {
				continue
			}
			if at.Format(layout) != n.Text {
				t.f.refuse(n, t.at(key), "write a time before or after the clock change", "%s does not exist in %s: the clock is put forward", n.Text, t.f.zone)
			}
			if comesTwice(at) {
				t.f.refuse(n, t.at(key), "write it in UTC, such as "+at.UTC().Format(time.RFC3339), "%s comes twice in %s: the clock is put back", n.Text, t.f.zone)
			}
			return uint64(at.Unix())
		}
	}
	t.f.refuse(n, t.at(key), way, "%q is no time", n.Text)
	return 0
}
