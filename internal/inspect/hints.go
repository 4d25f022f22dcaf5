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
	what, where := "w, yR and two inverses", "without a table of the key"
	check := func() error { return noTableHints(b, s, key, digest) }
	if len(b) != seal.PathNone.HintsLen() {
		what, where = "1/s", "with a table of the key"
		check = func() error { return p256hint.CheckInverse([32]byte(b), s.S) }
	}
	say := func(verdict string) {
		r.fact("hints", fmt.Sprintf("%d bytes (%s), %s; used where the contract verifies %s, ignored elsewhere", len(b), what, verdict, where))
	}
	err := check()
	if err == nil {
		say("right")
		return
	}
	why := err.Error()
	var e *p256hint.Error
	if errors.As(err, &e) {
		why = string(e.Reason)
	}
	say("wrong")
	r.warn("hints", "the hints are wrong: "+why+". The contract says the same of the signature without them; it takes more gas, where they are used",
		"a stub for gas estimation, hints of another signature, or somebody who passed the signature on: nobody signs hints", "compute the hints again from the signature as it is sent, with s in its low form")
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
