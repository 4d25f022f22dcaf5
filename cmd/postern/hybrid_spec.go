package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/userop"
)

// A hybridSpec says which MetaMask account it is and who approves: enough to open both
// again in a later step. It holds no secret.
type hybridSpec struct {
	Address  common.Address  `json:"address"`
	Delegate *common.Address `json:"delegate,omitempty"` // EIP-7702: the address is its owner's, and runs this
	Create   *hybridCreation `json:"create,omitempty"`   // what it is made of while it is not on the chain
	Owner    *common.Address `json:"owner,omitempty"`    // approves, or
	Passkey  *passkeySigner  `json:"passkey,omitempty"`  // does

	Environment *environment `json:"environment,omitempty"`
}

// A hybridCreation is what an account was created with. Its address follows from it.
type hybridCreation struct {
	Owner common.Address `json:"owner"`
	Keys  []hybridKey    `json:"keys"`
	Salt  common.Hash    `json:"salt"`

	Environment *environment `json:"environment,omitempty"`
}

type hybridKey struct {
	ID        string `json:"id"` // the text on the chain
	PublicKey string `json:"publicKey"`
}

// A passkeySigner is a passkey that approves, wherever it is.
type passkeySigner struct {
	CredentialID string   `json:"credentialId"` // base64url
	PublicKey    string   `json:"publicKey"`
	RPID         string   `json:"rpId"`
	Origins      []string `json:"origins"`
}

// hybridAccount is what both kinds of account can do.
type hybridAccount interface {
	account.Account
	Deployment() hybrid.Deployment
	AddKey(k hybrid.Key) ([]account.Call, error)
	RemoveKey(k hybrid.Key) ([]account.Call, error)
	TransferOwnership(to common.Address) ([]account.Call, error)
	RenounceOwnership() ([]account.Call, error)
	Authority(by hybrid.Approver, opts ...hybrid.AuthorityOption) (*hybrid.Authority, error)
}

var (
	_ hybridAccount = (*hybrid.Account)(nil)
	_ hybridAccount = (*hybrid.Stateless)(nil)
	_ accountRef    = (*hybridSpec)(nil)
)

func (s *hybridSpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	acct, err := s.account(ctx, chain)
	if err != nil {
		return nil, nil, err
	}
	auth, err := s.authority(acct)
	if err != nil {
		return nil, nil, err
	}
	return acct, auth, nil
}

// account opens the account as the chain has it, or as it will be created.
func (s *hybridSpec) account(ctx context.Context, chain account.Chain, known ...hybrid.Key) (hybridAccount, error) {
	d, err := s.Environment.deployment()
	if err != nil {
		return nil, err
	}
	if s.Delegate != nil {
		return statelessOf(d, s.Address, *s.Delegate)
	}
	code, err := chain.Code(ctx, s.Address)
	if err != nil {
		return nil, fmt.Errorf("read the code of %s: %w", s.Address, err)
	}
	if delegate, ok := userop.ParseDelegation(code); ok {
		return statelessOf(d, s.Address, delegate)
	}
	if len(code) > 0 {
		acct, err := hybrid.At(ctx, chain, s.Address, hybrid.WithDeployment(d), hybrid.WithKnownKeys(known...))
		if err != nil {
			return nil, fmt.Errorf("open the account %s: %w", s.Address, err)
		}
		return acct, nil
	}
	if s.Create == nil {
		id, err := chain.ChainID(ctx)
		if err != nil {
			return nil, err
		}
		return nil, &account.NotDeployedError{Account: s.Address, ChainID: id}
	}
	if err := s.Create.checkIs(s.Address); err != nil {
		return nil, err
	}
	acct, err := s.Create.account()
	if err != nil {
		return nil, err
	}
	return acct, acct.Deployment().Check(ctx, chain)
}

// statelessOf is the account of an EOA that runs one of the framework's codes.
func statelessOf(d hybrid.Deployment, eoa, delegate common.Address) (hybridAccount, error) {
	if delegate == d.Stateless {
		return hybrid.NewStateless(d, eoa)
	}
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		if d, err := hybrid.V130For(ep); err == nil && d.Stateless == delegate {
			return hybrid.NewStateless(d, eoa)
		}
	}
	return nil, failf("other-code", "use the wallet that set it, or let it remove its delegation first; contracts of your own are named by --environment", "%s is an ordinary account that runs the code of %s, which is none of MetaMask's framework 1.3.0", eoa, delegate)
}

// empty reports whether nothing is known of who the first signers are.
func (c *hybridCreation) empty() bool { return c.Owner == (common.Address{}) && len(c.Keys) == 0 }

func (c *hybridCreation) add(refs ...passkeyRef) {
	for _, k := range keysOf(refs) {
		c.Keys = append(c.Keys, hybridKey{k.ID, k.Public.String()})
	}
}

// keys are the first keys, with their texts; nil if they cannot be read.
func (c *hybridCreation) keys() []hybrid.Key {
	if c == nil {
		return nil
	}
	config, err := c.config()
	if err != nil {
		return nil
	}
	return config.Keys
}

func (c *hybridCreation) config() (hybrid.Config, error) {
	d, err := c.Environment.deployment()
	out := hybrid.Config{Deployment: d, Owner: c.Owner, Salt: c.Salt}
	if err != nil {
		return out, err
	}
	for _, k := range c.Keys {
		public, err := parseKey(k.PublicKey)
		if err != nil {
			return out, err
		}
		out.Keys = append(out.Keys, hybrid.TextKey(k.ID, public))
	}
	return out, nil
}

// authority is that of the owner or of the passkey over the account.
func (s *hybridSpec) authority(acct hybridAccount) (account.Authority, error) {
	by, err := s.approver(acct)
	if err != nil {
		return nil, err
	}
	auth, err := acct.Authority(by)
	if err != nil {
		return nil, err
	}
	return auth, nil
}

func (s *hybridSpec) approver(acct hybridAccount) (hybrid.Approver, error) {
	switch {
	case s.Owner != nil && s.Passkey == nil:
		return hybrid.OwnerApprover{Address: *s.Owner}, nil
	case s.Passkey == nil || s.Owner != nil:
		return nil, failf("bad-file", "make it again", "it is not clear who approves")
	}
	id, err := parseCredentialID(s.Passkey.CredentialID)
	if err != nil {
		return nil, err
	}
	public, err := parseKey(s.Passkey.PublicKey)
	if err != nil {
		return nil, err
	}
	return hybrid.PasskeyApprover{
		Key: keyOn(acct, hybrid.PasskeyKey(id, public)), RPID: s.Passkey.RPID, Origins: s.Passkey.Origins,
		Credential: id,
	}, nil
}

// keyOn finds the passkey among the account's keys, also where it was added under another
// text than the kit's; otherwise it is returned as it is, to be refused with a reason.
func keyOn(acct hybridAccount, k hybrid.Key) hybrid.Key {
	a, ok := acct.(*hybrid.Account)
	if !ok {
		return k
	}
	found := k
	for _, has := range a.Keys() {
		if has.Hash == k.Hash {
			return k
		}
		if has.Public == k.Public && !k.Public.IsZero() {
			found = has
		}
	}
	return found
}

// account is the account that the factory makes of it.
func (c *hybridCreation) account() (*hybrid.Account, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	return hybrid.New(config)
}

// checkIs refuses an account that is not made of this.
func (c *hybridCreation) checkIs(meant common.Address) error {
	acct, err := c.account()
	if err != nil {
		return err
	}
	if acct.Address() != meant {
		return &hybrid.DifferentAccountError{Computed: acct.Address(), Meant: meant}
	}
	return nil
}
