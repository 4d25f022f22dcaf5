// Package exported reads passkeys that a password manager wrote into a file, and signs with
// them: the way back to an account when the page of its RP ID is gone, for a browser offers a
// passkey to that page alone.
//
// Start with [Parse], which tells the formats apart: the FIDO Credential Exchange Format
// (CXF 1.0, a JSON document), Bitwarden's JSON export, and KeePassXC's .passkey file;
// [ParseSealed] also opens Bitwarden's exports that a password protects. Then
// [Passkey.Assert] answers a challenge as the manager would have, with the flags that
// [Flags] picks for the rule of the account. [File.Wipe] forgets the private keys, and [Wipe]
// the bytes that they were read from.
//
// Promised: the parser takes hostile input, is strict where it reads – members that occur
// twice, base64url with spare bits, private keys that are not canonical DER or do not belong
// to the public key beside them are refused –, ignores what it does not know, as CXF asks, and
// never panics. Private keys live in memory of this package, are never printed by any verb of
// fmt nor written by encoding/json, and are zero after Wipe.
//
// Not promised: that no copy stays behind where the runtime moved or the standard library
// copied a key; that a key in a file is nobody else's. Whoever has the file has the passkey:
// after the rescue, put another signer in its place.
package exported

import (
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// Bounds of what is read.
const (
	MaxFile     = 16 << 20 // bytes of a file
	MaxPasskeys = 10_000   // passkeys in a file
	maxName     = 1024     // bytes of a user's name
	maxRPID     = 253      // bytes of an RP ID
)

// Causes of refusals beside package passkey's own.
const (
	ErrFormat    passkey.Cause = "no format of exported passkeys that is known"
	ErrEncrypted passkey.Cause = "the export is encrypted"
	ErrNoPasskey passkey.Cause = "the file holds no passkey that can sign"
	ErrPrivate   passkey.Cause = "the private key is malformed"
	ErrKeyPair   passkey.Cause = "the private key does not belong to the public key beside it"
	ErrWiped     passkey.Cause = "the private key was wiped"
)

// Format is the form of a file.
type Format string

// The formats.
const (
	CXF       Format = "cxf"       // FIDO Credential Exchange Format 1.0, JSON
	Bitwarden Format = "bitwarden" // JSON export
	KeePassXC Format = "keepassxc" // .passkey file
)

// String names the format for a person.
func (f Format) String() string {
	switch f {
	case CXF:
		return "credential exchange format"
	case Bitwarden:
		return "Bitwarden export"
	case KeePassXC:
		return "KeePassXC passkey file"
	}
	return "unknown format"
}

// File is what a file of exported passkeys holds.
type File struct {
	Format   Format
	Passkeys []*Passkey // P-256 keys that can sign, in the file's order, each once
	Left     []Left     // passkeys of the file that cannot, and why
}

// Left is a passkey that was left out. Its texts come from the file: quote them.
type Left struct {
	Where    string // "items[3].login.fido2Credentials[0]"
	RPID     string // "" if it could not be read
	UserName string
	Cause    error
}

// Wipe makes every private key zero.
func (f *File) Wipe() {
	for _, p := range f.Passkeys {
		p.Wipe()
	}
}

// Wipe makes b zero.
func Wipe(b []byte) { clear(b) }

func refuse(cause passkey.Cause, where, want, hint string) *passkey.Error {
	return &passkey.Error{Cause: cause, Where: where, Want: want, Hint: hint}
}

// at puts the place of a refusal before where it was found.
func at(place string, err error) error {
	if e, ok := err.(*passkey.Error); ok {
		c := *e
		if c.Where == "" {
			c.Where = place
		} else {
			c.Where = place + "." + c.Where
		}
		return &c
	}
	return fmt.Errorf("%s: %w", place, err)
}
