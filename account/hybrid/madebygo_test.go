package hybrid_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

var update = flag.Bool("update", false, "write testdata/made-by-go.json")

// What Go makes, in the shape of kit.json (interop/js/hybrid/kit.mjs describes it),
// for the kit and the real contracts to judge. Besides, an operation with raw is
// signed by a bare P-256 key, which the kit cannot.
type (
	madeFile struct {
		Note     string        `json:"note"`
		Accounts []madeAccount `json:"accounts"`
	}
	madeAccount struct {
		Name           string           `json:"name"`
		ChainID        uint64           `json:"chainId"`
		Implementation string           `json:"implementation"`
		Address        checksummed      `json:"address"`
		Owner          checksummed      `json:"owner"`
		OwnerKey       hexutil.Bytes    `json:"ownerKey,omitempty"`
		Credentials    []madeCredential `json:"credentials"`
		Deploy         *madeDeploy      `json:"deploy,omitempty"`
		Stubs          madeStubs        `json:"stubs"`
		Messages       []madeMessage    `json:"messages"`
		Ops            []madeOp         `json:"ops"`
	}
	madeCredential struct {
		ID        string        `json:"id"`
		PublicKey hexutil.Bytes `json:"publicKey"`
		X         common.Hash   `json:"x"`
		Y         common.Hash   `json:"y"`
		KeyID     string        `json:"keyId"`
		KeyIDHash common.Hash   `json:"keyIdHash"`
		RPID      string        `json:"rpId"`
		Origin    string        `json:"origin"`
	}
	madeDeploy struct {
		Salt        hexutil.Bytes `json:"salt"`
		Owner       checksummed   `json:"owner"`
		Keys        []int         `json:"keys"`
		Factory     checksummed   `json:"factory"`
		FactoryData hexutil.Bytes `json:"factoryData"`
	}
	madeStubs struct {
		Owner    hexutil.Bytes   `json:"owner"`
		Passkeys []hexutil.Bytes `json:"passkeys"`
	}
	madeMessage struct {
		Message   string         `json:"message"`
		Hash      common.Hash    `json:"hash"`
		Signer    any            `json:"signer"` // "owner" or the index of a credential
		Signature hexutil.Bytes  `json:"signature"`
		Assertion *madeAssertion `json:"assertion,omitempty"`
	}
	madeOp struct {
		Label      string          `json:"label"`
		Deployed   bool            `json:"deployed"`
		Signer     any             `json:"signer"`
		Raw        bool            `json:"raw,omitempty"`
		Calls      []madeCall      `json:"calls"`
		Wire       json.RawMessage `json:"wire"`
		Packed     *madePacked     `json:"packed"`
		UserOpHash common.Hash     `json:"userOpHash"`
		Digest     common.Hash     `json:"signedTypedDataHash"`
		Assertion  *madeAssertion  `json:"assertion,omitempty"`
	}
	madeCall struct {
		To    checksummed   `json:"to"`
		Value *hexutil.Big  `json:"value"`
		Data  hexutil.Bytes `json:"data"`
	}
	madePacked struct {
		Sender             checksummed   `json:"sender"`
		Nonce              *hexutil.Big  `json:"nonce"`
		InitCode           hexutil.Bytes `json:"initCode"`
		CallData           hexutil.Bytes `json:"callData"`
		AccountGasLimits   common.Hash   `json:"accountGasLimits"`
		PreVerificationGas *hexutil.Big  `json:"preVerificationGas"`
		GasFees            common.Hash   `json:"gasFees"`
		PaymasterAndData   hexutil.Bytes `json:"paymasterAndData"`
		Signature          hexutil.Bytes `json:"signature"`
	}
	madeAssertion struct {
		Challenge         common.Hash   `json:"challenge"`
		AuthenticatorData hexutil.Bytes `json:"authenticatorData"`
		ClientDataJSON    string        `json:"clientDataJSON"`
		DER               hexutil.Bytes `json:"der"`
	}
)

// checksummed is an address as the kit writes and compares it.
type checksummed common.Address

func (a checksummed) MarshalText() ([]byte, error) { return []byte(common.Address(a).Hex()), nil }

// maker makes one account of the file.
type maker struct {
	t       *testing.T
	out     madeAccount
	chainID *big.Int
	owner   string // seed of its key; "" for none
	devices []*device
	acct    account.Account
	auth    func(hybrid.Approver) *hybrid.Authority
	nonce   uint64
}

