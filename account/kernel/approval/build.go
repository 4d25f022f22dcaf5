package approval

import (
	"bytes"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// executeSelector is the SDK's action: what permissions are for.
var executeSelector = [4]byte{0xe9, 0xae, 0x5c, 0x53}

// Options of [FromPermission].
type Options struct {
	ChainID *big.Int // of the enable signature
	Nonce   uint32   // the account's currentNonce that was signed
	// PrivateKey of an ECDSA signer, 32 bytes, goes into the document: whoever has it
	// can act.
	PrivateKey []byte
	// EIP7702 is the account's delegation to Kernel; its document has no init code.
	EIP7702 *userop.Authorization
	// PreInstalled: the permission was installed as the account was made; there is
	// no enable signature.
	PreInstalled bool
	// MultiChain writes the text as the SDK's serializeMultiChainPermissionAccounts,
	// which leaves isPreInstalled out.
	MultiChain bool
}

// FromPermission makes the document of a permission that the account's root
// validator has approved for a chain. The grant's policies must be those of the
// permission, byte for byte. A signature that does not prove is refused.
func FromPermission(p kernel.Permission, g grant.Grant, a *kernel.Account, enableSignature []byte, o Options) (*Document, error) {
	if err := matches(p, g); err != nil {
		return nil, err
	}
	w := &writer{b: make([]byte, 0, 4096)}
	defer func() { clear(w.b) }()
	if err := w.document(p, g, a, enableSignature, o); err != nil {
		return nil, err
	}
	d, err := parse(w.b)
	if err != nil {
		return nil, err
	}
	c := Context{
		ChainID: o.ChainID, Version: a.Version(), Nonce: o.Nonce, Signer: p.Signer, Owner: a.Root(),
		Label: Label{Name: g.Name, Tokens: g.Tokens, Zone: g.Zone},
	}
	if d, err = d.WithContext(c); err != nil {
		return nil, err
	}
	if o.PreInstalled {
		_, _, err = d.Permission()
		return d, err
	}
	e, err := d.Enable(o.ChainID, o.Nonce)
	if err != nil {
		return nil, err
	}
	if err := d.Verify(e, a.Root()); err != nil {
		return nil, err
	}
	return d, nil
}

// matches refuses a grant that says something else than the permission is.
func matches(p kernel.Permission, g grant.Grant) error {
	if len(p.Policies) != len(g.Policies) || p.Flag != uint16(g.Flag) {
		return refuse("permissionParams", "make both of the same grant", "the permission has %d policies and the flag %d, the grant %d and %d", len(p.Policies), p.Flag, len(g.Policies), g.Flag)
	}
	for i, policy := range g.Policies {
		entry, err := grant.KernelEntry(policy)
		if err != nil {
			return err
		}
		if !bytes.Equal(entry, p.Policies[i]) {
			return refuse("permissionParams", "make both of the same grant", "policy %d of the permission is not that of the grant", i+1)
		}
	}
	return nil
}

// ToPermission is the permission of a grant for a session key.
func ToPermission(g grant.Grant, signer kernel.Signer) (kernel.Permission, error) {
	if key, ok := signer.ECDSA(); signer.Contract == (common.Address{}) || ok && key == (common.Address{}) {
		return kernel.Permission{}, refuse("", "make it with kernel.ECDSASigner or kernel.WebAuthnSigner", "the session key is nobody's")
	}
	p := kernel.Permission{Signer: signer, Flag: uint16(g.Flag)}
	for _, policy := range g.Policies {
		entry, err := grant.KernelEntry(policy)
		if err != nil {
			return kernel.Permission{}, err
		}
		p.Policies = append(p.Policies, entry)
	}
	return p, p.Check()
}
