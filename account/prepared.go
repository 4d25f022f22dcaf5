package account

import (
	"bytes"
	"fmt"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Prepared is one operation on its way: prepared, then sealed, then sent. It is
// safe for concurrent use. [Prepared.MarshalJSON] and [Resume] carry it over a
// restart at any point.
type Prepared struct {
	client  Client
	acct    Account
	auth    Authority
	paths   []byte // for which auth writes approvals; nil if it makes no difference
	calls   []Call
	chainID *big.Int
	sponsor string
	deploys bool
	fee     *big.Int // the most that it can cost
	// chainFee is the chain's maxFeePerGas beside the bundler's suggestion; nil
	// if there was nothing to compare.
	chainFee    *big.Int
	estimate    Estimate
	tokenCharge *TokenCharge // nil if the fee is not paid in a token

	hash      common.Hash // the EntryPoint's, fixed when prepared
	challenge Challenge

	mu   sync.Mutex
	op   *userop.Op // Signature is nil until sealed
	sent bool       // handed to a bundler at least once
}

// fix computes hash and challenge of the operation as it stands. Numbers and
// bytes that came from outside are copied: whoever gave them may change them.
func (p *Prepared) fix() error {
	p.op = p.op.Clone()
	p.op.Signature = nil
	var err error
	if p.hash, err = p.acct.EntryPoint().Hash(p.op, p.chainID); err != nil {
		return fmt.Errorf("account: hash the operation: %w", err)
	}
	if p.challenge, err = p.auth.Challenge(p.op.Clone(), p.chainID); err != nil {
		return fmt.Errorf("account: make the challenge: %w", err)
	}
	return nil
}

// Op returns a copy of the operation; its signature is empty until it is sealed.
func (p *Prepared) Op() *userop.Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.op.Clone()
}

// Hash is the operation's hash, by which bundlers and explorers know it. It does
// not change by sealing.
func (p *Prepared) Hash() common.Hash { return p.hash }

// MaxFee is the most that the operation can cost in fees, in wei.
func (p *Prepared) MaxFee() *big.Int { return new(big.Int).Set(p.fee) }

// Challenge is what has to be signed.
func (p *Prepared) Challenge() Challenge { return p.challenge }

// Sealed reports whether the operation is approved and can be sent.
func (p *Prepared) Sealed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.op.Signature != nil
}

// StubError says that an approval came out longer than the stub by which gas was
// estimated: the authority is at fault, and a bundler would refuse the operation.
type StubError struct{ Stub, Sealed int } // bytes

func (e *StubError) Error() string {
	return fmt.Sprintf("account: the signature has %d bytes, gas was estimated for %d", e.Sealed, e.Stub)
}

// Hint implements [Hinter].
func (e *StubError) Hint() string {
	return "the authenticator's client data is longer than expected; give the authority all origins that may sign, then prepare again"
}

// Finish verifies an approval against the challenge – digest, rule, signature –
// and seals the operation. It returns a copy. Nothing is sent: that is
// [Prepared.Send]. Another approval of the same operation may replace the first
// until then.
func (p *Prepared) Finish(a Approval) (*userop.Op, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.unchanged(); err != nil {
		return nil, err
	}
	if err := p.challenge.Verify(a); err != nil {
		return nil, err
	}
	sig, err := p.auth.Seal(p.op.Clone(), a)
	if err != nil {
		return nil, fmt.Errorf("account: seal the operation: %w", err)
	}
	if stub := p.auth.Stub(); len(sig) > len(stub) {
		return nil, &StubError{Stub: len(stub), Sealed: len(sig)}
	}
	if !p.sent {
		p.op.Signature = bytes.Clone(sig)
	}
	return p.op.Clone(), nil
}

// unchanged checks that the operation still says what was prepared and shown.
func (p *Prepared) unchanged() error {
	hash, err := p.acct.EntryPoint().Hash(p.op, p.chainID)
	if err != nil {
		return fmt.Errorf("account: hash the operation: %w", err)
	}
	c, err := p.auth.Challenge(p.op.Clone(), p.chainID)
	if err != nil {
		return fmt.Errorf("account: make the challenge: %w", err)
	}
	if hash != p.hash || c.Digest != p.challenge.Digest {
		return ErrChanged
	}
	return nil
}
