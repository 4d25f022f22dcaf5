package audit_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/recovery"
)

// A real node's account: the emulator's own, with one key; or what it said when this was
// recorded (POSTERN_FLOW=DIR go test ./audit -run Emulator -update).
func TestTheEmulatorsAccount(t *testing.T) {
	key, file := keyOf(t, "service"), filepath.Join("testdata", t.Name()+".json")
	var transport http.RoundTripper
	var address flow.Address
	base := "http://emulator.invalid"
	if dir := os.Getenv(accesstest.Directory); dir != "" {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		e := must[*accesstest.Emulator](t)(accesstest.Start(ctx, dir, [64]byte(key.Raw())))
		defer e.Stop()
		tape := &accesstest.Tape{Recorded: "flow-emulator v1.20.0", Service: e.Service.Hex()}
		base, address, transport = e.URL, e.Service, tape.Record()
		if *update {
			defer func() {
				if err := tape.Write(file); err != nil {
					t.Error(err)
				}
			}()
		}
	} else {
		tape := must[*accesstest.Tape](t)(accesstest.Read(file))
		address, transport = must[flow.Address](t)(flow.ParseAddress(tape.Service)), tape.Play()
	}
	client := must[*access.Client](t)(access.New(base, access.WithHTTP(&http.Client{Transport: transport})))
	a := must[recovery.Account](t)(audit.ReadFlow(t.Context(), client, address))
	if want := passkeyOf(key) + " weighs 1000: 1000 needed"; signers(a) != want {
		t.Errorf("%s, want %s", signers(a), want)
	}
	if r := must[*recovery.Report](t)(recovery.Audit(&a)); r.Today.State != recovery.Works || r.Outcome([]string{a.Signers[0].ID}, nil).State != recovery.Locked {
		t.Errorf("%v", r.Verdict())
	}
}
