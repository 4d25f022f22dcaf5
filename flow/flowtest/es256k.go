package flowtest

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// ES256K answers as an authenticator with a key on secp256k1 does: with what a browser's toJSON() gives of it.
type ES256K struct {
	Signer *Signer
	Public [64]byte // x‖y
}

// CredentialID is the credential's.
const CredentialID = "\x01"

var orderOfSecp256k1, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

func credential(response map[string]any) []byte {
	id := base64.RawURLEncoding.EncodeToString([]byte(CredentialID))
	b, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		panic(err)
	}
	return b
}

// Create is RegistrationResponseJSON, without attestation.
func (a ES256K) Create(challenge []byte) []byte {
	made, b64 := Usual(), base64.RawURLEncoding.EncodeToString
	made.Client, made.Flags = strings.Replace(made.Client, "webauthn.get", "webauthn.create", 1), UP|AT
	made.Tail = append(append(make([]byte, 16), 0, byte(len(CredentialID))), CredentialID...)
	made.Tail = append(append(made.Tail, "\xa5\x01\x02\x03\x38\x2e\x20\x08\x21\x58\x20"...), a.Public[:32]...)
	made.Tail = append(append(made.Tail, "\x22\x58\x20"...), a.Public[32:]...)
	data := made.AuthData()
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(data)))
	return credential(map[string]any{
		"attestationObject": b64(append(object, data...)), "clientDataJSON": b64(made.ClientData(b64(challenge))),
		"transports": []string{"usb"}, "publicKeyAlgorithm": -47,
	})
}

// Get is AuthenticationResponseJSON; with a high s, if that is asked for.
func (a ES256K) Get(challenge [32]byte, high bool) []byte {
	made, b64 := Usual(), base64.RawURLEncoding.EncodeToString
	client := made.ClientData(b64(challenge[:]))
	signature := a.Signer.SignedBy(made.AuthData(), client)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if high != (s.Cmp(new(big.Int).Rsh(orderOfSecp256k1, 1)) > 0) {
		s.Sub(orderOfSecp256k1, s)
	}
	der, err := asn1.Marshal([]*big.Int{r, s})
	if err != nil {
		panic(err)
	}
	return credential(map[string]any{"authenticatorData": b64(made.AuthData()), "clientDataJSON": b64(client), "signature": b64(der)})
}
