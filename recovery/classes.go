// The table of sync-ability and discoverability.

package recovery

import "fmt"

// ClassReport is a field of the table and whose passkeys stand there.
type ClassReport struct {
	Synced       bool   `json:"synced"`
	Discoverable bool   `json:"discoverable"`
	Words        string `json:"words"`
	Examples     string `json:"examples"`
	// Signers are passkeys of which both is known, Claimed those of which nobody vouches
	// for one of it. Passkeys of which one is not known are in no field.
	Signers []string `json:"signers"`
	Claimed []string `json:"claimed"`
}

// classes fills in the table, if there are passkeys.
func (r *Report) classes() {
	var fields []ClassReport
	for _, synced := range []bool{true, false} {
		for _, discoverable := range []bool{true, false} {
			c := Class{Known(synced, Signed), Known(discoverable, Signed)}
			fields = append(fields, ClassReport{synced, discoverable, c.Words(), c.Examples(), []string{}, []string{}})
		}
	}
	for _, s := range r.account.Signers {
		if s.Kind != KindPasskey {
			continue
		}
		r.Classes = fields
		c := s.Class()
		if c.Synced.Source == Unknown || c.Discoverable.Source == Unknown {
			continue
		}
		for i, f := range fields {
			switch {
			case f.Synced != c.Synced.Value || f.Discoverable != c.Discoverable.Value:
			case c.Synced.Relied() && c.Discoverable.Relied():
				fields[i].Signers = append(f.Signers, s.ID)
			default:
				fields[i].Claimed = append(f.Claimed, s.ID)
			}
		}
	}
}

func (r *Report) classWords() (out []string) {
	in := map[string]bool{}
	for _, f := range r.Classes {
		var names []string
		for _, id := range f.Signers {
			names, in[id] = append(names, r.Label(id)), true
		}
		for _, id := range f.Claimed {
			names, in[id] = append(names, r.Label(id)+" (claimed)"), true
		}
		who := "none"
		if len(names) > 0 {
			who = list(names, "and")
		}
		out = append(out, fmt.Sprintf("%s: %s. As %s.", sentence(f.Words), who, f.Examples))
	}
	var unknown []string
	for _, s := range r.account.Signers {
		if s.Kind == KindPasskey && !in[s.ID] {
			unknown = append(unknown, s.Label())
		}
	}
	if len(unknown) > 0 {
		out = append(out, "One or the other is not known: "+stop(list(unknown, "and")))
	}
	return out
}
