// What P256Verifier costs.

package contracts_test

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// verifierWorld is a chain with everything that P256Verifier calls. The verifier was deployed when the chain had
// P256VERIFY, or had it not, whichever rules the chain has now.
func verifierWorld(t testing.TB, f fork, precompile bool) *world {
	t.Helper()
	w := newWorld(t, f)
	if f == osaka && !precompile {
		w.fork = prague
	}
	for _, c := range contracts.P256Contracts() {
		w.must(stranger, contracts.Deployer, nil, c.Create)
	}
	w.fork = f
	return w
}

// putTableOf puts a key's table where the factory would.
func (w *world) putTableOf(f p256table.Format, k passkey.PublicKey) {
	w.t.Helper()
	key, err := p256table.NewKey(k.X(), k.Y())
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := contracts.TableAddress(f, key)
	if err != nil {
		w.t.Fatal(err)
	}
	code, err := p256table.Build(f, key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.state.SetCode(at, code, tracing.CodeChangeUnspecified)
}

// clientData132 is clientDataJSON of 132 bytes in the fixed form, the length that the figures of others are for.
func clientData132(hash common.Hash) []byte {
	return append(standardClientData(hash)[:79], `","origin":"https://pass.example","crossOrigin":false}`...)[:132]
}

func digestOf(authData, clientData []byte) [32]byte {
	inner := sha256.Sum256(clientData)
	return sha256.Sum256(slices.Concat(authData, inner[:]))
}

// hintsOf are those for the path of a key: for its table, or for none where the format is 0.
func hintsOf(t testing.TB, f p256table.Format, k passkey.PublicKey, h [32]byte, sig []byte) []byte {
	t.Helper()
	r, s := [32]byte(sig), [32]byte(sig[32:])
	if f != 0 {
		inverse, err := p256hint.Inverse(s)
		if err != nil {
			t.Fatal(err)
		}
		return inverse[:]
	}
	hints, err := p256hint.For(h, r, s, k.X(), k.Y())
	if err != nil {
		t.Fatal(err)
	}
	return hints.Bytes()
}

// assertionOf is a passkey's signature as the verifier takes it, by an approval of kind 0x02 or 0x03, with hints if there
// are any.
func assertionOf(approval, hints []byte) []byte {
	b := append([]byte{approval[0]}, approval[66:]...)
	if hints != nil {
		b[0] += 3
		b = append(append(b, byte(len(hints))), hints...)
	}
	return b
}

// packedCall is calldata of the verifier's own entry.
func packedCall(hash common.Hash, key, signature []byte) []byte {
	call := slices.Concat(make([]byte, 28), key[64:66], []byte{0, 0}, hash[:], key[:64])
	for at, b := range signature { // form ‖ r ‖ s ‖ authLen ‖ …
		switch at {
		case 0:
			call[30] = b
		case 65:
			call[31] = b
		default:
			call = append(call, b)
		}
	}
	return call
}

// unpacked is the inverse of packedCall: the key and the signature of a call that has at least 192 bytes.
func unpacked(call []byte) (hash common.Hash, key, signature []byte) {
	key = append(slices.Clone(call[64:128]), call[28:30]...)
	return common.Hash(call[32:64]), key, slices.Concat(call[30:31], call[128:192], call[31:32], call[192:])
}

// verifierCalls are calls that are valid, by the name of the figure they are for: those with P256VERIFY, or the others.
func verifierCalls(t testing.TB, w *world, precompile bool, p *rawPasskey, hash common.Hash) map[string][]byte {
	t.Helper()
	calls := map[string][]byte{}
	data, client := authData(usualFlags), clientData132(hash)
	approval, raw := p.fixed(data, client), p.signDigest(hash)
	words := slices.Concat(hash[:], raw, p.public().Raw())
	both := func(path string, format p256table.Format, hinted bool) {
		var signed, plain []byte
		if hinted {
			signed = hintsOf(t, format, p.public(), digestOf(data, client), approval[66:130])
			plain = hintsOf(t, format, p.public(), hash, raw)
		}
		key := p.public().Raw()
		if format != 0 {
			w.putTableOf(format, p.public())
			key = append(key, byte(format))
		}
		passkey := append(p.public().Raw(), byte(seal.RequireUV), byte(format))
		signature := assertionOf(approval, signed)
		calls["webauthn."+path] = packedCall(hash, passkey, signature)
		calls["verifier.webauthn."+path] = contracts.VerifySignature(passkey, hash, signature)
		calls["verifier.raw."+path] = contracts.VerifySignature(key, hash, append(slices.Clone(raw), plain...))
	}
	if precompile {
		both("precompile", 0, false)
		calls["verifier.words.precompile"] = words
		return calls
	}
	for _, f := range []p256table.Format{p256table.Format1k, p256table.Format4k, p256table.Format16k} {
		both("table"+f.String()+".hint", f, true)
	}
	both("notable.hint", 0, true)
	both("notable", 0, false)
	calls["verifier.words.notable"] = words
	return calls
}

// approves is whether an answer of the verifier is a yes: one of the two there are.
func approves(t testing.TB, answer []byte) bool {
	t.Helper()
	switch word := new(big.Int).SetBytes(answer); {
	case len(answer) != 32:
	case word.Sign() == 0, word.Cmp(new(big.Int).Lsh(big.NewInt(0xffffffff), 224)) == 0:
		return false
	case word.Cmp(big.NewInt(1)) == 0, word.Cmp(new(big.Int).Lsh(new(big.Int).SetBytes(contracts.VerifierMagic[:]), 224)) == 0:
		return true
	}
	t.Fatalf("the verifier answers %x", answer)
	return false
}

// verifierGas measures the verifier, called by an account that nobody has asked for: the mean of signatures.
func verifierGas(t *testing.T, f fork) figures {
	t.Helper()
	out, times := figures{}, figures{}
	for _, precompile := range []bool{false, true} {
		if precompile && f != osaka {
			continue
		}
		w := verifierWorld(t, f, precompile)
		for i := range 20 {
			label := fmt.Sprint("verifier gas ", i)
			p, hash := newPasskey(t, label, seal.RequireUV), opHash(label)
			for name, data := range verifierCalls(t, w, precompile, p, hash) {
				ret, used, err := w.send(stranger, contracts.P256Verifier, nil, data)
				if err != nil || !approves(t, ret) {
					t.Fatalf("%s: %x, %v", name, ret, err)
				}
				out[name] += used
				times[name]++
			}
		}
	}
	for name := range out {
		out[name] /= times[name]
	}
	return out
}

func TestTheVerifierKeepsWithinItsLimits(t *testing.T) {
	got := verifierGas(t, osaka)
	for name, limit := range map[string]uint64{
		"webauthn.precompile": 8_200, "webauthn.table4k.hint": 41_000, "webauthn.notable.hint": 74_000,
	} {
		if got[name] == 0 || got[name] > limit {
			t.Errorf("%s: %d gas, the limit is %d", name, got[name], limit)
		}
	}
}
