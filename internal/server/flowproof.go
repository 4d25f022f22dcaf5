package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/passkey"
)

// nonce hands out what an account proof is made over.
func (f *flowAPI) nonce(ctx context.Context, body []byte) (any, error) {
	if err := strictly(body, &struct{}{}); err != nil {
		return nil, err
	}
	nonce, err := f.Nonces.Issue(ctx)
	if err != nil {
		return nil, err
	}
	return struct {
		App   string `json:"app"`
		Nonce string `json:"nonce"` // hexadecimal digits
	}{f.App, hex.EncodeToString(nonce)}, nil
}

// proof verifies an account proof in the form of FCL, with the account's keys as the chain has them, and uses its nonce up
// when all else is right.
func (f *flowAPI) proof(ctx context.Context, body []byte) (any, error) {
	p, err := flow.ParseProof(body, f.App)
	if err != nil {
		return nil, err
	}
	a, err := f.Access.Account(ctx, p.Address)
	if err != nil {
		return nil, err
	}
	policy := flow.Policy{Assertion: passkey.Rule{RPID: f.RPID, Origins: f.Origins}, Secp256k1: secp256k1.Verify}
	if err := p.Verify(a.Keys, policy); err != nil {
		return nil, err
	}
	if err := f.Nonces.Redeem(ctx, p.Nonce); err != nil {
		return nil, err
	}
	return struct {
		Verified bool   `json:"verified"`
		Address  string `json:"address"`
	}{true, p.Address.String()}, nil
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// unmarshalOnly reads JSON that has no members but those of into, and nothing after it.
func unmarshalOnly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("bytes follow")
	}
	return nil
}
