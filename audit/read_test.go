package audit_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/recovery"
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

// bench is a chain with accounts of all kinds.
type bench struct {
	net   *devnet.Net
	chain accounttest.NodeChain
	stand kernelstand.Stand
}

func newBench(t *testing.T) *bench {
	t.Helper()
	stand := must[kernelstand.Stand](t)(kernelstand.Open(t.Context()))
	net := must[*devnet.Net](t)(stand.Start(t.Context(), devnet.Config{}))
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{net, accounttest.NodeChain{Node: net.Client().Client()}, stand}
}

// deploy asks the factory for the account, as anybody may.
func (b *bench) deploy(t *testing.T, a account.Account) {
	t.Helper()
	factory, data := a.Factory()
	private := must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(crypto.Keccak256([]byte("anybody"))))
	from, client := crypto.PubkeyToAddress(private.PublicKey), b.net.Client()
	if err := b.net.Faucet(t.Context(), from, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	nonce := must[uint64](t)(client.PendingNonceAt(t.Context(), from))
	tx := must[*types.Transaction](t)(types.SignNewTx(private, types.LatestSignerForChainID(b.net.ChainID()), &types.DynamicFeeTx{
		ChainID: b.net.ChainID(), Nonce: nonce, To: &factory, Data: data, Gas: 5_000_000, GasFeeCap: big.NewInt(20e9), GasTipCap: big.NewInt(1e9)}))
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if code := must[[]byte](t)(b.chain.Code(t.Context(), a.Address())); len(code) > 0 {
			return
		}
	}
	t.Fatal("the account did not come to be")
}

func keyOf(t *testing.T, seed string) passkey.PublicKey {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte(seed)))
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: "localhost", Name: "test"}, passkey.User{ID: []byte{1}, Name: seed, DisplayName: seed}, make([]byte, 32))
	if _, err := a.Create(must[[]byte](t)(json.Marshal(options)), "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	return a.Credentials()[0].Key
}

func read(t *testing.T, ch account.Chain, addr common.Address) recovery.Account {
	t.Helper()
	a := must[recovery.Account](t)(audit.Read(t.Context(), ch, addr))
	if a.Source != recovery.Chain || a.Address != addr.Hex() {
		t.Errorf("source %s, address %s", a.Source, a.Address)
	}
	for _, s := range a.Signers {
		if s.Cloud.Source != recovery.Unknown || s.Devices.Source != recovery.Unknown || s.RPID.Source != recovery.Unknown || s.Passkey != nil {
			t.Errorf("%s: the chain knows where it lives: %+v", s.ID, s)
		}
	}
	return a
}

// plainChain has the methods of account.Chain only.
type plainChain struct{ account.Chain }

// signers says who signs and how: "passkey 0x… weighs 2; …: 2 needed".
func signers(a recovery.Account) string {
	var out []string
	for i, m := range a.Routes[0].Members {
		s := a.Signers[i]
		gone := ""
		if s.Gone.Value && s.Gone.Source == recovery.Chain {
			gone = " gone"
		}
		if m.Signer != s.ID {
			gone += " misnamed"
		}
		out = append(out, fmt.Sprintf("%s %s weighs %d%s", s.Kind, s.Key, m.Weight, gone))
	}
	return fmt.Sprintf("%s: %d needed", strings.Join(out, "; "), a.Routes[0].Threshold)
}

func passkeyOf(k passkey.PublicKey) string { return fmt.Sprintf("passkey 0x%x", k.X()) }

