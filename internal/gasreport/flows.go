// Our verifier of passkeys' assertions.

package gasreport

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// placeVerifier deploys our verifier, which asks once, then, whether there is a precompile. Without one it is deployed
// under Cancun's rules, and the chain takes on its own rules afterwards.
func placeVerifier(precompile bool) func(*chain) (common.Address, error) {
	return func(c *chain) (common.Address, error) {
		if err := placeEngines(c); err != nil {
			return common.Address{}, err
		}
		rules := c.rules
		if !precompile {
			c.rules = Cancun
		}
		err := c.deploy(contracts.P256VerifierInit())
		c.rules = rules
		return contracts.P256Verifier, err
	}
}

// flows are the whole way of an assertion, in the shortest calldata.
func flows() []*verifier {
	flow := func(name, key string, path seal.P256Path, hint bool) *verifier {
		row := Row{Name: name, Key: "webauthn." + key, By: "Postern", Kind: WebAuthn, Ours: true, Hint: hint, Precompile: path == seal.PathPrecompile}
		v := &verifier{Row: row, place: placeVerifier(row.Precompile)}
		if row.Precompile {
			v.only = Osaka
		}
		format, table := path.Table()
		if table {
			v.KeyBytes = format.Size()
		}
		v.data = func(c *chain, a *Assertion) ([]byte, error) {
			if table {
				if _, err := tableAt(c, format, a.Table); err != nil {
					return nil, err
				}
			}
			return a.verifierCall(path, hint)
		}
		return v
	}
	out := append(frontDoors(), flow("P256VERIFY", "precompile", seal.PathPrecompile, false))
	for _, t := range []struct {
		format p256table.Format
		name   string
	}{{p256table.Format16k, "16 KB"}, {p256table.Format4k, "4 KB"}, {p256table.Format1k, "1 KB"}, {p256table.Format512, "512 B"}} {
		out = append(out, flow(t.name+" table, hint", "table"+t.format.String()+".hint", seal.P256Path(t.format), true))
	}
	return append(out, flow("no table, hints", "notable.hint", seal.PathNone, true), flow("no table", "notable", seal.PathNone, false))
}

// frontDoors are the other ways to call our verifier, where there is a precompile: with five words, and by ERC-7913.
func frontDoors() []*verifier {
	door := func(name, kind, key string, data func(*chain, *Assertion) ([]byte, error)) *verifier {
		return &verifier{Row: Row{Name: name, Key: "verifier." + key + ".precompile", By: "Postern", Kind: kind, Ours: true, Precompile: true}, only: Osaka, place: placeVerifier(true), data: data}
	}
	return []*verifier{
		door("P256VERIFY, through P256Verifier", Raw, "words", fiveWords),
		door("P256VERIFY, ERC-7913", Raw, "raw", func(_ *chain, a *Assertion) ([]byte, error) {
			return contracts.VerifySignature(a.Public.Raw(), a.Digest(), a.Signature.P1363()), nil
		}),
		door("P256VERIFY, ERC-7913", WebAuthn, "webauthn", func(_ *chain, a *Assertion) ([]byte, error) {
			key, signature, err := a.verifierSignature(seal.PathPrecompile, false)
			return contracts.VerifySignature(key.Bytes(), a.Challenge, signature), err
		}),
	}
}

// verifierCall is the shortest calldata of our verifier.
func (a *Assertion) verifierCall(path seal.P256Path, hint bool) ([]byte, error) {
	key, signature, err := a.verifierSignature(path, hint)
	if err != nil {
		return nil, err
	}
	return seal.VerifierCall(a.Challenge, key, signature)
}

// verifierSignature is what our verifier takes. Hints stay those of the signature as it was made.
func (a *Assertion) verifierSignature(path seal.P256Path, hint bool) (key seal.VerifierKey, signature []byte, err error) {
	table := seal.PathNone
	if _, ok := path.Table(); ok {
		table = path
	}
	if key, err = seal.NewVerifierPasskey(a.Public, seal.RequireUV, table); err != nil {
		return key, nil, err
	}
	signer, err := seal.PasskeySigner(a.Public, seal.RequireUV)
	if err != nil {
		return key, nil, err
	}
	parsed, err := a.parsed()
	if err != nil {
		return key, nil, err
	}
	approval, err := seal.PosternPasskey(signer, parsed)
	if err != nil {
		return key, nil, err
	}
	if hint {
		if approval.Kind, approval.Hints = seal.PosternKindPasskeyHints, a.Inverse; path == seal.PathNone {
			approval.Hints = a.Hints
		}
	}
	signature, err = seal.VerifierSignature(approval)
	return key, signature, err
}
