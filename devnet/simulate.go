package devnet

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/misc/eip1559"
	"github.com/ethereum/go-ethereum/consensus/misc/eip4844"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/userop"
)

// scene is the state after the newest block together with the block that comes next. Operations
// are tried on it; nothing of it reaches the chain.
type scene struct {
	chain   *core.BlockChain
	state   *state.StateDB
	header  *types.Header
	bundler common.Address
}

// outcome is what handleOps with one operation did.
type outcome struct {
	gas     uint64         // of the whole transaction, refunds deducted
	revert  *userop.Revert // handleOps reverted: the operation is not valid
	event   *userop.UserOperationEvent
	reason  *userop.Revert // of the account's calls or of postOp, when event.Success is false
	watched *watch
}

// newScene looks at the chain's head.
func newScene(chain *core.BlockChain, bundler common.Address) (*scene, error) {
	head := chain.CurrentBlock()
	config := chain.Config()
	h := &types.Header{
		ParentHash: head.Hash(),
		Number:     new(big.Int).Add(head.Number, common.Big1),
		Time:       nextTime(head),
		BaseFee:    eip1559.CalcBaseFee(config, head),
		GasLimit:   head.GasLimit,
		Difficulty: new(big.Int),
	}
	excess := eip4844.CalcExcessBlobGas(config, head, h.Time)
	h.ExcessBlobGas = &excess
	db, err := chain.StateAt(head.Root, head.Number, head.Time)
	if err != nil {
		return nil, fmt.Errorf("devnet: reading the state of block %d: %w", head.Number, err)
	}
	return &scene{chain: chain, state: db, header: h, bundler: bundler}, nil
}

// copy is a scene of its own in the same state.
func (s *scene) copy() *scene {
	c := *s
	c.state = s.state.Copy()
	return &c
}

// apply executes handleOps([op]) as the bundler's transaction would, with all that gas, and leaves
// the resulting state in the scene. The error is the simulation's own, never the operation's.
func (s *scene) apply(ctx context.Context, ep userop.EntryPoint, op *userop.Op, hash common.Hash, gas uint64, forgive bool) (*outcome, error) {
	data, err := ep.HandleOps([]*userop.Op{op}, s.bundler)
	if err != nil {
		return nil, err
	}
	auths, err := authorizations(op)
	if err != nil {
		return nil, err
	}
	w := &watch{entryPoint: ep.Address(), op: op, forgive: forgive}
	s.state.SetTxContext(hash, 0, 0)
	result, err := s.message(ctx, s.bundler, ep.Address(), data, new(uint256.Int), gas, auths, w.hooks(func(a common.Address) bool {
		return s.state.GetCodeSize(a) > 0
	}))
	if err != nil {
		return nil, err
	}
	out := &outcome{gas: result.UsedGas, watched: w}
	if result.Err != nil {
		out.revert = userop.DecodeRevert(result.ReturnData)
		if len(result.ReturnData) == 0 {
			out.revert.Reason = result.Err.Error()
		}
		return out, nil
	}
	out.read(ep, hash, s.state.GetLogs(hash, 0, common.Hash{}, 0))
	if out.event == nil {
		return nil, fmt.Errorf("devnet: EntryPoint %s executed operation %s without reporting it", ep.Version(), hash)
	}
	return out, nil
}

// read finds the operation's events.
func (o *outcome) read(ep userop.EntryPoint, hash common.Hash, logs []*types.Log) {
	for _, l := range logs {
		if l.Address != ep.Address() || len(l.Topics) < 2 || l.Topics[1] != hash {
			continue
		}
		if event, err := userop.ParseUserOperationEvent(l.Topics, l.Data); err == nil {
			o.event = event
		} else if _, reason, err := userop.ParseRevertReason(l.Topics, l.Data); err == nil {
			o.reason = reason
		}
	}
}

// message executes one transaction's message.
func (s *scene) message(ctx context.Context, from, to common.Address, data []byte, value *uint256.Int, gas uint64, auths []types.SetCodeAuthorization, hooks *tracing.Hooks) (*core.ExecutionResult, error) {
	fee := uint256.MustFromBig(s.header.BaseFee)
	msg := (&core.Message{
		From: from, To: &to, Value: value, Data: data, GasLimit: gas, SetCodeAuthorizations: auths,
		GasPrice: fee, GasFeeCap: fee, GasTipCap: new(uint256.Int),
	}).SkipNonceCheck().SkipGasLimitCapCheck()
	s.state.AddBalance(from, uint256.MustFromBig(ether(1000)), tracing.BalanceChangeUnspecified) // for gas
	evm := vm.NewEVM(core.NewEVMBlockContext(s.header, s.chain, &common.Address{}), state.NewHookedState(s.state, hooks), s.chain.Config(), vm.Config{Tracer: hooks})
	defer context.AfterFunc(ctx, evm.Cancel)()
	result, err := core.ApplyMessage(evm, msg, core.NewGasPool(gas))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("devnet: simulating: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("devnet: simulating: %w", err)
	}
	s.state.Finalise(s.chain.Config().Rules(s.header.Number, true, s.header.Time))
	return result, nil
}

