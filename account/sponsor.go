package account

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/userop"
)

// PaymasterChangedError says that a paymaster's final word does not go with what
// it said before, by which gas, fee and charge were found.
type PaymasterChangedError struct {
	Field   string // "paymaster", "paymasterPostOpGasLimit", …
	Was, Is string
}

func (e *PaymasterChangedError) Error() string {
	return fmt.Sprintf("account: the paymaster changed its mind: %s was %s, is now %s", e.Field, e.Was, e.Is)
}

// Hint implements [Hinter].
func (e *PaymasterChangedError) Hint() string {
	return "the paymaster is faulty or means harm: use another one, or pay from the account; nothing was signed"
}

// ErrNoPaymaster is returned by Prepare and Resume for a sponsorship by the zero
// address: EntryPoints before 0.8 take that for none, so that the account would pay.
var ErrNoPaymaster = errors.New("account: the paymaster's address is zero: the account itself would pay")

// apply writes the paymaster's fields; limits it does not name stay.
func (s Sponsorship) apply(op *userop.Op) {
	pm := s.Paymaster
	op.Paymaster, op.PaymasterData, op.PaymasterSignature = &pm, bytes.Clone(s.Data), bytes.Clone(s.Signature)
	for _, f := range []struct{ dst, src **big.Int }{
		{&op.PaymasterVerificationGasLimit, &s.VerificationGasLimit},
		{&op.PaymasterPostOpGasLimit, &s.PostOpGasLimit},
	} {
		switch {
		case *f.src != nil:
			*f.dst = new(big.Int).Set(*f.src)
		case *f.dst == nil:
			*f.dst = new(big.Int)
		}
	}
}

// fits compares the final word with the stub and with the operation that the
// paymaster was asked for. Data longer than the stub's cost gas that nobody
// counted, where a bundler counted.
func (s Sponsorship) fits(stub Sponsorship, op *userop.Op, counted bool) error {
	changed := func(field string, was, is any) error {
		return &PaymasterChangedError{Field: field, Was: fmt.Sprint(was), Is: fmt.Sprint(is)}
	}
	if s.Paymaster != stub.Paymaster {
		return changed("paymaster", stub.Paymaster, s.Paymaster)
	}
	for _, l := range []struct {
		name    string
		was, is *big.Int
	}{
		{"paymasterVerificationGasLimit", op.PaymasterVerificationGasLimit, s.VerificationGasLimit},
		{"paymasterPostOpGasLimit", op.PaymasterPostOpGasLimit, s.PostOpGasLimit},
	} {
		if l.is != nil && l.is.Cmp(l.was) != 0 {
			return changed(l.name, l.was, l.is)
		}
	}
	size := func(b []byte) string { return fmt.Sprintf("%d bytes", len(b)) }
	if counted && len(s.Data) > len(stub.Data) {
		return changed("paymasterData", size(stub.Data), size(s.Data))
	}
	if len(s.Signature) == 0 != (len(stub.Signature) == 0) || counted && len(s.Signature) > len(stub.Signature) {
		return changed("paymasterSignature", size(stub.Signature), size(s.Signature))
	}
	return nil
}
