package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/recovery"
)

// born is a Kernel account whose factory makes it do calls.
func (b *bench) born(t *testing.T, index int64, init func(draft *kernel.Account) [][]account.Call) common.Address {
	t.Helper()
	v := b.stand.Versions[len(b.stand.Versions)-1]
	config := kernel.Config{Version: v, Root: kernel.ECDSA{Owner: common.Address{0: 1, 19: 7}}, Index: big.NewInt(index)}
	draft := must[*kernel.Account](t)(kernel.New(config))
	for _, calls := range init(draft) {
		for _, c := range calls {
			config.Init = append(config.Init, c.Data)
		}
	}
	acct := must[*kernel.Account](t)(kernel.New(config))
	b.deploy(t, acct)
	return acct.Address()
}

func TestKernelsFurtherValidatorsSignToo(t *testing.T) {
	b := newBench(t)
	key := keyOf(t, "second")
	addr := b.born(t, 1, func(a *kernel.Account) [][]account.Call {
		return [][]account.Call{must[[]account.Call](t)(a.InstallValidator(kernel.WebAuthn{Key: key}))}
	})
	a := read(t, b.chain, addr)
	want := fmt.Sprintf("hot-key %s weighs 1; %s weighs 1: 1 needed", common.Address{0: 1, 19: 7}.Hex(), passkeyOf(key))
	if got := signers(a); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	r := must[*recovery.Report](t)(recovery.Audit(&a))
	if r.Outcome([]string{a.Signers[0].ID}, nil).State != recovery.Works || r.Outcome(nil, []string{a.Signers[1].ID}).State != recovery.Stolen {
		t.Errorf("%v", r.Verdict())
	}
}

func TestKernelsValidatorsThatDoNotOperate(t *testing.T) {
	b := newBench(t)
	other := kernel.WebAuthn{Key: keyOf(t, "second")}
	v := b.stand.Versions[len(b.stand.Versions)-1]
	contract := must[common.Address](t)(other.Contract(v))
	// One that may call another function only signs messages.
	addr := b.born(t, 3, func(a *kernel.Account) [][]account.Call {
		return [][]account.Call{must[[]account.Call](t)(a.InstallModule(kernel.ModuleValidator, contract, kernel.ValidatorModule(other, [4]byte{1, 2, 3, 4})))}
	})
	if a := unguarded(read(t, b.chain, addr)); len(a.Signers) != 1 || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "signs messages for it") {
		t.Errorf("%s, notes %q", signers(a), a.Notes)
	}
	// One that was invalidated does neither.
	addr = b.born(t, 4, func(a *kernel.Account) [][]account.Call {
		return [][]account.Call{must[[]account.Call](t)(a.InstallValidator(other)), must[[]account.Call](t)(a.InvalidateNonce(2))}
	})
	if a := unguarded(read(t, b.chain, addr)); len(a.Signers) != 1 || len(a.Notes) != 0 {
		t.Errorf("%s, notes %q", signers(a), a.Notes)
	}
}

// allowing says that every validation may call execute: only Kernel 0.3.3's own code gives
// access as an account is born, which the stand-ins do not have.
type allowing struct{ accounttest.NodeChain }

func (c allowing) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, crypto.Keccak256([]byte("isAllowedSelector(bytes21,bytes4)"))[:4]) {
		return common.LeftPadBytes([]byte{1}, 32), nil
	}
	return c.NodeChain.Call(ctx, to, data)
}

// logless answers no question about logs.
type logless struct {
	accounttest.NodeChain
	err error
}

func (c logless) CallContext(ctx context.Context, result any, method string, args ...any) error {
	if method == "eth_getLogs" {
		return c.err
	}
	return c.NodeChain.CallContext(ctx, result, method, args...)
}

