package hybrid_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// TestTheLifeOfAnAccount: an owner makes the account and adds a passkey, is lost;
// the passkey runs the same account, finds it a new owner, who removes the
// passkey. After each step the chain is read, and what is read can be used.
func TestTheLifeOfAnAccount(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		t.Run(rules.String(), func(t *testing.T) {
			b := newBench(t, rules)
			owner, heir, dev, second := newKey("owner"), newKey("heir"), newDevice(t, "life"), newDevice(t, "second")
			acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner)}))
			if _, err := hybrid.At(t.Context(), b.chain, acct.Address()); !errors.Is(err, hybrid.ErrNoAccount) {
				t.Errorf("before it is there: %v", err)
			}
			if same, err := acct.With(t.Context(), b.chain); err != nil || same != acct {
				t.Errorf("before it is there: %v", err)
			}
			b.fund(t, acct.Address())
			step := func(name string, by hybrid.Approver, ask approve, wantOwner common.Address, wantKeys []hybrid.Key, change func(*hybrid.Account) ([]account.Call, error)) {
				t.Helper()
				now := must[*hybrid.Account](t)(acct.With(t.Context(), b.chain))
				if now.Address() != acct.Address() {
					t.Fatalf("%s: the address changed", name)
				}
				auth := must[*hybrid.Authority](t)(now.Authority(by))
				if r := b.do(t, now, auth, ask, must[[]account.Call](t)(change(now))); !r.Success {
					t.Fatalf("%s reverted: %s", name, r.Reason)
				}
				for _, node := range []account.Chain{b.chain, plainChain{b.chain}} {
					got := must[*hybrid.Account](t)(hybrid.At(t.Context(), node, acct.Address(), hybrid.WithKnownKeys(dev.key, second.key)))
					if got.Owner() != wantOwner || fmt.Sprint(got.Keys()) != fmt.Sprint(wantKeys) {
						t.Errorf("after %s: owner %s, keys %s; want %s, %s", name, got.Owner(), got.Keys(), wantOwner, wantKeys)
					}
					if f, data := got.Factory(); f != (common.Address{}) || data != nil {
						t.Error("an account attached by address has a factory")
					}
				}
			}
			ownerBy, heirBy := hybrid.OwnerApprover{Address: addressOf(owner)}, hybrid.OwnerApprover{Address: addressOf(heir)}
			none := []hybrid.Key(nil)
			step("a payment that creates it", ownerBy, approveECDSA(owner), addressOf(owner), none, func(*hybrid.Account) ([]account.Call, error) { return []account.Call{{To: target}}, nil })
			step("AddKey", ownerBy, approveECDSA(owner), addressOf(owner), []hybrid.Key{dev.key}, func(a *hybrid.Account) ([]account.Call, error) { return a.AddKey(dev.key) })
			step("AddKey in a batch", dev.approver(), dev.approve, addressOf(owner), []hybrid.Key{dev.key, second.key}, func(a *hybrid.Account) ([]account.Call, error) {
				calls, err := a.AddKey(second.key)
				return append(calls, account.Call{To: target}), err
			})
			step("RenounceOwnership", second.approver(), second.approve, common.Address{}, []hybrid.Key{dev.key, second.key}, (*hybrid.Account).RenounceOwnership)
			step("TransferOwnership", dev.approver(), dev.approve, addressOf(heir), []hybrid.Key{dev.key, second.key}, func(a *hybrid.Account) ([]account.Call, error) { return a.TransferOwnership(addressOf(heir)) })
			step("RemoveKey", heirBy, approveECDSA(heir), addressOf(heir), []hybrid.Key{second.key}, func(a *hybrid.Account) ([]account.Call, error) { return a.RemoveKey(dev.key) })
			step("UpdateSigners", heirBy, approveECDSA(heir), common.Address{}, []hybrid.Key{dev.key}, func(a *hybrid.Account) ([]account.Call, error) {
				return a.UpdateSigners(common.Address{}, []hybrid.Key{dev.key})
			})
		})
	}
}

// plainChain has the methods of account.Chain only: no logs, no storage.
type plainChain struct{ account.Chain }

// limited is a node that answers log queries of few blocks only.
type limited struct {
	accounttest.NodeChain
	most    uint64 // blocks; 0: no logs at all
	queries *int
	head    uint64 // pretended
	at      uint64 // where the logs are pretended to be
}

func (c limited) CallContext(ctx context.Context, result any, method string, args ...any) error {
	switch method {
	case "eth_blockNumber":
		return json.Unmarshal([]byte(`"`+hexutil.EncodeUint64(c.head)+`"`), result)
	case "eth_getLogs":
		*c.queries++
		f := args[0].(map[string]any)
		from, err1 := hexutil.DecodeUint64(f["fromBlock"].(string))
		to, err2 := hexutil.DecodeUint64(f["toBlock"].(string))
		if err1 != nil || err2 != nil || from > to || to-from >= c.most {
			return errors.New("query returned more than 10000 results")
		}
		if from > c.at || to < c.at {
			return json.Unmarshal([]byte("[]"), result)
		}
		f["fromBlock"], f["toBlock"] = "earliest", "latest"
	}
	return c.NodeChain.CallContext(ctx, result, method, args...)
}

