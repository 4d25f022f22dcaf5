// The verifier on its chain: ether, gas, a precompile that comes, validation, accounts that trust it.

package contracts_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Ether comes back, whether the signature is good or not.
func TestTheVerifierTakesNoEther(t *testing.T) {
	p, hash := newPasskey(t, "ether", seal.RequireUV), opHash("ether")
	for chain, w := range verifierChains(t, p, p256table.Format4k) {
		for name, call := range callsOf(t, p, hash, p256table.Format4k) {
			for _, value := range []int64{1, 5, 16, 17, 31, 32, 64, 134, 1_000, 1_000_000_000_000_000} {
				ret, _, err := w.send(stranger, contracts.P256Verifier, big.NewInt(value), call)
				if err == nil || w.balance(contracts.P256Verifier).Sign() != 0 {
					t.Fatalf("%s, %s, %d wei: %x", chain, name, value, ret)
				}
			}
		}
	}
}

// With too little gas there is no answer, but never a no. (One figure in three hundred, so that the border is met.)
func TestTooLittleGasIsNoAnswerOfTheVerifier(t *testing.T) {
	p, hash := newPasskey(t, "gas", seal.RequireUV), opHash("gas")
	for chain, w := range verifierChains(t, p, p256table.Format4k) {
		for name, call := range callsOf(t, p, hash, p256table.Format4k) {
			_, enough, err := w.send(stranger, contracts.P256Verifier, nil, call)
			if err != nil {
				t.Fatal(err)
			}
			enough += enough/63 + 5_000
			for gas := uint64(100); gas < enough; gas += 7 + enough/150 {
				w.gas = gas
				ret, _, err := w.send(stranger, contracts.P256Verifier, nil, call)
				w.gas = 30_000_000
				if err == nil && !approves(t, ret) {
					t.Fatalf("%s, %s: %x with %d gas of %d", chain, name, ret, gas, enough)
				}
			}
		}
	}
}

func TestTheVerifierFollowsTheChain(t *testing.T) {
	w := verifierWorld(t, prague, false)
	p, hash := newPasskey(t, "probe", seal.RequireUV), opHash("probe")
	alice, bob := addr("alice"), addr("bob")
	calls := callsOf(t, p, hash, p256table.Format4k)
	w.putTableOf(p256table.Format4k, p.public())
	uses := func(account common.Address) bool {
		called := 0
		for name, call := range calls {
			trace := w.watch(common.Address{}, common.Address{}, func() {
				if !approves(t, w.must(account, contracts.P256Verifier, nil, call)) {
					t.Fatalf("%s: refused", name)
				}
			})
			if trace.called(p256Verify) {
				called++
			}
			slot := common.BytesToHash(account[:]).Hex() // the account's own, by ERC-7562
			for _, s := range trace.storage[contracts.P256Verifier] {
				if s != "r "+slot {
					t.Errorf("%s: storage %s", name, s)
				}
			}
		}
		if called != 0 && called != len(calls) {
			t.Errorf("0x100 called for %d of %d calls", called, len(calls))
		}
		asked := w.must(stranger, contracts.P256Verifier, nil, contracts.HasPrecompileFor(account))
		if (asked[31] == 1) != (called > 0) {
			t.Errorf("hasPrecompile %x", asked)
		}
		return called > 0
	}
	probe := func() bool {
		w.state.SetTxContext(common.Hash{1}, 0, 0)
		before := len(w.state.Logs())
		answer := w.must(stranger, contracts.P256Verifier, nil, contracts.ProbeFor(alice))
		logs := w.state.Logs()[before:]
		want := types.Log{Address: contracts.P256Verifier, Topics: []common.Hash{crypto.Keccak256Hash([]byte("PrecompileProbed(address,bool)")), common.BytesToHash(alice[:])}, Data: answer}
		if len(logs) != 1 || logs[0].Address != want.Address || !slices.Equal(logs[0].Topics, want.Topics) || !bytes.Equal(logs[0].Data, want.Data) {
			t.Errorf("logs: %+v", logs)
		}
		return answer[31] == 1
	}
	if uses(alice) || probe() || uses(alice) {
		t.Error("0x100 called on a chain without it")
	}
	w.fork = osaka
	if uses(alice) {
		t.Error("0x100 called before anybody asked")
	}
	if !probe() || !uses(alice) || uses(bob) {
		t.Error("0x100 not called for who has asked, or called for others")
	}
	w.fork = prague // the chain loses it
	if probe() || uses(alice) {
		t.Error("0x100 still called")
	}
	for gas := uint64(2_000); gas < 150_000; gas += 501 { // nobody can make it believe what is not so
		for f, truth := range map[fork]bool{osaka: true, prague: false} {
			w.fork = f
			probe()
			w.gas = gas
			_, _, _ = w.send(stranger, contracts.P256Verifier, nil, contracts.ProbeFor(alice))
			w.gas = 30_000_000
			if asked := w.must(stranger, contracts.P256Verifier, nil, contracts.HasPrecompileFor(alice)); (asked[31] == 1) != truth {
				t.Fatalf("%s: probed with %d gas", f, gas)
			}
		}
	}
	native := verifierWorld(t, osaka, true)
	if asked := native.must(stranger, contracts.P256Verifier, nil, contracts.HasPrecompileFor(bob)); asked[31] != 1 {
		t.Error("deployed where 0x100 answers, the verifier does not know")
	}
	// An address is 32 bytes, of which the first twelve are zero, also where zeros are missing at its end.
	w.fork = osaka
	alice[19] = 0
	probe()
	if asked := w.must(stranger, contracts.P256Verifier, nil, contracts.HasPrecompileFor(alice)); asked[31] != 1 {
		t.Error("not remembered")
	}
	for _, call := range [][]byte{contracts.ProbeFor(alice), contracts.HasPrecompileFor(alice)} {
		dirty := slices.Clone(call)
		dirty[15] = 1
		for _, bad := range [][]byte{call[:35], call[:4], dirty} {
			if ret := w.must(stranger, contracts.P256Verifier, nil, bad); !bytes.Equal(ret, zero) {
				t.Errorf("%x: %x", bad, ret)
			}
		}
	}
}

