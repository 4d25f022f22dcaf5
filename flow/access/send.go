package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postern-dev/postern/flow"
)

func malformed(format string, args ...any) error {
	return &Error{Cause: ErrReply, Message: fmt.Sprintf(format, args...)}
}

// Prepare fills in what a new transaction takes from the chain: the latest sealed block as its reference, the sequence
// number of its proposal key, and, if it has none, the highest gas limit. It is refused if the key is revoked.
func (c *Client) Prepare(ctx context.Context, t *flow.Transaction) error {
	block, err := c.LatestBlock(ctx)
	if err != nil {
		return err
	}
	key, err := c.Key(ctx, t.ProposalKey.Address, t.ProposalKey.KeyIndex)
	if err != nil {
		return err
	}
	if key.Revoked {
		return &flow.Error{Cause: flow.ErrRevoked, Where: "proposal key", Way: "Propose with another key of the account."}
	}
	t.ReferenceBlock, t.ProposalKey.SequenceNumber = block.ID, key.SequenceNumber
	if t.GasLimit == 0 {
		t.GasLimit = flow.MaxGasLimit
	}
	return nil
}

type wireSignature struct {
	Address   string `json:"address"`
	KeyIndex  string `json:"key_index"`
	Signature []byte `json:"signature"`
	Extension []byte `json:"extension_data,omitempty"` // not in the published API, but read by every node since v0.43
}

type wireProposal struct {
	Address  string `json:"address"`
	KeyIndex string `json:"key_index"`
	Sequence string `json:"sequence_number"`
}

type wireTransaction struct {
	Script         []byte          `json:"script"`
	Arguments      [][]byte        `json:"arguments"`
	ReferenceBlock string          `json:"reference_block_id"`
	GasLimit       string          `json:"gas_limit"`
	Payer          string          `json:"payer"`
	Proposal       wireProposal    `json:"proposal_key"`
	Authorizers    []string        `json:"authorizers"`
	Inside         []wireSignature `json:"payload_signatures"`
	Outside        []wireSignature `json:"envelope_signatures"`
}

func wireOf(t *flow.Transaction) wireTransaction {
	signatures := func(list []flow.Signature) []wireSignature {
		out := []wireSignature{}
		for _, s := range list {
			out = append(out, wireSignature{s.Address.Hex(), decimal(uint64(s.KeyIndex)), s.Signature, s.Extension})
		}
		return out
	}
	w := wireTransaction{
		Script: t.Script, Arguments: append([][]byte{}, t.Arguments...), ReferenceBlock: t.ReferenceBlock.String(),
		GasLimit: decimal(t.GasLimit), Payer: t.Payer.Hex(), Authorizers: []string{},
		Proposal: wireProposal{t.ProposalKey.Address.Hex(), decimal(uint64(t.ProposalKey.KeyIndex)), decimal(t.ProposalKey.SequenceNumber)},
		Inside:   signatures(t.PayloadSignatures), Outside: signatures(t.EnvelopeSignatures),
	}
	for _, a := range t.Authorizers {
		w.Authorizers = append(w.Authorizers, a.Hex())
	}
	return w
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// Send hands a transaction to the node. The same transaction may be sent any number of times: it is known by its id, and
// runs once. If the node has it already, that is no error. A node that took it for another one, which is what happens when
// something on the way drops extensions, is ErrOtherID. When it is not known whether the node has it (ErrUnreachable), send
// the same transaction again, never a new one.
func (c *Client) Send(ctx context.Context, t *flow.Transaction) (flow.Identifier, error) {
	id := t.ID()
	if missing := t.Missing(); len(missing) != 0 {
		return id, &flow.Error{Cause: flow.ErrRole, Where: "transaction", Seen: fmt.Sprintf("%s has not signed", missing[0]), Way: "Let every signer sign before it is sent."}
	}
	var reply struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, http.MethodPost, "/transactions", nil, wireOf(t), &reply)
	if errors.Is(err, ErrDuplicate) {
		return id, nil
	}
	if err != nil {
		return id, err
	}
	if got, err := flow.ParseIdentifier(reply.ID); err != nil || got != id {
		return id, &Error{Cause: ErrOtherID, Message: fmt.Sprintf("%.80q instead of %s", reply.ID, id)}
	}
	return id, nil
}

// Status is how far a transaction has come.
type Status string

