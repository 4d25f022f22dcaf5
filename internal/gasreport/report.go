// The report: what is measured, and as JSON.

package gasreport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Kinds of rows.
const (
	Raw      = "raw"      // a signature over a digest
	WebAuthn = "webauthn" // a passkey's assertion of a challenge: client data of 132 bytes, hashed and checked
)

// Row is a verifier and its figures.
type Row struct {
	Name       string        `json:"name"`
	By         string        `json:"by"` // the npm package and its version
	Kind       string        `json:"kind"`
	Key        string        `json:"key,omitempty"` // its name in contracts/gas.json
	Ours       bool          `json:"ours,omitempty"`
	Hint       bool          `json:"hint,omitempty"`
	Precompile bool          `json:"precompile,omitempty"` // it asks the precompile, which is there
	Quoted     bool          `json:"quoted,omitempty"`     // not measured by this command
	KeyBytes   int           `json:"keyBytes"`             // of code on the chain, for each key
	Compiled   string        `json:"compiled,omitempty"`   // the way of compiling that costs least
	Gas        map[Rules]Gas `json:"gas"`                  // of the call alone
	Calldata   uint64        `json:"calldata,omitempty"`   // bytes, mean
	AllIn      Gas           `json:"allIn,omitzero"`       // of a transaction on Osaka that calls the verifier
	AtFloor    uint64        `json:"atFloor,omitempty"`    // signatures for which EIP-7623's floor decides that
}

// Refused is a verifier that is not counted.
type Refused struct {
	Name  string `json:"name"`
	By    string `json:"by"`
	Cause string `json:"cause"`
}

// Report is everything that docs/gas.md says, but for what contracts/gas.json does.
type Report struct {
	Signatures int       `json:"signatures"`
	Keys       int       `json:"keys"`
	Solc       string    `json:"solc"`
	Rows       []Row     `json:"rows"` // raw ones first, and the cheapest first
	Refused    []Refused `json:"refused"`
}

// Measure measures everybody.
func Measure(ctx context.Context, peers *Peers) (*Report, error) {
	all, err := newSample()
	if err != nil {
		return nil, err
	}
	verifiers := slices.Concat(engines(), flows())
	for _, p := range slices.Concat(rawPeers(), webauthnPeers()) {
		v, err := p.best(peers, sample{counted: all.counted[:few]})
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, v)
	}
	r := &Report{Signatures: len(all.counted), Keys: Keys, Solc: peers.Solc, Rows: quoted(), Refused: []Refused{}}
	for _, v := range verifiers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := v.measure(all)
		var bad *refusal
		switch {
		case errors.As(err, &bad) && !v.Ours:
			r.Refused = append(r.Refused, Refused{v.Name, v.By, bad.cause})
		case err != nil:
			return nil, err
		default:
			r.Rows = append(r.Rows, v.Row)
		}
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int {
		if a.Kind != b.Kind {
			return map[string]int{Raw: 0, WebAuthn: 1}[a.Kind]*2 - 1
		}
		return int(a.order()) - int(b.order())
	})
	return r, nil
}

// few signatures tell which way of compiling is the cheapest.
const few = 6

// order is what rows are sorted by: Osaka's mean, or Cancun's where there is no other.
func (r *Row) order() uint64 {
	if g, ok := r.Gas[Osaka]; ok {
		return g.Mean
	}
	return r.Gas[Cancun].Mean
}

// find is the row of a name in contracts/gas.json; nil without.
func (r *Report) find(key string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Key == key {
			return &r.Rows[i]
		}
	}
	return nil
}

// JSON is what docs/gas.json holds.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// Parse reads docs/gas.json.
func Parse(b []byte) (*Report, error) {
	r := new(Report)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("docs/gas.json: %w", err)
	}
	return r, nil
}

// Print writes the report as one table.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "verifier\tby\tkey bytes\tCancun min/mean/max\tOsaka min/mean/max\tall-in, Osaka\n")
	for _, row := range r.Rows {
		name := row.Name
		if row.Kind == WebAuthn {
			name = "WebAuthn: " + name
		}
		if row.Quoted {
			name += " (quoted)"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\n", name, row.By, row.KeyBytes, row.span(Cancun), row.span(Osaka), number(row.AllIn.Mean))
	}
	for _, bad := range r.Refused {
		fmt.Fprintf(t, "%s\t%s\tnot counted: %s\n", bad.Name, bad.By, bad.Cause)
	}
	return t.Flush()
}

// span is min/mean/max, or one figure where they are one.
func (r *Row) span(rules Rules) string {
	g, ok := r.Gas[rules]
	switch {
	case !ok:
		return "–"
	case g.Min == g.Max || g.Min == 0:
		return number(g.Mean)
	}
	return number(g.Min) + " / " + number(g.Mean) + " / " + number(g.Max)
}

// number writes thousands apart; nothing for 0.
func number(n uint64) string {
	switch {
	case n == 0:
		return "–"
	case n < 1000:
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
}

// standard is where the precompile comes from, which is nobody's verifier.
const standard = "EIP-7951"
