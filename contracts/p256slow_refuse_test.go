// What the complete verifier refuses, and that it never takes a failure for an answer.

package contracts_test

//lint:file-ignore SA1019 points and scalars of every kind are needed here, keys that the newer functions refuse among them

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
)

// revertingInverse stands for MODEXP on a strange chain: it reverts, with a word.
type revertingInverse struct{ lyingInverse }

func (revertingInverse) Run([]byte) ([]byte, error) {
	return make([]byte, 32), vm.ErrExecutionReverted
}

// TestSlowVerifierNeverAnswersWithoutModexp: where the precompile is not there, or gives no answer, there is no verdict.
func TestSlowVerifierNeverAnswersWithoutModexp(t *testing.T) {
	for name, modexp := range map[string]vm.PrecompiledContract{
		"absent": nil, "silent": lyingInverse{}, "short": lyingInverse(make([]byte, 31)), "reverting": revertingInverse{},
	} {
		s := newSlow(t, osaka)
		env := s.strange(modexpAddress, modexp)
		good := signatureWith(big.NewInt(5), big.NewInt(6), big.NewInt(7)).bytes()
		if ret, _, err := env.Call(stranger, contracts.P256Slow, good, vm.NewGasBudget(30_000_000, 0), new(uint256.Int)); err == nil {
			t.Errorf("%s: %x", name, ret)
		}
	}
}

// TestSlowVerifierRefusesAtOnce: what is out of range is not computed with. For r or s of 0 or n there is no way to make
// a signature that would be taken for good without the check, as far as anybody knows; the check is there all the same.
func TestSlowVerifierRefusesAtOnce(t *testing.T) {
	s := newSlow(t, osaka)
	good := signatureWith(big.NewInt(77), big.NewInt(5), big.NewInt(9))
	for i, limit := range []*big.Int{order, order, fieldPrime, fieldPrime} {
		for _, above := range []int64{0, 1, 12345} {
			for _, v := range []*big.Int{new(big.Int), new(big.Int).Add(limit, big.NewInt(above))} {
				bad := good
				*[]**big.Int{&bad.r, &bad.s, &bad.x, &bad.y}[i] = v
				ret, used, err := s.send(stranger, contracts.P256Slow, nil, bad.bytes())
				if err != nil || new(big.Int).SetBytes(ret).Sign() != 0 || used > 1_000 {
					t.Errorf("word %d is %x: %x, %d gas, %v", i+1, v, ret, used, err)
				}
			}
		}
	}
}

func TestSlowVerifierWantsFiveWords(t *testing.T) {
	s := newSlow(t, osaka)
	good := signatureWith(big.NewInt(5), big.NewInt(6), big.NewInt(7)).bytes()
	if !s.ask(good) {
		t.Fatal("not good")
	}
	for _, length := range []int{0, 1, 31, 32, 128, 159} {
		if s.ask(good[:length]) {
			t.Errorf("%d bytes are accepted", length)
		}
	}
	if s.ask(append(good, 0)) {
		t.Error("161 bytes are accepted")
	}
	// a y that ends with zeros, which calldata has after its end
	for d := int64(1); ; d++ {
		if good = signatureWith(big.NewInt(d), big.NewInt(6), big.NewInt(7)).bytes(); good[159] == 0 {
			break
		}
	}
	if !s.ask(good) || s.ask(good[:159]) {
		t.Error("159 bytes are accepted")
	}
}

// TestSlowVerifierNeverAnswersWithoutGas: a valid signature is found valid or the call fails.
func TestSlowVerifierNeverAnswersWithoutGas(t *testing.T) {
	s := newSlow(t, osaka)
	good := signatureWith(big.NewInt(5), big.NewInt(6), big.NewInt(7)).bytes()
	_, enough, err := s.send(stranger, contracts.P256Slow, nil, good)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for gas := uint64(100); gas < enough+10_000; gas += 200 + gas/200 {
		s.gas = gas
		ret, _, err := s.send(stranger, contracts.P256Slow, nil, good)
		if err != nil {
			failed++
		} else if len(ret) != 32 || ret[31] != 1 {
			t.Errorf("with %d gas: %x", gas, ret)
		}
	}
	if failed < 100 {
		t.Errorf("failed %d times", failed)
	}
}

// TestSlowVerifierOnWycheproof runs what has two numbers of 256 bits in it; how they are encoded is for others to judge.
func TestSlowVerifierOnWycheproof(t *testing.T) {
	s := newSlow(t, osaka)
	run, valid := 0, 0
	for _, name := range []string{"ecdsa_secp256r1_sha256_p1363_test.json", "ecdsa_secp256r1_sha256_test.json"} {
		file, err := fs.ReadFile(wycheproof.TestVectors, name)
		if err != nil {
			t.Fatal(err)
		}
		var v vectorFile
		if err := json.Unmarshal(file, &v); err != nil {
			t.Fatal(err)
		}
		for _, g := range v.TestGroups {
			x, y := word(t, g.PublicKey.Wx), word(t, g.PublicKey.Wy)
			for _, c := range g.Tests {
				encoded, err := hex.DecodeString(c.Sig)
				if err != nil {
					t.Fatal(err)
				}
				msg, err := hex.DecodeString(c.Msg)
				if err != nil {
					t.Fatal(err)
				}
				sig := encoded
				if strings.HasSuffix(name, "256_test.json") {
					sig = wordsOfDER(encoded)
				}
				if len(sig) != 64 {
					if c.Result == "valid" {
						t.Errorf("%d %s: not run", c.TcID, c.Comment)
					}
					continue
				}
				h := sha256.Sum256(msg)
				if got := s.ask(slices.Concat(h[:], sig, x[:], y[:])); got != (c.Result == "valid") {
					t.Errorf("%s %d %s: %t", name, c.TcID, c.Comment, got)
				}
				run++
				if c.Result == "valid" {
					valid++
				}
			}
		}
	}
	t.Logf("%d vectors, %d valid", run, valid)
	if run < 450 || valid < 300 {
		t.Errorf("only %d vectors, %d valid", run, valid)
	}
}

// wordsOfDER is r and s in 64 bytes, or nil.
func wordsOfDER(der []byte) []byte {
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil
	}
	if again, err := asn1.Marshal(sig); err != nil || !bytes.Equal(again, der) || sig.R.Sign() < 0 || sig.S.Sign() < 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return nil
	}
	return append(sig.R.FillBytes(make([]byte, 32)), sig.S.FillBytes(make([]byte, 32))...)
}

func TestSlowVerifierStaysBelow200kGas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	s := newSlow(t, osaka)
	least, most := uint64(1<<60), uint64(0)
	for range 30 {
		v := signatureWith(randomScalar(random), randomScalar(random), randomScalar(random))
		_, used, err := s.send(stranger, contracts.P256Slow, nil, v.bytes())
		if err != nil {
			t.Fatal(err)
		}
		least, most = min(least, used), max(most, used)
	}
	t.Logf("%d to %d gas", least, most)
	if most >= 200_000 {
		t.Errorf("%d gas", most)
	}
}
