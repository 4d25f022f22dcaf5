package hybrid_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// The files of the kit, as far as they are needed.

type goldenCall struct {
	To    common.Address `json:"to"`
	Value *hexutil.Big   `json:"value"`
	Data  hexutil.Bytes  `json:"data"`
}

type goldenAssertion struct {
	Challenge         common.Hash   `json:"challenge"`
	AuthenticatorData hexutil.Bytes `json:"authenticatorData"`
	ClientDataJSON    string        `json:"clientDataJSON"`
	DER               hexutil.Bytes `json:"der"`
}

type goldenOp struct {
	Label         string           `json:"label"`
	Deployed      bool             `json:"deployed"`
	Signer        json.RawMessage  `json:"signer"` // "owner" or the index of a credential
	Calls         []goldenCall     `json:"calls"`
	Wire          json.RawMessage  `json:"wire"`
	UserOperation json.RawMessage  `json:"userOperation"`
	UserOpHash    common.Hash      `json:"userOpHash"`
	Digest        common.Hash      `json:"signedTypedDataHash"`
	Assertion     *goldenAssertion `json:"assertion"`
}

type goldenCredential struct {
	ID        string        `json:"id"`
	PublicKey hexutil.Bytes `json:"publicKey"`
	KeyID     string        `json:"keyId"`
	KeyIDHash common.Hash   `json:"keyIdHash"`
	RPID      string        `json:"rpId"`
	Origin    string        `json:"origin"`
}

func (c goldenCredential) key(t testing.TB) hybrid.Key {
	t.Helper()
	id := must[[]byte](t)(base64.RawURLEncoding.DecodeString(c.ID))
	k := hybrid.PasskeyKey(id, must[passkey.PublicKey](t)(passkey.ParseRaw(c.PublicKey)))
	if k.ID != c.KeyID || k.Hash != c.KeyIDHash {
		t.Errorf("the text of credential %s is %s (%s), the kit has %s (%s)", c.ID, k.ID, k.Hash, c.KeyID, c.KeyIDHash)
	}
	back, ok := k.Credential()
	if !ok || !bytes.Equal(back, id) {
		t.Errorf("credential %s comes back as %x", c.ID, back)
	}
	return k
}

func (c goldenCredential) approver(t testing.TB) hybrid.PasskeyApprover {
	t.Helper()
	return hybrid.PasskeyApprover{Key: c.key(t), RPID: c.RPID, Origins: []string{c.Origin}}
}

func (a *goldenAssertion) approval(t testing.TB, cred goldenCredential) account.Approval {
	t.Helper()
	id := must[[]byte](t)(base64.RawURLEncoding.DecodeString(cred.ID))
	return account.Approval{Assertion: must[*passkey.Assertion](t)(passkey.NewAssertion(id, a.AuthenticatorData, []byte(a.ClientDataJSON), a.DER))}
}

