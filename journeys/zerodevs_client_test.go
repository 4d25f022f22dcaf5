package journeys_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"math/big"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// zerodev runs a task of interop/js/kernel/onchain.mjs: ZeroDev's packages.
type zerodev struct {
	t     *testing.T
	stand journeys.Stand
	v     kernel.Version
}

type zerodevReply struct {
	Account common.Address
	Text    string
	Hash    common.Hash
	Gas     uint64
}

func (z zerodev) run(task string, more map[string]any) zerodevReply {
	z.t.Helper()
	in := map[string]any{"task": task, "rpc": z.stand.RPC, "bundler": z.stand.Bundler, "version": z.v, "chainId": devnet.DefaultChainID}
	for k, v := range more {
		in[k] = v
	}
	cmd := exec.CommandContext(z.t.Context(), "node", filepath.Join("kernel", "onchain.mjs"))
	cmd.Dir = filepath.Join("..", "interop", "js")
	cmd.Stdin = bytes.NewBufferString(jsonOf(z.t, in))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		z.t.Fatalf("%s by ZeroDev's packages: %v\n%s", task, err, &stderr)
	}
	var reply zerodevReply
	if err := json.Unmarshal(out, &reply); err != nil {
		z.t.Fatalf("%s: %v in %s", task, err, out)
	}
	return reply
}

// theirKey is a key of the test in both forms: for ZeroDev's packages, and for ours.
type theirKey struct {
	kind    string // as onchain.mjs has it
	secret  hexutil.Bytes
	root    kernel.Validator
	signer  kernel.Signer
	by      kernel.Approver
	approve func(account.Challenge) (account.Approval, error)
}

func ecdsaKey(t *testing.T) theirKey {
	t.Helper()
	k := newKey(t)
	owner := crypto.PubkeyToAddress(k.PublicKey)
	return theirKey{"ecdsa", crypto.FromECDSA(k), kernel.ECDSA{Owner: owner}, kernel.ECDSASigner(owner), kernel.OwnerApprover{},
		func(c account.Challenge) (account.Approval, error) {
			sig, err := crypto.Sign(c.Digest[:], k)
			return account.Approval{ECDSA: sig}, err
		}}
}

// passkeyKey is a passkey whose credential id is the first so many bytes of the hash
// of its public key, as browser.mjs has it.
func passkeyKey(t *testing.T, idLength int) theirKey {
	t.Helper()
	secret := crypto.FromECDSA(newKey(t)) // a number that both curves take
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		t.Fatal(err)
	}
	k := &kitsKey{key: key}
	if k.pub, err = passkey.NewPublicKey(&key.PublicKey); err != nil {
		t.Fatal(err)
	}
	x, y := k.pub.X(), k.pub.Y()
	k.id = crypto.Keccak256(append(x[:], y[:]...))[:idLength]
	hash := kernel.CredentialHash(k.id)
	return theirKey{"webauthn", secret, kernel.WebAuthn{Key: k.pub, CredentialHash: hash}, kernel.WebAuthnSigner(k.pub, hash),
		kernel.PasskeyApprover{RPID: "localhost", Origins: []string{kitsOrigin}, Credential: k.id, Limits: seal.StubLimits{PackageName: -1}}, k.approve}
}

// The unmodified packages use approvals that we wrote, we use theirs, and either side
// ends what the other has granted: on the real contracts, through Alto.
func TestZeroDevsClientAndOursShareSessions(t *testing.T) {
	s, versions := kernels(t)
	if !s.Real {
		t.Skip(noArtifacts)
	}
	stand := others(anvil(t, devnet.Prague))
	placeKernel(t, stand.RPC, s)
	c := connect(t, stand.RPC, stand.Bundler)
	for _, v := range versions {
		z := zerodev{t, stand, v}
		several := ecdsaKey(t) // as Namera has it, for one chain too
		several.kind, several.root = "multiECDSA", kernel.MultiChainECDSA{Owner: several.root.(kernel.ECDSA).Owner}
		for _, owner := range []theirKey{ecdsaKey(t), several, passkeyKey(t, 20)} {
			for _, guest := range []theirKey{ecdsaKey(t), passkeyKey(t, 16)} {
				t.Run(string(v)+", owner "+owner.kind+", session "+guest.kind, func(t *testing.T) {
					z.t = t
					z.theyUseOurs(c, owner, guest)
					z.weUseTheirs(c, owner, guest)
				})
			}
		}
	}
}

func (z zerodev) must(err error) {
	z.t.Helper()
	if err != nil {
		z.t.Fatal(err)
	}
}

func (z zerodev) received(c account.Client, to common.Address, want int64) {
	z.t.Helper()
	got, err := c.Chain.Balance(z.t.Context(), to)
	z.must(err)
	if got.Int64() != want {
		z.t.Fatalf("%s has received %s, not %d", to, got, want)
	}
}

