package session

import (
	"fmt"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// State is where a permission stands.
type State uint8

// The states.
const (
	// Approved: the owner approved it; its first operation will install it.
	Approved State = iota + 1
	// Enabled: the account has it.
	Enabled
	// Expired: its time is over. It may still sign messages where its policies let it.
	Expired
	// Revoked: the account had it. The same contents cannot be installed again.
	Revoked
	// Invalidated: the owner raised the account's nonce above it. It makes no
	// operations any more – and yet, before Kernel 0.3.3, signs messages, until it is
	// uninstalled.
	Invalidated
	// Void: it was approved, never installed, and the account's nonce or its root
	// validator has changed since.
	Void
	// Barred: the account has it, and lets it call nothing. It signs messages.
	Barred
)

var stateNames = [...]string{Approved: "approved", Enabled: "enabled", Expired: "expired", Revoked: "revoked", Invalidated: "invalidated", Void: "void", Barred: "barred"}

func (s State) String() string {
	if int(s) < len(stateNames) && stateNames[s] != "" {
		return stateNames[s]
	}
	return "unknown"
}

// MarshalText writes String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s State) words() string {
	return [...]string{
		"is in an unknown state", "is approved and not installed yet", "is installed", "has expired",
		"was revoked", "was invalidated by the account's nonce", "was approved for what the account is not any more",
		"is installed, but may not make operations",
	}[min(int(s), len(stateNames)-1)]
}

func (s State) hint() string {
	return [...]string{
		"", "make an operation with it first, which installs it", "make an operation with it first, which creates the account", "ask the owner for a new grant",
		"ask the owner for a new grant; it needs other contents, because the same ones cannot be installed twice",
		"ask the owner for a new grant, and to uninstall this one: before Kernel 0.3.3 it still signs messages",
		"ask the owner to approve it again: the account's nonce or owner has changed since",
		"ask the owner to give it access to execute, or to uninstall it",
	}[min(int(s), len(stateNames)-1)]
}

// Status is what a permission is now, and what remains of it.
type Status struct {
	ID       kernel.PermissionID
	State    State
	Deployed bool // the account is
	// Nonce is the account's currentNonce, 1 before its deployment.
	Nonce uint32
	// Now is the time at which an operation would be included, Unix seconds: the
	// machine's, or the latest block's where the two are far apart.
	Now uint64
	// Left is what the policies remember, by policy; as granted before installation.
	Left grant.State
	// ValidAfter and ValidUntil are the time window of its operations, Unix seconds,
	// 0 for none.
	ValidAfter, ValidUntil uint64
	// Messages says that it can sign messages (ERC-1271) as things stand.
	Messages bool
	// Words is all of this for people: state first, then what remains, by policy.
	Words []string

	installed bool
}

// Usable says that it can make operations, as far as its state goes: what a policy
// says is for [Session.Preview].
func (s *Status) Usable() bool { return s.State == Approved || s.State == Enabled }

func (s *Status) String() string { return fmt.Sprintf("%s: %s", s.ID, s.State) }
