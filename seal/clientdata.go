// clientDataJSON as contracts take it: cut around the challenge's text, or whole
// with the places of two members; and an assertion made again of such parts.

package seal

import (
	"encoding/base64"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// cutChallenge gives what stands before and after the challenge's text, both
// referring to the assertion. It refuses client data that no contract can put
// together again.
func cutChallenge(where string, a *passkey.Assertion) (prefix, suffix []byte, err error) {
	c := &a.ClientData
	switch {
	case len(c.Challenge) != 32:
		return nil, nil, malformed(where, "a challenge of %d bytes, not the 32 of a hash", len(c.Challenge))
	case c.TypeOffset < 0 || c.ChallengeOffset < 0 || c.ChallengeOffset+challengeLen > len(c.Raw):
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

// checkAssertion refuses what no contract of any layout accepts, whatever the
// hash: it is the common part of their checks.
func checkAssertion(where string, a *passkey.Assertion) error {
	if err := checkFlags(where, a.AuthData.Raw); err != nil {
		return err
	}
	if a.ClientData.Type != passkey.TypeGet {
		return malformed(where, "client data of type %.32q, not %q", a.ClientData.Type, passkey.TypeGet)
	}
	return checkSignature(where, a.Signature)
}

func checkFlags(where string, authData []byte) error {
	if len(authData) < 37 {
		return malformed(where, "authenticator data of %d bytes, at least 37", len(authData))
	}
	switch f := passkey.Flags(authData[32]); {
	case !f.UP():
		return malformed(where, "user presence (UP) is missing")
	case f.BS() && !f.BE():
		return malformed(where, "backed up (BS) but not eligible for backup (BE)")
	}
	return nil
}

// checkSignature refuses a signature that is not in the form that every contract takes.
func checkSignature(where string, s passkey.Signature) error {
	if low, err := passkey.ParseP1363(s.P1363()); err != nil {
		return err
	} else if low != s {
		return malformed(where, "s is not in its low form")
	}
	return nil
}

// rebuildAssertion parses the parts that a layout carries. The credential ID is
// in none of them, so the assertion has none.
func rebuildAssertion(authData, clientDataJSON []byte, s passkey.Signature) (*passkey.Assertion, error) {
	ad, err := passkey.ParseAuthenticatorData(authData)
	if err != nil {
		return nil, err
	}
	if ad.Flags.AT() {
		return nil, malformed("authenticator data", "attested credential data, which no assertion has")
	}
	cd, err := passkey.ParseClientData(clientDataJSON)
	if err != nil {
		return nil, err
	}
	return &passkey.Assertion{AuthData: ad, ClientData: cd, Signature: s}, nil
}
