package userop_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

var one = big.NewInt(1)

func TestEntryPointsAreFoundByAddressAndVersion(t *testing.T) {
	for _, ep := range userop.EntryPoints() {
		if got, ok := userop.EntryPointByAddress(ep.Address()); !ok || got != ep {
			t.Errorf("%s not found by address", ep)
		}
		for _, s := range []string{ep.Version(), "v" + ep.Version(), "V" + ep.Version()} {
			if got, err := userop.ParseVersion(s); err != nil || got != ep {
				t.Errorf("%s: %v, %v", s, got, err)
			}
		}
	}
	for _, s := range []string{"", "v", "0.5", "0.60", " 0.6", "vv0.6", strings.Repeat("0", 1000)} {
		if _, err := userop.ParseVersion(s); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.10q: %v", s, err)
		}
	}
	if _, ok := userop.EntryPointByAddress(common.Address{}); ok {
		t.Error("found an EntryPoint at zero")
	}
}

func TestCloneSharesNothing(t *testing.T) {
	r := rng(t)
	for range 50 {
		op := randomOp(r, userop.V09)
		op.Authorization = &userop.Authorization{ChainID: big.NewInt(5), R: big.NewInt(6), S: big.NewInt(7)}
		before, c := op.Clone(), op.Clone()
		c.Nonce.SetInt64(1)
		c.MaxFeePerGas.SetInt64(-1)
		c.Authorization.R.SetInt64(99)
		for _, b := range [][]byte{c.CallData, c.FactoryData, c.Signature, c.PaymasterData, c.PaymasterSignature} {
			for i := range b {
				b[i]++
			}
		}
		if c.Factory != nil {
			c.Factory[0]++
		}
		if !sameOp(op, before) {
			t.Fatal("changing a clone changed the original")
		}
	}
}

// Every field but the signature is covered by the hash.
func TestEveryFieldChangesTheHash(t *testing.T) {
	addr := func(b byte) *common.Address { a := common.Address{19: b}; return &a }
	base := func(ep userop.EntryPoint) *userop.Op {
		op := &userop.Op{
			Sender: *addr(1), Nonce: big.NewInt(2), Factory: addr(3), FactoryData: []byte{4}, CallData: []byte{5},
			CallGasLimit: big.NewInt(6), VerificationGasLimit: big.NewInt(7), PreVerificationGas: big.NewInt(8),
			MaxFeePerGas: big.NewInt(9), MaxPriorityFeePerGas: big.NewInt(10),
			Paymaster: addr(11), PaymasterData: []byte{12}, Signature: []byte{13},
		}
		if ep != userop.V06 {
			op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(14), big.NewInt(15)
		}
		return op
	}
	changes := map[string]func(*userop.Op){
		"sender":      func(o *userop.Op) { o.Sender[0]++ },
		"nonce":       func(o *userop.Op) { o.Nonce = one },
		"factory":     func(o *userop.Op) { o.Factory = addr(99) },
		"factoryData": func(o *userop.Op) { o.FactoryData = []byte{4, 0} },
		"no factory":  func(o *userop.Op) { o.Factory = nil },
		"callData":    func(o *userop.Op) { o.CallData = nil },
		"callGas":     func(o *userop.Op) { o.CallGasLimit = one },
		"verGas":      func(o *userop.Op) { o.VerificationGasLimit = one },
		"preVerGas":   func(o *userop.Op) { o.PreVerificationGas = one },
		"maxFee":      func(o *userop.Op) { o.MaxFeePerGas = one },
		"maxPriority": func(o *userop.Op) { o.MaxPriorityFeePerGas = one },
		"paymaster":   func(o *userop.Op) { o.Paymaster = addr(99) },
		"pmData":      func(o *userop.Op) { o.PaymasterData = nil },
		"swapped gas": func(o *userop.Op) {
			o.CallGasLimit, o.VerificationGasLimit = o.VerificationGasLimit, o.CallGasLimit
		},
		"swapped fees": func(o *userop.Op) {
			o.MaxFeePerGas, o.MaxPriorityFeePerGas = o.MaxPriorityFeePerGas, o.MaxFeePerGas
		},
	}
	for _, ep := range userop.EntryPoints() {
		want, err := ep.Hash(base(ep), one)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[common.Hash]string{want: "the original"}
		for name, change := range changes {
			op := base(ep)
			change(op)
			h, err := ep.Hash(op, one)
			if err != nil {
				t.Fatalf("%s %s: %v", ep, name, err)
			}
			if other, ok := seen[h]; ok {
				t.Errorf("%s: %s hashes like %s", ep, name, other)
			}
			seen[h] = name
		}
		if h, _ := ep.Hash(base(ep), big.NewInt(2)); h == want {
			t.Errorf("%s: chain id is not covered", ep)
		}
		op := base(ep)
		op.Signature = []byte("other")
		if h, _ := ep.Hash(op, one); h != want {
			t.Errorf("%s: the signature is covered", ep)
		}
		for _, id := range []*big.Int{nil, new(big.Int), big.NewInt(-1), new(big.Int).Lsh(one, 256)} {
			if _, err := ep.Hash(base(ep), id); !errors.Is(err, userop.ErrRange) {
				t.Errorf("chain id %v: %v", id, err)
			}
		}
	}
}