func readGolden[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/"+name)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// bigChain is a chain id.
func bigChain(id uint64) *big.Int { return new(big.Int).SetUint64(id) }

// replay checks that an operation of the kit comes out of this package byte for
// byte: callData of the calls, factory and data, digest, signature.
func replay(t *testing.T, o goldenOp, wire []byte, chainID *big.Int, acct account.Account, auth *hybrid.Authority, approve func(account.Challenge) account.Approval) {
	t.Helper()
	ep := acct.EntryPoint()
	want := must[*userop.Op](t)(ep.UnmarshalOp(wire))
	if want.Sender != acct.Address() {
		t.Fatalf("the sender is %s, the account %s", want.Sender, acct.Address())
	}
	op := want.Clone()
	op.CallData, op.FactoryData, op.Signature = nil, nil, nil

	calls := must[[]account.Call](t)(hybrid.DecodeCalls(acct.Address(), want.CallData))
	if o.Calls != nil {
		if len(calls) != len(o.Calls) {
			t.Fatalf("%d calls are read out of the callData, the kit was given %d", len(calls), len(o.Calls))
		}
		for i, c := range o.Calls {
			if calls[i].To != c.To || calls[i].Value.Cmp(c.Value.ToInt()) != 0 || !bytes.Equal(calls[i].Data, c.Data) {
				t.Errorf("call %d is read as %+v, the kit was given %+v", i, calls[i], c)
			}
		}
	}
	op.CallData = must[[]byte](t)(acct.EncodeCalls(calls))
	if !bytes.Equal(op.CallData, want.CallData) {
		t.Errorf("callData\n got %x\nwant %x", op.CallData, want.CallData)
	}
	if want.Factory != nil && *want.Factory != userop.EIP7702Marker {
		factory, data := acct.Factory()
		op.Factory, op.FactoryData = &factory, data
		if factory != *want.Factory || !bytes.Equal(data, want.FactoryData) {
			t.Errorf("factory %s %x\nwant %s %x", factory, data, want.Factory, want.FactoryData)
		}
	}
	if hash := must[common.Hash](t)(ep.Hash(op, chainID)); hash != o.UserOpHash {
		t.Errorf("the EntryPoint's hash is %s, the kit has %s", hash, o.UserOpHash)
	}
	c := must[account.Challenge](t)(auth.Challenge(op, chainID))
	if c.Digest != o.Digest {
		t.Errorf("the digest is %x, the kit has %s", c.Digest, o.Digest)
	}
	a := approve(c)
	if err := c.Verify(a); err != nil {
		t.Fatal(err)
	}
	op.Signature = must[[]byte](t)(auth.Seal(op, a))
	if !bytes.Equal(op.Signature, want.Signature) {
		t.Errorf("signature\n got %x\nwant %x", op.Signature, want.Signature)
	}
	if len(auth.Stub()) < len(op.Signature) {
		t.Errorf("the stub has %d bytes, the signature %d", len(auth.Stub()), len(op.Signature))
	}
	got, back := must[[]byte](t)(ep.MarshalOp(op)), must[[]byte](t)(ep.MarshalOp(want))
	if !bytes.Equal(got, back) {
		t.Errorf("the operation as a whole is\n%s\nwant\n%s", got, back)
	}
}

// signed signs with a secp256k1 key, which gives the same bytes everywhere (RFC 6979).
func signed(t testing.TB, key *ecdsa.PrivateKey) func(account.Challenge) account.Approval {
	return func(c account.Challenge) account.Approval {
		return must[account.Approval](t)(approveECDSA(key)(c))
	}
}

type kitFile struct {
	Accounts []struct {
		Name           string             `json:"name"`
		ChainID        uint64             `json:"chainId"`
		Implementation string             `json:"implementation"`
		Address        common.Address     `json:"address"`
		Owner          common.Address     `json:"owner"`
		OwnerKey       hexutil.Bytes      `json:"ownerKey"`
		Credentials    []goldenCredential `json:"credentials"`
		Deploy         *struct {
			Salt        hexutil.Bytes  `json:"salt"`
			Owner       common.Address `json:"owner"`
			Keys        []int          `json:"keys"`
			Factory     common.Address `json:"factory"`
			FactoryData hexutil.Bytes  `json:"factoryData"`
		} `json:"deploy"`
		Messages []struct {
			Message   string           `json:"message"`
			Hash      common.Hash      `json:"hash"`
			Signer    json.RawMessage  `json:"signer"`
			Signature hexutil.Bytes    `json:"signature"`
			Assertion *goldenAssertion `json:"assertion"`
		} `json:"messages"`
		Ops []goldenOp `json:"ops"`
	} `json:"accounts"`
}

func TestWhatTheKitMakesIsMadeByteForByte(t *testing.T) {
	ops := 0
	for _, g := range readGolden[kitFile](t, "kit.json").Accounts {
		owner := must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(g.OwnerKey))
		chainID := bigChain(g.ChainID)
		var keys []hybrid.Key
		for _, c := range g.Credentials {
			keys = append(keys, c.key(t))
		}
		// The account as it is created, and with all signers that appear later.
		var acct account.Account
		authority := func(by hybrid.Approver) *hybrid.Authority { return nil }
		if g.Implementation == "Hybrid" {
			c := hybrid.Config{Deployment: hybrid.V130(), Owner: g.Deploy.Owner, Salt: common.BytesToHash(g.Deploy.Salt)}
			for _, i := range g.Deploy.Keys {
				c.Keys = append(c.Keys, keys[i])
			}
			a := must[*hybrid.Account](t)(hybrid.New(c))
			factory, data := a.Factory()
			if factory != g.Deploy.Factory || !bytes.Equal(data, g.Deploy.FactoryData) {
				t.Errorf("%s: factory %s %x", g.Name, factory, data)
			}
			acct, authority = a, func(by hybrid.Approver) *hybrid.Authority {
				return must[*hybrid.Authority](t)(hybrid.WithSigners(a, g.Owner, keys).Authority(by))
			}
		} else {
			s := must[*hybrid.Stateless](t)(hybrid.NewStateless(hybrid.V130(), g.Owner))
			acct, authority = s, func(by hybrid.Approver) *hybrid.Authority { return must[*hybrid.Authority](t)(s.Authority(by)) }
		}
		if acct.Address() != g.Address {
			t.Fatalf("%s: the address is %s, the kit has %s", g.Name, acct.Address(), g.Address)
		}
		approver := func(signer json.RawMessage) (hybrid.Approver, int) {
			if string(signer) == `"owner"` {
				return hybrid.OwnerApprover{Address: g.Owner}, -1
			}
			var i int
			if err := json.Unmarshal(signer, &i); err != nil {
				t.Fatal(err)
			}
			by := g.Credentials[i].approver(t)
			by.DangerSkipUserVerification = strings.Contains(g.Name, "user verification off")
			by.TopOrigins = []string{"https://shop.example"} // embeds the fourth passkey's page
			return by, i
		}
		answer := func(a *goldenAssertion, i int) func(account.Challenge) account.Approval {
			if i < 0 {
				return signed(t, owner)
			}
			return func(account.Challenge) account.Approval { return a.approval(t, g.Credentials[i]) }
		}
		for _, o := range g.Ops {
			t.Run(g.Name+"/"+o.Label, func(t *testing.T) {
				by, i := approver(o.Signer)
				replay(t, o, o.Wire, chainID, acct, authority(by), answer(o.Assertion, i))
			})
			ops++
		}
		for _, m := range g.Messages {
			t.Run(g.Name+"/message "+m.Message[:min(len(m.Message), 10)], func(t *testing.T) {
				by, i := approver(m.Signer)
				if i < 0 && string(m.Signer) == "" {
					t.Skip("no signer")
				}
				msg := authority(by).SignText([]byte(m.Message))
				if msg.Challenge().Digest != m.Hash || msg.Warning() == "" {
					t.Errorf("hash %x, want %s; warning %q", msg.Challenge().Digest, m.Hash, msg.Warning())
				}
				sig := must[[]byte](t)(msg.Finish(answer(m.Assertion, i)(msg.Challenge())))
				if !bytes.Equal(sig, m.Signature) {
					t.Errorf("signature\n got %x\nwant %x", sig, m.Signature)
				}
			})
		}
	}
	if ops < 30 {
		t.Errorf("only %d operations", ops)
	}
}

