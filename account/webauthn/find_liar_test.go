package webauthn_test

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

// liar is a node that shows one account as deployed, by which signers it likes,
// and denies every other.
type liar struct{ shown *webauthn.Account }

func (l liar) ChainID(context.Context) (*big.Int, error) { return big.NewInt(31337), nil }

func (l liar) Code(_ context.Context, a common.Address) ([]byte, error) {
	if a == l.shown.Address() || a == l.shown.EntryPoint().Address() {
		return []byte{0xfe}, nil
	}
	return nil, nil
}

func (l liar) Call(_ context.Context, to common.Address, data []byte) ([]byte, error) {
	if to == l.shown.EntryPoint().Address() {
		return make([]byte, 32), nil // nonce 0, no deposit
	}
	m, err := contracts.AccountABI.MethodById(data)
	if err != nil || to != l.shown.Address() {
		return nil, errors.New("execution reverted")
	}
	first := l.shown.Members()[0]
	answer := map[string]any{
		"accountId": "postern.webauthnaccount.1.0", "entryPoint": l.shown.EntryPoint().Address(), "threshold": uint64(1),
		"getSigners": [][]byte{first.Signer.Bytes()}, "signerWeight": first.Weight,
	}[m.Name]
	return m.Outputs.Pack(answer)
}

func (l liar) Balance(context.Context, common.Address) (*big.Int, error) {
	return big.NewInt(1e18), nil
}

func (l liar) Fees(context.Context) (account.Fees, error) {
	return account.Fees{MaxFeePerGas: big.NewInt(2), MaxPriorityFeePerGas: big.NewInt(1)}, nil
}

// willing is a bundler that takes everything.
type willing struct{ sent int }

func (b *willing) EstimateGas(context.Context, *userop.Op, userop.EntryPoint) (account.GasEstimate, error) {
	return account.GasEstimate{CallGasLimit: big.NewInt(1e5), VerificationGasLimit: big.NewInt(1e6), PreVerificationGas: big.NewInt(1e5)}, nil
}

func (b *willing) Send(_ context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	b.sent++
	return ep.Hash(op, big.NewInt(31337))
}

func (b *willing) Receipt(context.Context, common.Hash) (*account.Receipt, error) { return nil, nil }

func TestALyingNodeCannotMakeFindCertain(t *testing.T) {
	d := deployment(t, userop.V08)
	dev := newDevice(t, "liar", softkey.WithSignCounter()) // handle: salt 1
	one := ceremony(t, dev.Authenticator)
	keys := one.Assertion.Recover()
	wrong := slices.IndexFunc(keys, func(k passkey.PublicKey) bool { return k != dev.key })
	if wrong < 0 {
		t.Fatal("the assertion has one candidate only")
	}
	// The node shows the account of the key that did not sign.
	node := liar{must[*webauthn.Account](t)(webauthn.ForPasskey(d, keys[wrong], [32]byte{1}))}
	f := must[*webauthn.Found](t)(webauthn.Find(t.Context(), node, d, one))
	if f.Certain || !f.Deployed || f.Account.Address() != node.shown.Address() || f.Key == dev.key {
		t.Errorf("found %+v", f)
	}

	// Nothing comes of it: what the passkey approves is not what that account takes.
	b := &willing{}
	auth := must[*webauthn.Authority](t)(f.Account.Authority(dev.approver(f.Signer)))
	p, err := account.Prepare(t.Context(), account.Client{Chain: node, Bundler: b}, f.Account, auth, []account.Call{{To: common.Address{1}, Value: big.NewInt(1e15)}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(must[account.Approval](t)(dev.approve(p.Challenge())))
	if !is(func(*account.ApprovalError) bool { return true })(err) {
		t.Errorf("the approval by another key: %v", err)
	}
	if _, err := p.Send(t.Context()); !errors.Is(err, account.ErrNotSealed) || b.sent != 0 {
		t.Errorf("%d sent: %v", b.sent, err)
	}

	// A second assertion leaves the node nothing to choose.
	two := ceremony(t, dev.Authenticator)
	f = must[*webauthn.Found](t)(webauthn.Find(t.Context(), node, d, one, two))
	honest := must[*webauthn.Account](t)(webauthn.ForPasskey(d, dev.key, [32]byte{1}))
	if !f.Certain || f.Key != dev.key || f.Account.Address() != honest.Address() {
		t.Errorf("by two assertions: %+v", f)
	}

	// An address in the user handle is nobody's signature: never certain.
	for _, c := range []*webauthn.Ceremony{&one, &two} {
		forged := *c.Assertion
		forged.UserHandle = webauthn.AddressHandle(honest.Address()).Bytes()
		c.Assertion = &forged
	}
	f = must[*webauthn.Found](t)(webauthn.Find(t.Context(), liar{honest}, d, one, two))
	if f.Certain || f.Key != dev.key {
		t.Errorf("by the handle's address: %+v", f)
	}
}
