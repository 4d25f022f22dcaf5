package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

// createEOA makes the owner's own address an account (EIP-7702).
func (c *call) createEOA(ctx context.Context, f *createFlags) error {
	spec := &hybridSpec{}
	switch {
	case f.key != "" || f.elsewhere.PublicKey != "" || f.elsewhere.CredentialID != "" || len(f.passkeys) > 0:
		return usageError("an EIP-7702 account of this kind has no passkeys, only its own key", "leave out --eoa for an account with a passkey, and move there")
	case f.salt != "":
		return usageError("--salt and --eoa exclude each other", "the address is that of the owner's key")
	}
	signer, err := f.approvers(c, spec)
	if errors.Is(err, errNobody) {
		return usageError("which address is to become an account?", "--owner-key FILE with its key; --owner 0x… is enough to look what would be done")
	}
	if err != nil {
		return err
	}
	d, err := f.stateless(spec)
	if err != nil {
		return err
	}
	acct, err := hybrid.NewStateless(d, *spec.Owner)
	if err != nil {
		return err
	}
	delegate := acct.Delegate()
	spec.Address, spec.Delegate = acct.Address(), &delegate
	if meant := f.address; meant != "" {
		a, _, err := hybridFiles.parse("--account", meant)
		if err != nil {
			return err
		}
		if a != spec.Address {
			return &hybrid.DifferentAccountError{Computed: spec.Address, Meant: a, Differs: []string{"with --eoa the account is the address of the owner's key"}}
		}
	}
	if f.save != "" {
		if err := hybridFiles.save(f.save, spec.Address, nil); err != nil {
			return err
		}
	}
	out := &created{Account: spec.Address.Hex(), Kind: "stateless7702", Framework: d.Version, EntryPoint: d.EntryPoint.Version(),
		Owner: ownerText(*spec.Owner), Keys: []hybridKey{}, Delegate: delegate.Hex()}
	if !f.deploy {
		return c.printCreated(out, f, notAsked)
	}
	a := &hybridAct{call: c, flags: &f.hybridFlags, spec: spec, signer: signer, acct: acct}
	if a.conn, err = f.dial(); err != nil {
		return err
	}
	if err := d.CheckStateless(ctx, a.conn.Chain); err != nil {
		return err
	}
	request, err := account.RequestAuthorization(ctx, a.conn.Client, acct)
	if err != nil {
		return err
	}
	if request == nil {
		return c.printCreated(out, f, out.isThere())
	}
	if err := c.printCreated(out, f, ""); err != nil {
		return err
	}
	option, err := a.authorize(ctx, request)
	if err != nil {
		return err
	}
	return a.deploy(ctx, out, f.save, option)
}

// stateless are the contracts for the EntryPoint that is asked for, or those of --environment.
func (f *createFlags) stateless(spec *hybridSpec) (d hybrid.Deployment, err error) {
	if spec.Environment, err = readEnvironment(f.contracts); err != nil || spec.Environment != nil {
		if err == nil {
			d, err = spec.Environment.deployment()
		}
		return d, err
	}
	ep, err := parseEntryPoint(f.entryPoint)
	if err != nil {
		return d, err
	}
	return hybrid.V130For(ep)
}

// authorize has the key sign that its address runs the code.
func (a *hybridAct) authorize(ctx context.Context, request *account.AuthorizationRequest) (account.Option, error) {
	if a.signer == nil {
		return nil, usageError("the authorization needs the key of "+a.spec.Address.Hex(), "--owner-key FILE: few wallets sign authorizations for others (EIP-7702)")
	}
	if !a.flags.json {
		fmt.Fprintf(a.call.stdout, "First, let %s run the code of %s on chain %s (an authorization, EIP-7702)\nWARNING: that code can do everything with all that the address holds, until its key sets another\n",
			request.Authority, request.Delegate, request.ChainID)
	}
	if err := a.call.askBefore(ctx, a.flags.approvalFlags); err != nil {
		return nil, err
	}
	signed, err := a.signer.approve(account.Challenge{Digest: request.Digest, Kind: account.KindECDSA, Address: request.Authority})
	if err != nil {
		return nil, err
	}
	authorization, err := request.Finish(signed.ECDSA)
	if err != nil {
		return nil, err
	}
	return account.WithAuthorization(authorization), nil
}
