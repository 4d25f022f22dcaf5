package webauthn

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// Signer is one signer of an account, as its bytes on chain.
type Signer = seal.Signer

// Rule is what a passkey's assertions must show.
type Rule = seal.Rule

// Passkey is a passkey with its rule as a signer.
func Passkey(key passkey.PublicKey, rule Rule) (Signer, error) { return seal.PasskeySigner(key, rule) }

// Address is a secp256k1 key, or an ERC-1271 contract, as a signer.
func Address(a common.Address) (Signer, error) { return seal.AddressSigner(a) }

// Member is a signer and its weight, at least 1.
type Member struct {
	Signer Signer
	Weight uint64
}

// Members gives each signer the weight 1.
func Members(signers ...Signer) []Member {
	out := make([]Member, len(signers))
	for i, s := range signers {
		out[i] = Member{s, 1}
	}
	return out
}

// Name is a signer in a few words.
func Name(s Signer) string {
	if key, rule, ok := s.Passkey(); ok {
		x := key.X()
		return fmt.Sprintf("the passkey %x…%x (%s)", x[:8], x[24:], ruleInWords(rule))
	}
	if s.IsAddress() {
		return "the key " + s.Address().Hex()
	}
	return fmt.Sprintf("the signer %x of verifier %s", s.ID().Bytes()[:16], s.Address())
}

// ruleInWords leaves out what is not asked for.
func ruleInWords(r Rule) string {
	words := ""
	for _, f := range []struct {
		name string
		req  passkey.Requirement
	}{{"user verification", r.UV()}, {"backup eligibility", r.BE()}, {"backup", r.BS()}} {
		if f.req == passkey.Any {
			continue
		}
		if words != "" {
			words += ", "
		}
		words += f.name + " " + f.req.String()
	}
	if words == "" {
		return "user presence only"
	}
	return words
}
