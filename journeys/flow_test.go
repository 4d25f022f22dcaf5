package journeys_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/flow/access/tape"
	"github.com/postern-dev/postern/journeys"
)

var flowSteps = []string{
	/* 1. */ "create a passkey",
	/* 2. */ "the passkey gets an account",
	/* 3. */ "the passkey authorizes, a sponsor pays",
	/* 4. */ "sent again it runs once",
	/* 5. */ "of a wrong signature the broken rule is named",
	/* 6. */ "the sponsor pays for nothing else",
	/* 7. */ "an account of two passkeys, 500 each",
	"one of the two is not enough",
	"both sign, and pay themselves",
	/* 8. */ "the account is found by two answers of the passkey",
	/* 9. */ "the passkey proves the account to an app",
	/* 10. */ "a second passkey is added",
	"it revokes the first",
	"the revoked passkey can do nothing any more",
}

// walkFlow walks the journey and returns its steps.
func walkFlow(t *testing.T, stand *journeys.FlowStand) []journeys.Step {
	t.Helper()
	var steps []journeys.Step
	var got []string
	err := find(t, "flow").Walk(t.Context(), journeys.Env{Flow: stand}, nil, func(s journeys.Step) {
		if !s.OK {
			t.Errorf("%s: %v", s.Name, s.Detail)
		}
		got, steps = append(got, strings.TrimPrefix(s.Name, "flow: ")), append(steps, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "\n") != strings.Join(flowSteps, "\n") {
		t.Errorf("the steps are\n%s", strings.Join(got, "\n"))
	}
	return steps
}

func emulator(t *testing.T) *journeys.FlowStand {
	t.Helper()
	dir := os.Getenv(accesstest.Directory)
	if dir == "" {
		t.Skipf("SKIPPED: no Flow emulator (%s is not set): the recorded walk is not held against one", accesstest.Directory)
	}
	key, err := journeys.RecordedKey()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	e, err := accesstest.Start(ctx, dir, [64]byte(public[1:]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return &journeys.FlowStand{URL: e.URL, Service: e.Service, Sign: journeys.PlainP256(key)}
}

func TestFlow(t *testing.T) { walkFlow(t, nil) }

func TestFlowOnAnEmulator(t *testing.T) { walkFlow(t, emulator(t)) }

// What `postern demo` plays is what an emulator says: -update records it.
func TestTheRecordedWalkOnFlow(t *testing.T) {
	const file = "recorded_flow.json"
	stand := emulator(t)
	recorded := &tape.Tape{Recorded: "flow-emulator v1.20.0", Service: stand.Service.Hex()}
	stand.Transport, stand.Seed = recorded.Record(), []byte(journeys.RecordedSeed)
	walkFlow(t, stand)
	if *update && !t.Failed() {
		if err := recorded.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	old, err := tape.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(old.Exchanges) != len(recorded.Exchanges) {
		t.Fatalf("%d exchanges, recorded are %d", len(recorded.Exchanges), len(old.Exchanges))
	}
	for i, x := range recorded.Exchanges {
		if was := old.Exchanges[i]; x.Request[:4] != was.Request[:4] || x.Status != was.Status {
			t.Errorf("%d: %s answered %d, recorded is %s, %d", i, x.Request, x.Status, was.Request, was.Status)
		}
	}
}

// The recorded walk proves something: with any answer or request changed it fails.
func TestAChangedRecordIsNoticed(t *testing.T) {
	for name, change := range map[string]func(x *tape.Exchange) bool{
		"the note": func(x *tape.Exchange) bool {
			return swap(x, "eyJ2YWx1ZSI6IjciLCJ0eXBlIjoiSW50In0", "eyJ2YWx1ZSI6IjYiLCJ0eXBlIjoiSW50In0")
		},
		"a failed transaction": func(x *tape.Exchange) bool { return swap(x, `"status_code":0`, `"status_code":1`) },
		"another request": func(x *tape.Exchange) bool {
			if x.Body == "" {
				return false
			}
			x.Body += " "
			return true
		},
		"no answer": func(x *tape.Exchange) bool { x.Status = http.StatusBadGateway; return true },
	} {
		played, err := tape.Read("recorded_flow.json")
		if err != nil {
			t.Fatal(err)
		}
		stand, _, err := journeys.RecordedFlow()
		if err != nil {
			t.Fatal(err)
		}
		changed := false
		for i := range played.Exchanges {
			if changed = change(&played.Exchanges[i]); changed {
				break
			}
		}
		stand.Transport = played.Play()
		err = find(t, "flow").Walk(t.Context(), journeys.Env{Flow: stand}, nil, nil)
		if !changed || err == nil {
			t.Errorf("%s: changed %t, %v", name, changed, err)
		}
	}
}

func swap(x *tape.Exchange, old, new string) bool {
	text := strings.Replace(string(x.Reply), old, new, 1)
	changed := text != string(x.Reply)
	x.Reply = json.RawMessage(text)
	return changed
}

// Run walks it once, whatever entry points there are.
func TestFlowIsWalkedOnce(t *testing.T) {
	n := 0
	if err := journeys.Run(t.Context(), journeys.Env{Only: []string{"flow"}}, func(journeys.Step) { n++ }); err != nil || n != len(flowSteps) {
		t.Errorf("%d steps, %v", n, err)
	}
	cut, _, err := journeys.RecordedFlow()
	if err != nil {
		t.Fatal(err)
	}
	cut.Transport = unplugged{}
	err = journeys.Run(t.Context(), journeys.Env{Only: []string{"flow"}, Flow: cut}, func(journeys.Step) {})
	if !errors.Is(err, journeys.ErrFailed) {
		t.Errorf("no chain: %v", err)
	}
}

type unplugged struct{}

func (unplugged) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("the network is unplugged")
}