func platform(t *testing.T, seed string, q softkey.Quirks) *device {
	d := newDevice(t, seed)
	d.SetQuirks(q)
	return d
}

func newMaker(t *testing.T, name string, chainID uint64, owner string, devices ...*device) *maker {
	m := &maker{t: t, chainID: bigChain(chainID), owner: owner, devices: devices}
	m.out = madeAccount{Name: name, ChainID: chainID, Credentials: []madeCredential{}}
	if owner != "" {
		m.out.Owner, m.out.OwnerKey = checksummed(addressOf(newKey(owner))), crypto.FromECDSA(newKey(owner))
	}
	for _, d := range devices {
		x, y := d.key.Public.X(), d.key.Public.Y()
		m.out.Credentials = append(m.out.Credentials, madeCredential{ID: base64.RawURLEncoding.EncodeToString(d.Credentials()[0].ID),
			PublicKey: d.key.Public.Raw(), X: x, Y: y, KeyID: d.key.ID, KeyIDHash: d.key.Hash, RPID: rpID, Origin: origin})
	}
	return m
}

func (m *maker) ownerAddress() common.Address { return common.Address(m.out.Owner) }

// hybrid creates the account with the keys of some of the devices.
func (m *maker) hybrid(salt []byte, keys ...int) *maker {
	c := hybrid.Config{Deployment: hybrid.V130(), Owner: m.ownerAddress(), Salt: common.BytesToHash(salt)}
	var all []hybrid.Key
	for _, d := range m.devices {
		all = append(all, d.key)
	}
	for _, i := range keys {
		c.Keys = append(c.Keys, all[i])
	}
	a := must[*hybrid.Account](m.t)(hybrid.New(c))
	factory, data := a.Factory()
	m.out.Deploy = &madeDeploy{Salt: salt, Owner: checksummed(c.Owner), Keys: append([]int{}, keys...), Factory: checksummed(factory), FactoryData: data}
	m.out.Implementation, m.out.Address, m.acct = "Hybrid", checksummed(a.Address()), a
	m.auth = func(by hybrid.Approver) *hybrid.Authority {
		return must[*hybrid.Authority](m.t)(hybrid.WithSigners(a, c.Owner, all).Authority(by))
	}
	for i := range m.devices {
		m.out.Stubs.Passkeys = append(m.out.Stubs.Passkeys, m.auth(m.approver(i)).Stub(), m.auth(hybrid.P256Approver{Key: all[i]}).Stub())
	}
	m.out.Stubs.Owner = m.auth(m.approver(0)).Stub()
	if m.owner != "" {
		m.out.Stubs.Owner = m.auth(m.approver("owner")).Stub()
	}
	return m
}

func (m *maker) stateless() *maker {
	s := must[*hybrid.Stateless](m.t)(hybrid.NewStateless(hybrid.V130(), m.ownerAddress()))
	m.out.Implementation, m.out.Address, m.acct = "Stateless7702", checksummed(s.Address()), s
	m.auth = func(by hybrid.Approver) *hybrid.Authority { return must[*hybrid.Authority](m.t)(s.Authority(by)) }
	m.out.Stubs = madeStubs{Owner: m.auth(m.approver("owner")).Stub(), Passkeys: []hexutil.Bytes{}}
	return m
}

func (m *maker) approver(signer any) hybrid.Approver {
	i, ok := signer.(int)
	if !ok {
		return hybrid.OwnerApprover{Address: m.ownerAddress()}
	}
	by := m.devices[i].approver()
	by.TopOrigins = []string{"https://shop.example"}
	by.DangerSkipUserVerification = true // for the one device that does not
	return by
}

// ask signs as signer and says what an authenticator answered.
func (m *maker) ask(signer any, raw bool, c account.Challenge) (account.Approval, *madeAssertion) {
	i, ok := signer.(int)
	if !ok {
		return must[account.Approval](m.t)(approveECDSA(newKey(m.owner))(c)), nil
	}
	d := m.devices[i]
	if raw {
		der := must[[]byte](m.t)(d.SignDigest(d.Credentials()[0].ID, sha(c.Digest)))
		sig := must[passkey.Signature](m.t)(passkey.ParseDER(der))
		return account.Approval{P256: &sig}, nil
	}
	a := must[account.Approval](m.t)(d.approve(c))
	return a, &madeAssertion{Challenge: c.Digest, AuthenticatorData: a.Assertion.AuthData.Raw, ClientDataJSON: string(a.Assertion.ClientData.Raw), DER: a.Assertion.Signature.DER()}
}

