// The page repeats in JavaScript what Go packages do: hashing, addresses, seals.
// This file writes what Go says to testdata/vectors.json; jstest/ compares.

package wallet_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectorFile = "testdata/vectors.json"

type vectors struct {
	Generator string          `json:"generator"`
	Ops       []opVector      `json:"ops"`
	Accounts  []accountVector `json:"accounts"`
	Passkeys  []passkeyVector `json:"passkeys"`
	Stubs     []stubVector    `json:"stubs"`
	Tables    []tableVector   `json:"tables"`
	MetaMask  metaMaskVector  `json:"metaMask"`
	Addresses []string        `json:"addresses"` // as EIP-55 writes them
}

type opVector struct {
	Version string          `json:"version"`
	ChainID string          `json:"chainId"`
	Op      json.RawMessage `json:"op"`
	Hash    common.Hash     `json:"hash"`
}

type accountVector struct {
	Version           string         `json:"version"`
	Factory           common.Address `json:"factory"`
	ProxyInitCodeHash common.Hash    `json:"proxyInitCodeHash"`
	X                 hexutil.Bytes  `json:"x"`
	Y                 hexutil.Bytes  `json:"y"`
	Salt              common.Hash    `json:"salt"`
	Address           string         `json:"address"`
	FactoryData       hexutil.Bytes  `json:"factoryData"`
	To                common.Address `json:"to"`
	Value             *hexutil.Big   `json:"value"`
	Data              hexutil.Bytes  `json:"data"`
	Execute           hexutil.Bytes  `json:"execute"`
}

// passkeyVector is one passkey with two assertions: what each carries, who could
// have made it, and how it is sealed.
type passkeyVector struct {
	Name         string          `json:"name"`
	Registration json.RawMessage `json:"registration"`
	AAGUID       string          `json:"aaguid"`
	X            hexutil.Bytes   `json:"x"`
	Y            hexutil.Bytes   `json:"y"`
	Assertions   []signedVector  `json:"assertions"`
}

type signedVector struct {
	Assertion  json.RawMessage `json:"assertion"`
	Challenge  common.Hash     `json:"challenge"`
	Candidates []hexutil.Bytes `json:"candidates"` // x ‖ y
	Sealed     hexutil.Bytes   `json:"sealed"`
	Hinted     []hexutil.Bytes `json:"hinted"`   // sealed with hints, for no table and for one
	MetaMask   hexutil.Bytes   `json:"metaMask"` // sealed for a MetaMask account
}

// metaMaskVector is what seal has for MetaMask's accounts to estimate gas with.
type metaMaskVector struct {
	KeyIDHash   common.Hash   `json:"keyIdHash"`
	Origin      string        `json:"origin"`
	PasskeyStub hexutil.Bytes `json:"passkeyStub"`
	OwnerStub   hexutil.Bytes `json:"ownerStub"`

	Accounts  []hybridVector  `json:"accounts"`
	Stateless statelessVector `json:"stateless"`
}

// tableVector is what a table costs in gas; of format 0, what none costs.
type tableVector struct {
	Format byte   `json:"format"`
	Build  uint64 `json:"build"`
	Verify uint64 `json:"verify"`
}

// statelessVector is what an EIP-7702 account's own key signs.
type statelessVector struct {
	Op     json.RawMessage `json:"op"`
	Digest common.Hash     `json:"digest"`
}

// hybridVector is an account of MetaMask's own deployment that begins with some passkeys.
type hybridVector struct {
	Owner       common.Address  `json:"owner"`
	Salt        common.Hash     `json:"salt"`
	Credentials []hexutil.Bytes `json:"credentials"`
	Keys        []hexutil.Bytes `json:"keys"` // x ‖ y
	Address     string          `json:"address"`
	FactoryData hexutil.Bytes   `json:"factoryData"`
}

type stubVector struct {
	X      hexutil.Bytes `json:"x"`
	Y      hexutil.Bytes `json:"y"`
	Rule   byte          `json:"rule"`
	Path   byte          `json:"path"`
	Origin string        `json:"origin"`
	Stub   hexutil.Bytes `json:"stub"`
}

func TestVectorsAreWhatGoSays(t *testing.T) {
	v := generate(t)
	want, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(vectorFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date; run: go test ./wallet -run Vectors -update", vectorFile)
	}
}

