package journeys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// The people of the journeys with ZeroDev's accounts: owners and session keys, each
// with a passkey or a key of the usual kind.

// holder is somebody with a key that Kernel's contracts know.
type holder struct {
	one     kernel.Validator // the key as owner of an account
	many    kernel.Validator // as one who approves for several chains at once
	session kernel.Signer    // as session key
	by      kernel.Approver
	approve func(account.Challenge) (account.Approval, error)
}

func (w *walker) keyHolder() (holder, error) {
	o, err := w.newOwner()
	if err != nil {
		return holder{}, err
	}
	return holder{
		kernel.ECDSA{Owner: o.address()}, kernel.MultiChainECDSA{Owner: o.address()}, kernel.ECDSASigner(o.address()),
		kernel.OwnerApprover{}, o.approve,
	}, nil
}

// passkeyHolder has a passkey. Where there is P256VERIFY, contracts are told to ask it.
func (w *walker) passkeyHolder(ctx context.Context) (holder, error) {
	u, err := w.newPasskey(webauthn.SaltHandle([32]byte(w.draw(32))))
	if err != nil {
		return holder{}, err
	}
	precompiled := false
	if p, ok := w.client.Chain.(account.P256Prober); ok {
		if precompiled, err = p.HasP256(ctx); err != nil {
			return holder{}, err
		}
	}
	hash := kernel.CredentialHash(u.credential)
	return holder{
		kernel.WebAuthn{Key: u.key, CredentialHash: hash}, kernel.MultiChainWebAuthn{Key: u.key, CredentialHash: hash}, kernel.WebAuthnSigner(u.key, hash),
		kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}, Credential: u.credential, Limits: limits, UsePrecompiled: precompiled}, u.approve,
	}, nil
}

// kernel is the newest version that the stand has.
func (w *walker) kernel() kernel.Version { return w.env.Stand.Kernel[len(w.env.Stand.Kernel)-1] }

// newKernel is an account of the owner that is not deployed yet and has money.
func (w *walker) newKernel(ctx context.Context, s *Step, root kernel.Validator) (*kernel.Account, error) {
	a, err := kernel.New(kernel.Config{Version: w.kernel(), Root: root})
	if err != nil {
		return nil, err
	}
	s.Detail["account"], s.Detail["owner"], s.Detail["version"] = a.Address().Hex(), root.String(), string(a.Version())
	_, err = w.fund(ctx, a.Address())
	return a, err
}

// owns is the account in the owner's hand.
func (h holder) owns(a *kernel.Account) (hand, error) {
	auth, err := a.Authority(h.by)
	return hand{a, auth, h.approve}, err
}

// target is the account on the walker's chain.
func (w *walker) target(ctx context.Context, a *kernel.Account) (session.Target, error) {
	id, err := w.client.Chain.ChainID(ctx)
	return session.Target{Chain: w.client.Chain, ChainID: id, Account: a}, err
}

// now is the chain's clock.
func (w *walker) now(ctx context.Context) (time.Time, error) {
	var head struct {
		Timestamp hexutil.Uint64 `json:"timestamp"`
	}
	err := w.node.CallContext(ctx, &head, "eth_getBlockByNumber", "latest", false)
	return time.Unix(int64(head.Timestamp), 0), err
}

// grants has the owner approve, once for all accounts, and returns the texts that go
// to the session key's machine.
func grants(ctx context.Context, s *Step, owner holder, to kernel.Signer, g grant.Grant, targets []session.Target, opts ...session.GrantOption) ([][]byte, error) {
	pending, err := session.NewPending(ctx, targets, owner.by, to, g, opts...)
	if err != nil {
		return nil, err
	}
	s.Detail["permission"], s.Detail["words"] = pending.Permission().ID().String(), pending.Words()
	s.Detail["prompts"] = 1
	approved, err := owner.approve(pending.Challenge())
	if err != nil {
		return nil, err
	}
	documents, err := pending.Finish(approved)
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for _, d := range documents {
		text, err := d.Serialize()
		if err != nil {
			return nil, err
		}
		s.Detail["approval"] = fmt.Sprintf("%d characters", len(text))
		texts = append(texts, text)
	}
	return texts, nil
}

// grant is grants for one account of the walker's chain, opened by the session key.
func (w *walker) grant(ctx context.Context, s *Step, owner holder, a *kernel.Account, to holder, g grant.Grant, opts ...session.GrantOption) (*session.Session, error) {
	t, err := w.target(ctx, a)
	if err != nil {
		return nil, err
	}
	texts, err := grants(ctx, s, owner, to.session, g, []session.Target{t}, opts...)
	if err != nil {
		return nil, err
	}
	return w.opens(ctx, texts[0], to)
}

