package server

import (
	"context"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/relyingparty"
)

// emulatorService is the account that a Flow emulator begins with.
const emulatorService = "f8d6e0586b0a20c7"

// mainnet is how access nodes of Flow's main network name it.
const mainnet = "flow-mainnet"

// page is what the page is told.
func (f *Flow) page() (*FlowConfig, error) {
	add, _, err := flow.AddKeys(flow.AccountKey{Curve: flow.P256, Hash: flow.SHA2})
	if err != nil {
		return nil, err
	}
	revoke, _ := flow.RevokeKey(0)
	c := &FlowConfig{
		URL: flowPath, Network: f.network, Accounts: f.Sponsor != nil, Scripts: FlowScripts{Add: string(add), Revoke: string(revoke)},
	}
	if s := f.Sponsor; s != nil {
		c.Sponsor = &FlowSponsor{Address: s.address.String(), Gas: payGas}
		for _, h := range s.scripts {
			c.Sponsor.Scripts = append(c.Sponsor.Scripts, h.String())
		}
	}
	return c, nil
}

// flowBeside is the Flow chain of `postern up`, or nil if none is wanted. Its node must be there: that it is not is
// better said now than on the page.
func flowBeside(ctx context.Context, cfg UpConfig, store relyingparty.Store, secrets secretsNow, origin string) (*Flow, error) {
	if cfg.Flow == "" {
		if cfg.FlowServiceKey != "" || cfg.FlowService != "" || len(cfg.FlowSponsored) != 0 {
			return nil, failure("bad-flow", "name the node, too: --flow http://127.0.0.1:8888", "a Flow service account without a Flow node")
		}
		return nil, nil
	}
	node, err := access.New(cfg.Flow, access.WithPoll(200*time.Millisecond))
	if err != nil {
		return nil, failure("bad-flow", "it is http or https, host and port: --flow http://127.0.0.1:8888", "%w", err)
	}
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	network, err := node.Chain(ask)
	if err != nil {
		return nil, failure("flow-unreachable", "start it first; an emulator's REST API listens on port 8888", "the Flow node at %s: %w", cfg.Flow, err)
	}
	nonces, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: store, SecretsNow: secrets, Name: "flow account proof, " + rpName})
	if err != nil {
		return nil, err
	}
	// Passkeys are of the wallet's own page; pages of --origin bring their own.
	f := &Flow{Access: node, Nonces: nonces, App: rpName, RPID: rpID, Origins: []string{origin}, Log: cfg.Log, network: network}
	if cfg.FlowServiceKey == "" {
		if len(cfg.FlowSponsored) != 0 {
			return nil, failure("bad-flow", "name who pays: --flow-service-key", "scripts whose fees are paid, and nobody who pays")
		}
		return f, nil
	}
	if network == mainnet {
		return nil, failure("bad-flow", "leave --flow-service-key out: whoever reaches this server could spend what that account has", "no service account pays on Flow's main network")
	}
	service := cfg.FlowService
	if service == "" {
		service = emulatorService
	}
	address, err := flow.ParseAddress(service)
	if err != nil {
		return nil, failure("bad-flow", "16 hexadecimal digits", "%w", err)
	}
	f.Sponsor, err = NewSponsor(address, cfg.FlowServiceKey, cfg.FlowSponsored...)
	return f, err
}
