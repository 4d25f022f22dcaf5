package devnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	core "github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// payer is a bench with clients of the paymaster.
type payer struct {
	*bench
	at      common.Address // the contract
	token   common.Address
	free    *bundler.Paymaster
	forCoin *bundler.TokenPaymaster
}

func eachPayer(t *testing.T, config devnet.Config, f func(*payer)) {
	eachEntryPoint(t, config, func(b *bench) {
		p := &payer{bench: b, token: b.net.Info().Token}
		for _, ep := range b.net.Info().EntryPoints {
			if ep.Version == b.ep.Version() {
				p.at = ep.Paymaster
			}
		}
		var err error
		if p.free, err = bundler.NewPaymaster(b.net.URL(), bundler.Options{}, nil); err != nil {
			b.Fatal(err)
		}
		if p.forCoin, err = bundler.NewTokenPaymaster(b.net.URL(), bundler.Options{}, p.token); err != nil {
			b.Fatal(err)
		}
		f(p)
	})
}

func (p *payer) read(to common.Address, data []byte) *big.Int {
	p.Helper()
	out, err := p.net.Client().CallContract(p.Context(), ethereum.CallMsg{To: &to, Data: data}, nil)
	if err != nil {
		p.Fatal(err)
	}
	return new(big.Int).SetBytes(out)
}

func (p *payer) deposit() *big.Int { return p.read(p.ep.Address(), userop.BalanceOf(p.at)) }
func (p *payer) tokensOf(who common.Address) *big.Int {
	return p.read(p.token, userop.BalanceOf(who))
}

func (p *payer) client(token bool) core.Paymaster {
	if token {
		return p.forCoin
	}
	return p.free
}

// prepare is an operation with stub fields, estimated.
func (p *payer) prepare(a *account, token bool, to common.Address, data []byte) *userop.Op {
	p.Helper()
	op := p.op(a)
	op.CallData = p.pack(p.abi, "execute", to, new(big.Int), data)
	s, err := p.client(token).Stub(p.Context(), op, p.ep, p.net.ChainID())
	if err != nil {
		p.Fatal("stub:", err)
	}
	if s.Final || s.Sponsor == "" || s.Paymaster != p.at {
		p.Errorf("stub %+v", s)
	}
	fill(op, s)
	if err := p.estimate(op); err != nil {
		p.Fatal("estimating:", err)
	}
	if s.VerificationGasLimit != nil { // what clients take when it is there
		p.Logf("token %v: validation %d of %d, postOp %d of %d", token, op.PaymasterVerificationGasLimit, s.VerificationGasLimit, op.PaymasterPostOpGasLimit, s.PostOpGasLimit)
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = s.VerificationGasLimit, s.PostOpGasLimit
	}
	return op
}

func fill(op *userop.Op, s core.Sponsorship) {
	at := s.Paymaster
	op.Paymaster, op.PaymasterData = &at, s.Data
}

// finish takes the final fields and signs.
func (p *payer) finish(op *userop.Op, a *account, token bool) error {
	p.Helper()
	s, err := p.client(token).Data(p.Context(), op, p.ep, p.net.ChainID())
	if err != nil {
		return err
	}
	if s.Paymaster != p.at || len(s.Data) != len(op.PaymasterData) {
		p.Errorf("data of %s, %d bytes where the stub has %d", s.Paymaster, len(s.Data), len(op.PaymasterData))
	}
	stub, err := p.ep.HandleOps([]*userop.Op{op}, p.at)
	if err != nil {
		p.Fatal(err)
	}
	fill(op, s)
	final, err := p.ep.HandleOps([]*userop.Op{op}, p.at)
	if err != nil || bytes.Count(final, []byte{0}) < bytes.Count(stub, []byte{0}) {
		p.Errorf("calldata is more expensive than with the stub, %v", err)
	}
	p.sign(op, a.key)
	return nil
}

func (p *payer) run(op *userop.Op) *receipt {
	p.Helper()
	hash, err := p.send(op)
	if err != nil {
		p.Fatal("sending:", err)
	}
	return p.wait(hash)
}

func erc20(method string, who common.Address, units *big.Int) []byte {
	data := crypto.Keccak256([]byte(method + "(address,uint256)"))[:4]
	data = append(data, common.LeftPadBytes(who[:], 32)...)
	return append(data, common.LeftPadBytes(units.Bytes(), 32)...)
}

