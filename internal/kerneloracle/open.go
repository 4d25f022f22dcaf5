// Opening a document against a chain, and what is signed with it.

package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

type openArgs struct {
	Text string `json:"text"`
	// Owner and Session say what is on the chain: the document is not asked.
	Owner     owner   `json:"owner"`
	Session   grantee `json:"session"`
	Deployed  bool    `json:"deployed"`
	Installed bool    `json:"installed"`
	// Address puts the account there, whatever address its factory would give it.
	Address  *common.Address `json:"address,omitempty"`
	Ops      []opArgs        `json:"ops"`
	Messages []message       `json:"messages"`
}

type opArgs struct {
	Calls    []call      `json:"calls"`
	Lane     kernel.Lane `json:"lane"`
	Sequence uint64      `json:"sequence"`
	// Wire is the operation without what is computed here: nonce, callData and signature.
	Wire wire `json:"wire"`
}

type call struct {
	To    common.Address `json:"to"`
	Value *number        `json:"value"`
	Data  hexutil.Bytes  `json:"data"`
}

type wire struct {
	CallGasLimit         *number         `json:"callGasLimit"`
	VerificationGasLimit *number         `json:"verificationGasLimit"`
	PreVerificationGas   *number         `json:"preVerificationGas"`
	MaxFeePerGas         *number         `json:"maxFeePerGas"`
	MaxPriorityFeePerGas *number         `json:"maxPriorityFeePerGas"`
	Paymaster            *common.Address `json:"paymaster,omitempty"`
	PaymasterGas         *number         `json:"paymasterVerificationGasLimit,omitempty"`
	PaymasterPostOpGas   *number         `json:"paymasterPostOpGasLimit,omitempty"`
	PaymasterData        hexutil.Bytes   `json:"paymasterData,omitempty"`
}

type message struct {
	Hash   common.Hash    `json:"hash"`
	Caller common.Address `json:"caller"`
}

type opened struct {
	Account    common.Address  `json:"account"`
	ID         hexutil.Bytes   `json:"id"`
	Flag       uint16          `json:"flag"`
	EnableData hexutil.Bytes   `json:"enableData"`
	Secret     bool            `json:"secret"`
	State      string          `json:"state"`
	Text       string          `json:"text"` // written again
	Words      []string        `json:"words"`
	Granted    []string        `json:"granted"` // the words of the description
	Ops        []sealedOp      `json:"ops"`
	Messages   []hexutil.Bytes `json:"messages"`
}

type sealedOp struct {
	Nonce       *hexutil.Big    `json:"nonce"`
	Factory     *common.Address `json:"factory,omitempty"`
	FactoryData hexutil.Bytes   `json:"factoryData"`
	CallData    hexutil.Bytes   `json:"callData"`
	Hash        common.Hash     `json:"hash"`
	Stub        int             `json:"stub"` // bytes
	Signature   hexutil.Bytes   `json:"signature"`
}

