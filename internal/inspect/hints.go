package inspect

import (
	"errors"
	"fmt"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// hints says what the hints of an approval are for, and whether they are right. digest is what the key signed, nil if
// that is not known.
func hints(r *Reading, b []byte, s passkey.Signature, key passkey.PublicKey, digest *[32]byte) {
	if len(b) == 0 {
		return
	}
	var err error
	switch len(b) {
	case seal.PathNone.HintsLen():
		r.fact("hints", "128 bytes, used where the contract verifies without a table of the key, ignored elsewhere")
		err = noTableHints(b, s, key, digest)
	default:
		r.fact("hints", fmt.Sprintf("%d bytes, 1/s, used where the contract verifies with a table of the key, ignored elsewhere", len(b)))
		err = p256hint.CheckInverse([32]byte(b), s.S)
	}
	if err == nil {
		r.fact("hints are", "right")
		return
	}
	why := err.Error()
	var e *p256hint.Error
	if errors.As(err, &e) {
		why = string(e.Reason)
	}
	r.fact("hints are", "wrong: "+why)
	r.warn("hints", "the hints are wrong: "+why+". The contract says the same of the signature, but verifying costs more gas, where the hints are used",
		"a stub for gas estimation, hints of another signature, or somebody who passed the operation on: nobody signs hints", "compute the hints again from the signature as it is sent, with s in its low form")
}

// oppositePoint is the reason that only the digest shows.
const oppositePoint p256hint.Reason = "they are for the point opposite to the signature's"

func noTableHints(b []byte, s passkey.Signature, key passkey.PublicKey, digest *[32]byte) error {
	h, err := p256hint.Parse(b)
	if err != nil {
		return err
	}
	if err := h.Check(s.R, s.S, key.X(), key.Y()); err != nil || digest == nil {
		return err
	}
	want, err := p256hint.For(*digest, s.R, s.S, key.X(), key.Y())
	if err == nil && want.RY != h.RY {
		return &p256hint.Error{Reason: oppositePoint}
	}
	return err
}