func TestThePaymasterPaysForNothingAndForTokens(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		eachPayer(t, devnet.Config{Rules: rules}, func(p *payer) {
			// 1. An account with nothing at all is created and approves the token.
			a := p.newAccount(new(big.Int))
			before := p.deposit()
			op := p.prepare(a, false, p.token, erc20("approve", p.at, ether(50)))
			if err := p.finish(op, a, false); err != nil {
				p.Fatal(err)
			}
			if r := p.run(op); !r.Success || r.Paymaster == nil || *r.Paymaster != p.at {
				p.Fatalf("receipt %+v", r)
			}
			if paid := new(big.Int).Sub(before, p.deposit()); paid.Sign() <= 0 || balance(p, p.net, a.address).Sign() != 0 {
				p.Errorf("the paymaster paid %v wei, the account has %v", paid, balance(p, p.net, a.address))
			}

			// 2. It pays in the token: no more than the quote says, and what the EntryPoint took at least.
			var tx common.Hash
			if err := p.rpc.CallContext(p.Context(), &tx, "postern_tokenFaucet", a.address); err != nil {
				p.Fatal(err)
			}
			had := p.tokensOf(a.address)
			if had.Cmp(ether(1000)) != 0 {
				p.Errorf("the token faucet gave %v", had)
			}
			op = p.prepare(a, true, common.HexToAddress("0xbeef"), nil)
			if err := p.finish(op, a, true); err != nil {
				p.Fatal(err)
			}
			quote, err := p.forCoin.Quote(p.Context(), op, p.ep, p.net.ChainID())
			if err != nil || quote.Paymaster != p.at || quote.Token != p.token {
				p.Fatalf("quote %+v, %v", quote, err)
			}
			cost, err := op.RequiredPrefund(p.ep)
			if err != nil {
				p.Fatal(err)
			}
			r := p.run(op)
			charged := new(big.Int).Sub(had, p.tokensOf(a.address))
			least := new(big.Int).Mul(r.ActualGasCost.ToInt(), big.NewInt(2000))
			if !r.Success || charged.Cmp(quote.MaxCharge(cost, op.MaxFeePerGas)) > 0 || charged.Cmp(least) < 0 {
				p.Errorf("success %v, charged %v, at least %v, at most %v", r.Success, charged, least, quote.MaxCharge(cost, op.MaxFeePerGas))
			}
			p.Logf("charged %s times what the EntryPoint took", new(big.Rat).SetFrac(charged, least).FloatString(3))

			// 3. Without enough of it, or without an allowance, it is not signed for. EntryPoint 0.6 takes back
			// what the calls did when postOp fails, and asks again: there only the state before counts.
			refused := map[string]*userop.Op{"nothing at all": p.unpaid(p.newAccount(new(big.Int)), common.HexToAddress("0xbeef"), nil)}
			if p.ep != userop.V06 {
				refused["allowance gone"] = p.unpaid(a, p.token, erc20("approve", p.at, new(big.Int)))
				refused["tokens gone"] = p.unpaid(a, p.token, erc20("transfer", p.at, p.tokensOf(a.address)))
			}
			for name, op := range refused {
				if err := p.finish(op, a, true); rpcCode(err) != -32501 || !strings.Contains(err.Error(), "allowance") {
					p.Errorf("%s: %v", name, err)
				}
			}
			// The account's signature is not there yet when clients of ERC-7677 ask.
			op = p.prepare(a, true, common.HexToAddress("0xbeef"), nil)
			op.Signature = nil
			if _, err := p.forCoin.Data(p.Context(), op, p.ep, p.net.ChainID()); err != nil {
				p.Errorf("without a signature: %v", err)
			}
		})
	}
}

// unpaid is an operation that cannot pay for itself, and so cannot be estimated either.
func (p *payer) unpaid(a *account, to common.Address, data []byte) *userop.Op {
	op := p.op(a)
	op.CallData = p.pack(p.abi, "execute", to, new(big.Int), data)
	op.PreVerificationGas, op.VerificationGasLimit, op.CallGasLimit = big.NewInt(100_000), big.NewInt(500_000), big.NewInt(200_000)
	op.Paymaster = &p.at
	if p.ep != userop.V06 {
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(100_000), big.NewInt(100_000)
	}
	return op
}

