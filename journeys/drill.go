package journeys

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
)

// drilled has all guardians show that they can still sign, which is no word for anything, and returns
// what they signed.
func (w *walker) drilled(ctx context.Context, s *Step, at common.Address, by ...keeper) ([]guardian.Approval, error) {
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return nil, err
	}
	c, err := guardian.Collect(state.ChainID, state.Setup, state.Drill(state.Time))
	if err != nil {
		return nil, err
	}
	if _, err := handed(ctx, c, by...); err != nil {
		return nil, err
	}
	if err := c.VerifyOn(ctx, w.client.Chain); err != nil {
		return nil, err
	}
	st := c.Status()
	for _, g := range st.Guardians {
		if !g.Approved || g.Unverified {
			return nil, fmt.Errorf("journeys: %s has not shown that it can sign", guardian.Name(g.Signer))
		}
	}
	s.Detail["drill"] = strings.Join(c.Message().Words(), " ")
	s.Detail["can sign"] = fmt.Sprintf("%d of %d", len(c.Approvals()), len(st.Guardians))
	_, err = c.Call()
	return c.Approvals(), s.refusedHere(err)
}

// provesOnly wants what guardians signed in a drill refused as their word for a recovery: here, and by
// the chain when it gets past that on purpose.
func (w *walker) provesOnly(ctx context.Context, s *Step, p plea, drill []guardian.Approval) error {
	c, err := guardian.ParseCollected(p.file)
	if err != nil {
		return err
	}
	own, ok := c.NewSigner()
	if !ok {
		return errors.New("journeys: the new signer has not signed")
	}
	propose, err := guardian.Propose(c.Setup(), p.Recovery, own, drill)
	if err != nil {
		return err
	}
	for _, a := range drill {
		if err = c.Add(a); err != nil && !errors.Is(err, guardian.ErrUnverified) {
			break // of contracts only the chain can tell
		}
	}
	return errors.Join(s.refusedHere(err), w.refuses(ctx, s, propose, "InvalidApproval"))
}
