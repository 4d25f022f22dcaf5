package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/seal"
)

// fakeNode is a fake with logs and transactions.
type fakeNode struct {
	*fake
	logs   []map[string]any // each has blockNumber as uint64
	inputs map[common.Hash][]byte
	time   uint64
	head   uint64
	limit  uint64 // blocks of one query; 0: any number
	asked  int
}

func (f *fakeNode) CallContext(_ context.Context, result any, method string, args ...any) error {
	var answer any
	switch method {
	case "eth_getBlockByNumber":
		answer = map[string]any{"timestamp": hexutil.Uint64(f.time)}
	case "eth_blockNumber":
		answer = hexutil.Uint64(f.head)
	case "eth_getTransactionByHash":
		if input, ok := f.inputs[args[0].(common.Hash)]; ok {
			answer = map[string]any{"input": hexutil.Bytes(input)}
		}
	case "eth_getLogs":
		f.asked++
		filter := args[0].(map[string]any)
		from, to := uint64(0), f.head
		if s := filter["fromBlock"].(string); s != "earliest" {
			from = hexutil.MustDecodeUint64(s)
		}
		if s := filter["toBlock"].(string); s != "latest" {
			to = hexutil.MustDecodeUint64(s)
		}
		if f.limit != 0 && to-from >= f.limit {
			return errors.New("range too large")
		}
		var out []map[string]any
		for _, l := range f.logs {
			if n := uint64(l["blockNumber"].(hexutil.Uint64)); n >= from && n <= to {
				out = append(out, l)
			}
		}
		answer = out
	default:
		return fmt.Errorf("no %s", method)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, result)
}

func (f *fakeNode) selectorSet(block uint64, from common.Address, id kernel.ValidationID, tx common.Hash) map[string]any {
	l := map[string]any{
		"address": from, "topics": []common.Hash{crypto.Keccak256Hash([]byte("SelectorSet(bytes4,bytes21,bool)"))},
		"data":            hexutil.Bytes(abiWords([]byte{0xe9, 0xae, 0x5c, 0x53}, id[:], 1)),
		"transactionHash": tx, "blockNumber": hexutil.Uint64(block), "removed": false,
	}
	f.logs = append(f.logs, l)
	return l
}

// listing is the golden permission on a node that has its installation.
func listing(t testing.TB) (*fakeNode, *kernel.Account, *session.Session) {
	r := runs(t)[0]
	f, s := r.installed(t)
	n := &fakeNode{fake: f, inputs: map[common.Hash][]byte{}, time: 1_767_225_600, head: 1_000_000}
	tx := common.HexToHash("0x01")
	n.selectorSet(900_000, f.account, s.ID().Validation(), tx)
	n.inputs[tx] = slices.Concat([]byte{1, 2, 3}, s.Permission().EnableData(), bytes.Repeat([]byte{7}, 40))
	return n, must[*kernel.Account](t)(s.Document().Account()), s
}

func TestTheListIsWhatTheAccountSays(t *testing.T) {
	n, acct, s := listing(t)
	list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
	if len(list) != 1 || list[0].ID != s.ID() || list[0].Contents == nil || list[0].Status.State != session.Enabled || list[0].Status.Left.Policies[3].Count != 2 {
		t.Fatalf("%+v", list)
	}
	words := strings.Join(list[0].Words, "\n")
	for _, w := range append(s.Words(), "2 of 3 uses are left.", "4 of 5 ETH for fees are left.", "Permission "+s.ID().String()) {
		if !strings.Contains(words, w) {
			t.Errorf("%q is not in\n%s", w, words)
		}
	}

	// Without the transaction, or with another one in its place, it is there all the same.
	for name, input := range map[string][]byte{"no transaction": nil, "another": s.Permission().EnableData()[1:]} {
		n, acct, s := listing(t)
		clear(n.inputs)
		if input != nil {
			n.inputs[common.HexToHash("0x01")] = input
		}
		list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
		if len(list) != 1 || list[0].ID != s.ID() || list[0].Contents != nil || len(list[0].Policies) != 5 || !list[0].Status.Messages {
			t.Errorf("%s: %+v", name, list)
		}
		if words := strings.Join(list[0].Words, " "); !strings.Contains(words, "call 0.0.4, gas, timestamp, rate-limit, signature-caller") {
			t.Errorf("%s: %s", name, words)
		}
		list = must[[]session.Permission](t)(session.List(t.Context(), n, acct, session.WithKnown(s.Permission())))
		if len(list) != 1 || list[0].Contents == nil {
			t.Errorf("%s, named: %+v", name, list)
		}
	}
}

func TestNothingOfLogsIsBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(n *fakeNode, l map[string]any)
		want int
	}{
		"another contract's": {func(n *fakeNode, l map[string]any) { l["address"] = asker }, 0},
		"of a removed block": {func(n *fakeNode, l map[string]any) { l["removed"] = true }, 0},
		"cut":                {func(n *fakeNode, l map[string]any) { l["data"] = hexutil.Bytes{1} }, 0},
		"without topics":     {func(n *fakeNode, l map[string]any) { l["topics"] = []common.Hash{} }, 0},
		"of a validator": {func(n *fakeNode, l map[string]any) {
			v := kernel.ValidatorID(asker)
			l["data"] = hexutil.Bytes(abiWords(0, v[:], 1))
		}, 0},
		"of a permission never installed": {func(n *fakeNode, l map[string]any) { n.says(n.account, "validationConfig(bytes21)", 0, 0) }, 0},
		"twice":                           {func(n *fakeNode, l map[string]any) { n.logs = append(n.logs, l) }, 1},
		"huge transaction":                {func(n *fakeNode, l map[string]any) { n.inputs[common.HexToHash("0x01")] = make([]byte, 1<<20+1) }, 1},
	} {
		n, acct, _ := listing(t)
		c.lie(n, n.logs[0])
		list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
		if len(list) != c.want {
			t.Errorf("%s: %+v", name, list)
		}
	}

	// Contents that the account contradicts are left out.
	n, acct, s := listing(t)
	n.says(s.Permission().Signer.Contract, "webAuthnSignerStorage(bytes32,address)", 1, 2)
	list := must[[]session.Permission](t)(session.List(t.Context(), n, acct))
	if len(list) != 1 || list[0].Contents != nil {
		t.Errorf("%+v", list)
	}
	n, acct, s = listing(t)
	n.says(common.Address(s.Permission().Policies[2][2:22]), "timestampPolicyConfig(bytes32,address)", 0, 0)
	list = must[[]session.Permission](t)(session.List(t.Context(), n, acct))
	if len(list) != 1 || list[0].Contents != nil {
		t.Errorf("%+v", list)
	}
	n, acct, _ = listing(t)
	n.time = 0
	if _, err := session.List(t.Context(), n, acct); !isAnswer(err) {
		t.Error(err)
	}
}

func TestNodesThatLimitLogs(t *testing.T) {
	n, acct, _ := listing(t)
	if _, err := session.List(t.Context(), n.fake, acct); !errors.Is(err, session.ErrNoLogs) {
		t.Error(err)
	}
	n.limit = 150_000
	if list := must[[]session.Permission](t)(session.List(t.Context(), n, acct)); len(list) != 1 || n.asked < 10 {
		t.Errorf("%d queries: %+v", n.asked, list)
	}
	n.limit = 5_000
	list, err := session.List(t.Context(), n, acct)
	if e, ok := errors.AsType[*session.PartialError](err); !ok || e.Before == 0 || e.Hint() == "" || len(list) != 1 {
		t.Errorf("%v %+v", err, list)
	}
	n.limit = 1
	if _, err := session.List(t.Context(), n, acct); err == nil {
		t.Error("a node that answers nothing")
	}
	n.limit = 0
	for i := range session.MaxTransactions + 1 {
		n.selectorSet(uint64(i), n.account, kernel.PermissionID{byte(i), byte(i >> 8), 1, 1}.Validation(), crypto.Keccak256Hash([]byte(strconv.Itoa(i))))
	}
	_, err = session.List(t.Context(), n, acct)
	if e, ok := errors.AsType[*session.TooManyError](err); !ok || e.Hint() == "" {
		t.Error(err)
	}
}

// A permission that was installed without access to execute, by the owner's own call,
// shows up too: it can sign messages.
func TestAPermissionForMessagesOnlyIsListed(t *testing.T) {
	onEveryVersion(t, (*bench).messagesOnly)
}

