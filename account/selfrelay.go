package account

import (
	"context"
	"crypto/ecdsa"
)

// SelfRelay sends the sealed operation without its bundler, by a transaction of
// key, and returns the receipt. Use it when the bundler refuses or is down; an
// operation that the bundler brings to the chain meanwhile is found and not sent
// again.
func (p *Prepared) SelfRelay(ctx context.Context, node Node, key *ecdsa.PrivateKey) (*Receipt, error) {
	r := &Relayer{Node: node, Chain: p.client.Chain, Key: key, chainID: p.chainID}
	p.mu.Lock()
	op := p.op.Clone()
	p.mu.Unlock()
	if op.Signature == nil {
		return nil, ErrNotSealed
	}
	q := &Prepared{client: Client{Chain: p.client.Chain, Bundler: r, ChainID: p.client.ChainID}, acct: p.acct, auth: p.auth,
		calls: p.calls, chainID: p.chainID, hash: p.hash, fee: p.fee, challenge: p.challenge, op: op, sent: true}
	if _, err := q.Send(ctx); err != nil {
		return nil, err
	}
	return q.Wait(ctx)
}
