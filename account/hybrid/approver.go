package hybrid

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// Approver is a signer that can be asked: a [PasskeyApprover], an [OwnerApprover]
// or a [P256Approver].
type Approver interface {
	// of returns the approver as a signer of the account, with what it left open.
	of(a *Account) (Approver, error)
	stub() ([]byte, error)
	challenge(digest common.Hash) account.Challenge
	seal(a account.Approval) ([]byte, error)
	name() string
	// usesP256 reports whether the contract verifies a P-256 signature.
	usesP256() bool
}

// PasskeyApprover asks for an assertion of a passkey.
type PasskeyApprover struct {
	Key     Key
	RPID    string // the relying party's id, a domain: "localhost"
	Origins []string
	// Credential is the passkey's credential id. Empty: the one that the key's text
	// stands for, if any.
	Credential []byte
	// TopOrigins may embed the page that asks; see passkey.Rule.
	TopOrigins []string
	// DangerSkipUserVerification admits assertions without user verification (UV).
	// The contract leaves the decision to whoever signs, so that this check here is
	// the only one: without it, whoever holds the device approves, with no PIN and
	// no fingerprint.
	DangerSkipUserVerification bool
	// Limits says how long a client's data may be, for gas estimation. The zero
	// value fits every known client. Origin and TopOrigin are filled in from the
	// lists above.
	Limits seal.StubLimits
}

// OwnerApprover asks for the owner's secp256k1 signature over the EIP-712 digest;
// the challenge has the typed data for wallets that sign nothing else.
type OwnerApprover struct{ Address common.Address }

// P256Approver asks for a bare P-256 signature over the SHA-256 of the digest: a
// key in a security module, say. A passkey cannot make one.
type P256Approver struct{ Key Key }

var (
	_ Approver = PasskeyApprover{}
	_ Approver = OwnerApprover{}
	_ Approver = P256Approver{}
)

// ErrPublicKey is returned for a key of which neither approver nor account knows
// the public key: its signatures could not be checked before they are sent.
var ErrPublicKey = errors.New("hybrid: the public key of this key is not known")

// member finds k among the keys of a, with what either knows of it.
func (a *Account) member(k Key) (Key, error) {
	if k.Hash == (common.Hash{}) && k.ID != "" {
		k = TextKey(k.ID, k.Public)
	}
	known, ok := a.Key(k.Hash)
	if !ok || !k.Public.IsZero() && !known.Public.IsZero() && k.Public != known.Public {
		return Key{}, &NotSignerError{Account: a.address, Who: k.String()}
	}
	if known.ID == "" && k.ID != "" && TextKey(k.ID, k.Public).Hash == known.Hash {
		known.ID = k.ID
	}
	if known.Public.IsZero() {
		known.Public = k.Public
	}
	if known.Public.IsZero() {
		return Key{}, fmt.Errorf("%w: %s", ErrPublicKey, k)
	}
	return known, nil
}

func (p PasskeyApprover) of(a *Account) (Approver, error) {
	var err error
	if p.Key, err = a.member(p.Key); err != nil {
		return nil, err
	}
	if len(p.Credential) == 0 {
		p.Credential, _ = p.Key.Credential()
	}
	return p, nil
}

func (p PasskeyApprover) stub() ([]byte, error) {
	l := p.Limits
	if l.Origin == 0 {
		l.Origin = longest(p.Origins)
	}
	if l.TopOrigin == 0 {
		if l.TopOrigin = longest(p.TopOrigins); l.TopOrigin == 0 {
			l.TopOrigin = -1
		}
	}
	return seal.MetaMaskWebAuthnStub(p.Key.Hash, l)
}

func (p PasskeyApprover) challenge(digest common.Hash) account.Challenge {
	c := account.Challenge{Digest: digest, Kind: account.KindWebAuthn, Key: p.Key.Public}
	c.Rule = passkey.Rule{
		RPID: p.RPID, Origins: p.Origins, TopOrigins: p.TopOrigins, Challenge: c.Digest[:],
		UserVerification: passkey.Required,
	}
	if p.DangerSkipUserVerification {
		c.Rule.UserVerification = passkey.Any
	}
	if len(p.Credential) > 0 {
		c.Credentials = [][]byte{p.Credential}
		c.Rule.CredentialIDs = c.Credentials
	}
	return c
}

func (p PasskeyApprover) seal(a account.Approval) ([]byte, error) {
	if a.Assertion == nil {
		return nil, account.ErrWrongKind
	}
	return seal.MetaMaskWebAuthn(p.Key.Hash, a.Assertion)
}

func (p PasskeyApprover) name() string   { return p.Key.String() }
func (p PasskeyApprover) usesP256() bool { return true }

func (p P256Approver) of(a *Account) (Approver, error) {
	var err error
	p.Key, err = a.member(p.Key)
	return p, err
}

func (p P256Approver) stub() ([]byte, error) { return seal.MetaMaskP256Stub(p.Key.Hash), nil }

func (p P256Approver) challenge(digest common.Hash) account.Challenge {
	return account.Challenge{Digest: digest, Kind: account.KindP256, Key: p.Key.Public}
}

func (p P256Approver) seal(a account.Approval) ([]byte, error) {
	if a.P256 == nil {
		return nil, account.ErrWrongKind
	}
	sig := seal.MetaMaskP256(p.Key.Hash, *a.P256)
	if sig == nil {
		return nil, account.ErrBadP256
	}
	return sig, nil
}

func (p P256Approver) name() string   { return p.Key.String() }
func (p P256Approver) usesP256() bool { return true }

func (o OwnerApprover) of(a *Account) (Approver, error) {
	switch {
	case o.Address == (common.Address{}) || o.Address != a.owner:
		return nil, &NotSignerError{Account: a.address, Who: o.Address.Hex() + " is not its owner"}
	case a.deadOwner != "":
		return nil, &OwnerError{Owner: o.Address, Why: a.deadOwner}
	}
	return o, nil
}

func (o OwnerApprover) stub() ([]byte, error) { return seal.MetaMaskECDSAStub(), nil }

func (o OwnerApprover) challenge(digest common.Hash) account.Challenge {
	return account.Challenge{Digest: digest, Kind: account.KindECDSA, Address: o.Address}
}

func (o OwnerApprover) seal(a account.Approval) ([]byte, error) {
	if a.ECDSA == nil {
		return nil, account.ErrWrongKind
	}
	return seal.MetaMaskECDSA(a.ECDSA)
}

func (o OwnerApprover) name() string   { return "the owner " + o.Address.Hex() }
func (o OwnerApprover) usesP256() bool { return false }

func longest(list []string) int {
	n := 0
	for _, s := range list {
		n = max(n, len(s))
	}
	return n
}