// Statuses, in their order.
const (
	StatusUnknown   Status = "Unknown"
	StatusPending   Status = "Pending"
	StatusFinalized Status = "Finalized"
	StatusExecuted  Status = "Executed"
	StatusSealed    Status = "Sealed"
	StatusExpired   Status = "Expired"
)

// Event is what a transaction has emitted.
type Event struct {
	Type  string
	Value flow.Value
}

// Result is what became of a transaction. A sealed one may have failed: see Err.
type Result struct {
	ID       flow.Identifier
	Status   Status
	Block    flow.Identifier // zeros before it is in one
	Computed uint64          // computation used
	Events   []Event
	Code     int // Flow's error code, or 0
	Message  string
}

// Done says whether nothing will change any more.
func (r Result) Done() bool { return r.Status == StatusSealed || r.Status == StatusExpired }

// Err is why a transaction that is done has failed, or nil. Signatures that do not verify are an error of execution: the
// transaction is sealed all the same, and the sequence number stays.
func (r Result) Err() error {
	if r.Status == StatusExpired {
		return &Error{Cause: ErrExpired, Message: r.ID.String()}
	}
	if r.Code == 0 && r.Message == "" {
		return nil
	}
	e := &Error{Cause: ErrFailed, Code: r.Code, Message: r.Message[:min(len(r.Message), maxMessage)]}
	switch r.Code {
	case 1006, 1008, 1009:
		e.Cause = ErrSignature
	case 1007:
		e.Cause = ErrSequence
	case 1055:
		e.Cause = ErrWeight
	}
	return e
}

// Result asks what became of a transaction. One that the node does not know yet is StatusUnknown.
func (c *Client) Result(ctx context.Context, id flow.Identifier) (Result, error) {
	var w struct {
		Block     string `json:"block_id"`
		Execution string `json:"execution"`
		Status    Status `json:"status"`
		Code      int    `json:"status_code"`
		Message   string `json:"error_message"`
		Computed  string `json:"computation_used"`
		Events    []struct {
			Type    string `json:"type"`
			Payload []byte `json:"payload"`
		} `json:"events"`
	}
	err := c.do(ctx, http.MethodGet, "/transaction_results/"+id.String(), nil, nil, &w)
	if errors.Is(err, ErrNotFound) {
		return Result{ID: id, Status: StatusUnknown}, nil
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{ID: id, Status: w.Status, Message: w.Message}
	if w.Block != "" {
		if r.Block, err = flow.ParseIdentifier(w.Block); err != nil {
			return Result{}, malformed("block: %v", err)
		}
	}
	switch w.Status {
	case "":
		r.Status = StatusUnknown
	case StatusUnknown, StatusPending, StatusFinalized, StatusExecuted, StatusSealed, StatusExpired:
	default:
		return Result{}, malformed("status %.40q", string(w.Status))
	}
	if r.Code = w.Code; w.Message != "" {
		r.Code = codeIn(w.Message, w.Code)
	} else if w.Code != 0 || w.Execution == "Failure" {
		r.Message = "the node says no more"
	}
	if w.Computed != "" {
		if r.Computed, err = number(w.Computed, 64); err != nil {
			return Result{}, err
		}
	}
	for _, e := range w.Events {
		v, err := flow.ParseValue(e.Payload)
		if err != nil {
			return Result{}, malformed("event: %v", err)
		}
		r.Events = append(r.Events, Event{e.Type, v})
	}
	return r, nil
}

// Wait asks until a transaction is sealed or expired, or the context ends; a node that is out of order for a while is asked
// again. The result is given with the error that it stands for, if it does. Any other error says nothing of the transaction:
// Done is false then.
func (c *Client) Wait(ctx context.Context, id flow.Identifier) (Result, error) {
	for {
		r, err := c.Result(ctx, id)
		if err != nil && !temporary(err) {
			return r, err
		}
		if err == nil && r.Done() {
			return r, r.Err()
		}
		select {
		case <-ctx.Done():
			return r, errors.Join(ctx.Err(), err)
		case <-time.After(c.poll):
		}
	}
}

// codeIn finds Flow's error code in a message, which begins with it: "[Error Code: 1009] …".
func codeIn(message string, otherwise int) int {
	_, rest, found := strings.Cut(message, "[Error Code: ")
	if !found {
		return otherwise
	}
	digits, _, _ := strings.Cut(rest, "]")
	if n, err := strconv.Atoi(digits); err == nil {
		return n
	}
	return otherwise
}
