package flow

import (
	"encoding/hex"
	"encoding/json"
)

// Signable is what the Flow Client Library asks a wallet to sign. Only what is signed is read: the message itself, not the
// copies of its parts that come with it.
type Signable struct {
	Address     Address
	KeyIndex    uint32
	Message     []byte       // see Transaction.Message
	Transaction *Transaction // what the message says
	Role        Role         // which message it is
}

// ParseSignable reads the JSON of an FCL Signable, 1.0.1. It is refused if the message is not of a transaction, or not one
// that the account has to sign.
func ParseSignable(b []byte) (*Signable, error) {
	if len(b) > 8*MaxTransaction {
		return nil, refused(ErrTooLarge, "signable", "%d bytes", len(b))
	}
	var w struct {
		Type    string `json:"f_type"`
		Message string `json:"message"`
		Address string `json:"addr"`
		Key     uint32 `json:"keyId"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, refused(ErrSignable, "signable", "%v", err)
	}
	if w.Type != "Signable" {
		return nil, refused(ErrSignable, "signable", "f_type %.40q", w.Type)
	}
	s := Signable{KeyIndex: w.Key}
	var err error
	if s.Address, err = ParseAddress(w.Address); err != nil {
		return nil, err
	}
	if s.Message, err = hex.DecodeString(w.Message); err != nil {
		return nil, refused(ErrSignable, "message", "%v", err)
	}
	if s.Transaction, s.Role, err = DecodeMessage(s.Message); err != nil {
		return nil, err
	}
	if want := s.Transaction.Role(s.Address); want != s.Role {
		return nil, refused(ErrRole, "signable", "%s signs %s, and this is the %s", s.Address, want, s.Role)
	}
	return &s, nil
}

// Composite is the answer to a Signable: hexadecimal digits without 0x, and the extension beside the signature.
func (s *Signable) Composite(signature, extension []byte) []byte {
	b, err := json.Marshal(composite{
		"CompositeSignature", "1.0.0", s.Address.String(), &s.KeyIndex, hex.EncodeToString(signature), hex.EncodeToString(extension),
	})
	if err != nil { // hexadecimal digits and a number
		panic(err)
	}
	return b
}
