package relyingparty

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Nonces hands out values that are good once and for a while: for proofs that are no WebAuthn ceremony of this server, such
// as account proofs of Flow, for which a server chooses the nonce. Like challenges they are sealed notes to oneself, 109
// bytes: handing one out needs no memory, and the Store remembers the used ones, for any number of replicas.
type Nonces struct {
	cfg     NoncesConfig
	sealing sealing
	name    digest16
}

// NoncesConfig is what Nonces need.
type NoncesConfig struct {
	Store   Store         // remembers what was used; may be a Server's. Required.
	Secrets [][]byte      // as in Config; may be a Server's
	TTL     time.Duration // how long a nonce lives. Zero: 5 minutes. At most 1 hour.

	// SecretsNow is as in Config.
	SecretsNow func(context.Context) ([][]byte, error)

	// Name says what the nonces are for, such as "flow account proof, app.example": a nonce
	// of one name is refused under another. Required.
	Name string

	Now func() time.Time // the clock. Nil: time.Now.
}

// NewNonces checks the configuration.
func NewNonces(cfg NoncesConfig) (*Nonces, error) {
	if cfg.Store == nil || cfg.Name == "" {
		return nil, badConfig("nonces need a Store and a Name")
	}
	if err := checkSealing(cfg.Secrets, cfg.SecretsNow, &cfg.TTL); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	sealing, err := newSealing(cfg.Secrets, cfg.SecretsNow)
	if err != nil {
		return nil, err
	}
	cfg.Secrets = nil
	return &Nonces{cfg, sealing, digestOf("nonces", []byte(cfg.Name))}, nil
}

// Issue makes a nonce. Where it is known already for whom it is, subject names that, such as a session or an account: it is
// refused for another.
func (n *Nonces) Issue(ctx context.Context, subject ...[]byte) ([]byte, error) {
	epoch, err := n.cfg.Store.Epoch(ctx)
	if err != nil {
		return nil, refuse(codeUnavailable, err)
	}
	ring, err := n.sealing.ring(ctx)
	if err != nil {
		return nil, err
	}
	return ring.seal(note{
		purpose: purposeNonce, issued: n.cfg.Now(), epoch: epoch, rp: n.name, subject: digestOf("subject", subject...),
	}), nil
}

// Redeem uses a nonce up: of any number of calls with the same one, at most one returns nil. Call it when everything else
// about the proof has been found right, so that nobody can use up what is another's. Every refusal is a *Refusal.
func (n *Nonces) Redeem(ctx context.Context, nonce []byte, subject ...[]byte) error {
	epoch, err := n.cfg.Store.Epoch(ctx)
	if err != nil {
		return refuse(codeUnavailable, err)
	}
	ring, err := n.sealing.ring(ctx)
	if err != nil {
		return err
	}
	said, err := ring.redeem(nonce, note{purpose: purposeNonce, issued: n.cfg.Now(), epoch: epoch, rp: n.name}, n.cfg.TTL)
	if err != nil {
		return err
	}
	if said.subject != digestOf("subject", subject...) {
		return refuse(codeChallengeSubject, nil)
	}
	switch err := n.cfg.Store.Commit(ctx, Commit{
		Token: sha256.Sum256(nonce), Epoch: said.epoch, Expires: said.issued.Add(n.cfg.TTL + 2*clockSkew),
	}); {
	case errors.Is(err, ErrTokenUsed):
		return refuse(codeReplayed, nil)
	case errors.Is(err, ErrEpochEnded):
		return refuse(codeChallengeEpoch, nil)
	case err != nil:
		return refuse(codeUnavailable, err)
	}
	return nil
}
