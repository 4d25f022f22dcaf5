package devnet

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Limits that an operation has while it is estimated. A transaction has less than their sum.
const (
	roomVerification = 10_000_000
	roomCall         = 14_000_000
	roomPaymaster    = 5_000_000
	roomTransaction  = 100_000_000
)

// Margins put on what the search finds. Verification: another signature than the stub may take
// another path through curve arithmetic, and the account's nonce or balance slots may be cold; a
// stub is made for the worst, so little is needed. Everything else: other operations may come
// between.
const (
	marginVerificationPercent = 5
	marginPercent             = 10
	marginGas                 = 3_000
)

// estimate fills in gas limits for an operation whose signature may be a stub.
//
// It executes the EntryPoint's own handleOps on the state of the newest block, with money for
// sender or paymaster and with signatures taken as valid, and looks by bisection for the least
// limit of each kind with which everything goes as it went with room to spare: the same result, and
// no call inside that fails and did not fail before. What is found gets margins on top;
// preVerificationGas is a formula. The overrides change that state beforehand.
func (b *bundler) estimate(ctx context.Context, ep userop.EntryPoint, op *userop.Op, set overrides) (*userop.Op, error) {
	start, err := b.sceneFor(ctx, ep, op)
	if err != nil {
		return nil, err
	}
	if err := start.override(ep, op, set); err != nil {
		return nil, err
	}
	if err := start.deployed(op); err != nil {
		return nil, err
	}
	op = op.Clone()
	start.resolveDelegate(op)
	authorization := op.Authorization
	start.delegate(op)
	b.fillFees(op, start.header.BaseFee)
	if err := start.sponsor(ctx, ep, op); err != nil {
		return nil, internalError(err)
	}
	e := &estimator{ep: ep, start: start, op: op}
	e.makeRoom()
	if err := op.Validate(ep, b.chainID); err != nil {
		return nil, invalidFields(err)
	}
	if e.ideal, err = e.try(ctx); err != nil {
		return nil, err
	}
	if err := outcomeError(ep, op, e.ideal, true); err != nil {
		return nil, err
	}
	if err := e.search(ctx); err != nil {
		return nil, err
	}
	// Every limit was looked for with room in the others; see that they do together.
	for range 4 {
		out, err := e.try(ctx)
		if err != nil {
			return nil, err
		}
		if e.same(out) {
			op.Authorization = authorization
			op.PreVerificationGas = preVerificationGas(ep, op)
			return op, nil
		}
		for _, l := range e.limits() {
			(*l.gas).Add(*l.gas, new(big.Int).Div(*l.gas, big.NewInt(4)))
		}
	}
	return nil, &rpcError{code: codeRejected, msg: "gas limits found one by one do not suffice together"}
}

type estimator struct {
	ep    userop.EntryPoint
	start *scene
	op    *userop.Op
	ideal *outcome // with room to spare
}

// limit is one of the operation's gas limits: its room, and what the first run suggests.
type limit struct {
	gas    **big.Int
	room   uint64
	margin uint64 // percent
	used   func(*watch) uint64
}

func (e *estimator) limits() []limit {
	op := e.op
	l := []limit{
		{&op.VerificationGasLimit, roomVerification, marginVerificationPercent, func(w *watch) uint64 { return w.verificationGas }},
		{&op.CallGasLimit, roomCall, marginPercent, func(w *watch) uint64 { return w.callGas }},
	}
	if op.Paymaster != nil && e.ep != userop.V06 {
		l = append(l,
			limit{&op.PaymasterVerificationGasLimit, roomPaymaster, marginPercent, func(w *watch) uint64 { return w.paymasterGas }},
			limit{&op.PaymasterPostOpGasLimit, roomPaymaster, marginPercent, func(w *watch) uint64 { return w.postOpGas }})
	}
	return l
}

func (e *estimator) makeRoom() {
	for _, l := range e.limits() {
		*l.gas = new(big.Int).SetUint64(l.room)
	}
	e.op.PreVerificationGas = big.NewInt(100_000)
	e.op.Normalize()
}

// search replaces each limit by the least sufficient one plus its margin.
func (e *estimator) search(ctx context.Context) error {
	found := make([]uint64, 0, 4)
	for _, l := range e.limits() {
		gas, err := least(l.used(e.ideal.watched), l.room, func(gas uint64) (bool, error) {
			*l.gas = new(big.Int).SetUint64(gas)
			out, err := e.try(ctx)
			return err == nil && e.same(out), err
		})
		if err != nil {
			return err
		}
		*l.gas = new(big.Int).SetUint64(l.room)
		found = append(found, gas+gas*l.margin/100+marginGas)
	}
	for i, l := range e.limits() {
		*l.gas = new(big.Int).SetUint64(found[i])
	}
	return nil
}

// least finds by bisection, to within one percent, the least gas that is enough. room is known to
// be enough; used is what execution took when it had room, which the rule of 63/64 and the
// EntryPoint's own work make a little too small as a limit.
func least(used, room uint64, enough func(uint64) (bool, error)) (uint64, error) {
	low, high := uint64(0), min(used+used/20+2_000, room)
	for high < room {
		ok, err := enough(high)
		if err != nil {
			return 0, err
		}
		if ok {
			break
		}
		low, high = high, min(high*2, room)
	}
	for high-low > max(high/100, 500) {
		middle := low + (high-low)/2
		ok, err := enough(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// try executes the operation as it stands.
func (e *estimator) try(ctx context.Context) (*outcome, error) {
	hash, err := e.ep.Hash(e.op, e.start.chain.Config().ChainID)
	if err != nil {
		return nil, invalidFields(err)
	}
	out, err := e.start.copy().apply(ctx, e.ep, e.op, hash, roomTransaction, true)
	if err != nil {
		return nil, internalError(err)
	}
	return out, nil
}

// same tells whether less gas made no difference.
func (e *estimator) same(out *outcome) bool {
	return out.revert == nil && out.event.Success == e.ideal.event.Success &&
		out.watched.validation == e.ideal.watched.validation && out.watched.execution == e.ideal.watched.execution
}

// preVerificationGas is the formula's value with a little more, since fields that are still to be
// filled may have fewer zero bytes than now.
func preVerificationGas(ep userop.EntryPoint, op *userop.Op) *big.Int {
	op = op.Clone()
	for i := range op.Signature {
		op.Signature[i] = 0xff
	}
	gas := userop.PreVerificationGas(op, ep)
	if gas == nil {
		return new(big.Int)
	}
	return gas.Add(gas, new(big.Int).Add(new(big.Int).Div(gas, big.NewInt(50)), common.Big256))
}