func rpcCode(err error) int {
	if refused, ok := errors.AsType[*bundler.RPCError](err); ok {
		return refused.Code
	}
	return 0
}

// TestASponsorshipIsForOneOperation changes what the paymaster has signed.
func TestASponsorshipIsForOneOperation(t *testing.T) {
	eachPayer(t, devnet.Config{}, func(p *payer) {
		a := p.newAccount(new(big.Int))
		op := p.prepare(a, false, common.HexToAddress("0xbeef"), nil)
		if err := p.finish(op, a, false); err != nil {
			p.Fatal(err)
		}
		until := time.Until(time.Unix(new(big.Int).SetBytes(op.PaymasterData[1:7]).Int64(), 0))
		if until < 5*time.Minute || until > 15*time.Minute {
			p.Errorf("it is good for %s", until)
		}
		for name, change := range map[string]func(*userop.Op){
			"callData":  func(op *userop.Op) { op.CallData = p.pack(p.abi, "execute", p.token, new(big.Int), []byte{}) },
			"gas":       func(op *userop.Op) { op.CallGasLimit = new(big.Int).Add(op.CallGasLimit, common.Big1) },
			"fee":       func(op *userop.Op) { op.MaxFeePerGas = new(big.Int).Add(op.MaxFeePerGas, common.Big1) },
			"times":     func(op *userop.Op) { op.PaymasterData[5] ^= 1 },
			"signature": func(op *userop.Op) { op.PaymasterData[40] ^= 1 },
			"signer": func(op *userop.Op) {
				key, _ := crypto.GenerateKey()
				sig, _ := crypto.Sign(make([]byte, 32), key)
				sig[64] += 27
				copy(op.PaymasterData[len(op.PaymasterData)-65:], sig)
			},
		} {
			other := op.Clone()
			change(other)
			p.sign(other, a.key)
			if _, err := p.send(other); code(err) != -32507 && code(err) != -32501 {
				p.Errorf("another %s: %d %v", name, code(err), err)
			}
		}
		if r := p.run(op); !r.Success {
			p.Errorf("receipt %+v", r)
		}
	})
}

// TestALongOperationIsPaidForToo has the contract hash nearly as much as fits into a transaction.
func TestALongOperationIsPaidForToo(t *testing.T) {
	eachPayer(t, devnet.Config{}, func(p *payer) {
		a := p.newAccount(new(big.Int))
		long := bytes.Repeat([]byte{7}, 100_000)
		for _, token := range []bool{false, true} {
			if token {
				if err := p.net.MintToken(p.Context(), a.address, ether(1000)); err != nil {
					p.Fatal(err)
				}
				op := p.prepare(a, false, p.token, erc20("approve", p.at, ether(1000)))
				if err := p.finish(op, a, false); err != nil {
					p.Fatal(err)
				}
				p.run(op)
			}
			op := p.prepare(a, token, common.HexToAddress("0xbeef"), long)
			if err := p.finish(op, a, token); err != nil {
				p.Fatal(err)
			}
			if r := p.run(op); !r.Success {
				p.Errorf("token %v: receipt %+v", token, r)
			}
		}
	})
}

