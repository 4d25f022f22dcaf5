package account

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// call is a read-only call from the zero address to which contracts look as o
// says. It needs a node only where there is something to pretend.
func (r *Relayer) call(ctx context.Context, to common.Address, data []byte, o Overrides) ([]byte, error) {
	if len(o) == 0 {
		return r.Chain.Call(ctx, to, data)
	}
	var out hexutil.Bytes
	arg := map[string]any{"to": to, "data": hexutil.Bytes(data)}
	if err := r.Node.CallContext(ctx, &out, "eth_call", arg, "latest", o.wire()); err != nil {
		return nil, withRevert(err)
	}
	return out, nil
}

// wire is the state override set of eth_call and eth_simulateV1.
func (o Overrides) wire() map[common.Address]any {
	out := make(map[common.Address]any, len(o))
	for at, v := range o {
		if v.Code != nil {
			out[at] = map[string]any{"code": hexutil.Bytes(v.Code)}
		}
	}
	return out
}

// delegated adds to o that the sender runs the code that op authorizes.
func (o Overrides) delegated(op *userop.Op) Overrides {
	if op.Authorization == nil {
		return o
	}
	out := Overrides{op.Sender: {Code: append([]byte{0xef, 0x01, 0x00}, op.Authorization.Address[:]...)}}
	for at, v := range o {
		out[at] = v
	}
	return out
}

// withRevert finds what a contract reverted with in a plain node's error, as
// [Chain] promises it.
func withRevert(err error) error {
	if _, ok := errors.AsType[*userop.Revert](err); ok {
		return err
	}
	d, ok := errors.AsType[interface {
		error
		ErrorData() any
	}](err)
	if !ok {
		return err
	}
	text, _ := d.ErrorData().(string)
	b, bad := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if bad != nil || len(b) == 0 {
		return err
	}
	return fmt.Errorf("%w: %w", err, userop.DecodeRevert(b))
}
