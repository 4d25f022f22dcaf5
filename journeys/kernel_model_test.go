package journeys_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// laboratory is Kernel with its modules on a chain without blocks, asked as the
// EntryPoint asks.
type laboratory struct {
	t       *testing.T
	state   *state.StateDB
	now     uint64
	account *kernel.Account
	session *ecdsa.PrivateKey
}

func newLaboratory(t *testing.T, alloc types.GenesisAlloc, v kernel.Version) *laboratory {
	t.Helper()
	db, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		t.Fatal(err)
	}
	for at, a := range alloc {
		db.CreateAccount(at)
		db.SetCode(at, a.Code, tracing.CodeChangeGenesis)
		for slot, value := range a.Storage {
			db.SetState(at, slot, value)
		}
	}
	l := &laboratory{t: t, state: db, now: 1_795_221_054, session: newKey(t)}
	if l.account, err = kernel.New(kernel.Config{Version: v, Root: kernel.ECDSA{Owner: crypto.PubkeyToAddress(newKey(t).PublicKey)}}); err != nil {
		t.Fatal(err)
	}
	factory, data := l.account.Factory()
	if _, err := l.call(friend, factory, data); err != nil {
		t.Fatalf("deploying: %v", err)
	}
	if db.GetCodeSize(l.account.Address()) == 0 {
		t.Fatalf("the factory made no account at %s", l.account.Address())
	}
	db.AddBalance(l.account.Address(), uint256.NewInt(1e18), tracing.BalanceChangeUnspecified)
	return l
}

func (l *laboratory) call(from, to common.Address, data []byte) ([]byte, error) {
	before := l.state.Snapshot()
	config := *params.MergedTestChainConfig
	out, _, err := runtime.Call(to, data, &runtime.Config{
		ChainConfig: &config, State: l.state, Origin: from, Time: l.now, GasLimit: 30_000_000,
		BlockNumber: big.NewInt(1), Value: new(big.Int), Random: &common.Hash{},
	})
	if err != nil {
		l.state.RevertToSnapshot(before)
	}
	return out, err
}

var entryPoint = userop.V07.Address()

// install gives the account a permission, as the owner's operation would.
func (l *laboratory) install(p kernel.Permission) error {
	calls, err := l.account.InstallPermission(p, 1)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, c := range calls {
		if out, err := l.call(entryPoint, c.To, c.Data); err != nil {
			return fmt.Errorf("%w: %x", err, out)
		}
	}
	return nil
}

func (l *laboratory) permission(g grant.Grant) kernel.Permission {
	p := kernel.Permission{Flag: uint16(g.Flag), Signer: kernel.ECDSASigner(crypto.PubkeyToAddress(l.session.PublicKey))}
	for _, policy := range g.Policies {
		e, err := grant.KernelEntry(policy)
		if err != nil {
			l.t.Fatal(err)
		}
		p.Policies = append(p.Policies, e)
	}
	return p
}

// validate has the account look at an operation of the session key.
func (l *laboratory) validate(id kernel.PermissionID, op *userop.Op) ([]byte, error) {
	op.Sender = l.account.Address()
	var err error
	if op.Nonce, err = userop.MakeNonce(kernel.KeyOf(kernel.ModeDefault, id.Validation(), 0).Int(), 0); err != nil {
		l.t.Fatal(err)
	}
	hash, err := userop.V07.Hash(op, params.MergedTestChainConfig.ChainID)
	if err != nil {
		l.t.Fatal(err)
	}
	sig, err := l.sign(seal.KernelPersonal(hash))
	if err != nil {
		l.t.Fatal(err)
	}
	op.Signature = append([]byte{0xff}, sig...)
	return l.call(entryPoint, op.Sender, validateCall(l.t, op, hash))
}

func (l *laboratory) sign(digest common.Hash) ([]byte, error) {
	sig, err := crypto.Sign(digest[:], l.session)
	if err != nil {
		return nil, err
	}
	return seal.KernelECDSA(sig)
}

func numberWord(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), n) }

