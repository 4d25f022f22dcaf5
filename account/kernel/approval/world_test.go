package approval_test

import (
	"crypto/ecdsa"
	"math/big"
	"math/rand/v2"
	"testing"
	_ "time/tzdata"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

const (
	rpID    = "localhost"
	website = "http://localhost:5173"
)

func secret(text string) *ecdsa.PrivateKey {
	k, err := crypto.ToECDSA(crypto.Keccak256([]byte(text)))
	if err != nil {
		panic(err)
	}
	return k
}

// owner is somebody who can approve for an account.
type owner struct {
	kind string
	root kernel.Validator
	by   kernel.Approver
	sign func(account.Challenge) account.Approval
}

func owners(t testing.TB) []owner {
	t.Helper()
	key := secret("owner")
	byKey := func(c account.Challenge) account.Approval {
		sig, err := crypto.Sign(c.Digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		return account.Approval{ECDSA: sig}
	}
	device := softkey.New(softkey.WithSeed([]byte("owner")))
	if _, err := device.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"x","displayName":"x"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), website); err != nil {
		t.Fatal(err)
	}
	credential := device.Credentials()[0]
	byPasskey := func(c account.Challenge) account.Approval {
		a, err := device.Sign(credential.ID, c.Digest[:], rpID, website)
		if err != nil {
			t.Fatal(err)
		}
		return account.Approval{Assertion: a}
	}
	address := crypto.PubkeyToAddress(key.PublicKey)
	asked := kernel.PasskeyApprover{RPID: rpID, Origins: []string{website}, Credential: credential.ID}
	hash := kernel.CredentialHash(credential.ID)
	return []owner{
		{"ECDSA", kernel.ECDSA{Owner: address}, kernel.OwnerApprover{}, byKey},
		{"multi-chain ECDSA", kernel.MultiChainECDSA{Owner: address}, kernel.OwnerApprover{}, byKey},
		{"WebAuthn", kernel.WebAuthn{Key: credential.Key, CredentialHash: hash}, asked, byPasskey},
		{"multi-chain WebAuthn", kernel.MultiChainWebAuthn{Key: credential.Key, CredentialHash: hash}, asked, byPasskey},
	}
}

// account is the owner's of a version.
func (o owner) account(t testing.TB, v kernel.Version) *kernel.Account {
	t.Helper()
	a, err := kernel.New(kernel.Config{Version: v, Root: o.root})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// grantFor has the owner approve a grant on chains, and makes the documents.
func (o owner) grantFor(t testing.TB, a *kernel.Account, g grant.Grant, signer kernel.Signer, o2 approval.Options, chains ...int64) []*approval.Document {
	t.Helper()
	p, err := approval.ToPermission(g, signer)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := a.Authority(o.by)
	if err != nil {
		t.Fatal(err)
	}
	var list []kernel.Enable
	for _, c := range chains {
		list = append(list, kernel.Enable{Version: a.Version(), Account: a.Address(), ChainID: big.NewInt(c), ID: p.ID().Validation(), Nonce: 1, Data: p.EnableData()})
	}
	var request *kernel.Request
	if len(list) == 1 {
		request, err = authority.SignEnable(list[0])
	} else {
		request, err = authority.SignEnables(list)
	}
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := request.Finish(o.sign(request.Challenge()))
	if err != nil {
		t.Fatal(err)
	}
	var docs []*approval.Document
	for i, c := range chains {
		o2.ChainID, o2.Nonce, o2.MultiChain = big.NewInt(c), 1, len(chains) > 1
		d, err := approval.FromPermission(p, g, a, signatures[i], o2)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, d)
	}
	return docs
}

var token = common.HexToAddress("0x00000000000000000000000000000000DeaDBeef")

// five is a grant with a policy of each kind but sudo.
func five(t testing.TB) grant.Grant {
	t.Helper()
	g, err := grant.ParseFile([]byte(`version = 1
name = "Coffee"
timezone = "Europe/Berlin"
[tokens.USDC]
address = "0x00000000000000000000000000000000DeaDBeef"
decimals = 6
[[policy]]
kind = "call"
[[policy.allow]]
target = "USDC"
call = "transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0x000000000000000000000000000000000000c0Fe]"
[[policy.allow]]
target = "0x000000000000000000000000000000000000c0Fe"
call = "run((address a, bytes4 b)[2] list, bytes data) where data[0:4] = 0xdeadbeef"
[[policy]]
kind = "gas"
budget = "0.1 ETH"
[[policy]]
kind = "timestamp"
until = "2033-05-18T03:33:20Z"
[[policy]]
kind = "rate-limit"
count = 3
[[policy]]
kind = "signature-caller"
callers = ["0x000000000000000000000000000000000000c0Fe"]
`))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// random makes policies of all kinds that the SDK's document has a place for.
func random(r *rand.Rand) grant.Policy {
	address := func() (a common.Address) {
		for i := range a {
			a[i] = byte(r.Uint32())
		}
		return a
	}
	word := func() (w [32]byte) {
		for i := range w {
			w[i] = byte(r.Uint32())
		}
		return w
	}
	number := func(bits int) *big.Int {
		w := word()
		return new(big.Int).Rsh(new(big.Int).SetBytes(w[:]), uint(256-bits+r.IntN(bits)))
	}
	base := grant.Base{Flags: grant.Flag(r.IntN(3))}
	switch r.IntN(6) {
	case 0:
		version := []grant.CallVersion{grant.Call001, grant.Call002, grant.Call003, grant.Call004, grant.Call005, ""}[r.IntN(6)]
		p := &grant.Call{Base: base, Version: version}
		for range r.IntN(4) {
			w := word()
			one := grant.Permission{CallType: grant.CallType([]byte{0, 1, 255}[r.IntN(3)]), Target: address(), Selector: [4]byte(w[:4]), ValueLimit: number(256)}
			if r.IntN(3) == 0 {
				one.Function, _ = grant.ParseFunction("f((address a, (bytes4, uint8)[2][] b) p, uint256 amount, string)")
				one.Selector = one.Function.Selector()
			}
			for range r.IntN(4) {
				rule := grant.Rule{Condition: grant.Condition(r.IntN(8)), Offset: uint64(32 * r.IntN(100)), Params: [][32]byte{word()}}
				if version != grant.Call001 {
					for range r.IntN(3) {
						rule.Params = append(rule.Params, word())
					}
				}
				one.Rules = append(one.Rules, rule)
			}
			p.Permissions = append(p.Permissions, one)
		}
		return p
	case 1:
		return &grant.Gas{Base: base, Allowed: number(128), EnforcePaymaster: r.IntN(2) == 0, Paymaster: address()}
	case 2:
		return &grant.Timestamp{Base: base, ValidAfter: number(48).Uint64(), ValidUntil: number(48).Uint64()}
	case 3:
		p := &grant.RateLimit{Base: base, Interval: number(48).Uint64(), Count: number(48).Uint64(), Reset: r.IntN(2) == 0}
		if !p.Reset {
			p.StartAt = number(48).Uint64()
		}
		return p
	case 4:
		p := &grant.SignatureCaller{Base: base}
		for range r.IntN(4) {
			p.Callers = append(p.Callers, address())
		}
		return p
	}
	return &grant.Sudo{Base: base}
}

// approve is the passkey's signature of a digest as the validator takes it.
func (o owner) approve(t testing.TB, digest common.Hash) ([]byte, error) {
	t.Helper()
	return seal.KernelWebAuthn(seal.KernelSignature{Assertion: o.sign(account.Challenge{Digest: digest}).Assertion})
}