// opens is what the session key's machine does with a text: it knows its own key,
// and the chain.
func (w *walker) opens(ctx context.Context, text []byte, h holder) (*session.Session, error) {
	d, err := approval.Parse(text)
	if err != nil {
		return nil, err
	}
	return session.Open(ctx, w.client.Chain, d, session.WithSigner(h.session), session.WithVersion(w.kernel()))
}

// use takes calls from the session key to the receipt.
func (w *walker) use(ctx context.Context, s *Step, on *session.Session, h holder, calls ...account.Call) (*userop.Op, error) {
	p, err := on.Prepare(ctx, w.client, h.by, calls)
	if err != nil {
		return nil, err
	}
	if err := s.seal(p, h.approve); err != nil {
		return nil, err
	}
	_, err = s.land(ctx, p)
	return p.Op(), err
}

// standing notes where a permission stands and checks it.
func (s *Step) standing(ctx context.Context, on *session.Session, want session.State) error {
	st, err := on.Status(ctx)
	if err != nil {
		return err
	}
	s.Detail["state"], s.Detail["remains"] = st.State.String(), st.Words
	if st.State != want {
		return fmt.Errorf("journeys: the permission %s is %s, not %s", on.ID(), st.State, want)
	}
	return nil
}

// forged is an operation of the session key that its own library would not sign: like
// one that was right, but changed.
func (w *walker) forged(ctx context.Context, on *session.Session, h holder, like *userop.Op, change func(*userop.Op)) (*userop.Op, error) {
	auth, err := on.Authority(ctx, h.by, session.DangerUnpoliced())
	if err != nil {
		return nil, err
	}
	op := like.Clone()
	op.Factory, op.FactoryData = nil, nil
	if op.Nonce, err = w.nonce(ctx, op.Sender, auth.NonceKey()); err != nil {
		return nil, err
	}
	change(op)
	c, err := auth.Challenge(op, on.ChainID())
	if err != nil {
		return nil, err
	}
	a, err := h.approve(c)
	if err != nil {
		return nil, err
	}
	op.Signature, err = auth.Seal(op, a)
	return op, err
}

func (w *walker) nonce(ctx context.Context, sender common.Address, key *big.Int) (*big.Int, error) {
	data, err := userop.GetNonce(sender, key)
	if err != nil {
		return nil, err
	}
	out, err := w.client.Chain.Call(ctx, w.ep.Address(), data)
	if err == nil && len(out) != 32 {
		err = fmt.Errorf("journeys: a nonce of %d bytes", len(out))
	}
	return new(big.Int).SetBytes(out), err
}

// errOtherReason is returned where chain and model refuse for different reasons.
var errOtherReason = errors.New("journeys: the chain refuses for another reason than was said")

// refusedAlike wants an operation refused here, by the rule that is named, and by the
// chain, by the same one; and by the bundler.
func (w *walker) refusedAlike(ctx context.Context, s *Step, on *session.Session, op *userop.Op, want grant.Reason) error {
	d, err := on.PreviewOp(ctx, op)
	if err != nil {
		return err
	}
	if d.Refusal == nil {
		return errAccepted
	}
	s.Detail["refusal"], s.Detail["way out"] = d.Refusal.Error(), d.Refusal.Hint()
	if d.Refusal.Reason != want {
		return fmt.Errorf("journeys: refused for another reason: %w", d.Refusal)
	}
	due := want == grant.NotDue || want == grant.NoUsesLeft || want == grant.BudgetSpent
	if w.env.Stand.StandIns && !due {
		s.Detail["chain"] = "not asked: the stand-ins of the policies do not bind this"
		return nil
	}
	said, err := w.judged(ctx, op)
	if err != nil {
		return err
	}
	s.Detail["chain"] = said.Error()
	var inner []byte
	if said.Inner != nil {
		inner = said.Inner.Data
	}
	switch {
	case want == grant.NotDue && len(d.Refusal.Revert) == 0:
		if said.Code != "AA22" {
			return fmt.Errorf("%w: %w", errOtherReason, said)
		}
	case said.Code != "AA23" || !bytes.Equal(inner, d.Refusal.Revert):
		return fmt.Errorf("%w: %x instead of %x: %w", errOtherReason, inner, d.Refusal.Revert, said)
	}
	if _, err = w.client.Bundler.Send(ctx, op, w.ep); err == nil {
		return errAccepted
	}
	s.Detail["bundler"] = account.AACode(err)
	return nil
}

