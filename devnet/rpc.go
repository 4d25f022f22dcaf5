package devnet

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/tracers"
	"github.com/ethereum/go-ethereum/rpc"
)

// Limits of the endpoint.
const (
	maxBody      = 2 << 20  // bytes of a request
	maxBatch     = 100      // calls in a request
	maxBatchSize = 16 << 20 // bytes of the answers to a batch
)

// newHandler is the JSON-RPC endpoint behind its guard. Of go-ethereum it offers eth, net, web3,
// txpool and two methods of debug: the others can stop the node or write files.
func newHandler(n *Net) (http.Handler, error) {
	s := rpc.NewServer()
	s.SetHTTPBodyLimit(maxBody)
	s.SetBatchLimits(maxBatch, maxBatchSize)
	apis := []rpc.API{
		{Namespace: "eth", Service: n.chain.filters},
		{Namespace: "web3", Service: web3API{}},
		{Namespace: "debug", Service: &debugAPI{tracers.NewAPI(n.chain.backend.APIBackend)}},
		{Namespace: "eth", Service: &bundlerAPI{n.chain.bundler}},
		{Namespace: "pimlico", Service: &pimlicoAPI{n.chain.bundler, n.paymaster}},
		{Namespace: "pm", Service: &paymasterAPI{n.paymaster}},
		{Namespace: "evm", Service: &evmAPI{net: n}},
		{Namespace: "postern", Service: &posternAPI{n.faucet, n.info.Token}},
	}
	for _, api := range n.chain.backend.APIs() {
		switch api.Namespace {
		case "eth", "net", "txpool":
			apis = append(apis, api)
		}
	}
	for _, api := range apis {
		if err := s.RegisterName(api.Namespace, api.Service); err != nil {
			return nil, fmt.Errorf("devnet: offering %s: %w", api.Namespace, err)
		}
	}
	return &guard{next: s, origins: n.config.Origins}, nil
}

// rpcError is an error with its JSON-RPC code and data.
type rpcError struct {
	code int
	msg  string
	data any
}

func (e *rpcError) Error() string  { return e.msg }
func (e *rpcError) ErrorCode() int { return e.code }
func (e *rpcError) ErrorData() any { return e.data }

type web3API struct{}

// ClientVersion is web3_clientVersion.
func (web3API) ClientVersion() string { return "postern-devnet" }

// Sha3 is web3_sha3: keccak256.
func (web3API) Sha3(input hexutil.Bytes) hexutil.Bytes { return crypto.Keccak256(input) }

// debugAPI is the two tracing methods that only read.
type debugAPI struct{ api *tracers.API }

// TraceTransaction is debug_traceTransaction.
func (d *debugAPI) TraceTransaction(ctx context.Context, hash common.Hash, config *tracers.TraceConfig) (any, error) {
	return d.api.TraceTransaction(ctx, hash, config)
}
