package kernel_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func equal(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s:\n got %x\nwant %x", what, got, want)
	}
}

// number is a hex quantity that may have leading zeros.
type number struct{ n *big.Int }

func (n *number) UnmarshalText(b []byte) error {
	n.n, _ = new(big.Int).SetString(string(b), 0)
	return nil
}

type webAuthnKey struct {
	PubX, PubY          number
	AuthenticatorIDHash common.Hash
}

func (w webAuthnKey) key(t testing.TB) passkey.PublicKey {
	t.Helper()
	return must[passkey.PublicKey](t)(passkey.ParseRaw(append(common.BigToHash(w.PubX.n).Bytes(), common.BigToHash(w.PubY.n).Bytes()...)))
}

type goldenAccount struct {
	Address, Factory common.Address
	FactoryData      hexutil.Bytes
}

type realRun struct {
	ChainID              int64
	KernelVersion        kernel.Version
	OwnerKey             hexutil.Bytes
	WebAuthnKey          webAuthnKey
	PermissionID         hexutil.Bytes
	EnableData           hexutil.Bytes
	EnableTypedDataHash  common.Hash
	EnableSignature      hexutil.Bytes
	EnableSignatureMulti hexutil.Bytes
	Policies             []hexutil.Bytes
	SignerContract       common.Address
	SignerData           hexutil.Bytes
	Session1271          struct {
		Signature hexutil.Bytes
		Hash      common.Hash
	}
	Sudo1271                              hexutil.Bytes
	Account, ECDSAAccount, PasskeyAccount goldenAccount
	Ops                                   []struct {
		Label         string
		UserOperation json.RawMessage
		UserOpHash    common.Hash
		Assertion     *struct {
			AuthenticatorData hexutil.Bytes
			ClientDataJSON    string
			DER               hexutil.Bytes
		}
	}
}

type realFile struct {
	Runs       []realRun
	MultiChain struct {
		Chains []struct {
			ChainID         int64
			Address         common.Address
			EnableHash      common.Hash
			EnableSignature hexutil.Bytes
			MultiOpHash     common.Hash
		}
		MultiOps []struct{ Signature hexutil.Bytes }
	}
}

func read[T any](t testing.TB, name string) (v T) {
	t.Helper()
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/"+name)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (r realRun) owner(t testing.TB) common.Address { return addressOf(t, r.OwnerKey) }

func addressOf(t testing.TB, key []byte) common.Address {
	t.Helper()
	k, err := crypto.ToECDSA(key)
	if err != nil {
		t.Fatal(err)
	}
	return crypto.PubkeyToAddress(k.PublicKey)
}

// sign is a key's answer to a challenge.
func sign(t testing.TB, key []byte, c account.Challenge) account.Approval {
	t.Helper()
	k, err := crypto.ToECDSA(key)
	if err != nil {
		t.Fatal(err)
	}
	return account.Approval{ECDSA: must[[]byte](t)(crypto.Sign(c.Digest[:], k))}
}

func (r realRun) permission() kernel.Permission {
	p := kernel.Permission{Signer: kernel.Signer{Contract: r.SignerContract, Data: r.SignerData}}
	for _, b := range r.Policies {
		p.Policies = append(p.Policies, b)
	}
	return p
}

func (r realRun) approver() kernel.PasskeyApprover {
	return kernel.PasskeyApprover{RPID: "localhost", Origins: []string{"http://localhost:5173"}, UsePrecompiled: kernel.SDKUsesPrecompiled(big.NewInt(r.ChainID))}
}

// The accounts that real contracts made stand where we say, and are made by the
// same call.
func TestAddressesAreThoseOfTheRealFactories(t *testing.T) {
	for _, r := range read[realFile](t, "real.json").Runs {
		for name, c := range map[string]struct {
			root kernel.Validator
			want goldenAccount
		}{
			"ecdsa":       {kernel.ECDSA{Owner: r.owner(t)}, r.ECDSAAccount},
			"multi-chain": {kernel.MultiChainECDSA{Owner: r.owner(t)}, r.Account},
			"passkey":     {kernel.WebAuthn{Key: r.WebAuthnKey.key(t), CredentialHash: r.WebAuthnKey.AuthenticatorIDHash}, r.PasskeyAccount},
		} {
			a := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: r.KernelVersion, Root: c.root, Address: c.want.Address}))
			factory, data := a.Factory()
			if factory != c.want.Factory || a.Address() != c.want.Address {
				t.Errorf("%s %s: %s by %s", r.KernelVersion, name, a.Address(), factory)
			}
			equal(t, name, data, c.want.FactoryData)
		}
	}
}

