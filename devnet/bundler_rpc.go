package devnet

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// simulationTime bounds the simulations of one request.
const simulationTime = 15 * time.Second

// bundlerAPI is the part of the "eth" RPC namespace that ERC-7769 adds.
type bundlerAPI struct{ bundler *bundler }

// pimlicoAPI is the methods of the "pimlico" namespace that clients know.
type pimlicoAPI struct {
	bundler   *bundler
	paymaster *paymaster
}

// gasLimits is the result of eth_estimateUserOperationGas.
type gasLimits struct {
	PreVerificationGas            *hexutil.Big `json:"preVerificationGas"`
	VerificationGasLimit          *hexutil.Big `json:"verificationGasLimit"`
	CallGasLimit                  *hexutil.Big `json:"callGasLimit"`
	PaymasterVerificationGasLimit *hexutil.Big `json:"paymasterVerificationGasLimit,omitempty"`
	PaymasterPostOpGasLimit       *hexutil.Big `json:"paymasterPostOpGasLimit,omitempty"`
}

// SendUserOperation is eth_sendUserOperation(operation, entryPoint).
func (a *bundlerAPI) SendUserOperation(ctx context.Context, operation json.RawMessage, entryPoint common.Address) (common.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, simulationTime)
	defer cancel()
	ep, op, err := parseOp(operation, entryPoint)
	if err != nil {
		return common.Hash{}, err
	}
	return a.bundler.send(ctx, ep, op)
}

// EstimateUserOperationGas is eth_estimateUserOperationGas(operation, entryPoint, state override set). The
// third parameter is what clients know from eth_call, see [overrides].
func (a *bundlerAPI) EstimateUserOperationGas(ctx context.Context, operation json.RawMessage, entryPoint common.Address, stateOverride *json.RawMessage) (*gasLimits, error) {
	ctx, cancel := context.WithTimeout(ctx, simulationTime)
	defer cancel()
	ep, op, err := parseOp(operation, entryPoint)
	if err != nil {
		return nil, err
	}
	var set overrides
	if stateOverride != nil {
		if set, err = parseOverrides(*stateOverride); err != nil {
			return nil, err
		}
	}
	if err := a.bundler.enter(ctx); err != nil {
		return nil, err
	}
	defer a.bundler.leave()
	op, err = a.bundler.estimate(ctx, ep, op, set)
	if err != nil {
		return nil, err
	}
	limits := &gasLimits{
		PreVerificationGas:   (*hexutil.Big)(op.PreVerificationGas),
		VerificationGasLimit: (*hexutil.Big)(op.VerificationGasLimit),
		CallGasLimit:         (*hexutil.Big)(op.CallGasLimit),
	}
	if op.Paymaster != nil && ep != userop.V06 {
		limits.PaymasterVerificationGasLimit = (*hexutil.Big)(op.PaymasterVerificationGasLimit)
		limits.PaymasterPostOpGasLimit = (*hexutil.Big)(op.PaymasterPostOpGasLimit)
	}
	return limits, nil
}

func parseOp(operation json.RawMessage, entryPoint common.Address) (userop.EntryPoint, *userop.Op, error) {
	ep, ok := userop.EntryPointByAddress(entryPoint)
	if !ok {
		return nil, nil, invalidf("EntryPoint %s is not supported, see eth_supportedEntryPoints", entryPoint)
	}
	op, err := ep.UnmarshalOp(operation)
	if err != nil {
		return nil, nil, invalidFields(err)
	}
	return ep, op, nil
}

// SupportedEntryPoints is eth_supportedEntryPoints: the newest final version first, the release
// candidate last, spelled as EIP-55 has it since clients compare text.
func (a *bundlerAPI) SupportedEntryPoints() []common.AddressEIP55 {
	var list []common.AddressEIP55
	for _, ep := range []userop.EntryPoint{userop.V08, userop.V07, userop.V06, userop.V09} {
		list = append(list, common.AddressEIP55(ep.Address()))
	}
	return list
}

// GetUserOperationByHash is eth_getUserOperationByHash: null unless the operation is in a block.
func (a *bundlerAPI) GetUserOperationByHash(ctx context.Context, hash common.Hash) (*foundOp, error) {
	return a.bundler.byHash(ctx, hash)
}

// GetUserOperationReceipt is eth_getUserOperationReceipt: null unless the operation is in a block.
func (a *bundlerAPI) GetUserOperationReceipt(ctx context.Context, hash common.Hash) (*opReceipt, error) {
	return a.bundler.receipt(ctx, hash)
}

// GetUserOperationGasPrice is pimlico_getUserOperationGasPrice: fees by speed.
func (a *pimlicoAPI) GetUserOperationGasPrice() (map[string]map[string]*hexutil.Big, error) {
	return a.bundler.prices()
}

// GetUserOperationStatus is pimlico_getUserOperationStatus, which also tells why an operation was
// dropped.
func (a *pimlicoAPI) GetUserOperationStatus(ctx context.Context, hash common.Hash) (*opStatus, error) {
	return a.bundler.status(ctx, hash)
}
