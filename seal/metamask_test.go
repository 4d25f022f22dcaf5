package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

var _ account.Hinter = (*seal.MalformedError)(nil)

func metaMaskOp() *userop.Op {
	paymaster := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	return &userop.Op{
		Sender: common.HexToAddress("0x1234567890123456789012345678901234567890"), Nonce: new(big.Int).Lsh(big.NewInt(7), 64),
		CallData: []byte{1, 2, 3}, CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(2), PreVerificationGas: big.NewInt(3),
		MaxFeePerGas: big.NewInt(4), MaxPriorityFeePerGas: big.NewInt(5), Paymaster: &paymaster,
		PaymasterVerificationGasLimit: big.NewInt(6), PaymasterPostOpGasLimit: big.NewInt(7), PaymasterData: []byte{9},
	}
}

// go-ethereum's EIP-712 of the typed data is the digest, on every EntryPoint and for every contract.
func TestTypedDataHashesToTheDigest(t *testing.T) {
	delegate := common.HexToAddress("0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B")
	delegated := metaMaskOp()
	delegated.Factory, delegated.FactoryData, delegated.Delegate = &userop.EIP7702Marker, []byte{4, 5}, &delegate
	signed := metaMaskOp()
	signed.PaymasterSignature = []byte{1, 2, 3}
	seen := map[common.Hash]bool{}
	for _, contract := range []string{seal.MetaMaskHybrid, seal.MetaMaskStateless, seal.MetaMaskMultiSig} {
		for _, ep := range userop.EntryPoints()[1:] {
			for i, op := range []*userop.Op{metaMaskOp(), delegated, signed} {
				if i == 1 && ep == userop.V07 || i == 2 && ep != userop.V09 {
					continue // what older EntryPoints do not know
				}
				for _, chainID := range []*big.Int{big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 200)} {
					digest, err := seal.MetaMaskDigest(contract, op, ep, chainID)
					if err != nil {
						t.Fatalf("%s, %s, %d: %v", contract, ep, i, err)
					}
					b, err := seal.MetaMaskTypedData(contract, op, ep, chainID)
					if err != nil {
						t.Fatal(err)
					}
					var typed apitypes.TypedData
					if err := json.Unmarshal(b, &typed); err != nil {
						t.Fatal(err)
					}
					want, _, err := apitypes.TypedDataAndHash(typed)
					if err != nil || !bytes.Equal(want, digest[:]) {
						t.Errorf("%s, %s, %d: digest %s, the typed data hashes to %x, %v", contract, ep, i, digest, want, err)
					}
					if seen[digest] {
						t.Errorf("%s, %s, %d: a digest for two things", contract, ep, i)
					}
					seen[digest] = true
				}
			}
		}
	}
}

// Every member of an operation changes its digest, the paymaster's signature included.
func TestTheDigestCoversEveryMember(t *testing.T) {
	digest := func(op *userop.Op) common.Hash {
		d, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, op, userop.V09, big.NewInt(1))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := metaMaskOp()
	base.PaymasterSignature = []byte{1}
	first := digest(base)
	factory := common.HexToAddress("0xff")
	for name, change := range map[string]func(*userop.Op){
		"sender": func(o *userop.Op) { o.Sender[0] ^= 1 }, "nonce": func(o *userop.Op) { o.Nonce = big.NewInt(1) },
		"factory": func(o *userop.Op) { o.Factory = &factory }, "callData": func(o *userop.Op) { o.CallData = nil },
		"callGasLimit": func(o *userop.Op) { o.CallGasLimit = big.NewInt(99) }, "verificationGasLimit": func(o *userop.Op) { o.VerificationGasLimit = big.NewInt(99) },
		"preVerificationGas": func(o *userop.Op) { o.PreVerificationGas = big.NewInt(99) }, "maxFeePerGas": func(o *userop.Op) { o.MaxFeePerGas = big.NewInt(99) },
		"maxPriorityFeePerGas": func(o *userop.Op) { o.MaxPriorityFeePerGas = big.NewInt(99) }, "paymaster": func(o *userop.Op) { o.Paymaster = &factory },
		"paymasterVerificationGasLimit": func(o *userop.Op) { o.PaymasterVerificationGasLimit = big.NewInt(99) },
		"paymasterPostOpGasLimit":       func(o *userop.Op) { o.PaymasterPostOpGasLimit = big.NewInt(99) },
		"paymasterData":                 func(o *userop.Op) { o.PaymasterData = nil }, "paymasterSignature": func(o *userop.Op) { o.PaymasterSignature = []byte{2} },
	} {
		op := base.Clone()
		change(op)
		if digest(op) == first {
			t.Errorf("%s is not covered", name)
		}
	}
	signed := base.Clone()
	signed.Signature = []byte{1}
	if digest(signed) != first {
		t.Error("the signature is covered")
	}
}

