package journeys_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// A node or bundler of another chain is found out before anything is signed.
func TestWrongChain(t *testing.T) {
	net := osaka(t)
	other, err := listen(devnet.Config{ChainID: 8453})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p := newPerson(t, userop.V08)
	give(t, net, p.acct.Address(), milli(100))

	// 1. The node is on another chain than the one that is meant.
	c := connect(t, net.URL(), net.URL())
	c.ChainID = big.NewInt(8453)
	_, err = p.prepare(t, c, milli(1))
	if e, ok := errors.AsType[*account.WrongChainError](err); !ok || e.Who != "the node" || e.Got.Int64() != 31337 || e.Want.Int64() != 8453 {
		t.Errorf("a node of another chain: %v", err)
	}

	// 2. Node and bundler disagree.
	_, err = p.prepare(t, connect(t, net.URL(), other.URL()), milli(1))
	if e, ok := errors.AsType[*account.WrongChainError](err); !ok || e.Who != "the bundler" {
		t.Errorf("a bundler of another chain: %v", err)
	}

	// 3. An operation saved for one chain is not resumed on another.
	fees := account.Fees{MaxFeePerGas: big.NewInt(50e9), MaxPriorityFeePerGas: big.NewInt(1e9)} // enough on both
	op := p.prepared(t, connect(t, net.URL(), net.URL()), account.WithFees(fees))
	c = connect(t, other.URL(), other.URL())
	c.ChainID = big.NewInt(8453)
	if _, err := account.Resume(save(t, op), c, p.acct, p.auth); !errors.As(err, new(*account.WrongChainError)) {
		t.Errorf("resumed elsewhere: %v", err)
	}

	// 4. What was sealed for one chain is worth nothing on the other, even when
	// sent there past all checks.
	p.seal(t, op)
	give(t, other, p.acct.Address(), milli(100))
	if _, err := c.Bundler.Send(t.Context(), op.Op(), userop.V08); account.AACode(err) != "AA24" {
		t.Errorf("replayed on another chain: %v", err)
	}
}
