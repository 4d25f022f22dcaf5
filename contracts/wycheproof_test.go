package contracts_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// harness opens the P-256 seam.
type harness struct {
	*world
	at       common.Address
	contract abi.ABI
}

func newHarness(t testing.TB, f fork) *harness {
	w := engineWorld(t, f)
	at, contract := w.deploy("P256Harness")
	return &harness{w, at, contract}
}

func (h *harness) verify(native bool, words ...[32]byte) bool {
	path := uint8(0)
	if native {
		path = 1
	}
	ret := h.must(stranger, h.at, nil, pack(h.t, h.contract, "verify", path, words[0], words[1], words[2], words[3], words[4], []byte{}))
	return new(big.Int).SetBytes(ret).Sign() != 0
}

type vectorFile struct {
	TestGroups []struct {
		PublicKey struct{ Wx, Wy string }
		Tests     []struct {
			TcID             int
			Comment          string
			Msg, Sig, Result string
		}
	}
}

// word is a big-endian integer of at most 32 bytes in hex.
func word(t *testing.T, s string) [32]byte {
	t.Helper()
	b, ok := new(big.Int).SetString(s, 16)
	if !ok || b.BitLen() > 256 {
		t.Fatalf("%q is no word", s)
	}
	return [32]byte(b.FillBytes(make([]byte, 32)))
}

func TestWycheproofOnBothPaths(t *testing.T) {
	halfN, _ := new(big.Int).SetString("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8", 16)
	n := new(big.Int).Lsh(halfN, 1)
	n.Add(n, big.NewInt(1))

	file, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_p1363_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectorFile
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	native, plain := newHarness(t, osaka), newHarness(t, prague)
	run, valid := 0, 0
	for _, g := range v.TestGroups {
		x, y := word(t, g.PublicKey.Wx), word(t, g.PublicKey.Wy)
		for _, c := range g.Tests {
			sig, err := hex.DecodeString(c.Sig)
			if err != nil {
				t.Fatal(err)
			}
			if len(sig) != 64 {
				continue // another encoding; ours is always 64 bytes
			}
			msg, err := hex.DecodeString(c.Msg)
			if err != nil {
				t.Fatal(err)
			}
			r, s := [32]byte(sig), new(big.Int).SetBytes(sig[32:])
			h := sha256.Sum256(msg)
			want := c.Result == "valid"
			check := func(name string, s *big.Int, want bool) {
				w := [32]byte(s.FillBytes(make([]byte, 32)))
				if got := native.verify(true, h, r, w, x, y); got != want {
					t.Errorf("%d %s, %s, precompile: %t", c.TcID, c.Comment, name, got)
				}
				if got := plain.verify(false, h, r, w, x, y); got != want {
					t.Errorf("%d %s, %s, arithmetic: %t", c.TcID, c.Comment, name, got)
				}
			}
			run++
			if s.Cmp(halfN) > 0 {
				check("high s", s, false)
				if s.Cmp(n) < 0 {
					check("s made low", new(big.Int).Sub(n, s), want)
				}
			} else {
				check("as it is", s, want)
			}
			if want {
				valid++
			}
		}
	}
	t.Logf("%d vectors, %d valid", run, valid)
	if run < 200 || valid < 100 {
		t.Errorf("only %d vectors, %d valid", run, valid)
	}
}

func TestWycheproofDEROnBothPaths(t *testing.T) {
	file, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectorFile
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	native, plain := newHarness(t, osaka), newHarness(t, prague)
	run, refused := 0, 0
	for _, g := range v.TestGroups {
		x, y := word(t, g.PublicKey.Wx), word(t, g.PublicKey.Wy)
		for _, c := range g.Tests {
			der, err := hex.DecodeString(c.Sig)
			if err != nil {
				t.Fatal(err)
			}
			msg, err := hex.DecodeString(c.Msg)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := passkey.ParseDER(der) // makes s low
			if err != nil {
				refused++
				if c.Result == "valid" {
					t.Errorf("%d %s: %v", c.TcID, c.Comment, err)
				}
				continue
			}
			run++
			h, want := sha256.Sum256(msg), c.Result == "valid"
			if got := native.verify(true, h, sig.R, sig.S, x, y); got != want {
				t.Errorf("%d %s, precompile: %t", c.TcID, c.Comment, got)
			}
			if got := plain.verify(false, h, sig.R, sig.S, x, y); got != want {
				t.Errorf("%d %s, arithmetic: %t", c.TcID, c.Comment, got)
			}
		}
	}
	t.Logf("%d vectors verified, %d refused by the parser", run, refused)
	if run < 150 {
		t.Errorf("only %d vectors", run)
	}
}

func TestBothPathsCheckTheKeyAndTheRange(t *testing.T) {
	native, plain := newHarness(t, osaka), newHarness(t, prague)
	p := newPasskey(t, "range", seal.RequireUV)
	data, client := authData(usualFlags), standardClientData(opHash("range"))
	sig := p.sign(data, client)
	inner := sha256.Sum256(client)
	h := sha256.Sum256(append(data, inner[:]...))
	x, y := p.public().X(), p.public().Y()
	order := word(t, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	flip := func(w [32]byte) [32]byte { w[31] ^= 1; return w }
	r, s := [32]byte(sig), [32]byte(sig[32:])
	for name, c := range map[string]struct {
		words [5][32]byte
		want  bool
	}{
		"good":          {[5][32]byte{h, r, s, x, y}, true},
		"other hash":    {[5][32]byte{flip(h), r, s, x, y}, false},
		"r = 0":         {[5][32]byte{h, {}, s, x, y}, false},
		"s = 0":         {[5][32]byte{h, r, {}, x, y}, false},
		"r = n":         {[5][32]byte{h, order, s, x, y}, false},
		"s = n":         {[5][32]byte{h, r, order, x, y}, false},
		"off the curve": {[5][32]byte{h, r, s, x, flip(y)}, false},
		"infinity":      {[5][32]byte{h, r, s, {}, {}}, false},
	} {
		if got := native.verify(true, c.words[:]...); got != c.want {
			t.Errorf("%s, precompile: %t", name, got)
		}
		if got := plain.verify(false, c.words[:]...); got != c.want {
			t.Errorf("%s, arithmetic: %t", name, got)
		}
	}
}

func TestBase64URLOfAnyWord(t *testing.T) {
	h := newHarness(t, prague)
	random := rand.New(rand.NewPCG(7, 8))
	check := func(w [32]byte) {
		t.Helper()
		ret := h.must(stranger, h.at, nil, pack(t, h.contract, "text", w))
		out, err := h.contract.Unpack("text", ret)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(out[0].([]byte)), base64.RawURLEncoding.EncodeToString(w[:]); got != want {
			t.Fatalf("%x: %s, want %s", w, got, want)
		}
	}
	check([32]byte{})
	for range 2_000 {
		var w [32]byte
		for i := range w {
			w[i] = byte(random.UintN(256))
		}
		check(w)
	}
	for bit := range 256 { // each six-bit group at each place
		var w [32]byte
		w[bit/8] = 1 << (bit % 8)
		check(w)
		for i := range w {
			w[i] ^= 0xff
		}
		check(w)
	}
}
