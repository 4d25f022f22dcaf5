package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"

	"github.com/postern-dev/postern/contracts"
)

// bareChain is a chain of go-ethereum with nothing on it but money of one account; it mines ten times a second.
func bareChain(t *testing.T, rich common.Address, unprotected bool) (url string) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	b := simulated.NewBackend(types.GenesisAlloc{rich: {Balance: big.NewInt(1e18)}}, func(n *node.Config, e *ethconfig.Config) {
		delete(e.Genesis.Alloc, contracts.Deployer)
		n.HTTPHost, n.HTTPPort, n.HTTPModules, n.AllowUnprotectedTxs = "127.0.0.1", port, []string{"eth"}, unprotected
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			b.Commit()
			time.Sleep(100 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

func postern(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	if errs.Len() > 0 {
		t.Logf("stderr: %s", &errs)
	}
	return out.String(), err
}

func TestContractsComeToAChainThatHasNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a chain")
	}
	file := filepath.Join(t.TempDir(), "owner.json")
	owner, err := createOwnerFile(file)
	if err != nil {
		t.Fatal(err)
	}
	url := bareChain(t, owner.address(), true)
	deploy := []string{"contracts", "deploy", "--rpc", url, "--owner-key", file, "--yes", "--json", "--entry-point"}
	var cost uint64
	for i, round := range []struct {
		version string
		sent    int
	}{{"0.8", len(contracts.P256Contracts()) + 3}, {"0.8", 0}, {"all", 4}, {"all", 0}} {
		out, err := postern(t, append(deploy, round.version)...)
		if err != nil {
			t.Fatal(err)
		}
		var l contractList
		if err := json.Unmarshal([]byte(out), &l); err != nil {
			t.Fatal(err)
		}
		if d := l.Needed[0]; d.State != there || (d.TxHash != nil) != (round.sent > 4) {
			t.Errorf("%s: the deployer: %+v", round.version, d)
		}
		sent := 0
		for _, k := range l.Contracts {
			if k.State != there {
				t.Errorf("%s: %s is %s", round.version, k.Name, k.State)
			}
			if k.TxHash != nil {
				sent++
				cost += k.Gas
				t.Logf("%-26s %9d gas", k.Name, k.Gas)
			}
		}
		if sent != round.sent {
			t.Errorf("%s: %d transactions, want %d", round.version, sent, round.sent)
		}
		if i == 0 {
			readme, err := os.ReadFile("../../README.md")
			if said := fmt.Sprintf("About %d million gas for one EntryPoint version", (cost+500_000)/1_000_000); err != nil || !strings.Contains(string(readme), said) {
				t.Errorf("README.md does not say %q: %v", said, err)
			}
		}
	}
	t.Logf("%d gas for all", cost)
}

func TestWhatCannotBeDeployedIsSaid(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a chain")
	}
	file := filepath.Join(t.TempDir(), "owner.json")
	owner, err := createOwnerFile(file)
	if err != nil {
		t.Fatal(err)
	}
	url := bareChain(t, owner.address(), false) // its node takes no transaction without chain id
	// In this order: without a limit the deployer's sender gets its ether before its transaction is refused.
	for _, c := range []struct {
		code string
		args []string
	}{{"fee-limit", []string{"--max-fee", "1wei"}}, {"no-deployer", nil}} {
		_, err := postern(t, append([]string{"contracts", "deploy", "--rpc", url, "--owner-key", file, "--yes"}, c.args...)...)
		if f, ok := errors.AsType[*failure](err); !ok || f.Code != c.code {
			t.Errorf("%v, want %s", err, c.code)
		}
	}
}

func TestTheDeployersTransactionMakesTheDeployer(t *testing.T) {
	from, cost, err := senderOf(deployerTx)
	if err != nil {
		t.Fatal(err)
	}
	if at := crypto.CreateAddress(from, 0); at != contracts.Deployer {
		t.Errorf("it makes %s", at)
	}
	if cost.Cmp(big.NewInt(1e16)) != 0 {
		t.Errorf("it costs %s wei", cost)
	}
}

func TestTheLimitIsForAllTransactionsTogether(t *testing.T) {
	l, err := listContracts("0.8")
	if err != nil {
		t.Fatal(err)
	}
	d := &contractsDeploy{eoaSender: &eoaSender{most: big.NewInt(10)}, list: l}
	for _, left := range []int64{7, 4, 1} {
		var out bytes.Buffer
		c := &call{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
		if err := d.spend(t.Context(), c, approvalFlags{yes: true}, big.NewInt(3)); err != nil {
			t.Fatal(err)
		}
		if d.most.Int64() != left {
			t.Errorf("%s wei are left, not %d", d.most, left)
		}
		if told := out.Len() > 0; told != (left == 7) {
			t.Errorf("with %d wei left it says %q", left, &out)
		}
	}
}
