// Calls of accounts to the module, and transactions that anyone may send.

package guardian

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// moduleTypeExecutor is ERC-7579's.
var moduleTypeExecutor = big.NewInt(2)

// Install is the account's call that installs the module with this setup, which counts
// at once. It refuses a setup that [Setup.Check] refuses, as far as the account's signers
// are not needed for that.
func Install(acct common.Address, s Setup) (account.Call, error) {
	if err := s.Check(acct, nil); err != nil {
		return account.Call{}, err
	}
	data, err := s.Encode()
	if err != nil {
		return account.Call{}, err
	}
	return toAccount(acct, "installModule", moduleTypeExecutor, Module, data)
}

// Uninstall is the account's call that removes the module. The contract refuses it while a
// setup stands: leave first, by [ScheduleSetup] of the empty setup.
func Uninstall(acct common.Address) (account.Call, error) {
	return toAccount(acct, "uninstallModule", moduleTypeExecutor, Module, []byte{})
}

// ScheduleSetup is the account's call that announces another setup, which can be applied
// after the change delay of the one in force. The empty Setup is leaving.
func ScheduleSetup(acct common.Address, s Setup) (account.Call, error) {
	if s.Empty() {
		s = Setup{}
	} else if err := s.Check(acct, nil); err != nil {
		return account.Call{}, err
	}
	v, err := s.abi()
	if err != nil {
		return account.Call{}, err
	}
	return toModule("scheduleSetup", v)
}

// CancelSetup is the account's call that drops what it has scheduled.
func CancelSetup() account.Call { return must(toModule("cancelSetup")) }

// Cancel is the account's call that stops all proposals. Every approval of guardians that
// was given before is void.
func Cancel() account.Call { return must(toModule("cancel")) }

// ApplySetup puts a scheduled setup into force. Anyone may send it.
func ApplySetup(acct common.Address) account.Call { return must(toModule("applySetup", acct)) }

// CancelBySignature stops all proposals by the account's signature of a [CancelAll]
// (ERC-1271). Anyone may send it.
func CancelBySignature(acct common.Address, signature []byte) account.Call {
	return must(toModule("cancelBySignature", acct, signature))
}

// Execute carries out a proposal whose time has come. Anyone may send it.
func Execute(r Recovery) (account.Call, error) { return toModule("execute", r.abi()) }

// Propose begins the waiting time of a recovery: newSigner is the new signer's own
// approval, approvals are those of guardians of r.Tier in the setup that is in force.
// Anyone may send it.
func Propose(s Setup, r Recovery, newSigner Approval, approvals []Approval) (account.Call, error) {
	if err := r.check(s); err != nil {
		return account.Call{}, err
	}
	if newSigner.Signer != r.NewSigner {
		return account.Call{}, &SignatureError{Name(newSigner.Signer), fmt.Errorf("%w: it is not the new signer", ErrNotGuardian)}
	}
	list, err := s.quorum(r.Tier, approvals, proposing)
	if err != nil {
		return account.Call{}, err
	}
	return toModule("propose", r.abi(), newSigner.abi(0), list)
}

// CancelByGuardians stops a tier's proposal. Anyone may send it.
func CancelByGuardians(s Setup, c CancelRecovery, approvals []Approval) (account.Call, error) {
	if c.ConfigHash != s.Hash() {
		return account.Call{}, fmt.Errorf("guardian: a cancellation: %w", ErrOtherSetup)
	}
	if c.By > c.Tier || int(c.Tier) >= len(s.Tiers) {
		return account.Call{}, errCancel(c.Tier, c.By)
	}
	list, err := s.quorum(c.By, approvals, c.need(s))
	if err != nil {
		return account.Call{}, err
	}
	return toModule("cancelByGuardians", c.Account, c.Tier, c.By, list)
}

func errCancel(of, by uint8) error {
	return fmt.Errorf("guardian: %s cannot cancel what %s proposed, its own proposals and those of slower tiers only: %w", tier(by), tier(of), ErrMessage)
}

// need is alone where the tier has one guardian and it is its own proposal.
func (c CancelRecovery) need(s Setup) need {
	if c.By == c.Tier && len(s.Tiers[c.By].Guardians) == 1 {
		return alone
	}
	return majority
}

// FreezeCall freezes the account. Anyone may send it.
func FreezeCall(s Setup, f Freeze, approvals []Approval) (account.Call, error) {
	return s.freeze("freeze", f, approvals)
}

// UnfreezeCall ends a freeze. Anyone may send it.
func UnfreezeCall(s Setup, f Unfreeze, approvals []Approval) (account.Call, error) {
	return s.freeze("unfreeze", Freeze(f), approvals)
}

// Thaw has the account forget a freeze that has ended by itself. Anyone may send it.
func Thaw(acct common.Address) account.Call { return must(toModule("thaw", acct)) }

func (s Setup) freeze(method string, f Freeze, approvals []Approval) (account.Call, error) {
	if f.ConfigHash != s.Hash() {
		return account.Call{}, fmt.Errorf("guardian: %s: %w", method, ErrOtherSetup)
	}
	list, err := s.quorum(f.Tier, approvals, majority)
	if err != nil {
		return account.Call{}, err
	}
	return toModule(method, f.Account, f.Tier, new(big.Int).SetUint64(unix(f.Deadline)), list)
}

// Fits reports whether the account's signers, as they are now, can be recovered so: all
// that are replaced are signers, and the new one is none.
func (r Recovery) Fits(a *webauthn.Account) error {
	bad := func(s seal.Signer, what string) error {
		return fmt.Errorf("guardian: the recovery of %s: %w: %s %s", r.Account, ErrMessage, Name(s), what)
	}
	if a.Weight(r.NewSigner) != 0 {
		return bad(r.NewSigner, "is a signer of the account already")
	}
	for _, s := range r.Replaces {
		if a.Weight(s) == 0 {
			return bad(s, "is no signer of the account")
		}
	}
	return nil
}

