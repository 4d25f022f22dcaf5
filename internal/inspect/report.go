package inspect

import "slices"

// A Report is all that can be said about one input.
type Report struct {
	Encoding string    `json:"encoding"` // how the input was written: "hex", "base64url", "json", …
	Bytes    int       `json:"bytes"`    // length once decoded
	Readings []Reading `json:"readings"` // most plausible first; never empty
	OK       bool      `json:"ok"`       // the first reading, with its parts, has nothing wrong
}

// A Reading is one way to understand the input.
type Reading struct {
	Kind       string     `json:"kind"`  // stable word for programs: "assertion", "der-signature"
	Title      string     `json:"title"` // the same for a person
	Likelihood Likelihood `json:"likelihood"`
	Facts      []Fact     `json:"facts,omitempty"`
	Findings   []Finding  `json:"findings,omitempty"`
	Parts      []Reading  `json:"parts,omitempty"` // what is inside, explained in the same way
}

// Likelihood says how sure a reading is.
type Likelihood string

// From "it cannot be anything else" to "the length fits".
const (
	Certain  Likelihood = "certain"
	Likely   Likelihood = "likely"
	Possible Likelihood = "possible"
)

func (l Likelihood) rank() int {
	switch l {
	case Certain:
		return 0
	case Likely:
		return 1
	}
	return 2
}

// A Fact is a name and a value, in the order of the bytes.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Severity of a finding. Only Error makes a report not OK.
type Severity string

const (
	Error   Severity = "error"   // something will refuse this
	Warning Severity = "warning" // accepted by some, refused by others, or unwise
	Note    Severity = "note"    // worth knowing
)

// A Finding is one thing worth saying: what, where it usually comes from, and the
// way out.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable word for programs
	Message  string   `json:"message"`
	Source   string   `json:"source,omitempty"` // where this usually comes from
	Hint     string   `json:"hint,omitempty"`   // the way out
}

func (r *Reading) fact(name, value string) { r.Facts = append(r.Facts, Fact{name, value}) }

func (r *Reading) wrong(code, message, source, hint string) {
	r.Findings = append(r.Findings, Finding{Error, code, message, source, hint})
}

func (r *Reading) warn(code, message, source, hint string) {
	r.Findings = append(r.Findings, Finding{Warning, code, message, source, hint})
}

func (r *Reading) note(code, message string) {
	r.Findings = append(r.Findings, Finding{Severity: Note, Code: code, Message: message})
}

// ok reports whether neither the reading nor any of its parts has an error.
func (r *Reading) ok() bool {
	for _, f := range r.Findings {
		if f.Severity == Error {
			return false
		}
	}
	// Parts that are only one of several possible readings do not count against the
	// whole: the first of them speaks for all.
	for i := range r.Parts {
		if !r.Parts[i].ok() {
			return false
		}
	}
	return true
}

// sayOnce drops findings that a part says too, where they belong.
func (r *Reading) sayOnce() {
	said := map[string]bool{}
	var walk func(parts []Reading)
	walk = func(parts []Reading) {
		for _, p := range parts {
			for _, f := range p.Findings {
				said[f.Message] = true
			}
			walk(p.Parts)
		}
	}
	walk(r.Parts)
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return said[f.Message] })
}

// rank puts the most plausible reading first and, when one is certain, drops the
// merely possible ones.
func rank(readings []Reading) []Reading {
	slices.SortStableFunc(readings, func(a, b Reading) int { return a.Likelihood.rank() - b.Likelihood.rank() })
	if len(readings) > 0 && readings[0].Likelihood == Certain {
		readings = slices.DeleteFunc(readings, func(r Reading) bool { return r.Likelihood == Possible })
	}
	return readings
}
