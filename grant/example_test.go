package grant_test

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// From what a person writes to what the chain will say.
func Example() {
	g, err := grant.ParseFile([]byte(`
version = 1

[[policy]]
kind = "call"

[[policy.allow]]
target = "0x000000000000000000000000000000000000dEaD"
call = "vote(uint256 proposal, bool yes) where proposal in [7, 8]"

[[policy]]
kind = "timestamp"
until = 2027-01-01T00:00:00Z

[[policy]]
kind = "signature-caller"
callers = []
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range grant.Check(g, grant.Facts{Now: 1_796_000_000}) {
		fmt.Println(f.Level, f, "–", f.Hint())
	}
	for _, line := range grant.Words(g, grant.Style{}) {
		fmt.Println(line)
	}
	to := common.HexToAddress("0x000000000000000000000000000000000000dEaD")
	vote, _ := grant.ParseFunction("vote(uint256,bool)")
	fn := vote.Selector()
	data := append(append(fn[:], common.BigToHash(big.NewInt(9)).Bytes()...), make([]byte, 32)...)
	d := g.Decide(g.NewState(1_796_000_000), &userop.Op{CallData: single(call{to: to, data: data})})
	fmt.Println(d.Allowed, d.Refusal)
	// Output:
	// May call vote(uint256 proposal, bool yes) of 0x000000000000000000000000000000000000dEaD, if proposal is one of [7, 8]; sends no ETH.
	// Until 2027-01-01 00:00:00 UTC.
	// May not sign messages.
	// false grant: policy 1: a condition on the call's data does not hold: proposal is one of [7, 8]
}
