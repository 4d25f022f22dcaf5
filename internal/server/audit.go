package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/rescue"
)

const auditPath = "/audit"

// Bounds of one audit and of all at once. An audit is work for a processor, not for memory:
// those that do not fit in are sent away, not queued.
const (
	maxAudit   = 64 << 10 // bytes of a request
	auditTime  = 15 * time.Second
	auditCount = 2
	maxWith    = 8 // proposals counted as made
)

// errAuditBusy: the processor was not free in time.
var errAuditBusy = errors.New("other audits are being worked out")

// auditRequest asks what would lock an account and what would lose it.
type auditRequest struct {
	// Account is read from the chain. Empty: Facts describe all of it.
	Account string `json:"account"`
	// Facts are what its owner states: a file of package recovery, as JSON or as its text.
	Facts json.RawMessage `json:"facts"`
	// Passkeys are what passkey servers keep of the account's, as GET /passkeys/credentials
	// shows it to who has signed with them. Empty: nobody has asked.
	Passkeys json.RawMessage `json:"passkeys"`
	// With are proposals that are counted as made, by their words, each one of those that
	// were proposed with the ones before it.
	With []string `json:"with"`
}

// auditReply is what the page shows. Words come from here; the page has none of its own.
type auditReply struct {
	// Done are the proposals that are counted as made; Gone those that are not proposed any
	// more, after another answer or without another proposal.
	Done []recovery.Advice `json:"done"`
	Gone []string          `json:"gone"`

	Report  json.RawMessage `json:"report"` // format postern-audit-1
	Verdict []string        `json:"verdict"`
	// Outcomes are words for each row of the report, by its ID.
	Outcomes map[string]string `json:"outcomes"`
	Classes  map[string]class  `json:"classes"` // of passkeys, by their IDs
	Words    []string          `json:"words"`
	Unread   []string          `json:"unread"` // what may control the account and was not read
	// Rescue is what remains when a domain is gone, and vendor and bundler with it.
	Rescue   []rescue.Outlook `json:"rescue"`
	SVG      string           `json:"svg"`
	Template string           `json:"template,omitempty"` // a file to fill in, for the command line: of the account as it is
}

// class is where a passkey stands in the table of sync-ability and discoverability.
type class struct {
	recovery.Class
	Words    string `json:"words"`
	Examples string `json:"examples,omitempty"`
}

// auditor answers POST /audit. It keeps nothing of what it is told.
type auditor struct {
	chain account.Chain
	flow  *access.Client // nil: there is none
	// work is held by the one audit that computes. Facts can be made such that this takes
	// seconds until it is refused; the other processors are for the wallet.
	work chan struct{}
}

func newAuditor(chain account.Chain, flow *access.Client) *auditor {
	return &auditor{chain: chain, flow: flow, work: make(chan struct{}, 1)}
}

func (a *auditor) handler() http.Handler {
	q := &questions{most: maxAudit, time: auditTime, slots: make(chan struct{}, auditCount), long: longBody, busy: auditBusy,
		refused: func(_ http.ResponseWriter, _ *http.Request, err error) refusal { return refused(err) }}
	return q.answered(a.audit)
}

func (a *auditor) audit(ctx context.Context, body []byte) (any, error) {
	var q auditRequest
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, &recovery.Error{Code: recovery.BadFile, What: "the request is no JSON", Way: `send {"account": "0x…", "facts": {…}}`}
	}
	about, err := a.described(ctx, q)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // nobody waits for it any more
		return nil, errAuditBusy
	}
	select {
	case a.work <- struct{}{}:
		defer func() { <-a.work }()
	case <-ctx.Done():
		return nil, errAuditBusy
	}
	done, gone, about, err := supposed(ctx, about, q.With)
	if err != nil {
		return nil, err
	}
	report, err := recovery.Audit(about)
	if err != nil {
		return nil, err
	}
	out := &auditReply{
		Done: done, Gone: gone,
		Verdict: report.Verdict(), Words: report.Words(), Unread: audit.Unread(*about),
		Rescue: rescue.Outlooks(about), SVG: string(report.SVG()), Outcomes: make(map[string]string, len(report.Rows)), Classes: map[string]class{},
	}
	if len(done) == 0 {
		out.Template = report.Template()
	}
	for _, s := range report.Signers {
		if s.Kind == recovery.KindPasskey {
			c := s.Signer.Class()
			out.Classes[s.ID] = class{c, c.Words(), c.Examples()}
		}
	}
	for _, row := range report.Rows {
		out.Outcomes[row.ID] = report.OutcomeWords(row)
	}
	out.Report, err = report.JSON()
	return out, err
}

