// The pages for session keys repeat in JavaScript what grant, account/kernel and seal do.
// This file writes what Go says to testdata/grant.json; jstest/ compares.

package wallet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

const grantFile = "testdata/grant.json"

type grantVectors struct {
	Generator   string             `json:"generator"`
	Tokens      []tokenVector      `json:"tokens"`
	Zone        string             `json:"zone"`
	Now         uint64             `json:"now"`
	Account     common.Address     `json:"account"`
	Protected   []common.Address   `json:"protected"`
	Grants      []aGrantVector     `json:"grants"`
	Expressions []expressionVector `json:"expressions"`
	Pool        []hexutil.Bytes    `json:"pool"` // every policy once
	Decisions   []decisionVector   `json:"decisions"`
	Kernel      kernelVectors      `json:"kernel"`
}

// decisionVector is what Go says the policies will say about an operation.
type decisionVector struct {
	Policies  []int               `json:"policies"` // of the pool
	Left      []policyStateVector `json:"left"`
	CallData  hexutil.Bytes       `json:"callData"`
	Gas       uint64              `json:"gas"` // of each limit, at 1 gwei
	Paymaster *common.Address     `json:"paymaster,omitempty"`

	Allowed    bool `json:"allowed"`
	Due        bool `json:"due"` // not refused for the time
	Policy     int  `json:"policy"`
	Permission int  `json:"permission"`
	Rule       int  `json:"rule"`
}

type policyStateVector struct {
	Allowed string `json:"allowed"`
	Count   uint64 `json:"count"`
	StartAt uint64 `json:"startAt"`
	ResetAt uint64 `json:"resetAt"`
}

type tokenVector struct {
	Symbol   string         `json:"symbol"`
	Address  common.Address `json:"address"`
	Decimals uint8          `json:"decimals"`
}

// aGrantVector is a grant in bytes, what Go says of it, and what is wrong with it.
type aGrantVector struct {
	Policies []int          `json:"policies"` // of the pool
	Flag     uint16         `json:"flag"`
	Signer   common.Address `json:"signer"`
	Key      hexutil.Bytes  `json:"key"`
	ID       hexutil.Bytes  `json:"id"`
	Enable   common.Hash    `json:"enableHash"` // of the enable data
	Words    []string       `json:"words"`
	InZone   []string       `json:"inZone,omitempty"` // in the zone and the tokens' units, if that differs
	Findings []string       `json:"findings"`
}

type expressionVector struct {
	Text     string         `json:"text"`
	Target   common.Address `json:"target"`
	Refused  bool           `json:"refused,omitempty"`
	Selector hexutil.Bytes  `json:"selector,omitempty"`
	Entry    hexutil.Bytes  `json:"entry,omitempty"`
	Words    string         `json:"words,omitempty"`
	Findings []string       `json:"findings,omitempty"`
}

type kernelVectors struct {
	Accounts  []kernelAccountVector `json:"accounts"`
	Approvals []approvalVector      `json:"approvals"`
	Calls     []kernelCallVector    `json:"calls"`
	Seals     []kernelSealVector    `json:"seals"`
}

type kernelAccountVector struct {
	Version     kernel.Version `json:"version"`
	Kind        string         `json:"kind"`
	Key         hexutil.Bytes  `json:"key"`
	Index       uint64         `json:"index"`
	Address     string         `json:"address"`
	Factory     string         `json:"factory"`
	FactoryData hexutil.Bytes  `json:"factoryData"`
	RootKey     string         `json:"rootKey"`
	ChainID     uint64         `json:"chainId"`
	Nonce       uint32         `json:"nonce"`
	Grant       int            `json:"grant"`
	Lane        uint16         `json:"lane"`
	UseKey      string         `json:"useKey"`
	EnableKey   string         `json:"enableKey"`
	Digest      common.Hash    `json:"digest"`
	TypedData   string         `json:"typedData"`
	Uninstall   hexutil.Bytes  `json:"uninstall"`
	Invalidate  hexutil.Bytes  `json:"invalidate"`
}

// approvalVector is what an owner signed of three approvals: the first alone, or all at once.
type approvalVector struct {
	Kind      string        `json:"kind"`
	Key       hexutil.Bytes `json:"key"`
	Digest    common.Hash   `json:"digest"`
	Signature hexutil.Bytes `json:"signature"`
}

type kernelCallVector struct {
	Calls []callVector  `json:"calls"`
	Data  hexutil.Bytes `json:"data"`
}

type callVector struct {
	To    string        `json:"to"`
	Value string        `json:"value"`
	Data  hexutil.Bytes `json:"data"`
}

