package main

import (
	"bytes"
	"testing"

	"github.com/postern-dev/postern/journeys"
)

func TestAStepIsOneLineAndAFailureSaysWhy(t *testing.T) {
	gas, kit := uint64(104803), uint64(193840)
	hash := "0x" + string(bytes.Repeat([]byte("ab"), 32))
	for _, tt := range []struct {
		step    journeys.Step
		details bool
		want    string
	}{
		{journeys.Step{Name: "operate v0.8: send value", OK: true, Gas: &gas, MS: 23, Detail: map[string]any{"userOpHash": hash, "block": 4}}, false,
			"ok    operate v0.8: send value                                  104803 gas    23 ms  op 0xabababab…abababab\n"},
		{journeys.Step{Name: "backup_signer v0.7: send", OK: true, Gas: &gas, KitGas: &kit, MS: 23, Detail: map[string]any{"txHash": hash}}, false,
			"ok    backup_signer v0.7: send                                  104803 gas    23 ms  kit 193840 gas  tx 0xabababab…abababab\n"},
		{journeys.Step{Name: "a", OK: true, MS: 1, Detail: map[string]any{"block": 4, "summary": "one\n two"}}, true,
			"ok    a                                                                  -     1 ms\n      block        4\n      summary      one\n                   two\n"},
		{journeys.Step{Name: "b", MS: 2, Detail: map[string]any{"error": "it broke\x1b[2J", "hint": "mend it", "block": 4}}, false,
			"FAIL  b                                                                  -     2 ms\n      error        it broke\\u001b[2J\n      hint         mend it\n"},
		{journeys.Step{Name: "c", OK: true, Skipped: "there is no second chain"}, false, "skip  c: there is no second chain\n"},
	} {
		var out bytes.Buffer
		printStep(&out, false, tt.step, tt.details)
		if out.String() != tt.want {
			t.Errorf("got\n%swant\n%s", &out, tt.want)
		}
	}
}
