// What a freeze does not stop, as docs/recovery-contract.md admits.

package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// A frozen account answers the module that froze it, and so it still guards others.
func TestAFrozenAccountStillGuardsOthers(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	stolen := w.guardedAt(d, "stolen")
	stolen.installModule(stolen.setup)
	digest := stolen.freezeDigest("Freeze", stolen.address, 0, stolen.nonce(0xff), w.now, stolen.setup.hash(t))
	if err := stolen.module(stranger, "freeze", stolen.address, uint8(0), new(big.Int).SetUint64(w.now), approvals(digest, stolen.family, 0, 1)); err != nil {
		t.Fatal(err)
	}

	g := w.guardedAt(d, "guarded")
	nonce, deadline := new(big.Int).Lsh(big.NewInt(1), 64), w.now
	guard := party{stolen.address.Bytes(), nil}
	g.family = sorted(guard, keyParty(t, "family 1"), keyParty(t, "family 2"))
	g.setup = usualSetup(g.family, g.institution)
	g.installModule(g.setup)
	hash := g.setup.hash(t)
	for i, p := range g.family {
		if p.sign == nil {
			g.family[i].sign = func(common.Hash) []byte {
				typ := "Freeze(address account,uint8 tier,uint256 nonce,uint48 deadline,bytes32 configHash)"
				word := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
				c := seal.TypedContents{Type: typ, AppSeparator: w.separator(), Hash: crypto.Keccak256Hash(crypto.Keccak256([]byte(typ)),
					common.LeftPadBytes(g.address[:], 32), word(new(big.Int)), word(nonce), word(new(big.Int).SetUint64(deadline)), hash[:])}
				toSign, err := c.SignHash(seal.PosternDomain(stolen.address, w.chain))
				if err != nil {
					t.Fatal(err)
				}
				sig, err := c.Wrap(stolen.owner.approve(toSign))
				if err != nil {
					t.Fatal(err)
				}
				return sig
			}
		}
	}
	if n := g.nonce(0xff); n.Cmp(nonce) != 0 {
		t.Fatalf("nonce %s", n)
	}
	digest = g.freezeDigest("Freeze", g.address, 0, nonce, deadline, hash)
	if err := g.module(stranger, "freeze", g.address, uint8(0), new(big.Int).SetUint64(deadline), approvals(digest, g.family, 0, 1, 2)); err != nil {
		t.Fatal(err)
	}
}

// Code that once ran as the account can make a fallback handler of anything, without its word: of the recovery module, too,
// which then hears the account when anybody calls. Neither a freeze nor a recovery ends that.
func TestAPlantedFallbackHandlerOutlivesTheFreeze(t *testing.T) {
	g := newGuarded(t, osaka)
	cancel := contracts.RecoveryABI.Methods["cancel"].ID
	modules := common.HexToHash("0x0a47d913d72b2639f4ca1c145cc07ddf7170b73b257c8e0d4fced7cc8e3e3900") // AccountERC7579's storage
	g.state.SetState(g.address, mapSlot(common.RightPadBytes(cancel, 32), modules, 4), common.BytesToHash(contracts.WebAuthnAccountRecovery[:]))
	digest := g.freezeDigest("Freeze", g.address, 0, g.nonce(0xff), g.now, g.setup.hash(t))
	if err := g.module(stranger, "freeze", g.address, uint8(0), new(big.Int).SetUint64(g.now), approvals(digest, g.family, 0, 1)); err != nil {
		t.Fatal(err)
	}
	newSigner := keyParty(t, "new")
	if err := g.propose(g.recovery(0, newSigner), newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.must(stranger, g.address, nil, cancel)
	if p := g.moduleSays("proposalOf", g.address, uint8(0)); p[0] != [32]byte{} {
		t.Errorf("the document may say better things: %v", p)
	}
}
