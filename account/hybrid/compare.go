// The tutorial's mistake: another account than the one that was meant.

package hybrid

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// DifferentAccountError says that a configuration makes another account than the
// one that was meant: usually because the signers of today were put where those of
// the account's creation belong.
type DifferentAccountError struct {
	Computed common.Address // of the configuration
	Meant    common.Address // the account that exists
	Differs  []string       // what is not the same, in words
	// Searched says that Meant was found by a key alone: it may be a stranger's, who
	// put that key on an account of theirs.
	Searched bool
}

func (e *DifferentAccountError) Error() string {
	s := fmt.Sprintf("hybrid: %s is a different, empty account; did you mean %s?", e.Computed, e.Meant)
	if len(e.Differs) > 0 {
		s += " They differ: " + strings.Join(e.Differs, "; ")
	}
	return s
}

// Hint implements [account.Hinter].
func (e *DifferentAccountError) Hint() string {
	if e.Searched {
		return fmt.Sprintf("if you know all signers of %s, open it by its address; anybody can make an account that has your key beside their own", e.Meant)
	}
	return fmt.Sprintf("open the account by its address %s; its signers are then read from the chain", e.Meant)
}

var _ account.Hinter = (*DifferentAccountError)(nil)

// Compare returns a *[DifferentAccountError] if the two configurations make
// different accounts, with all that differs; nil if they make the same. Owners that
// cannot sign are compared like others.
func Compare(computed, meant Config) error {
	a, err := compute(computed)
	if err != nil {
		return err
	}
	b, err := compute(meant)
	if err != nil {
		return err
	}
	if a.address == b.address {
		return nil
	}
	e := &DifferentAccountError{Computed: a.address, Meant: b.address}
	add := func(differs bool, format string, args ...any) {
		if differs {
			e.Differs = append(e.Differs, fmt.Sprintf(format, args...))
		}
	}
	add(a.owner != b.owner, "the owner is %s instead of %s", ownerInWords(a), ownerInWords(b))
	e.Differs = append(e.Differs, differingKeys(a.keys, b.keys)...)
	add(computed.Salt != meant.Salt, "the salt is %#x instead of %#x", computed.Salt, meant.Salt)
	da, db := computed.Deployment, meant.Deployment
	add(da.Factory != db.Factory, "the factory is %s instead of %s", da.Factory, db.Factory)
	add(da.Implementation != db.Implementation, "the implementation is %s instead of %s", da.Implementation, db.Implementation)
	return e
}

// ownerInWords names an owner and what is wrong with it.
func ownerInWords(a *Account) string {
	switch {
	case a.owner == (common.Address{}):
		return "nobody"
	case a.deadOwner != "":
		return fmt.Sprintf("%s (which cannot sign: %s)", a.owner, a.deadOwner)
	}
	return a.owner.Hex()
}

// differingKeys says how the keys of a differ from those of b.
func differingKeys(a, b []Key) []string {
	var out []string
	in := func(list []Key, k Key) bool {
		return slices.ContainsFunc(list, func(x Key) bool { return x.Hash == k.Hash && x.Public == k.Public })
	}
	for _, k := range a {
		if !in(b, k) {
			out = append(out, k.String()+" is added")
		}
	}
	for _, k := range b {
		if !in(a, k) {
			out = append(out, k.String()+" is missing")
		}
	}
	if len(out) == 0 && !slices.Equal(a, b) {
		out = append(out, "the keys stand in another order")
	}
	return out
}

// CheckNew finds the mistake where it is made: when an account is about to be
// created although one of its signers controls another account that exists. known
// are addresses that the caller remembers; without any, accounts that have one of
// the keys are looked for in the chain's logs ([FindByKey]). It returns nil for an
// account that is on the chain already, and a *[DifferentAccountError] if another
// one is probably meant.
func (a *Account) CheckNew(ctx context.Context, ch account.Chain, known ...common.Address) error {
	code, err := ch.Code(ctx, a.address)
	if err != nil {
		return fmt.Errorf("hybrid: read the code of %s: %w", a.address, err)
	}
	if len(code) > 0 {
		return nil
	}
	for _, addr := range known {
		other, err := At(ctx, ch, addr, WithDeployment(a.deployment), WithKnownKeys(a.keys...))
		switch {
		case errors.Is(err, ErrNoAccount) || errors.As(err, new(*NotHybridError)):
			continue
		case err != nil:
			return err
		case a.shares(other):
			return a.differentFrom(other, false)
		}
	}
	if len(known) > 0 {
		return nil
	}
	for _, k := range a.keys {
		found, err := FindByKey(ctx, ch, a.deployment, k)
		if err != nil {
			return err
		}
		for _, other := range found {
			if other.address != a.address {
				return a.differentFrom(other, true)
			}
		}
	}
	return nil
}

// shares reports whether a signer of a is one of other's, too.
func (a *Account) shares(other *Account) bool {
	if other.address == a.address {
		return false
	}
	if a.owner != (common.Address{}) && a.owner == other.owner {
		return true
	}
	return slices.ContainsFunc(a.keys, func(k Key) bool {
		known, ok := other.Key(k.Hash)
		return ok && (known.Public == k.Public || known.Public.IsZero())
	})
}

// differentFrom says how a differs from an account on the chain, of which the
// signers of now are known and not those that it was created with.
func (a *Account) differentFrom(now *Account, searched bool) error {
	e := &DifferentAccountError{Computed: a.address, Meant: now.address, Searched: searched}
	if a.owner != now.owner {
		e.Differs = append(e.Differs, fmt.Sprintf("the owner is %s, there it is now %s", ownerInWords(a), ownerInWords(now)))
	}
	e.Differs = append(e.Differs, differingKeys(a.keys, now.keys)...)
	return e
}

// maxFound bounds how many accounts of one key are looked at.
const maxFound = 16

// FindByKey looks in the chain's logs for Hybrid accounts to which a key was added
// and which have it still. It needs a chain that is an [account.Node], and finds
// what that node shows.
//
// Anybody can make an account that has a key of yours among its signers, beside one
// of theirs, and hope that you pay into it. Look at all signers before you use what
// is found.
func FindByKey(ctx context.Context, ch account.Chain, d Deployment, key Key) ([]*Account, error) {
	node, ok := ch.(account.Node)
	if !ok {
		return nil, nil
	}
	var addrs []common.Address
	err := searchLogs(ctx, node, func(from, to string) (bool, error) {
		logs, err := keyLogs(ctx, node, from, to, common.Address{}, []common.Hash{key.Hash})
		for _, l := range logs {
			if _, ok := l.text(); ok && l.Topics[1] == key.Hash && !slices.Contains(addrs, l.Address) && len(addrs) < maxFound {
				addrs = append(addrs, l.Address)
			}
		}
		return len(addrs) >= maxFound, err
	})
	if err != nil {
		return nil, err
	}
	var found []*Account
	for _, addr := range addrs {
		acct, err := At(ctx, ch, addr, WithDeployment(d), WithKnownKeys(key))
		if errors.Is(err, ErrNoAccount) || errors.As(err, new(*NotHybridError)) || errors.As(err, new(*TooManyKeysError)) {
			continue // somebody else's contract
		}
		if err != nil {
			return nil, err
		}
		if k, ok := acct.Key(key.Hash); ok && k.Public == key.Public {
			found = append(found, acct)
		}
	}
	return found, nil
}