func (b *bench) messagesOnly(t *testing.T, v kernel.Version) {
	o, h, ctx := owners(t)[0], holders(t)[1], t.Context()
	acct := b.deployedAs(t, v, o)
	p := must[kernel.Permission](t)(approval.ToPermission(limited(2), h.signer))
	b.do(t, acct, o, must[[]account.Call](t)(acct.InstallPermission(p, 1))[:1])
	list := must[[]session.Permission](t)(session.List(ctx, b.chain, acct))
	if len(list) != 1 || list[0].ID != p.ID() || list[0].Contents == nil || !list[0].Status.Messages || list[0].Status.State != session.Barred || list[0].Status.Usable() {
		t.Fatalf("%+v", list)
	}
	b.do(t, acct, o, must[[]account.Call](t)(session.RevokeAll(ctx, b.chain, acct, list)))
	if list = must[[]session.Permission](t)(session.List(ctx, b.chain, acct)); len(list) != 1 || list[0].Status.State != session.Revoked {
		t.Fatalf("%+v", list)
	}
}

func TestPermissionsAreFoundInAnyWrapping(t *testing.T) {
	var all []kernel.Permission
	for i, h := range holders(t) {
		all = append(all, must[kernel.Permission](t)(approval.ToPermission(limited(uint64(i+1)), h.signer)))
	}
	all = append(all, kernel.Permission{Signer: holders(t)[1].signer})
	var input []byte
	for i, p := range all {
		k := seal.KernelEnable{EnableData: p.EnableData(), Approval: make([]byte, 65), Signature: []byte{0xff}}
		input = slices.Concat(input, bytes.Repeat([]byte{0}, i), k.Bytes())
	}
	found := session.PermissionsIn(input)
	for i, p := range all {
		if !slices.ContainsFunc(found, func(f kernel.Permission) bool { return bytes.Equal(f.EnableData(), p.EnableData()) }) {
			t.Errorf("permission %d is not found", i)
		}
	}
}

// What is worst to look through: arrays that begin at every word, and go to the end.
func BenchmarkSearchOfHostileInput(b *testing.B) {
	word := append(make([]byte, 31), 32)
	for name, input := range map[string][]byte{"words": bytes.Repeat(word, 1<<15), "zeros": make([]byte, 1<<20), "bytes": bytes.Repeat([]byte{2, 1, 1, 1, 1}, 1<<20/5)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				session.PermissionsIn(input)
				session.IDsIn(input)
			}
		})
	}
}

func FuzzPermissionsIn(f *testing.F) {
	g := grant.Grant{Policies: []grant.Policy{&grant.RateLimit{Count: 3}, &grant.Sudo{}}}
	p, err := approval.ToPermission(g, kernel.ECDSASigner(asker))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.EnableData())
	f.Add(append([]byte{2, 1, 2, 3, 4}, make([]byte, 64)...))
	f.Add(bytes.Repeat(append(make([]byte, 31), 32), 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range session.PermissionsIn(b) {
			if !bytes.Contains(b, p.EnableData()) {
				t.Errorf("found what is not there: %x", p.EnableData())
			}
		}
		for _, id := range session.IDsIn(b) {
			if v := id.Validation(); !bytes.Contains(b, v[:]) {
				t.Errorf("found what is not there: %s", id)
			}
		}
	})
}

// The clock is the next block's, as far as anybody can tell.
func TestTheClock(t *testing.T) {
	f := newFake(1, asker)
	n := &fakeNode{fake: f, time: 1_000_000}
	for _, c := range []struct{ machine, want int64 }{
		{1_000_000, 1_000_000}, {1_000_012, 1_000_012}, {999_000, 1_000_000}, {1_003_600, 1_003_600}, {1_003_601, 1_000_000},
	} {
		machine := func() time.Time { return time.Unix(c.machine, 0) }
		if got := must[uint64](t)(session.Clock(t.Context(), n, machine)); got != uint64(c.want) {
			t.Errorf("machine %d: %d", c.machine, got)
		}
		if got := must[uint64](t)(session.Clock(t.Context(), f, machine)); got != uint64(c.machine) {
			t.Errorf("without the chain's: %d", got)
		}
	}
}
