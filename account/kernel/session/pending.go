// The owner's side: one approval for any number of chains.

package session

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// maxTargets is far more chains than there are.
const maxTargets = 1024

// Target is an account on a chain.
type Target struct {
	Chain account.Chain
	// ChainID is the chain that is meant: a node that answers another one is refused.
	ChainID *big.Int
	Account *kernel.Account
}

// Pending is a grant that waits for the owner's approval.
type Pending struct {
	targets    []Target
	nonces     []uint32
	grant      grant.Grant
	permission kernel.Permission
	findings   []grant.Finding
	request    *kernel.Request
	options    grantOptions
}

// NewPending begins a grant to a session key: it asks every chain for what the
// owner will sign, and refuses what must not be signed – a grant with a finding of
// level Refused (*[GrantError]), one that an account has or had already
// (*[ExistsError]), a chain without its contracts (*[MissingError]), an account whose owner is another one than said. Several
// chains need a multi-chain validator as root. by is how the owner is asked.
func NewPending(ctx context.Context, targets []Target, by kernel.Approver, signer kernel.Signer, g grant.Grant, opts ...GrantOption) (*Pending, error) {
	p := &Pending{targets: slices.Clone(targets), grant: g, nonces: make([]uint32, len(targets))}
	for _, o := range opts {
		o(&p.options)
	}
	if err := p.check(signer); err != nil {
		return nil, err
	}
	facts := make([]grant.Facts, len(targets))
	reads := make([]func() error, len(targets))
	for i := range targets {
		reads[i] = func() (err error) {
			if facts[i], err = p.read(ctx, i); err != nil {
				t := p.targets[i]
				return &TargetError{Target: i, ChainID: t.ChainID, Account: t.Account.Address(), Cause: err}
			}
			return nil
		}
	}
	if err := together(reads...); err != nil {
		return nil, err
	}
	for _, f := range facts {
		p.find(f)
	}
	if refused := grant.Refusals(p.findings); len(refused) > 0 {
		return nil, &GrantError{refused}
	}
	var err error
	p.request, err = p.ask(by)
	return p, err
}

// check is what needs no chain.
func (p *Pending) check(signer kernel.Signer) error {
	if len(p.targets) == 0 {
		return ErrNoTargets
	}
	if len(p.targets) > maxTargets {
		return fmt.Errorf("session: %d chains at once, at most %d", len(p.targets), maxTargets)
	}
	for i, t := range p.targets {
		if t.Chain == nil || t.Account == nil || t.ChainID == nil || t.ChainID.Sign() <= 0 {
			return fmt.Errorf("session: target %d lacks its chain, chain id or account", i+1)
		}
		if first := p.targets[0].Account; !sameRoot(first, t.Account) {
			return &TargetError{Target: i, ChainID: t.ChainID, Account: t.Account.Address(), Cause: &RootsError{first.Root().String(), t.Account.Root().String()}}
		}
	}
	var err error
	p.permission, err = approval.ToPermission(p.grant, signer)
	return err
}

// sameRoot compares validators and who they obey; the hash of the credential id,
// which contracts do not keep, does not count.
func sameRoot(a, b *kernel.Account) bool {
	x, y := a.Root().InitData(), b.Root().InitData()
	return a.RootContract() == b.RootContract() && bytes.Equal(x[:min(64, len(x))], y[:min(64, len(y))])
}

// read asks one chain, and says what the findings depend on.
func (p *Pending) read(ctx context.Context, i int) (grant.Facts, error) {
	t, id := p.targets[i], p.permission.ID()
	facts := grant.Facts{
		Account: t.Account.Address(), Signer: p.permission.Signer.Contract, Owner: t.Account.RootContract(),
		Protected: append([]common.Address{t.Account.RootContract()}, p.options.protected...),
		Portable:  p.options.portable, Permission: id,
	}
	if err := rightChain(ctx, t.Chain, t.ChainID); err != nil {
		return facts, err
	}
	var err error
	if facts.Now, err = clock(ctx, t.Chain, p.options.clock); err != nil {
		return facts, err
	}
	r := reader{t.Chain, t.Account.Address()}
	if err := r.present(ctx, p.permission); err != nil {
		return facts, err
	}
	if p.options.code {
		if err := checkCode(ctx, t.Chain, t.Account, p.permission); err != nil {
			return facts, err
		}
	}
	facts.Decimals = r.decimals(ctx, p.grant)
	there, err := r.deployed(ctx)
	if err != nil {
		return facts, err
	}
	if !there {
		if factory, _ := t.Account.Factory(); factory == (common.Address{}) {
			return facts, kernel.ErrNoFactory
		}
		p.nonces[i] = 1
		return facts, nil
	}
	rec, err := r.record(ctx, id)
	if err != nil {
		return facts, err
	}
	switch {
	case !sameRoot(rec.account, t.Account):
		return facts, &RootsError{t.Account.Root().String(), rec.account.Root().String()}
	case rec.account.Version() != t.Account.Version():
		return facts, &MismatchError{"the account's version", string(t.Account.Version()), string(rec.account.Version())}
	case rec.Valid:
		return facts, &ExistsError{id, Enabled}
	case rec.Present:
		return facts, &ExistsError{id, Invalidated}
	case rec.Installed.Nonce != 0:
		return facts, &ExistsError{id, Revoked}
	}
	p.nonces[i] = rec.nonce
	return facts, nil
}

