package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// supposition is what the page reads of an audit with proposals counted as made.
type supposition struct {
	Report struct {
		Supposed []string
		Advice   []struct{ Words string }
		Lock     struct{ Sets [][]string }
		Signers  []struct{ ID string }
	}
	Done []struct {
		Words, Effort string
		Left          int
	}
	Gone, Verdict []string
	SVG, Template string
}

// alone is an account with one passkey whose facts are all known.
const alone = `{"version":1,"account":{"can":["add-passkey","add-key","threshold"]},
	"domain":[{"id":"laptop","kind":"device"},{"id":"wallet.example","kind":"rp-id"}],
	"signer":[{"id":"key","kind":"passkey","cloud":false,"devices":["laptop"],"rp-id":"wallet.example","exportable":false,"roaming":false}],
	"route":[{"id":"own","use":"operate","threshold":1,"members":["key"]}]}`

func (r *running) suppose(with ...string) (got supposition) {
	r.t.Helper()
	list, err := json.Marshal(with)
	if err != nil {
		r.t.Fatal(err)
	}
	res, body := r.ask(`{"facts":` + alone + `,"with":` + string(list) + `}`)
	if res.StatusCode != 200 {
		r.t.Fatalf("%d %s", res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		r.t.Fatal(err)
	}
	return got
}

// Proposals are walked one by one, as if each were made before the next is chosen.
func TestAnAuditIsComputedAsIfProposalsWereMade(t *testing.T) {
	r := serve(t, func(c *Config) { c.Chain = oddChain{} })
	now := r.suppose()
	if len(now.Report.Advice) < 2 || len(now.Report.Supposed)+len(now.Done) != 0 || now.Template == "" {
		t.Fatalf("%+v", now)
	}
	first := now.Report.Advice[1].Words // any of them can be chosen
	then := r.suppose(first)
	if len(then.Done) != 1 || then.Done[0].Words != first || then.Done[0].Effort == "" || !slices.Equal(then.Report.Supposed, []string{first}) {
		t.Fatalf("%+v", then)
	}
	if !strings.Contains(then.Verdict[0], "not the account as it is") || !strings.Contains(then.SVG, "not the account as it is") || then.Template != "" {
		t.Errorf("what is supposed is not said: %q", then.Verdict)
	}
	if fmt.Sprint(then.Report.Lock) == fmt.Sprint(now.Report.Lock) && len(then.Report.Signers) == len(now.Report.Signers) {
		t.Errorf("nothing has changed: %+v", then.Report)
	}
	if len(then.Report.Advice) == 0 {
		t.Fatal("nothing is left to propose")
	}
	second := then.Report.Advice[0].Words
	if both := r.suppose(first, second); !slices.Equal(both.Report.Supposed, []string{first, second}) || len(both.Gone) != 0 {
		t.Errorf("%+v", both)
	}
	// What is not proposed is not made, and is told; the rest stays.
	odd := r.suppose("Give it to me.", first)
	if !slices.Equal(odd.Gone, []string{"Give it to me."}) || !slices.Equal(odd.Report.Supposed, []string{first}) {
		t.Errorf("%+v", odd)
	}

	many := strings.TrimSuffix(strings.Repeat(`"x",`, maxWith+1), ",")
	for _, with := range []string{`[` + many + `]`, `"x"`, `[1]`, `{}`} {
		res, body := r.ask(`{"facts":` + alone + `,"with":` + with + `}`)
		r.refused(res, body, http.StatusUnprocessableEntity, "bad_facts")
	}
}
