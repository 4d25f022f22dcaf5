package webauthn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
)

// Change is a change of who controls an account. All parts of it happen together
// or not at all.
type Change struct {
	Add       []Member
	Remove    []Signer
	Reweigh   []Member // new weights of present signers
	Tables    []Table  // of signers, as they are after the change
	Threshold uint64   // 0 leaves it as it is
}

var (
	// ErrNotMember is returned for a signer that is none of the account's.
	ErrNotMember = errors.New("webauthn: this is no signer of the account")
	// ErrMember is returned for a signer to add that is one already.
	ErrMember = errors.New("webauthn: this is a signer of the account already")
	// ErrLastSigner is returned when no signer would be left.
	ErrLastSigner = errors.New("webauthn: the last signer cannot be removed: nobody could use the account any more")
	// ErrNoChange is returned for a change that changes nothing.
	ErrNoChange = errors.New("webauthn: nothing changes")
)

// Change returns the calls that make the change, and the account as it is after
// them. It refuses what would leave an account that nobody, or anybody, can use.
// The calls stand in an order in which each intermediate state is one that the
// contract accepts.
func (a *Account) Change(c Change) ([]account.Call, *Account, error) {
	after, err := a.after(c)
	if err != nil {
		return nil, nil, err
	}
	var calls []account.Call
	var errs []error
	call := func(method string, args ...any) {
		data, err := contracts.AccountABI.Pack(method, args...)
		errs = append(errs, err)
		calls = append(calls, account.Call{To: a.address, Data: data})
	}
	if after.threshold < a.threshold {
		call("setThreshold", after.threshold)
	}
	if len(c.Add) > 0 {
		call("addSigners", bytesOf(c.Add), weightsOf(c.Add))
	}
	if len(c.Reweigh) > 0 {
		call("setSignerWeights", bytesOf(c.Reweigh), weightsOf(c.Reweigh))
	}
	for _, t := range c.Tables {
		calls = append(calls, useTable(a.address, t))
	}
	if len(c.Remove) > 0 {
		call("removeSigners", bytesOf(Members(c.Remove...)))
	}
	if after.threshold > a.threshold {
		call("setThreshold", after.threshold)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, fmt.Errorf("webauthn: encode the change: %w", err)
	}
	if len(calls) == 0 {
		return nil, nil, ErrNoChange
	}
	return calls, after, nil
}

// after applies c to a copy.
func (a *Account) after(c Change) (*Account, error) {
	members := slices.Clone(a.members)
	index := func(s Signer) int {
		return slices.IndexFunc(members, func(m Member) bool { return m.Signer == s })
	}
	for _, m := range c.Add {
		if m.Signer.Address() == a.address {
			return nil, ErrSelf
		}
		if index(m.Signer) >= 0 {
			return nil, fmt.Errorf("%w: %s", ErrMember, Name(m.Signer))
		}
		members = append(members, m)
	}
	for _, m := range c.Reweigh {
		i := index(m.Signer)
		if i < 0 {
			return nil, fmt.Errorf("%w: %s", ErrNotMember, Name(m.Signer))
		}
		members[i].Weight = m.Weight
	}
	for _, s := range c.Remove {
		i := index(s)
		if i < 0 {
			return nil, fmt.Errorf("%w: %s", ErrNotMember, Name(s))
		}
		members = slices.Delete(members, i, i+1)
	}
	if len(members) == 0 {
		return nil, ErrLastSigner
	}
	out := *a
	out.members = members
	if c.Threshold != 0 {
		out.threshold = c.Threshold
	}
	if err := checkMembers(out.members, out.threshold); err != nil {
		return nil, err
	}
	if err := checkKeys(c.Add, out.members); err != nil {
		return nil, err
	}
	return &out, out.takeTables(c.Tables)
}

// AddSigners adds signers.
func (a *Account) AddSigners(members ...Member) (account.Call, error) {
	return a.one(Change{Add: members})
}

// RemoveSigners removes signers. It refuses the last one, and to leave the
// threshold out of reach.
func (a *Account) RemoveSigners(signers ...Signer) (account.Call, error) {
	return a.one(Change{Remove: signers})
}

// SetWeights changes the weights of signers.
func (a *Account) SetWeights(members ...Member) (account.Call, error) {
	return a.one(Change{Reweigh: members})
}

// SetThreshold changes the weight that approvals must reach.
func (a *Account) SetThreshold(n uint64) (account.Call, error) {
	if n == 0 {
		return account.Call{}, &ThresholdError{}
	}
	return a.one(Change{Threshold: n})
}

func (a *Account) one(c Change) (account.Call, error) {
	calls, _, err := a.Change(c)
	if err != nil {
		return account.Call{}, err
	}
	return calls[0], nil
}

// ProbePrecompile makes the account ask the chain whether P256VERIFY answers, and
// remember it. Anybody may call it; after a fork of the chain it makes operations
// cheaper.
func (a *Account) ProbePrecompile() (account.Call, error) {
	return ProbeCall(a.address), nil
}

// ErrUpgrade is returned for an upgrade that cannot be meant.
var ErrUpgrade = errors.New("webauthn: this is no implementation to upgrade to")

// Upgrade replaces the account's code by another implementation, and calls it
// with data if there is any. Whoever writes the implementation controls the
// account: check its code before.
func (a *Account) Upgrade(implementation common.Address, data []byte) (account.Call, error) {
	if implementation == (common.Address{}) || implementation == a.address {
		return account.Call{}, fmt.Errorf("%w: %s", ErrUpgrade, implementation)
	}
	packed, err := contracts.AccountABI.Pack("upgradeToAndCall", implementation, append([]byte{}, data...))
	return account.Call{To: a.address, Data: packed}, err
}

func bytesOf(members []Member) [][]byte {
	out := make([][]byte, len(members))
	for i, m := range members {
		out[i] = m.Signer.Bytes()
	}
	return out
}

func weightsOf(members []Member) []uint64 {
	out := make([]uint64, len(members))
	for i, m := range members {
		out[i] = m.Weight
	}
	return out
}
