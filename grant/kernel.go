// The policies in the bytes of ZeroDev Kernel's policy contracts.

package grant

import (
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

const maxUint48 = 1<<48 - 1

// maxPolicyData bounds what is decoded: far above what fits into a block.
const maxPolicyData = 1 << 20

// EncodeKernel returns the policy's contract and the data it is installed with,
// byte for byte as ZeroDev's SDK writes them. It writes what can be written; what
// should be, [Check] says.
func EncodeKernel(p Policy) (address common.Address, data []byte, err error) {
	if isNil(p) {
		return address, nil, fail("policy", "leave it out", "there is none")
	}
	address = p.Contract()
	switch p := p.(type) {
	case *Call:
		data, err = encodeCall(p)
	case *Gas:
		data, err = encodeGas(p)
	case *RateLimit:
		data, err = encodeRate(p)
	case *Timestamp:
		if err = within("validAfter", p.ValidAfter); err == nil {
			err = within("validUntil", p.ValidUntil)
		}
		data = append(numberWord(p.ValidAfter), numberWord(p.ValidUntil)...)
	case *SignatureCaller:
		data = append(numberWord(32), numberWord(uint64(len(p.Callers)))...)
		for _, c := range p.Callers {
			data = append(data, common.LeftPadBytes(c[:], 32)...)
		}
	case *Sudo:
		data = []byte{}
	case *Opaque:
		data = append([]byte{}, p.Data...)
	}
	if err != nil {
		return common.Address{}, nil, err
	}
	return address, data, nil
}

// KernelEntry is the policy's entry in a permission's enable data: flag(2) ‖
// contract(20) ‖ data.
func KernelEntry(p Policy) ([]byte, error) {
	address, data, err := EncodeKernel(p)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint16(make([]byte, 0, 22+len(data)), uint16(p.Flag()))
	return append(append(out, address[:]...), data...), nil
}

// DecodeKernelEntry is the inverse of [KernelEntry].
func DecodeKernelEntry(entry []byte) (Policy, error) {
	if len(entry) < 22 {
		return nil, fail("policy", "take the enable data from an installed permission or an approval", "%d bytes are no flag and contract", len(entry))
	}
	return DecodeKernel(Flag(binary.BigEndian.Uint16(entry)), common.BytesToAddress(entry[2:22]), entry[22:])
}

// DecodeKernel reads what a policy was installed with. A contract that is not in
// the table gives an [*Opaque] policy. It refuses every encoding that
// [EncodeKernel] would not write.
func DecodeKernel(flag Flag, address common.Address, data []byte) (Policy, error) {
	if len(data) > maxPolicyData {
		return nil, fail("policy", "no real policy is that long", "%d bytes, more than %d", len(data), maxPolicyData)
	}
	c, known := lookup(address)
	if !known {
		return &Opaque{Base: Base{Flags: flag, Address: address}, Data: append([]byte{}, data...)}, nil
	}
	p, ok := decodeKnown(c, data)
	if ok {
		p.base().Flags = flag
		_, again, err := EncodeKernel(p)
		ok = err == nil && string(again) == string(data)
	}
	if !ok {
		return nil, fail(string(c.Kind)+" policy", "its contract would read something else than what is written, or nothing: do not use this permission",
			"%d bytes are not the encoding of its parameters", len(data))
	}
	return p, nil
}

func decodeKnown(c Contract, data []byte) (Policy, bool) {
	r := &words{data: data}
	switch c.Kind {
	case KindCall:
		return decodeCall(CallVersion(c.Version), r)
	case KindGas:
		p := &Gas{Allowed: r.big(), EnforcePaymaster: r.number() != 0, Paymaster: r.address()}
		return p, !r.bad
	case KindTimestamp:
		p := &Timestamp{ValidAfter: r.number(), ValidUntil: r.number()}
		return p, !r.bad
	case KindRateLimit:
		return decodeRate(c.Version == "reset", data)
	case KindSignatureCaller:
		r.next()
		n := r.length(1)
		p := &SignatureCaller{}
		for range n {
			p.Callers = append(p.Callers, r.address())
		}
		return p, !r.bad
	default:
		return &Sudo{}, len(data) == 0
	}
}

func encodeGas(p *Gas) ([]byte, error) {
	allowed := p.allowed()
	if allowed.Sign() < 0 || allowed.BitLen() > 128 {
		return nil, fail("allowed", "the contract keeps 128 bits: write a smaller budget", "%s wei do not fit", allowed)
	}
	data := allowed.FillBytes(make([]byte, 32))
	enforce := uint64(0)
	if p.EnforcePaymaster {
		enforce = 1
	}
	data = append(data, numberWord(enforce)...)
	return append(data, common.LeftPadBytes(p.Paymaster[:], 32)...), nil
}

func (p *Gas) allowed() *big.Int {
	if p.Allowed == nil {
		return new(big.Int)
	}
	return p.Allowed
}

func encodeRate(p *RateLimit) ([]byte, error) {
	fields := []struct {
		name string
		n    uint64
	}{{"interval", p.Interval}, {"count", p.Count}, {"startAt", p.StartAt}}
	if p.Reset {
		if p.StartAt != 0 {
			return nil, fail("startAt", "leave the start out, or use the rate limit without reset", "the rate limit with reset has no start")
		}
		fields = fields[:2]
	}
	var data []byte
	for _, f := range fields {
		if err := within(f.name, f.n); err != nil {
			return nil, err
		}
		data = append(data, binary.BigEndian.AppendUint64(nil, f.n)[2:]...)
	}
	return data, nil
}

func decodeRate(reset bool, data []byte) (Policy, bool) {
	want := 18
	if reset {
		want = 12
	}
	if len(data) != want {
		return nil, false
	}
	number := func(i int) uint64 {
		return binary.BigEndian.Uint64(append([]byte{0, 0}, data[6*i:6*i+6]...))
	}
	p := &RateLimit{Interval: number(0), Count: number(1), Reset: reset}
	if !reset {
		p.StartAt = number(2)
	}
	return p, true
}

func within(field string, n uint64) error {
	if n > maxUint48 {
		return fail(field, "the contract keeps 48 bits: times are seconds, not milliseconds", "%d does not fit", n)
	}
	return nil
}

func numberWord(n uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 24, 32), n)
}