// open opens a document against the chain and signs operations and messages with it.
func open(a openArgs) (*opened, error) {
	ctx := context.Background()
	d, err := approval.Parse([]byte(a.Text))
	if err != nil {
		return nil, err
	}
	acct, err := a.Session.account(a.Owner)
	if err != nil {
		return nil, err
	}
	if a.Address != nil {
		if acct, err = kernel.Attach(*a.Address, acct.Version(), acct.Root()); err != nil {
			return nil, err
		}
	}
	c := &chain{id: a.Session.ChainID, account: acct, deployed: a.Deployed, nonce: a.Session.Nonce}
	described, err := makeGrant(a.Session.Policies, a.Session.Flag)
	if err != nil {
		return nil, err
	}
	if a.Installed {
		p, _, err := a.Session.permission()
		if err != nil {
			return nil, err
		}
		c.grant, c.permission = described, &p
	}
	opts := []session.Option{session.DangerUnknownPolicies(), session.WithMachineClock(clock)}
	if !d.Secret() {
		signer, err := a.Session.Signer.signer()
		if err != nil {
			return nil, err
		}
		opts = append(opts, session.WithSigner(signer))
	}
	s, err := session.Open(ctx, c, d, opts...)
	if err != nil {
		return nil, err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	text, err := s.Document().Serialize()
	if err != nil {
		return nil, err
	}
	id := s.ID()
	out := &opened{
		Account: s.Address(), ID: id[:], Flag: s.Permission().Flag, EnableData: s.Permission().EnableData(), Secret: d.Secret(),
		State: status.State.String(), Text: string(text), Words: s.Words(), Granted: grant.Words(described, grant.Style{}), Ops: []sealedOp{}, Messages: []hexutil.Bytes{},
	}
	by := owner{Key: a.Session.Signer}.approver(s.ChainID())
	for i, o := range a.Ops {
		op, err := a.operation(ctx, s, by, o)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		out.Ops = append(out.Ops, op)
	}
	for _, m := range a.Messages {
		q, err := s.SignHash(ctx, by, m.Hash, m.Caller)
		if err != nil {
			return nil, err
		}
		approved, err := a.approve(s, q.Challenge())
		if err != nil {
			return nil, err
		}
		sig, err := q.Finish(approved)
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, sig)
	}
	return out, nil
}

// approve signs with the key in the document, or else with the session's own.
func (a openArgs) approve(s *session.Session, c account.Challenge) (account.Approval, error) {
	if s.Document().Secret() {
		return s.Approve(c)
	}
	return a.Session.Signer.approve(c)
}

func (a openArgs) operation(ctx context.Context, s *session.Session, by kernel.Approver, o opArgs) (sealedOp, error) {
	auth, err := s.Authority(ctx, by, session.WithLane(o.Lane), session.DangerUnpoliced())
	if err != nil {
		return sealedOp{}, err
	}
	op, err := o.op(s.Account(), auth, !a.Deployed)
	if err != nil {
		return sealedOp{}, err
	}
	c, err := auth.Challenge(op, s.ChainID())
	if err != nil {
		return sealedOp{}, err
	}
	approved, err := a.approve(s, c)
	if err != nil {
		return sealedOp{}, err
	}
	if err := c.Verify(approved); err != nil {
		return sealedOp{}, err
	}
	sig, err := auth.Seal(op, approved)
	if err != nil {
		return sealedOp{}, err
	}
	return sealed(op, userop.V07, s.ChainID(), auth, sig)
}

// op is the operation before anybody signs.
func (o opArgs) op(acct account.Account, auth account.Authority, deploy bool) (*userop.Op, error) {
	op := &userop.Op{
		Sender: acct.Address(), CallGasLimit: &o.Wire.CallGasLimit.Int, VerificationGasLimit: &o.Wire.VerificationGasLimit.Int, PreVerificationGas: &o.Wire.PreVerificationGas.Int,
		MaxFeePerGas: &o.Wire.MaxFeePerGas.Int, MaxPriorityFeePerGas: &o.Wire.MaxPriorityFeePerGas.Int, Paymaster: o.Wire.Paymaster, PaymasterData: o.Wire.PaymasterData,
	}
	if o.Wire.Paymaster != nil {
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = &o.Wire.PaymasterGas.Int, &o.Wire.PaymasterPostOpGas.Int
	}
	if factory, data := acct.Factory(); deploy && factory != (common.Address{}) {
		op.Factory, op.FactoryData = &factory, data
	}
	var calls []account.Call
	for _, c := range o.Calls {
		calls = append(calls, account.Call{To: c.To, Value: &c.Value.Int, Data: c.Data})
	}
	var err error
	if op.CallData, err = acct.EncodeCalls(calls); err != nil {
		return nil, err
	}
	op.Nonce, err = userop.MakeNonce(auth.NonceKey(), o.Sequence)
	return op, err
}
