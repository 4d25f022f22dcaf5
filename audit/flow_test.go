package audit_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/recovery"
)

// flowNode is an access node that knows one account of these keys.
func flowNode(t *testing.T, keys ...string) *access.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/accounts/0000000000000001" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"address":"0000000000000001","balance":"5","keys":[%s]}`, strings.Join(keys, ","))
	}))
	t.Cleanup(s.Close)
	return must[*access.Client](t)(access.New(s.URL))
}

func flowKey(index int, public [64]byte, curve flow.Curve, hash flow.HashAlgorithm, weight int, revoked bool) string {
	return fmt.Sprintf(`{"index":"%d","public_key":"0x%x","signing_algorithm":"%s","hashing_algorithm":"%s","sequence_number":"1","weight":"%d","revoked":%t}`,
		index, public, curve, hash, weight, revoked)
}

func TestFlowKeysWithWeights(t *testing.T) {
	phone, laptop := keyOf(t, "phone"), keyOf(t, "laptop")
	k := func(name string) [64]byte { return [64]byte(keyOf(t, name).Raw()) }
	a := must[recovery.Account](t)(audit.ReadFlow(t.Context(), flowNode(t,
		flowKey(0, k("phone"), flow.P256, flow.SHA2, 500, false),
		flowKey(1, k("lost"), flow.P256, flow.SHA2, 1000, true),
		flowKey(2, k("laptop"), flow.P256, flow.SHA2, 500, false),
		flowKey(3, k("proposer"), flow.P256, flow.SHA2, 0, false),
		flowKey(4, [64]byte{0: 7, 63: 1}, flow.Secp256k1, flow.SHA3, 999, false),
	), flow.Address{7: 1}))
	want := passkeyOf(phone) + " weighs 500; " + passkeyOf(laptop) + fmt.Sprintf(" weighs 500; hot-key 0x07%062x weighs 999: 1000 needed", 0)
	if got := signers(a); got != want || a.Kind != "Flow account" || a.Address != "0x0000000000000001" {
		t.Errorf("%s %s: %s, want %s", a.Kind, a.Address, got, want)
	}
	if !slices.Contains(a.Can, recovery.CanThreshold) || slices.ContainsFunc(a.Domains, func(d recovery.Domain) bool { return d.Kind == recovery.DomainBundler }) {
		t.Errorf("can %v, domains %v", a.Can, a.Domains)
	}
	r := must[*recovery.Report](t)(recovery.Audit(&a))
	if r.Today.State != recovery.Works || slices.Contains(r.Theft.Singles(), a.Signers[0].ID) || r.Outcome([]string{a.Signers[0].ID}, nil).State != recovery.Works ||
		r.Outcome([]string{a.Signers[0].ID, a.Signers[1].ID}, nil).State != recovery.Locked || r.Outcome(nil, []string{a.Signers[1].ID, a.Signers[2].ID}).State != recovery.Stolen {
		t.Errorf("%v", r.Verdict())
	}
	notes := strings.Join(audit.Unread(a), "\n")
	if strings.Count(notes, "counted as a passkey") != 2 || strings.Count(notes, "counted as a key in software") != 1 || !strings.Contains(notes, "Capabilities") || strings.Contains(notes, "nobody can sign") {
		t.Errorf("unread: %s", notes)
	}

	// What kind of key it is, its holder may say; and that a passkey server knows it settles it.
	f := must[*recovery.File](t)(recovery.ParseFile([]byte("version = 1\n[[signer]]\nid = \"" + a.Signers[0].ID + "\"\nkind = \"hot-key\"\n")))
	said := must[*recovery.Account](t)(f.Apply(&a))
	if said.Signers[0].Kind != recovery.KindHot || said.Signers[0].AnyKind {
		t.Errorf("%+v", said.Signers[0])
	}
	known := recovery.WithPasskeys(&a, recovery.Kept{RPID: "wallet.example", ID: []byte{1}, Key: phone, Facts: recovery.Passkey{Provider: "Somebody"}})
	if _, err := f.Apply(known); err == nil {
		t.Error("a passkey that a server knows became a key in software")
	}
	if notes := audit.Unread(*known); len(notes) != 3 {
		t.Errorf("unread, with facts: %v", notes)
	}
}

func TestFlowAccountsThatNobodyCanOpen(t *testing.T) {
	phone := [64]byte(keyOf(t, "phone").Raw())
	for name, keys := range map[string][]string{
		"all revoked": {flowKey(0, phone, flow.P256, flow.SHA2, 1000, true)},
		"too light":   {flowKey(0, phone, flow.P256, flow.SHA2, 999, false)},
		"no keys":     nil,
	} {
		a := must[recovery.Account](t)(audit.ReadFlow(t.Context(), flowNode(t, keys...), flow.Address{7: 1}))
		r, err := recovery.Audit(&a)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Today.State != recovery.Locked {
			t.Errorf("%s: %v", name, r.Verdict())
		}
		if notes := strings.Join(audit.Unread(a), "\n"); !strings.Contains(notes, "nobody can sign for it") {
			t.Errorf("%s: %s", name, notes)
		}
	}
}

func TestFlowAccountsThatAreRefused(t *testing.T) {
	phone := [64]byte(keyOf(t, "phone").Raw())
	one := flowKey(0, phone, flow.P256, flow.SHA2, 1000, false)
	if _, err := audit.ReadFlow(t.Context(), flowNode(t, one), flow.Address{7: 2}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("an account that is not there: %v", err)
	}
	if _, err := audit.ReadFlow(t.Context(), flowNode(t, one, one), flow.Address{7: 1}); err == nil {
		t.Error("one key twice")
	}
	// The same public key at two places is one key that counts twice.
	a := must[recovery.Account](t)(audit.ReadFlow(t.Context(), flowNode(t, flowKey(0, phone, flow.P256, flow.SHA2, 500, false), flowKey(1, phone, flow.P256, flow.SHA2, 500, false)), flow.Address{7: 1}))
	if found := recovery.Check(&a); !slices.ContainsFunc(found, func(f recovery.Finding) bool { return f.Code == recovery.SameKey }) {
		t.Errorf("%v", found)
	}
	var many []string
	for i := range recovery.MaxSigners + 1 {
		many = append(many, flowKey(i, [64]byte{0: byte(i), 1: 1}, flow.Secp256k1, flow.SHA2, 1, false))
	}
	_, err := audit.ReadFlow(t.Context(), flowNode(t, many...), flow.Address{7: 1})
	if e, ok := errors.AsType[*audit.TooManyKeysError](err); !ok || e.Keys != recovery.MaxSigners+1 || e.Hint() == "" {
		t.Errorf("too many: %v", err)
	}
}
