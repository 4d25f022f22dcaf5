package session_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// installed is the golden permission on a chain that has installed it.
func (r run) installed(t testing.TB) (*fake, *session.Session) {
	t.Helper()
	f, _ := r.fake(t)
	s := must[*session.Session](t)(r.open(t, f, r.Multi))
	a := must[*kernel.Account](t)(s.Document().Account())
	f.deploy(r.KernelVersion, a.RootContract(), a.Root().(kernel.MultiChainECDSA).Owner)
	f.install(s.Permission())
	f.policies(s.Permission())
	return f, s
}

func isMismatch(err error) bool {
	e, ok := errors.AsType[*session.MismatchError](err)
	return ok && e.Hint() != "" && e.What != "" && e.Want != e.Found
}

func isAnswer(err error) bool { return errors.Is(err, session.ErrAnswer) }

func isNotKernel(err error) bool {
	_, ok := errors.AsType[*kernel.NotKernelError](err)
	return ok
}

// A node that says of an installed permission what the document does not is not
// believed.
func TestALyingNodeIsFoundOut(t *testing.T) {
	r := runs(t)[0]
	_, s := r.installed(t)
	p := s.Permission()
	other := common.HexToAddress("0x00000000000000000000000000000000000bad00")
	contract := func(i int) common.Address { return common.Address(p.Policies[i][2:22]) }
	config := func(flag []byte, signer common.Address, entries [][]byte) []any {
		words := []any{32, flag, signer, 96, len(entries)}
		for _, e := range entries {
			words = append(words, e[:22])
		}
		return words
	}
	swapped := append([][]byte{p.Policies[1], p.Policies[0]}, p.Policies[2:]...)
	for name, c := range map[string]struct {
		lie  func(*fake)
		want func(error) bool
	}{
		"another signer": {func(f *fake) { f.says(f.account, "permissionConfig(bytes4)", config(nil, other, p.Policies)...) }, isMismatch},
		"another flag": {func(f *fake) {
			f.says(f.account, "permissionConfig(bytes4)", config([]byte{0, 1}, p.Signer.Contract, p.Policies)...)
		}, isMismatch},
		"fewer policies": {func(f *fake) {
			f.says(f.account, "permissionConfig(bytes4)", config(nil, p.Signer.Contract, p.Policies[1:])...)
		}, isMismatch},
		"another order": {func(f *fake) {
			f.says(f.account, "permissionConfig(bytes4)", config(nil, p.Signer.Contract, swapped)...)
		}, isMismatch},
		"no policies":     {func(f *fake) { f.says(f.account, "permissionConfig(bytes4)", config(nil, p.Signer.Contract, nil)...) }, isMismatch},
		"a hook":          {func(f *fake) { f.says(f.account, "validationConfig(bytes21)", 1, other) }, isMismatch},
		"another passkey": {func(f *fake) { f.says(p.Signer.Contract, "webAuthnSignerStorage(bytes32,address)", 1, 2) }, isMismatch},
		"half a passkey":  {func(f *fake) { f.says(p.Signer.Contract, "webAuthnSignerStorage(bytes32,address)", 1) }, isAnswer},
		"a cut answer":    {func(f *fake) { f.says(f.account, "permissionConfig(bytes4)", 32) }, isNotKernel},
		"a longer answer": {func(f *fake) {
			f.says(f.account, "permissionConfig(bytes4)", append(config(nil, p.Signer.Contract, p.Policies), 0)...)
		}, isNotKernel},
		"a huge nonce":   {func(f *fake) { f.says(f.account, "currentNonce()", 1<<40) }, isNotKernel},
		"the nonce zero": {func(f *fake) { f.says(f.account, "currentNonce()", 0) }, isNotKernel},
		"more budget": {func(f *fake) {
			f.says(contract(1), "gasPolicyConfig(bytes32,address)", 6_000_000_000_000_000_000, 0, 0)
		}, isMismatch},
		"a paymaster":      {func(f *fake) { f.says(contract(1), "gasPolicyConfig(bytes32,address)", 1, 1, other) }, isMismatch},
		"no truth":         {func(f *fake) { f.says(contract(1), "gasPolicyConfig(bytes32,address)", 1, 2, 0) }, isAnswer},
		"no address":       {func(f *fake) { f.says(contract(1), "gasPolicyConfig(bytes32,address)", 1, 0, []byte{1}) }, isAnswer},
		"another window":   {func(f *fake) { f.says(contract(2), "timestampPolicyConfig(bytes32,address)", 0, 0) }, isMismatch},
		"no time":          {func(f *fake) { f.says(contract(2), "timestampPolicyConfig(bytes32,address)", 1<<50, 0) }, isAnswer},
		"more uses":        {func(f *fake) { f.says(contract(3), "rateLimitConfigs(bytes32,address)", 0, 4, 0) }, isMismatch},
		"another interval": {func(f *fake) { f.says(contract(3), "rateLimitConfigs(bytes32,address)", 9, 3, 0) }, isMismatch},
		"another start":    {func(f *fake) { f.says(contract(3), "rateLimitConfigs(bytes32,address)", 0, 3, 9) }, isMismatch},
		"nothing":          {func(f *fake) { f.says(contract(3), "rateLimitConfigs(bytes32,address)") }, isAnswer},
		"another version": {func(f *fake) {
			f.says(f.account, "accountId()", 32, len("kernel.advanced.v0.3.1"), []byte("kernel.advanced.v0.3.1"))
		}, func(err error) bool { return errors.Is(err, session.ErrUpgraded) }},
		"another contract": {func(f *fake) { f.code = []byte{1} }, isNotKernel},
	} {
		f, s := r.installed(t)
		if st := status(t, s); st.State != session.Enabled || st.Left.Policies[3].Count != 2 {
			t.Fatalf("%s: before: %+v", name, st)
		}
		c.lie(f)
		if _, err := s.Status(t.Context()); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Authority(t.Context(), r.approver()); err == nil {
			t.Errorf("%s: an authority", name)
		}
		if _, err := s.SignHash(t.Context(), r.approver(), common.Hash{1}, asker); err == nil {
			t.Errorf("%s: a message", name)
		}
	}
}

