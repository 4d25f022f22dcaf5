// P256Verifier against a reading of its calldata in Go, on every path: what is quick must say what is general.

package contracts_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

var (
	one, zero       = common.BigToHash(big.NewInt(1)).Bytes(), make([]byte, 32)
	yes7913, no7913 = append(contracts.VerifierMagic[:], zero[4:]...), append([]byte{0xff, 0xff, 0xff, 0xff}, zero[4:]...)
)

// answerTo is what the verifier has to answer to any calldata that is not about probing.
func answerTo(call []byte) []byte {
	if len(call) == 160 {
		if inputOf(call).valid() {
			return one
		}
		return zero
	}
	if len(call) >= 192 && bytes.Equal(call[:28], zero[:28]) {
		if hash, key, signature := unpacked(call); validFor(key, hash, signature) {
			return one
		}
		return zero
	}
	if len(call) < 4 || !bytes.Equal(call[:4], contracts.VerifierMagic[:]) {
		return zero
	}
	// What ABI decoders read, with zeros where the calldata has ended.
	padded := append(slices.Clone(call), make([]byte, 100)...)
	field := func(at int) ([]byte, bool) {
		offset := new(big.Int).SetBytes(padded[at : at+32])
		if len(call) < 100 || !offset.IsInt64() || offset.Int64() > int64(len(call))-36 {
			return nil, false
		}
		from := int(offset.Int64()) + 36
		length := new(big.Int).SetBytes(call[from-32 : from])
		if !length.IsInt64() || length.Int64() > int64(len(call)-from) {
			return nil, false
		}
		return call[from : from+int(length.Int64())], true
	}
	key, ok := field(4)
	signature, also := field(68)
	if ok && also && validFor(key, [32]byte(call[36:]), signature) {
		return yes7913
	}
	return no7913
}

// validFor is whether the signature is one of the hash by the key, as docs/formats.md has it.
func validFor(key []byte, hash [32]byte, signature []byte) bool {
	if len(key) < 64 || len(key) > 66 {
		return false
	}
	isTable := func(format byte) bool { return format >= 0x11 && format <= 0x14 }
	hinted := func(n int) bool { return n == 32 || n == 128 }
	digest := hash
	switch len(key) {
	case 65:
		if !isTable(key[64]) {
			return false
		}
		fallthrough
	case 64:
		if len(signature) < 64 || len(signature) != 64 && !hinted(len(signature)-64) {
			return false
		}
	case 66:
		if key[65] != 0 && !isTable(key[65]) || len(signature) < 65 {
			return false
		}
		form := signature[0]
		signature = signature[1:]
		if form != 2 && form != 3 && form != 5 && form != 6 {
			return false
		}
		a, length, ok := readAssertion(form == 3 || form == 6, signature[64:])
		if !ok {
			return false
		}
		rest := signature[64+length:]
		if form < 4 && len(rest) != 0 || form > 4 && (len(rest) == 0 || !hinted(int(rest[0])) || len(rest) != 1+int(rest[0])) {
			return false
		}
		if ok, digest = a.judge(hash, key[64]); !ok {
			return false
		}
	}
	v := inputOf(slices.Concat(digest[:], signature[:64], key[:64]))
	return v.s.Cmp(new(big.Int).Rsh(order, 1)) <= 0 && v.valid()
}

// verifierChains are chains on which the verifier takes each of its paths.
func verifierChains(t testing.TB, p *rawPasskey, formats ...p256table.Format) map[string]*world {
	chains := map[string]*world{
		"precompile": verifierWorld(t, osaka, true), "tables": verifierWorld(t, prague, false), "none": verifierWorld(t, cancun, false),
		"found": verifierWorld(t, osaka, false),
	}
	chains["found"].must(stranger, contracts.P256Verifier, nil, contracts.ProbeFor(stranger))
	for _, f := range formats {
		chains["tables"].putTableOf(f, p.public())
	}
	return chains
}