func generate(t *testing.T) vectors {
	r := rand.New(rand.NewPCG(1, 2))
	v := vectors{Generator: "go test ./wallet -run Vectors -update"}
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		for i := range 12 {
			v.Ops = append(v.Ops, randomOp(t, r, ep, i))
		}
		v.Accounts = append(v.Accounts, randomAccount(t, r, ep), randomAccount(t, r, ep))
	}
	for i, k := range []struct {
		name   string
		quirks softkey.Quirks
	}{
		{"chromium", softkey.Quirks{}},
		{"high s", softkey.Quirks{HighS: true}},
		{"extra member", softkey.Quirks{ExtraMember: true}},
		{"no crossOrigin", softkey.Quirks{NoCrossOrigin: true}},
		{"android", softkey.Quirks{AndroidPackageName: "com.android.chrome"}},
		{"members reversed", softkey.Quirks{ReverseMembers: true}},
	} {
		v.Passkeys = append(v.Passkeys, makePasskey(t, r, k.name, byte(i), k.quirks))
	}
	for _, rule := range []byte{0x00, 0x01, 0x02, 0x05, 0x09, 0x15, 0x21} {
		for _, path := range []seal.P256Path{seal.PathPrecompile, seal.PathNone, seal.P256Path(p256table.Format1k)} {
			v.Stubs = append(v.Stubs, makeStub(t, v.Passkeys[0], rule, path))
		}
	}
	for _, f := range []p256table.Format{0, p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k} {
		cost, ok := webauthn.CostOf(f)
		if !ok {
			t.Fatalf("no cost of format %#x", byte(f))
		}
		v.Tables = append(v.Tables, tableVector{byte(f), cost.Build, cost.Verify})
	}
	hash := seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID([]byte("a credential")))
	stub, err := seal.MetaMaskWebAuthnStub(hash, seal.StubLimits{Origin: len(origin), TopOrigin: -1})
	if err != nil {
		t.Fatal(err)
	}
	v.MetaMask = metaMaskVector{hash, origin, stub, seal.MetaMaskECDSAStub(), nil, statelessDigest(t, r)}
	for n := range 3 {
		v.MetaMask.Accounts = append(v.MetaMask.Accounts, hybridAccount(t, r, n))
	}
	for range 8 {
		v.Addresses = append(v.Addresses, address(r).Hex())
	}
	return v
}

