package webauthn

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Approver is a signer that can be asked: a [PasskeyApprover] or a
// [KeyApprover].
type Approver interface {
	Signer() Signer

	stub(P256Path) (seal.PosternApproval, error)
	challenge(digest [32]byte) account.Challenge
	seal(account.Approval, P256Path) (seal.PosternApproval, error)
}

// PasskeyApprover asks for an assertion of a passkey.
type PasskeyApprover struct {
	Passkey Signer // made by [Passkey]
	RPID    string // the relying party's id, a domain: "localhost"
	Origins []string
	// Credential is the passkey's credential id. Empty lets the person choose
	// among the passkeys of RPID.
	Credential []byte
	// TopOrigins may embed the page that asks; see passkey.Rule.
	TopOrigins []string
	// Limits says how long a client's data may be, for gas estimation. The zero
	// value fits every known client. Origin and TopOrigin are filled in from the
	// lists above.
	Limits seal.StubLimits
}

// KeyApprover asks for a secp256k1 signature over the bare hash.
type KeyApprover struct{ Address common.Address }

var (
	_ Approver = PasskeyApprover{}
	_ Approver = KeyApprover{}
)

// ErrNoPasskey is returned for a PasskeyApprover whose signer is no passkey.
var ErrNoPasskey = errors.New("webauthn: this signer is no passkey")

// Signer implements [Approver].
func (p PasskeyApprover) Signer() Signer { return p.Passkey }

func (p PasskeyApprover) stub(path P256Path) (seal.PosternApproval, error) {
	l := p.Limits
	if l.Origin == 0 {
		l.Origin = longest(p.Origins)
	}
	if l.TopOrigin == 0 {
		if l.TopOrigin = longest(p.TopOrigins); l.TopOrigin == 0 {
			l.TopOrigin = -1
		}
	}
	return seal.PosternPasskeyStub(p.Passkey, l, path)
}

func (p PasskeyApprover) challenge(digest [32]byte) account.Challenge {
	key, rule, _ := p.Passkey.Passkey()
	c := account.Challenge{Digest: digest, Kind: account.KindWebAuthn, Key: key}
	c.Rule = passkey.Rule{
		RPID: p.RPID, Origins: p.Origins, TopOrigins: p.TopOrigins, Challenge: c.Digest[:],
		UserVerification: rule.UV(), BackupEligible: rule.BE(), BackedUp: rule.BS(),
	}
	if len(p.Credential) > 0 {
		c.Credentials = [][]byte{p.Credential}
		c.Rule.CredentialIDs = c.Credentials
	}
	return c
}

func (p PasskeyApprover) seal(a account.Approval, path P256Path) (seal.PosternApproval, error) {
	if a.Assertion == nil {
		return seal.PosternApproval{}, account.ErrWrongKind
	}
	out, err := seal.PosternPasskey(p.Passkey, a.Assertion)
	if err != nil {
		return out, err
	}
	return out.WithHints(path, common.BytesToHash(a.Assertion.ClientData.Challenge)), nil
}

// Signer implements [Approver].
func (k KeyApprover) Signer() Signer {
	s, _ := seal.AddressSigner(k.Address) // zero for a reserved address: refused as no member
	return s
}

func (k KeyApprover) stub(P256Path) (seal.PosternApproval, error) {
	return seal.PosternECDSAStub(k.Address)
}

func (k KeyApprover) challenge(digest [32]byte) account.Challenge {
	return account.Challenge{Digest: digest, Kind: account.KindECDSA, Address: k.Address}
}

func (k KeyApprover) seal(a account.Approval, _ P256Path) (seal.PosternApproval, error) {
	return seal.PosternECDSA(k.Address, a.ECDSA)
}

// Authority is one or more approvers whose weights reach an account's threshold.
type Authority struct {
	account   *Account
	approvers []Approver
	paths     []P256Path // for each, how the account verifies it: what hints are for
	stub      []byte
	lane      uint32
}

var (
	_ account.Authority  = (*Authority)(nil)
	_ account.Namer      = (*Authority)(nil)
	_ account.P256Pather = (*Authority)(nil)
)

// WeightError says that approvals do not reach an account's threshold.
type WeightError struct{ Weight, Threshold uint64 }

func (e *WeightError) Error() string {
	return fmt.Sprintf("webauthn: the approvals weigh %d, the account asks for %d", e.Weight, e.Threshold)
}

// Hint implements [account.Hinter].
func (e *WeightError) Hint() string { return "ask further signers of the account" }