func TestThePaymasterRefusesWhatItDoesNotUnderstand(t *testing.T) {
	n := start(t, devnet.Config{FaucetPerMinute: 1000})
	b := newBench(t, n, userop.V08)
	a := b.newAccount(ether(1))
	op := b.ready(a, nil)
	token, chain, ep := n.Info().Token, hexutil.Big(*n.ChainID()), b.ep.Address()
	with := func(change func(*userop.Op)) json.RawMessage {
		c := op.Clone()
		one := big.NewInt(50_000)
		at := n.Info().EntryPoints[2].Paymaster
		c.Paymaster, c.PaymasterVerificationGasLimit, c.PaymasterPostOpGasLimit = &at, one, one
		change(c)
		return b.wire(c)
	}
	good := with(func(*userop.Op) {})
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	type params []any
	for name, c := range map[string]params{
		"no operation":     {raw("null"), ep, &chain, raw("{}")},
		"an array":         {raw("[]"), ep, &chain, raw("{}")},
		"unknown member":   {raw(`{"sender":"` + a.address.Hex() + `","extra":"0x"}`), ep, &chain, raw("{}")},
		"signature twice":  {raw(`{"signature":"0x","signature":"0x"}`), ep, &chain, raw("{}")},
		"empty operation":  {raw(`{}`), ep, &chain, raw("{}")},
		"other EntryPoint": {good, token, &chain, raw("{}")},
		"other chain":      {good, ep, "0x1", raw("{}")},
		"no chain":         {good, ep},
		"context array":    {good, ep, &chain, raw("[]")},
		"context text":     {good, ep, &chain, "token"},
		"unknown context":  {good, ep, &chain, map[string]any{"sponsorshipPolicyId": "sp_x"}},
		"token as number":  {good, ep, &chain, map[string]any{"token": 1}},
		"token null":       {good, ep, &chain, map[string]any{"token": nil}},
		"short token":      {good, ep, &chain, map[string]any{"token": "0x1234"}},
		"other token":      {good, ep, &chain, map[string]any{"token": ep}},
		"token twice":      {good, ep, &chain, raw(`{"token":"` + token.Hex() + `","token":"` + token.Hex() + `"}`)},
		"other paymaster":  {with(func(op *userop.Op) { op.Paymaster = &ep }), ep, &chain, raw("{}")},
		"huge operation":   {with(func(op *userop.Op) { op.CallData = make([]byte, 1<<20-1000) }), ep, &chain, raw("{}"), 1},
		"something more":   {good, ep, &chain, raw("{}"), 1},
	} {
		for _, method := range []string{"pm_getPaymasterStubData", "pm_getPaymasterData"} {
			var result json.RawMessage
			if err := b.rpc.CallContext(t.Context(), &result, method, c...); code(err) != -32602 {
				t.Errorf("%s: %s: %d %v %s", method, name, code(err), err, result)
			}
		}
	}
	// What is only wrong when it is to be signed.
	for name, change := range map[string]func(*userop.Op){
		"no gas":       func(op *userop.Op) { op.CallGasLimit = nil },
		"no fee":       func(op *userop.Op) { op.MaxFeePerGas = nil },
		"no limit":     func(op *userop.Op) { op.PaymasterPostOpGasLimit = nil },
		"huge gas":     func(op *userop.Op) { op.CallGasLimit = new(big.Int).Lsh(common.Big1, 125) },
		"too much":     func(op *userop.Op) { op.MaxFeePerGas = ether(1) },
		"fees crossed": func(op *userop.Op) { op.MaxPriorityFeePerGas = ether(1) },
		"no delegate":  func(op *userop.Op) { op.Factory, op.FactoryData = &userop.EIP7702Marker, nil },
	} {
		var result json.RawMessage
		wire := with(change)
		if err := b.rpc.CallContext(t.Context(), &result, "pm_getPaymasterData", wire, ep, &chain, raw("{}")); code(err) != -32602 {
			t.Errorf("%s: %d %v %s", name, code(err), err, result)
		}
	}
	for name, c := range map[string]params{
		"no tokens": {raw("{}"), ep, &chain}, "not an object": {raw("[]"), ep, &chain}, "other member": {raw(`{"Tokens":[]}`), ep, &chain},
		"no array": {raw(`{"tokens":1}`), ep, &chain}, "bad address": {raw(`{"tokens":["0x1"]}`), ep, &chain}, "other EntryPoint": {raw(`{"tokens":[]}`), token, &chain},
		"other chain": {raw(`{"tokens":[]}`), ep, "0x1"}, "too many": {map[string]any{"tokens": make([]common.Address, 33)}, ep, &chain},
	} {
		var result json.RawMessage
		if err := b.rpc.CallContext(t.Context(), &result, "pimlico_getTokenQuotes", c...); code(err) != -32602 {
			t.Errorf("quotes, %s: %d %v %s", name, code(err), err, result)
		}
	}
	var none struct{ Quotes []any }
	if err := b.rpc.CallContext(t.Context(), &none, "pimlico_getTokenQuotes", map[string]any{"tokens": []common.Address{ep}}, ep, &chain); err != nil || none.Quotes == nil || len(none.Quotes) != 0 {
		t.Errorf("quotes of an unknown token: %v, %v", none, err)
	}
	// No context at all is the one for nothing.
	for _, c := range []params{{good, ep, &chain}, {good, ep, &chain, nil}, {good, ep, &chain, raw("{}")}} {
		var result map[string]any
		if err := b.rpc.CallContext(t.Context(), &result, "pm_getPaymasterData", c...); err != nil || result["paymasterData"] == nil || result["isFinal"] != nil {
			t.Errorf("context %v: %v, %v", c[3:], result, err)
		}
	}
}

