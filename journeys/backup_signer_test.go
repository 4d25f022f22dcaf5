package journeys_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

func TestBackupSigner(t *testing.T) {
	walkBoth(t, "backup_signer", []userop.EntryPoint{userop.V07},
		/* 1. */ "open an account with an owner's key",
		/* 2. */ "create the account",
		/* 3. */ "add a passkey as backup",
		/* 4. */ "send value by the owner",
		/* 5. */ "find the account by the passkey",
		"send value by the passkey",
		"send to two in one batch",
		/* 6. */ "an unknown passkey is refused",
		/* 7. */ "the owner renounces",
		"the owner is refused",
		/* 8. */ "the last passkey cannot be removed",
	)
}

// From an empty chain to the first operation confirmed: estimate, signature, bundler, block, receipt.
func BenchmarkFirstOperation(b *testing.B) {
	for b.Loop() {
		net, err := listen(devnet.Config{})
		if err != nil {
			b.Fatal(err)
		}
		env := journeys.Env{Stand: journeys.Devnet(net.URL(), net.Info().Token)}
		var first int64
		err = find(b, "backup_signer").Walk(b.Context(), env, userop.V07, func(s journeys.Step) {
			if first == 0 && s.Gas != nil {
				first = s.MS
			}
		})
		if err := errors.Join(err, net.Close()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(first), "ms/first-operation")
	}
}

// One operation, signed once, is accepted by both stands: the account is the same in
// every byte.
func TestOneSignatureIsAcceptedOnBothStands(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		t.Run(rules.String(), func(t *testing.T) {
			net, err := chains[rules]()
			if err != nil {
				t.Fatal(err)
			}
			s := anvil(t, rules)
			clients := []account.Client{connect(t, net.URL(), net.URL()), connect(t, s.RPC, s.Bundler)}
			key := newKitsKey(t)
			a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: crypto.PubkeyToAddress(newKey(t).PublicKey), Keys: []hybrid.Key{key.signer()}})
			if err != nil {
				t.Fatal(err)
			}
			auth, err := a.Authority(key.approver())
			if err != nil {
				t.Fatal(err)
			}
			give(t, net, a.Address(), ethers(1))
			if _, err := s.Fund(t.Context(), a.Address(), ethers(1)); err != nil {
				t.Fatal(err)
			}

			// 1. Prepared and sealed for one of them, with gas that does for both.
			p, err := account.Prepare(t.Context(), clients[0], a, auth, []account.Call{{To: common.BytesToAddress(a.Address().Bytes()[1:]), Value: big.NewInt(1)}},
				account.WithGas(account.GasEstimate{CallGasLimit: big.NewInt(100_000), VerificationGasLimit: big.NewInt(900_000), PreVerificationGas: big.NewInt(120_000)}),
				account.WithFees(account.Fees{MaxFeePerGas: big.NewInt(5e9), MaxPriorityFeePerGas: big.NewInt(2e9)}))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := key.approve(p.Challenge())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Finish(answer); err != nil {
				t.Fatal(err)
			}
			sealed := save(t, p)

			// 2. Sent to each.
			var gas []uint64
			for _, c := range clients {
				again, err := account.Resume(sealed, c, a, auth)
				if err != nil {
					t.Fatal(err)
				}
				r := lands(t, again)
				if r.UserOpHash != p.Hash() {
					t.Errorf("it landed as %s, not as %s", r.UserOpHash, p.Hash())
				}
				gas = append(gas, r.ActualGasUsed.Uint64())
			}
			t.Logf("gas: devnet %d, Anvil and Alto %d", gas[0], gas[1])
			if gas[0] != gas[1] {
				t.Errorf("the same operation cost %d gas here and %d there", gas[0], gas[1])
			}
		})
	}
}
