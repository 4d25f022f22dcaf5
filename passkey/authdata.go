package passkey

import "fmt"

// MaxCredentialID is the longest credential ID in bytes (§5.1.3, §6.5.1).
const MaxCredentialID = 1023

// maxAuthData bounds authenticator data: the longest credential ID and room for extensions.
const maxAuthData = 8 << 10

// AuthenticatorData is what the authenticator signs besides the client data's hash (§6.1).
type AuthenticatorData struct {
	Raw        []byte              // as received: this is what was signed
	RPIDHash   [32]byte            // SHA-256 of the RP ID
	Flags      Flags               // BS only with BE; AT and ED agree with the fields below
	SignCount  uint32              // 0 if the authenticator does not count
	Credential *AttestedCredential // with AT, otherwise nil
	Extensions []byte              // with ED: a canonical CBOR map with text keys; otherwise nil
}

// AttestedCredential describes a new credential (§6.5.1).
type AttestedCredential struct {
	AAGUID AAGUID
	ID     []byte // 1 to 1023 bytes
	Key    PublicKey
}

// ParseAuthenticatorData reads authenticator data to its last byte. The result refers to b.
func ParseAuthenticatorData(b []byte) (AuthenticatorData, error) {
	return parseAuthenticatorData(b, coseKey)
}

// keyReader reads the key at the start of its input and says how many bytes it took.
type keyReader func(b []byte) (PublicKey, int, error)

func parseAuthenticatorData(b []byte, readKey keyReader) (AuthenticatorData, error) {
	fail := func(err error) (AuthenticatorData, error) { return AuthenticatorData{}, err }
	if len(b) > maxAuthData {
		return fail(&Error{Cause: ErrTooLarge, Where: "authenticatorData", Seen: fmt.Sprintf("%d bytes", len(b)), Want: fmt.Sprintf("at most %d", maxAuthData)})
	}
	if len(b) < 37 {
		return fail(badAuthData(fmt.Sprintf("%d bytes", len(b)), "at least 37"))
	}
	a := AuthenticatorData{Raw: b, RPIDHash: [32]byte(b), Flags: Flags(b[32]), SignCount: be32(b[33:])}
	rest := b[37:]
	if a.Flags.BS() && !a.Flags.BE() {
		return fail(&Error{Cause: ErrBackupState, Where: "authenticatorData", Seen: a.Flags.String(), Want: "BS only together with BE (§6.1.3)"})
	}
	if a.Flags.AT() {
		c, n, err := attestedCredential(rest, readKey)
		if err != nil {
			return fail(err)
		}
		a.Credential, rest = c, rest[n:]
	}
	if a.Flags.ED() {
		n, err := extensionMap(rest)
		if err != nil {
			return fail(err)
		}
		a.Extensions, rest = rest[:n:n], rest[n:]
	}
	if len(rest) != 0 {
		return fail(&Error{Cause: ErrFlags, Where: "authenticatorData", Seen: fmt.Sprintf("%d bytes left over with flags %s", len(rest), a.Flags), Want: "none"})
	}
	return a, nil
}

// attestedCredential reads AAGUID, credential ID and key at the start of b.
func attestedCredential(b []byte, readKey keyReader) (*AttestedCredential, int, error) {
	if len(b) < 18 {
		return nil, 0, &Error{Cause: ErrFlags, Where: "authenticatorData", Seen: fmt.Sprintf("AT with %d bytes following", len(b)), Want: "attested credential data"}
	}
	n := be16(b[16:])
	if n == 0 || n > MaxCredentialID || n > len(b)-18 {
		return nil, 0, badAuthData(fmt.Sprintf("a credential ID of %d bytes with %d left", n, len(b)-18), fmt.Sprintf("1 to %d", MaxCredentialID))
	}
	key, used, err := readKey(b[18+n:])
	if err != nil {
		return nil, 0, err
	}
	return &AttestedCredential{AAGUID: AAGUID(b), ID: b[18 : 18+n : 18+n], Key: key}, 18 + n + used, nil
}

// extensionMap checks that b starts with a canonical map with text keys and returns its length.
func extensionMap(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, &Error{Cause: ErrFlags, Where: "authenticatorData", Seen: "ED with nothing following", Want: "an extension map"}
	}
	r := cborReader{b: b, where: "extensions"}
	pairs, err := r.mapHead()
	if err != nil {
		return 0, err
	}
	var key []byte
	for ; pairs > 0; pairs-- {
		if key, err = r.key(key); err != nil {
			return 0, err
		}
		if key[0]>>5 != cborText {
			return 0, r.bad("an extension whose name is no text")
		}
		if err := r.skip(2); err != nil {
			return 0, err
		}
	}
	return r.i, nil
}

func badAuthData(seen, want string) error {
	return &Error{Cause: ErrAuthData, Where: "authenticatorData", Seen: seen, Want: want}
}
