package account

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Hinter is implemented by errors that know a way out.
type Hinter interface {
	error
	Hint() string // one sentence, no full stop
}

var (
	// ErrNoCalls is returned for an empty list of calls.
	ErrNoCalls = errors.New("account: no calls: there is nothing to do")
	// ErrNonceUsed matches *NonceUsedError.
	ErrNonceUsed = errors.New("account: the nonce is already used")
	// ErrChanged is returned when an operation is not the one that was prepared.
	ErrChanged = errors.New("account: the operation changed after it was prepared")
	// ErrNotSealed is returned by Send before Finish.
	ErrNotSealed = errors.New("account: the operation is not approved yet")
	// ErrDropped is returned by Wait when an operation can no longer be included:
	// the chain shows that another one used its nonce.
	ErrDropped = errors.New("account: the operation was not included and its nonce is taken")
)

// WrongChainError says that a node or bundler serves another chain than the one
// that was meant.
type WrongChainError struct {
	Who       string // "the node", "the bundler"
	Want, Got *big.Int
}

func (e *WrongChainError) Error() string {
	return fmt.Sprintf("account: %s is on chain %s, not on chain %s", e.Who, e.Got, e.Want)
}

// Hint implements [Hinter].
func (e *WrongChainError) Hint() string {
	return fmt.Sprintf("use an RPC address of chain %s; nothing was signed", e.Want)
}

// NoEntryPointError says that a chain has no EntryPoint where it should be.
type NoEntryPointError struct {
	Version string
	Address common.Address
	ChainID *big.Int
}

func (e *NoEntryPointError) Error() string {
	return fmt.Sprintf("account: chain %s has no EntryPoint v%s at %s", e.ChainID, e.Version, e.Address)
}

// Hint implements [Hinter].
func (e *NoEntryPointError) Hint() string {
	return "choose an EntryPoint version that exists on this chain, or have it deployed: anyone can"
}

// NotDeployedError says that an account is not on the chain and cannot be
// deployed by this operation.
type NotDeployedError struct {
	Account common.Address
	Factory common.Address // zero: attached by address, so no factory is known
	ChainID *big.Int
}

func (e *NotDeployedError) Error() string {
	if e.Factory == (common.Address{}) {
		return fmt.Sprintf("account: there is no account at %s on chain %s and it was attached by address only", e.Account, e.ChainID)
	}
	return fmt.Sprintf("account: chain %s has no account factory at %s", e.ChainID, e.Factory)
}

// Hint implements [Hinter].
func (e *NotDeployedError) Hint() string {
	if e.Factory == (common.Address{}) {
		return "check the address and the chain, or open the account from its signers and salt"
	}
	return "deploy the factory first: its address depends on its code only, so anyone can"
}

// InsufficientFundsError says by how much an account falls short. All amounts
// are in wei.
type InsufficientFundsError struct {
	Account common.Address
	Balance *big.Int // of the account
	Deposit *big.Int // of the account in the EntryPoint; it pays fees only
	Value   *big.Int // that the calls send
	MaxFee  *big.Int // that the account may have to pay; zero with a paymaster
	Missing *big.Int
	// AtLeast: the fee could not be estimated without the funds, so that more is
	// missing than Missing says, which is 0 if the value is covered.
	AtLeast bool
	// Paymaster pays the fee; nil if the account does.
	Paymaster *common.Address
}

// forFee is what is left for the fee: the deposit, and what the calls do not send.
func (e *InsufficientFundsError) forFee() *big.Int {
	left := new(big.Int).Add(e.Balance, e.Deposit)
	return left.Sub(left, e.Value)
}

func (e *InsufficientFundsError) Error() string {
	if e.AtLeast && e.Missing.Sign() == 0 {
		s := fmt.Sprintf("account: %s misses the fee, which is not yet known: it holds ", e.Account)
		if left := e.forFee(); left.Sign() > 0 {
			return s + fmt.Sprintf("%s ETH for it, and the bundler says that this is too little", Ether(left))
		}
		return s + "nothing for it"
	}
	least := ""
	if e.AtLeast {
		least = "at least "
	}
	fee := fmt.Sprintf("fee at most %s ETH", Ether(e.MaxFee))
	switch {
	case e.Paymaster != nil:
		fee = "the fee is sponsored"
	case e.AtLeast:
		fee = "fee not yet known"
	}
	return fmt.Sprintf("account: %s misses %s%s ETH: it holds %s, the calls send %s, %s",
		e.Account, least, Ether(e.Missing), Ether(e.Balance), Ether(e.Value), fee)
}