// message asks the account whether the session key signed a hash.
func (l *laboratory) message(id kernel.PermissionID, caller common.Address, hash common.Hash) ([]byte, error) {
	typed, err := kernel.MessageDigest(l.account.Version(), l.account.Address(), params.MergedTestChainConfig.ChainID, hash)
	if err != nil {
		l.t.Fatal(err)
	}
	sig, err := l.sign(seal.KernelPersonal(typed.Digest))
	if err != nil {
		l.t.Fatal(err)
	}
	sig = append(append([]byte{2}, id[:]...), append([]byte{0xff}, sig...)...)
	data := append(crypto.Keccak256([]byte("isValidSignature(bytes32,bytes)"))[:4], hash[:]...)
	data = append(append(data, numberWord(64)...), numberWord(uint64(len(sig)))...)
	return l.call(caller, l.account.Address(), append(data, common.RightPadBytes(sig, (len(sig)+31)/32*32)...))
}

// What an account with several policies decides is what the model says it does: the
// policies' order, their flags and the permission's, and what one leaves to the next.
func TestKernelDecidesAsTheModelSays(t *testing.T) {
	alloc := kernelContracts(t)
	for _, v := range []kernel.Version{kernel.V031, kernel.V032, kernel.V033} {
		t.Run(string(v), func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 11))
			l := newLaboratory(t, alloc, v)
			told := map[grant.Reason]int{}
			had := map[kernel.PermissionID]bool{}
			operations, messages := 0, 0
			for range 250 {
				g := randomGrant(r, l.now)
				p := l.permission(g)
				if had[p.ID()] {
					continue
				}
				had[p.ID()] = true
				if err := l.install(p); err != nil {
					if len(grant.Refusals(grant.Check(g, grant.Facts{Now: l.now}))) == 0 {
						t.Fatalf("%s cannot be installed, and nobody says so: %v", described(g), err)
					}
					continue
				}
				s := g.NewState(l.now)
				for range 8 {
					s.Now = l.now
					op := randomOperation(r)
					d := g.Decide(s, op)
					before := l.state.Snapshot()
					out, err := l.validate(p.ID(), op)
					l.compare(g, d, out, err)
					if !d.Allowed {
						l.state.RevertToSnapshot(before) // as the EntryPoint does with what is not due
					}
					s = d.After
					if operations++; d.Refusal != nil {
						told[d.Refusal.Reason]++
					}
					l.now += r.Uint64N(40)
				}
				caller := smallAddresses[r.IntN(len(smallAddresses))]
				d := g.DecideMessage(s, caller)
				out, err := l.message(p.ID(), caller, common.Hash{1, 2, 3})
				if yes := err == nil && bytes.HasPrefix(out, common.FromHex("0x1626ba7e")); yes != d.Allowed {
					t.Fatalf("%s, a message asked by %s: the model says %v, the account %x, %v", described(g), caller, d.Allowed, out, err)
				}
				messages++
			}
			t.Logf("%d operations, refused %v; %d messages", operations, told, messages)
			for _, reason := range []grant.Reason{
				grant.NotForOperations, grant.CallNotAllowed, grant.ValueTooHigh, grant.RuleBroken, grant.WrongPaymaster, grant.BudgetSpent, grant.NoUsesLeft, grant.NotDue, grant.CallTypeRefused, grant.NotExecute,
			} {
				if told[reason] == 0 {
					t.Errorf("nothing was refused for reason %d", reason)
				}
			}
		})
	}
}

// compare holds what the account said against what the model says.
func (l *laboratory) compare(g grant.Grant, d grant.Decision, out []byte, err error) {
	l.t.Helper()
	late := d.Refusal != nil && d.Refusal.Reason == grant.NotDue && len(d.Refusal.Revert) == 0
	if !d.Allowed && !late {
		if err == nil || !bytes.Equal(out, d.Refusal.Revert) {
			l.t.Fatalf("%s: the model refuses: %v, revert data %x; the account says %x, %v", described(g), d.Refusal, d.Refusal.Revert, out, err)
		}
		return
	}
	if err != nil {
		l.t.Fatalf("%s: the model allows it, the account says %x, %v", described(g), out, err)
	}
	v, err := userop.ParseValidationData(new(big.Int).SetBytes(out))
	if v.ValidUntil == 1<<48-1 {
		v.ValidUntil = 0 // so Kernel writes "no end" when it has looked at several windows
	}
	if err != nil || v.Aggregator != userop.SigValid || v.ValidAfter != d.ValidAfter || v.ValidUntil != d.ValidUntil {
		l.t.Fatalf("%s: the model says %d to %d, the account %+v, %v", described(g), d.ValidAfter, d.ValidUntil, v, err)
	}
}

