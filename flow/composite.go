package flow

import (
	"encoding/hex"
	"encoding/json"
)

// maxComposite is more than any CompositeSignature, or account proof of them, has.
const maxComposite = 1 << 20

// composite is a CompositeSignature as wallets answer it.
type composite struct {
	Type      string  `json:"f_type"`
	Version   string  `json:"f_vsn"`
	Address   string  `json:"addr"`
	Key       *uint32 `json:"keyId"`
	Signature string  `json:"signature"`
	Extension string  `json:"extensionData,omitempty"`
}

// ParseComposite reads the JSON of an FCL CompositeSignature: what [Signable.Composite] writes, and other wallets without
// the extension. Whether signature and extension are good is not looked at.
func ParseComposite(b []byte) (Signature, error) {
	if len(b) > maxComposite {
		return Signature{}, refused(ErrTooLarge, "signature", "%d bytes", len(b))
	}
	var w composite
	if err := json.Unmarshal(b, &w); err != nil {
		return Signature{}, refused(ErrComposite, "signature", "%v", err)
	}
	return w.parse()
}

func (w composite) parse() (s Signature, err error) {
	if w.Type != "CompositeSignature" {
		return s, refused(ErrComposite, "signature", "f_type %.40q", w.Type)
	}
	if s.Address, err = ParseAddress(w.Address); err != nil {
		return Signature{}, err
	}
	if w.Key == nil {
		return Signature{}, refused(ErrComposite, "keyId", "there is none")
	}
	s.KeyIndex = *w.Key
	if s.Signature, err = hex.DecodeString(w.Signature); err != nil {
		return Signature{}, refused(ErrComposite, "signature", "%v", err)
	}
	if s.Extension, err = hex.DecodeString(w.Extension); err != nil {
		return Signature{}, refused(ErrComposite, "extensionData", "%v", err)
	}
	return s, nil
}

// ParseProof reads an account proof as FCL hands it to an app's server: {"address", "nonce", "signatures"}, with
// CompositeSignatures. The app is the reader's own: a proof does not say for whom it is.
func ParseProof(b []byte, app string) (*Proof, error) {
	if len(b) > maxComposite {
		return nil, refused(ErrTooLarge, "proof", "%d bytes", len(b))
	}
	var w struct {
		Address    string      `json:"address"`
		Nonce      string      `json:"nonce"`
		Signatures []composite `json:"signatures"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, refused(ErrProof, "proof", "%v", err)
	}
	p := Proof{App: app}
	var err error
	if p.Address, err = ParseAddress(w.Address); err != nil {
		return nil, err
	}
	if p.Nonce, err = hex.DecodeString(w.Nonce); err != nil {
		return nil, refused(ErrProof, "nonce", "%v", err)
	}
	for _, c := range w.Signatures {
		s, err := c.parse()
		if err != nil {
			return nil, err
		}
		p.Signatures = append(p.Signatures, s)
	}
	return &p, nil
}