// TestQuotesSayWhereTheTokenKeepsItsBooks overrides the slots and asks the token.
func TestQuotesSayWhereTheTokenKeepsItsBooks(t *testing.T) {
	n := start(t, devnet.Config{})
	b := newBench(t, n, userop.V07)
	token, chain := n.Info().Token, hexutil.Big(*n.ChainID())
	var r struct {
		Quotes []struct{ BalanceSlot, AllowanceSlot hexutil.Uint64 }
	}
	if err := b.rpc.CallContext(t.Context(), &r, "pimlico_getTokenQuotes", map[string]any{"tokens": []common.Address{token}}, b.ep.Address(), &chain); err != nil || len(r.Quotes) != 1 {
		t.Fatal(r, err)
	}
	who, spender := common.HexToAddress("0xaa"), common.HexToAddress("0xbb")
	of := func(key common.Address, slot common.Hash) common.Hash {
		return crypto.Keccak256Hash(common.LeftPadBytes(key[:], 32), slot[:])
	}
	word := func(n uint64) common.Hash { return common.BigToHash(new(big.Int).SetUint64(n)) }
	set := map[common.Address]any{token: map[string]any{"stateDiff": map[common.Hash]common.Hash{
		of(who, word(uint64(r.Quotes[0].BalanceSlot))):                word(5),
		of(spender, of(who, word(uint64(r.Quotes[0].AllowanceSlot)))): word(6),
	}}}
	allowance := append(crypto.Keccak256([]byte("allowance(address,address)"))[:4], append(common.LeftPadBytes(who[:], 32), common.LeftPadBytes(spender[:], 32)...)...)
	for want, data := range map[uint64][]byte{5: userop.BalanceOf(who), 6: allowance} {
		var out hexutil.Bytes
		if err := b.rpc.CallContext(t.Context(), &out, "eth_call", map[string]any{"to": token, "data": hexutil.Bytes(data)}, "latest", set); err != nil || new(big.Int).SetBytes(out).Uint64() != want {
			t.Errorf("got %x, want %d, %v", out, want, err)
		}
	}
	if decimals := call(t, n, token, "decimals()"); decimals[31] != 18 {
		t.Errorf("decimals %x", decimals)
	}
}

func TestPaymasterAndTokenFaucetAreBounded(t *testing.T) {
	n := start(t, devnet.Config{FaucetPerMinute: 3})
	b := newBench(t, n, userop.V07)
	op := b.op(b.newAccount(ether(1)))
	p, err := bundler.NewPaymaster(n.URL(), bundler.Options{Retries: -1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	gas := big.NewInt(100_000)
	op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = gas, gas, gas, gas, gas
	at := n.Info().EntryPoints[1].Paymaster
	op.Paymaster = &at
	for i := range 4 {
		if _, err := p.Data(t.Context(), op, b.ep, n.ChainID()); (err == nil) != (i < 3) || i == 3 && !strings.Contains(err.Error(), "a minute") {
			t.Errorf("signature %d: %v", i, err)
		}
	}
	for i, method := range []string{"postern_tokenFaucet", "postern_faucet", "postern_tokenFaucet", "postern_tokenFaucet"} {
		var tx common.Hash
		if err := b.rpc.CallContext(t.Context(), &tx, method, op.Sender); (err == nil) != (i < 3) || i == 3 && code(err) != -32005 {
			t.Errorf("%s %d: %v", method, i, err)
		}
	}
}

func TestMintTokenRefusesNonsense(t *testing.T) {
	n := start(t, devnet.Config{})
	to := common.HexToAddress("0xaa")
	if err := n.MintToken(t.Context(), to, big.NewInt(77)); err != nil {
		t.Fatal(err)
	}
	if got := call(t, n, n.Info().Token, "balanceOf(address)", to[:]); new(big.Int).SetBytes(got).Int64() != 77 {
		t.Errorf("balance %x", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, units := range []*big.Int{nil, new(big.Int), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 200)} {
		if err := n.MintToken(t.Context(), to, units); err == nil {
			t.Errorf("MintToken(%v) is done", units)
		}
	}
	if err := n.MintToken(ended, to, big.NewInt(1)); err == nil {
		t.Error("minted after the end")
	}
}
