// Approvals as they come together.

package guardian

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
)

// Collected is a message and the approvals that there are of it. It is what guardians
// pass on to each other, as a file without secrets ([Collected.MarshalJSON]). Every
// approval in it was verified, as far as that is possible without a chain.
type Collected struct {
	chainID *big.Int
	setup   Setup
	message Message

	newSigner *Approval // of a Recovery
	approvals []Approval
	onChain   map[seal.Signer]bool // whose signatures the chain has verified
}

// Collect begins with nothing but the message, a [Recovery], [CancelRecovery], [Freeze],
// [Unfreeze] or [Drill], and the setup whose guardians are to sign it. A Drill is for the
// guardians of all tiers.
func Collect(chainID *big.Int, s Setup, m Message) (*Collected, error) {
	c := &Collected{chainID: chainID, setup: s, message: m, onChain: map[seal.Signer]bool{}}
	if chainID == nil || chainID.Sign() <= 0 || chainID.BitLen() > 256 {
		return nil, fmt.Errorf("guardian: chain id %v: %w", chainID, ErrMessage)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Collected) check() error {
	about, ok := aboutOf(c.message)
	if !ok {
		return fmt.Errorf("guardian: nobody collects approvals of this message: %w", ErrMessage)
	}
	// What is in force need not be what Check would let in: others have made it.
	if c.setup.Empty() || c.setup.Hash() == (common.Hash{}) {
		return fmt.Errorf("guardian: %s without guardians: %w", about.kind, ErrOtherSetup)
	}
	if about.config != c.setup.Hash() {
		return fmt.Errorf("guardian: %s: %w", about.kind, ErrOtherSetup)
	}
	if !about.drill && int(about.tier) >= len(c.setup.Tiers) {
		return fmt.Errorf("guardian: %s by %s, which is not there: %w", about.kind, tier(about.tier), ErrMessage)
	}
	if about.nonce == nil || about.nonce.Sign() < 0 || about.nonce.BitLen() > 256 {
		return fmt.Errorf("guardian: %s without a nonce: %w", about.kind, ErrMessage)
	}
	if r, ok := c.message.(Recovery); ok {
		return r.check(c.setup)
	}
	if m, ok := c.message.(CancelRecovery); ok && (m.By > m.Tier || int(m.Tier) >= len(c.setup.Tiers)) {
		return errCancel(m.Tier, m.By)
	}
	return nil
}

// Message is what is to be approved.
func (c *Collected) Message() Message { return c.message }

// ChainID is where.
func (c *Collected) ChainID() *big.Int { return c.chainID }

// Setup is whose guardians approve.
func (c *Collected) Setup() Setup { return c.setup }

// Approvals are those of guardians that there are.
func (c *Collected) Approvals() []Approval { return slices.Clone(c.approvals) }

// NewSigner is the approval of a Recovery's new signer; ok is false while it is missing.
func (c *Collected) NewSigner() (a Approval, ok bool) {
	if c.newSigner == nil {
		return Approval{}, false
	}
	return *c.newSigner, true
}

// Add takes an approval by a guardian of the tier, or by the new signer of a Recovery,
// after verifying it. A signature that only the chain can verify is taken as it is (see
// [Collected.VerifyOn]), but never in the place of one that is verified. Adding what is
// there already changes nothing.
func (c *Collected) Add(a Approval) error {
	if err := a.Verify(c.message, c.chainID); err != nil && !errors.Is(err, ErrUnverified) {
		return err
	}
	r, isRecovery := c.message.(Recovery)
	taken := isRecovery && a.Signer == r.NewSigner
	if taken && (c.newSigner == nil || c.replaces(*c.newSigner, a)) {
		c.newSigner = &a
	}
	for _, t := range c.tiers() {
		if t.Index(a.Signer) < 0 {
			continue
		}
		taken = true
		switch i := slices.IndexFunc(c.approvals, func(x Approval) bool { return x.Signer == a.Signer }); {
		case i < 0:
			c.approvals = append(c.approvals, a)
		case c.replaces(c.approvals[i], a):
			c.approvals[i] = a
			delete(c.onChain, a.Signer)
		}
		break
	}
	if !taken {
		return &SignatureError{Name(a.Signer), ErrNotGuardian}
	}
	return nil
}

// replaces reports whether an approval may stand in the place of another by the same
// signer: not if only the present one is known to be good.
func (c *Collected) replaces(present, next Approval) bool {
	good := c.onChain[present.Signer] || present.Verify(c.message, c.chainID) == nil
	return !good || next.Verify(c.message, c.chainID) == nil
}

// tiers are those whose guardians approve.
func (c *Collected) tiers() []Tier {
	about, _ := aboutOf(c.message)
	if about.drill {
		return c.setup.Tiers
	}
	return c.setup.Tiers[about.tier : about.tier+1]
}

// Merge adds all approvals of another file, which must be of the same message on the
// same chain under the same setup.
func (c *Collected) Merge(other *Collected) error {
	if other.chainID.Cmp(c.chainID) != 0 || other.message.Digest(c.chainID) != c.message.Digest(c.chainID) {
		return fmt.Errorf("guardian: the files are about different messages: %w", ErrMessage)
	}
	list := other.Approvals()
	if a, ok := other.NewSigner(); ok {
		list = append(list, a)
	}
	for _, a := range list {
		if err := c.Add(a); err != nil {
			return err
		}
	}
	return nil
}

// VerifyOn has the chain verify what could not be verified without it.
func (c *Collected) VerifyOn(ctx context.Context, ch account.Chain) error {
	list := c.Approvals()
	if c.newSigner != nil {
		list = append(list, *c.newSigner)
	}
	for _, a := range list {
		if err := a.VerifyOn(ctx, ch, c.message, c.chainID); err != nil {
			return err
		}
		c.onChain[a.Signer] = true
	}
	return nil
}

// Standing is one guardian's part in it.
type Standing struct {
	Signer   seal.Signer
	Weight   uint64
	Approved bool
	// Unverified says that it has approved by a signature that only the chain can verify,
	// and that the chain has not been asked.
	Unverified bool
}

// Status is how far the approvals have come.
type Status struct {
	Weight, Threshold uint64 // of the approvals there are, and needed
	Unverified        uint64 // the part of Weight that only the chain can verify
	Few               bool   // one guardian alone has approved, and it takes two
	NewSigner         bool   // it has approved, or is not needed
	NewUnverified     bool   // by a signature that only the chain can verify
	Guardians         []Standing
	Ready             bool // Collected.Call makes the transaction
}

// Status says who has approved and what is missing. Of a Drill every guardian counts.
func (c *Collected) Status() Status {
	about, _ := aboutOf(c.message)
	s := Status{NewSigner: true}
	seen := map[seal.Signer]bool{}
	for _, t := range c.tiers() {
		for _, g := range t.Guardians {
			if seen[g.Signer] {
				continue
			}
			seen[g.Signer] = true
			p := Standing{Signer: g.Signer, Weight: g.Weight}
			if i := slices.IndexFunc(c.approvals, func(x Approval) bool { return x.Signer == g.Signer }); i >= 0 {
				p.Approved = true
				p.Unverified = !c.onChain[g.Signer] && c.approvals[i].Verify(c.message, c.chainID) != nil
				s.Weight = plus(s.Weight, g.Weight)
				if p.Unverified {
					s.Unverified = plus(s.Unverified, g.Weight)
				}
			}
			s.Guardians = append(s.Guardians, p)
		}
	}
	if about.drill {
		for _, g := range s.Guardians {
			s.Threshold = plus(s.Threshold, g.Weight)
		}
		s.Ready = s.Weight == s.Threshold
		return s
	}
	t, need := c.tiers()[0], c.need()
	s.Threshold = t.Threshold
	if need != proposing {
		s.Threshold = t.Majority()
	}
	s.Few = need == majority && len(c.approvals) < 2
	if _, ok := c.message.(Recovery); ok {
		s.NewSigner = c.newSigner != nil
		s.NewUnverified = s.NewSigner && !c.onChain[c.newSigner.Signer] && c.newSigner.Verify(c.message, c.chainID) != nil
	}
	s.Ready = s.NewSigner && !s.Few && s.Weight >= s.Threshold
	return s
}

func (c *Collected) need() need {
	switch m := c.message.(type) {
	case CancelRecovery:
		return m.need(c.setup)
	case Freeze, Unfreeze:
		return majority
	}
	return proposing
}

// Call is the transaction that anyone may send. It is an error while the quorum or the
// new signer is missing, and for a Drill, which no contract takes.
func (c *Collected) Call() (account.Call, error) {
	switch m := c.message.(type) {
	case Recovery:
		if c.newSigner == nil {
			return account.Call{}, &SignatureError{Name(m.NewSigner), ErrNotSigned}
		}
		return Propose(c.setup, m, *c.newSigner, c.approvals)
	case CancelRecovery:
		return CancelByGuardians(c.setup, m, c.approvals)
	case Freeze:
		return FreezeCall(c.setup, m, c.approvals)
	case Unfreeze:
		return UnfreezeCall(c.setup, m, c.approvals)
	}
	return account.Call{}, fmt.Errorf("guardian: no contract takes a drill: %w", ErrMessage)
}