func TestOurAccountWithEverySortOfSigner(t *testing.T) {
	b := newBench(t)
	device, other, raw := keyOf(t, "phone"), keyOf(t, "other"), keyOf(t, "raw")
	owner := common.HexToAddress("0x00000000000000000000000000000000000e0a11")
	verifier := func(k seal.VerifierKey, err error) webauthn.Signer {
		return must[webauthn.Signer](t)(must[seal.VerifierKey](t)(k, err).Signer(contracts.P256Verifier))
	}
	members := []webauthn.Member{
		{Signer: must[webauthn.Signer](t)(webauthn.Passkey(device, webauthn.FirstRule)), Weight: 3},
		{Signer: must[webauthn.Signer](t)(webauthn.Address(owner)), Weight: 2},
		{Signer: must[webauthn.Signer](t)(webauthn.Address(userop.V08.Address())), Weight: 1},
		{Signer: verifier(seal.NewVerifierPasskey(other, webauthn.FirstRule, 0)), Weight: 5},
		{Signer: verifier(seal.NewVerifierKey(raw, seal.PathNone)), Weight: 4},
	}
	acct := must[*webauthn.Account](t)(webauthn.New(must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V08)), members, 4, [32]byte{1}))
	if _, err := audit.Read(t.Context(), b.chain, acct.Address()); !errors.As(err, new(*audit.NoAccountError)) {
		t.Errorf("before it is there: %v", err)
	}
	b.deploy(t, acct)
	for _, ch := range []account.Chain{b.chain, plainChain{b.chain}} {
		a := read(t, ch, acct.Address())
		want := []string{
			passkeyOf(device) + " weighs 3", "hot-key " + owner.Hex() + " weighs 2", "contract " + userop.V08.Address().Hex() + " weighs 1",
			passkeyOf(other) + " weighs 5", fmt.Sprintf("hot-key 0x%x weighs 4", raw.X()),
		}
		text, ok := strings.CutSuffix(signers(a), ": 4 needed")
		got := strings.Split(text, "; ")
		slices.Sort(got)
		slices.Sort(want)
		if !ok || !slices.Equal(got, want) || a.Kind != "WebAuthnAccount" {
			t.Errorf("%s %s", a.Kind, signers(a))
		}
		if !slices.Contains(a.Can, recovery.CanThreshold) || !slices.Contains(a.Can, recovery.CanGuardians) || len(a.Routes) != 1 {
			t.Errorf("can %v", a.Can)
		}
		if notes := strings.Join(audit.Unread(a), "\n"); strings.Count(notes, "\n") != 3 || !strings.Contains(notes, "who signs for this contract") || !strings.Contains(notes, "each validator and executor may act for it") {
			t.Errorf("unread: %s", notes)
		}
		r := must[*recovery.Report](t)(recovery.Audit(&a))
		if r.Today.State != recovery.Works || len(r.Unknown) == 0 || len(r.Theft.Singles()) == 0 {
			t.Errorf("%v", r.Verdict())
		}
	}
}

func TestFactsAreAddedToWhatTheChainSays(t *testing.T) {
	b := newBench(t)
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09)), keyOf(t, "phone"), [32]byte{2}))
	b.deploy(t, acct)
	a := read(t, b.chain, acct.Address())
	before := must[*recovery.Report](t)(recovery.Audit(&a))
	f := must[*recovery.File](t)(recovery.ParseFile([]byte(before.Template())))
	must[*recovery.Account](t)(f.Apply(&a))
	f = must[*recovery.File](t)(recovery.ParseFile([]byte("version = 1\n[[domain]]\nid = \"home\"\nkind = \"device\"\n[[signer]]\nid = \"" + a.Signers[0].ID + "\"\ncloud = false\ndevices = [\"home\"]\n")))
	after := must[*recovery.Report](t)(recovery.Audit(must[*recovery.Account](t)(f.Apply(&a))))
	if !slices.Contains(after.Lock.Singles(), "home") || len(after.Unknown) >= len(before.Unknown) {
		t.Errorf("%v\n%v", before.Verdict(), after.Verdict())
	}
	if row := after.Outcome([]string{"bundler"}, nil); row.State != recovery.Recoverable {
		t.Errorf("without a bundler: %+v", row)
	}
}

