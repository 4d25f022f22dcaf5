package hybrid_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestAnOrdinaryAccountBecomesOneOfMetaMasks(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, rules)
		for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
			t.Run(rules.String()+"/"+ep.Version(), func(t *testing.T) {
				key := newKey("eoa " + ep.Version())
				d := must[hybrid.Deployment](t)(hybrid.V130For(ep))
				acct := must[*hybrid.Stateless](t)(hybrid.NewStateless(d, addressOf(key)))
				auth := must[*hybrid.Authority](t)(acct.Authority(hybrid.OwnerApprover{Address: addressOf(key)}))
				b.fund(t, acct.Address())
				client := account.Client{Chain: b.chain, Bundler: b.relay}
				ask := must[*account.AuthorizationRequest](t)(account.RequestAuthorization(t.Context(), client, acct))
				if ask == nil || ask.Delegate != d.Stateless {
					t.Fatalf("asked for %+v", ask)
				}
				sig := must[[]byte](t)(crypto.Sign(ask.Digest[:], key))
				authorization := must[*userop.Authorization](t)(ask.Finish(sig))
				two := []account.Call{{To: target, Value: big.NewInt(1)}, {To: target, Data: []byte("hello")}}
				if r := b.do(t, acct, auth, approveECDSA(key), two, account.WithAuthorization(authorization)); !r.Success {
					t.Fatalf("the first operation reverted: %s", r.Reason)
				}
				if again := must[*account.AuthorizationRequest](t)(account.RequestAuthorization(t.Context(), client, acct)); again != nil {
					t.Errorf("asked again for %+v", again)
				}
				if r := b.do(t, acct, auth, approveECDSA(key), two[:1]); !r.Success {
					t.Errorf("the second operation reverted: %s", r.Reason)
				}
				if ep == userop.V07 {
					_, err := hybrid.At(t.Context(), b.chain, acct.Address())
					if e, ok := errors.AsType[*hybrid.NotHybridError](err); !ok || !e.EIP7702 || !strings.Contains(e.Error(), d.Stateless.Hex()) {
						t.Errorf("opened as a Hybrid account: %v", err)
					}
				}
			})
		}
	}
}

func TestAnEIP7702AccountHasNoPasskeys(t *testing.T) {
	eoa := addressOf(newKey("eoa"))
	dev := newDevice(t, "passkey")
	s := must[*hybrid.Stateless](t)(hybrid.NewStateless(hybrid.V130(), eoa))
	refused := is(func(e *hybrid.StatelessError) bool {
		return e.Account == eoa && strings.Contains(e.Error(), "only its own key")
	})
	calls := func(c []account.Call, err error) error { return err }
	for name, err := range map[string]error{
		"AddKey": calls(s.AddKey(dev.key)), "RemoveKey": calls(s.RemoveKey(dev.key)), "UpdateSigners": calls(s.UpdateSigners(eoa, nil)),
		"TransferOwnership": calls(s.TransferOwnership(target)), "RenounceOwnership": calls(s.RenounceOwnership()),
	} {
		if !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, by := range map[string]hybrid.Approver{"a passkey": dev.approver(), "a raw key": hybrid.P256Approver{Key: dev.key}, "another key": hybrid.OwnerApprover{Address: target}, "nobody": nil} {
		if _, err := s.Authority(by); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	auth := must[*hybrid.Authority](t)(s.Authority(hybrid.OwnerApprover{Address: eoa}, hybrid.WithNonceKey(big.NewInt(7))))
	if auth.NonceKey().Int64() != 7 || auth.Overrides(true) != nil || auth.StubExcess(true) != 0 || len(auth.Stub()) != 65 || auth.Account() != eoa {
		t.Error("the authority of an EIP-7702 account is another one")
	}
	if _, err := s.Authority(hybrid.OwnerApprover{Address: eoa}, hybrid.WithNonceKey(new(big.Int).Lsh(big.NewInt(1), 192))); err == nil {
		t.Error("a nonce key of 193 bits passes")
	}
	// The digest names the contract: what a Hybrid account signs is worth nothing here.
	op := (&userop.Op{Sender: eoa}).Normalize()
	c := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(1)))
	if hash := must[common.Hash](t)(seal.MetaMaskDigest(seal.MetaMaskHybrid, op, userop.V07, big.NewInt(1))); hash == c.Digest {
		t.Error("both contracts have one digest")
	}
	if !strings.Contains(string(c.TypedData), seal.MetaMaskStateless) {
		t.Errorf("the typed data is %s", c.TypedData)
	}
	for name, f := range map[string]func() (*hybrid.Stateless, error){
		"no deployment": func() (*hybrid.Stateless, error) { return hybrid.NewStateless(hybrid.Deployment{}, eoa) },
		"EntryPoint 0.6": func() (*hybrid.Stateless, error) {
			return hybrid.NewStateless(hybrid.Deployment{EntryPoint: userop.V06, Stateless: eoa}, eoa)
		},
		"nobody":       func() (*hybrid.Stateless, error) { return hybrid.NewStateless(hybrid.V130(), common.Address{}) },
		"the contract": func() (*hybrid.Stateless, error) { return hybrid.NewStateless(hybrid.V130(), hybrid.V130().Stateless) },
	} {
		if s, err := f(); err == nil || s != nil {
			t.Errorf("%s passes", name)
		}
	}
	if f, data := s.Factory(); f != (common.Address{}) || data != nil || s.Delegate() != hybrid.V130().Stateless {
		t.Error("an EIP-7702 account has a factory, or another delegate")
	}
	// Its calls to its DelegationManager are said in words, too.
	disable := account.Call{To: hybrid.V130().DelegationManager, Data: must[[]byte](t)(hybrid.Pack("redeemDelegations", [][]byte{}, [][32]byte{}, [][]byte{}))}
	if words, ok := s.DescribeCall(disable); !ok || words == "" || s.WarnCall(disable) == "" {
		t.Errorf("%q", words)
	}
}
