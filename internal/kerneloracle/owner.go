// What the owner of an account does without a session key: operations, messages, many operations with one signature.

package main

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/userop"
)

type actArgs struct {
	Owner    owner           `json:"owner"`
	Version  kernel.Version  `json:"version"`
	ChainID  int64           `json:"chainId"`
	Index    *number         `json:"index"`
	Address  *common.Address `json:"address,omitempty"` // where no factory tells it
	Deployed bool            `json:"deployed"`
	Mode     string          `json:"mode"` // "", "try" or "delegate"
	Op       opArgs          `json:"op"`
	Text     string          `json:"text"`
	Hash     common.Hash     `json:"hash"` // of typed data
	// Together are hashes of operations that one signature approves.
	Together []common.Hash `json:"together"`
}

type acted struct {
	Account     common.Address  `json:"account"`
	Factory     common.Address  `json:"factory"`
	FactoryData hexutil.Bytes   `json:"factoryData"`
	Op          sealedOp        `json:"op"`
	Text        hexutil.Bytes   `json:"text"`
	Typed       hexutil.Bytes   `json:"typed"`
	Replayable  hexutil.Bytes   `json:"replayable,omitempty"`
	Together    []hexutil.Bytes `json:"together,omitempty"`
}

// act signs all of it.
func act(a actArgs) (*acted, error) {
	acct, err := a.account()
	if err != nil {
		return nil, err
	}
	chainID := big.NewInt(a.ChainID)
	auth, err := acct.Authority(a.Owner.approver(chainID), kernel.WithLane(a.Op.Lane))
	if err != nil {
		return nil, err
	}
	out := &acted{Account: acct.Address()}
	out.Factory, out.FactoryData = acct.Factory()
	if out.Op, err = a.operation(acct, auth, chainID); err != nil {
		return nil, err
	}
	sign := func(q *kernel.Request, err error) ([]hexutil.Bytes, error) {
		if err != nil {
			return nil, err
		}
		approved, err := a.Owner.Key.approve(q.Challenge())
		if err != nil {
			return nil, err
		}
		list, err := q.Finish(approved)
		sigs := make([]hexutil.Bytes, len(list))
		for i := range list {
			sigs[i] = list[i]
		}
		return sigs, err
	}
	message := func(into *hexutil.Bytes, q *kernel.Request, err error) error {
		sigs, err := sign(q, err)
		if err != nil {
			return err
		}
		*into = sigs[0]
		if !a.Deployed {
			*into, err = acct.Undeployed(sigs[0])
		}
		return err
	}
	q, err := auth.SignText([]byte(a.Text), chainID)
	if err := message(&out.Text, q, err); err != nil {
		return nil, err
	}
	q, err = auth.DangerSignHash(a.Hash, chainID)
	if err := message(&out.Typed, q, err); err != nil {
		return nil, err
	}
	if a.Version == kernel.V032 || a.Version == kernel.V033 {
		q, err = auth.DangerSignReplayable(personal(a.Text))
		if err := message(&out.Replayable, q, err); err != nil {
			return nil, err
		}
	}
	if len(a.Together) > 0 {
		if out.Together, err = sign(auth.SignHashes(a.Together)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// account is made by a factory, or is the owner's key's own (EIP-7702).
func (a actArgs) account() (*kernel.Account, error) {
	if a.Owner.Validator == "eip7702" {
		key, err := a.Owner.Key.address()
		if err != nil {
			return nil, err
		}
		d, err := kernel.NewDelegated(key)
		return d.Account, err
	}
	root, err := a.Owner.root()
	if err != nil {
		return nil, err
	}
	c := kernel.Config{Version: a.Version, Root: root, Index: &a.Index.Int}
	if a.Address != nil {
		c.Address = *a.Address
	}
	return kernel.New(c)
}

func (a actArgs) operation(acct *kernel.Account, auth *kernel.Authority, chainID *big.Int) (sealedOp, error) {
	var as account.Account = acct
	switch a.Mode {
	case "try":
		as = kernel.Trying{Account: acct}
	case "delegate":
		as = kernel.DangerDelegating{Account: acct}
	case "":
	default:
		return sealedOp{}, fmt.Errorf("no mode is called %q", a.Mode)
	}
	op, err := a.Op.op(as, auth, !a.Deployed)
	if err != nil {
		return sealedOp{}, err
	}
	c, err := auth.Challenge(op, chainID)
	if err != nil {
		return sealedOp{}, err
	}
	approved, err := a.Owner.Key.approve(c)
	if err != nil {
		return sealedOp{}, err
	}
	sig, err := auth.Seal(op, approved)
	if err != nil {
		return sealedOp{}, err
	}
	return sealed(op, acct.EntryPoint(), chainID, auth, sig)
}

// sealed is the operation as the scripts compare it.
func sealed(op *userop.Op, ep userop.EntryPoint, chainID *big.Int, auth account.Authority, sig []byte) (sealedOp, error) {
	hash, err := ep.Hash(op, chainID)
	return sealedOp{
		Nonce: (*hexutil.Big)(op.Nonce), Factory: op.Factory, FactoryData: op.FactoryData, CallData: op.CallData, Hash: hash,
		Stub: len(auth.Stub()), Signature: sig,
	}, err
}

type tablesArgs struct {
	ChainIDs []int64  `json:"chainIds"`
	Texts    []string `json:"texts"`
}

type tables struct {
	Precompiled []int64       `json:"precompiled"` // of the chains asked for
	Lanes       []kernel.Lane `json:"lanes"`
}

// table answers what the packages have tables and short functions for.
func table(a tablesArgs) (tables, error) {
	out := tables{Precompiled: []int64{}, Lanes: []kernel.Lane{}}
	for _, id := range a.ChainIDs {
		if kernel.SDKUsesPrecompiled(big.NewInt(id)) {
			out.Precompiled = append(out.Precompiled, id)
		}
	}
	for _, t := range a.Texts {
		out.Lanes = append(out.Lanes, kernel.LaneOf(t))
	}
	return out, nil
}