type kernelSealVector struct {
	AuthData    hexutil.Bytes `json:"authenticatorData"`
	ClientData  string        `json:"clientDataJSON"`
	Signature   hexutil.Bytes `json:"signature"` // r ‖ s
	Precompiled bool          `json:"precompiled"`
	Sealed      hexutil.Bytes `json:"sealed"`
	Approval    hexutil.Bytes `json:"approval"`
	Grant       int           `json:"grant"`
	First       hexutil.Bytes `json:"first"`
	StubLength  int           `json:"stubLength"` // of Go, for the origin
	Origin      string        `json:"origin"`
	Challenge   common.Hash   `json:"challenge"`
	Personal    common.Hash   `json:"personal"`
}

func TestGrantVectorsAreWhatGoSays(t *testing.T) {
	want := makeGrantVectors(t)
	if *update {
		if err := os.WriteFile(grantFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(grantFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date; run: go test ./wallet -run Vectors -update", grantFile)
	}
}

var (
	usdc      = grant.Token{Symbol: "USDC", Address: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), Decimals: 6}
	pen       = grant.Token{Symbol: "PEN", Address: common.HexToAddress("0x00000000000000000000000000000000DeaDBeef"), Decimals: 0}
	tokens    = grant.Tokens{usdc, pen}
	owned     = common.HexToAddress("0xC5A8b9c0B1eC8e0B4D35f2EfC5EeA0cd7e1a3F01")
	protected = []common.Address{common.HexToAddress("0x845ADb2C711129d4f3966735eD98a9F09fC4cE57")}
)

const grantNow, grantZone = 1_800_000_000, "Europe/Berlin"

func makeGrantVectors(t *testing.T) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 7))
	v := grantVectors{
		Generator: "go test ./wallet -run Vectors -update", Zone: grantZone, Now: grantNow, Account: owned, Protected: protected,
		Tokens: []tokenVector{tokenVector(usdc), tokenVector(pen)},
	}
	for _, e := range expressions {
		v.Expressions = append(v.Expressions, expressionOf(t, e.text, e.target))
	}
	permissions := []kernel.Permission{}
	for _, g := range someGrants(t, r) {
		vector, p := grantOf(t, r, g, &v.Pool)
		v.Grants, permissions = append(v.Grants, vector), append(permissions, p)
	}
	for range 150 {
		v.Decisions = append(v.Decisions, decisionOf(t, r, &v.Pool))
	}
	v.Kernel = kernelOf(t, r, permissions)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// someGrants are each policy that ZeroDev's SDK wrote for package grant, and what people grant.
