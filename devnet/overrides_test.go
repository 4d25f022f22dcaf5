package devnet_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// estimateWith is an estimation with a state override set.
func (b *bench) estimateWith(op *userop.Op, set any) (*limits, error) {
	var l *limits
	err := b.rpc.CallContext(b.Context(), &l, "eth_estimateUserOperationGas", b.wire(op), b.ep.Address(), set)
	return l, err
}

type object = map[string]any

func TestEstimationAssumesWhatItIsTold(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		a := b.newAccount(ether(1))
		target := common.HexToAddress("0x00000000000000000000000000000000000ca11e")
		slot := common.BigToHash(big.NewInt(3))
		op := b.op(a)
		op.CallData = b.pack(b.abi, "execute", target, new(big.Int), []byte{})
		plain, err := b.estimateWith(op, nil)
		if err != nil {
			b.Fatal(err)
		}
		callGas := func(set object) int64 {
			b.Helper()
			l, err := b.estimateWith(op, set)
			if err != nil {
				b.Fatal(err)
			}
			return l.CallGasLimit.ToInt().Int64()
		}
		reverts := func(set object) {
			b.Helper()
			if _, err := b.estimateWith(op, set); code(err) != -32521 {
				b.Errorf("%v: %v, want -32521", set, err)
			}
		}
		// Code: 20 cold accounts looked at cost 20 × 2,600 gas.
		var busy []byte
		for i := range byte(20) {
			busy = append(busy, 0x60, 0xa0+i, 0x31, 0x50) // PUSH1 address BALANCE POP
		}
		if rise := callGas(object{target.Hex(): object{"code": hexutil.Bytes(busy)}}) - plain.CallGasLimit.ToInt().Int64(); rise < 52_000 || rise > 65_000 {
			b.Errorf("expensive code raises callGasLimit by %d", rise)
		}
		// Storage: the code reverts unless slot 3 holds 7.
		picky := hexutil.Bytes(common.FromHex("600354600714600c57" + "5f5ffd" + "5b00"))
		seven := object{slot.Hex(): common.BigToHash(big.NewInt(7))}
		reverts(object{target.Hex(): object{"code": picky}})
		callGas(object{target.Hex(): object{"code": picky, "stateDiff": seven}})
		callGas(object{target.Hex(): object{"code": picky, "state": seven}})
		// state is all there is: what the real storage holds beside it is gone, with stateDiff it stays.
		keeper := b.deploy(creation(common.FromHex("3615600b57" + "600760035500" + "5b" + "600354600714601857" + "5f5ffd" + "5b00")))
		b.transact(keeper, []byte{1}) // stores 7
		op.CallData = b.pack(b.abi, "execute", keeper, new(big.Int), []byte{})
		other := object{common.BigToHash(big.NewInt(9)).Hex(): common.BigToHash(big.NewInt(1))}
		callGas(object{keeper.Hex(): object{"stateDiff": other}})
		reverts(object{keeper.Hex(): object{"state": other}})
		reverts(object{keeper.Hex(): object{"state": object{}}})
		// Balance: the code reverts unless its own balance is 5.
		op.CallData = b.pack(b.abi, "execute", target, new(big.Int), []byte{})
		poor := hexutil.Bytes(common.FromHex("47600514600a57" + "5f5ffd" + "5b00"))
		reverts(object{target.Hex(): object{"code": poor, "balance": "0x6"}})
		callGas(object{target.Hex(): object{"code": poor, "balance": "0x5"}})
		// Nonce: the code reverts unless it can create a contract, which the last nonce forbids.
		maker := hexutil.Bytes(common.FromHex("5f5f5ff0600a57" + "5f5ffd" + "5b00"))
		callGas(object{target.Hex(): object{"code": maker, "nonce": "0x9"}})
		reverts(object{target.Hex(): object{"code": maker, "nonce": "0xffffffffffffffff"}})
		// It is the state before the operation: writing over it costs what changing a value costs.
		writer := object{"code": hexutil.Bytes(common.FromHex("600860035500")), "stateDiff": seven}
		if rise := callGas(object{target.Hex(): writer}) - plain.CallGasLimit.ToInt().Int64(); rise < 5_000 {
			b.Errorf("writing over overridden storage raises callGasLimit by %d, less than 5000", rise)
		}

		// Nothing of it reached the chain.
		if code, _ := b.net.Client().CodeAt(b.Context(), target, nil); len(code) != 0 || balance(b, b.net, target).Sign() != 0 {
			b.Errorf("the target has code %x and %v wei", code, balance(b, b.net, target))
		}
		again, err := b.estimateWith(op, object{})
		if err != nil || again.CallGasLimit.ToInt().Cmp(plain.CallGasLimit.ToInt()) != 0 {
			b.Errorf("without overrides %v, %v, before %v", again, err, plain.CallGasLimit)
		}
	})
}