// answers checks that the verifier says on each chain what Go says, and tells it.
func answers(t testing.TB, chains map[string]*world, call []byte) []byte {
	t.Helper()
	want := answerTo(call)
	for name, w := range chains {
		ret, _, err := w.send(stranger, contracts.P256Verifier, nil, call)
		if err != nil || !bytes.Equal(ret, want) {
			t.Fatalf("%s: %x, %v, not %x, to %x", name, ret, err, want, call)
		}
	}
	return want
}

// callsOf are calls that are valid, in all forms, with all hints.
func callsOf(t testing.TB, p *rawPasskey, hash common.Hash, formats ...p256table.Format) map[string][]byte {
	calls := map[string][]byte{}
	raw := p.signDigest(hash)
	calls["words"] = slices.Concat(hash[:], raw, p.public().Raw())
	high := slices.Concat(raw[:32], common.BigToHash(new(big.Int).Sub(order, new(big.Int).SetBytes(raw[32:]))).Bytes())
	calls["words, high s"] = slices.Concat(hash[:], high, p.public().Raw())
	data, client := authData(usualFlags), standardClientData(hash)
	extended := authData(usualFlags, []byte("extensions")...)
	android := append([]byte(`{"androidPackageName":"x",`), client[1:]...)
	for _, f := range append(formats, 0) {
		webauthn := append(p.public().Raw(), byte(seal.RequireUV), byte(f))
		key := webauthn[:64:64]
		if f != 0 {
			key = append(key, byte(f))
		}
		for _, h := range []p256table.Format{p256table.Format4k, 0} { // which hints
			calls[fmt.Sprint("raw ", f, h)] = contracts.VerifySignature(key, hash, append(slices.Clone(raw), hintsOf(t, h, p.public(), hash, raw)...))
			for name, approval := range map[string][]byte{
				"fixed": p.fixed(data, client), "extensions": p.fixed(extended, client), "general": p.general(data, android, 26, 26+35),
			} {
				d := digestOf(data, client)
				switch name {
				case "extensions":
					d = digestOf(extended, client)
				case "general":
					d = digestOf(data, android)
				}
				hinted := assertionOf(approval, hintsOf(t, h, p.public(), d, approval[66:130]))
				calls[fmt.Sprint("packed ", name, f, h)] = packedCall(hash, webauthn, hinted)
				calls[fmt.Sprint("packed ", name, f)] = packedCall(hash, webauthn, assertionOf(approval, nil))
				calls[fmt.Sprint("erc7913 ", name, f, h)] = contracts.VerifySignature(webauthn, hash, hinted)
				calls[fmt.Sprint("erc7913 ", name, f)] = contracts.VerifySignature(webauthn, hash, assertionOf(approval, nil))
			}
		}
		calls[fmt.Sprint("raw ", f)] = contracts.VerifySignature(key, hash, raw)
	}
	return calls
}

func TestTheVerifierTakesEveryFormOnEveryPath(t *testing.T) {
	p, hash := newPasskey(t, "verifier", seal.RequireUV), opHash("verifier")
	formats := []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k}
	chains := verifierChains(t, p, formats...)
	for name, call := range callsOf(t, p, hash, formats...) {
		if !approves(t, answers(t, chains, call)) {
			t.Errorf("%s: refused", name)
		}
	}
}

