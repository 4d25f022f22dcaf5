// The tables of docs/gas.md.

package gasreport

import (
	"cmp"
	"fmt"
	"strings"
)

// aim is a figure that was aimed at before there was one, and which peers it is to be held against.
type aim struct {
	keys    []string // of contracts/gas.json
	atMost  []uint64
	against func(*Row) bool // nil: nobody does this
}

func withTable(kind string) func(*Row) bool {
	return func(r *Row) bool { return r.Kind == kind && !r.Precompile && r.KeyBytes > words64 }
}

func withoutTable(kind string) func(*Row) bool {
	return func(r *Row) bool { return r.Kind == kind && !r.Precompile && r.KeyBytes <= words64 }
}

// words64 are bytes that are no table yet: another point of the key.
const words64 = 64

// Aims are on Osaka's rules.
func allAims() []aim {
	pair := func(key string, atMost ...uint64) aim {
		return aim{[]string{key, key + ".hint"}, atMost, withTable(Raw)}
	}
	one := func(key string, atMost uint64, against func(*Row) bool) aim {
		return aim{[]string{key}, []uint64{atMost}, against}
	}
	return []aim{
		pair("p256.table16k", 36_500, 32_000), pair("p256.table4k", 41_000, 37_000), pair("p256.table1k", 48_500, 44_500),
		one("p256.notable.hint", 70_000, withoutTable(Raw)), one("p256.notable", 115_000, withoutTable(Raw)),
		one("webauthn.precompile", 8_200, func(r *Row) bool { return r.Kind == WebAuthn && r.Precompile }),
		one("webauthn.table4k.hint", 41_000, withTable(WebAuthn)), one("webauthn.notable.hint", 74_000, withoutTable(WebAuthn)),
		one("table.build1k", 330_000, nil), one("table.build4k", 960_000, nil),
	}
}

// aims is the table of what was aimed at, what is measured and what the cheapest peer takes.
func aims(r *Report, s Snapshot) (string, error) {
	g := newGrid("contracts/gas.json", ">at most", ">measured", ">cheapest peer", "which")
	for _, a := range allAims() {
		var names, limits, got []string
		for i, key := range a.keys {
			names, limits, got = append(names, "`"+key+"`"), append(limits, number(a.atMost[i])), append(got, number(s[Osaka][key]))
		}
		gas, who := "–", "none"
		if peer := r.cheapest(a.against); peer != nil {
			gas, who = number(peer.order()), peer.title()
			if _, ok := peer.Gas[Osaka]; !ok {
				who += ", Cancun"
			}
		}
		g.row(strings.Join(names, " / "), strings.Join(limits, " / "), bold(true, strings.Join(got, " / ")), gas, who)
	}
	return g.String(), nil
}

// cheapest is the peer with the least gas of those that fit.
func (r *Report) cheapest(fits func(*Row) bool) (best *Row) {
	for i := range r.Rows {
		row := &r.Rows[i]
		if fits != nil && !row.Ours && row.By != standard && fits(row) && (best == nil || row.order() < best.order()) {
			best = row
		}
	}
	return best
}

// title is the row's name, with the mark of quotations.
func (r *Row) title() string {
	if r.Quoted {
		return r.Name + " †"
	}
	return r.Name
}

// verifiers is the table of everybody of a kind, the cheapest first.
func verifiers(r *Report, kind string) string {
	g := newGrid("verifier", "from", ">bytes per key", ">Cancun", ">Osaka", "compiled")
	caption := fmt.Sprintf("%d signatures of %d keys; solc %s.\n\n", r.Signatures, r.Keys, r.Solc)
	for _, row := range r.Rows {
		if row.Kind == kind {
			g.row(bold(row.Ours, row.title()), row.source(), cmp.Or(strings.Trim(number(uint64(row.KeyBytes)), "–"), "0"), bold(row.Ours, row.span(Cancun)), bold(row.Ours, row.span(Osaka)), row.Compiled)
		}
	}
	return caption + g.String()
}

// source is where a verifier comes from, in a table.
func (r *Row) source() string {
	if r.Ours || r.Quoted || r.By == standard {
		return r.By
	}
	return "`" + r.By + "`"
}

// refusals lists who is not counted.
func refusals(r *Report, _ Snapshot) (string, error) {
	if len(r.Refused) == 0 {
		return "Nobody failed.\n", nil
	}
	var b strings.Builder
	for _, bad := range r.Refused {
		fmt.Fprintf(&b, "- %s (`%s`): %s.\n", bad.Name, bad.By, bad.Cause)
	}
	return b.String(), nil
}

// transactions is the table of what a transaction costs that does nothing else.
func transactions(r *Report, _ Snapshot) (string, error) {
	g := newGrid("verifier", ">calldata, bytes", ">execution", ">transaction, mean", ">at most")
	var floored []string
	for _, kind := range []string{Raw, WebAuthn} {
		for _, row := range r.Rows {
			gas, ok := row.Gas[Osaka]
			if row.Kind != kind || row.Quoted || !ok {
				continue
			}
			name := row.title()
			if !row.Ours && row.By != standard {
				name += " (" + shortName(row.By) + ")"
			}
			if kind == WebAuthn {
				name = "WebAuthn: " + name
			}
			if row.AtFloor > 0 {
				floored = append(floored, name)
			}
			g.row(bold(row.Ours, name), number(row.Calldata), number(gas.Mean), bold(row.Ours, number(row.AllIn.Mean)), number(row.AllIn.Max))
		}
	}
	floor := "\nThe floor decides nowhere here: execution is larger.\n"
	if len(floored) > 0 {
		floor = "\nThe floor decides for: " + strings.Join(floored, "; ") + ".\n"
	}
	return g.String() + floor, nil
}

// shortName is an npm package's name without scope and version.
func shortName(by string) string {
	by, _, _ = strings.Cut(by, " ")
	return by
}
