package server

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
)

// maxMade is how many accounts are remembered by their keys.
const maxMade = 4096

// Sponsor makes accounts and pays for them, and pays the fees of transactions that others sign, with a plain key of an
// account that has weight enough alone. Whoever reaches the server can have it pay: it is for development.
type Sponsor struct {
	address flow.Address
	key     *ecdsa.PrivateKey
	scripts []flow.ScriptHash // whose fees it pays

	making sync.Mutex // one account at a time, since each transaction uses the next sequence number
	made   map[[64]byte]*creation

	mu     sync.Mutex
	paid   map[flow.ProposalKey]*payment
	lately map[flow.Address][]time.Time
}

// creation is an account on its way. The transaction is kept, so that an answer that was lost does not make two of it.
type creation struct {
	tx      *flow.Transaction
	address flow.Address // zeros: not known yet
}

// NewSponsor makes a sponsor of an account and its P-256 key: 64 hexadecimal digits, as Flow's own tools keep it. Beside
// changes of an account's keys it pays the fees of the scripts that are named.
func NewSponsor(address flow.Address, key string, scripts ...[]byte) (*Sponsor, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(key), "0x"))
	if err != nil {
		return nil, badServiceKey // never the text
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return nil, badServiceKey
	}
	add, _, err := flow.AddKeys(flow.AccountKey{Curve: flow.P256, Hash: flow.SHA2})
	if err != nil {
		return nil, err
	}
	revoke, _ := flow.RevokeKey(0)
	s := &Sponsor{
		address: address, key: private, made: make(map[[64]byte]*creation),
		paid: make(map[flow.ProposalKey]*payment), lately: make(map[flow.Address][]time.Time),
	}
	for _, script := range append([][]byte{add, revoke}, scripts...) {
		s.scripts = append(s.scripts, flow.HashScript(script))
	}
	return s, nil
}

var badServiceKey = failure("bad-flow-key", "64 hexadecimal digits: the private key on P-256 that Flow's tools show", "the Flow service key cannot be read")

func (s *Sponsor) public() (out [64]byte) {
	b, err := s.key.PublicKey.Bytes()
	if err != nil {
		panic(err) // of a key that was parsed
	}
	return [64]byte(b[1:])
}

// account makes an account of a registration in wallet mode. The key is the one that the authenticator attested.
func (f *flowAPI) account(ctx context.Context, body []byte) (any, error) {
	var q struct {
		Credential json.RawMessage `json:"credential"`
	}
	if err := strictly(body, &q); err != nil {
		return nil, err
	}
	r, err := passkey.ParseRegistration(q.Credential)
	if err != nil {
		return nil, err
	}
	if err := r.Verify(f.Registration.Rule(f.RPID, f.Origins...)); err != nil {
		return nil, err
	}
	address, id, err := f.Sponsor.create(ctx, f.Access, flow.Passkey(r.Key(), flow.WeightThreshold))
	if err != nil {
		return nil, err
	}
	return struct {
		Address string `json:"address"`
		ID      string `json:"id"` // of the transaction
	}{address.String(), id.String()}, nil
}

// create makes an account with one key, once: asked again it gives the same.
func (s *Sponsor) create(ctx context.Context, node *access.Client, key flow.AccountKey) (flow.Address, flow.Identifier, error) {
	s.making.Lock()
	defer s.making.Unlock()
	c, again := s.made[key.Public]
	if !again {
		if len(s.made) >= maxMade {
			return flow.Address{}, flow.Identifier{}, tooManyAccounts
		}
		tx, err := s.transaction(ctx, node, key)
		if err != nil {
			return flow.Address{}, flow.Identifier{}, err
		}
		c = &creation{tx: tx}
		s.made[key.Public] = c
	}
	id := c.tx.ID()
	if c.address != (flow.Address{}) {
		return c.address, id, nil
	}
	result, err := send(ctx, node, c.tx, again)
	if err != nil {
		if result.Done() || refusedForGood(err) {
			delete(s.made, key.Public) // it made nothing, and will make nothing
		}
		return flow.Address{}, id, err
	}
	for _, e := range result.Events {
		if e.Type == "flow.AccountCreated" && len(e.Value.Items) > 0 {
			if c.address, err = flow.ParseAddress(e.Value.Items[0].Text); err == nil {
				return c.address, id, nil
			}
		}
	}
	return flow.Address{}, id, &access.Error{Cause: access.ErrReply, Message: "no account among the transaction's events"}
}

// send hands a transaction on and waits. One that was handed on before is asked about first: when it has run, a node may
// refuse it as expired.
func send(ctx context.Context, node *access.Client, tx *flow.Transaction, again bool) (access.Result, error) {
	if again {
		r, err := node.Result(ctx, tx.ID())
		if err != nil {
			return r, err
		}
		if r.Status != access.StatusUnknown {
			return node.Wait(ctx, tx.ID())
		}
	}
	id, err := node.Send(ctx, tx)
	if err != nil {
		return access.Result{}, err
	}
	return node.Wait(ctx, id)
}

// refusedForGood tells a node that will never run the transaction from one that may have it.
func refusedForGood(err error) bool {
	said, ok := errors.AsType[*access.Error](err)
	return ok && !said.Temporary() && slices.Contains([]access.Cause{access.ErrRefused, access.ErrInvalid, access.ErrExtension, access.ErrExpired}, said.Cause)
}

// transaction creates an account with one key, signed.
func (s *Sponsor) transaction(ctx context.Context, node *access.Client, key flow.AccountKey) (*flow.Transaction, error) {
	script, arguments, err := flow.CreateAccount(key)
	if err != nil {
		return nil, err
	}
	own, err := s.own(ctx, node)
	if err != nil {
		return nil, err
	}
	tx := &flow.Transaction{
		Script: script, Arguments: arguments, ProposalKey: flow.ProposalKey{Address: s.address, KeyIndex: own.Index},
		Payer: s.address, Authorizers: []flow.Address{s.address},
	}
	if err := node.Prepare(ctx, tx); err != nil {
		return nil, err
	}
	return tx, s.sign(tx, own)
}

// sign adds the sponsor's signature. The same transaction gets the same one each time (RFC 6979), and so has one id,
// whichever server is asked.
func (s *Sponsor) sign(tx *flow.Transaction, own flow.AccountKey) error {
	message, err := tx.Message(s.address)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(message)
	if own.Hash == flow.SHA3 {
		digest = sha3.Sum256(message)
	}
	der, err := s.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	signature, err := passkey.ParseDER(der)
	if err != nil {
		return err
	}
	return tx.Sign(flow.Signature{Address: s.address, KeyIndex: own.Index, Signature: signature.P1363()})
}

// own is the sponsor's key as the chain has it.
func (s *Sponsor) own(ctx context.Context, node *access.Client) (flow.AccountKey, error) {
	a, err := node.Account(ctx, s.address)
	if err != nil {
		return flow.AccountKey{}, err
	}
	for _, k := range a.Keys {
		if k.Public == s.public() && k.Curve == flow.P256 && !k.Revoked && k.Weight >= flow.WeightThreshold {
			return k, nil
		}
	}
	return flow.AccountKey{}, notItsKey
}

var (
	tooManyAccounts = refusal{http.StatusServiceUnavailable, "too_many_accounts", "this server has made as many accounts as it remembers", "start it anew"}
	notItsKey       = refusal{http.StatusBadGateway, "not_its_key", "the server's Flow key is none of its service account", "start it with the key of that account: postern up --flow-service-key"}
)