// judged is why the EntryPoint refuses an operation.
func (w *walker) judged(ctx context.Context, op *userop.Op) (*userop.Revert, error) {
	data, err := w.ep.HandleOps([]*userop.Op{op}, common.Address{1})
	if err != nil {
		return nil, err
	}
	_, err = w.client.Chain.Call(ctx, w.ep.Address(), data)
	if r, ok := errors.AsType[*userop.Revert](err); ok {
		return r, nil
	}
	if err == nil {
		err = errAccepted
	}
	return nil, err
}

// asks has a contract at caller ask the account about a signature (ERC-1271).
func (w *walker) asks(ctx context.Context, caller, acct common.Address, hash common.Hash, sig []byte) (bool, error) {
	data := append(common.FromHex("0x1626ba7e"), hash[:]...)
	data = append(data, common.BigToHash(big.NewInt(64)).Bytes()...)
	data = append(data, common.BigToHash(big.NewInt(int64(len(sig)))).Bytes()...)
	data = append(data, common.RightPadBytes(sig, (len(sig)+31)/32*32)...)
	var out hexutil.Bytes
	err := w.node.CallContext(ctx, &out, "eth_call", map[string]any{"from": caller, "to": acct, "data": hexutil.Bytes(data)}, "latest")
	if err != nil {
		if _, reverted := errors.AsType[interface {
			error
			ErrorData() any
		}](err); reverted {
			return false, nil
		}
		return false, err
	}
	return len(out) == 32 && bytes.Equal(out[:4], data[:4]), nil
}

// handmade is a permission that the owner approved without the checks of package
// session.
type handmade struct {
	kernel.Permission
	enable    kernel.Enable
	signature []byte // the owner's
}

func (w *walker) byHand(ctx context.Context, owner holder, a *kernel.Account, to kernel.Signer, g grant.Grant) (handmade, error) {
	h := handmade{Permission: kernel.Permission{Flag: uint16(g.Flag), Signer: to}}
	for _, policy := range g.Policies {
		entry, err := grant.KernelEntry(policy)
		if err != nil {
			return h, err
		}
		h.Policies = append(h.Policies, entry)
	}
	t, err := w.target(ctx, a)
	if err != nil {
		return h, err
	}
	nonce, err := kernel.CurrentNonce(ctx, t.Chain, a.Address())
	if err != nil {
		return h, err
	}
	h.enable = kernel.Enable{Version: a.Version(), Account: a.Address(), ChainID: t.ChainID, ID: h.ID().Validation(), Nonce: nonce, Data: h.EnableData()}
	auth, err := a.Authority(owner.by)
	if err != nil {
		return h, err
	}
	r, err := auth.SignEnable(h.enable)
	if err != nil {
		return h, err
	}
	approved, err := owner.approve(r.Challenge())
	if err != nil {
		return h, err
	}
	signatures, err := r.Finish(approved)
	if err != nil {
		return h, err
	}
	h.signature = signatures[0]
	return h, nil
}

// installs is the operation by which a key of the usual kind installs a handmade
// permission and makes calls: like one that was right, but for that.
func (w *walker) installs(ctx context.Context, p handmade, h holder, like *userop.Op, calls ...account.Call) (*userop.Op, error) {
	op := like.Clone()
	op.Factory, op.FactoryData = nil, nil
	op.VerificationGasLimit = big.NewInt(2_000_000)
	var err error
	if op.CallData, err = kernel.Execute(calls); err != nil {
		return nil, err
	}
	if op.Nonce, err = w.nonce(ctx, op.Sender, kernel.KeyOf(kernel.ModeEnable, p.enable.ID, 0).Int()); err != nil {
		return nil, err
	}
	as, err := kernel.Attach(op.Sender, p.enable.Version, h.one)
	if err != nil {
		return nil, err
	}
	auth, err := as.Authority(h.by)
	if err != nil {
		return nil, err
	}
	c, err := auth.Challenge(op, p.enable.ChainID)
	if err != nil {
		return nil, err
	}
	approved, err := h.approve(c)
	if err != nil {
		return nil, err
	}
	sig, err := auth.Seal(op, approved)
	op.Signature = p.enable.Seal(p.signature, seal.KernelUse(sig))
	return op, err
}

// refusedAs wants the EntryPoint to refuse an operation with a code, and the
// bundler to refuse it too.
func (w *walker) refusedAs(ctx context.Context, s *Step, op *userop.Op, code string) error {
	said, err := w.judged(ctx, op)
	if err != nil {
		return err
	}
	s.Detail["chain"] = said.Error()
	if said.Code != code {
		return fmt.Errorf("%w: %w", errOtherReason, said)
	}
	if _, err := w.client.Bundler.Send(ctx, op, w.ep); err == nil {
		return errAccepted
	}
	return nil
}