func TestTextsAreFoundOnNodesThatLimitLogs(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	dev, owner := newDevice(t, "limits"), newKey("limits")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key}}))
	deploy(t, b, acct)
	for name, c := range map[string]struct {
		most, head, at uint64
		found          bool
	}{
		"thousands of blocks, yesterday":     {10_000, 20_000_000, 19_993_000, true},
		"thousands of blocks, weeks ago":     {10_000, 20_000_000, 19_800_000, true},
		"hundreds of blocks":                 {500, 20_000_000, 19_999_000, true},
		"a short chain":                      {500, 3_000, 1, true},
		"the very first block":               {100, 1_000, 0, true},
		"longer ago than is looked for":      {10_000, 20_000_000, 1, false},
		"no logs at all":                     {0, 20_000_000, 1, false},
		"no logs at all, and hardly a chain": {0, 0, 0, false},
	} {
		queries := 0
		node := limited{b.chain, c.most, &queries, c.head, c.at}
		got, err := hybrid.At(t.Context(), node, acct.Address())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		k := got.Keys()[0]
		if (k.ID == dev.key.ID) != c.found || k.Hash != dev.key.Hash || queries > 50 {
			t.Errorf("%s: key %s with text %q after %d queries", name, k, k.ID, queries)
		}
		if k.Public != dev.key.Public { // from storage where the text is not known
			t.Errorf("%s: the public key is %s", name, k.Public)
		}
	}

	// Known by hash only: said so, signs, and is removed where the caller knows more.
	queries := 0
	blind := must[*hybrid.Account](t)(hybrid.At(t.Context(), limited{NodeChain: b.chain, queries: &queries}, acct.Address()))
	k := blind.Keys()[0]
	if !strings.Contains(k.String(), "by hash") || k.ID != "" {
		t.Errorf("it is called %s", k)
	}
	if _, err := blind.Authority(hybrid.PasskeyApprover{Key: hybrid.Key{Hash: k.Hash}, RPID: rpID, Origins: []string{origin}}); err != nil {
		t.Error(err)
	}
	_, err := blind.RemoveKey(k)
	if e, ok := errors.AsType[*hybrid.UnknownTextError](err); !ok || e.Hint() == "" {
		t.Errorf("removed without its text: %v", err)
	}
	if _, err := blind.RemoveKey(hybrid.Key{ID: "x", Hash: k.Hash}); !errors.Is(err, hybrid.ErrKeyHash) {
		t.Errorf("removed with another text: %v", err)
	}
	if _, err := blind.RemoveKey(dev.key); err != nil {
		t.Errorf("removed with its text: %v", err)
	}
	// Not even the public key is known where storage cannot be read.
	hidden := must[*hybrid.Account](t)(hybrid.At(t.Context(), plainChain{b.chain}, acct.Address()))
	if k := hidden.Keys()[0]; !k.Public.IsZero() || !strings.Contains(k.String(), "hash") {
		t.Errorf("it is called %s", k)
	}
	if _, err := hidden.Authority(hybrid.PasskeyApprover{Key: hybrid.Key{Hash: k.Hash}, RPID: rpID, Origins: []string{origin}}); !errors.Is(err, hybrid.ErrPublicKey) {
		t.Errorf("signatures cannot be checked, but %v", err)
	}
	if _, err := hidden.Authority(dev.approver()); err != nil {
		t.Error(err)
	}
}

func TestAtRefusesWhatIsNoHybridAccount(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	d := hybrid.V130()
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: addressOf(newKey("owner"))}))
	deploy(t, b, acct)
	proxy := must[[]byte](t)(b.chain.Code(t.Context(), acct.Address()))
	eoa := common.HexToAddress("0x00000000000000000000000000000000000e0a13")
	strange := codeChain{Chain: b.chain, codes: map[common.Address][]byte{
		eoa:    append([]byte{0xef, 0x01, 0x00}, d.Stateless[:]...),
		target: proxy, // a proxy of nothing
	}}
	for name, addr := range map[string]common.Address{"EntryPoint": userop.V07.Address(), "factory": d.Factory, "implementation": d.Implementation,
		"an EIP-7702 account": eoa, "a proxy of nothing": target} {
		_, err := hybrid.At(t.Context(), strange, addr)
		e, ok := errors.AsType[*hybrid.NotHybridError](err)
		if !ok || e.Address != addr || e.Hint() == "" || e.EIP7702 != (addr == eoa) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Another contract that answers everything as the account does.
	other := bytes.Clone(proxy)
	other[10] ^= 1
	if _, err := hybrid.At(t.Context(), storageChain{codeChain{Chain: b.chain, codes: map[common.Address][]byte{acct.Address(): other}}, b.chain}, acct.Address()); !errors.As(err, new(*hybrid.NotHybridError)) {
		t.Errorf("another proxy with the right storage: %v", err)
	}
	for _, broken := range []hybrid.Deployment{{}, {EntryPoint: userop.V08}} {
		if _, err := hybrid.At(t.Context(), b.chain, acct.Address(), hybrid.WithDeployment(broken)); err == nil {
			t.Errorf("%+v passes", broken)
		}
	}
	moved := d
	moved.Implementation = d.Factory
	if _, err := hybrid.At(t.Context(), b.chain, acct.Address(), hybrid.WithDeployment(moved)); !errors.As(err, new(*hybrid.NotHybridError)) {
		t.Errorf("another implementation: %v", err)
	}
}