func described(g grant.Grant) string {
	s := fmt.Sprintf("permission flag %d", g.Flag)
	for _, p := range g.Policies {
		s += fmt.Sprintf("; %s %+v", p.Kind(), p)
	}
	return s
}

var (
	smallAddresses = []common.Address{friend, common.HexToAddress("0xbeef"), common.HexToAddress("0xdead")}
	transfer       = [4]byte(crypto.Keccak256([]byte("transfer(address,uint256)")))
)

func randomGrant(r *rand.Rand, now uint64) grant.Grant {
	g := grant.Grant{}
	if r.UintN(12) == 0 {
		g.Flag = grant.Flag(1 + r.UintN(3))
	}
	for range r.UintN(5) {
		base := grant.Base{}
		if r.UintN(5) == 0 {
			base.Flags = grant.Flag(1 + r.UintN(3))
		}
		switch r.UintN(7) {
		case 0, 1:
			c := &grant.Call{Base: base, Version: []grant.CallVersion{grant.Call002, grant.Call003, grant.Call004, grant.Call005}[r.UintN(4)]}
			for _, to := range smallAddresses[:1+r.IntN(3)] {
				q := grant.Permission{Target: to, ValueLimit: big.NewInt(int64(r.UintN(3)))}
				if r.UintN(2) == 0 {
					q.Selector = transfer
					if r.UintN(3) > 0 {
						q.Rules = []grant.Rule{{Condition: grant.Condition(r.UintN(6)), Offset: 32, Params: [][32]byte{[32]byte(numberWord(r.Uint64N(4)))}}}
					}
				}
				c.Permissions = append(c.Permissions, q)
			}
			g.Policies = append(g.Policies, c)
		case 2:
			p := &grant.Gas{Base: base, Allowed: big.NewInt(int64(r.Uint64N(1e16)))}
			if r.UintN(4) == 0 {
				p.EnforcePaymaster, p.Paymaster = true, smallAddresses[r.IntN(2)]
			}
			g.Policies = append(g.Policies, p)
		case 3:
			p := &grant.RateLimit{Base: base, Interval: r.Uint64N(60), Count: 1 + r.Uint64N(6)}
			if r.UintN(2) == 0 {
				p.StartAt = now - 30 + r.Uint64N(60)
			}
			g.Policies = append(g.Policies, p)
		case 4:
			g.Policies = append(g.Policies, &grant.Timestamp{Base: base, ValidAfter: now - 100 + r.Uint64N(150), ValidUntil: r.Uint64N(2) * (now + r.Uint64N(200))})
		case 5:
			g.Policies = append(g.Policies, &grant.SignatureCaller{Base: base, Callers: smallAddresses[:1+r.IntN(2)]})
		case 6:
			g.Policies = append(g.Policies, &grant.Sudo{Base: base})
		}
	}
	return g
}

func randomOperation(r *rand.Rand) *userop.Op {
	one := func() account.Call {
		c := account.Call{To: smallAddresses[r.IntN(len(smallAddresses))], Value: big.NewInt(int64(r.UintN(3)))}
		if r.UintN(2) == 0 {
			c.Data = append(append(append([]byte{}, transfer[:]...), numberWord(7)...), numberWord(r.Uint64N(4))...)
		}
		return c
	}
	var data []byte
	var err error
	switch r.UintN(12) {
	case 0:
		data = crypto.Keccak256([]byte("currentNonce()"))[:4]
	case 1:
		if data, err = kernel.DangerDelegateCall(one().To, nil); err != nil {
			panic(err)
		}
	case 2:
		if data, err = kernel.Try([]account.Call{one()}); err != nil {
			panic(err)
		}
		data[4] = 0x55 // no way of calling that there is
	case 3, 4, 5:
		data, err = kernel.Execute([]account.Call{one(), one()})
	default:
		data, err = kernel.Execute([]account.Call{one()})
	}
	if err != nil {
		panic(err)
	}
	op := &userop.Op{
		CallData: data, PreVerificationGas: big.NewInt(110_000), VerificationGasLimit: big.NewInt(800_000), CallGasLimit: big.NewInt(50_000),
		MaxFeePerGas: big.NewInt(int64(1 + r.Uint64N(4e9))), MaxPriorityFeePerGas: new(big.Int),
	}
	if r.UintN(4) == 0 {
		op.Paymaster = &smallAddresses[r.IntN(2)]
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(1), big.NewInt(1)
	}
	return op
}
