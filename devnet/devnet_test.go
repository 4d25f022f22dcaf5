package devnet_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/big"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// packages opens the pinned packages once for all tests.
var packages = sync.OnceValues(func() (*artifacts.Set, error) {
	return artifacts.Open(context.Background(), artifacts.Options{})
})

func openPackages(t testing.TB) *artifacts.Set {
	t.Helper()
	set, err := packages()
	if err != nil {
		t.Skipf("SKIPPED: the EntryPoint bytecode is not to be had here: %v", err)
	}
	return set
}

func open(t testing.TB, config devnet.Config) *devnet.Net {
	t.Helper()
	config.Artifacts = openPackages(t)
	n, err := devnet.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func start(t testing.TB, config devnet.Config) *devnet.Net {
	t.Helper()
	n := open(t, config)
	t.Cleanup(func() { closeNet(t, n) })
	return n
}

func closeNet(t testing.TB, n *devnet.Net) {
	t.Helper()
	if err := n.Close(); err != nil {
		t.Error("closing:", err)
	}
}

func call(t *testing.T, n *devnet.Net, to common.Address, signature string, words ...[]byte) []byte {
	t.Helper()
	data := crypto.Keccak256([]byte(signature))[:4]
	for _, w := range words {
		data = append(data, common.LeftPadBytes(w, 32)...)
	}
	out, err := n.Client().CallContract(t.Context(), ethereum.CallMsg{To: &to, Data: data}, nil)
	if err != nil {
		t.Fatalf("calling %s of %s: %v", signature, to, err)
	}
	return out
}

func balance(t testing.TB, n *devnet.Net, of common.Address) *big.Int {
	t.Helper()
	wei, err := n.Client().BalanceAt(t.Context(), of, nil)
	if err != nil {
		t.Fatal(err)
	}
	return wei
}

func TestEntryPointsStandAtTheirCanonicalAddresses(t *testing.T) {
	n := start(t, devnet.Config{})
	// keccak256 of the runtime code. That of 0.6 and 0.7 has no chain id in it and is the hash
	// they have on every public network.
	want := map[string]string{
		"0.6": "0xc93c806e738300b5357ecdc2e971d6438d34d8e4e17b99b758b1f9cac91c8e70",
		"0.7": "0x8db5ff695839d655407cc8490bb7a5d82337a86a6b39c3f0258aa6c3b582fc58",
		"0.8": "0x0a58ad57e3f8266dcc99cda79b0d3d784a4cedc4e972f33a8a2c5cecbb9e67b4",
		"0.9": "0x255b4ae826d056c47b250a5ad1b1ab136fcf953fba8fb27011befd2a387e07f5",
	}
	who := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	for _, ep := range n.Info().EntryPoints {
		code, err := n.Client().CodeAt(t.Context(), ep.Address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := crypto.Keccak256Hash(code).Hex(); got != want[ep.Version] {
			t.Errorf("EntryPoint %s: code hash %s, want %s", ep.Version, got, want[ep.Version])
		}
		nonce := call(t, n, ep.Address, "getNonce(address,uint192)", who[:], []byte{7})
		if nonce[23] != 7 || binary.BigEndian.Uint64(nonce[24:]) != 0 {
			t.Errorf("EntryPoint %s: nonce %x, want key 7, sequence 0", ep.Version, nonce)
		}
		if known, ok := userop.EntryPointByAddress(ep.Address); !ok || known.Version() != ep.Version {
			t.Errorf("EntryPoint %s: package userop has %v at %s", ep.Version, known, ep.Address)
		}
		if ep.Candidate != (ep.Version == "0.9") {
			t.Errorf("EntryPoint %s: candidate = %v", ep.Version, ep.Candidate)
		}
	}
	// The helper that creates accounts is a contract of its own, made by the constructor.
	for _, version := range []string{"0.8", "0.9"} {
		for _, ep := range n.Info().EntryPoints {
			if ep.Version != version {
				continue
			}
			helper := common.BytesToAddress(call(t, n, ep.Address, "senderCreator()"))
			if want := crypto.CreateAddress(ep.Address, 1); helper != want {
				t.Errorf("EntryPoint %s: sender creator %s, want %s", version, helper, want)
			}
			if code, _ := n.Client().CodeAt(t.Context(), helper, nil); len(code) == 0 {
				t.Errorf("EntryPoint %s: no code at its sender creator %s", version, helper)
			}
			out := call(t, n, ep.Address, "getDomainSeparatorV4()")
			if want := domainSeparator(n.ChainID(), ep.Address); common.BytesToHash(out) != want {
				t.Errorf("EntryPoint %s: domain separator %x, want %s", version, out, want)
			}
		}
	}
}

func domainSeparator(chainID *big.Int, contract common.Address) common.Hash {
	return crypto.Keccak256Hash(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
		crypto.Keccak256([]byte("ERC4337")), crypto.Keccak256([]byte("1")),
		common.LeftPadBytes(chainID.Bytes(), 32), common.LeftPadBytes(contract[:], 32))
}

func TestFaucetPaysAndRefusesNonsense(t *testing.T) {
	n := start(t, devnet.Config{})
	to := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	if err := n.Faucet(t.Context(), to, big.NewInt(123)); err != nil {
		t.Fatal(err)
	}
	if got := balance(t, n, to); got.Int64() != 123 {
		t.Errorf("balance %v, want 123", got)
	}
	for _, wei := range []*big.Int{nil, new(big.Int), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 200)} {
		if err := n.Faucet(t.Context(), to, wei); !errors.Is(err, devnet.ErrFaucet) {
			t.Errorf("Faucet(%v) = %v, want ErrFaucet", wei, err)
		}
	}
}

func TestFaucetServesManyAtOnce(t *testing.T) {
	n := start(t, devnet.Config{})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := n.Faucet(t.Context(), common.BigToAddress(big.NewInt(int64(1000+i))), big.NewInt(5)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range 20 {
		if got := balance(t, n, common.BigToAddress(big.NewInt(int64(1000+i)))); got.Int64() != 5 {
			t.Errorf("account %d has %v", i, got)
		}
	}
}

func TestANewChainHasEverythingWithoutATransaction(t *testing.T) {
	n := start(t, devnet.Config{})
	if head, err := n.Client().BlockNumber(t.Context()); err != nil || head != 1 { // the block that has today's time
		t.Errorf("the chain begins with %d blocks, %v", head, err)
	}
}

func BenchmarkStart(b *testing.B) {
	openPackages(b)
	for b.Loop() {
		closeNet(b, open(b, devnet.Config{}))
	}
}

func BenchmarkReopen(b *testing.B) {
	dir := b.TempDir()
	closeNet(b, open(b, devnet.Config{DataDir: dir}))
	for b.Loop() {
		closeNet(b, open(b, devnet.Config{DataDir: dir}))
	}
}