// What the real policies and signers were installed with, approved and used by.
func TestPermissionsAreThoseThatRealAccountsTook(t *testing.T) {
	for _, r := range read[realFile](t, "real.json").Runs {
		p := r.permission()
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		if got := kernel.WebAuthnSigner(r.WebAuthnKey.key(t), r.WebAuthnKey.AuthenticatorIDHash); got.Contract != p.Signer.Contract || !bytes.Equal(got.Data, p.Signer.Data) {
			t.Errorf("signer %x", got)
		}
		id := p.ID()
		equal(t, "id", id[:], r.PermissionID)
		equal(t, "enable data", p.EnableData(), r.EnableData)

		e := kernel.Enable{Version: r.KernelVersion, Account: r.Account.Address, ChainID: big.NewInt(r.ChainID), ID: id.Validation(), Nonce: 1, Data: p.EnableData()}
		if got := must[common.Hash](t)(e.Digest()); got != r.EnableTypedDataHash {
			t.Fatalf("digest %s, want %s", got, r.EnableTypedDataHash)
		}
		acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: r.KernelVersion, Root: kernel.MultiChainECDSA{Owner: r.owner(t)}}))
		auth := must[*kernel.Authority](t)(acct.Authority(kernel.OwnerApprover{}))
		single := must[*kernel.Request](t)(auth.SignEnable(e))
		equal(t, "approval", must[[][]byte](t)(single.Finish(sign(t, r.OwnerKey, single.Challenge())))[0], r.EnableSignature)
		several := must[*kernel.Request](t)(auth.SignEnables([]kernel.Enable{e}))
		multi := must[[][]byte](t)(several.Finish(sign(t, r.OwnerKey, several.Challenge())))[0]
		equal(t, "multi-chain approval", multi, r.EnableSignatureMulti)

		for _, g := range r.Ops {
			op := must[*userop.Op](t)(userop.V07.UnmarshalOp(g.UserOperation))
			key, _, err := userop.SplitNonce(op.Nonce)
			if err != nil {
				t.Fatal(err)
			}
			k := must[kernel.NonceKey](t)(kernel.ParseNonceKey(key))
			if k.Type != kernel.TypePermission {
				continue
			}
			a := must[*passkey.Assertion](t)(passkey.NewAssertion([]byte("id"), g.Assertion.AuthenticatorData, []byte(g.Assertion.ClientDataJSON), g.Assertion.DER))
			use := seal.KernelUse(must[[]byte](t)(seal.KernelWebAuthn(seal.KernelSignature{Assertion: a, UsePrecompiled: r.approver().UsePrecompiled})))
			want := use
			if k.Mode == kernel.ModeEnable {
				want = e.Seal(multi, use)
			}
			if got := kernel.KeyOf(k.Mode, id.Validation(), 0).Int(); got.Cmp(key) != 0 {
				t.Errorf("%s: nonce key %x", g.Label, got)
			}
			equal(t, g.Label, want, op.Signature)
			x := must[kernel.Execution](t)(kernel.Decode(op.CallData))
			equal(t, g.Label, must[[]byte](t)(kernel.Execute(x.Calls)), op.CallData)
		}
	}
}

