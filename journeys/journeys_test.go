package journeys_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

// entryPoints are those that our account works with.
var entryPoints = []userop.EntryPoint{userop.V07, userop.V08, userop.V09}

// chains are started once for all tests of this package, one per set of rules.
var chains = map[devnet.Rules]func() (*devnet.Net, error){
	devnet.Osaka: sync.OnceValues(func() (*devnet.Net, error) { return listen(devnet.Config{FaucetPerMinute: 10_000}) }),
	devnet.Prague: sync.OnceValues(func() (*devnet.Net, error) {
		return listen(devnet.Config{FaucetPerMinute: 10_000, Rules: devnet.Prague})
	}),
}

func listen(c devnet.Config) (*devnet.Net, error) {
	net, err := devnet.Start(context.Background(), c)
	if err != nil {
		return nil, err
	}
	_, err = net.Listen("127.0.0.1:0")
	return net, err
}

// environment is a chain under the rules, reached over HTTP.
func environment(t *testing.T, rules devnet.Rules) journeys.Env {
	t.Helper()
	net, err := chains[rules]()
	if err != nil {
		t.Fatal(err)
	}
	return journeys.Env{Stand: journeys.Devnet(net.URL(), net.Info().Token)}
}

// walk walks one journey on every entry point, with and without P256VERIFY, and
// checks that its steps are the numbered ones.
func walk(t *testing.T, name string, steps ...string) {
	t.Helper()
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		for _, ep := range entryPoints {
			t.Run(rules.String()+" v"+ep.Version(), func(t *testing.T) {
				walkOn(t, environment(t, rules), name, ep, steps)
			})
		}
	}
}

// walkOn walks one journey on one entry point of a stand and returns its steps
// under their bare names.
func walkOn(t *testing.T, env journeys.Env, name string, ep userop.EntryPoint, want []string) []journeys.Step {
	t.Helper()
	var steps []journeys.Step
	var got []string
	err := find(t, name).Walk(t.Context(), env, ep, func(s journeys.Step) {
		prefix := name + " v" + ep.Version() + ": "
		if !strings.HasPrefix(s.Name, prefix) {
			t.Errorf("step %q does not start with %q", s.Name, prefix)
		}
		gas := ""
		if s.Gas != nil {
			gas = fmt.Sprintf("gas %d", *s.Gas)
		}
		t.Logf("%-55s %5d ms  %s %v", s.Name, s.MS, gas, s.Detail["gain"])
		if !s.OK {
			t.Errorf("%s: %s", s.Name, jsonOf(t, s.Detail))
		}
		s.Name = strings.TrimPrefix(s.Name, prefix)
		got = append(got, s.Name)
		steps = append(steps, s)
	})
	if err != nil {
		t.Error(err)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the steps are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return steps
}

func find(t testing.TB, name string) journeys.Journey {
	t.Helper()
	for _, j := range journeys.All() {
		if j.Name == name {
			return j
		}
	}
	t.Fatalf("no journey %q", name)
	return journeys.Journey{}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryJourneyHasATestFile(t *testing.T) {
	for _, j := range journeys.All() {
		if _, err := os.Stat(filepath.Join(".", j.Name+"_test.go")); err != nil {
			t.Error(err)
		}
		if j.Story == "" {
			t.Errorf("%s tells no story", j.Name)
		}
	}
}

func TestRunReportsEveryStepAndFailsWhenOneFails(t *testing.T) {
	env := environment(t, devnet.Osaka)
	env.Only, env.EntryPoints = []string{"register"}, []userop.EntryPoint{userop.V08}
	var r journeys.Report
	if err := journeys.Run(t.Context(), env, func(s journeys.Step) { r.Steps = append(r.Steps, s) }); err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != 5 {
		t.Errorf("%d steps", len(r.Steps))
	}
	env.Stand.RPC = "http://127.0.0.1:1" // nothing listens there
	r = journeys.Report{}
	err := journeys.Run(t.Context(), env, func(s journeys.Step) { r.Steps = append(r.Steps, s) })
	if err == nil || len(r.Steps) != 5 || r.Steps[4].OK || r.Steps[4].Detail["error"] == nil {
		t.Errorf("with no chain: %v, %s", err, jsonOf(t, r))
	}
}
