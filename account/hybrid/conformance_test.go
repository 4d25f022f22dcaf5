package hybrid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
)

// newRaw is a raw P-256 key under a name.
func newRaw(t testing.TB, name string) (*ecdsa.PrivateKey, hybrid.Key) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return key, hybrid.TextKey(name, must[passkey.PublicKey](t)(passkey.NewPublicKey(&key.PublicKey)))
}

func TestConformance(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, rules)
		owner, dev, other := newKey("owner"), newDevice(t, "passkey"), newDevice(t, "another passkey")
		raw, rawKey := newRaw(t, "module 1")
		stranger, _ := newRaw(t, "stranger")
		config := hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key, rawKey, other.key}, Salt: [32]byte{31: 9}}
		acct := must[*hybrid.Account](t)(hybrid.New(config))
		config.Owner, config.Keys = common.Address{}, config.Keys[:1]
		passkeyOnly := must[*hybrid.Account](t)(hybrid.New(config))
		for _, c := range []struct {
			name     string
			acct     *hybrid.Account
			by       hybrid.Approver
			approve  approve
			stranger approve
		}{
			{"passkey", acct, dev.approver(), dev.approve, other.approve},
			{"passkey only", passkeyOnly, dev.approver(), dev.approve, other.approve},
			{"owner", acct, hybrid.OwnerApprover{Address: addressOf(owner)}, approveECDSA(owner), approveECDSA(newKey("stranger"))},
			{"raw P-256", acct, hybrid.P256Approver{Key: rawKey}, approveP256(raw), approveP256(stranger)},
		} {
			t.Run(rules.String()+"/"+c.name, func(t *testing.T) {
				accounttest.Run(t, accounttest.Plug{
					Chain: b.chain, Account: c.acct, Authority: must[*hybrid.Authority](t)(c.acct.Authority(c.by)),
					Approve: c.approve, Stranger: c.stranger, Same: sameToContract,
				})
			})
		}
	}
}

// TestKindsAreNotMixed: what one kind of signer made is no answer for another.
func TestKindsAreNotMixed(t *testing.T) {
	owner, dev := newKey("owner"), newDevice(t, "passkey")
	raw, rawKey := newRaw(t, "module 1")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key, rawKey}}))
	by := map[string]hybrid.Approver{"passkey": dev.approver(), "owner": hybrid.OwnerApprover{Address: addressOf(owner)}, "raw": hybrid.P256Approver{Key: rawKey}}
	answers := map[string]account.Approval{}
	digest := [32]byte{1}
	for name, f := range map[string]approve{"passkey": dev.approve, "owner": approveECDSA(owner), "raw": approveP256(raw)} {
		answers[name] = must[account.Approval](t)(f(account.Challenge{Digest: digest, Kind: map[string]account.Kind{
			"passkey": account.KindWebAuthn, "owner": account.KindECDSA, "raw": account.KindP256}[name]}))
	}
	for name, a := range by {
		auth := must[*hybrid.Authority](t)(acct.Authority(a))
		for answer, approval := range answers {
			if _, err := auth.Seal(nil, approval); (err == nil) != (name == answer) {
				t.Errorf("%s seals the answer of %s: %v", name, answer, err)
			}
		}
	}
}

// webAuthnSignature is how the contract decodes a passkey's signature.
var webAuthnSignature = abi.Arguments{{Type: abiType("bytes32")}, {Type: abiType("uint256")}, {Type: abiType("uint256")}, {Type: abiType("bytes")},
	{Type: abiType("bool")}, {Type: abiType("string")}, {Type: abiType("string")}, {Type: abiType("uint256")}}

func abiType(name string) abi.Type {
	typ, err := abi.NewType(name, "", nil)
	if err != nil {
		panic(err)
	}
	return typ
}

// sameToContract: of a passkey's signature the contract reads neither the padding
// nor what follows, and who signs decides whether it asks for user verification.
// None of it is part of what the EntryPoint hashes, so none of it makes another
// operation.
func sameToContract(sealed, changed []byte) bool {
	if len(sealed) <= 96 || len(changed) == 65 || len(changed) == 96 {
		return false
	}
	a, err := webAuthnSignature.Unpack(sealed)
	if err != nil {
		return false
	}
	b, err := webAuthnSignature.Unpack(changed)
	if err != nil {
		return false
	}
	a[4], b[4] = nil, nil // requireUV; the device verified its user
	return reflect.DeepEqual(a, b)
}