// check refuses what the contract would refuse whatever was signed.
func (r Recovery) check(s Setup) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("guardian: the recovery of %s: %w: %s", r.Account, ErrMessage, fmt.Sprintf(format, args...))
	}
	switch {
	case r.ConfigHash != s.Hash():
		return fmt.Errorf("guardian: the recovery of %s: %w", r.Account, ErrOtherSetup)
	case int(r.Tier) >= len(s.Tiers):
		return bad("there is no %s", tier(r.Tier))
	case r.NewSigner.IsZero():
		return bad("there is no new signer")
	case r.NewSigner.IsAddress() && (r.NewSigner.Address() == r.Account || r.NewSigner.Address() == Module):
		return bad("the new signer would be %s", Name(r.NewSigner))
	case len(r.Replaces) == 0 || len(r.Replaces) > MaxReplaced:
		return bad("it replaces %d signers, not 1 to %d", len(r.Replaces), MaxReplaced)
	case unix(r.Deadline) == 0:
		return bad("there is no deadline")
	case r.Nonce == nil || r.Nonce.Sign() < 0 || r.Nonce.BitLen() > 256:
		return bad("there is no nonce")
	}
	if _, _, ok := r.NewSigner.Passkey(); !ok && r.Table != 0 {
		return bad("a table is a passkey's")
	}
	for i, old := range r.Replaces {
		if old == r.NewSigner || old.IsZero() || slices.Contains(r.Replaces[:i], old) {
			return bad("it replaces %s twice, or by itself", Name(old))
		}
	}
	return nil
}

// need is what a quorum has to be.
type need uint8

const (
	proposing need = iota // the tier's threshold
	majority              // that and more than half of the weight, by two guardians at least
	alone                 // the only guardian of a tier, about its own proposal
)

// Majority is the weight that guardians of a tier need to cancel or freeze.
func (t Tier) Majority() uint64 { return max(t.Threshold, t.Weight()/2+1) }

// quorum orders approvals as the contract wants them, and refuses those that do not suffice.
func (s Setup) quorum(tier uint8, approvals []Approval, n need) ([]abiApproval, error) {
	if int(tier) >= len(s.Tiers) {
		return nil, fmt.Errorf("guardian: tier %d: %w", tier, ErrMessage)
	}
	t := s.Tiers[tier]
	threshold := t.Threshold
	if n == majority || n == alone {
		threshold = t.Majority()
	}
	list, weight := make([]abiApproval, 0, len(approvals)), uint64(0)
	for _, a := range approvals {
		i := t.Index(a.Signer)
		if i < 0 {
			return nil, &SignatureError{Name(a.Signer), ErrNotGuardian}
		}
		if slices.ContainsFunc(list, func(x abiApproval) bool { return x.Guardian == uint8(i) }) {
			return nil, &SignatureError{Name(a.Signer), ErrTwice}
		}
		list = append(list, a.abi(i))
		weight = plus(weight, t.Guardians[i].Weight)
	}
	if weight < threshold {
		return nil, &QuorumError{Weight: weight, Threshold: threshold}
	}
	if n == majority && len(list) < 2 {
		return nil, &QuorumError{Weight: weight, Threshold: threshold, Few: true}
	}
	slices.SortFunc(list, func(a, b abiApproval) int { return int(a.Guardian) - int(b.Guardian) })
	return list, nil
}

type (
	abiApproval struct {
		Guardian  uint8
		Signature []byte
		Proof     [][32]byte
	}
	abiRecovery struct {
		Account          common.Address
		Tier             uint8
		NewSigner        []byte
		Table            uint8
		CredentialIdHash [32]byte
		Replaces         [][]byte
		Nonce            *big.Int
		Deadline         *big.Int
		ConfigHash       [32]byte
	}
)

func (a Approval) abi(index int) abiApproval {
	out := abiApproval{Guardian: uint8(index), Signature: a.Signature, Proof: [][32]byte{}}
	for _, p := range a.Proof {
		out.Proof = append(out.Proof, p)
	}
	return out
}

func (r Recovery) abi() abiRecovery {
	out := abiRecovery{
		Account: r.Account, Tier: r.Tier, NewSigner: r.NewSigner.Bytes(), Table: uint8(r.Table), CredentialIdHash: r.CredentialIDHash,
		Replaces: [][]byte{}, Nonce: new(big.Int), Deadline: new(big.Int).SetUint64(unix(r.Deadline)), ConfigHash: r.ConfigHash,
	}
	if r.Nonce != nil {
		out.Nonce = r.Nonce
	}
	for _, s := range r.Replaces {
		out.Replaces = append(out.Replaces, s.Bytes())
	}
	return out
}

func toModule(method string, args ...any) (account.Call, error) {
	data, err := moduleABI.Pack(method, args...)
	if err != nil {
		return account.Call{}, fmt.Errorf("guardian: encode %s: %w", method, err)
	}
	return account.Call{To: Module, Data: data}, nil
}

func toAccount(acct common.Address, method string, args ...any) (account.Call, error) {
	data, err := contracts.AccountABI.Pack(method, args...)
	if err != nil {
		return account.Call{}, fmt.Errorf("guardian: encode %s: %w", method, err)
	}
	return account.Call{To: acct, Data: data}, nil
}

// must is for calls whose arguments fit by their types.
func must(c account.Call, err error) account.Call {
	if err != nil {
		panic(err)
	}
	return c
}

// at is a time of the contract.
func at(n uint64) time.Time { return time.Unix(int64(n), 0).UTC() }
