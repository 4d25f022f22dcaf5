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
	Value      string         `json:"value"`      // that leaves the account with the calls
	MaxFee     string         `json:"maxFee"`
	FeePaidBy  string         `json:"feePaidBy"`
	Approver   string         `json:"approver"`
	Warnings   []string       `json:"warnings,omitempty"`
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
	s.Warnings = append(s.Warnings, p.feeWarnings(op, value, coin)...)
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
	fmt.Fprintf(&b, "\nvalue %s, fee at most %s, paid by %s\napproved by %s (EntryPoint v%s)",
		s.Value, s.MaxFee, s.FeePaidBy, s.Approver, s.EntryPoint)
	return b.String()
}

// describe says what one call does, as far as it is known.
func (p *Prepared) describe(c Call, coin string) (words, warning string) {
	if d, ok := p.acct.(Describer); ok {
		if w, ok := d.DescribeCall(c); ok {
			if d, ok := p.acct.(Warner); ok {
				warning = d.WarnCall(c)
			}
			return w, warning
		}
	}
	with := ""
	if c.Value.Sign() > 0 {
		with = fmt.Sprintf(" with %s %s", Ether(c.Value), coin)
	}
	switch {
	case len(c.Data) == 0 && c.To == p.acct.Address():
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

// describeToken knows the functions that wallets are robbed by. Amounts are in
// the token's smallest unit: its decimals are the token's own claim.
func describeToken(c Call) (words, warning string, ok bool) {
	if len(c.Data) < 4 {
		return "", "", false
	}
	sel, args := [4]byte(c.Data), c.Data[4:]
	switch {
	case sel == [4]byte{0xa9, 0x05, 0x9c, 0xbb} && isAddress(args, 64): // transfer(address,uint256)
		return fmt.Sprintf("transfer %s units of the token %s to %s", bigOf(args[32:64]), c.To, addressAt(args)), "", true
	case sel == [4]byte{0x09, 0x5e, 0xa7, 0xb3} && isAddress(args, 64): // approve(address,uint256)
		spender, amount := addressAt(args), bigOf(args[32:64])
		if amount.BitLen() > 128 {
			return fmt.Sprintf("allow %s to spend any amount of the token %s", spender, c.To),
				fmt.Sprintf("%s could take all of this token, now and later", spender), true
		}
		return fmt.Sprintf("allow %s to spend %s units of the token %s", spender, amount, c.To),
			fmt.Sprintf("%s could take them at any time; of a collection it could take number %s", spender, amount), true
	case sel == [4]byte{0x39, 0x50, 0x93, 0x51} && isAddress(args, 64): // increaseAllowance(address,uint256)
		return fmt.Sprintf("allow %s to spend %s more units of the token %s", addressAt(args), bigOf(args[32:64]), c.To),
			fmt.Sprintf("%s could take them at any time", addressAt(args)), true
	case sel == [4]byte{0x23, 0xb8, 0x72, 0xdd} && isAddress(args, 96) && isAddress(args[32:], 64): // transferFrom(address,address,uint256)
		return fmt.Sprintf("transfer %s units, or number %[1]s, of the token %s from %s to %s", bigOf(args[64:96]), c.To, addressAt(args), addressAt(args[32:])),
			fmt.Sprintf("%s gets it", addressAt(args[32:])), true
	case sel == [4]byte{0xa2, 0x2c, 0xb4, 0x65} && isAddress(args, 64): // setApprovalForAll(address,bool)
		if bigOf(args[32:64]).Sign() == 0 {
			return fmt.Sprintf("take back the permission of %s over all tokens of the collection %s", addressAt(args), c.To), "", true
		}
		return fmt.Sprintf("allow %s to move every token of the collection %s", addressAt(args), c.To),
			fmt.Sprintf("%s could take everything of this collection", addressAt(args)), true
	}
	return "", "", false
}

// isAddress reports whether args has n bytes and starts with a clean address.
func isAddress(args []byte, n int) bool {
	return len(args) == n && bigOf(args[:12]).Sign() == 0
}

func addressAt(args []byte) common.Address { return common.BytesToAddress(args[12:32]) }

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
