package inspect

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/userop"
)

// address recognises 20 bytes.
func (in *inspector) address(b []byte) (Reading, bool) {
	if len(b) != 20 {
		return Reading{}, false
	}
	a := common.BytesToAddress(b)
	r := Reading{Kind: "address", Title: "address", Likelihood: Likely}
	r.fact("address", a.Hex())
	if ep, ok := userop.EntryPointByAddress(a); ok {
		r.Likelihood = Certain
		r.fact("known as", "EntryPoint "+ep.Version())
	}
	if a == common.HexToAddress("0x100") {
		r.Likelihood = Certain
		r.fact("known as", "P256VERIFY precompile (EIP-7951, RIP-7212)")
	}
	return r, true
}

// word recognises 32 bytes, which can be many things; some of them have names.
func (in *inspector) word(b []byte) (Reading, bool) {
	if len(b) != 32 {
		return Reading{}, false
	}
	r := Reading{Kind: "word", Title: "32 bytes: a hash, a challenge, or a key that should not be here", Likelihood: Possible}
	r.fact("as base64url", base64URL(b))
	if name := in.relyingParty(b); name != "" {
		r.Kind, r.Title, r.Likelihood = "rp-id-hash", "RP ID hash", Certain
		r.fact("SHA-256 of", name)
		return r, true
	}
	if len(in.opt.Challenge) > 0 && bytes.Equal(b, in.opt.Challenge) {
		r.Kind, r.Title, r.Likelihood = "challenge", "the given challenge", Certain
		return r, true
	}
	if f, ok := in.keyIDForm(common.Hash(b)); ok {
		r.Kind, r.Title, r.Likelihood = "metamask-key-id-hash", "MetaMask key id hash of the given credential", Certain
		in.keyIDFormFound(&r, f.hash, in.opt.KeyIDHash != nil && *in.opt.KeyIDHash == f.hash)
		return r, true
	}
	for _, empty := range []struct {
		name string
		hash []byte
	}{{"keccak256 of nothing", crypto.Keccak256(nil)}, {"SHA-256 of nothing", sha256Of(nil)}} {
		if bytes.Equal(b, empty.hash) {
			r.Likelihood = Certain
			r.wrong("empty-hash", "it is "+empty.name, "a value that was not filled in before hashing", "")
			return r, true
		}
	}
	if allZero(b) {
		r.wrong("zero", "all bytes are zero", "a value that was not filled in", "")
	}
	return r, true
}

func sha256Of(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }

var magic6492 = bytes.Repeat([]byte{0x64, 0x92}, 16)

// erc6492 recognises a signature of an account that is not deployed yet:
// abi.encode(factory, factoryData, signature) ‖ magic.
func (in *inspector) erc6492(b []byte) (Reading, bool) {
	body, ok := bytes.CutSuffix(b, magic6492)
	if !ok {
		return Reading{}, false
	}
	r := Reading{Kind: "erc6492", Title: "ERC-6492 signature of an account that may not be deployed yet", Likelihood: Certain}
	f, err := abituple.Decode(body, "wdd")
	if err != nil {
		r.wrong("malformed", "what stands before the magic is not abi.encode(address, bytes, bytes)", "encoded in another way", "")
		return r, true
	}
	factory, ok := addressWord(f[0].Word[:])
	if !ok {
		r.wrong("factory", "the factory is no address", "", "")
	}
	r.fact("factory", common.Address(factory).Hex())
	r.fact("factory data", hexOf(f[1].Data))
	if part, ok := in.signature(f[2].Data); ok {
		r.Parts = append(r.Parts, part)
	} else {
		r.fact("signature", hexOf(f[2].Data))
	}
	r.note("unwrap", "it is for off-chain verifiers: userOp.signature takes the inner signature alone")
	return r, true
}

// userHandle says what Postern wrote into a user handle.
func userHandle(b []byte) string {
	switch {
	case len(b) == 33 && b[0] == 1:
		return hexOf(b) + " = Postern, new account, salt " + hexOf(b[1:])
	case len(b) == 21 && b[0] == 2:
		return hexOf(b) + " = Postern, further passkey of " + common.BytesToAddress(b[1:]).Hex()
	}
	return fmt.Sprintf("%s (%d bytes)", hexOf(b), len(b))
}

// posternUserHandle recognises a user handle of ours standing alone.
func (in *inspector) posternUserHandle(b []byte) (Reading, bool) {
	if !(len(b) == 33 && b[0] == 1) && !(len(b) == 21 && b[0] == 2) {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-user-handle", Title: "user handle of a Postern passkey", Likelihood: Likely}
	r.fact("meaning", userHandle(b))
	return r, true
}
