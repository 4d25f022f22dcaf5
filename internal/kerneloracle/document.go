// The document: written for the packages to open, and read without a chain.

package main

import (
	"context"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
)

type writeArgs struct {
	Owner    owner     `json:"owner"`
	Sessions []grantee `json:"sessions"`
	// Together approves all of them with one signature.
	Together bool `json:"together"`
	// WithKey puts the sessions' private keys into the documents.
	WithKey bool `json:"withKey"`
	// Checked makes them as the library's users do, who are refused what must not be signed; without it the
	// document is made of whatever it can hold.
	Checked bool `json:"checked"`
}

type written struct {
	Account common.Address `json:"account"`
	Text    string         `json:"text"`
}

// write makes the documents of session keys.
func write(a writeArgs) ([]written, error) {
	documents := unchecked
	if a.Checked {
		documents = checked
	}
	docs, err := documents(a)
	if err != nil {
		return nil, err
	}
	var out []written
	for _, d := range docs {
		text, err := d.Serialize()
		if err != nil {
			return nil, err
		}
		out = append(out, written{d.Fields().Account, string(text)})
	}
	return out, nil
}

func unchecked(a writeArgs) ([]*approval.Document, error) {
	list, err := grants(grantsArgs{Owner: a.Owner, Sessions: a.Sessions, Together: a.Together})
	if err != nil {
		return nil, err
	}
	var out []*approval.Document
	for i, s := range a.Sessions {
		acct, err := s.account(a.Owner)
		if err != nil {
			return nil, err
		}
		g, err := makeGrant(s.Policies, s.Flag)
		if err != nil {
			return nil, err
		}
		p, _, err := s.permission()
		if err != nil {
			return nil, err
		}
		o := approval.Options{ChainID: big.NewInt(s.ChainID), Nonce: s.Nonce, MultiChain: a.Together}
		if a.WithKey {
			o.PrivateKey = s.Signer.Secret
		}
		d, err := approval.FromPermission(p, g, acct, list[i].Approval, o)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// checked grants one set of policies to one key on several chains.
func checked(a writeArgs) ([]*approval.Document, error) {
	ctx, first := context.Background(), a.Sessions[0]
	g, err := makeGrant(first.Policies, first.Flag)
	if err != nil {
		return nil, err
	}
	signer, err := first.Signer.signer()
	if err != nil {
		return nil, err
	}
	var targets []session.Target
	for _, s := range a.Sessions {
		acct, err := s.account(a.Owner)
		if err != nil {
			return nil, err
		}
		targets = append(targets, session.Target{Chain: &chain{id: s.ChainID, account: acct, deployed: s.Nonce > 1, nonce: s.Nonce}, ChainID: big.NewInt(s.ChainID), Account: acct})
	}
	opts := []session.GrantOption{session.ForSDK(), session.WithClock(clock)}
	if a.WithKey {
		opts = append(opts, session.WithPrivateKey(first.Signer.Secret))
	}
	p, err := session.NewPending(ctx, targets, a.Owner.approver(big.NewInt(first.ChainID)), signer, g, opts...)
	if err != nil {
		return nil, err
	}
	approved, err := a.Owner.Key.approve(p.Challenge())
	if err != nil {
		return nil, err
	}
	return p.Finish(approved)
}

// clock stands still before every time window ends.
func clock() time.Time { return time.Unix(1, 0) }

type readArgs struct {
	Text string `json:"text"`
}

type readable struct {
	Text         string         `json:"text"` // written again
	Account      common.Address `json:"account"`
	ID           hexutil.Bytes  `json:"id"`
	PreInstalled bool           `json:"preInstalled"`
	// Delegate is the code that the authorization names, by whose key it is signed.
	Delegate  *common.Address `json:"delegate,omitempty"`
	Authority *common.Address `json:"authority,omitempty"`
}

// read reads a document and asks no chain.
func read(a readArgs) (*readable, error) {
	d, err := approval.Parse([]byte(a.Text))
	if err != nil {
		return nil, err
	}
	text, err := d.Serialize()
	if err != nil {
		return nil, err
	}
	f := d.Fields()
	out := &readable{Text: string(text), Account: f.Account, ID: f.PermissionID[:], PreInstalled: f.PreInstalled}
	if f.EIP7702 != nil {
		authority, err := f.EIP7702.Authority()
		if err != nil {
			return nil, err
		}
		out.Delegate, out.Authority = &f.EIP7702.Address, &authority
	}
	return out, nil
}
