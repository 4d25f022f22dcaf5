package server

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
)

// flowPath is where the page asks; /flow is the page.
const flowPath = "/flow/api/"

// Bounds of one request, and of all at once.
const (
	maxFlow   = 512 << 10 // bytes of a request: a transaction in hexadecimal
	flowTime  = 60 * time.Second
	flowCount = 16
)

// Flow is what the server needs for a Flow chain beside the one it runs. The field comments are the manual.
type Flow struct {
	// Access asks the node. Whoever signs here believes it.
	Access *access.Client

	// Nonces are for account proofs. Replicas have the same Store and Secrets. Required.
	Nonces *relyingparty.Nonces

	// App is the name in account proofs: a proof for another is refused. Required.
	App string

	// RPID and Origins are where passkeys are made and used.
	RPID    string
	Origins []string

	// Registration is how passkeys are made. The zero value is fine.
	Registration passkey.WalletMode

	// Sponsor pays for accounts and fees. Nil: nobody does, and there is no /account and no /sponsor.
	Sponsor *Sponsor

	// Log gets one line per failed request. Nil: slog.Default().
	Log *slog.Logger

	network string // as the node names it
}

// flowAPI answers POST below flowPath, JSON both ways.
type flowAPI struct {
	Flow
}

func newFlowAPI(cfg Flow) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	f := &flowAPI{cfg}
	q := &questions{most: maxFlow, time: flowTime, slots: make(chan struct{}, flowCount), long: longFlow, busy: flowBusy, refused: f.refused}
	mux := http.NewServeMux()
	for name, answer := range map[string]func(context.Context, []byte) (any, error){
		"options": f.options, "look": f.look, "block": f.block, "send": f.send, "nonce": f.nonce, "proof": f.proof,
	} {
		mux.Handle(flowPath+name, q.answered(answer))
	}
	if cfg.Sponsor != nil {
		mux.Handle(flowPath+"account", q.answered(f.account))
		mux.Handle(flowPath+"sponsor", q.answered(f.sponsor))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound.write(w) })
	return mux
}

func (f *flowAPI) refused(w http.ResponseWriter, r *http.Request, err error) refusal {
	f.Log.Info("flow request failed", "requestId", w.Header().Get(requestIDHeader), "path", clip(r.URL.Path), "cause", clip(err.Error()))
	return flowRefused(err)
}

// optionsRequest asks for what makes a passkey: user.id is the page's, because it says nothing and is nobody's here.
type optionsRequest struct {
	UserID passkey.Base64URL   `json:"userId"`
	Name   string              `json:"name"`
	Have   []passkey.Base64URL `json:"have"` // credentials that must not be replaced
}

func (f *flowAPI) options(_ context.Context, body []byte) (any, error) {
	var q optionsRequest
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	if len(q.Have) > 64 || len(q.Name) > 64 {
		return nil, badFlow
	}
	have := make([][]byte, len(q.Have))
	for i, id := range q.Have {
		have[i] = id
	}
	if q.Name == "" {
		q.Name = "Flow account"
	}
	return f.Registration.Options(passkey.RelyingParty{ID: f.RPID, Name: rpName}, passkey.User{ID: q.UserID, Name: q.Name, DisplayName: q.Name}, have...)
}

// flowAccount is an account as the page needs it to put a transaction together.
type flowAccount struct {
	Address string    `json:"address"`
	Balance string    `json:"balance"` // FLOW in units of 10⁻⁸
	Keys    []flowKey `json:"keys"`
	Block   string    `json:"block"` // the latest sealed one
}

type flowKey struct {
	Index    uint32 `json:"index"`
	Public   string `json:"public"` // x‖y, 128 hexadecimal digits
	Curve    string `json:"curve"`
	Hash     string `json:"hash"`
	Weight   uint16 `json:"weight"`
	Sequence string `json:"sequence"`
	Revoked  bool   `json:"revoked"`
}

