package journeys_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

// Kernel's contracts, the real ones where KERNEL_ARTIFACTS says where they are, and
// chains with them: one and a second one with another id, for each set of rules.
var (
	kernelStand = sync.OnceValues(func() (kernelstand.Stand, error) { return kernelstand.Open(context.Background()) })
	kernelNets  = map[devnet.Rules][2]func() (*devnet.Net, error){
		devnet.Osaka:  {kernelNet(devnet.Osaka, 31337), kernelNet(devnet.Osaka, 84532)},
		devnet.Prague: {kernelNet(devnet.Prague, 31337), kernelNet(devnet.Prague, 84532)},
	}
)

func kernelNet(rules devnet.Rules, id uint64) func() (*devnet.Net, error) {
	return sync.OnceValues(func() (*devnet.Net, error) {
		s, err := kernelStand()
		if err != nil {
			return nil, err
		}
		net, err := s.Start(context.Background(), devnet.Config{FaucetPerMinute: 10_000, Rules: rules, ChainID: id})
		if err != nil {
			return nil, err
		}
		_, err = net.Listen("127.0.0.1:0")
		return net, err
	})
}

const noArtifacts = "SKIPPED, nothing of this is seen on Kernel's real contracts: " + kernelstand.Variable + " is not set (docs/testing.md)"

// kernels is where Kernel comes from; real are the original contracts.
func kernels(t *testing.T) (s kernelstand.Stand, versions []kernel.Version) {
	t.Helper()
	s, err := kernelStand()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.Versions {
		if v.AtLeast(kernel.V031) {
			versions = append(versions, v)
		}
	}
	if len(versions) == 0 {
		t.Fatalf("there is no Kernel 0.3.1 or later among %v", s.Versions)
	}
	return s, versions
}

// kernelContracts are the real contracts.
func kernelContracts(t *testing.T) types.GenesisAlloc {
	t.Helper()
	s, _ := kernels(t)
	if !s.Real {
		t.Skip(noArtifacts)
	}
	return allocOf(t, s)
}

func allocOf(t *testing.T, s kernelstand.Stand) types.GenesisAlloc {
	t.Helper()
	alloc, err := s.Alloc(devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return alloc
}

// kernelEnv is our chain with Kernel of one version, and a second one.
func kernelEnv(t *testing.T, rules devnet.Rules, v kernel.Version) journeys.Env {
	t.Helper()
	s, _ := kernels(t)
	stand := func(i int) (journeys.Stand, error) {
		net, err := kernelNets[rules][i]()
		if err != nil {
			return journeys.Stand{}, err
		}
		out := journeys.Devnet(net.URL(), net.Info().Token)
		out.Kernel, out.StandIns = []kernel.Version{v}, !s.Real
		return out, nil
	}
	first, err := stand(0)
	if err != nil {
		t.Fatal(err)
	}
	return journeys.Env{Stand: first, Second: func(context.Context) (journeys.Stand, error) { return stand(1) }}
}

// walkKernel walks a journey with ZeroDev's accounts: with stand-ins of Kernel's
// modules, or, if there are, with the real contracts of every version, and with Alto
// as bundler.
func walkKernel(t *testing.T, name string, steps ...string) {
	t.Helper()
	s, versions := kernels(t)
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		for _, v := range versions {
			t.Run(fmt.Sprintf("Kernel %s, %s", v, rules), func(t *testing.T) {
				walkOn(t, kernelEnv(t, rules, v), name, userop.V07, steps)
			})
		}
		t.Run(fmt.Sprintf("on Anvil and Alto, %s", rules), func(t *testing.T) {
			if !s.Real {
				t.Skip(noArtifacts)
			}
			stand := others(anvil(t, rules))
			placeKernel(t, stand.RPC, s)
			newest := versions[len(versions)-1]
			env := kernelEnv(t, rules, newest)
			stand.Kernel = []kernel.Version{newest}
			env.Stand = stand
			walkOn(t, env, name, userop.V07, steps)
		})
	}
}

// placeKernel writes the contracts into Anvil.
func placeKernel(t *testing.T, url string, s kernelstand.Stand) {
	t.Helper()
	node, err := rpc.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	for at, a := range allocOf(t, s) {
		if err := node.CallContext(t.Context(), nil, "anvil_setCode", at, hexutil.Bytes(a.Code)); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for slot, value := range a.Storage {
			if err := node.CallContext(t.Context(), nil, "anvil_setStorageAt", at, slot, value); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
	}
}