func TestNothingIsPackedThatDoesNotFit(t *testing.T) {
	r := rng(t)
	big129 := new(big.Int).Lsh(one, 128)
	for _, c := range []struct {
		eps    []userop.EntryPoint
		change func(*userop.Op)
		want   error
	}{
		{userop.EntryPoints()[1:], func(o *userop.Op) { o.CallGasLimit = big129 }, userop.ErrRange},
		{userop.EntryPoints()[1:], func(o *userop.Op) { o.MaxFeePerGas = big129 }, userop.ErrRange},
		{userop.EntryPoints(), func(o *userop.Op) { o.Nonce = new(big.Int).Lsh(one, 256) }, userop.ErrRange},
		{userop.EntryPoints(), func(o *userop.Op) { o.PreVerificationGas = big.NewInt(-1) }, userop.ErrRange},
		{userop.EntryPoints(), func(o *userop.Op) { o.VerificationGasLimit = nil }, userop.ErrMissing},
		{userop.EntryPoints(), func(o *userop.Op) { o.Paymaster, o.PaymasterData = nil, []byte{1} }, userop.ErrUnexpected},
		{userop.EntryPoints()[:3], func(o *userop.Op) { o.PaymasterSignature = []byte{1} }, userop.ErrUnsupported},
		{userop.EntryPoints()[:1], func(o *userop.Op) { o.PaymasterPostOpGasLimit = one }, userop.ErrUnsupported},
		{userop.EntryPoints()[:2], func(o *userop.Op) { o.Factory = &userop.EIP7702Marker }, userop.ErrUnsupported},
		{userop.EntryPoints()[3:], func(o *userop.Op) {
			o.Paymaster, o.PaymasterSignature = &common.Address{1}, make([]byte, 1<<16)
		}, userop.ErrTooLarge},
	} {
		for _, ep := range c.eps {
			op := randomOp(r, ep)
			c.change(op)
			if _, err := ep.Hash(op, one); !errors.Is(err, c.want) {
				t.Errorf("%s hash: %v, want %v", ep, err, c.want)
			}
			if _, err := ep.HandleOps([]*userop.Op{op}, common.Address{1}); !errors.Is(err, c.want) {
				t.Errorf("%s handleOps: %v, want %v", ep, err, c.want)
			}
			var fe *userop.FieldError
			if _, err := ep.MarshalOp(op); c.want != userop.ErrMissing && !errors.As(err, &fe) {
				t.Errorf("%s wire: %v", ep, err)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	r := rng(t)
	huge := new(big.Int).Lsh(one, 121)
	for name, c := range map[string]struct {
		change func(*userop.Op)
		field  string
		want   error
	}{
		"no sender":         {func(o *userop.Op) { o.Sender = common.Address{} }, "sender", userop.ErrMissing},
		"gas over 120 bits": {func(o *userop.Op) { o.CallGasLimit = huge }, "callGasLimit", userop.ErrRange},
		"fee over 120 bits": {func(o *userop.Op) { o.MaxFeePerGas = huge }, "maxFeePerGas", userop.ErrRange},
		"priority over max": {func(o *userop.Op) { o.MaxFeePerGas, o.MaxPriorityFeePerGas = one, big.NewInt(2) }, "maxPriorityFeePerGas", userop.ErrRange},
		"zero factory":      {func(o *userop.Op) { o.Factory = new(common.Address) }, "factory", userop.ErrMissing},
		"zero paymaster": {func(o *userop.Op) {
			o.Paymaster = new(common.Address)
			o.PaymasterPostOpGasLimit, o.PaymasterVerificationGasLimit = one, one
		}, "paymaster", userop.ErrMissing},
		"no signature": {func(o *userop.Op) { o.Signature = nil }, "signature", userop.ErrMissing},
		"data without factory": {func(o *userop.Op) { o.Factory, o.FactoryData = nil, []byte{1} },
			"factoryData", userop.ErrUnexpected},
		"marker without delegate": {func(o *userop.Op) { o.Factory = &userop.EIP7702Marker }, "eip7702Auth", userop.ErrMissing},
	} {
		for _, ep := range userop.EntryPoints()[1:] {
			op := randomOp(r, ep)
			op.Signature, op.MaxPriorityFeePerGas = []byte{1}, new(big.Int)
			if err := op.Validate(ep, one); err != nil {
				t.Fatalf("%s: a good operation: %v", ep, err)
			}
			c.change(op)
			err := op.Validate(ep, one)
			var fe *userop.FieldError
			if !errors.As(err, &fe) || fe.Field != c.field || !errors.Is(err, c.want) {
				t.Errorf("%s on %s: %v", name, ep, err)
			}
		}
	}
	// Everything wrong is listed, not only the first.
	err := (&userop.Op{}).Validate(userop.V08, nil)
	if n := strings.Count(err.Error(), "missing"); n != 8 {
		t.Errorf("%d findings: %v", n, err)
	}
}

func TestNonceKeyAndSequence(t *testing.T) {
	key, _ := new(big.Int).SetString("ffffffffffffffffffffffffffffffffffffffffffffffff", 16)
	n, err := userop.MakeNonce(key, 1<<64-1)
	if err != nil || n.BitLen() != 256 {
		t.Fatal(n, err)
	}
	k, s, err := userop.SplitNonce(n)
	if err != nil || k.Cmp(key) != 0 || s != 1<<64-1 {
		t.Error(k, s, err)
	}
	if n, err := userop.MakeNonce(nil, 7); err != nil || n.Int64() != 7 {
		t.Error(n, err)
	}
	for _, bad := range []*big.Int{big.NewInt(-1), new(big.Int).Lsh(one, 192)} {
		if _, err := userop.MakeNonce(bad, 0); !errors.Is(err, userop.ErrRange) {
			t.Error(err)
		}
	}
	if _, _, err := userop.SplitNonce(nil); !errors.Is(err, userop.ErrMissing) {
		t.Error(err)
	}
}

func TestValidationDataRanges(t *testing.T) {
	v := userop.ValidationData{ValidAfter: 100, ValidUntil: 200}
	for now, want := range map[uint64]bool{99: false, 100: false, 101: true, 200: true, 201: false} {
		if v.ValidAt(now) != want {
			t.Errorf("at %d", now)
		}
	}
	if !(userop.ValidationData{}).ValidAt(1 << 40) {
		t.Error("zero has no end")
	}
	if !(userop.ValidationData{Aggregator: userop.SigFailed}).SignatureFailed() {
		t.Error("address 1 is a failed signature")
	}
	b := userop.ValidationData{ValidAfter: userop.BlockRangeFlag | 5, ValidUntil: userop.BlockRangeFlag | 9}
	if after, until, ok := b.BlockRange(); !ok || after != 5 || until != 9 {
		t.Error(after, until, ok)
	}
	if _, _, ok := v.BlockRange(); ok {
		t.Error("times read as blocks")
	}
	for _, bad := range []userop.ValidationData{{ValidAfter: 1 << 48}, {ValidUntil: 1 << 48}} {
		if _, err := bad.Pack(); !errors.Is(err, userop.ErrRange) {
			t.Error(err)
		}
	}
}

func TestRequiredPrefundIsWhatTheEntryPointTakes(t *testing.T) {
	op := (&userop.Op{CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(10), PreVerificationGas: big.NewInt(100),
		MaxFeePerGas: big.NewInt(3)}).Normalize()
	if n, err := op.RequiredPrefund(userop.V07); err != nil || n.Int64() != 333 {
		t.Error(n, err)
	}
	op.Paymaster = &common.Address{1}
	if n, _ := op.RequiredPrefund(userop.V06); n.Int64() != 3*131 {
		t.Error("0.6 with a paymaster takes verification three times:", n)
	}
	op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(1000), big.NewInt(10000)
	if n, _ := op.RequiredPrefund(userop.V08); n.Int64() != 3*11111 {
		t.Error(n)
	}
}

func TestAuthorizationRefusesBadSignatures(t *testing.T) {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("a test key")))
	if err != nil {
		t.Fatal(err)
	}
	a := &userop.Authorization{ChainID: one, Address: common.Address{1}, Nonce: 3}
	if _, err := a.Authority(); err == nil {
		t.Error("unsigned")
	}
	h, err := a.SigHash()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := crypto.Sign(h[:], key)
	if err != nil {
		t.Fatal(err)
	}
	a.R, a.S, a.YParity = new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:64]), sig[64]
	if who, err := a.Authority(); err != nil || who != crypto.PubkeyToAddress(key.PublicKey) {
		t.Error(who, err)
	}
	high := *a
	high.S, high.YParity = new(big.Int).Sub(crypto.S256().Params().N, a.S), 1-a.YParity
	if _, err := high.Authority(); err == nil {
		t.Error("high s accepted")
	}
	for _, bad := range []*big.Int{new(big.Int), big.NewInt(-1), new(big.Int).Lsh(one, 256), new(big.Int).Lsh(one, 300)} {
		c := *a
		c.R = bad
		if _, err := c.Authority(); err == nil {
			t.Errorf("r = %v accepted", bad)
		}
	}
}

