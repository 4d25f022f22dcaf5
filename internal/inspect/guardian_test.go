package inspect_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// A circle is two guardians with keys at hand, one of them a passkey, and one contract.
type circle struct {
	account common.Address
	key     *ecdsa.PrivateKey
	device  *softkey.Authenticator
	setup   guardian.Setup
	mum     seal.Signer
	bob     seal.Signer
	safe    seal.Signer
}

func newCircle(t testing.TB) *circle {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &circle{account: common.HexToAddress("0x00000000000000000000000000000000000ACC07")}
	var err error
	c.key, err = crypto.ToECDSA(crypto.Keccak256([]byte("mum")))
	must(err)
	c.device, _, _ = device(t, softkey.WithSeed([]byte("bob")))
	c.mum, err = seal.AddressSigner(crypto.PubkeyToAddress(c.key.PublicKey))
	must(err)
	c.bob, err = seal.PasskeySigner(c.device.Credentials()[0].Key, seal.RequireUV)
	must(err)
	c.safe, err = seal.AddressSigner(common.HexToAddress("0x5afe5afe5afe5afe5afe5afe5afe5afe5afe5afe"))
	must(err)
	day := 24 * time.Hour
	c.setup = guardian.Setup{Expiry: 30 * day, ChangeDelay: 8 * day, Freeze: 10 * day, Tiers: []guardian.Tier{{Threshold: 2, Delay: 7 * day,
		Guardians: []guardian.Guardian{{Signer: c.mum, Weight: 1}, {Signer: c.bob, Weight: 1}, {Signer: c.safe, Weight: 1}}}}}.Sorted()
	return c
}

func (c *circle) recovery(t testing.TB) guardian.Recovery {
	t.Helper()
	old, err := seal.AddressSigner(common.HexToAddress("0x01d01d01d01d01d01d01d01d01d01d01d01d01d0"))
	if err != nil {
		t.Fatal(err)
	}
	return guardian.Recovery{Account: c.account, NewSigner: c.bob, Replaces: []seal.Signer{old}, Nonce: big.NewInt(1 << 40),
		Deadline: time.Unix(1_900_000_000, 0).UTC(), ConfigHash: c.setup.Hash()}
}

