package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/journeys"
)

// demoFlow is where the story of Flow is walked.
type demoFlow struct{ url, service, key string }

func (d *demoFlow) flags(fs *flag.FlagSet) {
	fs.StringVar(&d.url, "flow-emulator", "", "walk the story of Flow at this `URL`, an emulator's; without it what an emulator said is played")
	fs.StringVar(&d.service, "flow-service", "0xf8d6e0586b0a20c7", "`address` of the emulator's account that pays")
	fs.StringVar(&d.key, "flow-service-key", "", "`file` with its private key: 64 hex digits or PEM")
}

// stand is the chain, and says what it is.
func (d *demoFlow) stand(ctx context.Context) (stand *journeys.FlowStand, what string, err error) {
	if d.url == "" {
		if d.key != "" {
			return nil, "", usageError("--flow-service-key without an emulator", "--flow-emulator URL says where it is")
		}
		stand, from, err := journeys.RecordedFlow()
		return stand, "no emulator here: the answers are those of " + from + " when this was recorded; --flow-emulator URL asks one", err
	}
	if d.key == "" {
		return nil, "", usageError("who pays on the emulator?", "--flow-service-key FILE, the private key of --flow-service")
	}
	s, err := openFlowSigner(d.service + "=" + d.key)
	if err != nil {
		return nil, "", err
	}
	if s.plain == nil {
		return nil, "", failf("bad-key", "64 hex digits or PEM", "%s holds a passkey, and the sponsor of the story has a plain key", clip(d.key))
	}
	client, err := access.New(d.url)
	if err != nil {
		return nil, "", err
	}
	chain, err := client.Chain(ctx)
	if err != nil {
		return nil, "", err
	}
	if chain != "flow-emulator" {
		return nil, "", failf("wrong-chain", "give the REST address of an emulator", "%s is a node of %s, and the story spends an account's coins", d.url, chain)
	}
	account, err := client.Account(ctx, s.address)
	if err != nil {
		return nil, "", err
	}
	k, err := s.key(account)
	if err != nil {
		return nil, "", err
	}
	return &journeys.FlowStand{URL: d.url, Service: s.address, KeyIndex: k.Index, Sign: func(message []byte) ([]byte, error) {
		if k.Weight < flow.WeightThreshold {
			return nil, fmt.Errorf("the service key weighs %d", k.Weight)
		}
		return signPlain(s.plain, message, k)
	}}, "an emulator at " + d.url, nil
}