func someGrants(t *testing.T, r *rand.Rand) []grant.Grant {
	t.Helper()
	text, err := os.ReadFile("../grant/testdata/kernel-encodings.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Policies []struct{ Info, Data hexutil.Bytes }
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	var all []grant.Policy
	for _, p := range golden.Policies {
		q, err := grant.DecodeKernelEntry(slices.Concat(p.Info, p.Data))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, q)
	}
	var out []grant.Grant
	for _, p := range all {
		out = append(out, grant.Grant{Policies: []grant.Policy{p}})
	}
	for range 40 { // several at once, in any order
		g := grant.Grant{Flag: grant.Flag(r.IntN(4))}
		for range r.IntN(4) {
			g.Policies = append(g.Policies, all[r.IntN(len(all))])
		}
		out = append(out, g)
	}
	call := func(text string, target common.Address, value int64) grant.Permission {
		p, err := grant.ParseCall(text, target, tokens)
		if err != nil {
			t.Fatal(err)
		}
		p.ValueLimit, p.Function = big.NewInt(value), nil // as the chain has it
		return p
	}
	closed := &grant.SignatureCaller{}
	add := func(p ...grant.Policy) { out = append(out, grant.Grant{Policies: p}) }
	for _, e := range expressions {
		if p, err := grant.ParseCall(e.text, e.target, tokens); err == nil {
			p.Function = nil
			for i := range p.Rules {
				p.Rules[i].Slice = nil
			}
			add(&grant.Call{Permissions: []grant.Permission{p}}, closed, &grant.Timestamp{ValidUntil: grantNow + 86400})
		}
	}
	pay := call("transfer(address to, uint256 amount) where amount <= 5 USDC", usdc.Address, 0)
	add(&grant.Call{Permissions: []grant.Permission{pay, {Target: owned}, {ValueLimit: big.NewInt(1e15)}}},
		&grant.Gas{Allowed: big.NewInt(1e16)}, &grant.RateLimit{Interval: 86400, Count: 3, StartAt: grantNow - 10*86400},
		&grant.Timestamp{ValidAfter: grantNow, ValidUntil: grantNow + 30*86400}, &grant.SignatureCaller{Callers: []common.Address{usdc.Address}})
	add(&grant.Call{Permissions: []grant.Permission{pay, pay, call("approve(address s, uint256 n)", usdc.Address, 1), call("upgradeTo(address a)", common.Address{}, 0)}}, closed)
	add(&grant.Gas{Allowed: big.NewInt(7), Paymaster: owned}, &grant.Gas{EnforcePaymaster: true}, &grant.Gas{Allowed: big.NewInt(1), EnforcePaymaster: true, Paymaster: owned})
	add(&grant.RateLimit{Interval: 60, Count: 1}, &grant.RateLimit{Reset: true, Count: 2}, &grant.RateLimit{Count: 9, StartAt: 4e10})
	add(&grant.Timestamp{}, &grant.Timestamp{ValidUntil: 1 << 40}, &grant.Timestamp{ValidAfter: 5, ValidUntil: 5}, &grant.Timestamp{ValidUntil: grantNow}, &grant.Sudo{})
	add(&grant.SignatureCaller{Callers: []common.Address{{}, owned, owned, usdc.Address, common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")}})
	add(&grant.Opaque{Base: grant.Base{Address: owned, Flags: 4}, Data: []byte{1, 2, 3}}, &grant.Opaque{Base: grant.Base{Address: pen.Address}, Data: make([]byte, 100)})
	entryPoint := common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032")
	permit2 := common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")
	for _, to := range []common.Address{owned, entryPoint, permit2, protected[0], grant.KernelContracts()[3].Address} {
		add(&grant.Call{Permissions: []grant.Permission{{Target: to}, {Target: to, CallType: grant.CallDelegate, Selector: [4]byte{1}}}})
	}
	return out
}

// grantOf is what Go says of a grant to a key.
func grantOf(t *testing.T, r *rand.Rand, g grant.Grant, pool *[]hexutil.Bytes) (aGrantVector, kernel.Permission) {
	t.Helper()
	signer, key := kernel.ECDSASigner(address(r)), hexutil.Bytes(nil)
	if r.IntN(2) == 0 {
		signer = kernel.WebAuthnSigner(firstKey(t, softkey.New(softkey.WithSeed(some(r, 8)))), common.BytesToHash(some(r, 32)))
	}
	key = signer.Data
	p := kernel.Permission{Signer: signer, Flag: uint16(g.Flag), Policies: [][]byte{}}
	v := aGrantVector{Flag: p.Flag, Signer: signer.Contract, Key: key, Policies: []int{}, Findings: []string{}}
	for _, q := range g.Policies {
		entry, err := grant.KernelEntry(q)
		if err != nil {
			t.Fatal(err)
		}
		p.Policies, v.Policies = append(p.Policies, entry), append(v.Policies, in(pool, entry))
	}
	id := p.ID()
	v.ID, v.Enable = id[:], crypto.Keccak256Hash(p.EnableData())
	v.Words = grant.Words(g, grant.Style{})
	g.Tokens, g.Zone = tokens, grantZone
	if in := grant.Words(g, grant.Style{}); !slices.Equal(in, v.Words) {
		v.InZone = in
	}
	facts := grant.Facts{Now: grantNow, Account: owned, Protected: protected, Signer: signer.Contract, Portable: true}
	for _, f := range grant.Check(g, facts) {
		v.Findings = append(v.Findings, finding(f))
	}
	return v, p
}

func finding(f grant.Finding) string {
	return fmt.Sprintf("%s %s %d %d", f.Level, f.Code, f.Policy, f.Permission)
}

var expressions = []struct {
	text   string
	target common.Address
}{
	{"transfer(address to, uint256 amount)", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0xC5A8b9c0b1EC8E0b4D35f2EfC5EEA0cd7e1a3F01, USDC]", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 5 USDC", pen.Address},
	{"transfer(address to, uint256 amount) where amount <= 5 USDC", common.Address{}},
	{"transfer(address to, uint256 amount) where amount <= 0.0000001 USDC", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 1_000.5", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 1_000.5 USDC", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 5 USDC or amount = 9", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 0xffffffffffffffffffffffffffffffff", usdc.Address},
	{"transfer(address to, uint256 amount) where amount <= 0x100000000000000000000000000000000", usdc.Address},
	{"transfer(address to, uint256 amount) where amount > 0x10 and amount != 0x20 and amount >= 0 and amount < 1", usdc.Address},
	{"function approve(address spender, uint amount) where spender = 0x00000000000000000000000000000000DeaDBeef and amount <= 0.5 ETH", owned},
	{"approve(address spender, uint256 amount) where spender = 0x00000000000000000000000000000000DeaDBeeF", owned},
	{"setApprovalForAll(address operator, bool approved) where approved = false", owned},
	{"approveAndCall(address spender, uint256 amount, bytes data) where amount <= 0.5 USDC", usdc.Address},
	{"approve(address a, address b, uint160 c, uint48 d)", owned},
	{"authorizeOperator(address operator) where operator = 0x00000000000000000000000000000000DeaDBeef", owned},
	{"onInstall(bytes data)", common.Address{}},
	{"vote(uint8 kind, bool yes, int8 n) where kind >= 3 and yes = true and n = 5", owned},
	{"vote(uint8 kind) where kind = 256", owned},
	{"vote(int8 n) where n < 5", owned},
	{"vote(int8 n) where n = 128", owned},
	{"set(bytes32 key, bytes4 tag) where tag = 0xdeadbeef and key != 0xabababababababababababababababababababababababababababababababab", owned},
	{"set(bytes4 tag) where tag = 0xdeadbe", owned},
	{"post(uint256 id, string text) where text[0:5] = \"hello\" and $0 = 7", owned},
	{"post(uint256 id, string text) where text = \"hello\"", owned},
	{"run(bytes data, uint256) where data[4:8] = 0xdeadbeef and $1 in [1, 2,3]", owned},
	{"run(bytes data) where data[4:9] = 0xdeadbeef", owned},
	{"run(uint256 n) where n in [1, 1]", owned},
	{"swap((address a, bytes b) p, uint256[] path, uint256[3] three, uint256 min) where min >= 5", owned},
	{"swap((address a, uint b)[2] calldata p, uint256 min) where min >= 5", owned},
	{"swap(tuple(address a) p) where p = 1", owned},
	{"nothing()", owned},
	{"nothing() where x = 1", owned},
	{"f(address a, address a)", owned},
	{"f(uint7 a)", owned},
	{"f(uint256[0] a)", owned},
	{"f(uint256 a", owned},
	{"f(uint256 a))", owned},
	{"f(uint256 a) where a = 1 and", owned},
	{"f(uint256 a) where a ~ 1", owned},
	{"f(uint256 a) where a = \"1", owned},
	{"", owned},
	{"1f()", owned},
}

// expressionOf is what Go makes of an expression.
func expressionOf(t *testing.T, text string, target common.Address) expressionVector {
	t.Helper()
	p, err := grant.ParseCall(text, target, tokens)
	if err != nil {
		return expressionVector{Text: text, Target: target, Refused: true}
	}
	policy := &grant.Call{Permissions: []grant.Permission{p}}
	entry, err := grant.KernelEntry(policy)
	if err != nil {
		t.Fatal(err)
	}
	g := grant.Grant{Policies: []grant.Policy{policy}, Tokens: tokens}
	v := expressionVector{Text: text, Target: target, Selector: p.Selector[:], Entry: entry, Words: grant.Words(g, grant.Style{})[0]}
	for _, f := range grant.Check(g, grant.Facts{}) {
		v.Findings = append(v.Findings, finding(f))
	}
	return v
}

// in is where an entry stands in the pool.
func in(pool *[]hexutil.Bytes, entry []byte) int {
	at := slices.IndexFunc(*pool, func(e hexutil.Bytes) bool { return bytes.Equal(e, entry) })
	if at < 0 {
		at, *pool = len(*pool), append(*pool, entry)
	}
	return at
}

// decisionOf is about an operation that often is within the limits, and often just is not.
func decisionOf(t *testing.T, r *rand.Rand, pool *[]hexutil.Bytes) decisionVector {
	t.Helper()
	pick := func(of ...uint64) uint64 { return of[r.IntN(len(of))] }
	vote, err := grant.ParseCall("vote(uint256 id, uint8 choice, string why) where id in [7, 8] and choice <= 2 and why[0:2] = \"no\"", owned, nil)
	if err != nil {
		t.Fatal(err)
	}
	pay, err := grant.ParseCall("transfer(address to, uint256 amount) where amount <= 5 USDC and amount > 1 and to != USDC", usdc.Address, tokens)
	if err != nil {
		t.Fatal(err)
	}
	if r.IntN(3) == 0 {
		pay.Target = common.Address{}
	}
	g := grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: []grant.Permission{vote, pay, {Target: owned, ValueLimit: big.NewInt(9)}}}}}
	gas := &grant.Gas{Allowed: big.NewInt(3e14)}
	if r.IntN(3) == 0 {
		gas.EnforcePaymaster, gas.Paymaster = true, pen.Address
	}
	for _, p := range []grant.Policy{gas, &grant.RateLimit{Count: pick(0, 1, 5, 5, 5), Interval: pick(0, 60), StartAt: pick(0, 0, grantNow-60, grantNow+1)},
		&grant.RateLimit{Reset: true, Count: pick(0, 2, 2, 2), Interval: 60}, &grant.Timestamp{ValidAfter: pick(0, 0, grantNow, grantNow+1), ValidUntil: pick(0, 0, grantNow-1, grantNow, grantNow+9)}} {
		if r.IntN(2) == 0 {
			g.Policies = append(g.Policies, p)
		}
	}
	r.Shuffle(len(g.Policies), func(i, j int) { g.Policies[i], g.Policies[j] = g.Policies[j], g.Policies[i] })
	v := decisionVector{Gas: pick(1, 1, 100_000, 100_001), Policy: -1, Permission: -1, Rule: -1}
	if r.IntN(2) == 0 {
		v.Paymaster = &[]common.Address{pen.Address, owned}[r.IntN(2)]
	}
	var calls []account.Call
	for range pick(1, 1, 1, 2) {
		calls = append(calls, someCall(t, r, pick))
	}
	if v.CallData, err = kernel.Execute(calls); err != nil {
		t.Fatal(err)
	}
	if r.IntN(20) == 0 {
		v.CallData = some(r, r.IntN(40))
	}
	state := g.NewState(grantNow)
	for i, p := range g.Policies {
		entry, err := grant.KernelEntry(p)
		if err != nil {
			t.Fatal(err)
		}
		s := &state.Policies[i]
		if s.Count > 0 && r.IntN(3) == 0 {
			s.Count--
			s.ResetAt = pick(0, grantNow, grantNow+1)
		}
		left := policyStateVector{Allowed: "0", Count: s.Count, StartAt: s.StartAt, ResetAt: s.ResetAt}
		if s.Allowed != nil {
			left.Allowed = s.Allowed.String()
		}
		v.Policies, v.Left = append(v.Policies, in(pool, entry)), append(v.Left, left)
	}
	limit := new(big.Int).SetUint64(v.Gas)
	d := g.Decide(state, &userop.Op{CallData: v.CallData, CallGasLimit: limit, VerificationGasLimit: limit, PreVerificationGas: limit, MaxFeePerGas: big.NewInt(1e9), Paymaster: v.Paymaster})
	v.Allowed, v.Due = d.Allowed, true
	if f := d.Refusal; f != nil {
		v.Due, v.Policy, v.Permission, v.Rule = f.Reason != grant.NotDue, f.Policy, f.Permission, f.Rule
	}
	return v
}

