package hybrid_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

var self = common.HexToAddress("0x00000000000000000000000000000000000e5e1f")

func TestSelectorsAreThoseOfTheContract(t *testing.T) {
	for method, selector := range map[string]string{"execute": "0x5c1c6dcd", "execute0": "0xe9ae5c53", "addKey": "0xc8561e73", "removeKey": "0xd5d33b55",
		"transferOwnership": "0xf2fde38b", "deploy": "0x4af63f02"} {
		if got := hexutil.Encode(hybrid.MethodID(method)); got != selector {
			t.Errorf("%s is %s, want %s", method, got, selector)
		}
	}
}

// randomCalls makes calls that EncodeCalls takes.
func randomCalls(r *rand.Rand) []account.Call {
	calls := make([]account.Call, 1+r.IntN(5))
	for i := range calls {
		data := make([]byte, r.IntN(100))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		to := common.BigToAddress(big.NewInt(r.Int64()))
		value := big.NewInt(r.Int64N(1 << r.IntN(62)))
		if r.IntN(4) == 0 {
			if to = self; len(data) < 4 {
				data = []byte{0xc8, 0x56, 0x1e, 0x73}
			}
			if len(calls) == 1 {
				value = new(big.Int)
			}
		}
		calls[i] = account.Call{To: to, Value: value, Data: data}
	}
	return calls
}

func TestDecodeCallsIsTheInverseOfEncodeCalls(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		calls := randomCalls(r)
		data := must[[]byte](t)(hybrid.EncodeCallsOf(self, calls))
		back, err := hybrid.DecodeCalls(self, data)
		if err != nil || !sameCalls(back, calls) {
			t.Fatalf("%+v\nbecame %x\nbecame %+v (%v)", calls, data, back, err)
		}
	}
}

func sameCalls(a, b []account.Call) bool {
	norm := func(list []account.Call) []account.Call {
		out := make([]account.Call, len(list))
		for i, c := range list {
			v := c.Value
			if v == nil {
				v = new(big.Int)
			}
			out[i] = account.Call{To: c.To, Value: new(big.Int).SetBytes(v.Bytes()), Data: append([]byte{}, c.Data...)}
		}
		return out
	}
	return reflect.DeepEqual(norm(a), norm(b))
}

