package kernel_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

type sdkFile struct {
	ChainID     int64
	OwnerKey    hexutil.Bytes
	Owner       common.Address
	WebAuthnKey webAuthnKey
	Versions    []struct {
		Version    kernel.Version
		EntryPoint common.Address
		Accounts   []sdkAccount
	}
	Permissions []struct {
		Version                      kernel.Version
		Account                      common.Address
		Policies                     []hexutil.Bytes
		Flag                         hexutil.Bytes
		Signer                       string
		ID, EnableData               hexutil.Bytes
		Digest                       common.Hash
		EnableSignature, OpSignature hexutil.Bytes
	}
	Merkle []struct {
		N               int
		Challenge       common.Hash
		ECDSA, WebAuthn []hexutil.Bytes
	}
	PasskeySignature hexutil.Bytes
	Lanes            map[string]number
}

type sdkAccount struct {
	Kind        string
	Index       number
	Validator   common.Address
	Factory     common.Address
	FactoryData hexutil.Bytes
	Address     *common.Address
	NonceKeys   map[uint16]number

	Text                                                      string
	MessageSignature, TypedSignature, Replayable, OpSignature hexutil.Bytes
	TypedHash                                                 common.Hash
	Calls, Changes                                            map[string]hexutil.Bytes
	PermissionNonceKey                                        number
	ValidatorModule                                           struct{ Data hexutil.Bytes }
	Init                                                      struct {
		InitConfig  []hexutil.Bytes
		FactoryData hexutil.Bytes
	}
}

func (f sdkFile) root(t testing.TB, kind string) kernel.Validator {
	t.Helper()
	key, hash := f.WebAuthnKey.key(t), f.WebAuthnKey.AuthenticatorIDHash
	v, ok := map[string]kernel.Validator{
		"ecdsa": kernel.ECDSA{Owner: f.Owner}, "multiECDSA": kernel.MultiChainECDSA{Owner: f.Owner},
		"webauthn":      kernel.WebAuthn{Key: key, CredentialHash: hash, DangerVulnerable: true},
		"webauthnOld":   kernel.WebAuthn{Key: key, CredentialHash: hash, Version: kernel.WebAuthn002, DangerVulnerable: true},
		"multiWebAuthn": kernel.MultiChainWebAuthn{Key: key, CredentialHash: hash, Version: kernel.WebAuthn001, DangerVulnerable: true},
	}[kind]
	if !ok {
		t.Fatalf("no kind %q", kind)
	}
	return v
}

// sdkAddress is what the SDK was told that the account's address is.
var sdkAddress = common.HexToAddress("0x1111111111111111111111111111111111111111")

func TestAccountsOfEveryVersionAreTheSDKs(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	rows, addresses := kernel.Deployments(), 0
	if len(f.Versions) != len(rows) {
		t.Fatalf("%d versions, the table has %d", len(f.Versions), len(rows))
	}
	for i, v := range f.Versions {
		if rows[i].Version != v.Version || rows[i].EntryPoint.Address() != v.EntryPoint {
			t.Errorf("row %d is %s on %s", i, rows[i].Version, rows[i].EntryPoint)
		}
		for _, g := range v.Accounts {
			c := kernel.Config{Version: v.Version, Root: f.root(t, g.Kind), Index: g.Index.n}
			if v.Version == kernel.V002 {
				if _, err := kernel.New(c); !errors.Is(err, kernel.ErrNoAddress) {
					t.Fatalf("%s: an address without a chain: %v", v.Version, err)
				}
				c.Address = sdkAddress
			}
			a := must[*kernel.Account](t)(kernel.New(c))
			factory, data := a.Factory()
			if factory != g.Factory || a.RootContract() != g.Validator {
				t.Errorf("%s %s: factory %s, validator %s", v.Version, g.Kind, factory, a.RootContract())
			}
			want := []byte(g.FactoryData)
			if v.Version == kernel.V002 {
				// The SDK's begins with the factory's address, which is a call of nothing.
				want = bytes.TrimPrefix(want, factory[:])
			}
			equal(t, string(v.Version)+" "+g.Kind, data, want)
			if g.Address != nil {
				addresses++
				if a.Address() != *g.Address {
					t.Errorf("%s %s: %s, want %s", v.Version, g.Kind, a.Address(), g.Address)
				}
			}
		}
	}
	if addresses != 21 {
		t.Errorf("%d addresses compared", addresses)
	}
}

