package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// parts are the members of a layout before they are encoded, so that one can be
// wrong. The encoder here is go-ethereum's, not ours.
type parts struct {
	key                       common.Hash
	auth, json                []byte
	cut                       int // where the challenge's text begins in json
	challengeIndex, typeIndex *big.Int
	r, s                      [32]byte
	requireUV                 bool
}

// A verifier is a contract: its layout, and what sets it apart from the others.
type verifier struct {
	layout    string
	uv        string // "required", "any"
	contracts bool   // the real one is at hand
	pack      func(parts) []byte
	takes     map[string]bool // broken cases that it accepts all the same
}

func (v *verifier) on(what string) string {
	if !v.contracts {
		return ""
	}
	return what
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// The contracts' laxities are part of the matrix: a change of theirs shows.
var verifiers = []verifier{
	{layout: "metamask", uv: "any", contracts: true, pack: packMetaMask,
		takes: set("no UV, and the signer does not require it", "UV, and the signer does not require it", "padded by a word", "padded by a byte", "cut within its padding")},
	{layout: "coinbase", uv: "any", pack: packCoinbase},
	{layout: "openzeppelin", uv: "required", contracts: true, pack: packOpenZeppelin,
		takes: set("padded by a word", "padded by a byte", "cut within its padding")},
	{layout: "solady", uv: "required", contracts: true, pack: packSolady,
		takes: set("BS without BE", "padded by a word", "padded by a byte", "cut within its padding")},
	{layout: "solady-compact", uv: "required", contracts: true, pack: packSoladyCompact, takes: set("BS without BE")},
	{layout: "safe", uv: "required", contracts: true, pack: packSafe, takes: set("high s", "no UP", "BS without BE")},
}

// broken are signatures that are wrong in one way each.
func (v *verifier) broken(t *bench) []matrixCase {
	var out []matrixCase
	add := func(name string, cause passkey.Cause, hash common.Hash, sig []byte) {
		c := matrixCase{Layout: v.layout, Name: name, UV: v.uv, Hash: hash, Signature: sig, Contract: v.on("refuses"), Local: string(cause)}
		if v.takes[name] {
			c.Contract = v.on("accepts")
		}
		if cause == "" {
			c.Local = "accepts"
		}
		if name == "another key" {
			c.Key = "other"
		}
		out = append(out, c)
	}
	good := t.sign(0x1d, passkey.TypeGet)
	change := func(name string, cause passkey.Cause, f func(*parts)) {
		p := good
		f(&p)
		add(name, cause, t.hash, v.pack(p))
	}
	v.brokenScalars(change)
	v.brokenIndices(change)
	if v.layout == "metamask" {
		change("unknown key id", passkey.ErrCredential, func(p *parts) { p.key[31] ^= 1 })
		change("key id of the raw credential id", passkey.ErrCredential, func(p *parts) { p.key = crypto.Keccak256Hash(t.main.cred.ID) })
	}
	add("another key", passkey.ErrSignature, t.hash, v.pack(good))
	change("changed suffix", passkey.ErrSignature, func(p *parts) { p.json = bytes.Replace(p.json, []byte("false}"), []byte(`false,"x":1}`), 1) })
	change("changed origin", passkey.ErrOrigin, func(p *parts) { p.json = bytes.Replace(p.json, []byte("wallet"), []byte("wa11et"), 1) })
	change("changed authenticator data", passkey.ErrSignature, func(p *parts) { p.auth = append(bytes.Clone(p.auth[:36]), 7) })
	change("36 bytes of authenticator data", passkey.ErrAuthData, func(p *parts) { p.auth = p.auth[:36] })
	wrongHash, wrongType := passkey.ErrChallenge, passkey.ErrPurpose
	switch v.layout { // put any hash into the client data, and Safe the type as well: then the signature is wrong
	case "metamask":
		wrongHash, wrongType = passkey.ErrSignature, seal.ErrIndex
	case "safe":
		wrongHash, wrongType = passkey.ErrSignature, passkey.ErrSignature
	}
	add("wrong hash", wrongHash, crypto.Keccak256Hash([]byte("another")), v.pack(good))
	add("type webauthn.create", wrongType, t.hash, v.pack(t.sign(0x1d, passkey.TypeCreate)))
	v.brokenFlags(t, add)
	stub, err := stubs[v.layout](t.id)
	if err != nil {
		t.Fatal(err)
	}
	stubCause := passkey.ErrChallenge
	if wrongHash == passkey.ErrSignature {
		stubCause = passkey.ErrOrigin
	}
	add("the stub", stubCause, t.hash, stub)
	for _, c := range v.cutAndPadded(v.pack(good)) {
		add(c.name, c.cause, t.hash, c.sig)
	}
	return out
}

// stubs are for the clients that made the good signatures.
var stubs = map[string]func(common.Hash) ([]byte, error){
	"metamask":       func(id common.Hash) ([]byte, error) { return seal.MetaMaskWebAuthnStub(id, seal.StubLimits{}) },
	"coinbase":       func(common.Hash) ([]byte, error) { return seal.CoinbaseStub(1, seal.StubLimits{}) },
	"openzeppelin":   func(common.Hash) ([]byte, error) { return seal.OpenZeppelinWebAuthnStub(seal.StubLimits{}) },
	"solady":         func(common.Hash) ([]byte, error) { return seal.SoladyWebAuthnStub(seal.StubLimits{}) },
	"solady-compact": func(common.Hash) ([]byte, error) { return seal.SoladyWebAuthnCompactStub(seal.StubLimits{}) },
	"safe":           func(common.Hash) ([]byte, error) { return seal.SafeWebAuthnStub(seal.StubLimits{}) },
}

type changer func(name string, cause passkey.Cause, f func(*parts))

func (v *verifier) brokenScalars(change changer) {
	change("high s", seal.ErrHighS, func(p *parts) { p.s = highTwin(p.s) })
	change("r is zero", passkey.ErrSignatureForm, func(p *parts) { p.r = [32]byte{} })
	change("s is zero", passkey.ErrSignatureForm, func(p *parts) { p.s = [32]byte{} })
	change("s is not below n", passkey.ErrSignatureForm, func(p *parts) { p.s = common.BigToHash(curveN) })
}

func (v *verifier) brokenIndices(change changer) {
	if v.layout == "safe" {
		return
	}
	for _, at := range []int64{0, 2, 1000} {
		change(fmt.Sprintf("type at %d", at), seal.ErrIndex, func(p *parts) { p.typeIndex = big.NewInt(at) })
	}
	if v.layout != "solady-compact" { // has two bytes for it
		change("type at 2^256-1", seal.ErrIndex, func(p *parts) { p.typeIndex = math.MaxBig256 })
	}
	if v.layout == "metamask" {
		return
	}
	for _, at := range []int64{0, 22, 24, 65_000} {
		change(fmt.Sprintf("challenge at %d", at), seal.ErrIndex, func(p *parts) { p.challengeIndex = big.NewInt(at) })
	}
}

func (v *verifier) brokenFlags(t *bench, add func(string, passkey.Cause, common.Hash, []byte)) {
	flags := func(name string, cause passkey.Cause, flags byte, requireUV bool) {
		p := t.sign(flags, passkey.TypeGet)
		p.requireUV = requireUV
		add(name, cause, t.hash, v.pack(p))
	}
	flags("no UP", passkey.ErrUserPresence, 0x1c, true)
	flags("BS without BE", passkey.ErrBackupState, 0x15, true)
	switch {
	case v.layout == "metamask":
		flags("no UV, and the signer requires it", passkey.ErrUserVerification, 0x19, true)
		flags("no UV, and the signer does not require it", "", 0x19, false)
		flags("UV, and the signer does not require it", "", 0x1d, false)
	case v.uv == "required":
		flags("no UV", passkey.ErrUserVerification, 0x19, true)
	}
}

type cutCase struct {
	name  string
	cause passkey.Cause
	sig   []byte
}

func (v *verifier) cutAndPadded(b []byte) []cutCase {
	word := common.BigToHash(big.NewInt(32))
	cases := []cutCase{
		{"64 bytes", seal.ErrTruncated, b[:64]},
		{"empty", seal.ErrTruncated, nil},
	}
	padded := [2][]byte{append(bytes.Clone(b), make([]byte, 32)...), append(bytes.Clone(b), 0)}
	if v.layout == "solady-compact" { // is read from its end
		return append(cases,
			cutCase{"truncated by a word", passkey.ErrJSON, b[:len(b)-32]},
			cutCase{"truncated to 128 bytes", passkey.ErrJSON, b[:128]},
			cutCase{"padded by a word", passkey.ErrSignatureForm, padded[0]},
			cutCase{"padded by a byte", passkey.ErrJSON, padded[1]})
	}
	cases = append(cases,
		cutCase{"truncated by a word", seal.ErrTruncated, b[:len(b)-32]},
		cutCase{"truncated to 128 bytes", seal.ErrTruncated, b[:128]},
		cutCase{"padded by a word", seal.ErrTrailing, padded[0]},
		cutCase{"padded by a byte", seal.ErrTrailing, padded[1]})
	if v.layout != "safe" { // there a word of the signature ends it, and padding nothing
		cases = append(cases, cutCase{"cut within its padding", seal.ErrTruncated, b[:len(b)-1]})
	}
	if v.layout == "openzeppelin" {
		cases = append(cases, cutCase{"as a struct, behind 0x20", seal.ErrEncoding, append(word[:], b...)})
	}
	return cases
}

// bareCases are signatures without WebAuthn.
func (t *bench) bareCases() []matrixCase {
	var out []matrixCase
	add := func(layout, name, key string, sig []byte, contract, local string) {
		out = append(out, matrixCase{Layout: layout, Name: name, Key: key, UV: "any", Hash: t.hash, Signature: sig, Contract: contract, Local: local})
	}
	id, once, twice := t.id, t.signDigest(t.hash), t.signDigest(sha256.Sum256(t.hash[:]))
	raw := func(id common.Hash, r, s [32]byte) []byte { return bytes.Join([][]byte{id[:], r[:], s[:]}, nil) }
	unknown := id
	unknown[0] ^= 1
	good := seal.MetaMaskP256(id, twice)
	add("metamask-p256", "made by seal", "", good, "accepts", "accepts")
	add("metamask-p256", "high s", "", raw(id, twice.R, highTwin(twice.S)), "refuses", string(seal.ErrHighS))
	add("metamask-p256", "unknown key id", "", seal.MetaMaskP256(unknown, twice), "refuses", string(passkey.ErrCredential))
	add("metamask-p256", "digest signed without SHA-256", "", seal.MetaMaskP256(id, once), "refuses", string(passkey.ErrSignature))
	add("metamask-p256", "another key", "other", good, "refuses", string(passkey.ErrSignature))
	add("metamask-p256", "the stub", "", seal.MetaMaskP256Stub(id), "refuses", string(passkey.ErrSignature))
	add("metamask-p256", "truncated", "", good[:95], "refuses", string(seal.ErrTruncated))
	add("metamask-p256", "padded by a byte", "", append(bytes.Clone(good), 0), "refuses", string(seal.ErrTruncated))

	good = seal.OpenZeppelinP256(once)
	high := highTwin(once.S)
	add("openzeppelin-p256", "made by seal", "", good, "accepts", "accepts")
	add("openzeppelin-p256", "high s", "", append(bytes.Clone(once.R[:]), high[:]...), "refuses", string(seal.ErrHighS))
	add("openzeppelin-p256", "signed over SHA-256 of the hash", "", seal.OpenZeppelinP256(twice), "refuses", string(passkey.ErrSignature))
	add("openzeppelin-p256", "another key", "other", good, "refuses", string(passkey.ErrSignature))
	add("openzeppelin-p256", "the stub", "", seal.OpenZeppelinP256Stub(), "refuses", string(passkey.ErrSignature))
	add("openzeppelin-p256", "truncated", "", good[:63], "refuses", string(seal.ErrTruncated))
	add("openzeppelin-p256", "padded by a byte", "", append(bytes.Clone(good), 0), "accepts", string(seal.ErrTrailing))

	sig, err := crypto.Sign(t.hash[:], ownerKey())
	if err != nil {
		t.Fatal(err)
	}
	ecdsa, err := seal.MetaMaskECDSA(sig)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(ecdsa)
	s := new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(ecdsa[32:64]))
	s.FillBytes(flipped[32:64])
	flipped[64] ^= 27 ^ 28
	add("metamask-ecdsa", "made by seal", "", ecdsa, "accepts", "accepts")
	add("metamask-ecdsa", "high s", "", flipped, "refuses", string(seal.ErrHighS))
	add("metamask-ecdsa", "v is 0 or 1", "", sig, "refuses", string(seal.ErrEncoding))
	wrong, err := crypto.Sign(crypto.Keccak256(t.hash[:]), ownerKey())
	if err != nil {
		t.Fatal(err)
	}
	if wrong, err = seal.MetaMaskECDSA(wrong); err != nil {
		t.Fatal(err)
	}
	add("metamask-ecdsa", "over another hash", "", wrong, "refuses", string(passkey.ErrSignature))
	add("metamask-ecdsa", "the stub", "", seal.MetaMaskECDSAStub(), "refuses", string(passkey.ErrSignature))
	add("metamask-ecdsa", "truncated", "", ecdsa[:64], "refuses", string(seal.ErrTruncated))
	add("metamask-ecdsa", "padded by a byte", "", append(bytes.Clone(ecdsa), 0), "refuses", string(seal.ErrTruncated))
	return out
}

