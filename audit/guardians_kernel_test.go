package audit_test

import (
	"crypto/ecdsa"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/recovery"
)

func TestGuardiansOfAKernelAccount(t *testing.T) {
	b := newBench(t)
	if !b.stand.Has(guardians.Validator) || !b.stand.Has(guardians.Action) {
		t.Skip("SKIPPED: there are no stand-ins for Kernel's guardians: set " + kernelstand.Variable + " to a directory that has them")
	}
	v := b.stand.Versions[len(b.stand.Versions)-1]
	owner := must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(crypto.Keccak256([]byte("guarded owner"))))
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: kernel.ECDSA{Owner: crypto.PubkeyToAddress(owner.PublicKey)}}))
	relay := &account.Relayer{Node: b.chain, Chain: b.chain, Key: owner}
	for _, a := range []common.Address{relay.From(), acct.Address()} {
		if err := b.net.Faucet(t.Context(), a, big.NewInt(1e18)); err != nil {
			t.Fatal(err)
		}
	}
	setup := guardians.Setup{Threshold: 3, Delay: 7 * day, DangerMessages: true, Guardians: []guardians.Guardian{
		{Address: common.Address{0: 1, 19: 1}, Weight: 1}, {Address: common.Address{0: 1, 19: 2}, Weight: 2}}}
	auth := must[*kernel.Authority](t)(acct.Authority(kernel.OwnerApprover{}))
	p := must[*account.Prepared](t)(account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: relay}, acct, auth, must[[]account.Call](t)(guardians.Install(acct, setup))))
	digest := p.Challenge().Digest
	if _, err := p.Finish(account.Approval{ECDSA: must[[]byte](t)(crypto.Sign(digest[:], owner))}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := must[*account.Receipt](t)(p.Wait(t.Context())); !r.Success {
		t.Fatalf("it reverted: %s", r.Reason)
	}
	a := read(t, b.chain, acct.Address())
	if len(a.Routes) != 2 || a.Routes[1].Threshold != 3 || a.Routes[1].Delay != 7*day || a.Routes[1].Expiry != 0 || len(a.Routes[1].Members) != 2 || len(a.Routes[1].Cancel) != 1 {
		t.Fatalf("%+v", a.Routes)
	}
	if !strings.Contains(strings.Join(a.Notes, "\n"), "sign messages for the account at once") {
		t.Errorf("notes: %q", a.Notes)
	}
	if o := must[*recovery.Report](t)(recovery.Audit(&a)).Outcome([]string{a.Signers[0].ID}, nil); o.State != recovery.Recoverable || o.Delay != 7*day {
		t.Errorf("the owner's key lost: %+v", o)
	}
}