// attached is the account at the SDK's address.
func (f sdkFile) attached(t testing.TB, v kernel.Version, kind string) *kernel.Account {
	t.Helper()
	return must[*kernel.Account](t)(kernel.Attach(sdkAddress, v, f.root(t, kind)))
}

func TestNonceKeysCallsAndSignaturesOfEveryVersionAreTheSDKs(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	s := account.Call{To: common.HexToAddress("0xaa"), Value: big.NewInt(5), Data: []byte{1, 2, 3}}
	e := account.Call{To: common.HexToAddress("0xbb")}
	self := account.Call{To: sdkAddress, Data: hexutil.MustDecode("0xa9059cbb00")}
	chain := big.NewInt(f.ChainID)
	for _, v := range f.Versions {
		for _, g := range v.Accounts {
			if len(g.NonceKeys) == 0 {
				continue
			}
			a := f.attached(t, v.Version, g.Kind)
			var by kernel.Approver = kernel.PasskeyApprover{RPID: "localhost", Origins: []string{"http://localhost"}}
			if g.Kind == "ecdsa" || g.Kind == "multiECDSA" {
				by = kernel.OwnerApprover{}
			}
			for lane, want := range g.NonceKeys {
				auth := must[*kernel.Authority](t)(a.Authority(by, kernel.WithLane(kernel.Lane(lane))))
				if got := auth.NonceKey(); got.Cmp(want.n) != 0 {
					t.Errorf("%s %s lane %d: %x, want %x", v.Version, g.Kind, lane, got, want.n)
				}
			}
			if g.Text == "" {
				continue
			}
			auth := must[*kernel.Authority](t)(a.Authority(by))
			finish := func(q *kernel.Request) []byte {
				t.Helper()
				return must[[][]byte](t)(q.Finish(sign(t, f.OwnerKey, q.Challenge())))[0]
			}
			name := string(v.Version) + " " + g.Kind
			equal(t, name+" text", finish(must[*kernel.Request](t)(auth.SignText([]byte(g.Text), chain))), g.MessageSignature)
			equal(t, name+" hash", finish(must[*kernel.Request](t)(auth.DangerSignHash(g.TypedHash, chain))), g.TypedSignature)
			text := crypto.Keccak256Hash([]byte("\x19Ethereum Signed Message:\n5hello"))
			replay, err := auth.DangerSignReplayable(text)
			if (err == nil) != (len(g.Replayable) > 0) {
				t.Fatalf("%s: replayable: %v", name, err)
			}
			if err == nil {
				equal(t, name+" replayable", finish(replay), g.Replayable)
			}
			op := &userop.Op{
				Sender: sdkAddress, Nonce: big.NewInt(7), CallData: []byte{1, 2}, CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(2),
				PreVerificationGas: big.NewInt(3), MaxFeePerGas: big.NewInt(4), MaxPriorityFeePerGas: big.NewInt(5),
			}
			c := must[account.Challenge](t)(auth.Challenge(op, chain))
			sealed := must[[]byte](t)(auth.Seal(op, sign(t, f.OwnerKey, c)))
			equal(t, name+" operation", sealed, g.OpSignature)
			if len(sealed) != len(auth.Stub()) {
				t.Errorf("%s: the stub has %d bytes, the signature %d", name, len(auth.Stub()), len(sealed))
			}
			noValue := s
			noValue.Value = nil
			for what, x := range map[string]struct {
				acct  account.Account
				calls []account.Call
			}{
				"single": {a, []account.Call{s}}, "empty": {a, []account.Call{e}}, "batch": {a, []account.Call{s, e, self}}, "self": {a, []account.Call{self}},
				"delegate":  {kernel.DangerDelegating{Account: a}, []account.Call{noValue}},
				"trySingle": {kernel.Trying{Account: a}, []account.Call{s}}, "tryBatch": {kernel.Trying{Account: a}, []account.Call{s, e}},
			} {
				got, err := x.acct.EncodeCalls(x.calls)
				if want, ok := g.Calls[what]; !ok {
					if _, is := errors.AsType[*kernel.UnsupportedError](err); !is {
						t.Errorf("%s: %s: %v", name, what, err)
					}
					continue
				} else {
					equal(t, name+" "+what, got, want)
				}
				back := must[kernel.Execution](t)(a.Decode(got))
				if len(back.Calls) != len(x.calls) || back.Delegate != (what == "delegate") || back.Try != (what == "trySingle" || what == "tryBatch") {
					t.Errorf("%s: %s is read as %+v", name, what, back)
				}
			}
		}
	}
	for text, want := range f.Lanes {
		if got := kernel.LaneOf(text); want.n.Cmp(big.NewInt(int64(got))) != 0 {
			t.Errorf("lane of %q: %x", text, got)
		}
	}
}

