package grant_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"

	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

const policyABI = `[{"type":"function","name":"checkUserOpPolicy","inputs":[{"name":"id","type":"bytes32"},{"name":"op","type":"tuple","components":[
{"name":"sender","type":"address"},{"name":"nonce","type":"uint256"},{"name":"initCode","type":"bytes"},{"name":"callData","type":"bytes"},
{"name":"accountGasLimits","type":"bytes32"},{"name":"preVerificationGas","type":"uint256"},{"name":"gasFees","type":"bytes32"},
{"name":"paymasterAndData","type":"bytes"},{"name":"signature","type":"bytes"}]}],"outputs":[{"type":"uint256"}]},
{"type":"function","name":"checkSignaturePolicy","inputs":[{"type":"bytes32"},{"type":"address"},{"type":"bytes32"},{"type":"bytes"}],"outputs":[{"type":"uint256"}]},
{"type":"function","name":"onInstall","inputs":[{"type":"bytes"}]}]`

type packedOp struct {
	Sender             common.Address
	Nonce              *big.Int
	InitCode           []byte
	CallData           []byte
	AccountGasLimits   [32]byte
	PreVerificationGas *big.Int
	GasFees            [32]byte
	PaymasterAndData   []byte
	Signature          []byte
}

// real is a policy contract on a chain of its own.
type real struct {
	t     *testing.T
	abi   abi.ABI
	state *state.StateDB
	at    common.Address
	now   uint64
	id    [32]byte
}

func newReal(t *testing.T, dir, name string) *real {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		t.Skip(err)
	}
	var artifact struct{ Runtime hexutil.Bytes }
	if err := json.Unmarshal(b, &artifact); err != nil || len(artifact.Runtime) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	db, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		t.Fatal(err)
	}
	r := &real{t: t, state: db, at: common.HexToAddress("0x9999"), now: now}
	if r.abi, err = abi.JSON(strings.NewReader(policyABI)); err != nil {
		t.Fatal(err)
	}
	db.CreateAccount(r.at)
	db.SetCode(r.at, artifact.Runtime, 0)
	return r
}

