package journeys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/journeys/stand"
	"github.com/postern-dev/postern/userop"
)

// anvils are the stands of Anvil and Alto, started once for all tests of this
// package, one per set of rules.
var anvils = map[devnet.Rules]func() (*stand.Stand, error){
	devnet.Osaka:  sync.OnceValues(func() (*stand.Stand, error) { return started("osaka") }),
	devnet.Prague: sync.OnceValues(func() (*stand.Stand, error) { return started("prague") }),
}

// later are stands on which days pass: nothing else can be walked there afterwards, since
// others' paymaster goes by the clock of this machine.
var later = map[devnet.Rules]func() (*stand.Stand, error){
	devnet.Osaka:  sync.OnceValues(func() (*stand.Stand, error) { return started("osaka") }),
	devnet.Prague: sync.OnceValues(func() (*stand.Stand, error) { return started("prague") }),
}

var (
	runningMu sync.Mutex
	running   []*stand.Stand
)

func started(hardfork string) (*stand.Stand, error) {
	s, err := stand.Start(context.Background(), hardfork)
	if err == nil {
		runningMu.Lock()
		running = append(running, s)
		runningMu.Unlock()
	}
	return s, err
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range running {
		if err := s.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// anvil is the stand of Anvil and Alto under the rules.
func anvil(t *testing.T, rules devnet.Rules) *stand.Stand {
	t.Helper()
	return standing(t, anvils[rules])
}

func standing(t *testing.T, open func() (*stand.Stand, error)) *stand.Stand {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a chain and a bundler of others")
	}
	s, err := open()
	if errors.Is(err, stand.ErrMissing) {
		t.Skipf("SKIPPED, nothing of this is judged by the tools of others: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// placeOurs puts our own contracts on a stand that has not got them.
func placeOurs(t *testing.T, s *stand.Stand) {
	t.Helper()
	for _, c := range contracts.All() {
		code, err := s.Deploy(t.Context(), c.Address, c.Create)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !c.Is(code) {
			t.Fatalf("%s has other code on the stand", c.Name)
		}
	}
}

// ethers is n units of a coin or token with 18 decimals.
func ethers(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18)) }

// others is Anvil, Alto and Pimlico's paymaster as a place to walk journeys.
func others(s *stand.Stand) journeys.Stand {
	return journeys.Stand{
		RPC: s.RPC, Bundler: s.Bundler, Paymaster: s.Paymaster, Token: s.Token,
		Fund: func(ctx context.Context, to common.Address) (common.Hash, error) { return s.Fund(ctx, to, ethers(10)) },
		Mint: func(ctx context.Context, to common.Address) (common.Hash, error) {
			return s.Mint(ctx, to, ethers(1_000))
		},
	}
}

// same are the details of a step that must not depend on whose chain and bundler it
// was walked on.
var same = []string{"account", "owner", "keys", "key", "key hash", "delegate", "code", "other account", "refusal", "way out", "chain", "token"}

// walkBoth walks a journey on our chain with our bundler and on Anvil with Alto,
// under both sets of rules, with the same keys, and compares what comes out.
func walkBoth(t *testing.T, name string, eps []userop.EntryPoint, steps ...string) {
	t.Helper()
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		for _, ep := range eps {
			seed := make([]byte, 32)
			_, _ = rand.Read(seed)
			var ours, theirs []journeys.Step
			t.Run(fmt.Sprintf("%s v%s on the devnet", rules, ep.Version()), func(t *testing.T) {
				env := environment(t, rules)
				env.Seed = seed
				ours = walkOn(t, env, name, ep, steps)
			})
			t.Run(fmt.Sprintf("%s v%s on Anvil and Alto", rules, ep.Version()), func(t *testing.T) {
				theirs = walkOn(t, journeys.Env{Stand: others(anvil(t, rules)), Seed: seed}, name, ep, steps)
			})
			if theirs == nil || len(ours) != len(theirs) {
				continue // said above
			}
			t.Run(fmt.Sprintf("%s v%s is the same on both", rules, ep.Version()), func(t *testing.T) {
				compare(t, ours, theirs)
			})
		}
	}
}

func compare(t *testing.T, ours, theirs []journeys.Step) {
	t.Helper()
	for i, a := range ours {
		b := theirs[i]
		if a.OK != b.OK {
			t.Errorf("%s: ok is %t on the devnet, %t on Anvil", a.Name, a.OK, b.OK)
		}
		for _, k := range same {
			if !reflect.DeepEqual(a.Detail[k], b.Detail[k]) {
				t.Errorf("%s: %s is %v on the devnet, %v on Anvil", a.Name, k, a.Detail[k], b.Detail[k])
			}
		}
		if a.Gas == nil || b.Gas == nil {
			continue
		}
		kit := "-"
		if a.KitGas != nil {
			kit = fmt.Sprint(*a.KitGas)
		}
		t.Logf("%-50s gas: devnet %7d (preVerificationGas %6v), Anvil and Alto %7d (%6v), the kit through Alto %7s",
			a.Name, *a.Gas, a.Detail["preVerificationGas"], *b.Gas, b.Detail["preVerificationGas"], kit)
	}
}

// walkOurs walks a journey of our own account under both sets of rules: on every
// EntryPoint of our chain, and on that of EntryPoint 0.8 of Anvil with Alto, with the same
// keys, and compares what comes out there.
func walkOurs(t *testing.T, name string, steps ...string) {
	t.Helper()
	walkOursAnd(t, anvils, name, steps)
}

// walkDays is walkOurs for journeys that let days pass.
func walkDays(t *testing.T, name string, steps ...string) {
	t.Helper()
	walkOursAnd(t, later, name, steps)
}

func walkOursAnd(t *testing.T, anvils map[devnet.Rules]func() (*stand.Stand, error), name string, steps []string) {
	t.Helper()
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		seed := make([]byte, 32)
		_, _ = rand.Read(seed)
		var ours, theirs []journeys.Step
		for _, ep := range entryPoints {
			t.Run(fmt.Sprintf("%s v%s on the devnet", rules, ep.Version()), func(t *testing.T) {
				env := environment(t, rules)
				env.Seed = seed
				walked := walkOn(t, env, name, ep, steps)
				if ep == userop.V08 {
					ours = walked
				}
			})
		}
		t.Run(fmt.Sprintf("%s v0.8 on Anvil and Alto", rules), func(t *testing.T) {
			s := standing(t, anvils[rules])
			placeOurs(t, s)
			theirs = walkOn(t, journeys.Env{Stand: others(s), Seed: seed}, name, userop.V08, steps)
		})
		if len(theirs) > 0 && len(ours) == len(theirs) {
			t.Run(fmt.Sprintf("%s v0.8 is the same on both", rules), func(t *testing.T) { compare(t, ours, theirs) })
		}
	}
}
