package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// npm reads a file of the installed packages, or skips the test.
func npm(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../interop/js/node_modules", name))
	if err != nil {
		t.Skipf("SKIPPED, compared with nothing: %v (npm ci in interop/js installs it)", err)
	}
	return b
}

func TestTheTableOfChainsIsThatOfThePackage(t *testing.T) {
	text := string(npm(t, "@metamask/delegation-deployments/dist/index.mjs"))
	ids := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): ([0-9e]+)`).FindAllStringSubmatch(text[strings.Index(text, "CHAIN_ID"):], -1) {
		ids[m[1]] = m[2]
	}
	of130 := text[strings.Index(text, `"1.3.0": {`):]
	var want []hybrid.ChainOfTable
	for _, m := range regexp.MustCompile(`CHAIN_ID\.(\w+)\]: DEPLOYMENTS_1_3_0`).FindAllStringSubmatch(of130, -1) {
		id, err := strconv.ParseFloat(ids[m[1]], 64) // 5e3 is one of them
		if err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		want = append(want, hybrid.ChainOfTable{ID: uint64(id), Name: m[1]})
	}
	want = append(want, hybrid.ChainOfTable{ID: devnet.DefaultChainID, Name: "development"})
	got := hybrid.TableOfChains()
	if len(got) != len(want) || len(got) < 40 {
		t.Fatalf("%d chains, the package has %d and the development chain", len(got), len(want)-1)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("chain %d is %v, the package has %v", i, got[i], want[i])
		}
	}
	d := hybrid.V130()
	block := text[strings.Index(text, "DEPLOYMENTS_1_3_0 = {"):]
	block = block[:strings.Index(block, "};")]
	for name, addr := range map[string]common.Address{"DelegationManager": d.DelegationManager, "EntryPoint": d.EntryPoint.Address(),
		"SimpleFactory": d.Factory, "HybridDeleGatorImpl": d.Implementation, "EIP7702StatelessDeleGatorImpl": d.Stateless} {
		if !strings.Contains(block, name+`: "`+addr.Hex()+`"`) {
			t.Errorf("the package has another %s than %s", name, addr)
		}
	}
}

func TestTheAddressesFollowFromTheBytecode(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := set.Framework()
	if err != nil {
		t.Fatal(err)
	}
	d := hybrid.V130()
	want := map[string]common.Address{artifacts.P256Library: d.P256, artifacts.DelegationManager: d.DelegationManager,
		artifacts.SimpleFactory: d.Factory, artifacts.HybridDeleGator: d.Implementation, artifacts.StatelessDeleGator: d.Stateless}
	for _, c := range list {
		if got := hybrid.Create2(artifacts.Deployer, c.Salt, c.Code); got != want[c.Name] {
			t.Errorf("%s: CREATE2 gives %s, the table has %s", c.Name, got, want[c.Name])
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("no bytecode of %v", want)
	}
	for _, ep := range []userop.EntryPoint{userop.V08, userop.V09} {
		c, err := set.Stateless(ep.Address())
		if err != nil {
			t.Fatal(err)
		}
		d, err := hybrid.V130For(ep)
		if err != nil {
			t.Fatal(err)
		}
		if got := hybrid.Create2(artifacts.Deployer, c.Salt, c.Code); got != d.Stateless {
			t.Errorf("stateless for %s: CREATE2 gives %s, the table has %s", ep, got, d.Stateless)
		}
	}
}

func TestTheProxyIsThatOfThePackage(t *testing.T) {
	module := npm(t, "@metamask/delegation-abis/dist/bytecode/ERC1967Proxy.mjs")
	m := regexp.MustCompile(`"(0x[0-9a-f]+)"`).FindSubmatch(module)
	if m == nil || !bytes.Equal(hexutil.MustDecode(string(m[1])), hybrid.ProxyCode()) {
		t.Error("the proxy's creation code is another one")
	}
}

func TestForChain(t *testing.T) {
	for _, id := range []int64{1, 8453, 11155111, 5000, 31337} {
		for _, v := range []string{"", "1.3.0"} {
			if d, err := hybrid.ForChain(big.NewInt(id), v); err != nil || d != hybrid.V130() {
				t.Errorf("chain %d: %v", id, err)
			}
		}
	}
	for name, c := range map[string]struct {
		id      *big.Int
		version string
	}{
		"another chain":   {big.NewInt(31338), ""},
		"no chain":        {nil, ""},
		"a negative one":  {big.NewInt(-1), ""},
		"a huge one":      {new(big.Int).Lsh(big.NewInt(1), 70), ""},
		"an old version":  {big.NewInt(1), "1.1.0"},
		"hostile version": {big.NewInt(1), strings.Repeat("x", 1e5)},
	} {
		_, err := hybrid.ForChain(c.id, c.version)
		e, ok := errors.AsType[*hybrid.NoDeploymentError](err)
		if !ok || e.Hint() == "" || len(e.Error()) > 200 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := hybrid.V130For(userop.V06); !errors.As(err, new(*hybrid.EntryPointError)) {
		t.Errorf("EntryPoint 0.6: %v", err)
	}
	if d, err := hybrid.V130For(userop.V07); err != nil || d != hybrid.V130() {
		t.Errorf("EntryPoint 0.7: %v", err)
	}
}

// codeChain answers with other code than the chain has.
type codeChain struct {
	account.Chain
	codes map[common.Address][]byte
}

func (c codeChain) Code(ctx context.Context, addr common.Address) ([]byte, error) {
	if code, ok := c.codes[addr]; ok {
		return code, nil
	}
	return c.Chain.Code(ctx, addr)
}

func TestCheckKnowsTheContractsOnBothRulesAndNoOthers(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, rules)
		d := hybrid.V130()
		if err := d.Check(t.Context(), b.chain); err != nil {
			t.Fatal(err)
		}
		for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
			d := must[hybrid.Deployment](t)(hybrid.V130For(ep))
			if err := d.CheckStateless(t.Context(), b.chain); err != nil {
				t.Errorf("%s: %v", ep, err)
			}
			if err := d.Check(t.Context(), b.chain); (err == nil) != (ep == userop.V07) {
				t.Errorf("a Hybrid account on %s: %v", ep, err)
			}
		}
	}
	b := newBench(t, devnet.Osaka)
	d := hybrid.V130()
	for name, addr := range map[string]common.Address{"SimpleFactory": d.Factory, "HybridDeleGator": d.Implementation,
		"DelegationManager": d.DelegationManager, "SCL_RIP7212": d.P256} {
		code := must[[]byte](t)(b.chain.Code(t.Context(), addr))
		for i := 0; i < len(code); i += 997 { // some of the bytes; the hash covers all of them
			other := bytes.Clone(code)
			other[i] ^= 1
			err := d.Check(t.Context(), codeChain{Chain: b.chain, codes: map[common.Address][]byte{addr: other}})
			if e, ok := errors.AsType[*hybrid.CodeError](err); !ok || e.Address != addr || e.Name != name || e.Missing || e.Hint() == "" {
				t.Errorf("%s with byte %d changed: %v", name, i, err)
			}
		}
		err := d.Check(t.Context(), codeChain{Chain: b.chain, codes: map[common.Address][]byte{addr: nil}})
		if e, ok := errors.AsType[*hybrid.CodeError](err); !ok || e.Address != addr || !e.Missing {
			t.Errorf("%s is missing: %v", name, err)
		}
	}

	// The right code for other contracts: whoever is the DelegationManager of an
	// implementation can do everything with its accounts.
	elsewhere := common.HexToAddress("0x00000000000000000000000000000000deadbeef")
	for name, change := range map[string]func(*hybrid.Deployment){
		"manager": func(d *hybrid.Deployment) { d.DelegationManager = elsewhere },
		"library": func(d *hybrid.Deployment) { d.P256 = elsewhere },
	} {
		other := d
		change(&other)
		codes := map[common.Address][]byte{elsewhere: must[[]byte](t)(b.chain.Code(t.Context(), d.DelegationManager))}
		if name == "library" {
			codes[elsewhere] = bytes.ReplaceAll(must[[]byte](t)(b.chain.Code(t.Context(), d.P256)), d.P256[:], elsewhere[:])
		}
		if err := other.Check(t.Context(), codeChain{Chain: b.chain, codes: codes}); !errors.As(err, new(*hybrid.CodeError)) {
			t.Errorf("an implementation made for another %s: %v", name, err)
		}
	}
	for _, broken := range []hybrid.Deployment{{}, {EntryPoint: userop.V07}, {EntryPoint: userop.V08, Factory: d.Factory}} {
		if err := broken.Check(t.Context(), b.chain); err == nil {
			t.Errorf("%+v passes", broken)
		}
	}
}

// TestTheCodeHashesAreThoseOfMetaMasksCode makes the table's hashes again, of the
// code that MetaMask's own creation code makes on a chain.
func TestTheCodeHashesAreThoseOfMetaMasksCode(t *testing.T) {
	b := newBenchOf(t, devnet.Config{ChainID: 8453})
	d := hybrid.V130()
	table := hybrid.CodeHashes()
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: addressOf(newKey("codes"))}))
	deploy(t, b, acct)
	for name, addr := range map[string]common.Address{"SimpleFactory": d.Factory, "HybridDeleGator": d.Implementation,
		"DelegationManager": d.DelegationManager, "SCL_RIP7212": d.P256, "EIP7702StatelessDeleGator": d.Stateless, "ERC1967Proxy": acct.Address()} {
		code := must[[]byte](t)(b.chain.Code(t.Context(), addr))
		if got := hybrid.MaskedHash(d, name, addr, b.id, code); got != table[name] {
			t.Errorf("%s is %s, the table has %s", name, got, table[name])
		}
	}
}

// deploy puts an account on the chain by its factory, which anybody may call.
func deploy(t testing.TB, b *bench, acct *hybrid.Account) {
	t.Helper()
	factory, data := acct.Factory()
	b.transact(t, factory, data)
}

// elsewhere puts the framework at other addresses, as the kit's
// deploySmartAccountsEnvironment does.
func elsewhere(t testing.TB, b *bench) hybrid.Deployment {
	t.Helper()
	list := must[[]artifacts.Creation](t)(must[*artifacts.Set](t)(artifacts.Open(t.Context(), artifacts.Options{})).Framework())
	d := hybrid.V130()
	moved := map[common.Address]common.Address{}
	for _, c := range list {
		code := bytes.Clone(c.Code)
		for from, to := range moved {
			code = bytes.ReplaceAll(code, from[:], to[:])
		}
		b.transact(t, artifacts.Deployer, append(common.LeftPadBytes([]byte{7}, 32), code...))
		moved[c.Address] = hybrid.Create2(artifacts.Deployer, [32]byte{31: 7}, code)
	}
	for _, a := range []*common.Address{&d.Factory, &d.Implementation, &d.DelegationManager, &d.P256, &d.Stateless} {
		*a = moved[*a]
	}
	return d
}

func TestADeploymentElsewhereWorks(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	d := elsewhere(t, b)
	if d.Factory == hybrid.V130().Factory {
		t.Fatal("nothing moved")
	}
	if err := d.Check(t.Context(), b.chain); err != nil {
		t.Error(err)
	}
	if err := d.CheckStateless(t.Context(), b.chain); err != nil {
		t.Error(err)
	}
	mixed := d
	mixed.Implementation = hybrid.V130().Implementation // has another DelegationManager
	if err := mixed.Check(t.Context(), b.chain); !errors.As(err, new(*hybrid.CodeError)) {
		t.Errorf("mixed deployments: %v", err)
	}
	owner := newKey("elsewhere")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: addressOf(owner)}))
	b.fund(t, acct.Address())
	auth := must[*hybrid.Authority](t)(acct.Authority(hybrid.OwnerApprover{Address: addressOf(owner)}))
	if r := b.do(t, acct, auth, approveECDSA(owner), []account.Call{{To: target}}); !r.Success {
		t.Errorf("the operation reverted: %s", r.Reason)
	}
	if _, err := hybrid.At(t.Context(), b.chain, acct.Address()); !errors.As(err, new(*hybrid.NotHybridError)) {
		t.Errorf("opened as one of MetaMask's: %v", err)
	}
	if _, err := hybrid.At(t.Context(), b.chain, acct.Address(), hybrid.WithDeployment(d)); err != nil {
		t.Error(err)
	}
}
