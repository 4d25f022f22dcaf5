package gasreport

import "testing"

func TestOurFiguresKeepWithinTheAims(t *testing.T) {
	s := snapshotOf(t)
	for _, a := range allAims() {
		for i, key := range a.keys {
			if gas := s[Osaka][key]; gas == 0 || gas > a.atMost[i] {
				t.Errorf("%s: %d gas, at most %d", key, gas, a.atMost[i])
			}
		}
	}
}
