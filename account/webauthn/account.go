package webauthn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Account is a WebAuthnAccount on one EntryPoint. It does not change; what the
// chain does to it shows in a new [At].
type Account struct {
	deployment contracts.Deployment
	address    common.Address
	members    []Member
	threshold  uint64
	paths      map[Signer]P256Path // as At read them; never changed

	create *contracts.Params // how the factory makes it; nil if attached by address
}

var (
	_ account.Account   = (*Account)(nil)
	_ account.Describer = (*Account)(nil)
	_ account.Warner    = (*Account)(nil)
)

// maxMembers bounds what is read from a chain and put into one operation.
const maxMembers = 256

var (
	// ErrNoMembers is returned for an account that nobody could control.
	ErrNoMembers = errors.New("webauthn: an account needs at least one signer")
	// ErrNoSigner is returned for the zero Signer.
	ErrNoSigner = errors.New("webauthn: a signer is empty")
	// ErrSelf is returned for the account as its own signer.
	ErrSelf = errors.New("webauthn: the account cannot be its own signer")
	// ErrTooMany is returned for more signers than this package handles.
	ErrTooMany = errors.New("webauthn: too many signers")
	// ErrTwice is returned when a signer is named twice.
	ErrTwice = errors.New("webauthn: a signer is named twice")
	// ErrSameKey is returned for a key that would be two signers: under two rules,
	// or as a passkey and through P256Verifier. Whoever has it would count twice.
	ErrSameKey = errors.New("webauthn: this key is a signer of the account already, in another way")
	// ErrWeight is returned for a weight of zero.
	ErrWeight = errors.New("webauthn: a signer's weight is at least 1")
)

// ThresholdError says that the signers cannot reach the threshold, or that it is
// zero: such an account could not be used by anyone, or by anyone at all.
type ThresholdError struct {
	Threshold uint64
	Reachable uint64 // the sum of the weights
}

func (e *ThresholdError) Error() string {
	if e.Threshold == 0 {
		return "webauthn: a threshold of 0 would let anybody approve"
	}
	return fmt.Sprintf("webauthn: the signers weigh %d together and never reach the threshold %d", e.Reachable, e.Threshold)
}

// Hint implements [account.Hinter].
func (e *ThresholdError) Hint() string {
	return "add another signer first, or lower the threshold in the same change"
}

// New returns the account that the deployment's factory makes of these first
// signers. Everything here goes into its address. Accounts that a passkey finds
// again by itself are made by [ForPasskey].
func New(d contracts.Deployment, members []Member, threshold uint64, salt [32]byte) (*Account, error) {
	if d.EntryPoint == nil {
		return nil, &contracts.UnsupportedEntryPointError{}
	}
	if err := checkMembers(members, threshold); err != nil {
		return nil, err
	}
	if err := checkKeys(members, members); err != nil {
		return nil, err
	}
	p := contracts.Params{Threshold: threshold, Salt: salt}
	for _, m := range members {
		p.Signers = append(p.Signers, m.Signer.Bytes())
		p.Weights = append(p.Weights, m.Weight)
	}
	addr, err := d.Address(p)
	if err != nil {
		return nil, fmt.Errorf("webauthn: compute the address: %w", err)
	}
	for _, m := range members {
		if m.Signer.Address() == addr {
			return nil, ErrSelf
		}
	}
	return &Account{deployment: d, address: addr, members: slices.Clone(members), threshold: threshold, create: &p}, nil
}

// checkMembers checks what the contract checks.
func checkMembers(members []Member, threshold uint64) error {
	if len(members) == 0 {
		return ErrNoMembers
	}
	if len(members) > maxMembers {
		return fmt.Errorf("%w: %d, at most %d", ErrTooMany, len(members), maxMembers)
	}
	seen := make(map[Signer]bool, len(members))
	sum := uint64(0)
	for _, m := range members {
		switch {
		case m.Signer.IsZero():
			return ErrNoSigner
		case m.Weight == 0:
			return fmt.Errorf("%w: %s", ErrWeight, Name(m.Signer))
		case seen[m.Signer]:
			return fmt.Errorf("%w: %s", ErrTwice, Name(m.Signer))
		case m.Weight > math.MaxUint64-sum:
			return fmt.Errorf("%w: the weights overflow", ErrWeight)
		}
		seen[m.Signer] = true
		sum += m.Weight
	}
	if threshold == 0 || threshold > sum {
		return &ThresholdError{Threshold: threshold, Reachable: sum}
	}
	return nil
}

// checkKeys refuses new signers that have a key in common with another signer, and
// those of P256Verifier whose key it would never take.
func checkKeys(added, all []Member) error {
	keys := make([]string, len(all))
	for i, m := range all {
		keys[i], _ = keyOf(m.Signer) // of signers that are there already, whatever they are
	}
	for _, m := range added {
		key, err := keyOf(m.Signer)
		if err != nil {
			return fmt.Errorf("webauthn: nobody could ever sign as %s: %w", Name(m.Signer), err)
		}
		for i, other := range all {
			if key != "" && keys[i] == key && other.Signer != m.Signer {
				return fmt.Errorf("%w: %s and %s", ErrSameKey, Name(other.Signer), Name(m.Signer))
			}
		}
	}
	return nil
}

// keyOf is the P-256 key that a signer signs by, x ‖ y; empty for other signers.
func keyOf(s Signer) (string, error) {
	if key, _, ok := s.Passkey(); ok {
		return string(key.Raw()), nil
	}
	if s.IsAddress() || s.Address() != contracts.P256Verifier {
		return "", nil
	}
	key, err := seal.ParseVerifierKey(s.Bytes()[common.AddressLength:])
	if err != nil {
		return "", err
	}
	return string(key.Public().Raw()), nil
}

// Address implements [account.Account].
func (a *Account) Address() common.Address { return a.address }

// EntryPoint implements [account.Account].
func (a *Account) EntryPoint() userop.EntryPoint { return a.deployment.EntryPoint }

// Deployment is the pair of contracts behind the account.
func (a *Account) Deployment() contracts.Deployment { return a.deployment }

// Factory implements [account.Account]. An account attached by address has none.
func (a *Account) Factory() (common.Address, []byte) {
	if a.create == nil {
		return common.Address{}, nil
	}
	data, err := a.deployment.CreateAccount(*a.create)
	if err != nil {
		return common.Address{}, nil // New encoded the same values before
	}
	return a.deployment.Factory, data
}

// Members are the signers with their weights, as given to New or read by At.
func (a *Account) Members() []Member { return slices.Clone(a.members) }

// Threshold is the weight that approvals must reach.
func (a *Account) Threshold() uint64 { return a.threshold }

// Weight is the weight of a signer, 0 if it is none of the account's.
func (a *Account) Weight(s Signer) uint64 {
	for _, m := range a.members {
		if m.Signer == s {
			return m.Weight
		}
	}
	return 0
}