type madeOption int

const (
	fresh madeOption = iota
	sponsored
	raw
)

// op adds an operation.
func (m *maker) op(label string, signer any, calls []account.Call, opts ...madeOption) {
	has := func(o madeOption) bool { return slices.Contains(opts, o) }
	ep := m.acct.EntryPoint()
	by := m.approver(signer)
	if has(raw) {
		by = hybrid.P256Approver{Key: m.devices[signer.(int)].key}
	}
	auth := m.auth(by)
	op := &userop.Op{Sender: m.acct.Address(), Nonce: new(big.Int).SetUint64(m.nonce), CallData: must[[]byte](m.t)(m.acct.EncodeCalls(calls)),
		CallGasLimit: big.NewInt(80_000), VerificationGasLimit: big.NewInt(400_001), PreVerificationGas: big.NewInt(60_007),
		MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9)}
	if has(fresh) {
		factory, data := m.acct.Factory()
		op.Factory, op.FactoryData = &factory, data
	} else {
		m.nonce++
	}
	if has(sponsored) {
		pm := common.HexToAddress("0x00000000000000000000000000000000deadbeef")
		op.Paymaster, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit, op.PaymasterData = &pm, big.NewInt(50_000), big.NewInt(1), bytes.Repeat([]byte{0xa5}, 78)
	}
	c := must[account.Challenge](m.t)(auth.Challenge(op, m.chainID))
	a, assertion := m.ask(signer, has(raw), c)
	if err := c.Verify(a); err != nil {
		m.t.Fatalf("%s: %v", label, err)
	}
	op.Signature = must[[]byte](m.t)(auth.Seal(op, a))
	if acct, ok := m.acct.(*hybrid.Account); ok {
		all := hybrid.WithSigners(acct, m.ownerAddress(), nil)
		for _, d := range m.devices {
			all = hybrid.WithSigners(all, m.ownerAddress(), append(all.Keys(), d.key))
		}
		if _, err := all.CheckSignature(c.Digest, op.Signature); err != nil {
			m.t.Errorf("%s: %v", label, err)
		}
	}
	p := must[*userop.Packed](m.t)(userop.Pack(ep, op))
	made := madeOp{Label: label, Deployed: !has(fresh), Signer: signer, Raw: has(raw), Wire: must[[]byte](m.t)(ep.MarshalOp(op)), Assertion: assertion,
		UserOpHash: must[common.Hash](m.t)(ep.Hash(op, m.chainID)), Digest: c.Digest,
		Packed: &madePacked{checksummed(p.Sender), (*hexutil.Big)(p.Nonce), p.InitCode, p.CallData, p.AccountGasLimits, (*hexutil.Big)(p.PreVerificationGas), p.GasFees, p.PaymasterAndData, op.Signature}}
	for _, call := range calls {
		v := call.Value
		if v == nil {
			v = new(big.Int)
		}
		made.Calls = append(made.Calls, madeCall{checksummed(call.To), (*hexutil.Big)(v), call.Data})
	}
	m.out.Ops = append(m.out.Ops, made)
}

func (m *maker) message(text string, signer any) {
	msg := m.auth(m.approver(signer)).SignText([]byte(text))
	a, assertion := m.ask(signer, false, msg.Challenge())
	m.out.Messages = append(m.out.Messages, madeMessage{Message: text, Hash: msg.Challenge().Digest, Signer: signer,
		Signature: must[[]byte](m.t)(msg.Finish(a)), Assertion: assertion})
}

// change is the calls of a change, which must be possible.
func change(t *testing.T) func(calls []account.Call, err error) []account.Call {
	return must[[]account.Call](t)
}