func TestImpossibleDigestsAreRefused(t *testing.T) {
	unstated := metaMaskOp()
	unstated.MaxFeePerGas = nil
	for name, f := range map[string]func() error{
		"another contract": func() error {
			_, err := seal.MetaMaskDigest("DeleGator", metaMaskOp(), userop.V07, big.NewInt(1))
			return err
		},
		"EntryPoint 0.6": func() error {
			_, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, metaMaskOp(), userop.V06, big.NewInt(1))
			return err
		},
		"no chain": func() error {
			_, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, metaMaskOp(), userop.V07, nil)
			return err
		},
		"chain 0": func() error {
			_, err := seal.MetaMaskTypedData(seal.MetaMaskHybrid, metaMaskOp(), userop.V07, new(big.Int))
			return err
		},
		"chain 2^256": func() error {
			_, err := seal.MetaMaskTypedData(seal.MetaMaskHybrid, metaMaskOp(), userop.V07, new(big.Int).Lsh(big.NewInt(1), 256))
			return err
		},
		"a fee not stated": func() error {
			_, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, unstated, userop.V07, big.NewInt(1))
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: a digest", name)
		}
	}
}

// Our encoding is go-ethereum's, for assertions of every form.
func TestSealsAreWhatABIEncodeMakes(t *testing.T) {
	b := newBench(t)
	for name, q := range acceptable {
		a := b.main.assertion(b.hash[:], q)
		raw := a.ClientData.Raw
		p := parts{
			key: b.id, auth: a.AuthData.Raw, json: raw, cut: a.ClientData.ChallengeOffset, requireUV: true,
			challengeIndex: big.NewInt(int64(bytes.Index(raw, []byte(`"challenge":`)))), typeIndex: big.NewInt(int64(bytes.Index(raw, []byte(`"type":`)))),
			r: a.Signature.R, s: a.Signature.S,
		}
		for _, v := range verifiers {
			if v.layout == "safe" && p.cut != 36 {
				continue
			}
			got, err := layouts[v.layout].seal(b.id, a)
			if want := v.pack(p); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %v\n%x\n%x", v.layout, name, err, got, want)
			}
		}
	}
}