// Hint implements [Hinter].
func (e *InsufficientFundsError) Hint() string {
	if e.AtLeast && e.Missing.Sign() == 0 {
		return fmt.Sprintf("send coins for the fee to %s, or let a paymaster pay; nothing was signed", e.Account)
	}
	return fmt.Sprintf("send %s ETH to %s, or send less from it; nothing was signed", Ether(e.Missing), e.Account)
}

// NonceUsedError says that another operation of the account came first. It
// matches [ErrNonceUsed].
type NonceUsedError struct {
	Sender  common.Address
	Nonce   *big.Int
	Current *big.Int    // the chain's next nonce of that key; nil if not known
	Cause   error       // what the bundler said; may be nil
	By      common.Hash // the operation that came first
}

func (e *NonceUsedError) Error() string {
	s := fmt.Sprintf("account: nonce %s of %s is already used by another operation", e.Nonce, e.Sender)
	if e.By != (common.Hash{}) {
		s += ", " + e.By.Hex()
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *NonceUsedError) Unwrap() error { return e.Cause }

// Is matches ErrNonceUsed.
func (e *NonceUsedError) Is(target error) bool { return target == ErrNonceUsed }

// Hint implements [Hinter].
func (e *NonceUsedError) Hint() string {
	return "this operation did not run and can never run; look whether the other one did what you want, then prepare and approve again"
}

// UnclearError says that a nonce is taken, or a bundler says so, and that nobody
// has shown yet by which operation: this one may have run. It is no reason to
// prepare the same calls again.
type UnclearError struct {
	Hash    common.Hash // of the operation
	Sender  common.Address
	Nonce   *big.Int
	Current *big.Int // the node's next nonce of that key
	Cause   error    // what bundler or node said; may be nil
}

func (e *UnclearError) Error() string {
	s := fmt.Sprintf("account: operation %s may have run: nonce %s of %s is taken, and it is not known by which operation", e.Hash, e.Nonce, e.Sender)
	if e.Current != nil && e.Current.Cmp(e.Nonce) <= 0 {
		s = fmt.Sprintf("account: operation %s may have run: it was refused for its nonce %s of %s, which the node calls free", e.Hash, e.Nonce, e.Sender)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *UnclearError) Unwrap() error { return e.Cause }

// Hint implements [Hinter].
func (e *UnclearError) Hint() string {
	return "wait for the receipt, or look the hash up in a block explorer, before anything is approved again"
}

// HashMismatchError says that a bundler acknowledged another operation.
type HashMismatchError struct{ Want, Got common.Hash }

func (e *HashMismatchError) Error() string {
	return fmt.Sprintf("account: the bundler acknowledged operation %s, but %s was sent", e.Got, e.Want)
}

// Hint implements [Hinter].
func (e *HashMismatchError) Hint() string {
	return "the bundler is faulty or for another chain; ask another one for the receipt before sending again"
}

// ApprovalError says why an approval was refused before anything was sent.
type ApprovalError struct {
	Who   string // the key, in short
	Cause error
}

func (e *ApprovalError) Error() string {
	return fmt.Sprintf("account: the approval by %s was refused: %v", e.Who, e.Cause)
}

// Unwrap returns the cause.
func (e *ApprovalError) Unwrap() error { return e.Cause }

// Hint implements [Hinter].
func (e *ApprovalError) Hint() string { return "ask again; nothing was sent" }

// EstimateError says that an operation would fail, found out before anyone was
// asked to approve it.
type EstimateError struct{ Cause error }

func (e *EstimateError) Error() string {
	return fmt.Sprintf("account: the operation would fail: %v", e.Cause)
}

// Unwrap returns the cause.
func (e *EstimateError) Unwrap() error { return e.Cause }

// Hint implements [Hinter].
func (e *EstimateError) Hint() string {
	if h, ok := errors.AsType[Hinter](e.Cause); ok {
		return h.Hint()
	}
	if c, ok := userop.LookupCode(AACode(e.Cause)); ok && c.Hint != "" {
		return c.Hint
	}
	return "check the calls: target, amount and data; nothing was signed"
}

// Ether formats wei as a decimal number of ether without trailing zeros; nil is 0.
func Ether(wei *big.Int) string {
	if wei == nil || wei.Sign() == 0 {
		return "0"
	}
	s := new(big.Int).Abs(wei).String()
	for len(s) < 19 {
		s = "0" + s
	}
	whole, frac := s[:len(s)-18], s[len(s)-18:]
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if frac != "" {
		whole += "." + frac
	}
	if wei.Sign() < 0 {
		return "-" + whole
	}
	return whole
}