// someCall is near what the policies of decisionOf allow.
func someCall(t *testing.T, r *rand.Rand, pick func(...uint64) uint64) account.Call {
	t.Helper()
	word := func(n uint64) []byte { return common.BigToHash(new(big.Int).SetUint64(n)).Bytes() }
	switch r.IntN(4) {
	case 0:
		return account.Call{To: []common.Address{owned, owned, owned, pen.Address}[r.IntN(4)], Value: new(big.Int).SetUint64(pick(0, 9, 9, 10))}
	case 1:
		vote := crypto.Keccak256([]byte("vote(uint256,uint8,string)"))[:4]
		why := []string{"no", "no", "nope", "nobody", "yes", "n"}[r.IntN(6)]
		data := slices.Concat(vote, word(pick(7, 7, 8, 8, 9)), word(pick(0, 1, 2, 2, 3)), word(pick(96, 96, 96, 96, 96, 500)), word(uint64(len(why))), common.RightPadBytes([]byte(why), 32))
		return account.Call{To: owned, Data: data[:len(data)-int(pick(0, 0, 0, 0, 0, 0, 64))]}
	default:
		to := []common.Address{usdc.Address, usdc.Address, usdc.Address, pen.Address}[r.IntN(4)]
		data := slices.Concat(crypto.Keccak256([]byte("transfer(address,uint256)"))[:4], common.LeftPadBytes([]common.Address{owned, owned, owned, usdc.Address}[r.IntN(4)].Bytes(), 32), word(pick(1, 2, 2, 99, 5_000_000, 5_000_000, 5_000_001)))
		return account.Call{To: to, Data: data[:len(data)-int(pick(0, 0, 0, 0, 0, 1))]}
	}
}