func TestEncodersRefuseWhatNobodyAccepts(t *testing.T) {
	b := newBench(t)
	good := b.main.assertion(b.hash[:], softkey.Quirks{})
	for name, change := range map[string]func(*passkey.Assertion){
		"no UP":                   func(a *passkey.Assertion) { a.AuthData.Raw = bytes.Clone(a.AuthData.Raw); a.AuthData.Raw[32] &^= 1 },
		"BS without BE":           func(a *passkey.Assertion) { a.AuthData.Raw = bytes.Clone(a.AuthData.Raw); a.AuthData.Raw[32] = 0x15 },
		"short authenticatorData": func(a *passkey.Assertion) { a.AuthData.Raw = a.AuthData.Raw[:36] },
		"create":                  func(a *passkey.Assertion) { a.ClientData.Type = passkey.TypeCreate },
		"16-byte challenge":       func(a *passkey.Assertion) { a.ClientData.Challenge = a.ClientData.Challenge[:16] },
		"another challenge":       func(a *passkey.Assertion) { a.ClientData.Challenge = make([]byte, 32) },
		"spelt otherwise":         func(a *passkey.Assertion) { a.ClientData.TypeOffset = -1 },
		"challenge nowhere":       func(a *passkey.Assertion) { a.ClientData.ChallengeOffset = -1 },
		"challenge at the end":    func(a *passkey.Assertion) { a.ClientData.ChallengeOffset = len(a.ClientData.Raw) - 3 },
		"high s":                  func(a *passkey.Assertion) { a.Signature.S = highTwin(a.Signature.S) },
		"no signature":            func(a *passkey.Assertion) { a.Signature = passkey.Signature{} },
	} {
		a := *good
		change(&a)
		for layout, l := range layouts {
			if got, err := l.seal(b.id, &a); err == nil || got != nil {
				t.Errorf("%s, %s: sealed", layout, name)
			}
		}
	}
	for _, q := range []string{"android", "reverse"} {
		if _, err := seal.SafeWebAuthn(b.main.assertion(b.hash[:], acceptable[q])); err == nil {
			t.Errorf("%s: sealed for a Safe", q)
		}
	}
	if _, err := seal.SafeWebAuthn(b.main.assertion(b.hash[:], softkey.Quirks{NoUV: true})); !errors.Is(err, passkey.ErrUserVerification) {
		t.Errorf("no UV for a Safe: %v", err)
	}
	long := *good
	long.ClientData.Raw = append(bytes.Clone(good.ClientData.Raw), bytes.Repeat([]byte{' '}, 1<<16)...)
	if _, err := seal.SoladyWebAuthnCompact(&long); err == nil {
		t.Error("client data beyond two bytes of length, in the compact form")
	}
	if seal.MetaMaskP256(b.id, passkey.Signature{}) != nil || seal.OpenZeppelinP256(passkey.Signature{}) != nil {
		t.Error("a signature of nothing")
	}
	once := b.signDigest(b.hash)
	high := passkey.Signature{R: once.R, S: highTwin(once.S)}
	if !bytes.Equal(seal.MetaMaskP256(b.id, high), seal.MetaMaskP256(b.id, once)) || !bytes.Equal(seal.OpenZeppelinP256(high), seal.OpenZeppelinP256(once)) {
		t.Error("a high s was not lowered")
	}
}

func TestRequireUVIsTheUVFlag(t *testing.T) {
	b := newBench(t)
	for _, uv := range []bool{false, true} {
		sealed, err := seal.MetaMaskWebAuthn(b.id, b.main.assertion(b.hash[:], softkey.Quirks{NoUV: !uv}))
		if err != nil {
			t.Fatal(err)
		}
		if s, err := seal.ParseMetaMask(sealed); err != nil || s.RequireUV != uv {
			t.Errorf("UV %t: requireUV %t, %v", uv, s.RequireUV, err)
		}
	}
}

// What comes with a registration is no assertion, though contracts do not look.
func TestAttestedDataIsNoAssertion(t *testing.T) {
	b := newBench(t)
	p := b.sign(0x5d, passkey.TypeGet)
	cose := b.main.cred.Key.COSE()
	p.auth = append(append(p.auth, make([]byte, 16)...), 0, 1, 7)
	p.auth = append(p.auth, cose...)
	for _, v := range verifiers {
		if _, err := layouts[v.layout].parse(v.pack(p), b.id, b.hash); !errors.Is(err, passkey.ErrFlags) {
			t.Errorf("%s: %v", v.layout, err)
		}
	}
}

