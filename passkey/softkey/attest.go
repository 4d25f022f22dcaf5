package softkey

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"

	"github.com/postern-dev/postern/passkey"
)

// The authenticator's part: the bytes that it signs.

// authData is the fixed part of authenticator data: 37 bytes.
func (a *Authenticator) authData(c *credential, rpID string, flags passkey.Flags) []byte {
	if a.config.counts {
		c.count++
	}
	hash := sha256.Sum256([]byte(cmp.Or(a.quirks.RPID, rpID)))
	return binary.BigEndian.AppendUint32(append(hash[:], byte(flags)), c.count)
}

// attest wraps authenticator data into an attestation object (§6.5.4).
func (a *Authenticator) attest(c *credential, conveyance string, authData, clientData []byte) ([]byte, error) {
	statement := []byte("\x63fmt\x64none\x67attStmt\xa0")
	if a.config.selfAttestation && conveyance != "" && conveyance != "none" {
		der, err := a.quirks.sign(c, authData, clientData)
		if err != nil {
			return nil, err
		}
		statement = append([]byte("\x63fmt\x66packed\x67attStmt\xa2\x63alg\x26\x63sig"), cborBytes(der)...)
	}
	object := append([]byte{0xa3}, statement...)
	object = append(object, "\x68authData"...)
	return append(object, cborBytes(authData)...), nil
}

// cborBytes is a CBOR byte string of up to 65535 bytes.
func cborBytes(b []byte) []byte {
	switch n := len(b); {
	case n < 24:
		return append([]byte{0x40 | byte(n)}, b...)
	case n < 256:
		return append([]byte{0x58, byte(n)}, b...)
	default:
		return append([]byte{0x59, byte(n >> 8), byte(n)}, b...)
	}
}
