package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
)

// Verify checks that key made this assertion under the rule (§7.2). Not checked: that the
// challenge is used once, and extensions. The first thing that is wrong is returned; Diagnose
// lists all.
func (a *Assertion) Verify(key PublicKey, rule Rule) error {
	if err := rule.check(); err != nil {
		return err
	}
	if key.IsZero() {
		return &Error{Cause: ErrKey, Where: "key", Seen: "no key", Want: "the credential's public key"}
	}
	if err := a.meets(&rule); err != nil {
		return err
	}
	if !a.signedBy(key) {
		return badSignature(key)
	}
	return checkSignCount(&a.AuthData, &rule)
}

// Meets checks all that Verify checks but the signature: for those who verify it elsewhere.
func (a *Assertion) Meets(rule Rule) error {
	if err := rule.check(); err != nil {
		return err
	}
	if err := a.meets(&rule); err != nil {
		return err
	}
	return checkSignCount(&a.AuthData, &rule)
}

// meets is what is checked before the signature.
func (a *Assertion) meets(rule *Rule) error {
	if err := checkCredential(a.ID, rule); err != nil {
		return err
	}
	if err := checkUserHandle(a.UserHandle, rule); err != nil {
		return err
	}
	if err := checkCommon(&a.ClientData, &a.AuthData, rule, TypeGet); err != nil {
		return err
	}
	return checkDrift(&a.AuthData, rule)
}

// Verify checks that the credential was made under the rule (§7.1). Not checked: that the
// challenge is used once, that the credential ID is new, extensions, and attestation beyond
// what Trust says.
func (r *Registration) Verify(rule Rule) error {
	if err := rule.check(); err != nil {
		return err
	}
	if r.Key().IsZero() {
		return &Error{Cause: ErrKey, Where: "authenticatorData", Seen: "no key", Want: "an attested credential"}
	}
	if err := checkCommon(&r.ClientData, &r.AuthData, &rule, TypeCreate); err != nil {
		return err
	}
	return nil
}

func checkCredential(id []byte, r *Rule) error {
	if len(r.CredentialIDs) == 0 || slices.ContainsFunc(r.CredentialIDs, func(asked []byte) bool { return bytes.Equal(asked, id) }) {
		return nil
	}
	return &Error{Cause: ErrCredential, Where: "id", Seen: fmt.Sprintf("0x%x", id), Want: fmt.Sprintf("one of the %d that were asked for", len(r.CredentialIDs))}
}

func checkUserHandle(handle []byte, r *Rule) error {
	if r.UserHandle == nil || handle == nil || bytes.Equal(r.UserHandle, handle) {
		return nil
	}
	return &Error{Cause: ErrUserHandle, Where: "userHandle", Seen: fmt.Sprintf("0x%x", handle), Want: fmt.Sprintf("0x%x", r.UserHandle)}
}

func badSignature(key PublicKey) error {
	return &Error{Cause: ErrSignature, Where: "signature", Want: "a signature by " + key.String(),
		Hint: "another passkey answered, or authenticatorData or clientDataJSON was changed on the way"}
}

// checkCommon takes the steps that both ceremonies share, in the order in which they are reported.
func checkCommon(c *ClientData, a *AuthenticatorData, r *Rule, purpose string) error {
	if err := checkPurpose(c, purpose); err != nil {
		return err
	}
	if err := checkChallenge(c, r); err != nil {
		return err
	}
	if err := checkOrigin(c, r); err != nil {
		return err
	}
	if err := checkTopOrigin(c, r); err != nil {
		return err
	}
	if err := checkRPID(a, r); err != nil {
		return err
	}
	if err := checkUP(a, r, purpose); err != nil {
		return err
	}
	if err := checkUV(a, r); err != nil {
		return err
	}
	if err := checkBE(a, r); err != nil {
		return err
	}
	return checkBS(a, r)
}

func checkPurpose(c *ClientData, purpose string) error {
	if c.Type == purpose {
		return nil
	}
	return &Error{Cause: ErrPurpose, Where: "clientDataJSON.type", Seen: quote(c.Type), Want: quote(purpose)}
}

func checkChallenge(c *ClientData, r *Rule) error {
	if bytes.Equal(c.Challenge, r.Challenge) {
		return nil
	}
	return &Error{Cause: ErrChallenge, Where: "clientDataJSON.challenge",
		Seen: quote(base64.RawURLEncoding.EncodeToString(c.Challenge)), Want: quote(base64.RawURLEncoding.EncodeToString(r.Challenge)),
		Hint: "pass the challenge to the browser as bytes and start the ceremony anew"}
}

func checkOrigin(c *ClientData, r *Rule) error {
	if slices.Contains(r.Origins, c.Origin) {
		return nil
	}
	return &Error{Cause: ErrOrigin, Where: "clientDataJSON.origin", Seen: quote(c.Origin), Want: oneOf(r.Origins),
		Hint: "add the origin to the allowed ones if the page is yours"}
}

func checkTopOrigin(c *ClientData, r *Rule) error {
	if !c.CrossOrigin && c.TopOrigin == "" {
		return nil
	}
	if c.CrossOrigin && slices.Contains(r.TopOrigins, c.TopOrigin) {
		return nil
	}
	if !c.CrossOrigin {
		return &Error{Cause: ErrTopOrigin, Where: "clientDataJSON.topOrigin", Seen: quote(c.TopOrigin) + " without crossOrigin", Want: "both or neither (§5.8.1)"}
	}
	seen := quote(c.TopOrigin)
	if c.TopOrigin == "" {
		seen = "crossOrigin without a name for the embedder"
	}
	want := "a page that is not embedded"
	if len(r.TopOrigins) > 0 {
		want = oneOf(r.TopOrigins)
	}
	return &Error{Cause: ErrTopOrigin, Where: "clientDataJSON.topOrigin", Seen: seen, Want: want}
}

