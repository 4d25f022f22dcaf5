package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// pathed is an authority whose approvals have as many more bytes as its path says.
type pathed struct {
	account.Authority
	says []byte // the chain
	on   []byte
}

var errPaths = errors.New("no such path")

func (p *pathed) P256Paths(context.Context, account.Chain) []byte { return p.says }

func (p *pathed) OnP256Paths(paths []byte) (account.Authority, error) {
	if len(paths) != 1 {
		return nil, errPaths
	}
	return &pathed{p.Authority, p.says, paths}, nil
}

func (p *pathed) Stub() []byte {
	return append(p.Authority.Stub(), make([]byte, slices.Max(append(p.on, 0)))...)
}

func (p *pathed) Seal(op *userop.Op, a account.Approval) ([]byte, error) {
	sig, err := p.Authority.Seal(op, a)
	return append(sig, make([]byte, slices.Max(append(p.on, 0)))...), err
}

func TestOperationsAreEstimatedAndSealedForThePathThatTheChainSays(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	auth := &pathed{Authority: o.auth, says: []byte{128}}
	bare := len(o.auth.Stub())
	p, err := account.Prepare(t.Context(), w.client(), o.acct, auth, []account.Call{{To: friend}})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(w.estimated[0].Signature); got != bare+128 {
		t.Errorf("gas was estimated for a signature of %d bytes, want %d", got, bare+128)
	}

	// What the chain says later is another matter: the gas limits are fixed.
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	later := &pathed{Authority: o.auth, says: []byte{0}}
	back, err := account.Resume(saved, w.client(), o.acct, later)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(saved, again) {
		t.Errorf("saved again as %s, %v", again, err)
	}
	approval := o.approve(t, back.Challenge())
	for name, q := range map[string]*account.Prepared{"at once": p, "after a restart": back} {
		op, err := q.Finish(approval)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plain, err := o.auth.Seal(op, approval)
		if err != nil || len(op.Signature) != len(plain)+128 {
			t.Errorf("%s: the signature has %d bytes, without hints %d; %v", name, len(op.Signature), len(plain), err)
		}
	}

	// Paths that do not fit.
	if _, err := account.Resume(saved, w.client(), o.acct, keyOnly{o.auth}); !errors.Is(err, account.ErrChanged) {
		t.Errorf("an authority without paths: %v", err)
	}
	two := strings.Replace(string(saved), `"p256Paths":"0x80"`, `"p256Paths":"0x8080"`, 1)
	if _, err := account.Resume([]byte(two), w.client(), o.acct, later); two == string(saved) || !errors.Is(err, errPaths) {
		t.Errorf("a path too many: %v", err)
	}
	many := strings.Replace(string(saved), `"p256Paths":"0x80"`, `"p256Paths":"0x`+strings.Repeat("80", 5000)+`"`, 1)
	if _, err := account.Resume([]byte(many), w.client(), o.acct, later); !errors.Is(err, account.ErrChanged) {
		t.Errorf("5000 paths: %v", err)
	}
	wrong := &pathed{Authority: o.auth, says: []byte{1, 2}}
	if _, err := account.Prepare(t.Context(), w.client(), o.acct, wrong, []account.Call{{To: friend}}); !errors.Is(err, errPaths) {
		t.Errorf("an authority that refuses its own paths: %v", err)
	}

	// Without paths nothing is saved of them, as before there were any.
	none, err := account.Prepare(t.Context(), w.client(), o.acct, keyOnly{o.auth}, []account.Call{{To: friend}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(none)
	if err != nil || bytes.Contains(text, []byte("p256Paths")) {
		t.Errorf("%s, %v", text, err)
	}
}

// keyOnly hides every ability but an authority's own.
type keyOnly struct{ account.Authority }