// storageChain has storage, too.
type storageChain struct {
	codeChain
	hybrid.StorageReader
}

// liar answers calls of one selector with its own bytes, or with logs of its own.
type liar struct {
	accounttest.NodeChain
	selector [4]byte
	answer   []byte
	logs     string
}

func (l liar) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	if len(data) >= 4 && [4]byte(data) == l.selector {
		return l.answer, nil
	}
	return l.NodeChain.Call(ctx, to, data)
}

func (l liar) CallContext(ctx context.Context, result any, method string, args ...any) error {
	if method == "eth_getLogs" && l.logs != "" {
		return json.Unmarshal([]byte(l.logs), result)
	}
	return l.NodeChain.CallContext(ctx, result, method, args...)
}

func TestANodeThatLiesIsNotBelievedOrDoesNoHarm(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	dev := newDevice(t, "liar")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{dev.key}}))
	deploy(t, b, acct)
	word := func(n byte) []byte { return append(make([]byte, 31), n) }
	many := append(append(word(32), make([]byte, 30)...), 0x01, 0x01) // 257 hashes
	many = append(many, make([]byte, 257*32)...)
	for name, l := range map[string]liar{
		"owner in 31 bytes":       {selector: [4]byte{0x8d, 0xa5, 0xcb, 0x5b}, answer: make([]byte, 31)},
		"owner with dirty bytes":  {selector: [4]byte{0x8d, 0xa5, 0xcb, 0x5b}, answer: nil},
		"more keys than fit":      {selector: [4]byte(must[[]byte](t)(hybrid.Pack("getKeyIdHashes"))), answer: many},
		"hashes that never end":   {selector: [4]byte(must[[]byte](t)(hybrid.Pack("getKeyIdHashes"))), answer: append(word(32), hexutil.MustDecode("0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")...)},
		"a key off the curve":     {selector: [4]byte(must[[]byte](t)(hybrid.Pack("getKey", ""))), answer: append(word(1), word(2)...)},
		"a key of one coordinate": {selector: [4]byte(must[[]byte](t)(hybrid.Pack("getKey", ""))), answer: word(1)},
	} {
		l.NodeChain = b.chain
		_, err := hybrid.At(t.Context(), l, acct.Address())
		if !errors.As(err, new(*hybrid.NotHybridError)) && !errors.As(err, new(*hybrid.TooManyKeysError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A text proves itself by its hash, so that logs can hide texts and not forge them.
	event := `{"address":"` + acct.Address().Hex() + `","topics":["0xd00539cb08a7c24166308150d64d603150c01baf89d3d3e4c6063d6db7c6983d","` + dev.key.Hash.Hex() + `"],"data":"%s","removed":false}`
	forged := hexutil.Encode(must[[]byte](t)(hybrid.PackAddedKey("0x1234", dev.key)))
	for name, logs := range map[string]string{
		"none": "[]", "another text": "[" + fmt.Sprintf(event, forged) + "]", "no data": "[" + fmt.Sprintf(event, "0x") + "]",
		"no topics": `[{"address":"` + acct.Address().Hex() + `","topics":[],"data":"0x"}]`, "null": "[null]",
	} {
		got, err := hybrid.At(t.Context(), liar{NodeChain: b.chain, logs: logs}, acct.Address())
		if err != nil || len(got.Keys()) != 1 || got.Keys()[0].ID != "" || got.Keys()[0].Public != dev.key.Public {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	genuine := hexutil.Encode(must[[]byte](t)(hybrid.PackAddedKey(dev.key.ID, dev.key)))
	got, err := hybrid.At(t.Context(), liar{NodeChain: b.chain, logs: "[" + fmt.Sprintf(event, forged) + "," + fmt.Sprintf(event, genuine) + "]"}, acct.Address())
	if err != nil || got.Keys()[0].ID != dev.key.ID {
		t.Errorf("beside a forged event the true one is not found: %v", err)
	}
}
