// Accounts that guardians have frozen for a time.

package webauthn

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
)

// FrozenError says that an account can do nothing for some time: an executor module of it,
// its guardians', has frozen it.
type FrozenError struct {
	Account common.Address
	Until   time.Time
}

func (e *FrozenError) Error() string {
	return fmt.Sprintf("webauthn: the account %s is frozen until %s", e.Account, e.Until.UTC().Format("2 January 2006 15:04:05 UTC"))
}

// Hint implements [account.Hinter].
func (e *FrozenError) Hint() string {
	return "ask the account's guardians why; they can lift the freeze, and recovery goes on meanwhile"
}

var _ account.Obstructed = (*Account)(nil)

// Obstacle implements [account.Obstructed]: a *FrozenError while the account is frozen. An
// account of a version that cannot be, or a node that does not say, is none.
func (a *Account) Obstacle(ctx context.Context, ch account.Chain) error {
	until, err := read[*big.Int](reader{ctx: ctx, chain: ch, addr: a.address}, "frozenUntil")
	if err != nil || until.BitLen() > 48 {
		return nil
	}
	now := time.Now()
	if node, ok := ch.(account.Node); ok {
		var block struct {
			Timestamp hexutil.Uint64 `json:"timestamp"`
		}
		if node.CallContext(ctx, &block, "eth_getBlockByNumber", "latest", false) == nil && block.Timestamp > 0 {
			now = time.Unix(int64(block.Timestamp), 0)
		}
	}
	end := time.Unix(until.Int64(), 0)
	if !end.After(now) {
		return nil
	}
	return &FrozenError{a.address, end}
}