func (r *real) call(method string, args ...any) ([]byte, error) {
	r.t.Helper()
	input, err := r.abi.Pack(method, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	config := *params.MergedTestChainConfig
	out, _, err := runtime.Call(r.at, input, &runtime.Config{
		ChainConfig: &config, State: r.state, Origin: account, Time: r.now, GasLimit: 30_000_000,
		BlockNumber: big.NewInt(1), Value: new(big.Int), Random: &common.Hash{},
	})
	return out, err
}

// install gives the policy a new permission.
func (r *real) install(p grant.Policy) error {
	_, data, err := grant.EncodeKernel(p)
	if err != nil {
		r.t.Fatal(err)
	}
	r.id = [32]byte(word(new(big.Int).SetBytes(r.id[:]).Uint64() + 1))
	_, err = r.call("onInstall", append(append([]byte{}, r.id[:]...), data...))
	return err
}

func (r *real) check(op *userop.Op) ([]byte, error) {
	var paymaster []byte
	if op.Paymaster != nil {
		paymaster = append(append([]byte{}, op.Paymaster[:]...), make([]byte, 32)...)
	}
	pair := func(hi, lo *big.Int) (w [32]byte) {
		hi.FillBytes(w[:16])
		lo.FillBytes(w[16:])
		return w
	}
	return r.call("checkUserOpPolicy", r.id, packedOp{
		Sender: account, Nonce: new(big.Int), CallData: op.CallData, PreVerificationGas: op.PreVerificationGas,
		AccountGasLimits: pair(op.VerificationGasLimit, op.CallGasLimit), GasFees: pair(new(big.Int), op.MaxFeePerGas),
		PaymasterAndData: paymaster,
	})
}

// compare runs one operation on the contract and on the model.
func (r *real) compare(g grant.Grant, s grant.State, op *userop.Op, broken bool) grant.State {
	r.t.Helper()
	s.Now = r.now
	before := r.state.Snapshot()
	d := g.Decide(s, op)
	out, err := r.check(op)
	// What the model adds to the policy: Kernel's and the EntryPoint's own rules.
	passed := d.Allowed || d.Refusal.Reason == grant.NotDue && len(d.Refusal.Revert) == 0 && d.Refusal.Policy < 0
	said := fmt.Sprintf("policy %+v, state %+v, operation %x: the model says %v (%+v), the contract %x, %v", g.Policies[0], s, op.CallData, d.Allowed, d.Refusal, out, err)
	switch {
	case (broken || followsPointer(g, d.Refusal)) && d.Refusal != nil && d.Refusal.Reason == grant.MalformedCall:
		// the contract may read on behind the call data
	case passed:
		v, parse := userop.ParseValidationData(new(big.Int).SetBytes(out))
		if err != nil || parse != nil || v.Aggregator != userop.SigValid || v.ValidAfter != d.ValidAfter || v.ValidUntil != d.ValidUntil {
			r.t.Fatal(said)
		}
	case err == nil:
		failed := append(append([]byte{}, 0x3e, 0x49, 0x83, 0xf6), make([]byte, 32)...)
		if !bytes.Equal(out, word(1)) || !bytes.Equal(d.Refusal.Revert, failed) {
			r.t.Fatal(said)
		}
	case !broken && !bytes.Equal(out, d.Refusal.Revert):
		r.t.Fatal(said)
	}
	if !d.Allowed {
		r.state.RevertToSnapshot(before)
	}
	return d.After
}

func followsPointer(g grant.Grant, r *grant.Refusal) bool {
	c, ok := g.Policies[0].(*grant.Call)
	return ok && r != nil && r.Rule >= 0 && c.Permissions[r.Permission].Rules[r.Rule].Condition == grant.SliceEqual
}

// The contracts themselves, compiled outside the repository: KERNEL_ARTIFACTS is a
// directory with {"runtime": "0x…"} files named after them.
func TestTheModelDecidesAsTheRealContracts(t *testing.T) {
	dir := os.Getenv("KERNEL_ARTIFACTS")
	if dir == "" {
		t.Skip("SKIPPED, the model is not held against the real policy contracts: KERNEL_ARTIFACTS is not set (docs/testing.md)")
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, v := range []grant.CallVersion{grant.Call001, grant.Call002, grant.Call003, grant.Call004, grant.Call005} {
		t.Run("CallPolicy-"+string(v), func(t *testing.T) {
			chain := newReal(t, dir, "CallPolicy-"+string(v))
			allowed, refused := 0, map[grant.Reason]int{}
			for range 300 {
				p := smallCall(r, v)
				if err := chain.install(p); err != nil {
					if len(grant.Refusals(grant.Check(grant.Grant{Policies: []grant.Policy{p}}, grant.Facts{}))) == 0 {
						t.Fatalf("%+v cannot be installed, and nobody says so", p)
					}
					continue
				}
				g := grant.Grant{Policies: []grant.Policy{p}}
				s := g.NewState(chain.now)
				for range 12 {
					data := smallExecution(r)
					broken := r.UintN(6) == 0
					if broken {
						data = bytes.Clone(data)[:len(data)-int(r.UintN(40))]
						data[r.IntN(len(data))] ^= byte(1 << r.UintN(8))
					}
					d := g.Decide(s, operation(data))
					if d.Allowed {
						allowed++
					} else {
						refused[d.Refusal.Reason]++
					}
					chain.compare(g, s, operation(data), broken)
				}
			}
			t.Logf("allowed %d, refused %v", allowed, refused)
			if allowed < 100 || refused[grant.RuleBroken] < 20 || refused[grant.CallNotAllowed] < 100 {
				t.Errorf("allowed %d, refused %v: not much was tried", allowed, refused)
			}
		})
	}
	others := map[string]func() grant.Policy{
		"GasPolicy": func() grant.Policy {
			return &grant.Gas{Allowed: big.NewInt(int64(r.Uint64N(4e16))), EnforcePaymaster: r.UintN(2) == 0, Paymaster: smallAddress(r)}
		},
		"RateLimitPolicy": func() grant.Policy {
			return &grant.RateLimit{Interval: r.Uint64N(100), Count: r.Uint64N(5), StartAt: []uint64{0, now, 1<<48 - 60}[r.UintN(3)]}
		},
		"RateLimitPolicyReset": func() grant.Policy {
			return &grant.RateLimit{Interval: r.Uint64N(100), Count: r.Uint64N(5), Reset: true}
		},
		"TimestampPolicy": func() grant.Policy {
			return &grant.Timestamp{ValidAfter: r.Uint64N(2 * now), ValidUntil: r.Uint64N(2) * (now + r.Uint64N(500) - 100)}
		},
	}
	for name, make := range others {
		t.Run(name, func(t *testing.T) {
			chain := newReal(t, dir, name)
			for range 300 {
				p := make()
				if err := chain.install(p); err != nil {
					t.Fatalf("%+v: %v", p, err)
				}
				g := grant.Grant{Policies: []grant.Policy{p}}
				s := g.NewState(chain.now)
				for range 8 {
					op := operation(single(call{dead, 0, nil}))
					op.MaxFeePerGas = big.NewInt(int64(r.Uint64N(5e9)))
					if a := smallAddress(r); a != (common.Address{}) {
						op.Paymaster = &a
					}
					chain.now += r.Uint64N(60)
					s = chain.compare(g, s, op, false)
				}
			}
		})
	}
	t.Run("SignaturePolicy", func(t *testing.T) {
		chain := newReal(t, dir, "SignaturePolicy")
		for range 200 {
			p := &grant.SignatureCaller{}
			for range r.UintN(3) {
				p.Callers = append(p.Callers, smallAddress(r))
			}
			if err := chain.install(p); err != nil {
				t.Fatal(err)
			}
			g, who := grant.Grant{Policies: []grant.Policy{p}}, smallAddress(r)
			out, err := chain.call("checkSignaturePolicy", chain.id, who, [32]byte{}, []byte{})
			if d := g.DecideMessage(grant.State{}, who); err != nil || d.Allowed != bytes.Equal(out, word(0)) {
				t.Fatalf("%+v, %s: %+v, the contract says %x, %v", p, who, d, out, err)
			}
		}
	})
}

func smallAddress(r *rand.Rand) common.Address {
	return []common.Address{{}, dead, beef}[r.UintN(3)]
}

func smallSelector(r *rand.Rand) [4]byte {
	return [][4]byte{{}, {0xa9, 5, 0x9c, 0xbb}, {1, 2, 3, 4}}[r.UintN(3)]
}

func smallWord(r *rand.Rand) (w [32]byte) {
	switch r.UintN(6) {
	case 0:
		for i := range w {
			w[i] = 0xff
		}
	case 1:
		w[0] = 0x80
	default:
		w[31] = byte(32 * r.UintN(4))
	}
	return w
}

func smallCall(r *rand.Rand, v grant.CallVersion) *grant.Call {
	p := &grant.Call{Version: v}
	for range 1 + r.UintN(6) {
		q := grant.Permission{CallType: []grant.CallType{0, 0, 0, 0xff}[r.UintN(4)], Target: smallAddress(r), Selector: smallSelector(r), ValueLimit: big.NewInt(int64(r.UintN(3)))}
		for range r.UintN(3) {
			rule := grant.Rule{Condition: grant.Condition(r.UintN(8)), Offset: 32 * r.Uint64N(3), Params: [][32]byte{smallWord(r)}}
			if v == grant.Call001 {
				rule.Condition %= grant.OneOf // it knows those before
			}
			switch {
			case rule.Condition == grant.SliceEqual && v != grant.Call005:
				rule.Condition = grant.NotEqual
			case rule.Condition == grant.SliceEqual:
				slice := make([]byte, r.UintN(3))
				rule.Params = [][32]byte{[32]byte(word(r.Uint64N(3))), [32]byte(word(uint64(len(slice)))), keccak(slice)}
			case rule.Condition == grant.OneOf:
				for range r.UintN(3) {
					rule.Params = append(rule.Params, smallWord(r))
				}
			}
			q.Rules = append(q.Rules, rule)
		}
		p.Permissions = append(p.Permissions, q)
	}
	return p
}

func smallExecution(r *rand.Rand) []byte {
	one := func() call {
		c := call{to: smallAddress(r), value: int64(r.UintN(3))}
		if r.UintN(4) > 0 {
			fn := smallSelector(r)
			c.data = append(c.data, fn[:]...)
			for range r.UintN(6) {
				w := smallWord(r)
				c.data = append(c.data, w[:]...)
			}
		}
		if r.UintN(8) == 0 {
			c.data = c.data[:r.IntN(len(c.data)+1)]
		}
		return c
	}
	switch r.UintN(8) {
	case 0:
		return delegate(one())
	case 1, 2:
		calls := make([]call, r.UintN(4))
		for i := range calls {
			calls[i] = one()
		}
		return batch(calls...)
	case 3:
		return execute(byte(r.UintN(256)), make([]byte, 52+r.UintN(64)))
	}
	return single(one())
}
