package recovery

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the account, the parts of a report agree with each other.
func TestAReportAgreesWithItself(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for i := range 120 {
		a := sound(r, size{7, 8, 4})
		rep, err := audit(a)
		if err != nil {
			t.Fatal(err)
		}
		p := singles(a, rep.worst)
		for _, c := range []struct {
			name string
			cuts Cuts
			want []string
		}{{"lock", rep.Lock, p.lock}, {"theft", rep.Theft, p.theft}} {
			got := slices.DeleteFunc(c.cuts.Singles(), func(id string) bool { return rep.kind(id) == DomainChain })
			want := slices.DeleteFunc(slices.Clone(c.want), func(id string) bool { return rep.kind(id) == DomainChain })
			slices.Sort(got)
			slices.Sort(want)
			if c.cuts.Smallest() == 0 && c.cuts.Total() > 0 {
				continue // it is like that already: the empty set is the only minimal one
			}
			if !slices.Equal(got, want) {
				t.Fatalf("account %d, %s: %v from diagrams, %v from the model", i, c.name, got, want)
			}
		}
		for _, row := range rep.Rows {
			o := row.Outcome
			if row.Best != nil && *row.Best >= o.State {
				t.Fatalf("account %d, %s: %s, at best %s", i, row.ID, o.State, *row.Best)
			}
			if o.State < Locked && o.Route == "" || o.State == Contested && o.Attack == "" || o.State == Stolen && o.Attack == "" {
				t.Fatalf("account %d, %s: no reason for %+v", i, row.ID, o)
			}
			checkEntry(t, rep, row)
		}
		for _, s := range rep.Signers {
			at := slices.IndexFunc(rep.Rows, func(row Row) bool { return row.ID == "signer-taken:"+s.ID })
			if rep.Rows[at].Outcome.State != s.IfStolen {
				t.Fatalf("account %d: %s stolen is %s and %s", i, s.ID, rep.Rows[at].Outcome.State, s.IfStolen)
			}
		}
	}
}

// checkEntry proves that those who bring the owner in can, and are not too few.
func checkEntry(t *testing.T, rep *Report, row Row) {
	t.Helper()
	if row.Outcome.Route == "" {
		return
	}
	h := rep.worst.happen(rep.account, row.Event)
	usable := rep.worst.usable(h.lost, true)
	at := slices.IndexFunc(rep.account.Routes, func(r Route) bool { return r.ID == row.Outcome.Route })
	sum := uint64(0)
	for i, s := range rep.account.Signers {
		if !slices.Contains(row.Outcome.By, s.ID) {
			continue
		}
		if !usable.has(i) {
			t.Fatalf("%s: %s brings the owner in and cannot sign", row.ID, s.ID)
		}
		for _, m := range rep.account.Routes[at].Members {
			if m.Signer == s.ID {
				sum += m.Weight
			}
		}
	}
	if sum < rep.account.Routes[at].Threshold {
		t.Fatalf("%s: %v do not reach the threshold", row.ID, row.Outcome.By)
	}
}

func TestAQuestionTellsWhatItsAnswerTells(t *testing.T) {
	a := onePhone()
	a.Domains[1].Sealed = Fact[bool]{}
	rep := mustAudit(t, a)
	at := slices.IndexFunc(rep.Questions, func(q Question) bool { return q.About == AboutSealed })
	if at < 0 {
		t.Fatal("nobody asks whether the cloud account is sealed")
	}
	a.Domains[1].Sealed = Known(true, Stated)
	after := mustAudit(t, a)
	for i, row := range rep.Rows {
		better := after.Rows[i].Outcome.State < row.Outcome.State
		if better != slices.Contains(rep.Questions[at].Rows, row.ID) {
			t.Errorf("%s: better %v", row.ID, better)
		}
	}
	if len(rep.Questions[at].Rows) == 0 || !slices.Contains(rep.Questions[at].Singles, "theft:icloud") {
		t.Errorf("the answer tells too little: %+v", rep.Questions[at])
	}
	if slices.ContainsFunc(after.Questions, func(q Question) bool { return q.About == AboutSealed }) {
		t.Error("it is asked again")
	}
}

func TestJSONIsReadAgain(t *testing.T) {
	b, err := mustAudit(t, guarded()).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Format string
		Rows   []struct {
			ID      string
			Outcome struct{ State string }
		}
		Lock struct{ Sets [][]string }
	}
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Format != Format || len(back.Rows) == 0 || back.Rows[0].Outcome.State != "recoverable" || len(back.Lock.Sets) == 0 {
		t.Errorf("got %+v", back)
	}
}

// The picture is XML whatever the names are, and nothing is drawn beside it.
func TestThePictureIsWellFormed(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	for range 60 {
		a := sound(r, size{8, 8, 4})
		a.Name = `<script>alert("1")</script>&`
		for i := range a.Signers {
			a.Signers[i].Name = strings.Repeat(`"><é`, r.IntN(8))
		}
		for i := range a.Domains {
			a.Domains[i].Name = strings.Repeat(`]]>'`, r.IntN(20))
		}
		svg := string(mustAudit(t, a).SVG())
		inside(t, svg)
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "script" || slices.ContainsFunc(e.Attr, func(a xml.Attr) bool {
				return strings.HasPrefix(a.Name.Local, "on") || strings.HasSuffix(a.Name.Local, "href")
			})) {
				t.Fatalf("%+v in a picture", e)
			}
		}
	}
}

func TestNothingIsComputedFromAContradiction(t *testing.T) {
	a := onePhone()
	a.Routes[0].Members[0].Signer = "nobody"
	if _, err := Audit(a); !errors.As(err, new(*Error)) {
		t.Errorf("Audit: %v", err)
	}
	if _, err := Options(a); !errors.As(err, new(*Error)) {
		t.Errorf("Options: %v", err)
	}
	if _, err := Plan(a); !errors.As(err, new(*Error)) {
		t.Errorf("Plan: %v", err)
	}
}

// inside proves that texts which run to the right end within the picture, for letters that
// are seven pixels wide.
func inside(t *testing.T, svg string) {
	t.Helper()
	width := 0.0
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox"):], `viewBox="0 0 %f`, &width); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`<text x="([0-9.]+)" y="[0-9.]+" class="[a-z ]*">([^<]*)</text>`).FindAllStringSubmatch(svg, -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		if n := utf8.RuneCountInString(html.UnescapeString(m[2])); x+7*float64(n) > width {
			t.Fatalf("%q at %g ends outside of %g pixels", m[2], x, width)
		}
	}
}