func TestMetaMasksAccount(t *testing.T) {
	b := newBench(t)
	owner, first, second := common.Address{19: 9, 0: 1}, keyOf(t, "first"), keyOf(t, "second")
	keys := []hybrid.Key{hybrid.PasskeyKey([]byte{1}, first), hybrid.PasskeyKey([]byte{2}, second)}
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: owner, Keys: keys}))
	b.deploy(t, acct)
	a := read(t, b.chain, acct.Address())
	if want := fmt.Sprintf("hot-key %s weighs 1; %s weighs 1; %s weighs 1: 1 needed", owner.Hex(), passkeyOf(first), passkeyOf(second)); signers(a) != want || a.Kind != "MetaMask Hybrid 1.3.0" {
		t.Errorf("%s %s, want %s", a.Kind, signers(a), want)
	}
	if slices.Contains(a.Can, recovery.CanAddKey) || slices.Contains(a.Can, recovery.CanThreshold) || !slices.Contains(a.Can, recovery.CanAddPasskey) {
		t.Errorf("can %v", a.Can)
	}
	if notes := audit.Unread(a); len(notes) != 2 || !strings.HasPrefix(notes[0], "Delegations") {
		t.Errorf("unread: %v", notes)
	}
	f := must[*recovery.File](t)(recovery.ParseFile([]byte("version = 1\n[[signer]]\nid = \"" + owner.Hex() + "\"\nkind = \"hardware\"\n")))
	if notes := audit.Unread(*must[*recovery.Account](t)(f.Apply(&a))); len(notes) != 1 {
		t.Errorf("unread, with a file: %v", notes)
	}
	must[*recovery.Report](t)(recovery.Audit(&a))

	// one key under two texts is one key
	same := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{keys[0], hybrid.PasskeyKey([]byte{3}, first)}}))
	b.deploy(t, same)
	a = read(t, b.chain, same.Address())
	if a.Signers[0].ID == a.Signers[1].ID || !slices.Contains(a.Can, recovery.CanAddKey) {
		t.Errorf("%+v", a)
	}
	if found := recovery.Check(&a); !slices.ContainsFunc(found, func(f recovery.Finding) bool { return f.Code == recovery.SameKey }) {
		t.Errorf("%v", found)
	}
	// a node that tells hashes only
	if a = read(t, plainChain{b.chain}, acct.Address()); len(a.Signers) != 3 || a.Signers[1].Kind != recovery.KindPasskey {
		t.Errorf("%s", signers(a))
	}
	must[*recovery.Report](t)(recovery.Audit(&a))
}

func TestAnOwnerWhoCannotSignIsGone(t *testing.T) {
	b := newBench(t)
	contract, key := userop.V08.Address(), keyOf(t, "backup")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: contract, Keys: []hybrid.Key{hybrid.PasskeyKey([]byte{1}, key)}}))
	b.deploy(t, acct)
	if got, want := signers(read(t, b.chain, acct.Address())), fmt.Sprintf("hot-key %s weighs 1 gone; %s weighs 1: 1 needed", contract.Hex(), passkeyOf(key)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	v := b.stand.Versions[len(b.stand.Versions)-1]
	k := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: kernel.ECDSA{Owner: contract}}))
	b.deploy(t, k)
	a := read(t, b.chain, k.Address())
	if want := fmt.Sprintf("hot-key %s weighs 1 gone: 1 needed", contract.Hex()); signers(a) != want {
		t.Errorf("%s, want %s", signers(a), want)
	}
	if r := must[*recovery.Report](t)(recovery.Audit(&a)); r.Today.State != recovery.Locked {
		t.Errorf("%v", r.Verdict())
	}
}

