package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
)

// flowTries is how often the same transaction is handed to a node that does not answer.
const flowTries = 4

// send hands a transaction to the node and waits until it is sealed. Whatever happens, it is the same transaction, under
// the same id: it is in a file before it is sent, and the file stays until its end is known.
func (f *flowAct) send(ctx context.Context, c *call, t *flow.Transaction, out *flowActed) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if err := f.takes(ctx, c, t); err != nil {
		return err
	}
	own := f.out == ""
	if own {
		f.out = "flow-" + t.ID().String()[:16] + ".hex"
	}
	if err := f.keep(t); err != nil {
		return err
	}
	r, err := deliver(ctx, f.client, t)
	if err != nil {
		return f.undelivered(err, t.ID(), own)
	}
	if own {
		if err := os.Remove(f.out); err != nil {
			return err
		}
		f.out = ""
	}
	out.Transaction, out.File, out.Sealed, out.Block, out.Computation = flowInfo(t), f.out, true, r.Block.String(), r.Computed
	out.Account = createdAccount(r)
	return c.printFlowActed(*out, f.json)
}

func createdAccount(r access.Result) string {
	for _, e := range r.Events {
		if e.Type == "flow.AccountCreated" && len(e.Value.Items) > 0 {
			return e.Value.Items[0].Text
		}
	}
	return ""
}

// takes has the transaction judged as nodes do, with the keys of the chain. A node says less.
func (f *flowAct) takes(ctx context.Context, c *call, t *flow.Transaction) error {
	signed := &flowSigned{tx: t}
	source := flowSource{access: f.access, timeout: f.timeout}
	keys, err := source.keys(ctx, signed.signatures())
	if err != nil {
		return err
	}
	// Keys that sign may be revoked by the transaction itself, or by the time somebody asks again: a node that has it, has it.
	if v := signed.judge(keys, true); !v.OK {
		if r, err := f.client.Result(ctx, t.ID()); err == nil && r.Status != access.StatusUnknown {
			return nil
		}
		if f.json {
			err = printJSON(c.stdout, v)
		} else {
			c.printFlowVerdict(v)
		}
		if err == nil {
			err = errWrong
		}
		return err
	}
	return nil
}

// undelivered says what is known of a transaction that has not been sealed as a success.
func (f *flowAct) undelivered(err error, id flow.Identifier, own bool) error {
	again := "it may run yet; the same transaction, never a new one: postern flow tx send " + f.out
	cause, refused := errors.AsType[access.Cause](err)
	switch {
	case errors.Is(err, errSequenceAhead):
		return &failure{Code: "sequence", Message: sentence(err), Hint: again + ", when the earlier ones are sealed", exit: exitFailure, cause: err}
	case errors.Is(err, errTooLate):
		return &failure{Code: "not-known", Message: sentence(err), Hint: "if another node has it, it may run yet; in some minutes it cannot, and this says so: postern flow tx send " + f.out, exit: exitFailure, cause: err}
	case unanswered(err), errors.Is(err, errUnseen), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &failure{Code: "not-known", Message: "it is not known whether transaction " + id.String() + " was taken: " + sentence(err), Hint: again, exit: exitFailure, cause: err}
	case refused && cause == access.ErrSequence: // by its payload, signed by other keys or with other signatures: another id
		err = &failure{Code: "stale", Message: sentence(err), Hint: "what came first may say the same, if others have its text or signed it, too: look at the account before you make it anew", exit: exitFailure, cause: err}
	case refused && cause == access.ErrExpired:
		err = &failure{Code: "stale", Message: sentence(err), Hint: "nothing of it has run and nothing of it will: make it and sign it again", exit: exitFailure, cause: err}
	}
	if own { // it will never run, and nobody asked for the file
		return errors.Join(err, os.Remove(f.out))
	}
	return err
}

// unanswered says that a node may or may not have taken what it was handed.
func unanswered(err error) bool {
	e, ok := errors.AsType[*access.Error](err)
	return ok && e.Temporary()
}

