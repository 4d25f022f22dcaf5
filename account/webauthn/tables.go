// Tables of passkeys, for chains without P256VERIFY: used, carried from one passkey to the next.

package webauthn

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// Table says that the signatures of a passkey are to be verified by its key's
// table of a format, which is built on chain unless it is there. Format 0 is no
// table. Where the chain has P256VERIFY a table is of no use: see [BestTable].
type Table struct {
	Signer Signer
	Format p256table.Format
}

// UseTable returns the calls by which the account has a passkey's signatures
// verified by its table. Nobody needs to be trusted with it: the chain computes the
// table from the key. [TableCall] is the same for somebody else who pays.
func (a *Account) UseTable(s Signer, f p256table.Format) ([]account.Call, error) {
	calls, _, err := a.Change(Change{Tables: []Table{{s, f}}})
	return calls, err
}

// TableCall is what anybody may send to an account, in a transaction of his own:
// it has the table of one of its passkeys built and used, if it is larger than the
// one in use. It cannot harm the account. Format 0 and smaller tables are for the
// account itself: [Account.UseTable].
func TableCall(acct common.Address, s Signer, f p256table.Format) (account.Call, error) {
	t := Table{s, f}
	if err := t.check(); err != nil {
		return account.Call{}, err
	}
	return useTable(acct, t), nil
}

// ProbeCall is what anybody may send to an account, in a transaction of his own: it
// asks the chain whether P256VERIFY answers, and remembers it. After a fork of the
// chain that brings P256VERIFY it makes every operation cheaper.
func ProbeCall(acct common.Address) account.Call {
	return account.Call{To: acct, Data: contracts.ProbePrecompile()}
}

// Rotate puts one signer in the place of another, with its weight, and returns the
// calls and the account as it is after them. If the old one is a passkey whose
// table is in use, the new one's is built and used in the same step: key and table
// never part.
func (a *Account) Rotate(old, new Signer) ([]account.Call, *Account, error) {
	c := Change{Add: []Member{{new, a.Weight(old)}}, Remove: []Signer{old}}
	if f, ok := a.paths[old].Table(); ok {
		if _, _, isPasskey := new.Passkey(); isPasskey {
			c.Tables = []Table{{new, f}}
		}
	}
	return a.Change(c)
}

func useTable(acct common.Address, t Table) account.Call {
	return account.Call{To: acct, Data: contracts.UseTable(t.Signer.Bytes(), t.Format)}
}

// check refuses what no account could do.
func (t Table) check() error {
	if _, _, ok := t.Signer.Passkey(); !ok {
		return fmt.Errorf("%w: %s", ErrNoPasskey, Name(t.Signer))
	}
	if t.Format == 0 {
		return nil
	}
	if _, err := seal.TablePath(t.Format); err != nil {
		return fmt.Errorf("webauthn: %w", err)
	}
	return nil
}

// takeTables writes tables into an account that is changed, and the paths of
// signers that it has not known before.
func (a *Account) takeTables(tables []Table) error {
	known := a.paths
	a.paths = maps.Clone(known)
	native := slices.Contains(slices.Collect(maps.Values(known)), seal.PathPrecompile)
	for _, m := range a.members {
		_, has := known[m.Signer]
		if _, _, isPasskey := m.Signer.Passkey(); isPasskey && !has && len(known) > 0 {
			a.paths[m.Signer] = pathOf(native)
		}
	}
	seen := map[Signer]bool{}
	for _, t := range tables {
		switch {
		case a.Weight(t.Signer) == 0:
			return fmt.Errorf("%w: %s", ErrNotMember, Name(t.Signer))
		case seen[t.Signer]:
			return fmt.Errorf("%w: %s", ErrTwice, Name(t.Signer))
		}
		seen[t.Signer] = true
		if err := t.check(); err != nil {
			return err
		}
		if path, ok := a.paths[t.Signer]; ok && path != seal.PathPrecompile {
			a.paths[t.Signer] = P256Path(t.Format)
		}
	}
	maps.DeleteFunc(a.paths, func(s Signer, _ P256Path) bool { return a.Weight(s) == 0 })
	return nil
}
