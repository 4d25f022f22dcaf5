package gasreport

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const root = "../.."

const again = "run `go run ./internal/gasreport/cmd` at the module's root and commit docs/"

func TestTheDocumentSaysWhatTheFiguresAre(t *testing.T) {
	files, err := Files(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the figures make it (%v): %s", filepath.Base(name), err, again+", or with -draw if only contracts/gas.json has changed")
		}
	}
}

func TestTheFiguresAreWhatIsMeasured(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	peers, err := CompilePeers(ctx, root)
	if errors.Is(err, ErrMissing) {
		t.Skip("SKIPPED:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Measure(ctx, peers)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(root, Figures))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/gas.json is not what is measured (%v): %s", err, again)
		compare(t, r)
	}
}

// compare names the rows that differ.
func compare(t *testing.T, now *Report) {
	t.Helper()
	then := committed(t)
	old := map[string]Row{}
	for _, row := range then.Rows {
		old[row.Kind+row.Name] = row
	}
	for _, row := range now.Rows {
		for _, rules := range []Rules{Cancun, Osaka} {
			if was := old[row.Kind+row.Name].Gas[rules]; was != row.Gas[rules] {
				t.Logf("%s, %s, %s: %v was %v", row.Kind, row.Name, rules, row.Gas[rules], was)
			}
		}
	}
}

func snapshotOf(t *testing.T) Snapshot {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSnapshot(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Two commands measure the same: equally where gas is constant, and within half a percent where it is not.
func TestOurRowsAgreeWithTheSnapshot(t *testing.T) {
	s, compared := snapshotOf(t), 0
	for _, row := range committed(t).Rows {
		for rules, gas := range row.Gas {
			other, ok := s[rules][row.Key]
			if !ok {
				continue
			}
			compared++
			if d := max(gas.Mean, other) - min(gas.Mean, other); gas.Min == gas.Max && d != 0 || d*200 > other {
				t.Errorf("%s, %s: %d here, %d in contracts/gas.json", row.Key, rules, gas.Mean, other)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d figures are in both", compared)
	}
}

func TestSectionsNeedTheirMarkersOnce(t *testing.T) {
	begin, end := "<!-- generated: a -->\n", "<!-- end: a -->"
	for _, bad := range []string{"", begin, end, end + begin, begin + begin + end, begin + end + end, "<!-- generated: b -->\n<!-- end: b -->"} {
		if _, err := replace([]byte(bad), "a", "new"); !errors.Is(err, ErrMarkers) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	got, err := replace([]byte("x"+begin+"old"+end+"y"), "a", "new")
	if err != nil || string(got) != "x"+begin+"new"+end+"y" {
		t.Errorf("%q, %v", got, err)
	}
}
