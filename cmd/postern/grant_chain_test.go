package main

import (
	"context"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
)

// kernelChains are two chains with Kernel's contracts, the real ones where KERNEL_ARTIFACTS
// names them (docs/testing.md), and otherwise Kernel 0.3.1 with stand-ins for its modules.
var kernelChains = sync.OnceValues(func() (out struct {
	first, second, version string
}, err error) {
	ctx := context.Background()
	stand, err := kernelstand.Open(ctx)
	if err != nil {
		return out, err
	}
	start := func(id uint64) (string, error) {
		net, err := stand.Start(ctx, devnet.Config{ChainID: id, FaucetPerMinute: 10_000})
		if err != nil {
			return "", err
		}
		_, err = net.Listen("127.0.0.1:0")
		return net.URL(), err
	}
	if out.first, err = start(31337); err != nil {
		return out, err
	}
	out.second, err = start(84532)
	out.version = string(stand.Versions[len(stand.Versions)-1])
	return out, err
})

// kernelChain sets $POSTERN_RPC and $OTHER_RPC to chains that have Kernel, whose version is
// $KERNEL.
func kernelChain(ts *testscript.TestScript, _ bool, _ []string) {
	chains, err := kernelChains()
	ts.Check(err)
	ts.Setenv("POSTERN_RPC", chains.first)
	ts.Setenv("OTHER_RPC", chains.second)
	ts.Setenv("KERNEL", chains.version)
}
