package relyingparty

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// A challenge is a sealed note from the server to itself, so that issuing one needs
// no memory: XChaCha20-Poly1305 over fixed fields. 109 bytes, big endian:
//
//	keyID 4 ‖ nonce 24 ‖ sealed( purpose 1 ‖ issued ms 8 ‖ epoch 8 ‖ rp 16 ‖ binding 16 ‖ subject 16 ) ‖ tag 16
//
// rp, binding and subject are truncated SHA-256: the RP ID, the browser's cookie and
// the user of a registration.
const (
	keyIDSize     = 4
	notePlain     = 1 + 8 + 8 + 3*16
	challengeSize = keyIDSize + chacha20poly1305.NonceSizeX + notePlain + chacha20poly1305.Overhead

	challengeContext = "postern passkey challenge v1"

	// clockSkew is how far replicas' clocks may differ.
	clockSkew = time.Minute
)

type purpose byte

const (
	purposeRegister purpose = 1
	purposeLogin    purpose = 2
	purposeNonce    purpose = 3
	purposeList     purpose = 4
)

type digest16 [16]byte

// note is what a challenge says.
type note struct {
	purpose purpose
	issued  time.Time // millisecond precision
	epoch   Epoch
	rp      digest16
	binding digest16
	subject digest16
}

func (n note) marshal() []byte {
	b := make([]byte, 0, notePlain)
	b = append(b, byte(n.purpose))
	b = binary.BigEndian.AppendUint64(b, uint64(n.issued.UnixMilli()))
	b = append(b, n.epoch[:]...)
	b = append(b, n.rp[:]...)
	b = append(b, n.binding[:]...)
	return append(b, n.subject[:]...)
}

func unmarshalNote(b []byte) (n note) {
	n.purpose = purpose(b[0])
	n.issued = time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:])))
	rest := b[9:]
	for _, field := range [][]byte{n.epoch[:], n.rp[:], n.binding[:], n.subject[:]} {
		rest = rest[copy(field, rest):]
	}
	return n
}

// digestOf hashes fields under a label, each with its length, to 16 bytes.
func digestOf(label string, fields ...[]byte) (d digest16) {
	h := sha256.New()
	for _, f := range append([][]byte{[]byte(label)}, fields...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f))))
		h.Write(f)
	}
	copy(d[:], h.Sum(nil))
	return d
}

// keyring seals with its first key and opens with any.
type keyring []sealKey

type sealKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// newKeyring derives sealing keys; without secrets it makes a random one.
func newKeyring(secrets [][]byte) (keyring, error) {
	if len(secrets) == 0 {
		s := make([]byte, 32)
		rand.Read(s) // never fails
		secrets = [][]byte{s}
	}
	var ring keyring
	for _, s := range secrets {
		okm, err := hkdf.Key(sha256.New, s, nil, challengeContext, keyIDSize+chacha20poly1305.KeySize)
		if err != nil {
			return nil, fmt.Errorf("relyingparty: derive challenge key: %w", err)
		}
		aead, err := chacha20poly1305.NewX(okm[keyIDSize:])
		if err != nil {
			return nil, fmt.Errorf("relyingparty: challenge cipher: %w", err)
		}
		ring = append(ring, sealKey{id: [keyIDSize]byte(okm), aead: aead})
	}
	return ring, nil
}

// sealing is where keys come from.
type sealing struct {
	fixed keyring
	now   func(context.Context) ([][]byte, error) // nil: fixed
}

func newSealing(secrets [][]byte, now func(context.Context) ([][]byte, error)) (sealing, error) {
	if now != nil {
		return sealing{now: now}, nil
	}
	ring, err := newKeyring(secrets)
	return sealing{fixed: ring}, err
}

// ring is the keys of this moment. An error is a *Refusal.
func (s sealing) ring(ctx context.Context) (keyring, error) {
	if s.now == nil {
		return s.fixed, nil
	}
	secrets, err := s.now(ctx)
	if err == nil && len(secrets) == 0 {
		err = errors.New("there are no secrets")
	}
	if err == nil {
		err = checkSecrets(secrets)
	}
	if err != nil {
		return nil, refuse(codeUnavailable, err)
	}
	ring, err := newKeyring(secrets)
	if err != nil {
		return nil, refuse(codeUnavailable, err)
	}
	return ring, nil
}

func (r keyring) seal(n note) []byte { return r.sealBytes(challengeContext, n.marshal()) }

// sealBytes is keyID ‖ nonce ‖ sealed ‖ tag.
func (r keyring) sealBytes(context string, plain []byte) []byte {
	k := r[0]
	out := make([]byte, keyIDSize+chacha20poly1305.NonceSizeX, keyIDSize+chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	copy(out, k.id[:])
	nonce := out[keyIDSize:]
	rand.Read(nonce)
	return k.aead.Seal(out, nonce, plain, []byte(context))
}

var errNotSealed = errors.New("not sealed with a known key")

func (r keyring) open(challenge []byte) (note, error) {
	if len(challenge) != challengeSize {
		return note{}, fmt.Errorf("%d bytes: %w", len(challenge), errNotSealed)
	}
	plain, err := r.openBytes(challengeContext, challenge)
	if err != nil {
		return note{}, err
	}
	return unmarshalNote(plain), nil
}

// openBytes is the reverse of sealBytes. What it opens is as this server made it.
func (r keyring) openBytes(context string, sealed []byte) ([]byte, error) {
	const head = keyIDSize + chacha20poly1305.NonceSizeX
	if len(sealed) < head+chacha20poly1305.Overhead {
		return nil, errNotSealed
	}
	for _, k := range r {
		if !bytes.Equal(k.id[:], sealed[:keyIDSize]) {
			continue
		}
		if plain, err := k.aead.Open(nil, sealed[keyIDSize:head], sealed[head:], []byte(context)); err == nil {
			return plain, nil
		}
	}
	return nil, errNotSealed
}

// redeem opens a challenge and holds it against what this request expects; want.issued
// is the present time. The subject is left to the caller. It does not consume the
// challenge: Store.Commit does.
func (r keyring) redeem(challenge []byte, want note, ttl time.Duration) (note, error) {
	n, err := r.open(challenge)
	if err != nil {
		return note{}, refuse(codeChallenge, err)
	}
	if err := n.check(want, ttl); err != nil {
		return note{}, err
	}
	return n, nil
}

// check holds a note against what is expected, all but the subject.
func (n note) check(want note, ttl time.Duration) error {
	same := func(a, b digest16) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
	switch age := want.issued.Sub(n.issued); {
	case n.purpose != want.purpose:
		return refuse(codeChallengePurpose, nil)
	case !same(n.rp, want.rp):
		return refuse(codeChallengeRP, nil)
	case !same(n.binding, want.binding):
		return refuse(codeBinding, nil)
	case age >= ttl:
		return refuse(codeChallengeExpired, fmt.Errorf("issued %s ago", age))
	case age < -clockSkew:
		return refuse(codeChallenge, fmt.Errorf("issued %s ahead", -age))
	case n.epoch != want.epoch:
		return refuse(codeChallengeEpoch, nil)
	}
	return nil
}