// supposed makes proposals in their order. Of two with the same words the first is meant:
// nobody who has read them can tell them apart.
func supposed(ctx context.Context, a *recovery.Account, with []string) (done []recovery.Advice, gone []string, _ *recovery.Account, _ error) {
	if len(with) > maxWith {
		return nil, nil, nil, &recovery.Error{Code: recovery.BadFile, Field: "with", What: fmt.Sprintf("more than %d changes are supposed", maxWith), Way: "make some of them, and look again"}
	}
	done, gone = []recovery.Advice{}, []string{}
	for _, words := range with {
		if ctx.Err() != nil {
			return nil, nil, nil, errAuditBusy
		}
		list, err := recovery.Options(a)
		if err != nil {
			return nil, nil, nil, err
		}
		i := slices.IndexFunc(list, func(x recovery.Advice) bool { return x.Words == words })
		if i < 0 {
			gone = append(gone, words)
			continue
		}
		done, a = append(done, list[i]), list[i].After()
	}
	return done, gone, a, nil
}

func (a *auditor) described(ctx context.Context, q auditRequest) (*recovery.Account, error) {
	var stated *recovery.File
	if len(q.Facts) > 0 && string(q.Facts) != "null" {
		text := []byte(q.Facts)
		if file := ""; json.Unmarshal(text, &file) == nil {
			text = []byte(file)
		}
		var err error
		if stated, err = recovery.ParseFile(text); err != nil {
			return nil, err
		}
	}
	var kept []recovery.Kept
	if len(q.Passkeys) > 0 && string(q.Passkeys) != "null" {
		var err error
		if kept, err = recovery.ParseKept(q.Passkeys); err != nil {
			return nil, err
		}
	}
	if q.Account == "" && stated != nil {
		all, err := stated.Account()
		if err != nil {
			return nil, err
		}
		return recovery.WithPasskeys(all, kept...), nil
	}
	read, err := a.read(ctx, q.Account)
	if err != nil {
		return nil, err
	}
	known := recovery.WithPasskeys(&read, kept...)
	if stated == nil {
		return known, nil
	}
	return stated.Apply(known)
}

// read describes an account of the chain, or of Flow, whose addresses are shorter.
func (a *auditor) read(ctx context.Context, address string) (recovery.Account, error) {
	switch {
	case !strings.HasPrefix(address, "0x"):
	case len(address) == 42 && common.IsHexAddress(address):
		return audit.Read(ctx, a.chain, common.HexToAddress(address))
	case len(address) == 18:
		short, err := flow.ParseAddress(address)
		if err != nil {
			break
		}
		if a.flow == nil {
			return recovery.Account{}, &recovery.Error{Code: recovery.BadFile, Field: "account", What: "it is an address of Flow, and this server asks no access node", Way: "start it with postern up --flow URL, or use postern audit 0x… --flow URL"}
		}
		return audit.ReadFlow(ctx, a.flow, short)
	}
	return recovery.Account{}, &recovery.Error{Code: recovery.BadFile, Field: "account", What: "it is no address", Way: "write 0x and 40 hex digits, or 16 for an account of Flow"}
}

// refused says what an audit failed with.
func refused(err error) refusal {
	out := refusal{http.StatusBadGateway, "chain_failed", "the chain could not be read", "try again in a moment"}
	var fault *recovery.Error
	var large *recovery.TooLargeError
	var none *audit.NoAccountError
	var unknown *audit.UnknownError
	var keys *audit.TooManyKeysError
	var node *access.Error
	switch {
	case errors.Is(err, errAuditBusy):
		return auditBusy
	case errors.As(err, &fault):
		out = refusal{http.StatusUnprocessableEntity, "bad_facts", words(fault, "recovery: "), ""}
	case errors.As(err, &large):
		out = refusal{http.StatusUnprocessableEntity, "too_large", words(large, "recovery: "), ""}
	case errors.As(err, &keys):
		out = refusal{http.StatusUnprocessableEntity, "too_large", words(keys, "audit: "), ""}
	case errors.As(err, &node):
		return flowRefused(err)
	case errors.As(err, &none):
		out = refusal{http.StatusNotFound, "no_account", words(none, "audit: "), ""}
	case errors.As(err, &unknown):
		out = refusal{http.StatusUnprocessableEntity, "unknown_account", words(unknown, "audit: "), ""}
	}
	var hint account.Hinter
	if errors.As(err, &hint) {
		out.hint = hint.Hint()
	}
	return out
}

// words are an error for a person, who knows nothing of packages.
func words(err error, of string) string { return strings.TrimPrefix(err.Error(), of) }

var (
	longBody  = refusal{http.StatusRequestEntityTooLarge, "too_long", "the request is too long", "describe what always shares its fate as one"}
	auditBusy = refusal{http.StatusServiceUnavailable, "busy", "other audits are being worked out", "try again in a moment"}
)
