package account

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

// Node is a raw JSON-RPC connection to a chain's node. The rpc.Client of
// go-ethereum implements it.
type Node interface {
	CallContext(ctx context.Context, result any, method string, args ...any) error
}

// Relayer takes a bundler's place: it carries operations to the EntryPoint in
// ordinary transactions of an ordinary key, which pays the gas and gets the fee
// of the operation back. It implements [Bundler], so that Prepare, Send and Wait
// work with it unchanged.
//
// The key must be a plain one without code (EntryPoint v0.9 insists) and hold
// enough for gas. One operation at a time: Send refuses with [ErrRelayBusy]
// while a transaction of the key is pending, so that nothing is sent twice or
// replaced. Estimation needs a node with eth_simulateV1; with other nodes use
// [WithGas].
type Relayer struct {
	Node  Node
	Chain Chain
	Key   *ecdsa.PrivateKey

	mu      sync.Mutex
	sent    map[common.Hash]common.Hash // operation → transaction
	chainID *big.Int                    // for which the key signs; nil: as the node says when it is first asked
}

var (
	_ Bundler           = (*Relayer)(nil)
	_ OverrideEstimator = (*Relayer)(nil)
)

// ErrRelayBusy is returned while another transaction of the relaying key is
// pending.
var ErrRelayBusy = errors.New("account: a transaction of the relaying key is still pending: wait for it, then send again")

// ErrRelayOwn is returned for an EIP-7702 authorization by the relaying key
// itself: the transaction would use up the nonce that the authorization names,
// and EntryPoints take no bundles from addresses with code.
var ErrRelayOwn = errors.New("account: an address cannot relay the authorization of its own key: relay it with another key")

// From is the address that pays.
func (r *Relayer) From() common.Address { return crypto.PubkeyToAddress(r.Key.PublicKey) }

// ChainID returns the chain's id. A node that changes its mind is refused with a
// *[WrongChainError]: the key's transactions would be for another chain, on which
// it may hold money, too.
func (r *Relayer) ChainID(ctx context.Context) (*big.Int, error) {
	id, err := r.Chain.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chainID == nil {
		r.chainID = new(big.Int).Set(id)
	}
	if r.chainID.Cmp(id) != 0 {
		return nil, &WrongChainError{Who: "the node", Want: r.chainID, Got: id}
	}
	return id, nil
}

// Send simulates the operation and, if it would run, sends it in a transaction of
// its own, which carries the operation's EIP-7702 authorization if it has one.
// The fee goes to the relaying key.
func (r *Relayer) Send(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	if op.Authorization != nil && op.Sender == r.From() {
		return common.Hash{}, ErrRelayOwn
	}
	chainID, err := r.ChainID(ctx)
	if err != nil {
		return common.Hash{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	hash, err := ep.Hash(op, chainID)
	if err != nil {
		return common.Hash{}, err
	}
	latest, err := r.count(ctx, "latest")
	if err != nil {
		return common.Hash{}, err
	}
	pending, err := r.count(ctx, "pending")
	if err != nil {
		return common.Hash{}, err
	}
	if pending > latest {
		if _, ok := r.sent[hash]; ok {
			return hash, nil
		}
		return common.Hash{}, ErrRelayBusy
	}
	data, err := ep.HandleOps([]*userop.Op{op}, r.From())
	if err != nil {
		return common.Hash{}, err
	}
	gas, err := bundleGas(op, ep, len(data))
	if err != nil {
		return common.Hash{}, err
	}
	// A refused bundle costs gas: find out first. The call runs as the zero
	// address, which has no code, like the key.
	if _, err := r.call(ctx, ep.Address(), data, Overrides(nil).delegated(op)); err != nil {
		return common.Hash{}, err
	}
	fees, err := r.fees(ctx, op)
	if err != nil {
		return common.Hash{}, err
	}
	tx := &transaction{ChainID: chainID, Nonce: latest, GasTipCap: fees.MaxPriorityFeePerGas, GasFeeCap: fees.MaxFeePerGas,
		Gas: gas, To: ep.Address(), Value: new(big.Int), Data: data}
	if op.Authorization != nil {
		tx.Authorizations = []*userop.Authorization{op.Authorization}
	}
	raw, txHash, err := tx.sign(r.Key)
	if err != nil {
		return common.Hash{}, err
	}
	if err := r.Node.CallContext(ctx, nil, "eth_sendRawTransaction", hexutil.Bytes(raw)); err != nil {
		return common.Hash{}, fmt.Errorf("account: send the transaction of %s: %w", r.From(), err)
	}
	if r.sent == nil {
		r.sent = map[common.Hash]common.Hash{}
	}
	r.sent[hash] = txHash
	return hash, nil
}

// count is the key's transaction count at a block tag.
func (r *Relayer) count(ctx context.Context, tag string) (uint64, error) {
	var n hexutil.Uint64
	if err := r.Node.CallContext(ctx, &n, "eth_getTransactionCount", r.From(), tag); err != nil {
		return 0, fmt.Errorf("account: count the transactions of %s: %w", r.From(), err)
	}
	return uint64(n), nil
}

const (
	maxTxGas    = 1 << 24 // EIP-7825
	bundleExtra = 60_000  // what handleOps does around one operation
	setCodeGas  = 25_000  // EIP-7702, per authorization
)

// bundleGas is the gas limit of a transaction that carries op alone: its limits,
// the 1/64 that each call withholds, calldata and the transaction itself. EntryPoint 0.6
// wants the whole verification limit to be left when it begins the call (AA95), and lets
// a paymaster use it twice more.
func bundleGas(op *userop.Op, ep userop.EntryPoint, calldata int) (uint64, error) {
	gas := new(big.Int).Add(op.CallGasLimit, op.VerificationGasLimit)
	if ep == userop.V06 {
		gas.Add(gas, op.VerificationGasLimit)
		if op.Paymaster != nil {
			gas.Add(gas, new(big.Int).Lsh(op.VerificationGasLimit, 1))
		}
	}
	for _, l := range []*big.Int{op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit} {
		if l != nil {
			gas.Add(gas, l)
		}
	}
	gas.Add(gas, new(big.Int).Rsh(gas, 5))
	gas.Add(gas, big.NewInt(21_000+40*int64(calldata)+bundleExtra))
	if op.Authorization != nil {
		gas.Add(gas, big.NewInt(setCodeGas))
	}
	if gas.Cmp(big.NewInt(maxTxGas)) > 0 {
		return 0, &RelayGasError{Gas: gas}
	}
	return gas.Uint64(), nil
}