func made(t *testing.T) madeFile {
	out := madeFile{Note: "Made by Go: go test ./account/hybrid -run TestMadeByGo -update. The shape is that of kit.json. Test keys, of no value."}
	someone := common.HexToAddress("0x000000000000000000000000000000000000bEEF")
	heir := addressOf(newKey("made heir"))
	send := []account.Call{{To: someone, Value: big.NewInt(1e15)}}
	batch := []account.Call{{To: someone, Value: big.NewInt(1)}, {To: target, Data: []byte("hello, chain")}, {Value: big.NewInt(2), Data: []byte{1, 2, 3, 4}}}
	chrome, extra := platform(t, "chrome", softkey.Quirks{}), platform(t, "extra", softkey.Quirks{ExtraMember: true})

	m := newMaker(t, "an owner adds a passkey and loses its own key", 31337, "made owner", chrome, extra).hybrid(nil)
	first := m.acct.(*hybrid.Account)
	m.op("deploy by owner, send", "owner", send, fresh)
	m.op("addKey by owner", "owner", change(t)(first.AddKey(chrome.key)))
	m.op("addKey by owner, sponsored", "owner", change(t)(first.AddKey(chrome.key)), sponsored)
	second := hybrid.WithSigners(first, first.Owner(), []hybrid.Key{chrome.key})
	m.op("send by passkey", 0, send)
	m.op("batch by passkey", 0, batch)
	m.op("batch by passkey, sponsored", 0, batch, sponsored)
	m.op("addKey by passkey", 0, change(t)(second.AddKey(extra.key)))
	m.op("send by second passkey", 1, send)
	m.op("send by a bare P-256 key", 1, send, raw)
	m.op("transferOwnership by passkey", 0, change(t)(second.TransferOwnership(heir)))
	m.op("renounceOwnership by passkey", 0, change(t)(second.RenounceOwnership()))
	m.op("updateSigners by passkey", 0, change(t)(second.UpdateSigners(heir, []hybrid.Key{extra.key})))
	m.op("swap keys in a batch by passkey", 0, append(change(t)(second.RemoveKey(chrome.key)), change(t)(second.AddKey(extra.key))...))
	m.op("removeKey by owner", "owner", change(t)(second.RemoveKey(chrome.key)))
	m.op("use up a nonce", "owner", []account.Call{{To: first.Address()}})
	m.message("hello", "owner")
	m.message("hello", 0)
	out.Accounts = append(out.Accounts, m.out)

	m = newMaker(t, "created with passkeys of several platforms", 11155111, "made owner 2",
		platform(t, "android", softkey.Quirks{AndroidPackageName: "com.android.chrome"}), platform(t, "safari", softkey.Quirks{NoCrossOrigin: true}),
		platform(t, "embedded", softkey.Quirks{EmbeddedIn: "https://shop.example"}), platform(t, "reversed", softkey.Quirks{ReverseMembers: true}),
		platform(t, "hardware", softkey.Quirks{ClearFlags: passkey.FlagBE | passkey.FlagBS})).hybrid([]byte{1}, 0, 1, 2, 3, 4)
	for i := range m.devices {
		m.op("deploy, send, by "+[]string{"Android", "Safari", "an embedded page", "another member order", "a security key"}[i], i, send, fresh)
		m.op("batch by the same", i, batch)
		m.message("ünïcode", i)
	}
	out.Accounts = append(out.Accounts, m.out)

	m = newMaker(t, "passkeys only, one of them without user verification", 1, "", platform(t, "touch", softkey.Quirks{ClearFlags: passkey.FlagUV}), chrome).
		hybrid(crypto.Keccak256([]byte("a full salt")), 0, 1)
	only := m.acct.(*hybrid.Account)
	m.op("deploy without user verification", 0, send, fresh)
	m.op("transferOwnership without user verification", 0, change(t)(only.TransferOwnership(heir)))
	m.op("removeKey", 1, change(t)(only.RemoveKey(m.devices[0].key)))
	m.op("deploy by a bare P-256 key, sponsored", 1, batch, fresh, raw, sponsored)
	m.message("", 0)
	out.Accounts = append(out.Accounts, m.out)

	m = newMaker(t, "an EOA becomes the account", 8453, "made eoa").stateless()
	m.op("send", "owner", send)
	m.op("batch, sponsored", "owner", batch, sponsored)
	m.op("use up a nonce", "owner", []account.Call{{To: m.acct.Address()}})
	m.message("hello", "owner")
	out.Accounts = append(out.Accounts, m.out)
	return out
}

func TestMadeByGo(t *testing.T) {
	const file = "testdata/made-by-go.json"
	b := append(must[[]byte](t)(json.MarshalIndent(made(t), "", " ")), '\n')
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old, err := os.ReadFile(file); err != nil || !bytes.Equal(old, b) {
		t.Errorf("%s is not what the code makes (%v): run with -update and look at the difference", file, err)
	}
}