// The other form of s is as valid for the curve, and for P256VERIFY's convention, but for nothing else.
func TestTheVerifierWantsLowS(t *testing.T) {
	p, hash := newPasskey(t, "low", seal.RequireUV), opHash("low")
	chains := verifierChains(t, p, p256table.Format4k)
	data, client := authData(usualFlags), standardClientData(hash)
	negate := func(sig []byte) {
		new(big.Int).Sub(order, new(big.Int).SetBytes(sig[32:64])).FillBytes(sig[32:64])
	}
	for _, f := range []p256table.Format{0, p256table.Format4k} {
		key := append(p.public().Raw(), byte(seal.RequireUV), byte(f))
		approval, raw := p.fixed(data, client), p.signDigest(hash)
		negate(approval[66:])
		negate(raw)
		for _, hints := range [][]byte{nil, hintsOf(t, f, p.public(), digestOf(data, client), approval[66:130])} {
			for name, call := range map[string][]byte{
				"packed": packedCall(hash, key, assertionOf(approval, hints)), "erc7913": contracts.VerifySignature(key, hash, assertionOf(approval, hints)),
				"raw": contracts.VerifySignature(key[:64], hash, slices.Concat(raw, hints)),
			} {
				if approves(t, answers(t, chains, call)) {
					t.Errorf("%s, %s, %d bytes of hints: good", name, f, len(hints))
				}
			}
		}
	}
}

// What a key has signed counts only if it is what an approval has to be.
func TestWhatIsSignedIsNotThereforeAllowed(t *testing.T) {
	p, hash := newPasskey(t, "signed", seal.RequireUV), opHash("signed")
	chains := verifierChains(t, p, p256table.Format4k)
	good := 0
	try := func(rule byte, data, client []byte, general bool, typeIndex, challengeIndex int) {
		t.Helper()
		var approval []byte
		if general {
			approval = p.general(data, client, typeIndex, challengeIndex)
		} else {
			approval = p.fixed(data, client)
		}
		for _, f := range []p256table.Format{0, p256table.Format4k} {
			key := append(p.public().Raw(), rule, byte(f))
			for _, hints := range [][]byte{nil, hintsOf(t, f, p.public(), digestOf(data, client), approval[66:130])} {
				for _, call := range [][]byte{packedCall(hash, key, assertionOf(approval, hints)), contracts.VerifySignature(key, hash, assertionOf(approval, hints))} {
					if approves(t, answers(t, chains, call)) {
						good++
					}
				}
			}
		}
	}
	client := standardClientData(hash)
	for flags := range 32 { // five low flags, and others now and then
		for _, rule := range []byte{0, 1, 2, 0x15, 0x20, 0x29, 0x03, 0x18, 0x40, 0x80, 0xc1} {
			try(rule, authData(passkey.Flags(flags|flags<<5&0xc0)), client, false, 0, 0)
		}
	}
	if good == 0 {
		t.Error("nothing was allowed")
	}
	good = 0
	with := func(at int, with string) []byte {
		return slices.Concat(client[:at], []byte(with), client[at+len(with):])
	}
	text := string(client[36:79])
	for name, c := range map[string]struct {
		data, client              []byte
		general                   bool
		typeIndex, challengeIndex int
	}{
		"no quote after the challenge": {authData(usualFlags), with(79, "x"), false, 0, 0},
		"nothing after the challenge":  {authData(usualFlags), client[:79], false, 0, 0},
		"another challenge":            {authData(usualFlags), with(40, "AAAA"), false, 0, 0},
		"another type":                 {authData(usualFlags), with(19, "crea"), false, 0, 0},
		"no data":                      {nil, client, false, 0, 0},
		"36 bytes of data":             {authData(usualFlags)[:36], client, false, 0, 0},
		"33 bytes of data":             {authData(usualFlags)[:33], client, false, 0, 0},
		"32 bytes of data":             {authData(usualFlags)[:32], client, false, 0, 0},
		"the fixed form as general":    {authData(usualFlags), client, true, 1, 36},
		"no type":                      {authData(usualFlags), []byte(`{"challenge":"` + text + `"}`), true, 1, 14},
		"not an object":                {authData(usualFlags), []byte(`["type":"webauthn.get","challenge":"` + text + `"}`), true, 1, 36},
	} {
		if try(1, c.data, c.client, c.general, c.typeIndex, c.challengeIndex); good != 0 {
			t.Fatalf("%s: allowed", name)
		}
	}
}

