package flow

import (
	"github.com/postern-dev/postern/passkey"
)

// Schemes, the first byte of a signature's extension.
const (
	SchemePlain    byte = 0 // nothing follows; the same as no extension
	SchemeWebAuthn byte = 1 // RLP([authenticatorData, clientDataJSON]) follows
)

// WebAuthn is the signature and the extension that carry an assertion: r‖s, with a low s, and [Extension]. Nothing is
// verified: see [VerifySignature].
func WebAuthn(a *passkey.Assertion) (signature, extension []byte) {
	return a.Signature.P1363(), Extension(a.AuthData.Raw, a.ClientData.Raw)
}

// Extension is 0x01 ‖ RLP([authenticatorData, clientDataJSON]).
func Extension(authData, clientDataJSON []byte) []byte {
	n := sizeOfBytes(authData) + sizeOfBytes(clientDataJSON)
	b := append(make([]byte, 0, 1+sizeOfList(n)), SchemeWebAuthn)
	return appendBytes(appendBytes(appendList(b, n), authData), clientDataJSON)
}

// ParseExtension reads an extension of the WebAuthn scheme as strictly as nodes do: two byte strings, nothing after them.
// What is in them is not looked at. The results refer to the input.
func ParseExtension(extension []byte) (authData, clientDataJSON []byte, err error) {
	if len(extension) > MaxTransaction {
		return nil, nil, refused(ErrTooLarge, "extension", "%d bytes", len(extension))
	}
	if len(extension) == 0 || extension[0] != SchemeWebAuthn {
		return nil, nil, refused(ErrScheme, "extension", "it does not begin with 01")
	}
	outer := &rlpReader{in: extension[1:]}
	pair := outer.list()
	authData, clientDataJSON = pair.bytes(), pair.bytes()
	for _, r := range []*rlpReader{outer, pair} {
		if err := r.end(); err != nil {
			return nil, nil, refused(ErrExtension, "extension", "%v", err.(*Error).Seen)
		}
	}
	return authData, clientDataJSON, nil
}
