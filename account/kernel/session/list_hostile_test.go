package session_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// twins are two permissions of one key with one id: four bytes are soon met again.
func twins(t *testing.T) (small, large kernel.Permission) {
	t.Helper()
	signer := kernel.ECDSASigner(addressOf(newKey("session")))
	seen := map[kernel.PermissionID]kernel.Permission{}
	for i := int64(1); i < 1<<20; i++ {
		g := grant.Grant{Policies: []grant.Policy{&grant.Call{Version: grant.Call004, Permissions: []grant.Permission{{Target: target, ValueLimit: big.NewInt(i)}}}}}
		p := must[kernel.Permission](t)(approval.ToPermission(g, signer))
		if first, met := seen[p.ID()]; met {
			return first, p
		}
		seen[p.ID()] = p
	}
	t.Fatal("no two permissions have one id")
	return
}

// A session key that sends its own operations writes the transaction around them, and
// can put other contents with the same id before those that were installed: the list
// believes neither.
func TestTwoContentsOfOneIDAreNotToldApart(t *testing.T) {
	small, large := twins(t)
	r := runs(t)[0]
	f, _ := r.installed(t)
	_, acct, _ := listing(t)
	f.install(large)
	n := &fakeNode{fake: f, inputs: map[common.Hash][]byte{}, time: 1_767_225_600, head: 1_000_000}
	tx := common.HexToHash("0x01")
	n.selectorSet(900_000, f.account, large.ID().Validation(), tx)
	for name, input := range map[string][]byte{
		"before": slices.Concat(small.EnableData(), large.EnableData()),
		"after":  slices.Concat(large.EnableData(), small.EnableData()),
	} {
		n.inputs[tx] = input
		list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
		if len(list) != 1 || list[0].Contents != nil || len(list[0].Grant.Policies) != 0 || len(list[0].Policies) != 1 {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		if words := strings.Join(list[0].Words, "\n"); !strings.Contains(words, "different contents") {
			t.Errorf("%s: %s", name, words)
		}
	}
	// Named by the owner, or twice the same: that is no doubt. What the account
	// contradicts is none either.
	stranger := large
	stranger.Signer = kernel.ECDSASigner(asker)
	n.inputs[tx] = slices.Concat(large.EnableData(), stranger.EnableData(), large.EnableData())
	list := must[[]session.Permission](t)(session.List(t.Context(), n, acct, session.WithKnown(large)))
	if len(list) != 1 || list[0].Contents == nil || !bytes.Equal(list[0].Contents.EnableData(), large.EnableData()) {
		t.Errorf("%+v", list)
	}
}

// Whoever writes a transaction fills it with permissions that the account never had, so
// that there are too many to look at: the others are still listed.
func TestDecoysDoNotStopTheList(t *testing.T) {
	n, acct, s := listing(t)
	for j := range 3 {
		tx := common.BigToHash(big.NewInt(int64(100 + j)))
		n.selectorSet(uint64(900_001+j), n.account, s.ID().Validation(), tx)
		for i := range 800 {
			n.inputs[tx] = append(n.inputs[tx], kernel.Permission{Signer: kernel.ECDSASigner(common.BigToAddress(big.NewInt(int64(1 + i + 800*j))))}.EnableData()...)
		}
	}
	list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
	if len(list) != 1 || list[0].ID != s.ID() || list[0].Contents == nil {
		t.Errorf("%d: %+v", len(list), list)
	}
}

// An id that stands beside contents that can be read is looked at too.
func TestContentsHideNoID(t *testing.T) {
	n, acct, s := listing(t)
	n.logs = nil
	tx := common.HexToHash("0x02")
	decoy := kernel.Permission{Signer: kernel.ECDSASigner(asker)}
	n.selectorSet(900_001, n.account, decoy.ID().Validation(), tx)
	v := s.ID().Validation()
	n.inputs[tx] = slices.Concat(decoy.EnableData(), v[:], make([]byte, 11))
	list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
	if len(list) != 1 || list[0].ID != s.ID() {
		t.Errorf("%+v", list)
	}
}