func TestKernelsRoot(t *testing.T) {
	b := newBench(t)
	v := b.stand.Versions[len(b.stand.Versions)-1]
	owner, key := common.Address{0: 1, 19: 7}, keyOf(t, "root")
	for name, c := range map[string]struct {
		root kernel.Validator
		want string
	}{
		"ECDSA":       {kernel.ECDSA{Owner: owner}, "hot-key " + owner.Hex()},
		"multi-chain": {kernel.MultiChainECDSA{Owner: owner}, "hot-key " + owner.Hex()},
		"WebAuthn":    {kernel.WebAuthn{Key: key}, passkeyOf(key)},
	} {
		if at, err := c.root.Contract(v); err != nil || !b.stand.Has(at) {
			t.Logf("SKIPPED: %s is not on this chain", name)
			continue
		}
		acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: c.root}))
		b.deploy(t, acct)
		a := read(t, b.chain, acct.Address())
		if signers(a) != c.want+" weighs 1: 1 needed" || a.Kind != "ZeroDev Kernel "+string(v) || len(a.Can) > 0 != (b.stand.Has(guardians.Validator) && b.stand.Has(guardians.Action)) {
			t.Errorf("%s: %s %s, can %v", name, a.Kind, signers(a), a.Can)
		}
		if notes := audit.Unread(a); len(notes) == 0 || !strings.HasPrefix(notes[0], "Validators of kinds") {
			t.Errorf("%s: unread: %v", name, notes)
		}
		must[*recovery.Report](t)(recovery.Audit(&a))
	}
	// who has seen one signature of the passkey controls such an account: no report of it would hold
	holed := kernel.MultiChainWebAuthn{Key: key, Version: kernel.WebAuthn001, DangerVulnerable: true}
	if at, err := holed.Contract(v); err != nil || !b.stand.Has(at) {
		t.Log("SKIPPED: no validator with a known hole is on this chain")
		return
	}
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: holed}))
	b.deploy(t, acct)
	if _, err := audit.Read(t.Context(), b.chain, acct.Address()); !errors.As(err, new(*kernel.VulnerableError)) {
		t.Errorf("a validator with a known hole: %v", err)
	}
}

// codeChain has code of its own at every address.
type codeChain struct {
	account.Chain
	code []byte
	err  error
}

func (c codeChain) Code(context.Context, common.Address) ([]byte, error) { return c.code, c.err }

// muteChain answers no calls.
type muteChain struct {
	account.Chain
	err error
}

func (c muteChain) Call(context.Context, common.Address, []byte) ([]byte, error) { return nil, c.err }

func TestWhatIsNoAccountIsAnErrorWithAWayOut(t *testing.T) {
	b := newBench(t)
	addr, delegate := userop.V07.Address(), common.Address{7}
	_, err := audit.Read(t.Context(), b.chain, addr)
	if e, ok := errors.AsType[*audit.UnknownError](err); !ok || len(e.Why) != 3 || e.Hint() == "" || e.Delegate != (common.Address{}) {
		t.Errorf("another contract: %v", err)
	}
	_, err = audit.Read(t.Context(), codeChain{b.chain, append([]byte{0xef, 1, 0}, delegate[:]...), nil}, addr)
	if e, ok := errors.AsType[*audit.UnknownError](err); !ok || e.Delegate != delegate || !strings.Contains(e.Hint(), "its own address") {
		t.Errorf("EIP-7702: %v", err)
	}
	_, err = audit.Read(t.Context(), b.chain, common.Address{9})
	if e, ok := errors.AsType[*audit.NoAccountError](err); !ok || e.Hint() == "" {
		t.Errorf("nothing: %v", err)
	}
	down := errors.New("the node is down")
	if _, err = audit.Read(t.Context(), codeChain{b.chain, nil, down}, addr); !errors.Is(err, down) {
		t.Errorf("a node that is down: %v", err)
	}
	if _, err = audit.Read(t.Context(), muteChain{b.chain, down}, addr); !errors.Is(err, down) || errors.As(err, new(*audit.UnknownError)) {
		t.Errorf("a node that does not answer calls: %v", err)
	}
}