func TestCallsToItself(t *testing.T) {
	execute := must[[]byte](t)(hybrid.EncodeCallsOf(common.Address{}, []account.Call{{To: target}}))
	selfCall := func(err error) bool {
		return is(func(e *hybrid.SelfCallError) bool { return e.Call.To == self })(err)
	}
	addKey := []byte{0xc8, 0x56, 0x1e, 0x73, 1}
	for name, c := range map[string]struct {
		calls []account.Call
		ok    func(error) bool
	}{
		"nothing at all":                 {nil, isErr(account.ErrNoCalls)},
		"with value, alone":              {[]account.Call{{To: self, Value: big.NewInt(1), Data: addKey}}, selfCall},
		"a payment to itself, alone":     {[]account.Call{{To: self, Value: big.NewInt(1)}}, selfCall},
		"three bytes":                    {[]account.Call{{To: self, Data: addKey[:3]}}, selfCall},
		"execute in a batch":             {[]account.Call{{To: target}, {To: self, Data: execute}}, selfCall},
		"three bytes in a batch":         {[]account.Call{{To: target}, {To: self, Data: addKey[:3]}}, selfCall},
		"validateUserOp":                 {[]account.Call{{To: self, Data: hybrid.MethodID("validateUserOp")}}, selfCall},
		"executeFromExecutor":            {[]account.Call{{To: self, Data: hybrid.MethodID("executeFromExecutor")}}, selfCall},
		"nothing but a nonce":            {[]account.Call{{To: self}}, isErr(nil)},
		"addKey":                         {[]account.Call{{To: self, Data: addKey}}, isErr(nil)},
		"addKey in a batch":              {[]account.Call{{To: self, Data: addKey}, {To: target}}, isErr(nil)},
		"execute, alone":                 {[]account.Call{{To: self, Data: execute}}, selfCall},
		"a payment to itself in a batch": {[]account.Call{{To: self, Value: big.NewInt(1)}, {To: target}}, isErr(nil)},
		"with value in a batch":          {[]account.Call{{To: self, Value: big.NewInt(1), Data: addKey}, {To: target}}, isErr(nil)},
	} {
		if _, err := hybrid.EncodeCallsOf(self, c.calls); !c.ok(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Alone, a call to itself is its bare data; as the kit writes it to an address of
	// another spelling, it is wrapped. Both are read.
	if data := must[[]byte](t)(hybrid.EncodeCallsOf(self, []account.Call{{To: self, Data: addKey}})); !bytes.Equal(data, addKey) {
		t.Errorf("wrapped: %x", data)
	}
	wrapped := must[[]byte](t)(hybrid.EncodeCallsOf(common.Address{}, []account.Call{{To: self, Data: addKey}}))
	if calls := must[[]account.Call](t)(hybrid.DecodeCalls(self, wrapped)); len(calls) != 1 || calls[0].To != self || !bytes.Equal(calls[0].Data, addKey) {
		t.Errorf("read as %+v", calls)
	}
}

func TestCallDataThatIsReadInTwoWaysIsRefused(t *testing.T) {
	one := must[[]byte](t)(hybrid.EncodeCallsOf(self, []account.Call{{To: target, Value: big.NewInt(7), Data: []byte{1, 2, 3, 4, 5}}}))
	several := must[[]byte](t)(hybrid.EncodeCallsOf(self, []account.Call{{To: target}, {To: self, Data: []byte{1, 2, 3, 4}}}))
	try := bytes.Clone(several)
	try[5] = 1 // EXECTYPE_TRY: not all or none
	delegate := bytes.Clone(several)
	delegate[4] = 0xff
	// The same, around executions that are padded.
	inside := must[[]any](t)(hybrid.Unpack("execute0", several))[1].([]byte)
	padded := must[[]byte](t)(hybrid.Pack("execute0", [32]byte{1}, append(bytes.Clone(inside), make([]byte, 32)...)))
	for name, data := range map[string][]byte{
		"padded executions": padded, "no executions": must[[]byte](t)(hybrid.Pack("execute0", [32]byte{1}, make([]byte, 0))),
		"one packed call cut": must[[]byte](t)(hybrid.Pack("execute0", [32]byte{}, make([]byte, 51))),
		"three bytes":         one[:3], "one cut": one[:len(one)-1], "one padded": append(bytes.Clone(one), 0), "one with dirty padding": flipLast(one),
		"several cut": several[:len(several)-1], "several padded": append(bytes.Clone(several), make([]byte, 32)...), "several that may fail": try,
		"a delegatecall": delegate, "the head alone": several[:4], "validateUserOp": hybrid.MethodID("validateUserOp"),
	} {
		if calls, err := hybrid.DecodeCalls(self, data); !errors.Is(err, hybrid.ErrCallData) || calls != nil {
			t.Errorf("%s is read as %+v (%v)", name, calls, err)
		}
	}
}

func TestOneCallInAPackedModeIsRead(t *testing.T) {
	data := must[[]byte](t)(hybrid.Pack("execute0", [32]byte{}, append(append(target.Bytes(), common.BigToHash(big.NewInt(9)).Bytes()...), 1, 2)))
	calls := must[[]account.Call](t)(hybrid.DecodeCalls(self, data))
	if want := []account.Call{{To: target, Value: big.NewInt(9), Data: []byte{1, 2}}}; !sameCalls(calls, want) {
		t.Errorf("read as %+v", calls)
	}
}

func flipLast(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-1] ^= 1
	return out
}

func FuzzDecodeCalls(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		data, err := hybrid.EncodeCallsOf(self, randomCalls(r))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{})
	acct, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: target})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		calls, err := hybrid.DecodeCalls(self, data)
		if err != nil {
			if calls != nil {
				t.Error("calls beside an error")
			}
			return
		}
		total := 0
		for _, c := range calls {
			total += len(c.Data)
			acct.DescribeCall(account.Call{To: acct.Address(), Data: c.Data, Value: c.Value}) // must not panic
			acct.WarnCall(account.Call{To: acct.Address(), Data: c.Data, Value: c.Value})
		}
		if total > len(data) {
			t.Errorf("%d bytes of data out of %d", total, len(data))
		}
		again, err := hybrid.EncodeCallsOf(self, calls)
		if err != nil {
			return // to itself, which is read and not written
		}
		if back, err := hybrid.DecodeCalls(self, again); err != nil || !sameCalls(back, calls) && len(calls) > 1 {
			t.Errorf("%+v became %+v (%v)", calls, back, err)
		}
	})
}