func TestASenderThatOnlyAnOverrideMakesIsEstimated(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		sender := common.HexToAddress("0x000000000000000000000000000000000005e4de")
		op := &userop.Op{Sender: sender, Nonce: new(big.Int), CallData: []byte{1, 2, 3, 4}, Signature: []byte("any")}
		if _, err := b.estimateWith(op, nil); code(err) != -32500 || !strings.Contains(err.Error(), "AA20") {
			b.Errorf("without code: %v", err)
		}
		runtime := accountCode(new(big.Int))
		if _, err := b.estimateWith(op, object{strings.ToLower(sender.Hex()): object{"code": hexutil.Bytes(runtime)}}); err != nil {
			b.Error(err)
		}
		// A delegation is code too.
		delegate := b.deploy(creation(runtime))
		if b.ep == userop.V08 || b.ep == userop.V09 {
			op.Factory = &userop.EIP7702Marker
		}
		if _, err := b.estimateWith(op, object{sender.Hex(): object{"code": "0xef0100" + delegate.Hex()[2:]}}); err != nil {
			b.Error(err)
		}
	})
}

func TestOverridesThatAreNotSupportedAreNamed(t *testing.T) {
	b := newBench(t, start(t, devnet.Config{}), userop.V07)
	op := b.op(b.newAccount(ether(1)))
	some := "0x00000000000000000000000000000000000ca11e"
	many := func(n int, value any) object {
		o := object{}
		for i := range n {
			o[common.BigToAddress(big.NewInt(int64(i+0x1000))).Hex()] = value
		}
		return o
	}
	slots := func(n int) object {
		o := object{}
		for i := range n {
			o[common.BigToHash(big.NewInt(int64(i))).Hex()] = common.Hash{1}
		}
		return o
	}
	raw := func(format string, args ...any) json.RawMessage { return json.RawMessage(fmt.Sprintf(format, args...)) }
	for name, c := range map[string]struct {
		set    any
		member string
	}{
		"an array":            {[]int{}, ""},
		"a text":              {"0x", ""},
		"no address":          {object{"0x12": object{}}, ""},
		"a null account":      {object{some: nil}, ""},
		"the same twice":      {raw(`{%q:{},%q:{}}`, some, some), ""},
		"twice in other case": {raw(`{%q:{},%q:{}}`, some, "0x"+strings.ToUpper(some[2:])), ""},
		"too many accounts":   {many(33, object{}), ""},
		"moved precompile":    {object{some: object{"movePrecompileToAddress": some}}, "movePrecompileToAddress"},
		"unknown member":      {object{some: object{"Balance": "0x1"}}, "Balance"},
		"a long unknown one":  {object{some: object{strings.Repeat("x", 5000): "0x1"}}, strings.Repeat("x", 40)},
		"member twice":        {raw(`{%q:{"nonce":"0x1","nonce":"0x2"}}`, some), ""},
		"balance as number":   {object{some: object{"balance": 5}}, "balance"},
		"balance null":        {object{some: object{"balance": nil}}, "balance"},
		"balance negative":    {object{some: object{"balance": "-0x1"}}, "balance"},
		"balance with zeros":  {object{some: object{"balance": "0x01"}}, "balance"},
		"balance beyond":      {object{some: object{"balance": "0x1" + strings.Repeat("0", 32)}}, "balance"},
		"balance far beyond":  {object{some: object{"balance": "0x1" + strings.Repeat("0", 64)}}, "balance"},
		"nonce beyond":        {object{some: object{"nonce": "0x10000000000000000"}}, "nonce"},
		"code of odd length":  {object{some: object{"code": "0x123"}}, "code"},
		"code without 0x":     {object{some: object{"code": "6000"}}, "code"},
		"too much code":       {object{some: object{"code": "0x" + strings.Repeat("00", 24577)}}, "code"},
		"code of EntryPoint":  {object{b.ep.Address().Hex(): object{"code": "0x00"}}, "code"},
		"code of precompile":  {object{common.HexToAddress("0x100").Hex(): object{"code": "0x00"}}, "code"},
		"state and stateDiff": {object{some: object{"state": object{}, "stateDiff": object{}}}, "stateDiff"},
		"short slot":          {object{some: object{"state": object{"0x1": common.Hash{}}}}, "state"},
		"short value":         {object{some: object{"stateDiff": object{common.Hash{}.Hex(): "0x1"}}}, "stateDiff"},
		"slot in two cases":   {raw(`{%q:{"state":{"0x%064x":"0x%064x","0x%064X":"0x%064x"}}}`, some, 0xab, 1, 0xab, 1), "state"},
		"too many slots":      {object{some: object{"state": slots(1025)}}, "state"},
		"slots of two":        {raw(`{%q:{"state":%s},%q:{"state":%s}}`, some, marshal(t, slots(1000)), b.ep.Address().Hex(), marshal(t, slots(25))), "state"},
		"state is an array":   {object{some: object{"state": []int{}}}, "state"},
		"deeply nested":       {raw(`{%q:%s%s}`, some, strings.Repeat("[", 5000), strings.Repeat("]", 5000)), ""},
	} {
		_, err := b.estimateWith(op, c.set)
		data, _ := errorData(err).(map[string]any)
		if code(err) != -32602 || !strings.Contains(err.Error(), "state override") || data["stateOverride"] != c.member || len(err.Error()) > 300 {
			t.Errorf("%s: %d %v, data %v", name, code(err), err, data)
		}
	}
	// At the limits all is well.
	for name, set := range map[string]any{
		"accounts": many(32, object{}), "slots": object{some: object{"state": slots(1024)}}, "code": object{some: object{"code": "0x" + strings.Repeat("00", 24576)}},
		"balance": object{some: object{"balance": "0x" + strings.Repeat("f", 32)}}, "nonce": object{some: object{"nonce": "0xffffffffffffffff"}},
	} {
		if _, err := b.estimateWith(op, set); err != nil {
			t.Errorf("%s at the limit: %v", name, err)
		}
	}
	op.Authorization = &userop.Authorization{ChainID: b.net.ChainID(), Address: b.factory, R: big.NewInt(7), S: big.NewInt(7)}
	op.Factory, op.FactoryData = nil, nil
	if _, err := b.estimateWith(op, object{op.Sender.Hex(): object{"code": "0x00"}}); code(err) != -32602 {
		t.Errorf("code beside an authorization: %v", err)
	}
	// Where P256VERIFY is none, code may stand in its place.
	prague := newBench(t, start(t, devnet.Config{Rules: devnet.Prague}), userop.V07)
	if _, err := prague.estimateWith(prague.op(prague.newAccount(ether(1))), object{common.HexToAddress("0x100").Hex(): object{"code": "0x00"}}); err != nil {
		t.Errorf("code in place of P256VERIFY: %v", err)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
