package inspect

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

var errScalar = errors.New("r and s must be above zero and below the order of the curve")

type scalars struct{ high bool }

// checkScalars checks r and s of a P-256 signature.
func checkScalars(r, s [32]byte) (scalars, error) {
	n := elliptic.P256().Params().N
	br, bs := bigOf(r[:]), bigOf(s[:])
	if br.Sign() == 0 || bs.Sign() == 0 || br.Cmp(n) >= 0 || bs.Cmp(n) >= 0 {
		return scalars{}, errScalar
	}
	return scalars{high: new(big.Int).Lsh(bs, 1).Cmp(n) > 0}, nil
}

func highS(r *Reading, accepted bool) {
	const source = "authenticators return either form; about half of all signatures have a high s"
	const hint = "replace s by n − s: the same signature, valid everywhere"
	if accepted {
		r.warn("high-s", "s is above n/2; this verifier accepts it, others do not", source, hint)
		return
	}
	r.wrong("high-s", "s is above n/2 and the contract refuses it", source, hint)
}

// derSignature recognises ECDSA-Sig-Value, also malformed ones of about its length.
func (in *inspector) derSignature(b []byte) (Reading, bool) {
	if len(b) < 8 || b[0] != 0x30 || len(b) > 80 {
		return Reading{}, false
	}
	r := Reading{Kind: "der-signature", Title: "ECDSA signature, DER, as authenticators return it", Likelihood: Certain}
	sig, err := passkey.ParseDER(b)
	if err != nil {
		if b[2] != 0x02 && !(b[1] >= 0x81 && b[1] <= 0x84) {
			return Reading{}, false
		}
		r.Likelihood = Likely
		r.refused("der", err)
		derSource(&r, b)
		return r, true
	}
	r.fact("r", hexOf(sig.R[:]))
	r.fact("s", hexOf(sig.S[:]))
	if !bytes.Equal(sig.DER(), b) {
		r.note("high-s", "s was above n/2 as written; shown is n − s, which is the same signature and the form that contracts accept")
	}
	in.sizeHint(&r)
	return r, true
}

// derSource adds where malformed DER of this sort usually comes from.
func derSource(r *Reading, b []byte) {
	last := &r.Findings[len(r.Findings)-1]
	switch {
	case b[1] >= 0x80:
		last.Source, last.Hint = or(last.Source, "an encoder that writes long lengths (BER)"), or(last.Hint, "write the length of the SEQUENCE in one byte")
	case int(b[1])+2 < len(b):
		last.Source, last.Hint = or(last.Source, "a fixed-size buffer that was not cut to the signature's length"), or(last.Hint, fmt.Sprintf("keep the first %d bytes", int(b[1])+2))
	case int(b[1])+2 > len(b):
		last.Source, last.Hint = or(last.Source, "a copy that lost its end"), or(last.Hint, fmt.Sprintf("%d bytes are missing", int(b[1])+2-len(b)))
	default:
		last.Source, last.Hint = or(last.Source, "a home-made encoder: integers need one zero byte in front when the first bit is set, and none otherwise"), or(last.Hint, "encode r and s again, or pass the authenticator's bytes unchanged")
	}
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func (in *inspector) sizeHint(r *Reading) {
	if len(in.opt.Challenge) > 0 || !in.opt.Key.IsZero() {
		r.note("alone", "a signature alone cannot be checked: it covers the authenticator data and the client data's hash; pass the whole assertion")
	}
}

func (in *inspector) p1363(b []byte) (Reading, bool) {
	if len(b) != 64 {
		return Reading{}, false
	}
	s, err := checkScalars([32]byte(b[:32]), [32]byte(b[32:]))
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "p1363-signature", Title: "ECDSA signature, 64 bytes r ‖ s (IEEE P1363)", Likelihood: Likely}
	r.fact("r", hexOf(b[:32]))
	r.fact("s", hexOf(b[32:]))
	if s.high {
		r.warn("high-s", "s is above n/2; most contracts refuse it", "authenticators return either form", "replace s by n − s: the same signature, valid everywhere")
	}
	in.sizeHint(&r)
	return r, true
}

// ecdsaSignature recognises 65 bytes r ‖ s ‖ v of secp256k1.
func (in *inspector) ecdsaSignature(b []byte) (Reading, bool) {
	if len(b) != 65 || b[64] > 1 && b[64] != 27 && b[64] != 28 {
		return Reading{}, false
	}
	r := Reading{Kind: "ecdsa-signature", Title: "secp256k1 signature, 65 bytes r ‖ s ‖ v", Likelihood: Likely}
	r.fact("r", hexOf(b[:32]))
	r.fact("s", hexOf(b[32:64]))
	r.fact("v", fmt.Sprint(b[64]))
	n := crypto.S256().Params().N
	br, bs := bigOf(b[:32]), bigOf(b[32:64])
	switch {
	case br.Sign() == 0 || bs.Sign() == 0 || br.Cmp(n) >= 0 || bs.Cmp(n) >= 0:
		r.wrong("scalar", errScalar.Error(), "not a signature, or a stub for gas estimation", "")
		return r, true
	case new(big.Int).Lsh(bs, 1).Cmp(n) > 0:
		r.wrong("high-s", "s is above n/2", "a signer that does not normalise", "replace s by n − s and flip v")
	}
	in.recoverSigner(&r, b)
	return r, true
}

// recoverSigner names the signer when the hash is known: one per value that may have been
// signed, of which only one is anybody.
func (in *inspector) recoverSigner(r *Reading, b []byte) {
	sig := append([]byte(nil), b...)
	if sig[64] >= 27 {
		sig[64] -= 27
	}
	signer := func(hash []byte) (common.Address, bool) {
		if len(hash) != 32 {
			return common.Address{}, false
		}
		key, err := crypto.SigToPub(hash, sig)
		if err != nil {
			return common.Address{}, false
		}
		return crypto.PubkeyToAddress(*key), true
	}
	for _, h := range in.signedHashes() {
		if a, ok := signer(h.hash); ok {
			r.fact("signer over "+h.name+", raw", a.Hex())
		}
		if a, ok := signer(personalHash(h.hash)); ok {
			r.fact("signer over "+h.name+", with the EIP-191 prefix", a.Hex())
		}
	}
	if digest := in.hybridChallenge(); in.op != nil && digest != nil {
		if a, ok := signer(digest); ok {
			r.fact("signer over MetaMask Hybrid's digest", a.Hex())
		}
		// An EOA that runs MetaMask's code signs for itself, so this one can be told.
		for _, ep := range in.op.eps {
			digest, err := seal.MetaMaskDigest(seal.MetaMaskStateless, in.op.op.Clone().Normalize(), ep, in.opt.ChainID)
			if a, ok := signer(digest[:]); err == nil && ok && a == in.op.op.Sender {
				r.fact("signature", "by the sender itself, over the digest of MetaMask's EIP-7702 account for EntryPoint "+ep.Version())
			}
		}
	}
}

func personalHash(hash []byte) []byte {
	return crypto.Keccak256(fmt.Appendf(nil, "\x19Ethereum Signed Message:\n%d", len(hash)), hash)
}