// A node that says an installed permission was never installed cannot make us send
// the approval for what its owner did not approve; it gets the approval that it has
// seen already.
func TestANodeThatForgetsGetsNothingNew(t *testing.T) {
	r := runs(t)[0]
	f, s := r.installed(t)
	f.says(f.account, "validationConfig(bytes21)", 0, 0)
	if st := status(t, s); st.State != session.Approved {
		t.Errorf("%+v", st)
	}
	f.says(f.account, "currentNonce()", 2)
	if st := status(t, s); st.State != session.Void {
		t.Errorf("%+v", st)
	}
	f.says(f.account, "currentNonce()", 1)
	if st := status(t, s); st.State != session.Approved {
		t.Errorf("%+v", st)
	}
	root := must[*kernel.Account](t)(s.Document().Account()).RootContract()
	f.says(root, "ecdsaValidatorStorage(address)", asker)
	_, err := s.Status(t.Context())
	if e, ok := errors.AsType[*session.ApprovalError](err); !ok || e.Hint() == "" {
		t.Error(err)
	}
}

// Whatever bit of a document is changed, it is refused, or means the same.
func TestATamperedDocumentIsRefusedOrMeansTheSame(t *testing.T) {
	r := runs(t)[1]
	f, _ := r.fake(t)
	good := must[*session.Session](t)(r.open(t, f, r.Single))
	text := must[[]byte](t)(base64.StdEncoding.DecodeString(r.Single))
	refused, same := 0, 0
	for at := 0; at < len(text); at += 3 {
		changed := bytes.Clone(text)
		changed[at] ^= 1 << (at % 7)
		d, err := approval.Parse([]byte(base64.StdEncoding.EncodeToString(changed)))
		if err != nil {
			refused++
			continue
		}
		s, err := session.Open(t.Context(), f, d, session.WithSigner(r.signer(t)), session.WithMachineClock(at2026))
		if err != nil {
			refused++
			continue
		}
		same++
		if s.ID() != good.ID() || s.Address() != good.Address() || !bytes.Equal(s.Permission().EnableData(), good.Permission().EnableData()) {
			t.Fatalf("byte %d: another permission opens: %s", at, changed[max(0, at-40):min(len(changed), at+40)])
		}
	}
	if refused == 0 || same == 0 {
		t.Errorf("%d refused, %d the same", refused, same)
	}
}

func TestOpenRefuses(t *testing.T) {
	list := runs(t)
	r := list[0]
	f, d := r.fake(t)
	stranger := holders(t)[0].signer
	old := r.signer(t)
	old.Contract = common.HexToAddress("0x8AA55d4BfAE101609078681A69B5bc3181516612")
	open := func(f *fake, opts ...session.Option) error {
		_, err := session.Open(t.Context(), f, d, opts...)
		return err
	}
	mine := session.WithSigner(r.signer(t))
	if err := open(f, mine); err != nil {
		t.Fatal(err)
	}
	is := func(err error, ok bool) {
		t.Helper()
		if !ok {
			t.Error(err)
		}
	}
	err := open(f)
	_, ok := errors.AsType[*approval.Error](err)
	is(err, ok)
	err = open(f, session.WithSigner(stranger))
	_, ok = errors.AsType[*approval.MismatchError](err)
	is(err, ok)
	err = open(f, session.WithSigner(old))
	_, ok = errors.AsType[*kernel.VulnerableError](err)
	is(err, ok)
	err = open(f, mine, session.WithChainID(big.NewInt(1)))
	_, ok = errors.AsType[*account.WrongChainError](err)
	is(err, ok)
	err = open(newFake(list[1].ChainID, f.account), mine) // the other chain
	_, ok = errors.AsType[*session.ApprovalError](err)
	is(err, ok)
	err = open(newFake(0, f.account), mine)
	is(err, isAnswer(err))

	_, err = session.Open(t.Context(), f, must[*approval.Document](t)(d.WithContext(approval.Context{ChainID: big.NewInt(9)})), mine, session.WithChainID(big.NewInt(r.ChainID)))
	_, ok = errors.AsType[*account.WrongChainError](err)
	is(err, ok)
}

