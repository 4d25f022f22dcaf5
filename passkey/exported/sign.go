package exported

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// Passkey is one exported passkey.
type Passkey struct {
	CredentialID    []byte
	RPID            string
	UserName        string // from the file, like the next: quote it
	UserDisplayName string
	UserHandle      []byte // nil if the file has none
	Key             passkey.PublicKey

	// secret leads to the scalar: copies of a Passkey are no copies of it, and unlike through a
	// pointer fmt cannot get there, whatever the verb.
	secret func() *[32]byte
}

func keep(scalar [32]byte) func() *[32]byte { return func() *[32]byte { return &scalar } }

// Wipe makes the private key zero. The passkey cannot sign any more.
func (p *Passkey) Wipe() {
	if p.secret != nil {
		clear(p.secret()[:])
		p.secret = nil
	}
}

// String names the passkey without its secret.
func (p *Passkey) String() string {
	x := p.Key.X()
	return fmt.Sprintf("passkey %x of %s for %s", x[:12], shown(p.UserName), shown(p.RPID))
}

// Format keeps every verb of fmt from the private key.
func (p *Passkey) Format(s fmt.State, _ rune) { fmt.Fprint(s, p.String()) }

// Flags are those that a password manager sets – user present and verified, backup eligible and
// backed up –, without such as the rule forbids. Whoever has the key can set any: a rule on
// backup flags does not keep a passkey that was exported from signing.
func Flags(uv, be, bs passkey.Requirement) passkey.Flags {
	f := passkey.FlagUP
	if uv != passkey.Forbidden {
		f |= passkey.FlagUV
	}
	if be != passkey.Forbidden {
		f |= passkey.FlagBE
		if bs != passkey.Forbidden {
			f |= passkey.FlagBS
		}
	}
	return f
}

// Origin is the one that assertions of an RP ID are written for: https, and http for localhost.
func Origin(rpID string) string {
	if rpID == "localhost" {
		return "http://localhost"
	}
	return "https://" + rpID
}

// ClientData is the clientDataJSON that [Passkey.Assert] signs, in the order of members that
// browsers write and every account reads.
func ClientData(rpID string, challenge []byte) []byte {
	return []byte(`{"type":"webauthn.get","challenge":"` + base64.RawURLEncoding.EncodeToString(challenge) +
		`","origin":"` + Origin(rpID) + `","crossOrigin":false}`)
}

// AuthData is the authenticator data: SHA-256 of the RP ID, the flags, and a signature counter
// of zero, as synced passkeys have it.
func AuthData(rpID string, flags passkey.Flags) []byte {
	hash := sha256.Sum256([]byte(rpID))
	return append(hash[:], byte(flags), 0, 0, 0, 0)
}

// Assert signs a challenge of at least 16 bytes. The same input gives the same signature
// (RFC 6979).
func (p *Passkey) Assert(challenge []byte, flags passkey.Flags) (*passkey.Assertion, error) {
	if p.secret == nil {
		return nil, refuse(ErrWiped, "", "", "read the file again")
	}
	if len(challenge) < 16 {
		return nil, refuse(passkey.ErrChallenge, "", "16 bytes or more", "")
	}
	authData, clientData := AuthData(p.RPID, flags), ClientData(p.RPID, challenge)
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(append(authData[:len(authData):len(authData)], hash[:]...))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), p.secret()[:])
	if err != nil {
		return nil, refuse(passkey.ErrKey, "", "", "")
	}
	defer clearKey(private)
	der, err := private.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	a, err := passkey.NewAssertion(p.CredentialID, authData, clientData, der)
	if err != nil {
		return nil, err
	}
	a.UserHandle = p.UserHandle
	return a, nil
}
