// Opening an account that exists.

package kernel

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

// RootError says that this package cannot ask the root of an account for approvals.
type RootError struct {
	Address common.Address
	Root    ValidationID
	Why     string
}

func (e *RootError) Error() string {
	return fmt.Sprintf("kernel: the root of %s, %s, %s", e.Address, e.Root, e.Why)
}

// Hint implements [account.Hinter].
func (e *RootError) Hint() string {
	return "the root must be an ECDSA or WebAuthn validator of the SDK's, without a hook; who controls the account can change it with the tool it was made by"
}

var _ account.Hinter = (*RootError)(nil)

// At opens an account that exists, as the chain has it now: version, root validator
// and owner. It refuses accounts whose root is a permission, a validator that is not
// known, or watched by a hook. A root validator with a known hole is admitted, so that
// the account can move on; its operations warn. All of this is the node's word.
//
// The result cannot be deployed elsewhere, and the hash of a passkey's credential id,
// which validators only announce, is not in it.
func At(ctx context.Context, ch account.Chain, addr common.Address) (*Account, error) {
	s, err := Read(ctx, ch, addr)
	if err != nil {
		return nil, err
	}
	refuse := func(why string) error { return &RootError{Address: addr, Root: s.Root, Why: why} }
	switch {
	case s.Root.Type() == TypePermission:
		return nil, refuse("is a permission")
	case s.Root.Type() != TypeValidator:
		return nil, refuse("is neither a validator nor a permission")
	case s.RootHook != (common.Address{}):
		return nil, refuse(fmt.Sprintf("is watched by the hook %s", s.RootHook))
	}
	root, err := reader{ctx, ch, addr}.root(s.Version, s.Root.Validator())
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, refuse("is a validator that is not known")
	}
	a, err := Attach(addr, s.Version, root)
	if err != nil {
		return nil, fmt.Errorf("kernel: open %s: %w", addr, err)
	}
	return a, nil
}

var (
	ecdsaStorage    = function("ecdsaValidatorStorage", mustType("address"))
	webAuthnStorage = function("webAuthnValidatorStorage", mustType("address"))
)

// knownValidator is a validator that this package knows, of some owner.
type knownValidator struct {
	name     string
	contract common.Address
	kind     Validator
}

// knownValidators are those that a version can have.
func knownValidators(v Version) []knownValidator {
	var list []knownValidator
	for _, k := range []knownValidator{
		{name: "ECDSA validator", kind: ECDSA{}},
		{name: "multi-chain ECDSA validator", kind: MultiChainECDSA{}},
		{name: "WebAuthn validator 0.0.3", kind: WebAuthn{Version: WebAuthn003}},
		{name: "WebAuthn validator 0.0.2", kind: WebAuthn{Version: WebAuthn002, DangerVulnerable: true}},
		{name: "WebAuthn validator 0.0.1", kind: WebAuthn{Version: WebAuthn001, DangerVulnerable: true}},
		{name: "multi-chain WebAuthn validator 0.0.2", kind: MultiChainWebAuthn{}},
		{name: "multi-chain WebAuthn validator 0.0.1", kind: MultiChainWebAuthn{Version: WebAuthn001, DangerVulnerable: true}},
	} {
		var err error
		if k.contract, err = k.kind.Contract(v); err == nil {
			list = append(list, k)
		}
	}
	return list
}

// holeOf is the known hole of a validator's contract; nil for others.
func holeOf(v Version, contract common.Address) *VulnerableError {
	for _, k := range knownValidators(v) {
		kind := k.kind
		switch c := kind.(type) {
		case WebAuthn:
			c.DangerVulnerable = false
			kind = c
		case MultiChainWebAuthn:
			c.DangerVulnerable = false
			kind = c
		}
		_, err := kind.Contract(v)
		if hole, ok := errors.AsType[*VulnerableError](err); ok && k.contract == contract {
			return hole
		}
	}
	return nil
}

// root reads the owner that a validator keeps for the account; nil if the contract
// is no validator of that version.
func (r reader) root(v Version, contract common.Address) (Validator, error) {
	for _, k := range knownValidators(v) {
		if k.contract != contract {
			continue
		}
		switch c := k.kind.(type) {
		case ECDSA:
			owner, err := r.address(contract, ecdsaStorage, r.addr)
			return ECDSA{owner}, err
		case MultiChainECDSA:
			owner, err := r.address(contract, ecdsaStorage, r.addr)
			return MultiChainECDSA{owner}, err
		case WebAuthn:
			key, err := r.passkey(contract)
			c.Key = key
			return c, err
		case MultiChainWebAuthn:
			key, err := r.passkey(contract)
			c.Key = key
			return c, err
		}
	}
	return nil, nil
}

// passkey reads the key that a WebAuthn validator keeps for the account.
func (r reader) passkey(contract common.Address) (passkey.PublicKey, error) {
	w, err := r.words(contract, 2, webAuthnStorage, r.addr)
	if err != nil {
		return passkey.PublicKey{}, err
	}
	if w[0] == (common.Hash{}) && w[1] == (common.Hash{}) {
		return passkey.PublicKey{}, ErrNoOwner
	}
	key, err := passkey.ParseRaw(append(w[0][:], w[1][:]...))
	if err != nil {
		return key, r.other("its passkey is no point of the curve")
	}
	return key, nil
}