// theyUseOurs: we grant, on an account that is not there yet; they deploy, install and
// use; they revoke.
func (z zerodev) theyUseOurs(c account.Client, owner, guest theirKey) {
	t, ctx := z.t, z.t.Context()
	t.Helper()
	a, err := kernel.New(kernel.Config{Version: z.v, Root: owner.root, Index: big.NewInt(int64(len(guest.kind)))})
	z.must(err)
	_, err = z.stand.Fund(ctx, a.Address())
	z.must(err)
	to := common.BytesToAddress(crypto.Keccak256(guest.secret, owner.secret))
	var opts []session.GrantOption
	if guest.kind == "ecdsa" {
		opts = append(opts, session.WithPrivateKey(guest.secret))
	}
	opts = append(opts, session.ForSDK())
	p, err := session.NewPending(ctx, []session.Target{{Chain: c.Chain, ChainID: big.NewInt(devnet.DefaultChainID), Account: a}}, owner.by, guest.signer, grant.Grant{Policies: []grant.Policy{
		&grant.Call{Permissions: []grant.Permission{{Target: to, ValueLimit: big.NewInt(9)}}}, &grant.RateLimit{Count: 3}, &grant.SignatureCaller{},
	}}, opts...)
	z.must(err)
	approved, err := owner.approve(p.Challenge())
	z.must(err)
	docs, err := p.Finish(approved)
	z.must(err)
	text, err := docs[0].Serialize()
	z.must(err)
	task := map[string]any{"text": string(text), "to": to, "value": 3}
	if guest.kind == "webauthn" {
		task["session"], task["secret"] = guest.kind, guest.secret
	}
	first := z.run("use", task)
	later := z.run("use", task)
	z.received(c, to, 6)
	on, err := session.Open(ctx, c.Chain, docs[0])
	z.must(err)
	st, err := on.Status(ctx)
	z.must(err)
	if first.Account != a.Address() || st.State != session.Enabled || st.Left.Policies[1].Count != 1 {
		t.Fatalf("account %s, %s, %d uses left", first.Account, st.State, st.Left.Policies[1].Count)
	}
	task["owner"], task["ownerSecret"] = owner.kind, owner.secret
	revoked := z.run("revoke", task)
	if st, err = on.Status(ctx); err != nil || st.State != session.Revoked {
		t.Fatalf("after they revoked it, it is %s, %v", st.State, err)
	}
	t.Logf("they: install and use %d gas, use %d, revoke %d", first.Gas, later.Gas, revoked.Gas)
}

// weUseTheirs: they grant; we deploy, install, use and revoke.
func (z zerodev) weUseTheirs(c account.Client, owner, guest theirKey) {
	t, ctx := z.t, z.t.Context()
	t.Helper()
	to := common.BytesToAddress(crypto.Keccak256(owner.secret, guest.secret))
	granted := z.run("grant", map[string]any{"owner": owner.kind, "ownerSecret": owner.secret, "session": guest.kind, "secret": guest.secret, "target": to, "valueLimit": 9})
	_, err := z.stand.Fund(ctx, granted.Account)
	z.must(err)
	d, err := approval.Parse([]byte(granted.Text))
	z.must(err)
	on, err := session.Open(ctx, c.Chain, d, session.WithSigner(guest.signer), session.WithVersion(z.v))
	z.must(err)
	if on.Address() != granted.Account {
		t.Fatalf("their approval is for %s, we read %s", granted.Account, on.Address())
	}
	var gas []*big.Int
	land := func(p *account.Prepared, approve func(account.Challenge) (account.Approval, error)) {
		t.Helper()
		a, err := approve(p.Challenge())
		z.must(err)
		_, err = p.Finish(a)
		z.must(err)
		gas = append(gas, lands(t, p).ActualGasUsed)
	}
	for range 2 {
		p, err := on.Prepare(ctx, c, guest.by, []account.Call{{To: to, Value: big.NewInt(3)}})
		z.must(err)
		land(p, guest.approve)
	}
	z.received(c, to, 6)
	acct, err := kernel.At(ctx, c.Chain, on.Address())
	z.must(err)
	calls, err := session.Revoke(ctx, c.Chain, acct, on.ID())
	z.must(err)
	auth, err := acct.Authority(owner.by)
	z.must(err)
	p, err := account.Prepare(ctx, c, acct, auth, calls)
	z.must(err)
	land(p, owner.approve)
	if st, err := on.Status(ctx); err != nil || st.State != session.Revoked {
		t.Fatalf("after we revoked it, it is %s, %v", st.State, err)
	}
	t.Logf("we: install and use %d gas, use %d, revoke %d", gas[0], gas[1], gas[2])
}