// Hints have one of two lengths, and the length that stands before them.
func TestHintsHaveTheirLengths(t *testing.T) {
	p, hash := newPasskey(t, "lengths", seal.RequireUV), opHash("lengths")
	chains := verifierChains(t, p, p256table.Format4k)
	key := append(p.public().Raw(), byte(seal.RequireUV), byte(p256table.Format4k))
	for n := range 256 {
		signature := assertionOf(p.approve(hash), make([]byte, n))
		raw := append(p.signDigest(hash), make([]byte, n)...)
		for name, call := range map[string][]byte{
			"packed": packedCall(hash, key, signature), "erc7913": contracts.VerifySignature(key, hash, signature), "raw": contracts.VerifySignature(key[:64], hash, raw),
		} {
			want := n == 32 || n == 128 || n == 0 && name == "raw"
			if approves(t, answers(t, chains, call)) != want {
				t.Errorf("%s, %d bytes of hints: %t", name, n, !want)
			}
		}
	}
}

// Any bit flipped, any byte missing, any byte more: on all chains what Go says, and never a good signature but where the
// bit is a hint's, or one that nobody reads.
func TestTheVerifierOnCalldataThatIsNearlyRight(t *testing.T) {
	p, hash := newPasskey(t, "nearly", seal.RequireUV), opHash("nearly")
	chains := verifierChains(t, p, p256table.Format4k)
	delete(chains, "found") // as precompile
	random := rand.New(rand.NewPCG(8, 3))
	good := 0
	try := func(call []byte) {
		if approves(t, answers(t, chains, call)) {
			good++
		}
	}
	for name, call := range callsOf(t, p, hash, p256table.Format4k) {
		bits := 24
		if strings.HasPrefix(name, "packed fixed") {
			bits = 250 // the quick ways
		}
		for range bits {
			wrong := slices.Clone(call)
			wrong[random.IntN(len(wrong))] ^= 1 << random.UintN(8)
			try(wrong)
		}
		for range 6 {
			try(call[:random.IntN(len(call))])
		}
		try(append(slices.Clone(call), 0))
		try(append(slices.Clone(call), call[:32]...))
	}
	t.Logf("%d still good", good)
}

// Each field that the quick ways look at, at each value that could pass for right.
func TestTheQuickWaysAreNoWider(t *testing.T) {
	p, hash := newPasskey(t, "quick", seal.RequireUV), opHash("quick")
	chains := verifierChains(t, p, p256table.Format4k, p256table.Format1k)
	data, client := authData(usualFlags), clientData132(hash)
	approval := p.fixed(data, client)
	for _, f := range []p256table.Format{0, p256table.Format4k} {
		key := append(p.public().Raw(), byte(seal.RequireUV), byte(f))
		plain := packedCall(hash, key, assertionOf(approval, nil))
		hinted := packedCall(hash, key, assertionOf(approval, hintsOf(t, f, p.public(), digestOf(data, client), approval[66:130])))
		for _, call := range [][]byte{plain, hinted} {
			// zeros, rule, format, form, authLen, flags, suffixLen, quote, and the hints' length
			for _, at := range []int{0, 1, 27, 28, 29, 30, 31, 224, 229, 230, 231, len(call) - 33, len(call) - 129} {
				for value := range 256 {
					if at < 0 || at >= len(call) || at != 28 && at != 29 && value%5 != 0 && value > 40 {
						continue
					}
					wrong := slices.Clone(call)
					wrong[at] = byte(value)
					answers(t, chains, wrong)
				}
			}
			// what comes to the same as zeros if added to
			for rule := range 256 {
				wrong := slices.Clone(call)
				copy(wrong, bytes.Repeat([]byte{0xff}, 28))
				wrong[28] = byte(rule)
				answers(t, chains, wrong)
			}
			// lengths that overflow if added without care, or reach into the hints
			for _, suffix := range []int{0, 1, len(call) - 231, len(call) - 232, len(call) - 230, 0xffff, len(call)} {
				wrong := slices.Clone(call)
				binary.BigEndian.PutUint16(wrong[229:], uint16(suffix))
				answers(t, chains, wrong)
			}
		}
	}
}

