// What the chain knows of guardians and proposals.

package guardians

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/userop"
)

// Available reports whether a chain has the contracts. Ask it before [Install], which needs
// no chain.
func Available(ctx context.Context, ch account.Chain) error {
	for _, c := range []struct {
		what string
		at   common.Address
	}{{"weighted ECDSA validator", Validator}, {"recovery action", Action}} {
		code, err := ch.Code(ctx, c.at)
		if err != nil {
			return fmt.Errorf("guardians: read the code of the %s: %w", c.what, err)
		}
		if len(code) == 0 {
			return &SetupError{"chain", fmt.Sprintf("it has no %s at %s", c.what, c.at), "use a chain that ZeroDev supports, or a WebAuthnAccount"}
		}
	}
	return nil
}

// At reads an account's guardians. Without any, the setup is empty.
func At(ctx context.Context, ch account.Chain, acct common.Address) (Setup, error) {
	code, err := ch.Code(ctx, Validator)
	if err != nil {
		return Setup{}, fmt.Errorf("guardians: read the validator's code: %w", err)
	}
	if len(code) == 0 {
		return Setup{}, nil
	}
	v, err := read(ctx, ch, "weightedStorage", acct)
	if err != nil || number(v[0]) == 0 {
		return Setup{}, err
	}
	s := Setup{Threshold: uint32(number(v[1])), Delay: seconds(v[2]), DangerMessages: true}
	for next := v[3].(common.Address); next != end; {
		if len(s.Guardians) == maxRead || next == (common.Address{}) {
			return Setup{}, fmt.Errorf("guardians: the list of %s's guardians does not end", acct)
		}
		g, err := read(ctx, ch, "guardian", next, acct)
		if err != nil {
			return Setup{}, err
		}
		s.Guardians = append(s.Guardians, Guardian{next, uint32(number(g[0]))})
		next = g[1].(common.Address)
	}
	return s, nil
}

// maxRead is more guardians than anybody has: others' accounts are not held to our limit.
const maxRead = 128

// Stage is what has become of a proposal.
type Stage uint8

// The stages, as the contract counts them.
const (
	Ongoing  Stage = iota // approvals are missing
	Approved              // it waits, or is ready
	Vetoed
	Executed
)

func (s Stage) String() string {
	if names := [...]string{"ongoing", "approved", "vetoed", "executed"}; int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Status is where a proposal stands.
type Status struct {
	Stage   Stage
	ReadyAt time.Time // of an approved one
	Signed  []common.Address
}

// Look reads where a proposal stands, and who of the setup has signed.
func Look(ctx context.Context, ch account.Chain, s Setup, p *Proposal) (Status, error) {
	return LookAt(ctx, ch, s, p.Account, p.Hash())
}

// LookAt is [Look] at a proposal of which no more than the hash is known.
func LookAt(ctx context.Context, ch account.Chain, s Setup, acct common.Address, hash common.Hash) (Status, error) {
	v, err := read(ctx, ch, "proposalStatus", hash, acct)
	if err != nil {
		return Status{}, err
	}
	out := Status{Stage: Stage(v[0].(uint8))}
	if after := number(v[1]); after > 0 {
		out.ReadyAt = time.Unix(int64(after), 0).UTC()
	}
	for _, g := range s.Guardians {
		vote, err := read(ctx, ch, "voteStatus", hash, g.Address, acct)
		if err != nil {
			return Status{}, err
		}
		if vote[0].(uint8) != 0 {
			out.Signed = append(out.Signed, g.Address)
		}
	}
	return out, nil
}

// Next is the nonce that a proposal in the lane has to have now. It is the proposal's no more
// when another operation of the lane has run.
func Next(ctx context.Context, ch account.Chain, a *kernel.Account, lane kernel.Lane) (*big.Int, error) {
	key := NonceKey(lane)
	data, err := userop.GetNonce(a.Address(), key)
	if err != nil {
		return nil, fmt.Errorf("guardians: encode getNonce: %w", err)
	}
	out, err := ch.Call(ctx, a.EntryPoint().Address(), data)
	if err != nil {
		return nil, fmt.Errorf("guardians: ask for the nonce: %w", err)
	}
	nonce := new(big.Int).SetBytes(out[:min(len(out), common.HashLength)])
	if len(out) != common.HashLength || new(big.Int).Rsh(nonce, 64).Cmp(key) != 0 {
		return nil, &account.NonceError{Key: key, Nonce: nonce}
	}
	return nonce, nil
}

func number(v any) uint64 { return v.(*big.Int).Uint64() }

func read(ctx context.Context, ch account.Chain, method string, args ...any) ([]any, error) {
	data, err := contract.Pack(method, args...)
	if err != nil {
		return nil, fmt.Errorf("guardians: encode %s: %w", method, err)
	}
	out, err := ch.Call(ctx, Validator, data)
	if err != nil {
		return nil, fmt.Errorf("guardians: ask for %s: %w", method, err)
	}
	values, err := abiargs.Unpack(contract.Methods[method].Outputs, out)
	if err != nil {
		return nil, fmt.Errorf("guardians: read %s: %w", method, err)
	}
	return values, nil
}
