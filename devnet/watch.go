package devnet

import (
	"encoding/binary"
	"hash/fnv"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"

	"github.com/postern-dev/postern/userop"
)

// watch observes the frames of one handleOps call with one operation.
//
// With forgive set it also answers for the account and the paymaster: where they return "signature
// failed", the EntryPoint reads "signature valid". So an operation with a stub signature runs to
// its end on the EntryPoint's own code, and no contract needs a branch for estimation. It works by
// writing into the returned bytes before the calling frame sees them.
type watch struct {
	entryPoint common.Address
	op         *userop.Op
	forgive    bool

	stack []frame
	inner bool // innerHandleOp has begun

	validation, execution failures
	verificationGas       uint64 // creating the account and its validateUserOp
	paymasterGas          uint64 // the paymaster's validation
	callGas, postOpGas    uint64 // inside innerHandleOp

	accountData, paymasterData [32]byte // validation data as returned
	accountFailed              bool     // signature
	paymasterFailed            bool
}

type frame struct {
	to      common.Address
	hasCode bool
}

// failures is a fingerprint of the frames that failed, in order. As long as it stays the same, less
// gas made no difference, not even to code that swallows failures.
type failures struct{ sum uint64 }

func (f *failures) add(to common.Address) {
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, f.sum))
	h.Write(to[:])
	f.sum = h.Sum64()
}

func (w *watch) hooks(hasCode func(common.Address) bool) *tracing.Hooks {
	return &tracing.Hooks{
		OnEnter: func(depth int, _ byte, from, to common.Address, _ []byte, _ uint64, _ *big.Int) {
			w.stack = append(w.stack, frame{to: to, hasCode: depth == 1 && hasCode(to)})
			if depth == 1 && from == w.entryPoint && to == w.entryPoint {
				w.inner = true
			}
		},
		OnExit: func(depth int, output []byte, gasUsed uint64, err error, _ bool) {
			f := w.stack[len(w.stack)-1]
			w.stack = w.stack[:len(w.stack)-1]
			if err != nil && w.inner {
				w.execution.add(f.to)
			} else if err != nil {
				w.validation.add(f.to)
			}
			switch {
			case depth == 1 && !w.inner:
				w.validated(f, output, gasUsed, err)
			case depth == 2 && w.inner && f.to == w.op.Sender:
				w.callGas = max(w.callGas, gasUsed)
			case w.inner && w.op.Paymaster != nil && f.to == *w.op.Paymaster && depth <= 2:
				w.postOpGas = max(w.postOpGas, gasUsed)
			}
		},
	}
}

// validated ends a frame that the EntryPoint opened before execution: the account's creation or
// validation, or the paymaster's validation.
func (w *watch) validated(f frame, output []byte, gasUsed uint64, err error) {
	if w.op.Paymaster != nil && f.to == *w.op.Paymaster {
		w.paymasterGas += gasUsed
		if err == nil && f.hasCode && len(output) >= 64 { // (bytes context, uint256 validationData)
			w.paymasterFailed = w.judge(output[32:64], &w.paymasterData)
		}
		return
	}
	w.verificationGas += gasUsed
	if f.to == w.op.Sender && err == nil && f.hasCode && len(output) == 32 {
		w.accountFailed = w.judge(output, &w.accountData)
	}
}

// judge tells whether validation data says that the signature failed.
func (w *watch) judge(word []byte, keep *[32]byte) bool {
	copy(keep[:], word)
	failed := common.BytesToAddress(word[12:]) == userop.SigFailed
	if failed && w.forgive {
		word[31] = 0
	}
	return failed
}
