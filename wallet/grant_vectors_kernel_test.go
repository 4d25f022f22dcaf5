// Vectors of Kernel accounts: owners, approvals, addresses, signatures.

package wallet_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

func kernelOf(t *testing.T, r *rand.Rand, permissions []kernel.Permission) (v kernelVectors) {
	t.Helper()
	for i := range 12 {
		v.Accounts = append(v.Accounts, kernelAccount(t, r, i, permissions))
	}
	for _, kind := range []string{"ecdsa", "multiECDSA", "passkey", "multiPasskey"} {
		for _, together := range []bool{false, true} {
			if together && !strings.HasPrefix(kind, "multi") {
				continue
			}
			v.Approvals = append(v.Approvals, approvalsOf(t, r, kind, together)...)
		}
	}
	for n := range 4 {
		var calls []account.Call
		var written []callVector
		for range n + 1 {
			c := account.Call{To: address(r), Value: number(r, 12), Data: some(r, r.IntN(70))}
			calls, written = append(calls, c), append(written, callVector{c.To.Hex(), c.Value.String(), c.Data})
		}
		data, err := kernel.Execute(calls)
		if err != nil {
			t.Fatal(err)
		}
		v.Calls = append(v.Calls, kernelCallVector{written, data})
	}
	for i := range 4 {
		v.Seals = append(v.Seals, kernelSeal(t, r, i, permissions))
	}
	return v
}

// approvalsOf are an owner's signatures as account/kernel writes them.
func approvalsOf(t *testing.T, r *rand.Rand, kind string, together bool) (out []approvalVector) {
	t.Helper()
	secret, err := crypto.ToECDSA(some(r, 32))
	if err != nil {
		t.Fatal(err)
	}
	auth := softkey.New(softkey.WithSeed(some(r, 8)))
	reg, err := passkey.ParseRegistration(register(t, auth))
	if err != nil {
		t.Fatal(err)
	}
	owner, credential := crypto.PubkeyToAddress(secret.PublicKey), kernel.CredentialHash(reg.ID)
	root := map[string]kernel.Validator{
		"ecdsa": kernel.ECDSA{Owner: owner}, "multiECDSA": kernel.MultiChainECDSA{Owner: owner},
		"passkey": kernel.WebAuthn{Key: reg.Key(), CredentialHash: credential}, "multiPasskey": kernel.MultiChainWebAuthn{Key: reg.Key(), CredentialHash: credential},
	}[kind]
	a, err := kernel.New(kernel.Config{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	var by kernel.Approver = kernel.OwnerApprover{}
	if strings.HasSuffix(strings.ToLower(kind), "passkey") {
		by = kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}}
	}
	authority, err := a.Authority(by)
	if err != nil {
		t.Fatal(err)
	}
	var enables []kernel.Enable
	for i := range 3 {
		enables = append(enables, kernel.Enable{Version: a.Version(), Account: a.Address(), ChainID: big.NewInt(int64(i + 1)), ID: kernel.PermissionID(some(r, 4)).Validation(), Nonce: 1, Data: some(r, 40)})
	}
	ask := authority.SignEnables
	if !together {
		enables = enables[:1]
		ask = func(list []kernel.Enable) (*kernel.Request, error) { return authority.SignEnable(list[0]) }
	}
	request, err := ask(enables)
	if err != nil {
		t.Fatal(err)
	}
	challenge := request.Challenge()
	var approval account.Approval
	if challenge.Kind == account.KindECDSA {
		approval.ECDSA, err = crypto.Sign(challenge.Digest[:], secret)
	} else {
		approval.Assertion, err = auth.Sign(reg.ID, challenge.Digest[:], rpID, origin)
	}
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := request.Finish(approval)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range enables {
		digest, err := e.Digest()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, approvalVector{kind, root.InitData(), digest, signatures[i]})
	}
	return out
}