func (f *flowAPI) look(ctx context.Context, body []byte) (any, error) {
	var q struct {
		Address string `json:"address"`
	}
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	address, err := flow.ParseAddress(q.Address)
	if err != nil {
		return nil, err
	}
	a, err := f.Access.Account(ctx, address)
	if err != nil {
		return nil, err
	}
	block, err := f.Access.LatestBlock(ctx)
	if err != nil {
		return nil, err
	}
	out := flowAccount{Address: a.Address.String(), Balance: decimal(a.Balance), Keys: []flowKey{}, Block: block.ID.String()}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, flowKey{k.Index, k.PublicHex(), string(k.Curve), string(k.Hash), k.Weight, decimal(k.SequenceNumber), k.Revoked})
	}
	return out, nil
}

// sent is what became of a transaction.
type sent struct {
	ID     string        `json:"id"`
	Status access.Status `json:"status"`
	// Failure is why a sealed one did nothing; empty: it did what it says.
	Failure string `json:"failure,omitempty"`
	Code    int    `json:"code,omitempty"` // Flow's
}

// send hands a signed transaction on and waits. The same one may come any number of times: it runs once.
func (f *flowAPI) send(ctx context.Context, body []byte) (any, error) {
	tx, err := flowTransaction(body)
	if err != nil {
		return nil, err
	}
	if len(tx.Missing()) > 0 {
		return nil, unsigned
	}
	id, err := f.Access.Send(ctx, tx)
	if err != nil {
		return nil, err
	}
	result, err := f.Access.Wait(ctx, id)
	if err != nil && !result.Done() {
		return nil, err
	}
	return outcome(id, result, err), nil
}

// flowTransaction reads a request with a transaction.
func flowTransaction(body []byte) (*flow.Transaction, error) {
	var q struct {
		Transaction string `json:"transaction"` // RLP in hexadecimal
	}
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(q.Transaction)
	if err != nil {
		return nil, badFlow
	}
	return flow.Decode(raw)
}

// outcome is a result that will not change.
func outcome(id flow.Identifier, result access.Result, err error) sent {
	out := sent{ID: id.String(), Status: result.Status, Code: result.Code}
	if err != nil {
		out.Failure = err.Error()
	}
	return out
}

// strictly reads a request: its own members and nothing after them.
func strictly(body []byte, into any) error {
	if err := unmarshalOnly(body, into); err != nil {
		return badFlow
	}
	return nil
}

// flowRefused says what a request failed with.
func flowRefused(err error) refusal {
	out := refusal{http.StatusBadGateway, "chain_failed", "the Flow node did not answer as it should", "try again in a moment"}
	var own refusal
	var said *access.Error
	var fault *flow.Error
	var ceremony *passkey.Error
	var nonce *relyingparty.Refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &nonce) && nonce.Code == "unavailable":
		return notReady
	case errors.As(err, &nonce):
		return refusal{http.StatusUnprocessableEntity, nonce.Code, "the nonce is none of this server's that can be used now", "ask for a nonce and sign again"}
	case errors.As(err, &ceremony):
		out = refusal{http.StatusUnprocessableEntity, "bad_passkey", words(ceremony, "passkey: "), ""}
	case errors.As(err, &fault):
		out = refusal{http.StatusUnprocessableEntity, cmp.Or(refusedBy[fault.Cause], "refused"), words(fault, "flow: "), ""}
	case errors.As(err, &said) && said.Cause == access.ErrNotFound:
		out = refusal{http.StatusNotFound, "no_account", "the Flow node does not know it", "look at the address, and at the network"}
	case errors.As(err, &said) && said.Cause != access.ErrUnreachable && said.Cause != access.ErrReply && said.Cause != access.ErrTooLarge:
		out = refusal{http.StatusUnprocessableEntity, "node_refused", words(said, "flow access: "), ""}
	}
	var hint account.Hinter
	if errors.As(err, &hint) && hint.Hint() != "" {
		out.hint = hint.Hint()
	}
	return out
}

// Error makes a refusal something to return.
func (s refusal) Error() string { return s.message }

var (
	badFlow  = refusal{http.StatusBadRequest, "bad_request", "the request is not what is answered here", "send what the page sends"}
	longFlow = refusal{http.StatusRequestEntityTooLarge, "too_long", "the request is too long", "send a smaller transaction"}
	flowBusy = refusal{http.StatusServiceUnavailable, "busy", "too many requests are under way", "try again in a moment"}
	unsigned = refusal{http.StatusUnprocessableEntity, "unsigned", "a signature is missing", "let everybody sign who has to"}
)
