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
	if out.first, _, err = startKernel(stand, 31337); err != nil {
		return out, err
	}
	out.second, _, err = startKernel(stand, 84532)
	out.version = string(stand.Versions[len(stand.Versions)-1])
	return out, err
})

func startKernel(stand kernelstand.Stand, id uint64) (string, *devnet.Net, error) {
	net, err := stand.Start(context.Background(), devnet.Config{ChainID: id, FaucetPerMinute: 10_000})
	if err != nil {
		return "", nil, err
	}
	_, err = net.Listen("127.0.0.1:0")
	return net.URL(), net, err
}

// kernelChain sets $POSTERN_RPC and $OTHER_RPC to chains that have Kernel, whose version is
// $KERNEL. With "alone" the first is the script's own: it may let days pass there.
func kernelChain(ts *testscript.TestScript, _ bool, args []string) {
	chains, err := kernelChains()
	ts.Check(err)
	if len(args) == 1 && args[0] == "alone" {
		stand, err := kernelstand.Open(context.Background())
		ts.Check(err)
		url, net, err := startKernel(stand, 31337)
		ts.Check(err)
		ts.Defer(func() { ts.Check(net.Close()) })
		chains.first = url
	}
	ts.Setenv("POSTERN_RPC", chains.first)
	ts.Setenv("OTHER_RPC", chains.second)
	ts.Setenv("KERNEL", chains.version)
}
