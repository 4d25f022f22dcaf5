package main

import (
	"context"
	"flag"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey"
)

const whichAccount = "which account?"

// accountFlags say which account it is.
type accountFlags struct {
	network
	spec    accountSpec
	address string
	signerFlags
}

func (f *accountFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.spec.flags(fs, &f.address)
	f.signerFlags.flags(fs)
}

// An openAccount is an account as the chain has it.
type openAccount struct {
	conn     *connection
	acct     *webauthn.Account
	chainID  *big.Int // of the chain that it was read from
	deployed bool
	passkey  passkey.PublicKey // of who was named; zero for nobody
}

// open reads the account that the flags, or the argument, name.
func (f *accountFlags) open(ctx context.Context, verb string, rest []string) (*openAccount, error) {
	if len(rest) == 1 {
		if f.address != "" {
			return nil, usageError("the account is named twice", "give one of them")
		}
		f.address = rest[0]
	}
	if f.address != "" {
		a, err := parseAddress("the account", f.address)
		if err != nil {
			return nil, err
		}
		f.spec.Address = &a
	}
	out := &openAccount{}
	var err error
	if err = f.signerFlags.open(&f.spec); err != nil {
		return nil, err
	}
	if f.spec.PublicKey != "" {
		if out.passkey, err = parseKey(f.spec.PublicKey); err != nil {
			return nil, err
		}
	}
	switch {
	case f.spec.Salt != "" && f.spec.Address != nil:
		return nil, usageError("--salt and an address exclude each other", "the address is enough for an account that is on the chain")
	case f.spec.Address == nil && (f.spec.Salt == "" || out.passkey.IsZero()):
		return nil, usageError(whichAccount, "postern account "+verb+" 0x…, or --key FILE, or --public-key with --salt")
	}
	if out.conn, err = f.connect(); err != nil {
		return nil, err
	}
	return out, out.read(ctx, &f.spec)
}

func (o *openAccount) read(ctx context.Context, spec *accountSpec) error {
	id, err := o.conn.Chain.ChainID(ctx)
	if err != nil {
		return err
	}
	if o.conn.ChainID != nil && o.conn.ChainID.Cmp(id) != 0 {
		return &account.WrongChainError{Who: "the node", Want: o.conn.ChainID, Got: id}
	}
	o.chainID = id
	if o.acct, err = spec.account(ctx, o.conn.Chain, o.passkey); err != nil {
		return err
	}
	code, err := o.conn.Chain.Code(ctx, o.acct.Address())
	if err != nil {
		return fmt.Errorf("read the code of %s: %w", o.acct.Address(), err)
	}
	o.deployed = len(code) > 0
	return nil
}

// path is how signatures of a passkey are verified; false if the account does not say.
func (o *openAccount) path(ctx context.Context, s webauthn.Signer) (webauthn.P256Path, bool) {
	if o.deployed {
		return o.acct.P256Path(s)
	}
	if _, _, ok := s.Passkey(); !ok {
		return 0, false
	}
	return o.acct.FirstPath(ctx, o.conn.Chain), true
}

// needed refuses an account that is not there, where a transaction is to change it.
func (o *openAccount) needed() error {
	if o.deployed {
		return nil
	}
	return failf("not-deployed", "its first operation creates it, such as: postern op send --key FILE --to …; check address and chain",
		"the account %s is not on this chain yet", o.acct.Address())
}
