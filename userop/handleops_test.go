package userop_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

func TestHandleOpsRoundTripsBundles(t *testing.T) {
	r := rng(t)
	for _, ep := range userop.EntryPoints() {
		for n := range 20 {
			ops := make([]*userop.Op, n)
			for i := range ops {
				ops[i] = randomOp(r, ep)
			}
			to := common.Address{byte(n + 1)}
			data, err := ep.HandleOps(ops, to)
			if err != nil {
				t.Fatal(err)
			}
			if !userop.IsHandleOps(ep, data) {
				t.Error("not recognised")
			}
			got, who, err := userop.DecodeHandleOps(ep, data)
			if err != nil || who != to || len(got) != n {
				t.Fatalf("%s: %v", ep, err)
			}
			for i := range ops {
				if !sameOp(ops[i], got[i]) {
					t.Fatalf("%s: operation %d of %d changed", ep, i, n)
				}
			}
			again, err := ep.HandleOps(got, who)
			if err != nil || !bytes.Equal(again, data) {
				t.Fatalf("%s: written differently: %v", ep, err)
			}
			for cut := range min(len(data), 800) {
				if _, _, err := userop.DecodeHandleOps(ep, data[:len(data)-1-cut]); err == nil && cut > 31 {
					t.Fatalf("%s: accepted without its last %d bytes", ep, cut+1)
				}
			}
		}
		if _, err := ep.HandleOps(nil, common.Address{}); !errors.Is(err, userop.ErrMissing) {
			t.Error("the zero beneficiary:", err)
		}
	}
}

func TestOverlappingBundlesAreRefused(t *testing.T) {
	op := randomOp(rng(t), userop.V07)
	op.CallData = make([]byte, 4096)
	data, err := userop.V07.HandleOps([]*userop.Op{op}, common.Address{1})
	if err != nil {
		t.Fatal(err)
	}
	// 100 operations that all point at the same struct
	const n = 100
	b := append([]byte(nil), data[:4+64]...)
	word := func(v uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), v) }
	b = append(b, word(n)...)
	for range n {
		b = append(b, word(32*n)...)
	}
	b = append(b, data[4+64+64:]...)
	if _, _, err := userop.DecodeHandleOps(userop.V07, b); !errors.Is(err, userop.ErrFormat) {
		t.Errorf("%v", err)
	}
	// a length that promises more operations than could ever fit
	copy(data[4+64:], word(1<<40))
	if _, _, err := userop.DecodeHandleOps(userop.V07, data); !errors.Is(err, userop.ErrFormat) {
		t.Errorf("%v", err)
	}
}

func TestTheShortMarkerIsReadAsTheLongOne(t *testing.T) {
	p, err := userop.Pack(userop.V08, randomOp(rng(t), userop.V08))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 3, 19, 20} {
		p.InitCode = append([]byte{0x77, 0x02}, make([]byte, n-2)...)
		op, err := userop.Unpack(userop.V08, p)
		if err != nil || !op.IsEIP7702() || len(op.FactoryData) != 0 {
			t.Errorf("%d bytes: %+v, %v", n, op, err)
		}
	}
	for _, bad := range [][]byte{{0x77}, {0x77, 0x03}, {0x77, 0x02, 0x01}} {
		p.InitCode = bad
		if _, err := userop.Unpack(userop.V08, p); !errors.Is(err, userop.ErrFormat) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}

func TestPaymasterSignatureLengths(t *testing.T) {
	magic := fromHex("0x22e325a297439656")
	fixed := make([]byte, 52)
	fixed[0] = 1
	for name, c := range map[string]struct {
		data     []byte // after the fixed fields
		sig      int    // length found, -1 for an error
		dataLeft int
	}{
		"none":             {[]byte("abc"), 0, 3},
		"one":              {append([]byte("abcSSSS\x00\x04"), magic...), 4, 3},
		"length zero":      {append([]byte("abc\x00\x00"), magic...), 0, 13},
		"all of the data":  {append([]byte("SSSS\x00\x04"), magic...), 4, 0},
		"one byte too far": {append([]byte("SSSS\x00\x05"), magic...), -1, 0},
		"magic alone":      {magic, 0, 8},
	} {
		p, err := userop.Pack(userop.V09, randomOp(rng(t), userop.V09))
		if err != nil {
			t.Fatal(err)
		}
		p.PaymasterAndData = append(bytes.Clone(fixed), c.data...)
		op, err := userop.Unpack(userop.V09, p)
		if c.sig < 0 {
			if !errors.Is(err, userop.ErrFormat) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(op.PaymasterSignature) != c.sig || len(op.PaymasterData) != c.dataLeft {
			t.Errorf("%s: %+v, %v", name, op, err)
			continue
		}
		back, err := userop.Pack(userop.V09, op)
		if err != nil || !bytes.Equal(back.PaymasterAndData, p.PaymasterAndData) {
			t.Errorf("%s: packed as %x, %v", name, back.PaymasterAndData, err)
		}
		if op, err := userop.Unpack(userop.V08, p); err != nil || len(op.PaymasterSignature) != 0 {
			t.Errorf("%s: 0.8 knows no paymaster signature: %v", name, err)
		}
	}
}

func TestThePaymasterSignatureIsNotSignedButItsPresenceIs(t *testing.T) {
	op := randomOp(rng(t), userop.V09)
	op.Paymaster, op.PaymasterData, op.PaymasterSignature = &common.Address{1}, []byte("data"), []byte("one")
	a, err := userop.V09.Hash(op, one)
	if err != nil {
		t.Fatal(err)
	}
	op.PaymasterSignature = []byte("another, longer")
	if b, _ := userop.V09.Hash(op, one); a != b {
		t.Error("the signature is covered")
	}
	op.PaymasterSignature = nil
	if b, _ := userop.V09.Hash(op, one); a == b {
		t.Error("its presence is not covered")
	}
}

func FuzzDecodeHandleOps(f *testing.F) {
	var file viemFile
	loadJSON(f, "viem.json", &file)
	for _, v := range file.Operations {
		f.Add(fromHex(v.HandleOps))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, ep := range userop.EntryPoints() {
			ops, to, err := userop.DecodeHandleOps(ep, data)
			if err != nil {
				if ops != nil {
					t.Fatal("operations and error")
				}
				continue
			}
			if to == (common.Address{}) {
				continue
			}
			again, err := ep.HandleOps(ops, to)
			if err != nil {
				t.Fatalf("read but not written: %v", err)
			}
			back, _, err := userop.DecodeHandleOps(ep, again)
			if err != nil || len(back) != len(ops) {
				t.Fatalf("written but not read: %v", err)
			}
			for i := range ops {
				if !sameOp(ops[i], back[i]) {
					t.Fatal("changed")
				}
			}
		}
		if op, err := userop.DecodeOp(userop.V07, data); err == nil {
			b, err := userop.EncodeOp(userop.V07, op)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := userop.DecodeOp(userop.V07, b); err != nil || !sameOp(op, again) {
				t.Fatal("changed", err)
			}
		}
	})
}
