package journeys_test

import (
	"context"
	"testing"
	"time"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

// The walk with P256VERIFY, and the one without it; the third part is where it comes later.
var (
	withPrecompile = []string{
		"create the account, verified by P256VERIFY", "send, verified by P256VERIFY",
		"a table that nobody needs changes nothing", "send, still verified by P256VERIFY",
	}
	withoutPrecompile = []string{
		"create the account, verified without a table", "send, without a table", "send, without a table and without hints",
		"a stranger has the table built", "send, by the table", "send, by the table and without the hint",
		"the stranger cannot take it away", "rotate the passkey with its table", "send by the new passkey, by its table",
		"the old passkey and its table are worth nothing",
	}
	becomingOsaka = []string{
		"the chain gets P256VERIFY", "send, by the table as before", "a stranger has the account ask again", "send, verified by P256VERIFY",
	}
)

func TestNoPrecompileTable(t *testing.T) {
	t.Run("with P256VERIFY", func(t *testing.T) {
		walkRules(t, devnet.Osaka, "no_precompile_table", withPrecompile)
	})
	t.Run("without P256VERIFY", func(t *testing.T) {
		for _, steps := range walkRules(t, devnet.Prague, "no_precompile_table", withoutPrecompile) {
			cheaper(t, steps, "send, without a table and without hints", "send, without a table", "send, by the table and without the hint", "send, by the table")
		}
	})
	t.Run("with P256VERIFY later", func(t *testing.T) {
		for _, ep := range entryPoints {
			net, stand := changing(t)
			steps := walkOn(t, journeys.Env{Stand: stand}, "no_precompile_table", ep, append(withoutPrecompile[:len(withoutPrecompile):len(withoutPrecompile)], becomingOsaka...))
			cheaper(t, steps, "send, by the table", "send, verified by P256VERIFY")
			if ep == userop.V08 {
				documented(t, steps)
			}
			if err := net.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// changing is a Prague chain that becomes an Osaka chain when it is told to.
func changing(t *testing.T) (*devnet.Net, journeys.Stand) {
	t.Helper()
	net, err := listen(devnet.Config{Rules: devnet.Prague, OsakaAt: time.Now().Truncate(time.Second).Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	stand := journeys.Devnet(net.URL(), net.Info().Token)
	stand.Osaka = net.BecomeOsaka
	return net, stand
}

// walkRules walks a journey on every EntryPoint of our chain and, on that of EntryPoint 0.8,
// of Anvil with Alto.
func walkRules(t *testing.T, rules devnet.Rules, name string, want []string) (walks [][]journeys.Step) {
	t.Helper()
	for _, ep := range entryPoints {
		t.Run("v"+ep.Version()+" on the devnet", func(t *testing.T) {
			walks = append(walks, walkOn(t, environment(t, rules), name, ep, want))
		})
	}
	t.Run("v0.8 on Anvil and Alto", func(t *testing.T) {
		s := anvil(t, rules)
		placeOurs(t, s)
		walks = append(walks, walkOn(t, journeys.Env{Stand: others(s)}, name, userop.V08, want))
	})
	return walks
}

// cheaper wants each of the steps to take less gas than the one before.
func cheaper(t *testing.T, steps []journeys.Step, names ...string) {
	t.Helper()
	last := ^uint64(0)
	for _, name := range names {
		for _, s := range steps {
			if s.Name != name || s.Gas == nil {
				continue
			}
			if *s.Gas >= last {
				t.Errorf("%q takes %d gas, not less than the %d before", name, *s.Gas, last)
			}
			last = *s.Gas
		}
	}
}

func TestEachWalkWithoutP256VERIFYHasAChainOfItsOwn(t *testing.T) {
	opened := 0
	env := environment(t, devnet.Osaka)
	env.Only, env.EntryPoints = []string{"no_precompile_table", "untrusted_builder"}, []userop.EntryPoint{userop.V07, userop.V09}
	env.Without = func(context.Context) (journeys.Stand, error) {
		opened++
		net, stand := changing(t)
		t.Cleanup(func() { _ = net.Close() })
		return stand, nil
	}
	failed := 0
	if err := journeys.Run(t.Context(), env, func(s journeys.Step) {
		if !s.OK {
			failed++
		}
	}); err != nil {
		t.Error(err)
	}
	if opened != 4 || failed != 0 {
		t.Errorf("%d chains, %d failed steps", opened, failed)
	}
}