func TestKernelsSessionKeys(t *testing.T) {
	b := newBench(t)
	free, bound := common.Address{0: 2, 19: 1}, common.Address{0: 2, 19: 2}
	permission := func(key common.Address, policies ...grant.Policy) kernel.Permission {
		p := kernel.Permission{Signer: kernel.ECDSASigner(key)}
		for _, policy := range policies {
			p.Policies = append(p.Policies, must[[]byte](t)(grant.KernelEntry(policy)))
		}
		return p
	}
	unlimited := permission(free, &grant.Timestamp{ValidUntil: uint64(time.Now().Add(time.Hour).Unix())})
	limited := permission(bound, &grant.Call{Permissions: []grant.Permission{{Target: common.Address{19: 9}, Selector: [4]byte{1, 2, 3, 4}}}})
	addr := b.born(t, 2, func(a *kernel.Account) [][]account.Call {
		return [][]account.Call{must[[]account.Call](t)(a.InstallPermission(unlimited, 1)), must[[]account.Call](t)(a.InstallPermission(limited, 1))}
	})
	// Those that may call nothing sign messages at most.
	if os.Getenv(kernelstand.Variable) == "" {
		if a := unguarded(read(t, b.chain, addr)); len(a.Signers) != 1 || len(a.Notes) != 2 || !strings.Contains(a.Notes[0], "may not make operations") {
			t.Fatalf("%s, notes %q", signers(a), a.Notes)
		}
	}
	a := unguarded(read(t, allowing{b.chain}, addr))
	if got := signers(a); len(a.Signers) != 2 || !strings.Contains(got, free.Hex()+" weighs 1") {
		t.Fatalf("only an unlimited session key is a signer: %s, notes %q", got, a.Notes)
	}
	notes := strings.Join(a.Notes, "\n")
	if len(a.Notes) != 2 || !strings.Contains(notes, unlimited.ID().String()) || !strings.Contains(notes, limited.ID().String()) || !strings.Contains(notes, bound.Hex()) {
		t.Errorf("notes %q", a.Notes)
	}
	r := must[*recovery.Report](t)(recovery.Audit(&a))
	if r.Outcome(nil, []string{a.Signers[1].ID}).State != recovery.Stolen || !slices.Contains(r.Words(), a.Notes[0]) {
		t.Errorf("%v", r.Words())
	}
	// One that fails at them, or takes too long, does not fail the report.
	for _, err := range []error{errors.New("query returned more than 10000 results"), context.DeadlineExceeded} {
		if a := unguarded(read(t, logless{b.chain, err}, addr)); len(a.Signers) != 1 || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "session keys were found") || strings.Contains(a.Notes[0], "10000") {
			t.Errorf("notes %q", a.Notes)
		}
	}
	// A node without logs hides session keys, and that is said.
	a = unguarded(read(t, plainChain{b.chain}, addr))
	if len(a.Signers) != 1 || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "session keys were found") {
		t.Errorf("notes %q", a.Notes)
	}
}

// unguarded leaves out what is said of guardians that an account has not, where the chain has their contracts.
func unguarded(a recovery.Account) recovery.Account {
	a.Notes = slices.DeleteFunc(a.Notes, func(n string) bool { return strings.HasPrefix(n, "It has no guardians.") })
	return a
}

// offering is a chain with the contracts of Kernel's guardians, as far as somebody asks for their code.
type offering struct{ accounttest.NodeChain }

func (c offering) Code(ctx context.Context, at common.Address) ([]byte, error) {
	if at == guardians.Validator || at == guardians.Action {
		return []byte{0xfe}, nil
	}
	return c.NodeChain.Code(ctx, at)
}

// Where guardians can be had they are advised, with what they can do besides; where they cannot, nothing is.
func TestGuardiansAreAdvisedForKernelAccounts(t *testing.T) {
	b := newBench(t)
	addr := b.born(t, 5, func(*kernel.Account) [][]account.Call { return nil })
	a := read(t, offering{b.chain}, addr)
	r := must[*recovery.Report](t)(recovery.Audit(&a))
	words := strings.Join(r.Words(), "\n")
	if len(r.Plan) == 0 || !strings.Contains(words, "Add a recovery key on paper") || !strings.Contains(words, "can sign messages for it at once") {
		t.Errorf("%s", words)
	}
	if b.stand.Has(guardians.Validator) {
		return
	}
	a = read(t, b.chain, addr)
	if words := strings.Join(must[*recovery.Report](t)(recovery.Audit(&a)).Words(), "\n"); len(a.Can) > 0 || !strings.Contains(words, "No changes are proposed: ") {
		t.Errorf("can %v: %s", a.Can, words)
	}
}
