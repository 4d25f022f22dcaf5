// Package softkey is a software authenticator and the browser around it: it answers the JSON
// options of a WebAuthn ceremony with the JSON that a browser's toJSON() gives, byte for byte in
// Chromium's shape. With a seed its keys, credential IDs and signatures are the same every time.
// With Quirks it misbehaves on request.
//
// Start with New, then Create and Get. Keys live in memory and are not protected: it is for
// tests, demonstrations and command lines, never for anything of value.
package softkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/postern-dev/postern/passkey"
)

// DefaultAAGUID is the ASCII text "postern softkey!".
var DefaultAAGUID = passkey.AAGUID([]byte("postern softkey!"))

// Authenticator holds credentials and answers ceremonies. It is safe for concurrent use.
type Authenticator struct {
	mu       sync.Mutex
	config   config
	quirks   Quirks
	made     uint64 // credentials ever made; the input of key derivation
	creds    []*credential
	selected []byte
}

type config struct {
	seed            []byte
	aaguid          passkey.AAGUID
	attachment      string
	transports      []string
	cannotVerify    bool
	eligible        bool
	backedUp        bool
	selfAttestation bool
	counts          bool
}

type credential struct {
	id           []byte
	rpID         string
	userHandle   []byte
	userName     string
	discoverable bool
	key          *ecdsa.PrivateKey
	public       passkey.PublicKey
	count        uint32
}

// Credential describes a credential that the authenticator holds.
type Credential struct {
	ID           []byte
	RPID         string
	UserHandle   []byte
	UserName     string
	Discoverable bool
	Key          passkey.PublicKey
	SignCount    uint32
}

// Option changes what New makes.
type Option func(*Authenticator)

// WithSeed makes keys, credential IDs and signatures a function of the seed and of the order of
// calls. Without it they are random.
func WithSeed(seed []byte) Option {
	return func(a *Authenticator) { a.config.seed = bytes.Clone(seed) }
}

// WithAAGUID makes the authenticator call itself another provider, e.g. one of package provider.
func WithAAGUID(id passkey.AAGUID) Option { return func(a *Authenticator) { a.config.aaguid = id } }

// WithTransports replaces the transports that a registration lists, "hybrid" and "internal".
func WithTransports(t ...string) Option {
	return func(a *Authenticator) { a.config.transports = slices.Clone(t) }
}

// WithAttachment replaces "platform", e.g. by "cross-platform" for a security key.
func WithAttachment(attachment string) Option {
	return func(a *Authenticator) { a.config.attachment = attachment }
}

// WithoutUserVerification makes an authenticator that has neither PIN nor biometrics: it sets no
// UV and refuses where user verification is required.
func WithoutUserVerification() Option { return func(a *Authenticator) { a.config.cannotVerify = true } }

// WithBackup sets the flags BE and BS of new assertions. The default is a synced passkey, true
// and true; a device-bound one has false and false.
func WithBackup(eligible, backedUp bool) Option {
	return func(a *Authenticator) { a.config.eligible, a.config.backedUp = eligible, backedUp }
}

// WithSelfAttestation answers a request for attestation with packed self attestation.
func WithSelfAttestation() Option { return func(a *Authenticator) { a.config.selfAttestation = true } }

// WithSignCounter makes credentials count their signatures from 1, as security keys do. Synced
// passkeys always say 0.
func WithSignCounter() Option { return func(a *Authenticator) { a.config.counts = true } }

// WithQuirks is SetQuirks at the start.
func WithQuirks(q Quirks) Option { return func(a *Authenticator) { a.quirks = q } }

// New makes an authenticator without credentials: a synced platform passkey provider that
// verifies the user and gives no attestation, unless options say otherwise.
func New(opts ...Option) *Authenticator {
	a := &Authenticator{config: config{
		aaguid: DefaultAAGUID, attachment: "platform", transports: []string{"hybrid", "internal"},
		eligible: true, backedUp: true,
	}}
	for _, o := range opts {
		o(a)
	}
	if a.config.seed == nil {
		a.config.seed = make([]byte, 32)
		rand.Read(a.config.seed)
	}
	return a
}

// SetQuirks replaces the misbehaviour from the next ceremony on. Quirks{} is good behaviour.
func (a *Authenticator) SetQuirks(q Quirks) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.quirks = q
}

// SetBackup changes BE and BS from the next ceremony on, as when a provider starts to sync.
func (a *Authenticator) SetBackup(eligible, backedUp bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.config.eligible, a.config.backedUp = eligible, backedUp
}

// Select makes Get answer with this credential where several would do, as a person picks one
// from the browser's list. Without it, Get takes the newest.
func (a *Authenticator) Select(credentialID []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.selected = bytes.Clone(credentialID)
}

// Remove deletes a credential, as a person does in the provider's settings.
func (a *Authenticator) Remove(credentialID []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creds = slices.DeleteFunc(a.creds, func(c *credential) bool { return bytes.Equal(c.id, credentialID) })
}

// Credentials lists what the authenticator holds, oldest first.
func (a *Authenticator) Credentials() []Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]Credential, 0, len(a.creds))
	for _, c := range a.creds {
		list = append(list, Credential{ID: bytes.Clone(c.id), RPID: c.rpID, UserHandle: bytes.Clone(c.userHandle),
			UserName: c.userName, Discoverable: c.discoverable, Key: c.public, SignCount: c.count})
	}
	return list
}

// derive is HMAC-SHA-256 of a label and two numbers under the seed.
func (a *Authenticator) derive(label string, n, try uint64) []byte {
	m := hmac.New(sha256.New, a.config.seed)
	m.Write([]byte(label))
	m.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, n), try))
	return m.Sum(nil)
}

// make derives the next credential.
func (a *Authenticator) make(rpID string) (*credential, error) {
	c := &credential{id: a.derive("credential id", a.made, 0), rpID: rpID}
	for try := uint64(0); ; try++ {
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), a.derive("private key", a.made, try))
		if err != nil {
			continue // not in 1…n-1: about once in 2³² tries
		}
		if c.public, err = passkey.NewPublicKey(&key.PublicKey); err != nil {
			return nil, err
		}
		c.key = key
		a.made++
		return c, nil
	}
}