var (
	errSequenceAhead = errors.New("earlier transactions of the proposal key are not sealed yet")
	errUnseen        = errors.New("its end has not been seen")
	// errTooLate: nodes refuse it some blocks before it has expired (access.Client.CheckExpiry); one that has it goes on.
	errTooLate = errors.New("the node takes it no longer, though it has not expired yet")
)

// deliver sends a transaction that the node may have already, again if it does not answer, and waits for its end. Before,
// it looks at the proposal key and the reference block: a transaction whose sequence number is used up, or that has
// expired, can never run.
func deliver(ctx context.Context, client *access.Client, t *flow.Transaction) (access.Result, error) {
	r, err := client.Result(ctx, t.ID())
	if err != nil && !unanswered(err) {
		return r, err
	}
	if err != nil || r.Status == access.StatusUnknown {
		if r, err := sequence(ctx, client, t); err != nil || r.Status != access.StatusUnknown {
			if err != nil {
				return r, err
			}
			return ended(ctx, client, t)
		}
		if err := client.CheckExpiry(ctx, t); errors.Is(err, access.ErrExpired) { // a node that knows less may still take it
			return r, err
		}
		err := handOver(ctx, client, t)
		if errors.Is(err, access.ErrExpired) && !errors.Is(client.CheckExpiry(ctx, t), access.ErrExpired) {
			err = fmt.Errorf("%w: %w", errTooLate, err)
		}
		if err != nil {
			return access.Result{}, err
		}
	}
	return ended(ctx, client, t)
}

// ended waits for the end of a transaction that the node has. What the node says besides is no end.
func ended(ctx context.Context, client *access.Client, t *flow.Transaction) (access.Result, error) {
	r, err := client.Wait(ctx, t.ID())
	if err != nil && !r.Done() {
		err = fmt.Errorf("%w: %w", errUnseen, err)
	}
	return r, err
}

// sequence compares the sequence number with the chain's. Where another one is due, the transaction may have run
// meanwhile: the result says.
func sequence(ctx context.Context, client *access.Client, t *flow.Transaction) (access.Result, error) {
	unknown := access.Result{ID: t.ID(), Status: access.StatusUnknown}
	p := t.ProposalKey
	k, err := client.Key(ctx, p.Address, p.KeyIndex)
	if err != nil || k.SequenceNumber == p.SequenceNumber {
		return unknown, err
	}
	if r, err := client.Result(ctx, t.ID()); err != nil || r.Status != access.StatusUnknown {
		return r, err
	}
	if k.SequenceNumber < p.SequenceNumber {
		return unknown, fmt.Errorf("%w: it has number %d, and %d is due", errSequenceAhead, p.SequenceNumber, k.SequenceNumber)
	}
	return unknown, &access.Error{Cause: access.ErrSequence, Message: fmt.Sprintf("it has number %d, and %d is due: another transaction of key %d came first", p.SequenceNumber, k.SequenceNumber, p.KeyIndex)}
}

// handOver sends the same bytes until the node says something of them.
func handOver(ctx context.Context, client *access.Client, t *flow.Transaction) error {
	for i := 1; ; i++ {
		_, err := client.Send(ctx, t)
		if err != nil && i > 1 && !unanswered(err) { // refused, maybe because the first time it was taken
			r, unread := client.Result(ctx, t.ID())
			if unread == nil && r.Status != access.StatusUnknown {
				return nil
			}
			return fmt.Errorf("%w: %w", errUnseen, err)
		}
		if err == nil || !unanswered(err) || i == flowTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(i) * 300 * time.Millisecond):
		}
	}
}

// readFlowTransaction reads a transaction from its file.
func (c *call) readFlowTransaction(arg string) (*flow.Transaction, error) {
	text, err := c.flowInput(arg)
	if err != nil {
		return nil, err
	}
	if len(text) > 1 && text[:2] == "0x" {
		text = text[2:]
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, failf("bad-transaction", "give a file of postern flow tx new, or its RLP in hexadecimal digits", "this is no transaction: %s", clip(text))
	}
	return flow.Decode(b)
}
