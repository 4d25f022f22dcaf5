package journeys_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

// On a public chain nobody can wait for a week at once.
func TestJourneysThatWaitForDaysAreSkippedWhereTheyCannotPass(t *testing.T) {
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the method evm_increaseTime does not exist"}}`))
	}))
	defer public.Close()
	env := environment(t, devnet.Osaka)
	env.Stand.RPC = public.URL
	env.EntryPoints = []userop.EntryPoint{userop.V08}
	env.Only = []string{"cloud_lost_guardians", "thief_starts_recovery", "guardians_rotated_under_attack"}
	var steps []journeys.Step
	if err := journeys.Run(t.Context(), env, func(s journeys.Step) { steps = append(steps, s) }); err != nil {
		t.Error(err)
	}
	for _, s := range steps {
		if s.Skipped == "" || !s.OK {
			t.Errorf("%s is walked", s.Name)
		}
	}
	if len(steps) != len(env.Only) {
		t.Errorf("%d steps", len(steps))
	}
}

// What the transactions of a recovery cost, as docs/journeys.md has it. Operations are not in it: a few thousand gas of
// theirs depend on fees.
func TestWhatRecoveryCosts(t *testing.T) {
	gas := map[string]string{}
	walked := func(rules devnet.Rules, name, prefix string) {
		t.Helper()
		err := find(t, name).Walk(t.Context(), environment(t, rules), userop.V08, func(s journeys.Step) {
			if !s.OK {
				t.Errorf("%s: %v", s.Name, s.Detail["error"])
			}
			if s.Gas != nil {
				gas[prefix+strings.TrimPrefix(s.Name, name+" v0.8: ")] = commas(*s.Gas)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walked(devnet.Osaka, "cloud_lost_guardians", "")
	walked(devnet.Prague, "cloud_lost_guardians", "prague ")
	walked(devnet.Osaka, "thief_starts_recovery", "")
	walked(devnet.Osaka, "guardians_rotated_under_attack", "")
	var table strings.Builder
	table.WriteString("| transaction | gas | who may |\n|---|---:|---|\n")
	for _, row := range [][3]string{
		{"propose, by a key and an account", "Mum and Carol agree, and a stranger proposes it", "anybody with their approvals"},
		{"propose again, by a key and a passkey", "the thief proposes again", "anybody with their approvals"},
		{"execute", "after seven days the stranger executes it", "anybody"},
		{"execute, with the new key's 4 KB table (no P256VERIFY)", "prague after seven days the stranger executes it", "anybody"},
		{"cancel by the account's signature", "the owner cancels by a signature that a stranger carries", "anybody with the signature"},
		{"cancel by two guardians", "two guardians cancel", "anybody with their approvals"},
		{"apply a change of guardians", "after eight days a stranger applies it", "anybody"},
	} {
		if gas[row[1]] == "" {
			t.Errorf("no step %q", row[1])
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", row[0], gas[row[1]], row[2])
	}
	replace(t, "../docs/journeys.md", "recovery", table.String())
}
