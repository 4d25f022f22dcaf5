// The tutorial's mistake: another account than the one that was meant.

package hybrid

import (
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
	return fmt.Sprintf("open the account by its address %s; its signers are then read from the chain", e.Meant)
}

var _ account.Hinter = (*DifferentAccountError)(nil)

// Compare returns a *[DifferentAccountError] if the two configurations make
// different accounts, with all that differs; nil if they make the same.
func Compare(computed, meant Config) error {
	// Owners that cannot sign are no reason not to compare.
	computed.DangerDeadOwner, meant.DangerDeadOwner = true, true
	a, err := New(computed)
	if err != nil {
		return err
	}
	b, err := New(meant)
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