func checkRPID(a *AuthenticatorData, r *Rule) error {
	want := rpIDHash(r.RPID)
	if a.RPIDHash == want {
		return nil
	}
	return &Error{Cause: ErrRPID, Where: "authenticatorData", Seen: fmt.Sprintf("RP ID hash 0x%x", a.RPIDHash),
		Want: fmt.Sprintf("0x%x (%s)", want, quote(r.RPID))}
}

// rpIDHash is SHA-256 of the RP ID.
func rpIDHash(id string) [32]byte {
	var room [256]byte
	return sha256.Sum256(append(room[:0], id...))
}

func checkUP(a *AuthenticatorData, r *Rule, purpose string) error {
	if a.Flags.UP() || r.ConditionalCreate && purpose == TypeCreate {
		return nil
	}
	return &Error{Cause: ErrUserPresence, Where: "authenticatorData", Seen: "flags " + a.Flags.String(), Want: "UP"}
}

func checkUV(a *AuthenticatorData, r *Rule) error {
	if r.UserVerification.Allows(a.Flags.UV()) {
		return nil
	}
	return badFlag(ErrUserVerification, a.Flags, "UV", r.UserVerification)
}

func checkBE(a *AuthenticatorData, r *Rule) error {
	if r.BackupEligible.Allows(a.Flags.BE()) {
		return nil
	}
	return badFlag(ErrBackupEligible, a.Flags, "BE", r.BackupEligible)
}

// checkBS also guards values that no parser made.
func checkBS(a *AuthenticatorData, r *Rule) error {
	if a.Flags.BS() && !a.Flags.BE() {
		return &Error{Cause: ErrBackupState, Where: "authenticatorData", Seen: "flags " + a.Flags.String(), Want: "BS only together with BE"}
	}
	if r.BackedUp.Allows(a.Flags.BS()) {
		return nil
	}
	return badFlag(ErrBackedUp, a.Flags, "BS", r.BackedUp)
}

func badFlag(cause Cause, f Flags, name string, want Requirement) error {
	return &Error{Cause: cause, Where: "authenticatorData", Seen: "flags " + f.String(), Want: name + " " + want.String()}
}

func checkDrift(a *AuthenticatorData, r *Rule) error {
	if r.StoredBackupEligible == nil || *r.StoredBackupEligible == a.Flags.BE() {
		return nil
	}
	if a.Flags.BE() && r.BackupDrift == DriftAllowUpgrade {
		return nil
	}
	return &Error{Cause: ErrBackupDrift, Where: "authenticatorData", Seen: fmt.Sprintf("BE %t", a.Flags.BE()), Want: fmt.Sprintf("BE %t as at registration", *r.StoredBackupEligible)}
}

func checkSignCount(a *AuthenticatorData, r *Rule) error {
	if r.StoredSignCount == nil || *r.StoredSignCount == 0 || a.SignCount > *r.StoredSignCount {
		return nil
	}
	return &Error{Cause: ErrSignCount, Where: "authenticatorData", Seen: fmt.Sprint(a.SignCount), Want: fmt.Sprintf("more than %d", *r.StoredSignCount),
		Hint: "the credential may have been cloned, or an older answer was sent again"}
}

func oneOf(list []string) string {
	if len(list) == 1 {
		return quote(list[0])
	}
	return fmt.Sprintf("one of %q", list)
}

// Digest is the hash that the credential signs: SHA-256(authenticatorData ‖ SHA-256(clientDataJSON)).
func (a *Assertion) Digest() [32]byte { return signedDigest(a.AuthData.Raw, a.ClientData.Raw) }

// signedBy checks the signature alone.
func (a *Assertion) signedBy(key PublicKey) bool {
	digest := a.Digest()
	return key.verifies(digest[:], a.Signature)
}

// verifies checks a signature over a 32-byte digest. The big integers that crypto/ecdsa wants
// share one allocation with the words they refer to; going through ParseUncompressedPublicKey
// would check the point once more, which its parser has done and VerifyASN1 does again.
func (k PublicKey) verifies(digest []byte, sig Signature) bool {
	var v struct {
		key          ecdsa.PublicKey
		x, y         big.Int
		xWord, yWord [256 / bits.UintSize]big.Word
		der          [72]byte
	}
	//lint:ignore SA1019 the coordinates are a checked point's and are not changed afterwards
	v.key = ecdsa.PublicKey{Curve: elliptic.P256(), X: words(&v.x, v.xWord[:], k.x), Y: words(&v.y, v.yWord[:], k.y)}
	return ecdsa.VerifyASN1(&v.key, digest, sig.appendDER(v.der[:0]))
}

// words makes v the big endian number b, stored in w.
func words(v *big.Int, w []big.Word, b [32]byte) *big.Int {
	const size = bits.UintSize / 8
	for i := range w {
		if at := 32 - size*(i+1); size == 8 {
			w[i] = big.Word(binary.BigEndian.Uint64(b[at:]))
		} else {
			w[i] = big.Word(binary.BigEndian.Uint32(b[at:]))
		}
	}
	return v.SetBits(w)
}
