package access

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
)

// Source says which accounts may have a key. Nobody has to trust it: FindAccounts asks the chain.
type Source interface {
	Accounts(ctx context.Context, public [64]byte) ([]flow.Address, error)
}

// Known are accounts that somebody remembers.
type Known []flow.Address

// Accounts are all of them.
func (k Known) Accounts(context.Context, [64]byte) ([]flow.Address, error) { return k, nil }

// Indexer is a service that knows accounts by their keys: GET {base}/{128 hexadecimal digits} answers
// {"accounts":[{"address":…}, …]}, as the ones of Flow do (https://production.key-indexer.flow.com/key). It learns which
// keys are asked for.
type Indexer struct{ client *Client }

// NewIndexer makes an indexer of its base URL.
func NewIndexer(base string, options ...Option) (*Indexer, error) {
	c, err := New(base, options...)
	if err != nil {
		return nil, err
	}
	return &Indexer{c}, nil
}

// maxAccounts bounds how many accounts of one key are looked at.
const maxAccounts = 100

// Accounts asks the indexer.
func (i *Indexer) Accounts(ctx context.Context, public [64]byte) ([]flow.Address, error) {
	var reply struct {
		Accounts []struct {
			Address string `json:"address"`
		} `json:"accounts"`
	}
	err := i.client.ask(ctx, http.MethodGet, i.client.base+"/"+hex.EncodeToString(public[:]), nil, &reply)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(reply.Accounts) > maxAccounts {
		return nil, &Error{Cause: ErrTooLarge, Message: "more than 100 accounts of one key"}
	}
	var out []flow.Address
	for _, a := range reply.Accounts {
		address, err := flow.ParseAddress(a.Address)
		if err != nil {
			return nil, malformed("%v", err)
		}
		if !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out, nil
}

// Found is an account that a passkey can sign for.
type Found struct {
	Address flow.Address
	Key     flow.AccountKey
	Passkey passkey.PublicKey
}

// FindAccounts finds the accounts of a passkey of which only assertions are there: candidates are what
// [passkey.RecoverFrom] gives, of which one is the passkey's own. An account is found if the chain says that it has
// a key of these, with SHA2_256, that is not revoked. A second assertion leaves one candidate, and asks the sources for
// fewer keys that are nobody's.
func (c *Client) FindAccounts(ctx context.Context, candidates []passkey.PublicKey, sources ...Source) ([]Found, error) {
	var found []Found
	known := map[flow.Address]Account{}
	for _, k := range candidates {
		public := [64]byte(k.Raw())
		var addresses []flow.Address
		for _, s := range sources {
			more, err := s.Accounts(ctx, public)
			if err != nil {
				return found, err
			}
			for _, a := range more {
				if !slices.Contains(addresses, a) {
					addresses = append(addresses, a)
				}
			}
		}
		for _, a := range addresses {
			account, asked := known[a]
			if !asked {
				var err error
				if account, err = c.Account(ctx, a); err != nil && !elsewhere(err) {
					return found, err
				}
				known[a] = account
			}
			for _, key := range account.Keys {
				if key.Public == public && key.Curve == flow.P256 && key.Fits() == nil {
					found = append(found, Found{a, key, k})
				}
			}
		}
	}
	return found, nil
}

// elsewhere: nodes refuse addresses of other networks as bad requests. What else they say is no reason to go on without.
func elsewhere(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Cause == ErrNotFound || e.Status == http.StatusBadRequest)
}
