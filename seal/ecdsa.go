// secp256k1 signatures in the one form that every contract takes.

package seal

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
)

// normalECDSA reads r ‖ s ‖ v with v 0, 1, 27 or 28 and gives the same signature
// with low s and v 27 or 28.
func normalECDSA(signature []byte) (sig [65]byte, err error) {
	const where = "secp256k1 signature"
	if len(signature) != 65 {
		return sig, malformed(where, "%d bytes, not 65", len(signature))
	}
	sig = [65]byte(signature)
	if sig[64] < 2 {
		sig[64] += 27
	}
	lowerS(&sig)
	if err := checkECDSA(where, sig); err != nil {
		return [65]byte{}, err
	}
	return sig, nil
}

// lowerS turns a high s into n−s and flips v, if s is below n.
func lowerS(sig *[65]byte) {
	n := crypto.S256().Params().N
	s := common.BytesToHash(sig[32:64]).Big()
	if low := common.BytesToHash(sig[32:64]).Big(); low.Sub(n, s).Sign() > 0 && low.Cmp(s) < 0 {
		low.FillBytes(sig[32:64])
		sig[64] ^= 27 ^ 28
	}
}

func checkECDSA(where string, sig [65]byte) error {
	r, s := common.BytesToHash(sig[:32]).Big(), common.BytesToHash(sig[32:64]).Big()
	switch {
	case sig[64] != 27 && sig[64] != 28:
		return caused(ErrEncoding, where, "v is %d, not 27 or 28", sig[64])
	case !crypto.ValidateSignatureValues(sig[64]-27, r, s, false):
		return caused(passkey.ErrSignatureForm, where, "r or s out of range")
	case !crypto.ValidateSignatureValues(sig[64]-27, r, s, true):
		return caused(ErrHighS, where, "s is above n/2")
	}
	return nil
}
