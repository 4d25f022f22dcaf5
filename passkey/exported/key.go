package exported

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/pem"

	"github.com/postern-dev/postern/passkey"
)

var (
	oidECPublicKey = []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}
	oidP256        = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
)

// der reads definite-length DER from the front of a text. The first failure sticks.
type der struct {
	rest []byte
	bad  bool
}

// next is the content of the next element, which must have the tag.
func (d *der) next(tag byte) []byte {
	if d.bad || len(d.rest) < 2 || d.rest[0] != tag {
		d.bad = true
		return nil
	}
	n, head := int(d.rest[1]), 2
	switch {
	case n < 0x80:
	case n == 0x81 && len(d.rest) > 2 && d.rest[2] >= 0x80:
		n, head = int(d.rest[2]), 3
	case n == 0x82 && len(d.rest) > 3 && d.rest[2] != 0:
		n, head = int(d.rest[2])<<8|int(d.rest[3]), 4
	default:
		d.bad = true
		return nil
	}
	if len(d.rest)-head < n {
		d.bad = true
		return nil
	}
	content := d.rest[head : head+n]
	d.rest = d.rest[head+n:]
	return content
}

func (d *der) has(tag byte) bool { return !d.bad && len(d.rest) > 0 && d.rest[0] == tag }

// pkcs8 takes the private key out of PKCS#8 DER (RFC 5208, RFC 5915): the scalar is copied into
// to, the public key is computed from it and compared with the one in the text if there is one.
func pkcs8(text []byte, to *[32]byte) (passkey.PublicKey, error) {
	malformed := refuse(ErrPrivate, "", "a P-256 private key in PKCS#8", "")
	outer := der{rest: text}
	in := der{rest: outer.next(0x30)}
	version := in.next(0x02)
	algorithm := in.next(0x30)
	private := in.next(0x04)
	if in.has(0xa0) { // attributes: known to nobody
		in.next(0xa0)
	}
	if outer.bad || in.bad || len(outer.rest) != 0 || len(in.rest) != 0 || !bytes.Equal(version, []byte{0}) {
		return passkey.PublicKey{}, malformed
	}
	if !bytes.Equal(algorithm, append(bytes.Clone(oidECPublicKey), oidP256...)) {
		return passkey.PublicKey{}, refuse(passkey.ErrAlgorithm, "", "P-256", "accounts on chains verify P-256 (ES256) only; a key of another kind cannot be a signer")
	}
	ec := der{rest: private}
	fields := der{rest: ec.next(0x30)}
	one, scalar := fields.next(0x02), fields.next(0x04)
	if fields.has(0xa0) && !bytes.Equal(fields.next(0xa0), oidP256) {
		return passkey.PublicKey{}, malformed
	}
	var public []byte
	if fields.has(0xa1) {
		wrapped := der{rest: fields.next(0xa1)}
		public = wrapped.next(0x03)
		if wrapped.bad || len(wrapped.rest) != 0 || len(public) != 66 || public[0] != 0 {
			return passkey.PublicKey{}, malformed
		}
	}
	if ec.bad || fields.bad || len(ec.rest) != 0 || len(fields.rest) != 0 || !bytes.Equal(one, []byte{1}) || len(scalar) != 32 {
		return passkey.PublicKey{}, malformed
	}
	key, err := public256(scalar)
	if err != nil {
		return passkey.PublicKey{}, err
	}
	if public != nil && !bytes.Equal(public[1:], key.SEC1()) {
		return passkey.PublicKey{}, refuse(ErrKeyPair, "", "", "the file is damaged, or was made by hand")
	}
	copy(to[:], scalar)
	return key, nil
}

// public256 refuses scalars that are zero or not below the order.
func public256(scalar []byte) (passkey.PublicKey, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return passkey.PublicKey{}, refuse(ErrPrivate, "", "a scalar from 1 to the order of P-256", "")
	}
	defer clearKey(private)
	return passkey.NewPublicKey(&private.PublicKey)
}

// pkcs8PEM is pkcs8 for the text form.
func pkcs8PEM(text []byte, to *[32]byte) (passkey.PublicKey, error) {
	text = bytes.Trim(text, " \t\r\n")
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(block.Headers) != 0 || len(rest) != 0 || !bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		return passkey.PublicKey{}, refuse(ErrPrivate, "", "-----BEGIN PRIVATE KEY----- …", "")
	}
	defer clear(block.Bytes)
	return pkcs8(block.Bytes, to)
}

// clearKey overwrites the words of a private key's number.
func clearKey(k *ecdsa.PrivateKey) {
	//lint:ignore SA1019 there is no other way to its memory
	bits := k.D.Bits()
	clear(bits[:cap(bits)])
}
