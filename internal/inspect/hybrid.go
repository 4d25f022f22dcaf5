package inspect

import (
	"crypto/ecdsa"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// hybridSignature: MetaMask's HybridDeleGator takes 65 bytes of ECDSA, 96 bytes
// (keyIdHash, r, s) of raw P-256, or the WebAuthn tuple (keyIdHash, r, s,
// authenticatorData, requireUV, prefix, suffix, responseTypeLocation).
func (in *inspector) hybridSignature(b []byte) (Reading, bool) {
	if len(b) == 96 {
		return in.hybridRaw(b)
	}
	f, err := abituple.Decode(b, "wwwdwddw")
	if err != nil {
		return Reading{}, false
	}
	requireUV, ok := boolWord(f[4].Word)
	if !ok {
		return Reading{}, false
	}
	r := Reading{Kind: layoutHybrid.kind, Title: layoutHybrid.title, Likelihood: Certain}
	in.keyIDHash(&r, f[0].Word)
	p := assertionParts{layout: layoutHybrid, r: f[1].Word, s: f[2].Word, authData: f[3].Data, challengeIndex: -1}
	r.fact("requires user verification", fmt.Sprint(requireUV))
	prefix, suffix := f[5].Data, f[6].Data
	r.fact("client data before the challenge", show(prefix))
	r.fact("client data after the challenge", show(suffix))
	var text string
	p.typeIndex, text = index(f[7].Word)
	r.fact("type index", text)
	if challenge := in.hybridChallenge(); challenge != nil {
		p.challenge = challenge
		p.clientData = fmt.Appendf(nil, "%s%s%s", prefix, base64URL(challenge), suffix)
	}
	if !requireUV {
		r.warn("signer-chooses-uv", "the signature itself says that user verification is not needed, and the contract believes it",
			"MetaMask Hybrid reads requireUV from the signature", "whoever holds the unlocked device can sign; ask for userVerification \"required\"")
	}
	if requireUV && len(p.authData) > 32 && p.authData[32]&0x04 == 0 {
		r.wrong("uv-mismatch", "requireUV is set but the authenticator data lacks the UV flag: the contract refuses it",
			"requireUV was hard-coded", "set requireUV from the UV bit of the authenticator data")
	}
	r.note("hybrid-digest", "this account kind signs its own EIP-712 digest of the operation, not the EntryPoint's hash")
	in.explainSigned(&r, p)
	return r, true
}

func (in *inspector) hybridRaw(b []byte) (Reading, bool) {
	sig, err := checkScalars([32]byte(b[32:64]), [32]byte(b[64:96]))
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "metamask-hybrid-p256", Title: "MetaMask Hybrid account: raw P-256 signature", Likelihood: Possible}
	in.keyIDHash(&r, common.Hash(b[:32]))
	r.fact("r", hexOf(b[32:64]))
	r.fact("s", hexOf(b[64:96]))
	if sig.high {
		highS(&r, false)
	}
	in.checkRaw(&r, b[32:])
	return r, true
}

// checkRaw verifies r ‖ s over SHA-256 of the digest, if digest and key are known.
func (in *inspector) checkRaw(r *Reading, rs []byte) {
	digest, key := in.hybridChallenge(), in.key()
	sig, err := passkey.ParseP1363(rs)
	if digest == nil || key == nil || err != nil {
		return
	}
	once := sha256Of(digest)
	switch {
	case ecdsa.VerifyASN1(key.ECDSA(), once, sig.DER()):
		r.fact("signature", "verifies with the given key over SHA-256 of the digest")
	case ecdsa.VerifyASN1(key.ECDSA(), digest, sig.DER()):
		r.wrong("signature", "the digest itself was signed; the contract hashes it once with SHA-256 before", "an API that takes a digest where one that takes a message was meant", "sign SHA-256 of the 32 bytes of the digest")
	default:
		r.wrong("signature", "the signature does not verify with the given key over SHA-256 of the digest", "another key, or another digest", "compare the given key with the one that was registered")
	}
}
