package inspect

import (
	"bytes"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// An opContext is the operation around the signature that is being explained.
type opContext struct {
	op  *userop.Op
	eps []userop.EntryPoint // versions whose form it has
}

// A signedHash is a value that may have been signed, and its name.
type signedHash struct {
	name string
	hash []byte
}

// usualChains are tried when a signature does not fit the chain that was given: most
// mix-ups are between a network and its test network.
var usualChains = []struct {
	id   int64
	name string
}{
	{1, "Ethereum"}, {11155111, "Sepolia"}, {8453, "Base"}, {84532, "Base Sepolia"}, {10, "OP Mainnet"}, {11155420, "OP Sepolia"},
	{42161, "Arbitrum One"}, {421614, "Arbitrum Sepolia"}, {137, "Polygon"}, {80002, "Polygon Amoy"}, {56, "BNB Chain"}, {43114, "Avalanche"},
	{100, "Gnosis"}, {480, "World Chain"}, {747, "Flow EVM"}, {545, "Flow EVM testnet"}, {59144, "Linea"}, {534352, "Scroll"}, {31337, "local"}, {1337, "local"},
}

// signedHashes are the values that should have been signed, as far as they are known.
func (in *inspector) signedHashes() []signedHash {
	var out []signedHash
	if in.op != nil && in.opt.ChainID != nil {
		for _, ep := range in.op.eps {
			if hash, err := ep.Hash(in.op.op, in.opt.ChainID); err == nil {
				out = append(out, signedHash{"the operation's hash for EntryPoint " + ep.Version(), hash[:]})
			}
		}
	}
	if in.op == nil && len(in.opt.Challenge) > 0 {
		out = append(out, signedHash{"the given challenge", in.opt.Challenge})
	}
	return out
}

// hybridChallenge is what a MetaMask Hybrid account signs for the operation at hand, or
// the given challenge; nil if neither is known.
func (in *inspector) hybridChallenge() []byte {
	if in.op == nil {
		return in.opt.Challenge
	}
	if in.opt.ChainID == nil {
		return nil
	}
	for _, ep := range in.op.eps {
		if digest, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, in.op.op.Clone().Normalize(), ep, in.opt.ChainID); err == nil {
			return digest[:]
		}
	}
	return nil
}

// checkChallenge compares what was signed with what should have been signed, and says
// where a value that differs is from.
func (in *inspector) checkChallenge(r *Reading, p assertionParts) {
	c, err := passkey.ParseClientData(p.clientData)
	if err != nil || p.challenge != nil { // no challenge inside: it was put there to rebuild the text
		return
	}
	if in.op == nil {
		if len(in.opt.Challenge) > 0 && !bytes.Equal(c.Challenge, in.opt.Challenge) {
			r.wrong("challenge", "another challenge was signed: "+hexOf(c.Challenge), in.challengeSource(c), "sign again, with the challenge "+hexOf(in.opt.Challenge))
		}
		return
	}
	in.checkOpChallenge(r, c.Challenge)
}

func (in *inspector) checkOpChallenge(r *Reading, signed []byte) {
	for _, h := range in.signedHashes() {
		if bytes.Equal(h.hash, signed) {
			r.fact("signed", h.name)
			return
		}
	}
	if name := in.findSigned(signed); name != "" {
		if in.opt.ChainID == nil && in.opt.EntryPoint == nil {
			r.fact("signed", name)
			return
		}
		r.wrong("challenge", "it was signed as "+name, "the hash was computed for another chain or EntryPoint", "compute the hash with the chain id and EntryPoint that the operation goes to")
		return
	}
	if in.opt.ChainID == nil {
		r.warn("challenge", "the challenge is not this operation's hash on any of the usual chains: "+hexOf(signed), "another chain, or the operation was changed after signing", "give --chain-id to be sure")
		return
	}
	r.wrong("challenge", "what was signed is not this operation: the challenge is "+hexOf(signed),
		"a field was changed after signing (gas limits and fees count), or another value was signed", "compute the hash last, after estimation and paymaster data, and sign that")
}

// findSigned names the signed value if it is a hash of this operation in another place.
func (in *inspector) findSigned(signed []byte) string {
	name, _ := in.searchHashes(func(hash []byte) bool { return bytes.Equal(hash, signed) })
	return name
}

// searchHashes looks for a hash of the operation among other versions, other chains and
// other forms.
func (in *inspector) searchHashes(found func(hash []byte) bool) (string, []byte) {
	type chain struct {
		id   *big.Int
		name string
	}
	var chains []chain
	if in.opt.ChainID != nil {
		chains = append(chains, chain{in.opt.ChainID, "chain " + in.opt.ChainID.String()})
	}
	for _, u := range usualChains {
		chains = append(chains, chain{big.NewInt(u.id), fmt.Sprintf("chain %d (%s)", u.id, u.name)})
	}
	op := in.op.op.Clone().Normalize()
	for _, ch := range chains {
		for _, ep := range userop.EntryPoints() {
			if name, hash := hashForms(op, ep, ch.id, found); hash != nil {
				return name + " on " + ch.name, hash
			}
		}
	}
	return "", nil
}

// hashForms tries the forms in which one hash is signed, rightly or by mistake.
func hashForms(op *userop.Op, ep userop.EntryPoint, chainID *big.Int, found func([]byte) bool) (string, []byte) {
	if hash, err := ep.Hash(op, chainID); err == nil {
		for _, form := range []struct {
			hash []byte
			name string
		}{{hash[:], ""}, {personalHash(hash[:]), " with the EIP-191 prefix"}, {[]byte(hash.Hex()), " written as text"}} {
			if found(form.hash) {
				return fmt.Sprintf("the hash for EntryPoint %s%s", ep.Version(), form.name), form.hash
			}
		}
	}
	for _, contract := range []string{seal.MetaMaskHybrid, seal.MetaMaskStateless, seal.MetaMaskMultiSig} {
		if digest, err := seal.MetaMaskDigest(contract, op, ep, chainID); err == nil && found(digest[:]) {
			return "MetaMask " + contract + "'s own digest for EntryPoint " + ep.Version(), digest[:]
		}
	}
	return "", nil
}

// challengeSource recognises the usual ways to spoil a challenge: those of the Ethereum
// side here, the others in package passkey.
func (in *inspector) challengeSource(c passkey.ClientData) string {
	want := in.opt.Challenge
	switch {
	case bytes.Equal(c.Challenge, personalHash(want)):
		return "the challenge was hashed with the EIP-191 prefix first"
	case bytes.Equal(c.Challenge, crypto.Keccak256(want)):
		return "the challenge was hashed once more (keccak256)"
	case bytes.Equal(c.Challenge, crypto.Keccak256(fmt.Appendf(nil, "0x%x", want))):
		return "the keccak256 of the challenge's hex text was signed"
	}
	return in.source(&passkey.Assertion{ClientData: c}, nil, passkey.ErrChallenge)
}
