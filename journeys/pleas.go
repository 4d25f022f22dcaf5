package journeys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

// What happens to a recovery: it is asked for, signed, proposed, waits, and is done or refused.

// plea is a recovery that a new signer asks for, and the file of it, with its own word.
type plea struct {
	guardian.Recovery
	file []byte
}

// pleads begins a recovery: a new signer asks to take the place of all signers of an
// account. The proposal has to be made within a day. Where the chain has no P256VERIFY the
// recovery brings the new key's table, too.
func (w *walker) pleads(ctx context.Context, s *Step, at common.Address, by keeper, credential []byte) (plea, error) {
	acct, err := webauthn.At(ctx, w.client.Chain, at)
	if err != nil {
		return plea{}, err
	}
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return plea{}, err
	}
	r, err := state.Recovery(0, by.signer, signersOf(acct), state.Time.Add(day))
	if err != nil {
		return plea{}, err
	}
	r.CredentialIDHash = guardian.CredentialIDHash(credential)
	native, err := w.hasP256(ctx)
	if err != nil {
		return plea{}, err
	}
	if !native {
		r.Table = p256table.Format4k
	}
	s.Detail["asks for"] = strings.Join(r.Words(), " ")
	c, err := guardian.Collect(state.ChainID, state.Setup, r)
	if err != nil {
		return plea{}, err
	}
	p := plea{Recovery: r}
	p.file, err = handed(ctx, c, by)
	return p, err
}

// handed has people sign in a file, one after the other, and returns the file.
func handed(ctx context.Context, c *guardian.Collected, to ...keeper) ([]byte, error) {
	for _, k := range to {
		a, err := k.word(ctx, c.Message())
		if err != nil {
			return nil, err
		}
		if err := c.Add(a); err != nil {
			return nil, err
		}
	}
	return json.Marshal(c)
}

// granted has guardians sign a plea, and is the transaction that proposes it. Each gets the
// file from the one before and knows nothing else.
func (w *walker) granted(ctx context.Context, p plea, by ...keeper) (account.Call, error) {
	file := p.file
	for _, k := range by {
		c, err := guardian.ParseCollected(file)
		if err != nil {
			return account.Call{}, err
		}
		if file, err = handed(ctx, c, k); err != nil {
			return account.Call{}, err
		}
	}
	c, err := guardian.ParseCollected(file)
	if err != nil {
		return account.Call{}, err
	}
	return w.complete(ctx, c)
}

// signed has guardians sign what is no recovery, and is the transaction.
func (w *walker) signed(ctx context.Context, state *guardian.State, m guardian.Message, by ...keeper) (account.Call, error) {
	c, err := guardian.Collect(state.ChainID, state.Setup, m)
	if err != nil {
		return account.Call{}, err
	}
	if _, err := handed(ctx, c, by...); err != nil {
		return account.Call{}, err
	}
	return w.complete(ctx, c)
}

// complete asks the chain about the signatures of contracts, too.
func (w *walker) complete(ctx context.Context, c *guardian.Collected) (account.Call, error) {
	if err := c.VerifyOn(ctx, w.client.Chain); err != nil {
		return account.Call{}, err
	}
	return c.Call()
}

// proposed wants the chain to show a proposal of a stage.
func (w *walker) proposed(ctx context.Context, s *Step, p plea, want guardian.Stage) error {
	state, err := guardian.At(ctx, w.client.Chain, p.Account)
	if err != nil {
		return err
	}
	shown := state.Proposals[p.Tier]
	if shown == nil || shown.Digest != p.Digest(state.ChainID) {
		return errors.New("journeys: the chain does not show the proposal")
	}
	if shown.Recovery == nil || shown.Recovery.NewSigner != p.NewSigner {
		return errors.New("journeys: the chain does not show what is proposed")
	}
	if got := shown.Stage(state.Time); got != want {
		return fmt.Errorf("journeys: the proposal is %s, not %s", got, want)
	}
	s.Detail["waits for"] = recovery.Span(shown.ReadyAt.Sub(state.Time))
	return nil
}

// none wants the chain to show no proposal.
func (w *walker) none(ctx context.Context, at common.Address) error {
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(state.Proposals, func(p *guardian.Proposal) bool { return p != nil }) {
		return errors.New("journeys: there still is a proposal")
	}
	return nil
}

// only wants this to be the only signer of an account.
func (w *walker) only(ctx context.Context, at common.Address, signer seal.Signer) error {
	a, err := webauthn.At(ctx, w.client.Chain, at)
	if err != nil {
		return err
	}
	if m := a.Members(); len(m) != 1 || m[0].Signer != signer {
		return fmt.Errorf("journeys: the account has %d signers, or another than was meant", len(m))
	}
	return nil
}

// recovered wants a recovery to have done what it said: the new signer is the only one, no
// proposal is left, and the key's table is in use if it was to be.
func (w *walker) recovered(ctx context.Context, p plea) error {
	if err := errors.Join(w.only(ctx, p.Account, p.NewSigner), w.none(ctx, p.Account)); err != nil {
		return err
	}
	a, err := webauthn.At(ctx, w.client.Chain, p.Account)
	if err != nil || p.Table == 0 {
		return err
	}
	path, _ := a.P256Path(p.NewSigner)
	if table, ok := path.Table(); !ok || table != p.Table {
		return fmt.Errorf("journeys: the new key's signatures are verified %s, not by its table", path)
	}
	return nil
}

// passes lets time pass on the chain, and notes what time it is there.
func (w *walker) passes(ctx context.Context, s *Step, d time.Duration) error {
	if err := skip(ctx, w.node, d); err != nil {
		return err
	}
	now, err := w.now(ctx)
	s.Detail["chain's time"] = now.UTC().Format(time.DateTime)
	return err
}

// tick is a little while, longer than some blocks take.
const tick = time.Hour

// refuses wants a call from nobody in particular refused by the module's error of that
// name, or another of the names.
func (w *walker) refuses(ctx context.Context, s *Step, call account.Call, names ...string) error {
	return w.refusesFrom(ctx, s, common.Address{}, call, names...)
}

// refusesFrom is refuses for a call from an address.
func (w *walker) refusesFrom(ctx context.Context, s *Step, from common.Address, call account.Call, names ...string) error {
	var out hexutil.Bytes
	err := w.node.CallContext(ctx, &out, "eth_call", map[string]any{"from": from, "to": call.To, "data": hexutil.Bytes(call.Data)}, "latest")
	if err == nil {
		return errAccepted
	}
	e, ok := errors.AsType[rpc.DataError](err)
	if !ok {
		return fmt.Errorf("journeys: refused for another reason: %w", err)
	}
	text, _ := e.ErrorData().(string)
	data, err := hexutil.Decode(text)
	if err != nil || len(data) < 4 {
		return fmt.Errorf("journeys: refused without a reason: %w", e)
	}
	got, err := contracts.RecoveryABI.ErrorByID([4]byte(data))
	if err != nil || !slices.Contains(names, got.Name) {
		return fmt.Errorf("journeys: refused with %x, which is not %s", data[:4], strings.Join(names, " or "))
	}
	s.Detail["chain"] = "refuses: " + got.Name
	return nil
}
