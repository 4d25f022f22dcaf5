// The table factory: the right bytes, at addresses that nobody else can take.

package contracts_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
)

var tableFormats = []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k}

func newTables(t testing.TB, f fork) *world {
	w := newWorld(t, f)
	w.must(stranger, contracts.Deployer, nil, contracts.P256TableFactory.InitCode())
	if !bytes.Equal(w.state.GetCode(contracts.P256TableFactory.Address), contracts.P256TableFactory.Code()) {
		t.Fatal("the factory is not where it should be")
	}
	return w
}

// tableKey is the key k·G.
func tableKey(t testing.TB, k *big.Int) p256table.Key {
	t.Helper()
	x, y := pointOf(k)
	key, err := p256table.NewKey([32]byte(x.FillBytes(make([]byte, 32))), [32]byte(y.FillBytes(make([]byte, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func buildCall(t testing.TB, f p256table.Format, k p256table.Key) []byte {
	t.Helper()
	data, err := contracts.BuildTable(f, k)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func tableAt(t testing.TB, f p256table.Format, k p256table.Key) common.Address {
	t.Helper()
	at, err := contracts.TableAddress(f, k)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// wantTable checks that the right table, and nothing else, is at the right place.
func wantTable(t testing.TB, w *world, f p256table.Format, k p256table.Key, ret []byte) {
	t.Helper()
	at := tableAt(t, f, k)
	if !bytes.Equal(ret, common.LeftPadBytes(at[:], 32)) {
		t.Errorf("%v: returned %x, not %s", f, ret, at)
	}
	if err := p256table.Verify(f, k, w.state.GetCode(at)); err != nil {
		t.Errorf("%v of %v: %v", f, k, err)
	}
}

func TestFactoryBuildsTheTablesOfP256table(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	n := new(big.Int).Add(new(big.Int).Lsh(halfOrder, 1), big.NewInt(1))
	for _, rules := range []fork{cancun, prague, osaka} {
		w := newTables(t, rules)
		keys := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(n, big.NewInt(1)), halfOrder, new(big.Int).Lsh(big.NewInt(1), 64)}
		for range 8 {
			keys = append(keys, randomScalar(random))
		}
		for i, d := range keys {
			for _, f := range tableFormats {
				if f == p256table.Format16k && i%4 != 0 {
					continue
				}
				k := tableKey(t, d)
				wantTable(t, w, f, k, w.must(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, f, k)))
			}
		}
	}
}

var halfOrder, _ = new(big.Int).SetString("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8", 16)

// TestBuildGas: the whole call, without a transaction's own 21,000 and calldata.
func TestBuildGas(t *testing.T) {
	k := tableKey(t, big.NewInt(987654321))
	for _, rules := range []fork{cancun, osaka} {
		w := newTables(t, rules)
		for _, f := range tableFormats {
			_, used, err := w.send(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, f, k))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %v: %d gas, %d of it computing", rules, f, used, int(used)-32_000-200*f.Size())
		}
	}
}

var _ = errors.Is
var _ = tracing.CodeChangeUnspecified
var _ = vm.ErrOutOfGas
var _ = crypto.Keccak256
