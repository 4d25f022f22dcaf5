// clientDataJSON as contracts take it: cut around the challenge's text, or whole
// with the places of two members; and an assertion made again of such parts.

package seal

import (
	"encoding/base64"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// fixedPrefix begins clientDataJSON in the fixed form.
const fixedPrefix = `{"type":"webauthn.get","challenge":"`

const (
	typeMember   = `"type":"webauthn.get"`
	challengeKey = `"challenge":"`
	challengeLen = 43 // base64url of 32 bytes, no padding
)

// cutChallenge gives what stands before and after the challenge's text, both
// referring to the assertion. It refuses client data that no contract can put
// together again.
func cutChallenge(where string, a *passkey.Assertion) (prefix, suffix []byte, err error) {
	c := &a.ClientData
	switch {
	case len(c.Challenge) != 32:
		return nil, nil, caused(passkey.ErrChallenge, where, "a challenge of %d bytes, not the 32 of a hash", len(c.Challenge))
	case c.TypeOffset < 0 || c.ChallengeOffset < len(challengeKey) || c.ChallengeOffset+challengeLen > len(c.Raw):
		return nil, nil, malformed(where, "client data spelt with spaces or escapes, which the account does not read")
	}
	end := c.ChallengeOffset + challengeLen
	if string(c.Raw[c.ChallengeOffset:end]) != base64.RawURLEncoding.EncodeToString(c.Challenge) {
		return nil, nil, malformed(where, "the challenge is not written as base64url without padding")
	}
	return c.Raw[:c.ChallengeOffset], c.Raw[end:], nil
}

// joinChallenge puts client data together again.
func joinChallenge(prefix []byte, hash common.Hash, suffix []byte) []byte {
	b := make([]byte, 0, len(prefix)+challengeLen+len(suffix))
	b = append(b, prefix...)
	b = base64.RawURLEncoding.AppendEncode(b, hash[:])
	return append(b, suffix...)
}

// checkAssertion refuses what no account should be given, whatever the hash.
func checkAssertion(where string, a *passkey.Assertion) error {
	if err := checkAuthData(where, a.AuthData.Raw); err != nil {
		return err
	}
	if a.ClientData.Type != passkey.TypeGet {
		return caused(passkey.ErrPurpose, where, "client data of type %.32q, not %q", a.ClientData.Type, passkey.TypeGet)
	}
	return checkSignature(where, a.Signature)
}

func checkAuthData(where string, authData []byte) error {
	if len(authData) < 37 {
		return caused(passkey.ErrAuthData, where, "authenticator data of %d bytes, at least 37", len(authData))
	}
	switch f := passkey.Flags(authData[32]); {
	case !f.UP():
		return caused(passkey.ErrUserPresence, where, "user presence (UP) is missing")
	case f.BS() && !f.BE():
		return caused(passkey.ErrBackupState, where, "backed up (BS) but not eligible for backup (BE)")
	}
	return nil
}

// checkSignature refuses a signature that is not in the form that every contract takes.
func checkSignature(where string, s passkey.Signature) error {
	if low, err := passkey.ParseP1363(s.P1363()); err != nil {
		return err
	} else if low != s {
		return caused(ErrHighS, where, "s is above n/2")
	}
	return nil
}

// rebuildAssertion parses the parts that a layout carries, and checks them. The
// credential ID is in none of them, so the assertion has none.
func rebuildAssertion(where string, authData, clientDataJSON []byte, s passkey.Signature) (*passkey.Assertion, error) {
	if err := checkSignature(where, s); err != nil {
		return nil, err
	}
	ad, err := passkey.ParseAuthenticatorData(authData)
	if err != nil {
		return nil, err
	}
	if ad.Flags.AT() {
		return nil, caused(passkey.ErrFlags, where, "attested credential data (AT), which no assertion has")
	}
	cd, err := passkey.ParseClientData(clientDataJSON)
	if err != nil {
		return nil, err
	}
	a := &passkey.Assertion{AuthData: ad, ClientData: cd, Signature: s}
	return a, checkAssertion(where, a)
}

// An indexed assertion is what most contracts take: the client data whole, and
// where `"challenge":` and `"type":` stand in it.
type indexed struct {
	authData, clientData      abituple.Field
	challengeIndex, typeIndex abituple.Field
	r, s                      abituple.Field
}

func indexAssertion(where string, a *passkey.Assertion) (indexed, error) {
	if err := checkAssertion(where, a); err != nil {
		return indexed{}, err
	}
	prefix, _, err := cutChallenge(where, a)
	if err != nil {
		return indexed{}, err
	}
	return indexed{
		authData: abituple.Bytes(a.AuthData.Raw), clientData: abituple.Bytes(a.ClientData.Raw),
		challengeIndex: abituple.Number(len(prefix) - len(challengeKey)), typeIndex: abituple.Number(a.ClientData.TypeOffset),
		r: abituple.Word(a.Signature.R), s: abituple.Word(a.Signature.S),
	}, nil
}

// assertion is the inverse of indexAssertion. Contracts also take an index that
// points at a copy of the member in some nested object; nobody's client data has one.
func (x *indexed) assertion(where string) (*passkey.Assertion, error) {
	s := passkey.Signature{R: x.r.Word, S: x.s.Word}
	a, err := rebuildAssertion(where, x.authData.Data, x.clientData.Data, s)
	if err != nil {
		return nil, err
	}
	prefix, _, err := cutChallenge(where, a)
	if err != nil {
		return nil, err
	}
	if at, want := x.challengeIndex.Int(), len(prefix)-len(challengeKey); at != want {
		return nil, caused(ErrIndex, where, "challengeIndex is %d; the challenge stands at %d", at, want)
	}
	if at, want := x.typeIndex.Int(), a.ClientData.TypeOffset; at != want {
		return nil, caused(ErrIndex, where, "typeIndex is %d; the type stands at %d", at, want)
	}
	return a, nil
}