// deployed refuses an operation whose sender neither exists nor will. EntryPoints 0.6 and 0.7
// revert without a word then.
func (s *scene) deployed(op *userop.Op) error {
	if op.Factory == nil && op.Authorization == nil && s.state.GetCodeSize(op.Sender) == 0 {
		return &rpcError{code: codeRejected, msg: userop.DecodeReason("AA20 account not deployed").Error(), data: "0x"}
	}
	return nil
}

// delegates refuses an EIP-7702 authorization that the chain would pass over, unless the sender runs that
// code already: the operation would run what is there instead.
func (s *scene) delegates(op *userop.Op) error {
	a := op.Authorization
	if a == nil {
		return nil
	}
	if delegate, ok := userop.ParseDelegation(s.state.GetCode(op.Sender)); ok && delegate == a.Address {
		return nil
	}
	if nonce := s.state.GetNonce(op.Sender); nonce != a.Nonce {
		return invalidf("eip7702Auth.nonce %d is not the sender's next transaction nonce, which is %d", a.Nonce, nonce)
	}
	return nil
}

// resolveDelegate notes where the sender's code comes from when the operation's hash depends on it.
func (s *scene) resolveDelegate(op *userop.Op) {
	if !op.IsEIP7702() || op.Authorization != nil {
		return
	}
	if delegate, ok := userop.ParseDelegation(s.state.GetCode(op.Sender)); ok {
		op.Delegate = &delegate
	}
}

// sponsor makes money no obstacle for an estimation, whose gas limits are larger than any real
// ones: the sender gets a balance, the paymaster a deposit.
func (s *scene) sponsor(ctx context.Context, ep userop.EntryPoint, op *userop.Op) error {
	plenty := uint256.MustFromBig(ether(1_000_000_000))
	if op.Paymaster == nil {
		s.state.AddBalance(op.Sender, plenty, tracing.BalanceChangeUnspecified)
		return nil
	}
	s.state.AddBalance(operator, plenty, tracing.BalanceChangeUnspecified)
	result, err := s.message(ctx, operator, ep.Address(), userop.DepositTo(*op.Paymaster), plenty, 1_000_000, nil, &tracing.Hooks{})
	if err == nil {
		err = result.Err
	}
	return err
}

// delegate gives the sender the code that the operation's EIP-7702 authorization, which may be a
// stub, will give it.
func (s *scene) delegate(op *userop.Op) {
	if op.Authorization == nil {
		return
	}
	op.Delegate, op.Authorization = &op.Authorization.Address, nil
	s.state.SetCode(op.Sender, types.AddressToDelegation(*op.Delegate), tracing.CodeChangeAuthorization)
}

// txGas is the gas limit of the transaction that carries op alone: all its own limits, and what
// the EntryPoint needs besides and the rule of 63/64 takes.
func txGas(ep userop.EntryPoint, op *userop.Op) *big.Int {
	sum := new(big.Int).Add(op.PreVerificationGas, op.CallGasLimit)
	verification := new(big.Int).Set(op.VerificationGasLimit)
	if ep == userop.V06 {
		// It is spent on validation, and must be there once more when execution begins, and once
		// more where a paymaster validates with it.
		times := int64(2)
		if op.Paymaster != nil {
			times = 3
		}
		verification.Mul(verification, big.NewInt(times))
	}
	sum.Add(sum, verification)
	for _, limit := range []*big.Int{op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit} {
		if limit != nil {
			sum.Add(sum, limit)
		}
	}
	sum.Add(sum, new(big.Int).Div(sum, big.NewInt(60)))
	return sum.Add(sum, big.NewInt(100_000))
}

// maxTxGas is the largest gas limit a transaction may have in this chain's next block.
func maxTxGas(chain *core.BlockChain) uint64 {
	head := chain.CurrentBlock()
	if chain.Config().IsOsaka(head.Number, nextTime(head)) {
		return params.MaxTxGas
	}
	return blockGas
}

// authorizations converts an operation's EIP-7702 tuple.
func authorizations(op *userop.Op) ([]types.SetCodeAuthorization, error) {
	a := op.Authorization
	if a == nil {
		return nil, nil
	}
	var chainID, r, s uint256.Int
	if a.ChainID != nil && chainID.SetFromBig(a.ChainID) || a.R == nil || r.SetFromBig(a.R) || a.S == nil || s.SetFromBig(a.S) {
		return nil, fmt.Errorf("%w: EIP-7702 authorization", userop.ErrRange)
	}
	return []types.SetCodeAuthorization{{ChainID: chainID, Address: a.Address, Nonce: a.Nonce, V: a.YParity, R: r, S: s}}, nil
}