// A chain that lacks a contract of the permission is found before anything is signed.
func TestMissingContractsAreFound(t *testing.T) {
	r := runs(t)[0]
	f, d := r.fake(t)
	p := must[*session.Session](t)(r.open(t, f, r.Multi)).Permission()
	missing := func(err error, what string) {
		t.Helper()
		if e, ok := errors.AsType[*session.MissingError](err); !ok || e.What != what || e.Hint() == "" {
			t.Error(err)
		}
	}
	for what, at := range map[string]common.Address{"signer": p.Signer.Contract, "policy 3": common.Address(p.Policies[2][2:22])} {
		f.missing = at
		_, err := session.Open(t.Context(), f, d, session.WithSigner(r.signer(t)))
		missing(err, what)
		acct := must[*kernel.Account](t)(d.Account())
		_, err = session.NewPending(t.Context(), []session.Target{{Chain: f, ChainID: big.NewInt(r.ChainID), Account: acct}}, kernel.OwnerApprover{}, p.Signer,
			grant.Grant{Policies: d.Fields().Policies}, session.WithClock(at2026))
		missing(err, what)
	}
}

// A permission whose time is over is expired, installed or not.
func TestAnExpiredPermissionMakesNothing(t *testing.T) {
	r := runs(t)[0]
	f, d := r.fake(t)
	late := session.WithMachineClock(func() time.Time { return time.Unix(2_000_000_001, 0) })
	s := must[*session.Session](t)(session.Open(t.Context(), f, d, session.WithSigner(r.signer(t)), late))
	st := status(t, s)
	if st.State != session.Expired || st.Usable() || st.Messages {
		t.Errorf("%+v", st)
	}
	if _, err := s.Authority(t.Context(), r.approver()); !isState(err, session.Expired) {
		t.Error(err)
	}
	if _, err := s.Preview(t.Context(), pay(1)); !isState(err, session.Expired) {
		t.Error(err)
	}
	if _, err := s.SignHash(t.Context(), r.approver(), common.Hash{}, asker); !isState(err, session.Expired) {
		t.Error(err)
	}
	a := must[*kernel.Account](t)(s.Document().Account())
	f.deploy(r.KernelVersion, a.RootContract(), a.Root().(kernel.MultiChainECDSA).Owner)
	f.install(s.Permission())
	f.policies(s.Permission())
	st = status(t, s)
	if st.State != session.Expired || !st.Messages || !strings.Contains(strings.Join(st.Words, " "), "sign messages") {
		t.Errorf("installed: %+v", st)
	}
}

// What an authority is asked to sign must be of its sequence, chain and account, and
// within its policies.
func TestAnAuthorityRefusesForeignOperations(t *testing.T) {
	r := runs(t)[0]
	f, d := r.fake(t)
	s := must[*session.Session](t)(session.Open(t.Context(), f, d, session.WithSigner(r.signer(t)), session.WithMachineClock(at2026)))
	a := must[*session.Authority](t)(s.Authority(t.Context(), r.approver()))
	id := big.NewInt(r.ChainID)
	good := must[*userop.Op](t)(userop.V07.UnmarshalOp(r.Ops[0].UserOperation))
	if _, err := a.Challenge(good, id); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*userop.Op){
		"another account": func(op *userop.Op) { op.Sender = asker },
		"use mode":        func(op *userop.Op) { op.Nonce = new(big.Int).Xor(op.Nonce, new(big.Int).Lsh(big.NewInt(1), 248)) },
		"another lane":    func(op *userop.Op) { op.Nonce = new(big.Int).Add(op.Nonce, new(big.Int).Lsh(big.NewInt(1), 64)) },
		"no execute":      func(op *userop.Op) { op.CallData = []byte{1, 2, 3, 4} },
		"more gas":        func(op *userop.Op) { op.CallGasLimit = ether(100) },
	} {
		op := good.Clone()
		change(op)
		if _, err := a.Challenge(op, id); err == nil {
			t.Errorf("%s: a challenge", name)
		}
	}
	if _, err := a.Challenge(good, big.NewInt(1)); err == nil {
		t.Error("another chain: a challenge")
	}
	op := good.Clone()
	op.CallGasLimit = ether(100)
	if _, err := a.Challenge(op, id); !isRefused(err, grant.BudgetSpent) {
		t.Error(err)
	}
	if _, err := s.Authority(t.Context(), kernel.OwnerApprover{}); err == nil {
		t.Error("a passkey is asked as if it were a key")
	}
}
