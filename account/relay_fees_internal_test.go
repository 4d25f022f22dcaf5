package account

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"github.com/postern-dev/postern/userop"
)

// greedy is a node that suggests any fee.
type greedy struct {
	Chain
	fees Fees
	base string
}

func (g greedy) Fees(context.Context) (Fees, error) { return g.fees, nil }

func (g greedy) CallContext(_ context.Context, result any, _ string, _ ...any) error {
	return json.Unmarshal([]byte(`{"baseFeePerGas":"`+g.base+`"}`), result)
}

func TestARelayerPaysNoMoreThanItGetsBack(t *testing.T) {
	op := &userop.Op{MaxFeePerGas: big.NewInt(100), MaxPriorityFeePerGas: big.NewInt(7)}
	g := greedy{fees: Fees{MaxFeePerGas: big.NewInt(1e18), MaxPriorityFeePerGas: big.NewInt(1e18)}, base: "0x64"}
	f, err := (&Relayer{Node: g, Chain: g}).fees(t.Context(), op)
	if err != nil || f.MaxFeePerGas.Int64() != 100 || f.MaxPriorityFeePerGas.Int64() != 7 {
		t.Errorf("%v, %v", f, err)
	}
	g.base = "0x65"
	if _, err := (&Relayer{Node: g, Chain: g}).fees(t.Context(), op); !errors.As(err, new(*RelayFeeError)) {
		t.Errorf("a base fee above the operation's: %v", err)
	}
}

func TestARelayerDoesNotClipGas(t *testing.T) {
	op := &userop.Op{CallGasLimit: big.NewInt(1 << 24), VerificationGasLimit: big.NewInt(1)}
	if n, err := bundleGas(op, userop.V07, 100); !errors.As(err, new(*RelayGasError)) {
		t.Errorf("%d, %v", n, err)
	}
	op.CallGasLimit = big.NewInt(32_000)
	op.VerificationGasLimit = big.NewInt(32_000)
	if n, err := bundleGas(op, userop.V07, 100); err != nil || n != 64_000+2_000+21_000+4_000+bundleExtra {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := bundleGas(op, userop.V06, 100); err != nil || n != 96_000+3_000+21_000+4_000+bundleExtra {
		t.Errorf("EntryPoint 0.6: %d, %v", n, err)
	}
}
