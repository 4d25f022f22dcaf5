package account

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// ReceiptError says that a bundler's receipt names the operation, but cannot be
// its receipt.
type ReceiptError struct {
	Hash    common.Hash // of the operation
	Field   string      // "sender", "nonce", "entryPoint", "actualGasCost"
	Want    string
	Claimed string
}

func (e *ReceiptError) Error() string {
	return fmt.Sprintf("account: the bundler's receipt of %s is wrong about %s: it says %s, the operation has %s", e.Hash, e.Field, e.Claimed, e.Want)
}

// Hint implements [Hinter].
func (e *ReceiptError) Hint() string {
	return "the bundler is faulty: ask another one, or a node, what became of the operation"
}

// mine refuses the receipt of another operation. What a receipt leaves out is no
// contradiction; the sender must be there.
func (p *Prepared) mine(r *Receipt) error {
	if r.UserOpHash != p.hash {
		return &HashMismatchError{Want: p.hash, Got: r.UserOpHash}
	}
	wrong := func(field string, want, claimed any) error {
		return &ReceiptError{Hash: p.hash, Field: field, Want: fmt.Sprint(want), Claimed: fmt.Sprint(claimed)}
	}
	ep := p.acct.EntryPoint().Address()
	switch {
	case r.Sender != p.acct.Address():
		return wrong("sender", p.acct.Address(), r.Sender)
	case r.Nonce != nil && r.Nonce.Cmp(p.op.Nonce) != 0:
		return wrong("nonce", p.op.Nonce, r.Nonce)
	case r.EntryPoint != (common.Address{}) && r.EntryPoint != ep:
		return wrong("entryPoint", ep, r.EntryPoint)
	case r.ActualGasCost != nil && r.ActualGasCost.Cmp(p.fee) > 0:
		return wrong("actualGasCost", "at most "+p.fee.String(), r.ActualGasCost)
	}
	return nil
}

// hasReceipt asks the bundler whether the operation is on chain.
func (p *Prepared) hasReceipt(ctx context.Context) bool {
	r, err := p.client.Bundler.Receipt(ctx, p.hash)
	return err == nil && r != nil && p.mine(r) == nil
}
