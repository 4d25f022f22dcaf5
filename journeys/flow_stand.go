package journeys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/tape"
	"github.com/postern-dev/postern/passkey"
)

// FlowStand is a Flow chain and an account on it that pays.
type FlowStand struct {
	URL string // of the access node: an emulator's, as accounts are made for nothing that lasts
	// Service has a plain key of weight 1000, which signs the message: r‖s with the key's own hash. It pays for accounts
	// and sponsors transactions.
	Service  flow.Address
	KeyIndex uint32
	Sign     func(message []byte) (signature []byte, err error)
	// Transport speaks to the node; nil is HTTP.
	Transport http.RoundTripper
	// Seed makes keys and nonces a function of it, so that a walk can be recorded; nil is random.
	Seed []byte
}

//go:embed recorded_flow.json
var recordedFlow []byte

// RecordedSeed is the seed that the recorded walk has.
const RecordedSeed = "postern: the recorded walk on Flow"

// RecordedFlow answers what an emulator said when the journey was recorded, and nothing else: what this program asks
// must be what it asked then, byte for byte, ids and signatures with it. from says what was recorded. It can be walked once.
func RecordedFlow() (stand *FlowStand, from string, err error) {
	t, err := tape.Parse(recordedFlow)
	if err != nil {
		return nil, "", err
	}
	key, err := RecordedKey()
	if err != nil {
		return nil, "", err
	}
	stand = &FlowStand{URL: "http://recorded.invalid", Sign: PlainP256(key), Transport: t.Play(), Seed: []byte(RecordedSeed)}
	stand.Service, err = flow.ParseAddress(t.Service)
	return stand, t.Recorded, err
}

// RecordedKey is the service account's key of the recorded walk. Everybody knows it.
func RecordedKey() (*ecdsa.PrivateKey, error) {
	seed := sha256.Sum256([]byte(RecordedSeed))
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
}

// PlainP256 signs as an ECDSA_P256 key with SHA2_256 does: r‖s with a low s, the same for the same message (RFC 6979).
func PlainP256(key *ecdsa.PrivateKey) func(message []byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		digest := sha256.Sum256(message)
		der, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		s, err := passkey.ParseDER(der)
		if err != nil {
			return nil, err
		}
		return s.P1363(), nil
	}
}

// flowWalk is the journey's chain and what it does there.
type flowWalk struct {
	*access.Client
	*FlowStand
}

func openFlow(stand *FlowStand) (flowWalk, error) {
	client, err := access.New(stand.URL, access.WithPoll(100*time.Millisecond),
		access.WithHTTP(&http.Client{Transport: stand.Transport, Timeout: 30 * time.Second}))
	return flowWalk{client, stand}, err
}

// pays is the service's signature, the payer's: the last one.
func (f flowWalk) pays(t *flow.Transaction) error {
	message, err := t.Message(f.Service)
	if err != nil {
		return err
	}
	signature, err := f.Sign(message)
	if err != nil {
		return err
	}
	return t.Sign(flow.Signature{Address: f.Service, KeyIndex: f.KeyIndex, Signature: signature})
}

// sealed sends a signed transaction and waits until it is sealed.
func (f flowWalk) sealed(ctx context.Context, s *Step, t *flow.Transaction) (access.Result, error) {
	s.Detail["txHash"] = t.ID().String()
	id, err := f.Send(ctx, t)
	if err != nil {
		return access.Result{}, err
	}
	r, err := f.Wait(ctx, id)
	if err == nil {
		s.Detail["block"] = r.Block.String()
		if r.Computed > 0 { // an emulator does not count
			s.Detail["computation"] = r.Computed
		}
	}
	return r, err
}

// account has the service pay for an account with these keys.
func (f flowWalk) account(ctx context.Context, s *Step, keys ...flow.AccountKey) (flow.Address, error) {
	script, arguments, err := flow.CreateAccount(keys...)
	if err != nil {
		return flow.Address{}, err
	}
	t := &flow.Transaction{Script: script, Arguments: arguments, Payer: f.Service, Authorizers: []flow.Address{f.Service},
		ProposalKey: flow.ProposalKey{Address: f.Service, KeyIndex: f.KeyIndex}}
	if err := errors.Join(f.Prepare(ctx, t), f.pays(t)); err != nil {
		return flow.Address{}, err
	}
	r, err := f.sealed(ctx, s, t)
	if err != nil {
		return flow.Address{}, err
	}
	for _, e := range r.Events {
		if e.Type == "flow.AccountCreated" && len(e.Value.Items) > 0 {
			a, err := flow.ParseAddress(e.Value.Items[0].Text)
			s.Detail["account"] = a.String()
			return a, err
		}
	}
	return flow.Address{}, fmt.Errorf("journeys: transaction %s has created no account", r.ID)
}

// flowNote leaves a number in the authorizer's storage, flowNoted reads it.
const (
	flowNote = `transaction(n: Int) {
    prepare(a: auth(Storage) &Account) {
        a.storage.load<Int>(from: /storage/posternNote)
        a.storage.save(n, to: /storage/posternNote)
    }
}`
	flowNoted = `access(all) fun main(a: Address): Int {
    return getAuthAccount<auth(Storage) &Account>(a).storage.copy<Int>(from: /storage/posternNote) ?? -1
}`
)

// noted checks the number in an account's storage.
func (f flowWalk) noted(ctx context.Context, a flow.Address, want string) error {
	v, err := f.Script(ctx, []byte(flowNoted), [][]byte{flow.Addr(a).JSON()})
	if err == nil && v.Text != want {
		err = fmt.Errorf("journeys: the note of %s is %s, not %s", a, v.Text, want)
	}
	return err
}
