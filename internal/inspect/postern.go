package inspect

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// posternSignature recognises the layout of our own account, alone or with the typed
// contents of ERC-7739 behind it.
func (in *inspector) posternSignature(b []byte) (Reading, bool) {
	r := Reading{Kind: "postern-signature", Title: "Postern account: signature", Likelihood: Certain}
	approvals, err := seal.ParsePostern(b)
	if err != nil {
		if inner, contents, ok := typedContents(b); ok {
			if approvals, err = seal.ParsePostern(inner); err == nil {
				r.fact("signed typed data", shown(contents))
			}
		}
	}
	if err != nil {
		if !looksPostern(b) {
			return Reading{}, false
		}
		in.posternMalformed(&r, b, err)
		return r, true
	}
	if len(b) == 86 && approvals[0].Kind == seal.PosternKindECDSA {
		r.Likelihood = Likely // a Kernel ERC-1271 signature has the same length and first byte
	}
	r.fact("approvals", fmt.Sprint(len(approvals)))
	for i := range approvals {
		if i == maxParts {
			r.note("more", fmt.Sprintf("%d more approvals are not shown", len(approvals)-i))
			break
		}
		r.Parts = append(r.Parts, in.posternApproval(&approvals[i]))
	}
	return r, true
}

// looksPostern tells a malformed signature of ours by what cannot be chance: a point on
// the curve where the key belongs, or the fixed lengths of a secp256k1 approval.
func looksPostern(b []byte) bool {
	if seal.PosternKind(b[0]).IsPasskey() && len(b) > 65 {
		_, err := passkey.ParseRaw(b[1:65])
		return err == nil
	}
	return b[0] == byte(seal.PosternKindECDSA) && len(b) > 87 && looksPostern(b[86:])
}

func (in *inspector) posternMalformed(r *Reading, b []byte, err error) {
	message := strings.TrimPrefix(err.Error(), "seal: ")
	source, hint := "", "seal the approvals again: the layout is in docs/formats.md"
	switch {
	case strings.Contains(message, "low form"):
		source, hint = "authenticators return either form", "replace s by n − s: the same signature"
	case strings.Contains(message, "ends too early"):
		source = "cut, or a length that does not fit"
	case strings.Contains(message, "hints of "):
		source, hint = "an approval of kind 0x05 or 0x06 ends with the length of its hints and the hints", "leave the hints out (0x02, 0x03): they only save gas"
	case strings.Contains(message, "order of keccak256"):
		source, hint = "approvals joined by hand", "sort them by keccak256 of the signer's bytes, each signer once"
	}
	r.wrong("malformed", message+": the account refuses it whatever was signed", source, hint)
	if len(b) >= 66 && b[0] != byte(seal.PosternKindECDSA) {
		if key, err := passkey.ParseRaw(b[1:65]); err == nil {
			r.fact("first signer's key", key.String())
		}
	}
}

// posternApproval explains one signer's approval.
func (in *inspector) posternApproval(a *seal.PosternApproval) Reading {
	r := Reading{Kind: "postern-approval", Title: "approval by a " + a.Kind.String() + " signer", Likelihood: Certain}
	switch a.Kind {
	case seal.PosternKindECDSA:
		r.fact("signer", a.Signer.Address().Hex())
		in.posternECDSA(&r, a)
	case seal.PosternKindContract:
		r.fact("signer", hexOf(a.Signer.Bytes()))
		r.fact("its signature", hexOf(a.Inner))
		r.note("contract", "only the chain can tell whether the contract accepts it")
	default:
		r.Title = layoutPostern.title
		in.posternPasskey(&r, a)
	}
	return r
}

func (in *inspector) posternPasskey(r *Reading, a *seal.PosternApproval) {
	key, rule, _ := a.Signer.Passkey()
	in.keyFacts(r, key)
	r.fact("rule", rule.String())
	r.fact("r", hexOf(a.Signature.R[:]))
	r.fact("s", hexOf(a.Signature.S[:]))
	auth := in.explainAuthData(a.AuthData)
	if flags := passkey.Flags(a.AuthData[32]); !rule.Allows(flags) {
		r.wrong("rule", fmt.Sprintf("the flags %s do not satisfy the signer's rule (%s)", flags, rule),
			"user verification was left out, or the passkey's backup state is another than the rule's", "sign again with userVerification \"required\", or change the signer's rule by the account")
	} else if rule.UV() != passkey.Required {
		auth.Findings = nil // what the rule leaves open is not worth a warning
	}
	r.Parts = append(r.Parts, auth)
	digestOK := func(hash []byte) bool {
		if len(hash) != 32 {
			return false
		}
		digest := a.Digest(common.BytesToHash(hash))
		return ecdsa.VerifyASN1(key.ECDSA(), digest[:], a.Signature.DER())
	}
	hash := in.verdict(r, digestOK)
	if hash == nil {
		hints(r, a.Hints, a.Signature, key, nil)
		r.fact("client data after the challenge", show(a.Suffix))
		return
	}
	digest := a.Digest(common.BytesToHash(hash))
	hints(r, a.Hints, a.Signature, key, &digest)
	r.Parts = append(r.Parts, in.explainClientData(a.ClientDataJSON(common.BytesToHash(hash)), passkey.TypeGet))
}

