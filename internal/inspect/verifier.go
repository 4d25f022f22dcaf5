package inspect

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// verifierKey recognises what P256Verifier takes for a key, but for x ‖ y alone, which is
// every raw key; and such a key behind a verifier's address, as an ERC-7913 signer.
func (in *inspector) verifierKey(b []byte) (Reading, bool) {
	verifier := len(b) >= common.AddressLength+64
	key := b
	if verifier {
		key = b[common.AddressLength:]
	}
	k, err := seal.ParseVerifierKey(key)
	if err != nil || len(b) == 64 || bytes.HasPrefix(b, seal.PasskeyVerifier[:]) {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-verifier-key", Title: "P256Verifier: key", Likelihood: Certain}
	if verifier {
		at := common.BytesToAddress(b[:common.AddressLength])
		r.Kind, r.Title = "erc7913-signer", "ERC-7913 signer: a P-256 key"
		name := at.Hex()
		if at == contracts.P256Verifier {
			name += " = P256Verifier"
		}
		r.fact("verifier", name)
	}
	in.verifierKeyFacts(&r, k)
	return r, true
}

func (in *inspector) verifierKeyFacts(r *Reading, k seal.VerifierKey) {
	in.keyFacts(r, k.Public())
	if rule, ok := k.Rule(); ok {
		r.fact("signs", "as a passkey")
		r.fact("rule", fmt.Sprintf("0x%02x = %s", byte(rule), rule))
	} else {
		r.fact("signs", "hashes as they are")
	}
	if table := k.Table(); table == seal.PathNone {
		r.fact("table", "none")
	} else {
		r.fact("table", fmt.Sprintf("0x%02x = %s, used once it is on the chain", byte(table), table))
	}
}

// verifierCall recognises P256Verifier's own entry for passkeys.
func (in *inspector) verifierCall(b []byte) (Reading, bool) {
	hash, k, signature, err := seal.ParseVerifierCall(b)
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-verifier-call", Title: "P256Verifier: a passkey's signature", Likelihood: Certain}
	in.verified(&r, k, hash[:], signature)
	return r, true
}

// erc7913Verify recognises verify(bytes key, bytes32 hash, bytes signature), without its selector.
func (in *inspector) erc7913Verify(args []byte) (Reading, bool) {
	f, err := abituple.Decode(args, "dwd")
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "erc7913-verify", Title: "ERC-7913: verify", Likelihood: Certain}
	k, err := seal.ParseVerifierKey(f[0].Data)
	if err != nil {
		r.fact("key", hexOf(f[0].Data))
		r.fact("hash", hexOf(f[1].Word[:]))
		r.fact("signature", hexOf(f[2].Data))
		r.note("verifier", "it is no key of P256Verifier: only its own verifier knows what it means")
		return r, true
	}
	in.verified(&r, k, f[1].Word[:], f[2].Data)
	return r, true
}

// verified explains a signature whose key and hash stand beside it.
func (in *inspector) verified(r *Reading, k seal.VerifierKey, hash, signature []byte) {
	in.verifierKeyFacts(r, k)
	r.fact("hash", hexOf(hash))
	beside := *in
	beside.op, beside.opt.Challenge, beside.opt.Account, beside.opt.Key = nil, hash, nil, passkey.PublicKey{}
	part := Reading{Kind: "postern-verifier-signature", Title: "P256Verifier: signature", Likelihood: Certain}
	if k.IsPasskey() {
		a, err := seal.ParseVerifierSignature(k, signature)
		if err != nil {
			part.refused("malformed", err)
		} else {
			beside.posternPasskey(&part, &a)
		}
	} else {
		beside.verifierRaw(&part, k, hash, signature)
	}
	r.Parts = append(r.Parts, part)
}

func (in *inspector) verifierRaw(r *Reading, k seal.VerifierKey, hash, signature []byte) {
	s, b, err := seal.ParseVerifierRaw(signature)
	if err != nil {
		r.refused("malformed", err)
		return
	}
	r.fact("r", hexOf(s.R[:]))
	r.fact("s", hexOf(s.S[:]))
	if !ecdsa.VerifyASN1(k.Public().ECDSA(), hash, s.DER()) {
		r.wrong("signature", "the signature does not fit the hash and the key beside it", "another value was signed, or by another key", "")
		hints(r, b, s, k.Public(), nil)
		return
	}
	r.fact("signed", "the hash beside it")
	digest := [32]byte(hash)
	hints(r, b, s, k.Public(), &digest)
}

// verifierSignature recognises a passkey's signature for P256Verifier alone. The key is not in it.
func (in *inspector) verifierSignature(b []byte) (Reading, bool) {
	known := !in.opt.Key.IsZero()
	key := in.opt.Key
	if !known {
		key = somePoint
	}
	k, err := seal.NewVerifierPasskey(key, 0, seal.PathNone) // the rule is not in it either: any
	if err != nil {
		return Reading{}, false
	}
	a, err := seal.ParseVerifierSignature(k, b)
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-verifier-signature", Title: "P256Verifier: signature of a passkey", Likelihood: Certain}
	if known {
		in.posternPasskey(&r, &a)
		r.Facts = slices.DeleteFunc(r.Facts, func(f Fact) bool { return f.Name == "rule" })
		return r, true
	}
	r.fact("r", hexOf(a.Signature.R[:]))
	r.fact("s", hexOf(a.Signature.S[:]))
	if len(a.Hints) > 0 {
		r.fact("hints", fmt.Sprintf("%d bytes", len(a.Hints)))
	}
	r.fact("client data after the challenge", show(a.Suffix))
	r.Parts = append(r.Parts, in.explainAuthData(bytes.Clone(a.AuthData)))
	r.note("unverified", "the key is not in it: give --key")
	return r, true
}

// somePoint stands for a key that is not known where only the form matters.
var somePoint = func() passkey.PublicKey {
	g := elliptic.P256().Params()
	key, err := passkey.ParseRaw(append(g.Gx.FillBytes(make([]byte, 32)), g.Gy.FillBytes(make([]byte, 32))...))
	if err != nil {
		panic(err) // the generator is on the curve
	}
	return key
}()
