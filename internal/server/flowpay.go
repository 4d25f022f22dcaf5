package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/secp256k1"
)

// Bounds of what is paid for.
const (
	payGas    = 1000     // computation of a transaction, of the 9999 that nodes allow
	payBytes  = 64 << 10 // of a transaction
	payBlocks = flow.ExpiryBlocks - 60
	payEach   = 10 // transactions of one account within payWindow
	payWindow = 10 * time.Minute
	maxPaid   = 4096 // transactions that are paid for and remembered
)

// payment is a transaction that the sponsor has signed. It is kept, so that an answer that was lost is given again and
// nothing is paid for twice.
type payment struct {
	payload [32]byte // its SHA-256
	tx      *flow.Transaction
	height  uint64 // of its reference block
	at      time.Time
	over    bool // it has run, or never will
}

// paid is what became of a transaction that the service pays for, and the whole of it, with the payer's signature.
type paid struct {
	sent
	Transaction string `json:"transaction"` // RLP in hexadecimal
}

// sponsor pays for a transaction that an account proposes and authorizes, and sends it. The same payload may come any number
// of times: it is one transaction with one id.
func (f *flowAPI) sponsor(ctx context.Context, body []byte) (any, error) {
	tx, err := flowTransaction(body)
	if err != nil {
		return nil, err
	}
	p, again, err := f.pay(ctx, tx)
	if err != nil {
		return nil, err
	}
	result, err := send(ctx, f.Access, p.tx, again)
	if result.Done() || refusedForGood(err) {
		f.Sponsor.ended(p)
	}
	if err != nil && !result.Done() {
		return nil, err
	}
	return paid{outcome(p.tx.ID(), result, err), hex.EncodeToString(p.tx.Bytes())}, nil
}

// pay is the payment for a transaction: the one that was made before, or a new one if everything about it is right.
func (f *flowAPI) pay(ctx context.Context, tx *flow.Transaction) (p *payment, again bool, err error) {
	s := f.Sponsor
	policy := flow.Policy{
		Assertion: f.Registration.Rule(f.RPID, f.Origins...), Secp256k1: secp256k1.Verify, Scripts: s.scripts, MaxGas: payGas, MaxBytes: payBytes,
	}
	if err := policy.Sponsor(tx, s.address); err != nil {
		return nil, false, err
	}
	if len(tx.EnvelopeSignatures) != 0 {
		return nil, false, payerSigned
	}
	account := tx.ProposalKey.Address
	if len(tx.Authorizers) != 1 || tx.Authorizers[0] != account {
		return nil, false, severalAccounts
	}
	payload := sha256.Sum256(tx.Payload())
	if p := s.same(tx.ProposalKey, payload); p != nil {
		return p, true, nil
	}
	latest, block, err := f.blocks(ctx, tx.ReferenceBlock)
	if err != nil {
		return nil, false, err
	}
	if latest.Height-min(latest.Height, block.Height) > payBlocks {
		return nil, false, staleBlock
	}
	a, err := f.Access.Account(ctx, account)
	if err != nil {
		return nil, false, err
	}
	if err := signedEnough(tx, a.Keys, policy); err != nil {
		return nil, false, err
	}
	own, err := s.own(ctx, f.Access)
	if err != nil {
		return nil, false, err
	}
	if err := s.sign(tx, own); err != nil {
		return nil, false, err
	}
	return s.keep(&payment{payload: payload, tx: tx, height: block.Height, at: time.Now()}, latest.Height)
}

// blocks are the latest one and the one that a transaction refers to.
func (f *flowAPI) blocks(ctx context.Context, reference flow.Identifier) (latest, block access.Block, err error) {
	if latest, err = f.Access.LatestBlock(ctx); err != nil {
		return latest, block, err
	}
	if block, err = f.Access.Block(ctx, reference); errors.Is(err, access.ErrNotFound) {
		err = unknownBlock
	}
	return latest, block, err
}