func (in *inspector) posternECDSA(r *Reading, a *seal.PosternApproval) {
	in.verdict(r, func(hash []byte) bool {
		if len(hash) != 32 {
			return false
		}
		sig := a.ECDSA
		sig[64] -= 27
		pub, err := crypto.SigToPub(hash, sig[:])
		return err == nil && crypto.PubkeyToAddress(*pub) == a.Signer.Address()
	})
}

// verdict looks for what was signed and says so. It returns the hash that verifies, or nil.
func (in *inspector) verdict(r *Reading, verifies func(hash []byte) bool) []byte {
	hashes := in.posternHashes()
	for _, h := range hashes {
		if verifies(h.hash) {
			r.fact("signed", h.name)
			return h.hash
		}
	}
	if in.op != nil {
		if name, hash := in.searchHashes(verifies); hash != nil {
			if in.opt.ChainID == nil && in.opt.EntryPoint == nil {
				r.fact("signed", name)
			} else {
				r.wrong("challenge", "it was signed as "+name, "the hash was computed for another chain or EntryPoint", "compute the hash with the chain id and EntryPoint that the operation goes to")
			}
			return hash
		}
	}
	switch {
	case len(hashes) > 0:
		r.wrong("signature", "the signature does not fit "+hashes[0].name, "a field was changed after signing, another value was signed, or another key signed",
			"compute the hash last, after estimation and paymaster data, and sign that")
	case in.op != nil:
		r.warn("signature", "the signature does not fit this operation on any of the usual chains", "a stub for gas estimation, another chain, or a field changed after signing", "give --chain-id to be sure")
	default:
		r.note("unverified", "what was signed is not known: give --challenge, for an operation its hash")
	}
	return nil
}

// posternHashes are the values that a signer of our account may have signed: the hash of
// the operation, or the given one, for ERC-1271 bound to the account by ERC-7739.
func (in *inspector) posternHashes() []signedHash {
	out := in.signedHashes()
	if in.op == nil && len(in.opt.Challenge) == 32 && in.opt.Account != nil && in.opt.ChainID != nil {
		bound := seal.PersonalSign(seal.PosternDomain(*in.opt.Account, in.opt.ChainID), common.BytesToHash(in.opt.Challenge))
		out = append(out, signedHash{"the given hash, bound to the account by ERC-7739", bound[:]})
	}
	return out
}

// typedContents cuts off what ERC-7739 puts behind a signature: the application's domain
// separator, the hash of the contents, their type, and its length.
func typedContents(b []byte) (inner []byte, contents string, ok bool) {
	if len(b) < 2+64+3 {
		return nil, "", false
	}
	n := int(binary.BigEndian.Uint16(b[len(b)-2:]))
	end := len(b) - 2 - n
	if n < 3 || end < 64 || !bytes.Contains(b[end:len(b)-2], []byte("(")) {
		return nil, "", false
	}
	return b[:end-64], string(b[end : len(b)-2]), true
}

// posternSigner recognises the bytes by which our account knows a passkey.
func (in *inspector) posternSigner(b []byte) (Reading, bool) {
	if len(b) != 85 || !bytes.HasPrefix(b, seal.PasskeyVerifier[:]) {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-signer", Title: "Postern account: signer bytes of a passkey", Likelihood: Certain}
	s, err := seal.ParseSigner(b)
	if err != nil {
		var p *passkey.Error
		if errors.As(err, &p) {
			r.refused("signer", err)
			offCurve(&r)
		} else {
			r.wrong("signer", strings.TrimPrefix(err.Error(), "seal: "), "", "")
		}
		return r, true
	}
	key, rule, _ := s.Passkey()
	in.keyFacts(&r, key)
	r.fact("rule", fmt.Sprintf("0x%02x = %s", byte(rule), rule))
	r.fact("id (keccak256)", s.ID().Hex())
	return r, true
}