// The owners' operations: challenge and signature, and messages.
func TestOwnersSignWhatTheSDKSigns(t *testing.T) {
	for _, r := range read[realFile](t, "real.json").Runs {
		ecdsa := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: r.KernelVersion, Root: kernel.ECDSA{Owner: r.owner(t)}}))
		key := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: r.KernelVersion, Root: kernel.WebAuthn{Key: r.WebAuthnKey.key(t), CredentialHash: r.WebAuthnKey.AuthenticatorIDHash}}))
		seen := 0
		for _, g := range r.Ops {
			var by kernel.Approver = r.approver()
			acct := key
			switch g.Label {
			case "5-passkey-account-deploy":
			case "6-ecdsa-account-deploy":
				by, acct = kernel.OwnerApprover{}, ecdsa
			default:
				continue
			}
			seen++
			op := must[*userop.Op](t)(userop.V07.UnmarshalOp(g.UserOperation))
			auth := must[*kernel.Authority](t)(acct.Authority(by))
			if got := must[*big.Int](t)(userop.MakeNonce(auth.NonceKey(), 0)); got.Cmp(op.Nonce) != 0 {
				t.Errorf("%s: nonce %x", g.Label, got)
			}
			c := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(r.ChainID)))
			var approval account.Approval
			if acct == key {
				if c.Digest != g.UserOpHash {
					t.Errorf("%s: challenge %x", g.Label, c.Digest)
				}
				approval.Assertion = must[*passkey.Assertion](t)(passkey.NewAssertion([]byte("id"), g.Assertion.AuthenticatorData, []byte(g.Assertion.ClientDataJSON), g.Assertion.DER))
			} else {
				approval = sign(t, r.OwnerKey, c)
			}
			if err := c.Verify(approval); err != nil {
				t.Errorf("%s: %v", g.Label, err)
			}
			sealed := must[[]byte](t)(auth.Seal(op, approval))
			equal(t, g.Label, sealed, op.Signature)
			if len(auth.Stub()) < len(sealed) {
				t.Errorf("%s: the stub is shorter than the signature", g.Label)
			}
		}
		if seen != 2 {
			t.Fatalf("%d operations of owners", seen)
		}
		multi := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: r.KernelVersion, Root: kernel.MultiChainECDSA{Owner: r.owner(t)}}))
		auth := must[*kernel.Authority](t)(multi.Authority(kernel.OwnerApprover{}))
		q := must[*kernel.Request](t)(auth.SignHash(r.Session1271.Hash, big.NewInt(r.ChainID)))
		equal(t, "message", must[[][]byte](t)(q.Finish(sign(t, r.OwnerKey, q.Challenge())))[0], r.Sudo1271)
	}
}

// One signature, two chains: the proofs are those that real validators took.
func TestMerkleApprovalsAreThoseThatRealAccountsTook(t *testing.T) {
	g := read[realFile](t, "real.json")
	m, owner := g.MultiChain, g.Runs[0].owner(t)
	var enables, ops []common.Hash
	for _, c := range m.Chains {
		enables, ops = append(enables, c.EnableHash), append(ops, c.MultiOpHash)
	}
	for i, c := range m.Chains {
		for _, x := range []struct {
			leaves []common.Hash
			sig    []byte
		}{{enables, c.EnableSignature}, {ops, m.MultiOps[i].Signature}} {
			parsed := must[kernel.MultiChainSignature](t)(kernel.ParseMultiChainECDSA(x.sig, x.leaves[i]))
			equal(t, "again", must[[]byte](t)(parsed.ECDSA()), x.sig)
			tree := must[*kernel.Tree](t)(kernel.NewTree(x.leaves))
			if tree.Root() != parsed.Root || len(parsed.Proof) != 1 || tree.Proof(i)[0] != parsed.Proof[0] {
				t.Errorf("chain %d: another tree", i)
			}
			if got := must[common.Address](t)(account.RecoverECDSA(kernel.RootDigest(parsed.Root), parsed.Signature)); got != owner {
				t.Errorf("chain %d: signed by %s", i, got)
			}
			if _, err := kernel.ParseMultiChainECDSA(x.sig, x.leaves[1-i]); err == nil {
				t.Error("a proof of another leaf was taken")
			}
		}
	}
}
