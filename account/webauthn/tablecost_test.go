package webauthn_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/p256table"
)

var formats = []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k}

func TestWhatTablesCostIsWhatIsMeasured(t *testing.T) {
	var gas map[string]map[string]uint64
	b, err := os.ReadFile("../../contracts/gas.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &gas); err != nil {
		t.Fatal(err)
	}
	cost := func(f p256table.Format) webauthn.TableCost {
		c, ok := webauthn.CostOf(f)
		if !ok || c.Format != f {
			t.Fatalf("no cost of %s", f)
		}
		return c
	}
	if c, want := cost(0), gas["osaka"]["p256.notable.hint"]+128*16; c.Verify != want || c.Build != 0 {
		t.Errorf("no table: %+v, measured %d", c, want)
	}
	for _, f := range formats {
		c := cost(f)
		if want := gas["osaka"]["p256.table"+f.String()+".hint"] + 32*16; c.Verify != want {
			t.Errorf("%s: %d per signature, measured %d", f, c.Verify, want)
		}
		if want := gas["osaka"]["table.build"+f.String()]; c.Build != want {
			t.Errorf("%s: %d to build, measured %d", f, c.Build, want)
		}
	}
	for _, f := range []p256table.Format{p256table.FCL, 1, 0x10, 0x15} {
		if _, ok := webauthn.CostOf(f); ok {
			t.Errorf("format %d has a cost", f)
		}
	}
}

func TestTheBestTableIsTheCheapestOfAll(t *testing.T) {
	all := append([]p256table.Format{0}, formats...)
	cost := func(inUse, f p256table.Format, n uint64) uint64 {
		c, _ := webauthn.CostOf(f)
		if f == inUse {
			return n * c.Verify
		}
		return c.Build + n*c.Verify
	}
	for _, inUse := range all {
		for _, n := range []uint64{0, 1, 2, 10, 11, 12, 14, 15, 16, 50, 89, 90, 91, 500, 679, 680, 681, 10_000, 1 << 40} {
			best := webauthn.BestTable(inUse, n)
			for _, f := range all {
				if f >= inUse && cost(inUse, f, n) < cost(inUse, best, n) {
					t.Errorf("%d signatures from %s: %s is said to be best, %s is cheaper", n, inUse, best, f)
				}
			}
			if best < inUse {
				t.Errorf("%d signatures: %s in place of the larger %s", n, best, inUse)
			}
		}
		if best := webauthn.BestTable(inUse, math.MaxUint64); best != p256table.Format16k {
			t.Errorf("for ever: %s", best)
		}
	}
	// As the comment says.
	for n, want := range map[uint64]p256table.Format{0: 0, 10: 0, 11: p256table.Format512, 14: p256table.Format512, 15: p256table.Format1k,
		89: p256table.Format1k, 90: p256table.Format4k, 679: p256table.Format4k, 680: p256table.Format16k} {
		if got := webauthn.BestTable(0, n); got != want {
			t.Errorf("%d signatures: %s, want %s", n, got, want)
		}
	}
}

func TestATablePaysAfterAsManySignaturesAsItSays(t *testing.T) {
	for _, inUse := range append([]p256table.Format{0}, formats...) {
		for _, f := range append([]p256table.Format{0}, formats...) {
			n, ok := webauthn.PaysAfter(inUse, f)
			if ok != (f > inUse) {
				t.Errorf("from %s to %s: %v", inUse, f, ok)
			}
			if !ok {
				continue
			}
			now, _ := webauthn.CostOf(inUse)
			then, _ := webauthn.CostOf(f)
			if then.Build+n*then.Verify > n*now.Verify {
				t.Errorf("from %s to %s: after %d signatures it does not pay", inUse, f, n)
			}
			if n--; then.Build+n*then.Verify <= n*now.Verify {
				t.Errorf("from %s to %s: it pays after %d signatures already", inUse, f, n)
			}
		}
	}
	if _, ok := webauthn.PaysAfter(0, p256table.FCL); ok {
		t.Error("a table that no account uses pays")
	}
}