// find adds the findings that are new.
func (p *Pending) find(facts grant.Facts) {
	for _, f := range grant.Check(p.grant, facts) {
		if !slices.Contains(p.findings, f) {
			p.findings = append(p.findings, f)
		}
	}
}

// ask is the one request for all chains.
func (p *Pending) ask(by kernel.Approver) (*kernel.Request, error) {
	owner, err := p.targets[0].Account.Authority(by)
	if err != nil {
		return nil, err
	}
	list := make([]kernel.Enable, len(p.targets))
	for i, t := range p.targets {
		list[i] = kernel.Enable{
			Version: t.Account.Version(), Account: t.Account.Address(), ChainID: t.ChainID,
			ID: p.permission.ID().Validation(), Nonce: p.nonces[i], Data: p.permission.EnableData(),
		}
	}
	if len(list) == 1 {
		return owner.SignEnable(list[0])
	}
	return owner.SignEnables(list)
}

// Permission is what the session key will be on the chain.
func (p *Pending) Permission() kernel.Permission { return p.permission }

// Findings are the warnings that belong before the owner's eyes.
func (p *Pending) Findings() []grant.Finding { return slices.Clone(p.findings) }

// Words says what the owner is about to approve: to whom, for which accounts, and
// what the key may do.
func (p *Pending) Words() []string {
	out := []string{fmt.Sprintf("A permission (%s) for %s.", p.permission.ID(), signerWords(p.permission.Signer))}
	byAccount := map[common.Address][]string{}
	var order []common.Address
	for _, t := range p.targets {
		a := t.Account.Address()
		if byAccount[a] == nil {
			order = append(order, a)
		}
		byAccount[a] = append(byAccount[a], t.ChainID.String())
	}
	for _, a := range order {
		chains := "chain "
		if len(byAccount[a]) > 1 {
			chains = "chains "
		}
		out = append(out, fmt.Sprintf("Account %s on %s.", a, chains+strings.Join(byAccount[a], ", ")))
	}
	return append(out, grant.Words(p.grant, p.options.style)...)
}

// signerWords names a session key.
func signerWords(s kernel.Signer) string {
	_, isKey := s.ECDSA()
	if _, _, isPasskey := s.WebAuthn(); isKey || isPasskey {
		return s.String()
	}
	return "whoever the unknown signer contract " + s.Contract.Hex() + " obeys"
}

// Challenge is what the owner has to sign: one for all chains.
func (p *Pending) Challenge() account.Challenge { return p.request.Challenge() }

// Finish verifies the owner's approval and returns the documents, one for each
// target, in order.
func (p *Pending) Finish(a account.Approval) ([]*approval.Document, error) {
	signatures, err := p.request.Finish(a)
	if err != nil {
		return nil, err
	}
	if len(p.targets) == 1 {
		signatures = signatures[:1]
	}
	docs := make([]*approval.Document, len(p.targets))
	for i, t := range p.targets {
		docs[i], err = approval.FromPermission(p.permission, p.grant, t.Account, signatures[i], approval.Options{
			ChainID: t.ChainID, Nonce: p.nonces[i], PrivateKey: p.options.privateKey, MultiChain: len(p.targets) > 1,
		})
		if err != nil {
			return nil, &TargetError{Target: i, ChainID: t.ChainID, Account: t.Account.Address(), Cause: err}
		}
	}
	return docs, nil
}

// rightChain refuses a node of another chain.
func rightChain(ctx context.Context, ch account.Chain, want *big.Int) error {
	got, err := ch.ChainID(ctx)
	if err != nil {
		return fmt.Errorf("session: ask the node for its chain: %w", err)
	}
	if got == nil || got.Cmp(want) != 0 {
		return &account.WrongChainError{Who: "the node", Want: want, Got: got}
	}
	return nil
}

// maxLag is how old the latest block of a chain may be, in seconds, for the machine's
// clock to be taken for the next block's time. Beyond it the machine's may be wrong.
const maxLag = 3600

// clock is the time at which an operation would be included: the machine's, if the
// chain's latest block is a little behind it, else the chain's. Where the chain does
// not tell the time it is the machine's.
func clock(ctx context.Context, ch account.Chain, machine func() time.Time) (uint64, error) {
	block, err := blockTime(ctx, ch)
	if err != nil {
		return 0, err
	}
	if machine == nil {
		machine = time.Now
	}
	now := uint64(machine().Unix())
	if block != 0 && (now < block || now-block > maxLag) {
		return block, nil
	}
	return now, nil
}
