package rescue_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/rescue"
)

var update = flag.Bool("update", false, "record the exchanges with the emulator in POSTERN_FLOW anew")

// flowWorld is a chain of Flow whose service account has an exported passkey as its key: a fresh
// emulator where there is one, or what it said when the test was recorded.
func flowWorld(t *testing.T, public [64]byte) (*access.Client, flow.Address) {
	t.Helper()
	file := filepath.Join("testdata", t.Name()+".json")
	base := "http://emulator.invalid"
	var transport http.RoundTripper
	var service flow.Address
	if dir := os.Getenv(accesstest.Directory); dir != "" {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		e, err := accesstest.Start(ctx, dir, public)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Stop)
		tape := &accesstest.Tape{Recorded: "flow-emulator v1.20.0", Service: e.Service.Hex()}
		base, service, transport = e.URL, e.Service, tape.Record()
		if *update {
			t.Cleanup(func() {
				if !t.Failed() {
					if err := tape.Write(file); err != nil {
						t.Error(err)
					}
				}
			})
		}
	} else {
		tape, err := accesstest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		service, transport = must(flow.ParseAddress(tape.Service)), tape.Play()
	}
	return must(access.New(base, access.WithHTTP(&http.Client{Transport: transport}), access.WithPoll(50*time.Millisecond))), service
}

func TestAnAccountOfFlowIsEmptiedByAnExportedPasskey(t *testing.T) {
	p := export(t, "flow", nil)
	s := rescue.Exported(p)
	c, service := flowWorld(t, [64]byte(p.Key.Raw()))

	// 1. Its account; another passkey has no say in it.
	if _, err := rescue.OpenFlow(t.Context(), c, service, rescue.Exported(export(t, "thief", nil))); !is[*rescue.FlowSignerError](err) {
		t.Errorf("%v", err)
	}
	f, err := rescue.OpenFlow(t.Context(), c, service, s)
	if err != nil || f.Weight != flow.WeightThreshold || f.Balance == 0 {
		t.Fatalf("%+v, %v", f, err)
	}

	// 2. Somebody else's account, which the same passkey makes.
	script, arguments, err := flow.CreateAccount(flow.Passkey(p.Key, flow.WeightThreshold))
	if err != nil {
		t.Fatal(err)
	}
	tx := &flow.Transaction{Script: script, Arguments: arguments, ProposalKey: flow.ProposalKey{Address: service, KeyIndex: f.Keys[0].Index}, Payer: service, Authorizers: []flow.Address{service}}
	if err := c.Prepare(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	safe := flow.Address{}
	for _, e := range sendFlow(t, c, f, tx).Events {
		if e.Type == "flow.AccountCreated" {
			safe = must(flow.ParseAddress(e.Value.Items[0].Text))
		}
	}

	// 3. What is not there is not moved; some of it is.
	if _, err := f.Move(t.Context(), c, safe, f.Balance); !is[*rescue.FlowNothingError](err) {
		t.Errorf("%v", err)
	}
	sendFlow(t, c, f, must(f.Move(t.Context(), c, safe, 5e8)))

	// 4. All of the other account moves, but for what its storage needs.
	f = must(rescue.OpenFlow(t.Context(), c, safe, s))
	sendFlow(t, c, f, must(f.Move(t.Context(), c, service, 0)))
	if left := must(c.Account(t.Context(), safe)).Balance; left > 2*rescue.FlowReserve || f.Balance < 5e8 {
		t.Errorf("%d of %d stayed behind", left, f.Balance)
	}
	f = must(rescue.OpenFlow(t.Context(), c, safe, s))
	if _, err := f.Move(t.Context(), c, service, 0); !is[*rescue.FlowNothingError](err) {
		t.Errorf("%v", err)
	}
}

func sendFlow(t *testing.T, c *access.Client, f *rescue.FlowAccount, tx *flow.Transaction) access.Result {
	t.Helper()
	if err := f.Sign(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	id, err := c.Send(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	return r
}
