// Receipts, and waiting for them.

package bundler

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

type wireLog struct {
	Address common.Address `json:"address"`
	Topics  []common.Hash  `json:"topics"`
	Data    hexutil.Bytes  `json:"data"`
}

type wireReceipt struct {
	UserOpHash    *common.Hash    `json:"userOpHash"`
	EntryPoint    *common.Address `json:"entryPoint"`
	Sender        *common.Address `json:"sender"`
	Nonce         *number         `json:"nonce"`
	ActualGasCost *number         `json:"actualGasCost"`
	ActualGasUsed *number         `json:"actualGasUsed"`
	Success       *bool           `json:"success"`
	Reason        json.RawMessage `json:"reason"`
	Logs          []wireLog       `json:"logs"`
	Receipt       *struct {
		TxHash      *common.Hash    `json:"transactionHash"`
		BlockNumber *number         `json:"blockNumber"`
		Status      *number         `json:"status"`
		To          *common.Address `json:"to"`
		Logs        []wireLog       `json:"logs"`
	} `json:"receipt"`
}

// Receipt is eth_getUserOperationReceipt: nil, nil while the operation is unknown
// or pending.
func (c *Client) Receipt(ctx context.Context, hash common.Hash) (*account.Receipt, error) {
	const method = "eth_getUserOperationReceipt"
	var w *wireReceipt
	if err := c.e.call(ctx, method, &w, hash); err != nil || w == nil {
		return nil, err
	}
	bad := func(what string) (*account.Receipt, error) {
		return nil, c.e.fault(method, ErrBadReply, 0, what, nil)
	}
	switch {
	case w.UserOpHash == nil || w.Sender == nil || w.Success == nil || w.Receipt == nil || w.Receipt.TxHash == nil || w.Receipt.BlockNumber == nil:
		return bad("a receipt without hash, sender, success or transaction")
	case *w.UserOpHash != hash:
		return bad("the receipt of another operation, " + w.UserOpHash.Hex())
	case w.Receipt.BlockNumber.big().BitLen() > 64:
		return bad("a block number beyond 64 bits")
	case w.Receipt.Status != nil && w.Receipt.Status.big().Sign() == 0:
		return bad("the receipt of a transaction that failed, in which no operation ran")
	}
	r := &account.Receipt{
		UserOpHash: hash, TxHash: *w.Receipt.TxHash, Success: *w.Success, Reason: w.reason(),
		ActualGasUsed: w.ActualGasUsed.orNil(), ActualGasCost: w.ActualGasCost.orNil(),
		BlockNumber: w.Receipt.BlockNumber.big().Uint64(), Sender: *w.Sender, Nonce: w.Nonce.orNil(),
	}
	if w.EntryPoint != nil {
		r.EntryPoint = *w.EntryPoint
	}
	return r, nil
}

// reason says why the calls reverted: from the bundler's text or bytes, else from
// the event in the logs.
func (w *wireReceipt) reason() string {
	if *w.Success {
		return ""
	}
	var s string
	if json.Unmarshal(w.Reason, &s) == nil && s != "" && s != "0x" {
		if b, err := hex.DecodeString(strings.TrimPrefix(s, "0x")); err == nil && strings.HasPrefix(s, "0x") {
			return userop.DecodeRevert(b).Error()
		}
		return printable(s, 500)
	}
	for _, l := range append(w.Receipt.Logs, w.Logs...) {
		if h, r, err := userop.ParseRevertReason(l.Topics, l.Data); err == nil && h == *w.UserOpHash {
			return r.Error()
		}
	}
	return ""
}

const (
	firstPoll = 50 * time.Millisecond
	lastPoll  = 3 * time.Second
)

// Wait returns the receipt as soon as the operation is on chain. It asks with
// growing pauses until ctx ends, and lives through a bundler that is down in the
// meantime; a refusal ends it at once. An operation whose calls reverted has a
// receipt like any other.
func (c *Client) Wait(ctx context.Context, hash common.Hash) (*account.Receipt, error) {
	pause := firstPoll
	for {
		r, err := c.Receipt(ctx, hash)
		if err == nil && r != nil {
			return r, nil
		}
		u, ok := errors.AsType[interface {
			error
			Unavailable() bool
		}](err)
		if err != nil && ctx.Err() == nil && !(ok && u.Unavailable()) {
			return nil, err
		}
		// A little randomness keeps many waiters from asking in step.
		if sleep(ctx, pause+rand.N(pause/4)) != nil {
			return nil, fmt.Errorf("wait for operation %s: %w", hash, errors.Join(ctx.Err(), err))
		}
		pause = min(pause*3/2, lastPoll)
	}
}
