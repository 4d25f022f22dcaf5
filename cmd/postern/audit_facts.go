package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

// auditSource says which account is audited and who knows what of its keys.
type auditSource struct {
	network
	facts    string
	data     string
	store    storeFlag
	passkeys string
	flow     string
}

func (s *auditSource) flags(fs *flag.FlagSet) {
	s.network.flags(fs)
	fs.StringVar(&s.facts, "facts", "", "`file` with what you know of the keys")
	fs.StringVar(&s.data, "data", "", "`directory` of postern up --data, whose passkey server knows the passkeys; nothing is written")
	s.store.flags(fs, "`URL` of a PostgreSQL database whose passkey server knows the passkeys; nothing is written")
	fs.StringVar(&s.passkeys, "passkeys", "", "`file` with what a passkey server keeps of the passkeys: its reply under /credentials")
	fs.StringVar(&s.flow, "flow", "", "`URL` of an access node of Flow, such as https://rest-mainnet.onflow.org: the account is one of Flow")
}

// described reads an account from its chain and adds what servers keep and a file states.
// Without an address the file states all.
func (s *auditSource) described(ctx context.Context, address []string) (*recovery.Account, error) {
	var stated *recovery.File
	var err error
	if s.facts != "" {
		if stated, err = readFacts(s.facts); err != nil {
			return nil, err
		}
	}
	var kept []recovery.Kept
	if s.passkeys != "" {
		if kept, err = readKept(s.passkeys); err != nil {
			return nil, err
		}
	}
	if len(address) == 0 {
		out, err := stated.Account()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.facts, err)
		}
		return s.known(ctx, out, kept)
	}
	acct, err := s.read(ctx, address[0])
	if err != nil {
		return nil, err
	}
	out, err := s.known(ctx, acct, kept)
	if err != nil || stated == nil {
		return out, err
	}
	if out, err = stated.Apply(out); err != nil {
		return nil, fmt.Errorf("%s: %w", s.facts, err)
	}
	return out, nil
}

func (s *auditSource) read(ctx context.Context, address string) (*recovery.Account, error) {
	if s.flow != "" {
		addr, err := flow.ParseAddress(address)
		if err != nil {
			return nil, err
		}
		client, err := access.New(s.flow)
		if err != nil {
			return nil, err
		}
		acct, err := audit.ReadFlow(ctx, client, addr)
		return &acct, err
	}
	addr, err := parseAddress("the account", address)
	if err != nil {
		return nil, err
	}
	conn, err := s.connect()
	if err != nil {
		return nil, err
	}
	if _, err := conn.onChain(ctx); err != nil {
		return nil, err
	}
	acct, err := audit.Read(ctx, conn.Chain, addr)
	return &acct, err
}

// known adds what passkey servers keep of an account's passkeys.
func (s *auditSource) known(ctx context.Context, acct *recovery.Account, kept []recovery.Kept) (*recovery.Account, error) {
	database, named, err := s.store.read()
	if err != nil {
		return nil, err
	}
	for _, from := range []struct {
		name string
		open func(context.Context, string) (keeper, error)
	}{{s.data, openFile}, {database, openDatabase}} {
		if from.name == "" {
			continue
		}
		more, err := keptBy(ctx, func(ctx context.Context) (keeper, error) { return from.open(ctx, from.name) }, acct)
		if err != nil {
			return nil, err
		}
		kept = append(kept, more...)
	}
	// A database that only the environment names is asked about accounts that are not its own, too.
	if s.data == "" && s.passkeys == "" && !named && len(kept) == 0 {
		return acct, nil
	}
	out := recovery.WithPasskeys(acct, kept...)
	for _, signer := range out.Signers {
		if signer.Passkey != nil {
			return out, nil
		}
	}
	return nil, failf("not-a-signer", "leave it out, or give another server's; only the server where a passkey was made knows it", "no passkey of the account is known there")
}

// keeper reads a passkey server's store, beside the server that may be running.
type keeper interface {
	relyingparty.Lister
	ByX(ctx context.Context, x [32]byte) ([]*relyingparty.Credential, error)
	Close() error
}

func openFile(ctx context.Context, dir string) (keeper, error) {
	store, err := sqlite.OpenReadOnly(ctx, server.PasskeyFile(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failf("no-file", "give the directory of postern up --data", "there are no passkeys in %s", dir)
	case errors.Is(err, sqlite.ErrOlderSchema):
		return nil, failf("bad-data", "start and end postern up --data once: it brings its files up to date", "cannot use data directory %s: %w", dir, err)
	case err != nil:
		return nil, failf("bad-data", "use the version that wrote it, or another directory", "cannot use data directory %s: %w", dir, err)
	}
	return store, nil
}

func openDatabase(ctx context.Context, url string) (keeper, error) {
	store, err := postgres.OpenReadOnly(ctx, postgres.Config{URL: url})
	if err != nil {
		return nil, err
	}
	return store, nil
}

// keptBy asks a store about an account's passkeys.
func keptBy(ctx context.Context, open func(context.Context) (keeper, error), acct *recovery.Account) (out []recovery.Kept, err error) {
	store, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, s := range acct.Signers {
		x, err := hex.DecodeString(strings.TrimPrefix(s.Key, "0x"))
		if s.Kind != recovery.KindPasskey || err != nil || len(x) != 32 {
			continue
		}
		found, err := store.ByX(ctx, [32]byte(x))
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			record, err := store.Record(ctx, c.RPID, c.ID)
			if err != nil {
				return nil, err
			}
			out = append(out, c.Kept(record, nil))
		}
	}
	return out, nil
}

// readKept reads what a passkey server has shown of passkeys.
func readKept(path string) ([]recovery.Kept, error) {
	text, err := readFactsText(path)
	if err != nil {
		return nil, err
	}
	out, err := recovery.ParseKept(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// readFacts reads what a person knows.
func readFacts(path string) (*recovery.File, error) {
	text, err := readFactsText(path)
	if err != nil {
		return nil, err
	}
	out, err := recovery.ParseFile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

func readFactsText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readLimited(f, maxFacts+1)
	if err != nil {
		return nil, err
	}
	if len(text) > maxFacts {
		return nil, failf("too-long", "a file of facts is what postern audit --template prints, filled in", "%s is longer than %d bytes", path, maxFacts)
	}
	return text, nil
}