// sign signs client data in the fixed form with these flags.
func (t *bench) sign(flags byte, typ string) parts {
	rp := sha256.Sum256([]byte(rpID))
	prefix := `{"type":"` + typ + `","challenge":"`
	p := parts{
		key: t.id, auth: append(rp[:], flags, 0, 0, 0, 0), cut: len(prefix), requireUV: flags&4 != 0,
		json:           []byte(prefix + base64.RawURLEncoding.EncodeToString(t.hash[:]) + `","origin":"` + origin + `","crossOrigin":false}`),
		challengeIndex: big.NewInt(int64(len(prefix) - len(`"challenge":"`))), typeIndex: big.NewInt(1),
	}
	client := sha256.Sum256(p.json)
	s := t.signDigest(sha256.Sum256(append(bytes.Clone(p.auth), client[:]...)))
	p.r, p.s = s.R, s.S
	return p
}

// signDigest signs a digest as it is, with low s.
func (t *bench) signDigest(digest [32]byte) passkey.Signature {
	der, err := t.main.auth.SignDigest(t.main.cred.ID, digest)
	if err != nil {
		t.Fatal(err)
	}
	s, err := passkey.ParseDER(der)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func verifyDigest(key passkey.PublicKey, s passkey.Signature, digest [32]byte) error {
	if !ecdsa.VerifyASN1(key.ECDSA(), digest[:], s.DER()) {
		return passkey.ErrSignature
	}
	return nil
}

func ownerKey() *ecdsa.PrivateKey {
	k, err := crypto.ToECDSA(crypto.Keccak256([]byte("verifier matrix, owner")))
	if err != nil {
		panic(err)
	}
	return k
}

func packMetaMask(p parts) []byte {
	return pack("bytes32,uint256,uint256,bytes,bool,string,string,uint256", [32]byte(p.key), number(p.r), number(p.s), p.auth, p.requireUV,
		string(p.json[:p.cut]), string(p.json[p.cut+43:]), p.typeIndex)
}

func packCoinbase(p parts) []byte {
	inner := packSolady(p)
	word := common.BigToHash(big.NewInt(32))
	return append(word[:], pack("uint256,bytes", big.NewInt(1), inner)...)
}

func packSolady(p parts) []byte {
	word := common.BigToHash(big.NewInt(32))
	return append(word[:], pack("bytes,string,uint256,uint256,uint256,uint256", p.auth, string(p.json), p.challengeIndex, p.typeIndex, number(p.r), number(p.s))...)
}

func packSoladyCompact(p parts) []byte {
	b := []byte{byte(len(p.auth) >> 8), byte(len(p.auth))}
	c, t := p.challengeIndex.Int64(), p.typeIndex.Int64()
	return bytes.Join([][]byte{b, p.auth, p.json, {byte(c >> 8), byte(c), byte(t >> 8), byte(t)}, p.r[:], p.s[:]}, nil)
}

func packOpenZeppelin(p parts) []byte {
	return pack("bytes32,bytes32,uint256,uint256,bytes,string", p.r, p.s, p.challengeIndex, p.typeIndex, p.auth, string(p.json))
}

func packSafe(p parts) []byte {
	return pack("bytes,string,uint256,uint256", p.auth, string(p.json[p.cut+43+2:len(p.json)-1]), number(p.r), number(p.s))
}

// pack is go-ethereum's abi.encode of values as separate arguments.
func pack(types string, values ...any) []byte {
	var args abi.Arguments
	for _, name := range strings.Split(types, ",") {
		typ, err := abi.NewType(name, "", nil)
		if err != nil {
			panic(err)
		}
		args = append(args, abi.Argument{Type: typ})
	}
	b, err := args.Pack(values...)
	if err != nil {
		panic(err)
	}
	return b
}

func number(w [32]byte) *big.Int { return new(big.Int).SetBytes(w[:]) }