type captureFile struct {
	Env struct {
		DelegationManager, EntryPoint, SimpleFactory common.Address
		Implementations                              struct{ HybridDeleGatorImpl common.Address }
	} `json:"env"`
	ChainID uint64     `json:"chainId"`
	Ops     []goldenOp `json:"ops"`
	Account struct {
		Address  common.Address `json:"address"`
		Owner    common.Address `json:"owner"`
		OwnerKey hexutil.Bytes  `json:"ownerKey"`
	} `json:"account"`
	Credential goldenCredential `json:"credential"`
	Tutorial   struct {
		Address common.Address `json:"address"`
		Owner   common.Address `json:"owner"`
	} `json:"tutorialStep7"`
	Negatives []struct {
		Name      string        `json:"name"`
		Hash      common.Hash   `json:"hash"`
		Signature hexutil.Bytes `json:"signature"`
		Result    string        `json:"result"`
	} `json:"negatives"`
	EIP1271 struct {
		Message   string        `json:"message"`
		Hash      common.Hash   `json:"hash"`
		Signature hexutil.Bytes `json:"signature"`
	} `json:"eip1271"`
}

var captures = []string{"metamask-hybrid-osaka.json", "metamask-hybrid-prague.json", "metamask-hybrid-geth-osaka.json"}

func (g *captureFile) deployment() hybrid.Deployment {
	d := hybrid.V130()
	d.Factory, d.Implementation, d.DelegationManager = g.Env.SimpleFactory, g.Env.Implementations.HybridDeleGatorImpl, g.Env.DelegationManager
	d.P256 = common.Address{} // the kit does not tell
	return d
}

func TestWhatTheTutorialMadeIsMadeByteForByte(t *testing.T) {
	ops := 0
	for _, name := range captures {
		g := readGolden[captureFile](t, name)
		g.Credential.RPID, g.Credential.Origin = "localhost", "http://localhost:5173"
		owner := must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(g.Account.OwnerKey))
		key := g.Credential.key(t)
		first := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: g.deployment(), Owner: g.Account.Owner}))
		seventh := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: g.deployment(), Owner: g.Tutorial.Owner, Keys: []hybrid.Key{key}, DangerDeadOwner: true}))
		if first.Address() != g.Account.Address || seventh.Address() != g.Tutorial.Address {
			t.Fatalf("%s: accounts %s and %s, want %s and %s", name, first.Address(), seventh.Address(), g.Account.Address, g.Tutorial.Address)
		}
		for _, o := range g.Ops {
			t.Run(name+"/"+o.Label, func(t *testing.T) {
				op := must[*userop.Op](t)(userop.V07.UnmarshalOp(o.UserOperation))
				acct := first
				if op.Sender == seventh.Address() {
					acct = seventh
				}
				if o.Assertion != nil {
					auth := must[*hybrid.Authority](t)(hybrid.WithSigners(acct, common.Address{}, []hybrid.Key{key}).Authority(g.Credential.approver(t)))
					replay(t, o, o.UserOperation, bigChain(g.ChainID), acct, auth, func(account.Challenge) account.Approval { return o.Assertion.approval(t, g.Credential) })
					return
				}
				who, approve := g.Account.Owner, signed(t, owner)
				if strings.Contains(o.Label, "newOwner") { // whose key the file does not have
					who = must[common.Address](t)(account.RecoverECDSA(o.Digest, op.Signature))
					approve = func(account.Challenge) account.Approval { return account.Approval{ECDSA: op.Signature} }
				}
				auth := must[*hybrid.Authority](t)(hybrid.WithSigners(acct, who, nil).Authority(hybrid.OwnerApprover{Address: who}))
				replay(t, o, o.UserOperation, bigChain(g.ChainID), acct, auth, approve)
			})
			ops++
		}
	}
	if ops != 21 {
		t.Errorf("%d operations, want 21", ops)
	}
}
