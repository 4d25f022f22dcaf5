package journeys_test

import (
	"net/http"
	"net/http/httptest"
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