// signedEnough says whether nodes would let the account do this: its keys have signed the payload, each signature is good
// under the policy, the proposal key is one of them and its sequence number the next, and the weights are 1000 together.
func signedEnough(tx *flow.Transaction, keys []flow.AccountKey, policy flow.Policy) error {
	account := tx.ProposalKey.Address
	for _, s := range tx.PayloadSignatures {
		if s.Address != account { // the payer's, or what goes by its name
			return payerSigned
		}
	}
	if err := tx.JudgePayload(flow.Keys{account: keys}, policy.Verify).Err(); err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k flow.AccountKey) bool { return k.Index == tx.ProposalKey.KeyIndex })
	switch cmp.Compare(tx.ProposalKey.SequenceNumber, keys[at].SequenceNumber) { // it is there: it has signed
	case -1:
		return usedSequence
	case 1:
		return earlySequence
	}
	return nil
}

// same is the payment for a payload; nil: there is none.
func (s *Sponsor) same(key flow.ProposalKey, payload [32]byte) *payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.paid[key]; p != nil && p.payload == payload {
		return p
	}
	return nil
}

// keep remembers a payment, unless it would be one too many, or there is one by now with the same sequence number: for the
// same payload that one, and for another none as long as the first can run. Height is of the latest block.
func (s *Sponsor) keep(p *payment, height uint64) (*payment, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := p.tx.ProposalKey
	if before := s.paid[key]; before != nil {
		if before.payload == p.payload {
			return before, true, nil
		}
		if !before.over && height <= before.height+flow.ExpiryBlocks {
			return nil, false, otherPaid
		}
	}
	lately := slices.DeleteFunc(s.lately[key.Address], func(t time.Time) bool { return p.at.Sub(t) >= payWindow })
	switch {
	case len(s.paid) >= maxPaid:
		return nil, false, paidEnough
	case len(lately) >= payEach:
		return nil, false, paidOften
	}
	s.lately[key.Address] = append(lately, p.at)
	s.paid[key] = p
	return p, false, nil
}

func (s *Sponsor) ended(p *payment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.over = true
}

// block says how far the chain is past the block that a transaction refers to.
func (f *flowAPI) block(ctx context.Context, body []byte) (any, error) {
	var q struct {
		ID string `json:"id"`
	}
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	id, err := flow.ParseIdentifier(q.ID)
	if err != nil {
		return nil, err
	}
	latest, block, err := f.blocks(ctx, id)
	if err != nil {
		return nil, err
	}
	return struct {
		Height string `json:"height"`
		Latest string `json:"latest"` // of the latest sealed block
	}{decimal(block.Height), decimal(latest.Height)}, nil
}

// refusedBy are the words for programs of what package flow refuses to pay for.
var refusedBy = map[flow.Cause]string{
	flow.ErrScript: "script_not_paid", flow.ErrGasLimit: "gas_limit", flow.ErrTooLarge: "too_long",
	flow.ErrRole: "wrong_payer", flow.ErrAuthorizer: "wrong_payer",
	flow.ErrNoKey: "no_key", flow.ErrMissing: "proposer_missing", flow.ErrProposer: "proposer_missing", flow.ErrWeight: "too_light",
}

var (
	payerSigned     = refusal{http.StatusUnprocessableEntity, "payer_signed", "the payer has signed it already", "send what its own account has signed: the service signs last"}
	severalAccounts = refusal{http.StatusUnprocessableEntity, "several_accounts", "the service pays for transactions of one account, that proposes and authorizes", "let the account pay by itself"}
	unknownBlock    = refusal{http.StatusUnprocessableEntity, "unknown_block", "the node does not know the block that the transaction refers to", "make it anew, and have it signed again"}
	staleBlock      = refusal{http.StatusUnprocessableEntity, "expired", "the block that the transaction refers to is too old", "make it anew, and have it signed again"}
	usedSequence    = refusal{http.StatusUnprocessableEntity, "sequence_used", "another transaction of this key came first, or this one has run already", "look at the account, then make it anew"}
	earlySequence   = refusal{http.StatusUnprocessableEntity, "sequence_early", "earlier transactions of this key are not sealed yet", "try again when they are"}
	otherPaid       = refusal{http.StatusConflict, "other_paid", "the service pays for another transaction with this sequence number, which can still run", "send that one again, or wait until it is sealed or has expired"}
	paidOften       = refusal{http.StatusTooManyRequests, "paid_often", fmt.Sprintf("the service has paid for %d transactions of this account within %d minutes", payEach, payWindow/time.Minute), "wait, or let the account pay by itself"}
	paidEnough      = refusal{http.StatusServiceUnavailable, "paid_enough", "this server has paid for as many transactions as it remembers", "start it anew, or let the account pay by itself"}
)
