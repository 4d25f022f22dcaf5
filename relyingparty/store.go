package relyingparty

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
)

// Errors a Store reports; the server turns them into refusals.
var (
	// ErrNotFound: no such credential under this RP ID.
	ErrNotFound = errors.New("relyingparty: credential not found")
	// ErrTokenUsed: the challenge of this commit was consumed before. Nothing was written.
	ErrTokenUsed = errors.New("relyingparty: challenge already used")
	// ErrCredentialExists: the credential id is registered already. Only the
	// challenge was consumed.
	ErrCredentialExists = errors.New("relyingparty: credential already registered")
	// ErrEpochEnded: the epoch of this commit is not the store's any more. Nothing was written.
	ErrEpochEnded = errors.New("relyingparty: the store has begun a new epoch")
)

// Store keeps credentials, the used-challenge set and the audit trail.
// Implementations are safe for concurrent use; storetest.Run is their conformance suite.
type Store interface {
	// Credential returns one credential or ErrNotFound.
	Credential(ctx context.Context, rpID string, id []byte) (*Credential, error)

	// Commit consumes a challenge and applies the ceremony's effects: all of it or
	// nothing, durable when it returns nil. Of any number of commits with the same
	// Token, in parallel or in turn, at most one succeeds; the others get ErrTokenUsed.
	Commit(ctx context.Context, c Commit) error

	// Epoch names the span of time over which the used-challenge set is known to be
	// complete. It changes whenever entries may have been lost (crash, failover, new
	// file): challenges of another epoch are refused, so that a lost set fails closed.
	Epoch(ctx context.Context) (Epoch, error)
}

// Lister is the ability of stores to show people what is kept of their passkeys. Without
// it, /credentials is not served.
type Lister interface {
	// Record returns what is kept of one passkey beside the credential, or ErrNotFound.
	Record(ctx context.Context, rpID string, id []byte) (*Record, error)
}

// Record is what happened to one passkey.
type Record struct {
	// History are the registration, every use at which something changed with the use
	// before it, and nothing else; oldest first, at most MaxHistory. Of more, the
	// registration and the latest are kept.
	History []Sighting
	Events  []Event // the latest, oldest first, at most MaxEvents
}

// Limits of a Record.
const (
	MaxHistory = 64
	MaxEvents  = 64
)

// Sighting is what one ceremony has shown of a passkey.
type Sighting struct {
	At        time.Time
	Flags     passkey.Flags
	SignCount uint32
}

// Epoch is random and opaque.
type Epoch [8]byte

// Token is the SHA-256 of a challenge: the key of the used-challenge set.
type Token [32]byte

// Commit is the one durable write of a ceremony. It is made only after the
// signature has been found right.
type Commit struct {
	Token   Token
	Expires time.Time // the challenge is refused by its age from here on; the entry may be dropped

	// Epoch is that of the challenge. If it is not the store's at the moment of the write, the
	// commit gets ErrEpochEnded: a failover between Epoch and Commit opens no gap. Zero: it is
	// not compared.
	Epoch Epoch

	Create *Credential // registration: the new credential
	Use    *Use        // login: what the assertion changed
	Events []Event     // audit trail, in order
}

// Use is what a login changes in a stored credential.
type Use struct {
	RPID string
	ID   []byte
	At   time.Time

	Flags     passkey.Flags // as signed in this assertion: BS may have changed, BE by policy
	SignCount uint32        // never lower than the stored one

	// Changed: BE or BS is other than stored, or the counter did not grow. The store
	// then keeps in the credential's history the use before this one, if it is not there
	// yet, and this one with Count, the counter as signed.
	Changed bool
	Count   uint32

	// Discoverable: the passkey was found without its ID, as far as the client tells.
	Discoverable bool
}

// Credential is one registered passkey.
type Credential struct {
	RPID string
	ID   []byte // raw credential id, 1–1023 bytes
	Key  passkey.PublicKey

	// Handle is the user handle as the wire names it: the bytes whose canonical
	// base64url text stood in user.id. HandleForm says what the authenticator holds.
	Handle     []byte
	HandleForm HandleForm

	Name       string // what the registrant called it, for display only
	Flags      passkey.Flags
	SignCount  uint32
	AAGUID     passkey.AAGUID // a claim: attestation is not anchored
	Provider   string         // name for AAGUID at registration, empty when unknown
	Format     string         // attestation statement format
	Transports []string
	Attachment string // "platform", "cross-platform" or empty

	// Discoverable is what the client said of it (credProps.rk), or that it was found
	// without its ID since; nil: nobody has said anything.
	Discoverable *bool

	CreatedAt  time.Time
	LastUsedAt time.Time // zero until the first login
}

// HandleForm says how the client turned the text of user.id into the bytes that the
// authenticator keeps. On the wire both look the same.
type HandleForm uint8

const (
	// HandleText: UTF-8 of the text, as @simplewebauthn/browser before v9 did and
	// @zerodev/webauthn-key still does.
	HandleText HandleForm = 1
	// HandleBytes: base64url decoded, as parseCreationOptionsFromJSON does. A client
	// states it by bringing its own userHandle.
	HandleBytes HandleForm = 2
)

// SignalUserID is the userId that the WebAuthn Signal API needs for this credential:
// base64url of the handle's bytes as the authenticator holds them.
func (c *Credential) SignalUserID() string {
	text := b64.EncodeToString(c.Handle)
	if c.HandleForm == HandleText {
		return b64.EncodeToString([]byte(text))
	}
	return text
}

// answersTo compares the handle that came with an assertion, if one did. A library that
// treats handles as text writes our text; one that encodes bytes writes the text's
// encoding where the authenticator holds text; and bytes that read as base64url by
// themselves come decoded from one that writes them as text.
func (c *Credential) answersTo(handle []byte) bool {
	return len(handle) == 0 || bytes.Equal(handle, c.Handle) ||
		c.HandleForm == HandleText && string(handle) == b64.EncodeToString(c.Handle) ||
		c.HandleForm == HandleBytes && c.answersToText(b64.EncodeToString(handle))
}

// EventKind names an entry of the audit trail.
type EventKind string

const (
	EventRegistered         EventKind = "registered"
	EventCounterRegressed   EventKind = "counter_regressed"   // sign counter did not grow: a copy of the key may exist
	EventBackupEligible     EventKind = "backup_eligible"     // BE drifted 0→1 and policy let it
	EventBackupDriftRefused EventKind = recovery.EventRefused // BE drifted and policy refused the login
	EventBackupState        EventKind = "backup_state"        // BS changed
)

// Event is one entry of the audit trail.
type Event struct {
	At           time.Time
	RPID         string
	CredentialID []byte
	Kind         EventKind
	Detail       string // for people, such as "sign count 7 after 9"

	// Was and Now are flags and counter before and after; the former is zero at a
	// registration, both are in entries of releases that did not keep them. Their times
	// are not kept.
	Was, Now Sighting

	RequestID string // finds the request in the log
}