func some(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func address(r *rand.Rand) common.Address     { return common.BytesToAddress(some(r, 20)) }
func number(r *rand.Rand, bytes int) *big.Int { return new(big.Int).SetBytes(some(r, r.IntN(bytes+1))) }

func randomOp(t *testing.T, r *rand.Rand, ep userop.EntryPoint, i int) opVector {
	op := &userop.Op{
		Sender: address(r), Nonce: number(r, 32), CallData: some(r, r.IntN(200)),
		CallGasLimit: number(r, 16), VerificationGasLimit: number(r, 16), PreVerificationGas: number(r, 16),
		MaxFeePerGas: number(r, 16), MaxPriorityFeePerGas: number(r, 16), Signature: some(r, r.IntN(300)),
	}
	if i%2 == 1 {
		factory := address(r)
		op.Factory, op.FactoryData = &factory, some(r, r.IntN(100))
	}
	if i%3 == 1 {
		paymaster := address(r)
		op.Paymaster, op.PaymasterData = &paymaster, some(r, r.IntN(100))
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = number(r, 16), number(r, 16)
		if ep == userop.V09 && i > 4 {
			op.PaymasterSignature = some(r, 1+r.IntN(90))
		}
	}
	chainID := big.NewInt(r.Int64N(1 << 53))
	hash, err := ep.Hash(op, chainID)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := ep.MarshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	return opVector{ep.Version(), chainID.String(), wire, hash}
}

func randomAccount(t *testing.T, r *rand.Rand, ep userop.EntryPoint) accountVector {
	// Made up, so that a change of the contracts does not change the vectors.
	d := contracts.Deployment{EntryPoint: ep, Implementation: address(r), Factory: address(r)}
	var seed [8]byte
	copy(seed[:], some(r, 8))
	key := firstKey(t, softkey.New(softkey.WithSeed(seed[:])))
	signer, err := seal.PasskeySigner(key, seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	p := contracts.Params{Signers: [][]byte{signer.Bytes()}, Weights: []uint64{1}, Threshold: 1, Salt: [32]byte(some(r, 32))}
	addr, err := d.Address(p)
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.CreateAccount(p)
	if err != nil {
		t.Fatal(err)
	}
	to, value, inner := address(r), number(r, 12), some(r, r.IntN(70))
	execution := append(append(to.Bytes(), common.BigToHash(value).Bytes()...), inner...)
	execute, err := contracts.AccountABI.Pack("execute", [32]byte{}, execution)
	if err != nil {
		t.Fatal(err)
	}
	x, y := key.X(), key.Y()
	return accountVector{
		Version: ep.Version(), Factory: d.Factory, ProxyInitCodeHash: contracts.ProxyInitCodeHash(d.Implementation),
		X: x[:], Y: y[:], Salt: p.Salt, Address: addr.Hex(), FactoryData: data,
		To: to, Value: (*hexutil.Big)(value), Data: inner, Execute: execute,
	}
}

func statelessDigest(t *testing.T, r *rand.Rand) statelessVector {
	op := &userop.Op{
		Sender: address(r), Nonce: number(r, 32), CallData: some(r, 40), CallGasLimit: number(r, 16), VerificationGasLimit: number(r, 16),
		PreVerificationGas: number(r, 16), MaxFeePerGas: number(r, 16), MaxPriorityFeePerGas: number(r, 16), Signature: some(r, 65),
	}
	digest, err := seal.MetaMaskDigest(seal.MetaMaskStateless, op, userop.V07, big.NewInt(31337))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := userop.V07.MarshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	return statelessVector{wire, digest}
}

// hybridAccount begins with an owner and n passkeys.
func hybridAccount(t *testing.T, r *rand.Rand, n int) hybridVector {
	v := hybridVector{Owner: address(r), Salt: common.BytesToHash(some(r, 32))}
	var keys []hybrid.Key
	for range n {
		id, key := some(r, 1+r.IntN(64)), firstKey(t, softkey.New(softkey.WithSeed(some(r, 8))))
		v.Credentials, v.Keys = append(v.Credentials, id), append(v.Keys, key.Raw())
		keys = append(keys, hybrid.PasskeyKey(id, key))
	}
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: v.Owner, Salt: v.Salt, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	factory, data := a.Factory()
	if factory != hybrid.V130().Factory {
		t.Fatalf("the factory is %s", factory)
	}
	v.Address, v.FactoryData = a.Address().Hex(), data
	return v
}

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

func register(t *testing.T, k *softkey.Authenticator) []byte {
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "Postern"},
		passkey.User{ID: append([]byte{1}, make([]byte, 32)...), Name: "vector", DisplayName: "vector"}, make([]byte, 32))
	in, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	out, err := k.Create(in, origin)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func firstKey(t *testing.T, k *softkey.Authenticator) passkey.PublicKey {
	reg, err := passkey.ParseRegistration(register(t, k))
	if err != nil {
		t.Fatal(err)
	}
	return reg.Key()
}

func makePasskey(t *testing.T, r *rand.Rand, name string, seed byte, q softkey.Quirks) passkeyVector {
	k := softkey.New(softkey.WithSeed([]byte{seed}))
	raw := register(t, k)
	reg, err := passkey.ParseRegistration(raw)
	if err != nil {
		t.Fatal(err)
	}
	x, y := reg.Key().X(), reg.Key().Y()
	v := passkeyVector{Name: name, Registration: raw, AAGUID: reg.AuthData.Credential.AAGUID.String(), X: x[:], Y: y[:]}
	signer, err := seal.PasskeySigner(reg.Key(), seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	k.SetQuirks(q)
	for range 2 {
		challenge := common.BytesToHash(some(r, 32))
		in, err := json.Marshal(passkey.NewRequestOptions(rpID, challenge[:], reg.ID))
		if err != nil {
			t.Fatal(err)
		}
		out, err := k.Get(in, origin)
		if err != nil {
			t.Fatal(err)
		}
		a, err := passkey.ParseAssertion(out)
		if err != nil {
			t.Fatal(err)
		}
		s := signedVector{Assertion: out, Challenge: challenge}
		for _, key := range a.Recover() {
			s.Candidates = append(s.Candidates, key.Raw())
		}
		approval, err := seal.PosternPasskey(signer, a)
		if err != nil {
			t.Fatal(err)
		}
		if s.Sealed, err = seal.Postern(approval); err != nil {
			t.Fatal(err)
		}
		for _, path := range []seal.P256Path{seal.PathNone, seal.P256Path(p256table.Format4k)} {
			hinted, err := seal.Postern(approval.WithHints(path, challenge))
			if err != nil {
				t.Fatal(err)
			}
			s.Hinted = append(s.Hinted, hinted)
		}
		if s.MetaMask, err = seal.MetaMaskWebAuthn(seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID(reg.ID)), a); err != nil {
			t.Fatal(err)
		}
		v.Assertions = append(v.Assertions, s)
	}
	return v
}

func makeStub(t *testing.T, of passkeyVector, rule byte, path seal.P256Path) stubVector {
	key, err := passkey.ParseRaw(append(bytes.Clone(of.X), of.Y...))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := seal.ParseRule(rule)
	if err != nil {
		t.Fatal(fmt.Errorf("rule %#x: %w", rule, err))
	}
	signer, err := seal.PasskeySigner(key, parsed)
	if err != nil {
		t.Fatal(err)
	}
	stub, err := seal.PosternPasskeyStub(signer, seal.StubLimits{Origin: len(origin), TopOrigin: -1}, path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := seal.Postern(stub)
	if err != nil {
		t.Fatal(err)
	}
	return stubVector{of.X, of.Y, rule, byte(path), origin, out}
}
