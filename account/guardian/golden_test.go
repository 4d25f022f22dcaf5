package guardian_test

import (
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

type viemMessage struct {
	Account          common.Address  `json:"account"`
	Tier             uint8           `json:"tier"`
	By               uint8           `json:"by"`
	NewSigner        hexutil.Bytes   `json:"newSigner"`
	Table            uint8           `json:"table"`
	CredentialIDHash common.Hash     `json:"credentialIdHash"`
	Replaces         []hexutil.Bytes `json:"replaces"`
	Nonce            string          `json:"nonce"`
	Deadline         int64           `json:"deadline"`
	Date             int64           `json:"date"`
	ConfigHash       common.Hash     `json:"configHash"`
}

type viemFile struct {
	Module   common.Address
	Messages []struct {
		Kind    string      `json:"kind"`
		ChainID string      `json:"chainId"`
		Message viemMessage `json:"message"`
		Digest  common.Hash `json:"digest"`
	} `json:"messages"`
	Trees []struct {
		Leaves int
		Root   common.Hash
		Digest common.Hash
	}
	Setups []struct {
		Setup struct {
			Expiry      uint32 `json:"expiry"`
			ChangeDelay uint32 `json:"changeDelay"`
			Freeze      uint32 `json:"freeze"`
			Tiers       []struct {
				Threshold string `json:"threshold"`
				Delay     uint32 `json:"delay"`
				Guardians []struct {
					Signer hexutil.Bytes `json:"signer"`
					Weight string        `json:"weight"`
				} `json:"guardians"`
			} `json:"tiers"`
		} `json:"setup"`
		Encoded    hexutil.Bytes `json:"encoded"`
		ConfigHash common.Hash   `json:"configHash"`
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func number(t testing.TB, s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return n
}

func signerOf(t testing.TB, b []byte) seal.Signer { return must[seal.Signer](t)(seal.ParseSigner(b)) }

func (v viemMessage) message(t *testing.T, kind string) guardian.Message {
	nonce, deadline := number(t, v.Nonce), time.Unix(v.Deadline, 0)
	freeze := guardian.Freeze{Account: v.Account, Tier: v.Tier, Nonce: nonce, Deadline: deadline, ConfigHash: v.ConfigHash}
	switch kind {
	case "recover":
		r := guardian.Recovery{Account: v.Account, Tier: v.Tier, NewSigner: signerOf(t, v.NewSigner), Table: p256table.Format(v.Table),
			CredentialIDHash: v.CredentialIDHash, Nonce: nonce, Deadline: deadline, ConfigHash: v.ConfigHash}
		for _, s := range v.Replaces {
			r.Replaces = append(r.Replaces, signerOf(t, s))
		}
		return r
	case "cancel":
		return guardian.CancelRecovery{Account: v.Account, Tier: v.Tier, By: v.By, Nonce: nonce, ConfigHash: v.ConfigHash}
	case "cancelAll":
		return guardian.CancelAll{Account: v.Account, Nonce: nonce}
	case "freeze":
		return freeze
	case "unfreeze":
		return guardian.Unfreeze(freeze)
	case "drill":
		return guardian.Drill{Account: v.Account, Nonce: nonce, Date: time.Unix(v.Date, 0), ConfigHash: v.ConfigHash}
	}
	t.Fatalf("kind %q", kind)
	return nil
}

func viem(t *testing.T) (file viemFile) {
	t.Helper()
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/viem.json")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Messages) != 48 || len(file.Trees) != 5 || len(file.Setups) != 12 {
		t.Fatalf("%d messages, %d trees, %d setups", len(file.Messages), len(file.Trees), len(file.Setups))
	}
	return file
}

// judged is the digest that go-ethereum's own reader finds in our JSON.
func judged(t *testing.T, text []byte) common.Hash {
	t.Helper()
	var data apitypes.TypedData
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	hash, _, err := apitypes.TypedDataAndHash(data)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return common.BytesToHash(hash)
}

func TestDigestsAreViemsAndTheTypedDataSaysTheSame(t *testing.T) {
	file := viem(t)
	guardian.UseModule(t, file.Module)
	var leaves []guardian.Leaf
	for i, v := range file.Messages {
		m, chain := v.Message.message(t, v.Kind), number(t, v.ChainID)
		if got := m.Digest(chain); got != v.Digest {
			t.Errorf("message %d, %s: %s, viem says %s", i, v.Kind, got, v.Digest)
		}
		if got := judged(t, must[[]byte](t)(m.TypedData(chain))); got != v.Digest {
			t.Errorf("message %d, %s: its typed data is of %s, not of %s", i, v.Kind, got, v.Digest)
		}
		if len(m.Words()) == 0 {
			t.Errorf("message %d, %s: no words", i, v.Kind)
		}
		leaves = append(leaves, guardian.Leaf{Message: m, ChainID: chain})
	}
	for _, v := range file.Trees {
		tree := must[*guardian.Tree](t)(guardian.NewTree(leaves[:v.Leaves]...))
		if tree.Root() != v.Root || tree.Digest(nil) != v.Digest || tree.Digest(big.NewInt(7)) != v.Digest {
			t.Errorf("a tree of %d: %s, %s", v.Leaves, tree.Root(), tree.Digest(nil))
		}
		if got := judged(t, must[[]byte](t)(tree.TypedData(nil))); got != v.Digest {
			t.Errorf("a tree of %d: its typed data is of %s", v.Leaves, got)
		}
	}
}

func TestSetupsAreEncodedAsViemDoes(t *testing.T) {
	for i, v := range viem(t).Setups {
		s := guardian.Setup{Expiry: seconds(v.Setup.Expiry), ChangeDelay: seconds(v.Setup.ChangeDelay), Freeze: seconds(v.Setup.Freeze)}
		for _, x := range v.Setup.Tiers {
			tier := guardian.Tier{Threshold: number(t, x.Threshold).Uint64(), Delay: seconds(x.Delay)}
			for _, g := range x.Guardians {
				tier.Guardians = append(tier.Guardians, guardian.Guardian{Signer: signerOf(t, g.Signer), Weight: number(t, g.Weight).Uint64()})
			}
			s.Tiers = append(s.Tiers, tier)
		}
		if got := must[[]byte](t)(s.Encode()); string(got) != string(v.Encoded) {
			t.Errorf("setup %d: %x", i, got)
		}
		if s.Hash() != v.ConfigHash {
			t.Errorf("setup %d: hash %s", i, s.Hash())
		}
		if got := must[guardian.Setup](t)(guardian.ParseSetup(v.Encoded)); got.Hash() != s.Hash() {
			t.Errorf("setup %d is read as %+v", i, got)
		}
		if s.Sorted().Hash() != s.Hash() {
			t.Errorf("setup %d: the order of guardians is not viem's", i)
		}
	}
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

func TestTheGoldenFileIsWhatItsScriptWritesToday(t *testing.T) {
	dir := filepath.Join("..", "..", "interop", "js")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: there is no node: testdata/viem.json is not held against viem today")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "viem")); err != nil {
		t.Skip("SKIPPED: viem is not installed: testdata/viem.json is not held against it today")
	}
	cmd := exec.CommandContext(t.Context(), node, "guardian/digests.mjs")
	cmd.Dir = dir
	if got := must[[]byte](t)(cmd.Output()); string(got) != string(must[[]byte](t)(os.ReadFile("testdata/viem.json"))) {
		t.Error("viem writes something else: run the command in guardian/digests.mjs")
	}
}
