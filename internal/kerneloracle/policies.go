// Policies as the scripts describe them: calls by an expression, as people write them, or by selector and rules.

package main

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/grant"
)

// number is a decimal text.
type number struct{ big.Int }

func (n *number) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	if _, ok := n.SetString(text, 10); !ok {
		return fmt.Errorf("%q is no decimal number", b)
	}
	return nil
}

type policy struct {
	Type        grant.Kind     `json:"type"`
	Flag        grant.Flag     `json:"flag"`
	Address     common.Address `json:"address,omitzero"`
	Version     string         `json:"version,omitempty"`
	Permissions []permission   `json:"permissions,omitempty"`
	Callers     []string       `json:"callers,omitempty"`

	Allowed          *number        `json:"allowed,omitempty"`
	EnforcePaymaster bool           `json:"enforcePaymaster,omitempty"`
	Paymaster        common.Address `json:"paymaster,omitzero"`

	ValidAfter uint64 `json:"validAfter,omitempty"`
	ValidUntil uint64 `json:"validUntil,omitempty"`
	Interval   uint64 `json:"interval,omitempty"`
	Count      uint64 `json:"count,omitempty"`
	StartAt    uint64 `json:"startAt,omitempty"`
	Reset      bool   `json:"reset,omitempty"`
}

type permission struct {
	CallType   uint8          `json:"callType"`
	Target     common.Address `json:"target"`
	Value      *number        `json:"value,omitempty"`
	Expression string         `json:"expression,omitempty"`
	Selector   hexutil.Bytes  `json:"selector,omitempty"`
	Rules      []rule         `json:"rules,omitempty"`
}

type rule struct {
	Condition grant.Condition `json:"condition"`
	Offset    uint64          `json:"offset"`
	Params    []common.Hash   `json:"params"`
}

func (p permission) permission() (grant.Permission, error) {
	var out grant.Permission
	if p.Expression != "" {
		parsed, err := grant.ParseCall(p.Expression, p.Target, nil)
		if err != nil {
			return out, fmt.Errorf("%s: %w", p.Expression, err)
		}
		out = parsed
	} else {
		out.Target = p.Target
		copy(out.Selector[:], p.Selector)
		for _, r := range p.Rules {
			q := grant.Rule{Condition: r.Condition, Offset: r.Offset}
			for _, h := range r.Params {
				q.Params = append(q.Params, h)
			}
			out.Rules = append(out.Rules, q)
		}
	}
	out.CallType = grant.CallType(p.CallType)
	if p.Value != nil {
		out.ValueLimit = &p.Value.Int
	}
	return out, nil
}

func (p policy) policy() (grant.Policy, error) {
	base := grant.Base{Flags: p.Flag, Address: p.Address}
	switch p.Type {
	case grant.KindCall:
		c := &grant.Call{Base: base, Version: grant.CallVersion(p.Version)}
		for _, q := range p.Permissions {
			one, err := q.permission()
			if err != nil {
				return nil, err
			}
			c.Permissions = append(c.Permissions, one)
		}
		return c, nil
	case grant.KindGas:
		g := &grant.Gas{Base: base, EnforcePaymaster: p.EnforcePaymaster, Paymaster: p.Paymaster}
		if p.Allowed != nil {
			g.Allowed = &p.Allowed.Int
		}
		return g, nil
	case grant.KindTimestamp:
		return &grant.Timestamp{Base: base, ValidAfter: p.ValidAfter, ValidUntil: p.ValidUntil}, nil
	case grant.KindRateLimit:
		return &grant.RateLimit{Base: base, Interval: p.Interval, Count: p.Count, StartAt: p.StartAt, Reset: p.Reset}, nil
	case grant.KindSignatureCaller:
		s := &grant.SignatureCaller{Base: base}
		for _, c := range p.Callers {
			s.Callers = append(s.Callers, common.HexToAddress(c))
		}
		return s, nil
	case grant.KindSudo:
		return &grant.Sudo{Base: base}, nil
	}
	return nil, fmt.Errorf("no policy is of type %q", p.Type)
}

func makeGrant(list []policy, flag grant.Flag) (grant.Grant, error) {
	g := grant.Grant{Flag: flag}
	for i, p := range list {
		one, err := p.policy()
		if err != nil {
			return g, fmt.Errorf("policy %d: %w", i, err)
		}
		g.Policies = append(g.Policies, one)
	}
	return g, nil
}