// 65,536 bytes more, so that the low bytes of lengths agree.
func TestAVeryLongCallIsNotAShortOne(t *testing.T) {
	p, hash := newPasskey(t, "long", seal.RequireUV), opHash("long")
	chains := verifierChains(t, p, p256table.Format4k)
	for name, call := range callsOf(t, p, hash, p256table.Format4k) {
		if approves(t, answers(t, chains, append(slices.Clone(call), make([]byte, 1<<16)...))) && name[0] == 'p' {
			t.Errorf("%s: followed by 65,536 zeros", name)
		}
		tail := append(slices.Clone(call[:min(205, len(call))]), make([]byte, 1<<16)...)
		answers(t, chains, append(tail, call[min(205, len(call)):]...))
	}
}

// ABI encodings that are odd, and answered: never by a revert, and never read out of the calldata.
func TestERC7913CalldataOfAnyShape(t *testing.T) {
	p, hash := newPasskey(t, "abi", seal.RequireUV), opHash("abi")
	chains := verifierChains(t, p)
	raw := p.signDigest(hash)
	good := contracts.VerifySignature(p.public().Raw(), hash, raw)
	max := bytes.Repeat([]byte{0xff}, 32)
	set := func(at int, w []byte) []byte {
		c := slices.Clone(good)
		copy(c[at:], w)
		return c
	}
	number := func(n int64) []byte { return common.BigToHash(big.NewInt(n)).Bytes() }
	huge := func(bit uint) []byte { return common.BigToHash(new(big.Int).Lsh(big.NewInt(1), bit)).Bytes() }
	keyLength, sigLength := 4+96, 4+96+32+64
	for _, at := range []int{4, 68, keyLength, sigLength} {
		for _, w := range [][]byte{max, number(0), number(1), number(96), number(192), number(int64(len(good))), number(int64(len(good) - 4)),
			number(int64(len(good) - 36)), number(int64(len(good) - 37)), number(63), number(65), number(66), number(128),
			huge(255), huge(64), huge(32), common.BigToHash(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(4))).Bytes()} {
			answers(t, chains, set(at, w))
		}
	}
	for n := range good {
		answers(t, chains, good[:n])
	}
	// both fields the same bytes; the key after the signature
	if !approves(t, answers(t, chains, append(set(4, number(int64(len(good)-4))), append(number(64), p.public().Raw()...)...))) {
		t.Error("a key behind the signature is not read")
	}
	// a key that the calldata ends within, although what is missing would be zeros
	webauthn := append(p.public().Raw(), byte(seal.RequireUV), 0)
	behind := contracts.VerifySignature(webauthn, hash, assertionOf(p.approve(hash), nil))
	copy(behind[4:], number(int64(len(behind)-4)))
	behind = append(append(behind, number(66)...), webauthn...)
	if !approves(t, answers(t, chains, behind)) || approves(t, answers(t, chains, behind[:len(behind)-1])) {
		t.Error("a key at the end of the calldata")
	}
	for _, call := range [][]byte{nil, {0}, {1}, {2, 0x4a, 0xd3, 0x18}, make([]byte, 98), make([]byte, 99), make([]byte, 159), make([]byte, 161), make([]byte, 4_000)} {
		answers(t, chains, call)
	}
}

func TestHashesThatLookLikeSelectorsAreHashes(t *testing.T) {
	p := newPasskey(t, "selector", seal.RequireUV)
	chains := verifierChains(t, p)
	for _, start := range [][]byte{contracts.VerifierMagic[:], contracts.ProbeFor(stranger)[:4], contracts.HasPrecompileFor(stranger)[:4], {0, 0, 0, 0}} {
		hash := common.Hash(slices.Concat(start, crypto.Keccak256(start)[4:]))
		if call := slices.Concat(hash[:], p.signDigest(hash), p.public().Raw()); !approves(t, answers(t, chains, call)) {
			t.Errorf("%x: refused", start)
		}
	}
}