// signed is the file with all three signatures and the new signer's.
func (c *circle) signed(t testing.TB, m guardian.Message) []byte {
	t.Helper()
	col, err := guardian.Collect(big.NewInt(31337), c.setup, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []seal.Signer{c.mum, c.bob} {
		req, err := guardian.Ask(guardian.Approver{Signer: s, RPID: rpID, Origins: []string{origin}}, m, big.NewInt(31337))
		if err != nil {
			t.Fatal(err)
		}
		digest := req.Challenge().Digest
		var reply account.Approval
		if s == c.mum {
			reply.ECDSA, err = crypto.Sign(digest[:], c.key)
		} else {
			reply.Assertion, err = c.device.Sign(c.device.Credentials()[0].ID, digest[:], rpID, origin)
		}
		if err != nil {
			t.Fatal(err)
		}
		a, err := req.Finish(reply)
		if err == nil {
			err = col.Add(a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := guardian.Contract(c.safe, []byte{1, 2, 3})
	if err == nil {
		err = col.Add(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(col)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatGuardiansSignIsSaidInWords(t *testing.T) {
	c := newCircle(t)
	m := c.recovery(t)
	text := c.signed(t, m)
	r := inspected(t, text, inspect.Options{})
	if !r.OK || r.Readings[0].Kind != "recovery-file" || len(r.Readings[0].Parts) != 4 {
		t.Fatalf("%v %v", kinds(r), codes(r, inspect.Error))
	}
	for i, line := range m.Words() {
		if got := fact(r, "words "+string(rune('1'+i))); got != line {
			t.Errorf("line %d: %q", i+1, got)
		}
	}
	if fact(r, "weight of approvals") != "3 of 2" || fact(r, "digest to be signed") != m.Digest(big.NewInt(31337)).Hex() ||
		!strings.HasPrefix(fact(r, "guardians 1"), "Tier 1: 2 of 3 ") {
		t.Errorf("%+v", r.Readings[0].Facts)
	}
	if got := codes(r, inspect.Warning); !slices.Contains(got, "unverified") {
		t.Errorf("a contract's signature: %v", got)
	}
	verified := 0
	for _, p := range r.Readings[0].Parts {
		for _, f := range p.Facts {
			if f.Name == "signature" && f.Value == "verified" {
				verified++
			}
		}
	}
	if verified != 3 {
		t.Errorf("%d signatures are verified", verified)
	}
	elsewhere := common.HexToAddress("0x00000000000000000000000000000000000E15E0")
	for code, opt := range map[string]inspect.Options{"chain": {ChainID: big.NewInt(1)}, "account": {Account: &elsewhere}} {
		if r := inspected(t, text, opt); r.OK || !slices.Contains(codes(r, inspect.Error), code) {
			t.Errorf("%s: %v", code, codes(r, inspect.Error))
		}
	}
}

func TestAFileThatWasChangedIsRefused(t *testing.T) {
	c := newCircle(t)
	text := string(c.signed(t, c.recovery(t)))
	forged := crypto.PubkeyToAddress(c.key.PublicKey)
	for name, change := range map[string][2]string{
		"another account": {`"account":"` + c.account.Hex(), `"account":"` + forged.Hex()},
		"another chain":   {`"chainId":"31337"`, `"chainId":"1"`},
		"a later date":    {`"deadline":1900000000`, `"deadline":1900000001`},
		"another module":  {`"module":"` + guardian.Module.Hex(), `"module":"` + forged.Hex()},
		"another kind":    {`"kind":"recover"`, `"kind":"freeze"`},
		"more":            {`"kind":"recover"`, `"kind":"recover","more":1`},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if r := inspected(t, []byte(changed), inspect.Options{}); r.OK || !slices.Contains(codes(r, inspect.Error), "recovery-file") {
			t.Errorf("%s: %v %v", name, kinds(r), codes(r, inspect.Error))
		}
	}
}

// Every message, as a wallet is given it: the words are those of the message, and what is not
// exactly the module's own typed data must not be signed.
func TestTypedDataOfGuardiansIsSaidInWords(t *testing.T) {
	c := newCircle(t)
	nonce, at, config := new(big.Int).Lsh(big.NewInt(7), 64), time.Unix(1_900_000_000, 0).UTC(), c.setup.Hash()
	recovery := c.recovery(t)
	recovery.Table = 0x13
	for _, m := range []guardian.Message{
		recovery,
		guardian.CancelRecovery{Account: c.account, Tier: 1, By: 0, Nonce: nonce, ConfigHash: config},
		guardian.CancelAll{Account: c.account, Nonce: nonce},
		guardian.Freeze{Account: c.account, Tier: 1, Nonce: nonce, Deadline: at, ConfigHash: config},
		guardian.Unfreeze{Account: c.account, Nonce: nonce, Deadline: at, ConfigHash: config},
		guardian.Drill{Account: c.account, Nonce: nonce, Date: at, ConfigHash: config},
	} {
		text, err := m.TypedData(big.NewInt(10))
		if err != nil {
			t.Fatal(err)
		}
		r := inspected(t, text, inspect.Options{Account: &c.account})
		if !r.OK || r.Readings[0].Kind != "guardian-typed-data" || fact(r, "words 1") != m.Words()[0] ||
			fact(r, "digest to be signed") != m.Digest(big.NewInt(10)).Hex() {
			t.Errorf("%T: %v %v", m, codes(r, inspect.Error), r.Readings[0].Facts)
		}
		for name, change := range map[string][2]string{
			"module":  {guardian.Module.Hex(), c.account.Hex()},
			"version": {`"version":"1"`, `"version":"2"`},
			"type":    {`"type":"uint256"`, `"type":"uint248"`},
			"nonce":   {`"nonce":"`, `"nonce":"-`},
			"account": {`"account":"0x`, `"account":"`},
		} {
			changed := strings.Replace(string(text), change[0], change[1], -1)
			if changed == string(text) {
				t.Fatalf("%T: %s: nothing was changed in %s", m, name, text)
			}
			if r := inspected(t, []byte(changed), inspect.Options{}); r.OK {
				t.Errorf("%T: another %s is fine", m, name)
			}
		}
		request := inspected(t, []byte(`{"format":"postern/guardian-request/1","digest":"0x","typedData":`+string(text)+`}`), inspect.Options{})
		if !request.OK || fact(request, "words 1") != m.Words()[0] {
			t.Errorf("%T: the request: %v", m, kinds(request))
		}
	}
	tree, err := guardian.NewTree(guardian.Leaf{Message: recovery, ChainID: big.NewInt(1)}, guardian.Leaf{Message: recovery, ChainID: big.NewInt(10)})
	if err != nil {
		t.Fatal(err)
	}
	text, err := tree.TypedData(nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := inspected(t, text, inspect.Options{}); !slices.Contains(codes(r, inspect.Warning), "many-chains") {
		t.Errorf("many chains: %v", codes(r, inspect.Warning))
	}
}

func TestCallsOfTheRecoveryModuleAreSaidInWords(t *testing.T) {
	c := newCircle(t)
	install, err := guardian.Install(c.account, c.setup)
	if err != nil {
		t.Fatal(err)
	}
	r := inspectHex(t, install.Data, inspect.Options{})
	if got := fact(r, "does"); !strings.HasPrefix(got, "let guardians recover this account from now on: Tier 1: 2 of 3") {
		t.Errorf("install: %q", got)
	}
	execute, err := guardian.Execute(c.recovery(t))
	if err != nil {
		t.Fatal(err)
	}
	r = inspectHex(t, execute.Data, inspect.Options{})
	if r.Readings[0].Kind != "guardian-call" || !strings.HasPrefix(fact(r, "does"), "carry out the recovery of the account "+c.account.Hex()) ||
		!slices.Contains(codes(r, inspect.Warning), "beware") {
		t.Errorf("execute: %v %q", kinds(r), fact(r, "does"))
	}
}