// Authority returns the authority of approvers who are signers of the account.
// With several, each is asked; those whose weights suffice must answer.
//
// Approvals carry the hints that fit how the account verifies them, as far as that
// is known: read by [At], or by [account.Prepare] from the chain.
func (a *Account) Authority(approvers ...Approver) (*Authority, error) {
	auth := &Authority{account: a, approvers: approvers}
	weight, seen := uint64(0), map[Signer]bool{}
	for _, p := range approvers {
		s := p.Signer()
		w := a.Weight(s)
		if w == 0 || s.IsZero() {
			return nil, fmt.Errorf("%w: %s", ErrNotMember, Name(s))
		}
		if seen[s] {
			return nil, fmt.Errorf("%w: %s", ErrTwice, Name(s))
		}
		seen[s] = true
		weight += w // cannot overflow: the sum of all weights does not
		path, ok := a.paths[s]
		if !ok {
			path = unhinted
		}
		auth.paths = append(auth.paths, path)
	}
	if weight < a.threshold {
		return nil, &WeightError{Weight: weight, Threshold: a.threshold}
	}
	if err := auth.makeStub(); err != nil {
		return nil, err
	}
	return auth, nil
}

func (a *Authority) makeStub() error {
	stubs := make([]seal.PosternApproval, len(a.approvers))
	for i, p := range a.approvers {
		var err error
		if stubs[i], err = p.stub(a.paths[i]); err != nil {
			return fmt.Errorf("webauthn: make a stub for %s: %w", Name(p.Signer()), err)
		}
	}
	var err error
	if a.stub, err = seal.Postern(stubs...); err != nil {
		return fmt.Errorf("webauthn: make a stub: %w", err)
	}
	return nil
}

// Lane returns the authority with a nonce sequence of its own. Operations in
// different lanes do not wait for each other.
func (a *Authority) Lane(n uint32) *Authority {
	out := *a
	out.lane = n
	return &out
}

// NonceKey implements [account.Authority]. The upper 20 of its 24 bytes are zero:
// they would name an ERC-7579 validator module.
func (a *Authority) NonceKey() *big.Int { return new(big.Int).SetUint64(uint64(a.lane)) }

// Stub implements [account.Authority].
func (a *Authority) Stub() []byte { return append([]byte(nil), a.stub...) }

// Challenge implements [account.Authority]: the EntryPoint's hash, as it is.
func (a *Authority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if op.Sender != a.account.address {
		return account.Challenge{}, fmt.Errorf("webauthn: the operation is of %s, not of %s", op.Sender, a.account.address)
	}
	hash, err := a.account.EntryPoint().Hash(op, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	return a.ask(hash), nil
}

// ask is the challenge of a digest.
func (a *Authority) ask(digest [32]byte) account.Challenge {
	if len(a.approvers) == 1 {
		return a.approvers[0].challenge(digest)
	}
	c := account.Challenge{Digest: digest, Kind: account.KindSeveral}
	for _, p := range a.approvers {
		c.Parts = append(c.Parts, p.challenge(digest))
	}
	return c
}

// Seal implements [account.Authority]: the layout "postern v1".
func (a *Authority) Seal(_ *userop.Op, approval account.Approval) ([]byte, error) {
	return a.join(approval)
}

// join writes the approvals that are there, if they weigh enough.
func (a *Authority) join(approval account.Approval) ([]byte, error) {
	parts := approval.Parts
	if len(a.approvers) == 1 {
		parts = []account.Approval{approval}
	}
	if len(parts) != len(a.approvers) {
		return nil, fmt.Errorf("%w: %d of %d", account.ErrTooFewParts, len(parts), len(a.approvers))
	}
	var sealed []seal.PosternApproval
	weight := uint64(0)
	for i, p := range a.approvers {
		if parts[i].IsZero() {
			continue
		}
		s, err := p.seal(parts[i], a.paths[i])
		if err != nil {
			return nil, err
		}
		sealed = append(sealed, s)
		weight += a.account.Weight(p.Signer())
	}
	if weight < a.account.threshold {
		return nil, &WeightError{Weight: weight, Threshold: a.account.threshold}
	}
	return seal.Postern(sealed...)
}

// Name implements [account.Namer].
func (a *Authority) Name() string {
	names := make([]string, len(a.approvers))
	for i, p := range a.approvers {
		names[i] = Name(p.Signer())
	}
	return strings.Join(names, " and ")
}

func longest(list []string) int {
	n := 0
	for _, s := range list {
		n = max(n, len(s))
	}
	return n
}