func TestCoinbaseOwnersWithoutPasskey(t *testing.T) {
	stub := seal.MetaMaskECDSAStub()
	good, err := seal.CoinbaseECDSA(3, stub)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := seal.ParseCoinbase(good); err != nil || s.Owner != 3 || s.Assertion != nil || !bytes.Equal(s.ECDSA[:], stub) {
		t.Errorf("%+v, %v", s, err)
	}
	for name, cause := range map[string]struct {
		at    int
		value byte
		want  error
	}{"v is 0": {96 + 32 + 64, 0, seal.ErrEncoding}, "high s": {96 + 32 + 32, 0xf0, seal.ErrHighS}} {
		bad := bytes.Clone(good)
		bad[cause.at] = cause.value
		if _, err := seal.ParseCoinbase(bad); !errors.Is(err, cause.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.CoinbaseECDSA(0, stub[:64]); err == nil {
		t.Error("64 bytes sealed")
	}
	if _, err := (&seal.CoinbaseSignature{}).Bytes(); err == nil {
		t.Error("a signature of nobody")
	}
}

func TestSignaturesMadeByHandAreChecked(t *testing.T) {
	b := newBench(t)
	sealed, err := seal.MetaMaskWebAuthn(b.id, b.main.assertion(b.hash[:], softkey.Quirks{}))
	if err != nil {
		t.Fatal(err)
	}
	good, err := seal.ParseMetaMask(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*seal.MetaMaskSignature){
		"no kind":              func(s *seal.MetaMaskSignature) { s.Kind = 0 },
		"unknown kind":         func(s *seal.MetaMaskSignature) { s.Kind = 9 },
		"as secp256k1":         func(s *seal.MetaMaskSignature) { s.Kind = seal.MetaMaskKindECDSA },
		"a negative index":     func(s *seal.MetaMaskSignature) { s.TypeIndex = -1 },
		"an index behind":      func(s *seal.MetaMaskSignature) { s.TypeIndex = len(s.Prefix) + len(s.Suffix) + 44 },
		"a cut elsewhere":      func(s *seal.MetaMaskSignature) { s.Prefix = append(bytes.Clone(s.Prefix), 'x') },
		"no quote behind":      func(s *seal.MetaMaskSignature) { s.Suffix = s.Suffix[1:] },
		"nothing behind":       func(s *seal.MetaMaskSignature) { s.Suffix = nil },
		"no authenticatorData": func(s *seal.MetaMaskSignature) { s.AuthData = nil },
	} {
		s := good
		change(&s)
		if got, err := s.Bytes(); err == nil || got != nil {
			t.Errorf("%s: written", name)
		}
	}
	for k := seal.MetaMaskKind(0); k < 5; k++ {
		if k.String() == "" {
			t.Errorf("kind %d has no name", k)
		}
	}
	ecdsa, err := seal.ParseMetaMask(seal.MetaMaskECDSAStub())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ecdsa.Assertion(b.hash); err == nil {
		t.Error("an assertion of a secp256k1 key")
	}
}

// The owner's stub must recover to somebody whatever the hash, or the contract reverts.
func TestTheOwnersStubRecovers(t *testing.T) {
	stub := seal.MetaMaskECDSAStub()
	if len(stub) != 65 || bytes.IndexByte(stub, 0) >= 0 {
		t.Fatalf("%x", stub)
	}
	stub[64] -= 27
	for i := range 1000 {
		if _, err := crypto.SigToPub(crypto.Keccak256([]byte{byte(i), byte(i >> 8)}), stub); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusalsKnowAWayOut(t *testing.T) {
	for _, c := range []passkey.Cause{seal.ErrTruncated, seal.ErrTrailing, seal.ErrEncoding, seal.ErrHighS, seal.ErrIndex,
		passkey.ErrUserPresence, passkey.ErrUserVerification} {
		e := &seal.MalformedError{Where: "signature", What: "x", Cause: c}
		if h := e.Hint(); h == "" || strings.HasSuffix(h, ".") || !errors.Is(e, c) {
			t.Errorf("%s: hint %q", c, h)
		}
	}
	if e := (&seal.MalformedError{}); e.Hint() != "" || e.Unwrap() != nil {
		t.Error("an unnamed refusal has a cause or a hint")
	}
}
