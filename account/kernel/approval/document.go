package approval

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// Document is an approval: what a session key may do for an account, and the
// owner's signature that lets it. It does not change; see [Document.Wipe].
type Document struct {
	context Context
	fields  Fields
}

// Fields are what the SDK's text says.
type Fields struct {
	Policies     []grant.Policy
	PermissionID kernel.PermissionID
	// Selector and Module are the SDK's action: execute, and zero.
	Selector [4]byte
	Module   common.Address
	// Hook of the action; zero for none.
	Hook common.Address
	// ValidAfter and ValidUntil are of Kernel 2; Kernel 3 does not look at them.
	ValidAfter, ValidUntil uint64
	// InitCode is the factory's call data, without the factory; nil for an account
	// that is not made by one (EIP-7702).
	InitCode []byte
	Account  common.Address
	// EnableSignature is nil for a permission that was installed as the account was
	// made.
	EnableSignature []byte
	EIP7702         *userop.Authorization
	PreInstalled    bool
}

// Context is what the SDK's text leaves out, and whoever opens it must know. What
// is zero is not known.
type Context struct {
	ChainID *big.Int
	Version kernel.Version
	// Nonce is the account's currentNonce that the owner signed; 0 if not known.
	Nonce uint32
	// Signer is the session key; a document with a private key tells it itself.
	Signer kernel.Signer
	// Owner is the root validator that signed; nil for the one of the init code.
	Owner kernel.Validator
	// Label is how people wrote it: name, tokens and zone of the grant, for words.
	Label Label
}

// Label is how people wrote a grant.
type Label struct {
	Name   string
	Tokens grant.Tokens
	Zone   string
}

var errUnfinished = errors.New("approval: not here yet")

// Parse reads the SDK's text: base64 of JSON.
func Parse(text []byte) (*Document, error) { return nil, errUnfinished }

// Serialize writes the SDK's text. It holds the private key, if there is one.
func (d *Document) Serialize() ([]byte, error) { return nil, errUnfinished }

// Fields are what the document says. Slices are the document's: do not change them.
func (d *Document) Fields() Fields { return d.fields }

// Context is what is known beside the text.
func (d *Document) Context() Context { return d.context }

// WithContext is the document with what its text leaves out. What is zero in c
// stays as it was.
func (d *Document) WithContext(c Context) (*Document, error) { return nil, errUnfinished }

// Options of [FromPermission].
type Options struct {
	ChainID *big.Int // of the enable signature
	Nonce   uint32   // the account's currentNonce that was signed
	// PrivateKey of an ECDSA signer goes into the document: whoever has it can act.
	PrivateKey []byte
	EIP7702    *userop.Authorization
	// PreInstalled: the permission was installed as the account was made; there is
	// no enable signature.
	PreInstalled bool
	// MultiChain writes the text as the SDK's serializeMultiChainPermissionAccounts,
	// which leaves isPreInstalled out.
	MultiChain bool
}

// FromPermission makes the document of a permission. The grant's policies must be
// those of the permission, byte for byte.
func FromPermission(p kernel.Permission, g grant.Grant, a *kernel.Account, enableSignature []byte, o Options) (*Document, error) {
	return nil, errUnfinished
}

// Permission is what the session key is on the chain, and the same in words. The
// signer must be known ([Context]); the flag is found by the permission's id.
func (d *Document) Permission() (kernel.Permission, grant.Grant, error) {
	return kernel.Permission{}, grant.Grant{}, errUnfinished
}

// Enable is what the owner must have signed for the chain and nonce.
func (d *Document) Enable(chainID *big.Int, nonce uint32) (kernel.Enable, error) {
	return kernel.Enable{}, errUnfinished
}

// Verify checks the enable signature, without a chain, as the validator would.
func (d *Document) Verify(e kernel.Enable, owner kernel.Validator) error { return errUnfinished }

// Account is the account as its init code makes it: its root may have changed since.
// Without init code it needs Context.Version and Context.Owner.
func (d *Document) Account() (*kernel.Account, error) { return nil, errUnfinished }

// Secret reports whether the document holds a private key.
func (d *Document) Secret() bool { return false }

// PrivateKey is a copy of the private key, 32 bytes; nil if there is none.
func (d *Document) PrivateKey() []byte { return nil }

// Redacted is the document without its private key.
func (d *Document) Redacted() *Document { return d }

// Wipe overwrites the private key. The document is of no use afterwards.
func (d *Document) Wipe() {}