func TestDelegationCode(t *testing.T) {
	code := append([]byte{0xef, 0x01, 0x00}, common.Address{7}.Bytes()...)
	if a, ok := userop.ParseDelegation(code); !ok || a != (common.Address{7}) {
		t.Error(a, ok)
	}
	for _, bad := range [][]byte{nil, code[:22], append(code, 0), make([]byte, 23)} {
		if _, ok := userop.ParseDelegation(bad); ok {
			t.Errorf("%x", bad)
		}
	}
}

// go-ethereum's ABI package, by reflection, agrees with ours by hand.
func TestPackedAgreesWithAReflectingABI(t *testing.T) {
	const spec = `[{"type":"function","name":"getUserOpHash","inputs":[{"name":"userOp","type":"tuple","components":[
		{"name":"sender","type":"address"},{"name":"nonce","type":"uint256"},{"name":"initCode","type":"bytes"},
		{"name":"callData","type":"bytes"},{"name":"accountGasLimits","type":"bytes32"},{"name":"preVerificationGas","type":"uint256"},
		{"name":"gasFees","type":"bytes32"},{"name":"paymasterAndData","type":"bytes"},{"name":"signature","type":"bytes"}]}]}]`
	parsed, err := abi.JSON(strings.NewReader(spec))
	if err != nil {
		t.Fatal(err)
	}
	r := rng(t)
	for _, ep := range userop.EntryPoints()[1:] {
		for range 200 {
			op := randomOp(r, ep)
			p, err := userop.Pack(ep, op)
			if err != nil {
				t.Fatal(err)
			}
			want, err := parsed.Pack("getUserOpHash", p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := userop.GetUserOpHash(ep, op)
			if err != nil || string(got) != string(want) {
				t.Fatalf("%s: %v\n%x\n%x", ep, err, got, want)
			}
			back, err := userop.Unpack(ep, p)
			if err != nil || !sameOp(op, back) {
				t.Fatalf("%s: %v", ep, err)
			}
		}
	}
	if _, err := userop.Pack(userop.V06, randomOp(r, userop.V06)); !errors.Is(err, userop.ErrUnsupported) {
		t.Error("0.6 has no packed form:", err)
	}
}
