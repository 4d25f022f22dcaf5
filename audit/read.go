// Which account it is.

package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/userop"
)

// What Account.Kind begins with.
const (
	kindWebAuthn = "WebAuthnAccount"
	kindHybrid   = "MetaMask Hybrid"
	kindKernel   = "ZeroDev Kernel"
)

// Read describes an account as the chain has it now: its signers, their weights and the
// threshold, and that any funded key can bring an operation to the chain. With a chain
// that reads storage, the code behind the account's proxy is checked; without, the
// contract's word is taken.
func Read(ctx context.Context, ch account.Chain, addr common.Address) (recovery.Account, error) {
	code, err := ch.Code(ctx, addr)
	if err != nil {
		return recovery.Account{}, fmt.Errorf("audit: read the code of %s: %w", addr, err)
	}
	if len(code) == 0 {
		return recovery.Account{}, &NoAccountError{addr}
	}
	if delegate, ok := userop.ParseDelegation(code); ok {
		return recovery.Account{}, &UnknownError{Address: addr, Delegate: delegate}
	}
	d := &description{ctx: ctx, chain: ch, addr: addr}
	unknown := &UnknownError{Address: addr}
	// Hybrid is first: it is known by its code, without a call.
	for _, kind := range []struct {
		read  func() error
		other func(error) bool
	}{
		{d.hybrid, is[*hybrid.NotHybridError]},
		{d.webauthn, is[*webauthn.NotOursError]},
		{d.kernel, is[*kernel.NotKernelError]},
	} {
		err := kind.read()
		if err == nil {
			return d.account(), nil
		}
		if !kind.other(err) {
			return recovery.Account{}, fmt.Errorf("audit: %w", err)
		}
		unknown.Why = append(unknown.Why, err)
	}
	return recovery.Account{}, unknown
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// Unread says what may control an account that [Read] has described, or a signer of it,
// and is not in the description, nor stated since.
func Unread(a recovery.Account) (out []string) {
	if a.Source != recovery.Chain {
		return nil
	}
	switch {
	case strings.HasPrefix(a.Kind, kindWebAuthn):
		out = append(out, "Modules that the account has installed beside its guardians: each validator and executor may act for it, also one that a thief has left there.")
	case strings.HasPrefix(a.Kind, kindHybrid):
		out = append(out, "Delegations that the account has signed: they are not on the chain, and may let others act for it.")
	case strings.HasPrefix(a.Kind, kindFlow):
		out = append(out, "Capabilities that the account has given away: an app or a parent account may act for it within them.")
		if len(a.Routes) > 0 && lockedFlow(a.Routes[0].Quorum) {
			out = append(out, "Its keys weigh less than 1000 together: nobody can sign for it, unless a capability lets somebody.")
		}
	case strings.HasPrefix(a.Kind, kindKernel):
		out = append(out, "Validators of kinds that are not known, executors and hooks of the account: each may act for it, or stand in its way.")
	}
	for _, s := range a.Signers {
		switch {
		case s.AnyKind && s.Passkey == nil && s.Kind == recovery.KindPasskey:
			out = append(out, s.Label()+": the chain knows no more than a P-256 key. It is counted as a passkey.")
		case s.Kind == recovery.KindHot && !s.Devices.Relied() && !s.Places.Relied() && !s.Cloud.Relied():
			out = append(out, s.Label()+": the chain knows no more than the key. It is counted as a key in software.")
		case s.Kind == recovery.KindContract && s.Quorum == nil:
			out = append(out, s.Label()+": who signs for this contract.")
		}
	}
	return out
}
