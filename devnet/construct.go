package devnet

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
)

// maxConstructed bounds the code that Construct returns, in bytes: far above what networks allow.
const maxConstructed = 1 << 20

// Construct makes an entry of [Config.Alloc] out of creation code with its arguments: what the constructor leaves, run at
// the address on a chain of that configuration, on which it finds the accounts of its Alloc and nothing else. The code may
// have any size.
func Construct(config Config, at common.Address, creation []byte) (types.Account, error) {
	if err := config.check(); err != nil {
		return types.Account{}, err
	}
	w, err := newWorkshop(config.chainConfig())
	if err != nil {
		return types.Account{}, err
	}
	for other, account := range config.Alloc {
		w.state.SetCode(other, account.Code, tracing.CodeChangeGenesis)
		for slot, value := range account.Storage {
			w.state.SetState(other, slot, value)
		}
	}
	if err := w.construct(at, creation, maxConstructed); err != nil {
		return types.Account{}, fmt.Errorf("devnet: %w", err)
	}
	return w.alloc()[at], nil
}