// kernelAccount is an account, and what its owner signs for a permission and to revoke it.
func kernelAccount(t *testing.T, r *rand.Rand, i int, permissions []kernel.Permission) kernelAccountVector {
	t.Helper()
	key, credential, owner := firstKey(t, softkey.New(softkey.WithSeed(some(r, 8)))), common.BytesToHash(some(r, 32)), address(r)
	kind := []string{"ecdsa", "multiECDSA", "passkey", "multiPasskey"}[i%4]
	root := map[string]kernel.Validator{
		"ecdsa": kernel.ECDSA{Owner: owner}, "multiECDSA": kernel.MultiChainECDSA{Owner: owner},
		"passkey": kernel.WebAuthn{Key: key, CredentialHash: credential}, "multiPasskey": kernel.MultiChainWebAuthn{Key: key, CredentialHash: credential},
	}[kind]
	version := []kernel.Version{kernel.V033, kernel.V032, kernel.V031}[i/4]
	a, err := kernel.New(kernel.Config{Version: version, Root: root, Index: big.NewInt(int64(i))})
	if err != nil {
		t.Fatal(err)
	}
	n := r.IntN(len(permissions))
	p, nonce := permissions[n], 1+r.Uint32N(100)
	e := kernel.Enable{Version: version, Account: a.Address(), ChainID: big.NewInt(r.Int64N(1<<40) + 1), ID: p.ID().Validation(), Nonce: nonce, Data: p.EnableData()}
	typed, err := e.TypedData()
	if err != nil {
		t.Fatal(err)
	}
	uninstall, err := a.UninstallPermissionID(p.ID(), len(p.Policies))
	if err != nil {
		t.Fatal(err)
	}
	invalidate, err := a.InvalidateNonce(nonce + 1)
	if err != nil {
		t.Fatal(err)
	}
	factory, data := a.Factory()
	lane := kernel.Lane(r.IntN(3))
	return kernelAccountVector{
		Version: version, Kind: kind, Key: root.InitData(), Index: uint64(i), Address: a.Address().Hex(), Factory: factory.Hex(), FactoryData: data,
		RootKey: hexutil.EncodeBig(kernel.RootKey(a.RootContract(), 0).Int()), ChainID: e.ChainID.Uint64(), Nonce: nonce, Grant: n, Lane: uint16(lane),
		UseKey: hexutil.EncodeBig(kernel.KeyOf(kernel.ModeDefault, e.ID, lane).Int()), EnableKey: hexutil.EncodeBig(kernel.KeyOf(kernel.ModeEnable, e.ID, lane).Int()),
		Digest: typed.Digest, TypedData: string(typed.JSON), Uninstall: uninstall[0].Data, Invalidate: invalidate[0].Data,
	}
}

// kernelSeal is a passkey's signature as Kernel takes it, in every place.
func kernelSeal(t *testing.T, r *rand.Rand, i int, permissions []kernel.Permission) kernelSealVector {
	t.Helper()
	auth := softkey.New(softkey.WithSeed(some(r, 8)), softkey.WithQuirks(softkey.Quirks{ExtraMember: i%2 == 1}))
	reg, err := passkey.ParseRegistration(register(t, auth))
	if err != nil {
		t.Fatal(err)
	}
	challenge := common.BytesToHash(some(r, 32))
	a, err := auth.Sign(reg.ID, challenge[:], rpID, origin)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.KernelWebAuthn(seal.KernelSignature{Assertion: a, UsePrecompiled: i > 1})
	if err != nil {
		t.Fatal(err)
	}
	n, approval := r.IntN(len(permissions)), some(r, 65)
	first := kernel.Enable{Data: permissions[n].EnableData()}.Seal(approval, seal.KernelUse(sealed))
	stub, err := seal.KernelWebAuthnStub(i > 1, seal.StubLimits{Origin: len(origin), TopOrigin: -1})
	if err != nil {
		t.Fatal(err)
	}
	return kernelSealVector{
		AuthData: a.AuthData.Raw, ClientData: string(a.ClientData.Raw), Signature: slices.Concat(a.Signature.R[:], a.Signature.S[:]), Precompiled: i > 1,
		Sealed: sealed, Approval: approval, Grant: n, First: first, StubLength: len(stub), Origin: origin, Challenge: challenge, Personal: seal.KernelPersonal(challenge),
	}
}