func TestChangesAreTheSDKs(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	p := kernel.Permission{Policies: [][]byte{hexutil.MustDecode("0x000200000000000000000000000000000000000000aa1234")}, Signer: kernel.ECDSASigner(f.Owner)}
	seen := 0
	for _, v := range f.Versions {
		for _, g := range v.Accounts {
			if g.Changes == nil {
				continue
			}
			seen++
			a := f.attached(t, v.Version, g.Kind)
			name := string(v.Version) + " " + g.Kind
			check := func(what string, calls []account.Call, err error) {
				t.Helper()
				if err != nil {
					t.Errorf("%s %s: %v", name, what, err)
					return
				}
				equal(t, name+" "+what, must[[]byte](t)(a.EncodeCalls(calls)), g.Changes[what])
			}
			calls, err := a.InvalidateNonce(9)
			check("invalidate", calls, err)
			if calls, err = a.ChangeRoot(f.root(t, "webauthn")); v.Version == kernel.V030 {
				if _, is := errors.AsType[*kernel.UnsupportedError](err); !is {
					t.Errorf("%s: change of root: %v", name, err)
				}
			} else {
				check("changeRoot", calls, err)
			}
			if calls, err = a.Upgrade(kernel.V033); v.Version == kernel.V033 {
				if err == nil {
					t.Error("an upgrade to the same version")
				}
			} else {
				check("upgrade", calls, err)
			}
			calls = must[[]account.Call](t)(a.UninstallPermission(p))
			equal(t, name+" uninstall", must[[]byte](t)(kernel.Execute(calls)), g.Changes["uninstall"])
			if got := kernel.KeyOf(kernel.ModeEnable, p.ID().Validation(), 3).Int(); got.Cmp(g.PermissionNonceKey.n) != 0 {
				t.Errorf("%s: permission's key %x, want %x", name, got, g.PermissionNonceKey.n)
			}
			if v.Version == kernel.V030 {
				continue
			}
			equal(t, name+" module", kernel.ValidatorModule(f.root(t, "webauthn"), [4]byte{}), g.ValidatorModule.Data)
			install := must[[]account.Call](t)(a.InstallPermission(p, 1))
			equal(t, name+" install", install[0].Data, g.Init.InitConfig[0])
			// The SDK has the proxy, which is not there yet, run the grant as foreign code.
			grant := install[1].Data
			if v.Version == kernel.V033 {
				grant = must[[]byte](t)(kernel.DangerDelegateCall(mustVersion(t, kernel.V033).Implementation, grant))
			}
			equal(t, name+" grant", grant, g.Init.InitConfig[1])
			pre := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v.Version, Root: f.root(t, g.Kind), Init: [][]byte{install[0].Data, grant}}))
			_, data := pre.Factory()
			equal(t, name+" init", data, g.Init.FactoryData)
		}
	}
	if seen != 8 {
		t.Errorf("%d accounts", seen)
	}
}

func mustVersion(t testing.TB, v kernel.Version) kernel.Deployment {
	t.Helper()
	return must[kernel.Deployment](t)(kernel.ForVersion(v, nil))
}

