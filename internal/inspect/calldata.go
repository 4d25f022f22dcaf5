package inspect

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/userop"
)

// accountCall recognises the ways in which known accounts are told to act, and the
// commonest calls of tokens.
func (in *inspector) accountCall(b []byte) (Reading, bool) {
	if len(b) < 4 || len(b)%32 != 4 || in.depth >= maxDepth {
		return Reading{}, false
	}
	in.depth++
	defer func() { in.depth-- }()
	args := b[4:]
	switch [4]byte(b[:4]) {
	case [4]byte{0xb6, 0x1d, 0x27, 0xf6}: // execute(address,uint256,bytes)
		if f, err := abituple.Decode(args, "wwd"); err == nil {
			return in.calls("execute", []innerCall{{f[0].Word, f[1].Word, f[2].Data}}), true
		}
	case [4]byte{0x5c, 0x1c, 0x6d, 0xcd}: // execute((address,uint256,bytes))
		if f, err := abituple.DecodeStruct(args, "wwd"); err == nil {
			return in.calls("execute (MetaMask)", []innerCall{{f[0].Word, f[1].Word, f[2].Data}}), true
		}
	case [4]byte{0x34, 0xfc, 0xd5, 0xbe}: // executeBatch((address,uint256,bytes)[])
		if list, ok := callList(args); ok {
			return in.calls("executeBatch", list), true
		}
	case [4]byte{0xe9, 0xae, 0x5c, 0x53}: // execute(bytes32,bytes)
		if f, err := abituple.Decode(args, "wd"); err == nil {
			return in.modeCalls(f[0].Word, f[1].Data)
		}
	case [4]byte{0x02, 0x4a, 0xd3, 0x18}: // verify(bytes,bytes32,bytes)
		return in.erc7913Verify(args)
	case [4]byte{0xa9, 0x05, 0x9c, 0xbb}:
		return tokenCall(args, "ERC-20 transfer", "to", "amount")
	case [4]byte{0x09, 0x5e, 0xa7, 0xb3}:
		return tokenCall(args, "ERC-20 approval", "spender", "amount")
	}
	if r, ok := in.hybridSignerCall(b); ok {
		return r, true
	}
	if r, ok := in.guardianCall(b); ok {
		return r, true
	}
	return in.posternCall(b)
}

type innerCall struct {
	to, value [32]byte
	data      []byte
}

// modeCalls reads ERC-7579's execute: the first byte of the mode is single (0), batch (1)
// or delegatecall (0xff), the second what happens when a call fails.
func (in *inspector) modeCalls(mode [32]byte, data []byte) (Reading, bool) {
	title := "execute (ERC-7579)"
	if mode[1] == 1 {
		title += ", carries on when a call fails"
	}
	switch mode[0] {
	case 0:
		if len(data) >= 52 {
			call := innerCall{value: [32]byte(data[20:52]), data: data[52:]}
			copy(call.to[12:], data[:20])
			return in.calls(title, []innerCall{call}), true
		}
	case 1:
		if list, ok := callList(data); ok {
			return in.calls(title, list), true
		}
	case 0xff:
		if len(data) >= 20 {
			r := Reading{Kind: "account-call", Title: title + ": delegatecall", Likelihood: Certain}
			r.fact("code of", common.BytesToAddress(data[:20]).Hex())
			r.warn("delegatecall", "the account runs foreign code as its own: it can do anything", "", "")
			return r, true
		}
	}
	r := Reading{Kind: "account-call", Title: title, Likelihood: Likely}
	r.wrong("mode", fmt.Sprintf("mode %s does not fit its %d bytes of data", hexOf(mode[:]), len(data)), "calldata encoded for another mode", "single is target(20) ‖ value(32) ‖ data; batch is abi.encode((address,uint256,bytes)[])")
	return r, true
}

// callList reads abi.encode((address target,uint256 value,bytes data)[]).
func callList(b []byte) ([]innerCall, bool) {
	if len(b) < 64 {
		return nil, false
	}
	offset, ok1 := smallUint(b[:32])
	n, ok2 := smallUint(b[32:64])
	b = b[64:]
	if !ok1 || !ok2 || offset != 32 || n > len(b)/160 {
		return nil, false
	}
	list := make([]innerCall, 0, n)
	for i := range n {
		start, ok := smallUint(b[32*i : 32*i+32])
		end := len(b)
		if i+1 < n {
			next, ok := smallUint(b[32*i+32 : 32*i+64])
			if !ok {
				return nil, false
			}
			end = next
		}
		if !ok || start > end || end > len(b) {
			return nil, false
		}
		f, err := abituple.Decode(b[start:end], "wwd")
		if err != nil {
			return nil, false
		}
		list = append(list, innerCall{f[0].Word, f[1].Word, f[2].Data})
	}
	return list, true
}

func (in *inspector) calls(title string, list []innerCall) Reading {
	r := Reading{Kind: "account-call", Title: title, Likelihood: Certain}
	for i, c := range list {
		if i == maxParts {
			r.note("more", fmt.Sprintf("%d more calls are not shown", len(list)-i))
			break
		}
		to := common.BytesToAddress(c.to[12:])
		text := to.Hex()
		if ep, ok := userop.EntryPointByAddress(to); ok {
			text += " (EntryPoint " + ep.Version() + ")"
		}
		text += ", value " + ether(bigOf(c.value[:]))
		if len(c.data) > 0 {
			text += ", data " + hexOf(c.data)
		}
		r.fact(fmt.Sprintf("call %d", i+1), text)
		if !allZero(c.to[:12]) {
			r.wrong("address", fmt.Sprintf("call %d: the target has bits above an address", i+1), "wrong encoding", "")
		}
		if part, ok := in.accountCall(c.data); ok {
			part.Title = fmt.Sprintf("call %d: %s", i+1, part.Title)
			r.Parts = append(r.Parts, part)
		}
	}
	return r
}

func tokenCall(args []byte, title, who, what string) (Reading, bool) {
	f, err := abituple.Decode(args, "ww")
	if err != nil {
		return Reading{}, false
	}
	address, ok := addressWord(f[0].Word[:])
	if !ok {
		return Reading{}, false
	}
	r := Reading{Kind: "token-call", Title: title, Likelihood: Certain}
	r.fact(who, common.Address(address).Hex())
	amount := bigOf(f[1].Word[:])
	r.fact(what, amount.String()+" (smallest units)")
	if amount.Cmp(new(big.Int).Lsh(big.NewInt(1), 255)) >= 0 && who == "spender" {
		r.warn("unlimited", "the approval is unlimited", "a default of many pages", "approve only what is needed")
	}
	return r, true
}
