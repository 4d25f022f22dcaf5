package account

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Summary says in words what an operation does, for the person who approves it.
// It is made from the calls that the operation was encoded from, not from its
// bytes; [Prepared.Finish] and [Resume] make sure that the two agree.
type Summary struct {
	Does       []string       `json:"does"` // one sentence per call
	Account    common.Address `json:"account"`
	Chain      string         `json:"chain"`
	EntryPoint string         `json:"entryPoint"` // version
	Deploys    bool           `json:"deploys"`    // it also creates the account
	// Delegates is the contract whose code the account's address runs from then
	// on (EIP-7702); nil if the operation changes nothing about that.
	Delegates *common.Address `json:"delegates,omitempty"`
	Value     string          `json:"value"` // that leaves the account with the calls
	MaxFee    string          `json:"maxFee"`
	FeePaidBy string          `json:"feePaidBy"`
	Approver  string          `json:"approver"`
	Warnings  []string        `json:"warnings,omitempty"`
}

// Summary describes the operation in words.
func (p *Prepared) Summary() Summary {
	op := p.Op()
	coin := p.client.Currency
	if coin == "" {
		coin = "ETH"
	}
	s := Summary{
		Account: op.Sender, Chain: p.chainID.String(), EntryPoint: p.acct.EntryPoint().Version(),
		Deploys: p.deploys, MaxFee: Ether(p.fee) + " " + coin, FeePaidBy: "the account", Approver: p.challenge.who(),
	}
	if n, ok := p.auth.(Namer); ok {
		s.Approver = n.Name()
	}
	if op.Paymaster != nil {
		s.FeePaidBy = "the paymaster " + op.Paymaster.Hex()
		if p.sponsor != "" {
			s.FeePaidBy = fmt.Sprintf("%q (paymaster %s)", p.sponsor, op.Paymaster.Hex())
		}
	}
	if p.tokenCharge != nil {
		s.FeePaidBy = p.tokenCharge.payer()
	}
	if a := op.Authorization; a != nil {
		s.Delegates = &a.Address
		s.Warnings = append(s.Warnings, fmt.Sprintf("from now on the code at %s decides what the address %s does, on chain %s, until its key takes that back", a.Address, op.Sender, p.chainID))
	}
	value := new(big.Int)
	for _, c := range p.calls {
		value.Add(value, c.Value)
		words, warning := p.describe(c, coin)
		s.Does = append(s.Does, words)
		if warning != "" {
			s.Warnings = append(s.Warnings, warning)
		}
	}
	s.Value = Ether(value) + " " + coin
	for _, w := range append(p.feeWarnings(op, value, coin), p.estimate.warning(), p.tokenCharge.warning()) {
		if w != "" {
			s.Warnings = append(s.Warnings, w)
		}
	}
	return s
}

// String is the summary as a few lines of text.
func (s Summary) String() string {
	var b strings.Builder
	if len(s.Does) == 1 {
		fmt.Fprintf(&b, "%s\n", upperFirst(s.Does[0]))
	} else {
		fmt.Fprintf(&b, "%d steps, all or none:\n", len(s.Does))
		for i, d := range s.Does {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, d)
		}
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "WARNING: %s\n", w)
	}
	fmt.Fprintf(&b, "from account %s on chain %s", s.Account, s.Chain)
	if s.Deploys {
		b.WriteString(", which this creates")
	}
	if s.Delegates != nil {
		fmt.Fprintf(&b, ", which from then on runs the code at %s", s.Delegates)
	}
	fmt.Fprintf(&b, "\nvalue %s, fee at most %s, paid by %s\napproved by %s (EntryPoint v%s)",
		s.Value, s.MaxFee, s.FeePaidBy, s.Approver, s.EntryPoint)
	return b.String()
}

// describe says what one call does, as far as it is known.
func (p *Prepared) describe(c Call, coin string) (words, warning string) {
	if w, ok := p.acct.(Warner); ok {
		warning = w.WarnCall(c) // also of what nobody can describe
	}
	if d, ok := p.acct.(Describer); ok {
		if w, ok := d.DescribeCall(c); ok {
			return w, warning
		}
	}
	words, more := p.generic(c, coin)
	if warning == "" {
		warning = more
	}
	return words, warning
}

// generic describes calls without knowing the account.
func (p *Prepared) generic(c Call, coin string) (words, warning string) {
	with := ""
	if c.Value.Sign() > 0 {
		with = fmt.Sprintf(" with %s %s", Ether(c.Value), coin)
	}
	switch {
	case len(c.Data) == 0 && c.To == p.acct.Address():
		switch op := p.Op(); {
		case len(p.calls) > 1:
			return "do nothing", ""
		case p.deploys:
			return "create the account, and nothing else", ""
		case op.Authorization != nil:
			return "make the address a smart account, and nothing else", ""
		}
		return "do nothing but use up a nonce", ""
	case len(c.Data) == 0:
		return fmt.Sprintf("send %s %s to %s", Ether(c.Value), coin, c.To), ""
	case c.To == p.acct.Address():
		return fmt.Sprintf("change this account: call %s on itself%s", selector(c.Data), with),
			"a call of the account to itself can change who controls it"
	}
	if w, warning, ok := describeToken(c); ok {
		return w + with, warning
	}
	return fmt.Sprintf("call %s on %s%s, %d bytes of data", selector(c.Data), c.To, with, len(c.Data)), ""
}

func selector(data []byte) string {
	if len(data) < 4 {
		return "a function"
	}
	return fmt.Sprintf("function 0x%x", data[:4])
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