func TestRandomPermissionsAreTheSDKs(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	for i, g := range f.Permissions {
		p := kernel.Permission{Flag: binary.BigEndian.Uint16(g.Flag), Signer: kernel.ECDSASigner(f.Owner)}
		if g.Signer == "webauthn" {
			p.Signer = kernel.WebAuthnSigner(f.WebAuthnKey.key(t), f.WebAuthnKey.AuthenticatorIDHash)
		}
		for _, b := range g.Policies {
			p.Policies = append(p.Policies, b)
		}
		id := p.ID()
		equal(t, "id", id[:], g.ID)
		equal(t, "enable data", p.EnableData(), g.EnableData)
		e := kernel.Enable{Version: g.Version, Account: g.Account, ChainID: big.NewInt(f.ChainID), ID: id.Validation(), Nonce: 1, Data: g.EnableData}
		if got := must[common.Hash](t)(e.Digest()); got != g.Digest {
			t.Fatalf("%d: digest %s, want %s", i, got, g.Digest)
		}
		a := must[*kernel.Account](t)(kernel.Attach(g.Account, g.Version, kernel.ECDSA{Owner: f.Owner}))
		var shown apitypes.TypedData // what a wallet would hash
		if err := json.Unmarshal(must[kernel.TypedData](t)(e.TypedData()).JSON, &shown); err != nil {
			t.Fatal(err)
		}
		digest, _, err := apitypes.TypedDataAndHash(shown)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "typed data", digest, g.Digest[:])
		q := must[*kernel.Request](t)(must[*kernel.Authority](t)(a.Authority(kernel.OwnerApprover{})).SignEnable(e))
		approval := must[[][]byte](t)(q.Finish(sign(t, f.OwnerKey, q.Challenge())))[0]
		equal(t, "approval", approval, g.EnableSignature)
		if len(g.OpSignature) > 0 {
			k := must[seal.KernelEnable](t)(seal.ParseKernelEnable(g.OpSignature))
			equal(t, "operation", e.Seal(approval, k.Signature), g.OpSignature)
		}
		back := must[kernel.Permission](t)(kernel.ParseEnableData(g.EnableData))
		equal(t, "enable data again", back.EnableData(), g.EnableData)
		if back.ID() != id || back.Flag != p.Flag || len(back.Policies) != len(p.Policies) {
			t.Errorf("%d: read as %+v", i, back)
		}
	}
}

func TestMerkleApprovalsAreTheSDKs(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	account7 := common.HexToAddress("0xaa")
	passkeySig := must[seal.KernelSignature](t)(seal.ParseKernelWebAuthn(f.PasskeySignature))
	for _, g := range f.Merkle {
		hashes := make([]common.Hash, g.N)
		for i := range hashes {
			op := &userop.Op{
				Sender: account7, Nonce: big.NewInt(int64(i)), CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(2),
				PreVerificationGas: big.NewInt(3), MaxFeePerGas: big.NewInt(4), MaxPriorityFeePerGas: big.NewInt(5),
			}
			hashes[i] = must[common.Hash](t)(userop.V07.Hash(op, big.NewInt(int64(100+i))))
		}
		a := must[*kernel.Account](t)(kernel.Attach(account7, kernel.V031, kernel.MultiChainECDSA{Owner: f.Owner}))
		q := must[*kernel.Request](t)(must[*kernel.Authority](t)(a.Authority(kernel.OwnerApprover{})).SignHashes(hashes))
		got := must[[][]byte](t)(q.Finish(sign(t, f.OwnerKey, q.Challenge())))
		tree := must[*kernel.Tree](t)(kernel.NewTree(hashes))
		if c := common.Hash(q.Challenge().Digest); c != g.Challenge {
			t.Errorf("%d: a passkey is asked for %s, want %s", g.N, c, g.Challenge)
		}
		for i := range hashes {
			equal(t, "ecdsa", got[i], g.ECDSA[i])
			m := kernel.MultiChainSignature{Root: tree.Root(), Proof: tree.Proof(i), Signature: f.PasskeySignature}
			equal(t, "webauthn", must[[]byte](t)(m.WebAuthn()), g.WebAuthn[i])
			back := must[kernel.MultiChainSignature](t)(kernel.ParseMultiChainWebAuthn(g.WebAuthn[i], hashes[i]))
			equal(t, "again", must[[]byte](t)(back.WebAuthn()), g.WebAuthn[i])
		}
	}
	// The passkey is asked for the root with the prefix too.
	k := must[*kernel.Account](t)(kernel.Attach(account7, kernel.V031, f.root(t, "multiWebAuthn")))
	by := kernel.PasskeyApprover{RPID: "localhost", Origins: []string{"http://localhost:5173"}}
	hashes := []common.Hash{{1}, {2}}
	q := must[*kernel.Request](t)(must[*kernel.Authority](t)(k.Authority(by)).SignHashes(hashes))
	if c := q.Challenge(); c.Digest != kernel.RootDigest(must[*kernel.Tree](t)(kernel.NewTree(hashes)).Root()) || c.Kind != account.KindWebAuthn {
		t.Errorf("the passkey is asked for %x", c.Digest)
	}
	if _, err := q.Finish(account.Approval{Assertion: passkeySig.Assertion}); !errors.Is(err, passkey.ErrChallenge) {
		t.Errorf("an assertion of something else: %v", err)
	}
	if !slices.Equal(must[*kernel.Tree](t)(kernel.NewTree(hashes)).Proof(1), hashes[:1]) {
		t.Error("the proof of two leaves is not the other one")
	}
}
