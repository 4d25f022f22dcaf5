package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/passkey"
)

// A kernelSpec says which Kernel account it is and who approves: enough to open both again
// in a later step. It holds no secret.
type kernelSpec struct {
	Address common.Address  `json:"address"`
	Create  *kernelCreation `json:"create,omitempty"` // what it is made of while it is not on the chain
	Owner   *common.Address `json:"owner,omitempty"`  // approves, or
	Passkey *passkeySigner  `json:"passkey,omitempty"`
}

// A kernelCreation is what an account was created with. Its address follows from it.
type kernelCreation struct {
	Version string `json:"version"` // of Kernel, as the SDK writes it
	kernelOwner
	Index string `json:"index"`
}

// A kernelOwner is a root validator with the owner that it obeys.
type kernelOwner struct {
	Validator string           `json:"validator"` // of kernelValidators
	Owner     *common.Address  `json:"owner,omitempty"`
	Passkey   *creationPasskey `json:"passkey,omitempty"`
}

// A creationPasskey is the passkey of a root validator.
type creationPasskey struct {
	CredentialID string `json:"credentialId"` // base64url
	PublicKey    string `json:"publicKey"`
}

var _ accountRef = (*kernelSpec)(nil)

// kernelValidators are the names of root validators: of a key's, and of a passkey's. The
// first of each is the default.
var kernelValidators = map[bool][]string{
	false: {"multi-chain-ecdsa", "ecdsa"},
	true:  {"webauthn", "multi-chain-webauthn"},
}

func (s *kernelSpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	acct, err := s.account(ctx, chain)
	if err != nil {
		return nil, nil, err
	}
	auth, err := s.authority(ctx, chain, acct)
	if err != nil {
		return nil, nil, err
	}
	return guardians.Account{Account: acct}, auth, nil
}

// account opens the account as the chain has it, or as it will be created.
func (s *kernelSpec) account(ctx context.Context, chain account.Chain) (*kernel.Account, error) {
	code, err := chain.Code(ctx, s.Address)
	if err != nil {
		return nil, fmt.Errorf("read the code of %s: %w", s.Address, err)
	}
	if len(code) > 0 {
		return kernel.At(ctx, chain, s.Address)
	}
	if s.Create == nil {
		id, err := chain.ChainID(ctx)
		if err != nil {
			return nil, err
		}
		return nil, &account.NotDeployedError{Account: s.Address, ChainID: id}
	}
	acct, err := s.Create.account()
	if err != nil {
		return nil, err
	}
	if acct.Address() != s.Address {
		return nil, &kernel.AddressError{Computed: acct.Address(), Meant: s.Address}
	}
	return acct, nil
}

// authority is that of the owner over the account.
func (s *kernelSpec) authority(ctx context.Context, chain account.Chain, acct *kernel.Account) (account.Authority, error) {
	by, err := s.approver(acct)
	if err != nil {
		return nil, err
	}
	if p, ok := by.(kernel.PasskeyApprover); ok {
		if p.UsePrecompiled, err = hasP256(ctx, chain); err != nil {
			return nil, err
		}
		by = p
	}
	auth, err := acct.Authority(by)
	if err != nil {
		return nil, err
	}
	return auth, nil
}

// hasP256 reports whether the chain has P256VERIFY, which spares a passkey some 300,000 gas.
func hasP256(ctx context.Context, chain account.Chain) (bool, error) {
	prober, ok := chain.(account.P256Prober)
	if !ok {
		return false, nil
	}
	return prober.HasP256(ctx)
}

// approver is how the owner is asked. It refuses somebody else than the account's root.
func (s *kernelSpec) approver(acct *kernel.Account) (kernel.Approver, error) {
	wrong := func(who string) error {
		return &kernel.NotSignerError{Account: acct.Address(), Who: who}
	}
	owner, key := rootOf(acct.Root())
	switch {
	case s.Owner != nil && s.Passkey == nil:
		if owner != *s.Owner {
			return nil, wrong("the key " + s.Owner.Hex())
		}
		return kernel.OwnerApprover{}, nil
	case s.Passkey == nil || s.Owner != nil:
		return nil, failf("bad-file", "make it again", "it is not clear who approves")
	}
	ref, err := passkeyOf(s.Passkey.CredentialID, s.Passkey.PublicKey)
	if err != nil {
		return nil, err
	}
	if key != ref.public {
		return nil, wrong("the passkey " + ref.credentialText())
	}
	return kernel.PasskeyApprover{RPID: s.Passkey.RPID, Origins: s.Passkey.Origins, Credential: ref.credential}, nil
}

// rootOf is who a root validator obeys: an address or a passkey.
func rootOf(v kernel.Validator) (common.Address, passkey.PublicKey) {
	switch v := v.(type) {
	case kernel.ECDSA:
		return v.Owner, passkey.PublicKey{}
	case kernel.MultiChainECDSA:
		return v.Owner, passkey.PublicKey{}
	case kernel.WebAuthn:
		return common.Address{}, v.Key
	case kernel.MultiChainWebAuthn:
		return common.Address{}, v.Key
	}
	return common.Address{}, passkey.PublicKey{}
}

// account is the account that the factory makes of it.
func (c *kernelCreation) account() (*kernel.Account, error) {
	root, err := c.root()
	if err != nil {
		return nil, err
	}
	index, ok := new(big.Int).SetString(or(c.Index, "0"), 0)
	if !ok || index.Sign() < 0 || index.BitLen() > 256 {
		return nil, usageError("--index is no number of 256 bits: "+clip(c.Index), "it is the SDK's index, such as 0")
	}
	c.Index = index.String()
	acct, err := kernel.New(kernel.Config{Version: kernel.Version(c.Version), Root: root, Index: index})
	if err == nil {
		c.Version = string(acct.Version())
	}
	return acct, err
}

// root is the validator that is the account's root.
func (c *kernelOwner) root() (kernel.Validator, error) {
	names := kernelValidators[c.Passkey != nil]
	if c.Validator == "" {
		c.Validator = names[0]
	}
	switch {
	case (c.Owner == nil) == (c.Passkey == nil):
		return nil, failf("bad-file", "make it again with: postern kernel create --save", "the account must have one owner: a key or a passkey")
	case !slices.Contains(names, c.Validator):
		return nil, usageError("the validator "+clip(c.Validator)+" does not fit the owner", "for this owner: "+strings.Join(names, " or "))
	case c.Validator == "ecdsa":
		return kernel.ECDSA{Owner: *c.Owner}, nil
	case c.Validator == "multi-chain-ecdsa":
		return kernel.MultiChainECDSA{Owner: *c.Owner}, nil
	}
	ref, err := passkeyOf(c.Passkey.CredentialID, c.Passkey.PublicKey)
	if err != nil {
		return nil, err
	}
	hash := kernel.CredentialHash(ref.credential)
	if c.Validator == "webauthn" {
		return kernel.WebAuthn{Key: ref.public, CredentialHash: hash}, nil
	}
	return kernel.MultiChainWebAuthn{Key: ref.public, CredentialHash: hash}, nil
}
