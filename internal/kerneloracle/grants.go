// What an owner signs for a session key, on one chain or on several at once.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// actions are what can be asked.
var actions = map[string]func(json.RawMessage) (any, error){
	"grants": action(grants),
	"write":  action(write),
	"open":   action(open),
	"read":   action(read),
	"act":    action(act),
	"table":  action(table),
}

// kind names the outermost typed error in err, and the field that one of them is about.
func kind(err error) (name, field string) {
	for ; err != nil; err = errors.Unwrap(err) {
		switch e := err.(type) {
		case *grant.Error:
			field = e.Field
		case *approval.Error:
			field = e.Field
		}
		if t := fmt.Sprintf("%T", err); name == "" && !strings.HasPrefix(t, "*fmt.") && !strings.HasPrefix(t, "*errors.") {
			name = t
		}
	}
	return name, field
}

// grantee is one session key on one account on one chain.
type grantee struct {
	Version  kernel.Version `json:"version"`
	ChainID  int64          `json:"chainId"`
	Index    *number        `json:"index"`
	Nonce    uint32         `json:"nonce"`
	Signer   key            `json:"signer"`
	Flag     grant.Flag     `json:"flag"`
	Policies []policy       `json:"policies"`
	Lane     kernel.Lane    `json:"lane"`
}

type grantsArgs struct {
	Owner    owner     `json:"owner"`
	Sessions []grantee `json:"sessions"`
	// Together signs once for all of them.
	Together bool `json:"together"`
}

type granted struct {
	Account     common.Address  `json:"account"`
	Factory     common.Address  `json:"factory"`
	FactoryData hexutil.Bytes   `json:"factoryData"`
	Entries     []hexutil.Bytes `json:"entries"` // flag ‖ contract ‖ data of each policy
	ID          hexutil.Bytes   `json:"id"`
	EnableData  hexutil.Bytes   `json:"enableData"`
	Digest      common.Hash     `json:"digest"`
	TypedData   json.RawMessage `json:"typedData"`
	Approval    hexutil.Bytes   `json:"approval"`
	EnableKey   *hexutil.Big    `json:"enableKey"`
	UseKey      *hexutil.Big    `json:"useKey"`
	Uninstall   hexutil.Bytes   `json:"uninstall"` // the owner's call data
	// Install and Grant are what an account does to itself as it is created with the permission, from 0.3.1 on.
	Install hexutil.Bytes `json:"install,omitempty"`
	Grant   hexutil.Bytes `json:"grant,omitempty"`
}

func (s grantee) permission() (kernel.Permission, []hexutil.Bytes, error) {
	signer, err := s.Signer.signer()
	if err != nil {
		return kernel.Permission{}, nil, err
	}
	p := kernel.Permission{Signer: signer, Flag: uint16(s.Flag)}
	g, err := makeGrant(s.Policies, s.Flag)
	if err != nil {
		return p, nil, err
	}
	entries := []hexutil.Bytes{}
	for i, one := range g.Policies {
		entry, err := grant.KernelEntry(one)
		if err != nil {
			return p, nil, fmt.Errorf("policy %d: %w", i, err)
		}
		p.Policies, entries = append(p.Policies, entry), append(entries, entry)
	}
	return p, entries, p.Check()
}

func (s grantee) account(o owner) (*kernel.Account, error) {
	root, err := o.root()
	if err != nil {
		return nil, err
	}
	return kernel.New(kernel.Config{Version: s.Version, Root: root, Index: &s.Index.Int})
}

func grants(a grantsArgs) ([]granted, error) {
	out := make([]granted, len(a.Sessions))
	enables := make([]kernel.Enable, len(a.Sessions))
	authorities := make([]*kernel.Authority, len(a.Sessions))
	for i, s := range a.Sessions {
		acct, err := s.account(a.Owner)
		if err != nil {
			return nil, err
		}
		p, entries, err := s.permission()
		if err != nil {
			return nil, err
		}
		id, chain := p.ID(), big.NewInt(s.ChainID)
		e := kernel.Enable{Version: s.Version, Account: acct.Address(), ChainID: chain, ID: id.Validation(), Nonce: s.Nonce, Data: p.EnableData()}
		shown, err := e.TypedData()
		if err != nil {
			return nil, err
		}
		factory, data := acct.Factory()
		enables[i] = e
		if authorities[i], err = acct.Authority(a.Owner.approver(chain)); err != nil {
			return nil, err
		}
		out[i] = granted{
			Account: acct.Address(), Factory: factory, FactoryData: data, Entries: entries, ID: id[:], EnableData: e.Data,
			Digest: shown.Digest, TypedData: shown.JSON,
			EnableKey: (*hexutil.Big)(kernel.KeyOf(kernel.ModeEnable, e.ID, s.Lane).Int()), UseKey: (*hexutil.Big)(kernel.KeyOf(kernel.ModeDefault, e.ID, s.Lane).Int()),
		}
	}
	for i, s := range a.Sessions {
		if err := s.changes(a.Owner, &out[i]); err != nil {
			return nil, err
		}
	}
	if a.Together {
		q, err := authorities[0].SignEnables(enables)
		if err != nil {
			return nil, err
		}
		return out, finish(a.Owner.Key, q, out)
	}
	for i := range enables {
		q, err := authorities[i].SignEnable(enables[i])
		if err != nil {
			return nil, err
		}
		if err := finish(a.Owner.Key, q, out[i:i+1]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// changes are what the owner sends to install the permission and to revoke it.
func (s grantee) changes(o owner, out *granted) error {
	acct, err := s.account(o)
	if err != nil {
		return err
	}
	p, _, err := s.permission()
	if err != nil {
		return err
	}
	calls, err := acct.UninstallPermission(p)
	if err != nil {
		return err
	}
	if out.Uninstall, err = kernel.Execute(calls); err != nil || s.Version == kernel.V030 {
		return err
	}
	if calls, err = acct.InstallPermission(p, 1); err != nil {
		return err
	}
	out.Install, out.Grant = calls[0].Data, calls[1].Data
	return nil
}

// finish signs and puts one approval into each of out.
func finish(k key, q *kernel.Request, out []granted) error {
	approval, err := k.approve(q.Challenge())
	if err != nil {
		return err
	}
	sigs, err := q.Finish(approval)
	if err != nil {
		return err
	}
	if len(sigs) != len(out) {
		return fmt.Errorf("%d signatures for %d approvals", len(sigs), len(out))
	}
	for i := range out {
		out[i].Approval = sigs[i]
	}
	return nil
}