// Nothing on any path that validation forbids.
func TestTheVerifierIsFitForValidation(t *testing.T) {
	p, hash := newPasskey(t, "7562", seal.RequireUV), opHash("7562")
	for chain, w := range verifierChains(t, p, p256table.Format4k) {
		for name, call := range callsOf(t, p, hash, p256table.Format4k) {
			if chain == "none" && (bytes.Contains(call, append(p.public().Raw(), byte(p256table.Format4k))) ||
				bytes.Contains(call, append(p.public().Raw(), byte(seal.RequireUV), byte(p256table.Format4k))) ||
				bytes.HasPrefix(call, append(zero[:28:28], byte(seal.RequireUV), byte(p256table.Format4k)))) {
				continue // names a table that is not there: see IP256Verifier.verify
			}
			trace := w.watch(common.Address{}, common.Address{}, func() { w.must(stranger, contracts.P256Verifier, nil, call) })
			if len(trace.faults) != 0 {
				t.Errorf("%s, %s: %v", chain, name, trace.faults)
			}
		}
	}
}

// An account has the verifier as one of its ERC-7913 signers.
func TestAnAccountTrustsTheVerifier(t *testing.T) {
	for _, f := range []fork{prague, osaka} {
		w := verifierWorld(t, f, f == osaka)
		d := w.install(userop.V08)
		p, hash := newPasskey(t, "signer", seal.RequireUV), opHash("signer")
		key, err := seal.NewVerifierPasskey(p.public(), seal.RequireUV, seal.PathNone)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := key.Signer(contracts.P256Verifier)
		if err != nil {
			t.Fatal(err)
		}
		a := w.create(d, equal(1, signer))
		approve := func(signature []byte) []byte {
			b := binary.BigEndian.AppendUint16([]byte{4}, uint16(len(signer.Bytes())))
			b = binary.BigEndian.AppendUint16(append(b, signer.Bytes()...), uint16(len(signature)))
			return append(b, signature...)
		}
		good := assertionOf(p.approve(hash), nil)
		if !a.validates(hash, approve(good)) || a.validates(opHash("other"), approve(good)) || a.validates(hash, approve(good[:len(good)-1])) {
			t.Errorf("%s: the verifier's word does not count, or counts too much", f)
		}
	}
}

// The fuzzer looks for calldata to which the chains do not answer what Go answers.
func FuzzVerifier(f *testing.F) {
	p, hash := newPasskey(f, "fuzz", seal.RequireUV), opHash("fuzz")
	chains := verifierChains(f, p, p256table.Format4k)
	for _, call := range callsOf(f, p, hash, p256table.Format4k) {
		f.Add(call)
	}
	f.Fuzz(func(t *testing.T, call []byte) {
		if len(call) >= 4 && (bytes.Equal(call[:4], contracts.ProbeFor(stranger)[:4]) || bytes.Equal(call[:4], contracts.HasPrecompileFor(stranger)[:4])) {
			t.Skip()
		}
		answers(t, chains, call)
	})
}
