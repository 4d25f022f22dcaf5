package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/guardian"
)

const (
	stopFormat = "postern-stop-1"
	maxStop    = 20_000 // bytes of the file
)

// A stopFile is the account's signature that stops every recovery, on its way to somebody who
// sends it. There is no secret in it, and only the chain can tell whether it holds.
type stopFile struct {
	Format    string         `json:"format"`
	ChainID   string         `json:"chainId"`
	Module    common.Address `json:"module"`
	Account   common.Address `json:"account"`
	Nonce     string         `json:"nonce"` // the epoch, without a counter
	Signature hexutil.Bytes  `json:"signature"`
}

// stopAt reads the file that is named; nil if it is something else, or no file.
func (c *call) stopAt(rest []string) (*stopFile, error) {
	if len(rest) != 1 || rest[0] == "-" || strings.HasPrefix(rest[0], "0x") || isKeyText(rest[0]) {
		return nil, nil
	}
	if _, err := os.Stat(rest[0]); err != nil {
		return nil, nil
	}
	text, path, err := c.readArgument(rest)
	if err != nil || len(text) > maxStop || !bytes.Contains(text, []byte(stopFormat)) {
		return nil, err
	}
	return parseStop(text, path)
}

func parseStop(text []byte, path string) (*stopFile, error) {
	var f stopFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&f)
	_, more := dec.Token()
	nonce, ok := new(big.Int).SetString(f.Nonce, 10)
	switch {
	case err != nil || more != io.EOF || f.Format != stopFormat || !ok || nonce.Sign() < 0 || len(f.Signature) == 0:
		return nil, failf("bad-file", "take the file as it was made: postern guardian cancel 0x… --key FILE --signed FILE", "%s is no signature that stops recoveries", path)
	case f.Module != guardian.Module:
		return nil, failf("bad-file", "the file is for another version of the contracts", "%s is for the module %s, not %s", path, f.Module, guardian.Module)
	}
	return &f, nil
}

// keepStop writes the account's signature for somebody else to send.
func (r *guardianRequest) keepStop(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already", path)
	}
	sig, err := r.signCancel(ctx)
	if err != nil {
		return err
	}
	m := r.state.CancelAll()
	f := stopFile{stopFormat, r.state.ChainID.String(), guardian.Module, m.Account, m.Nonce.String(), sig}
	var b bytes.Buffer
	if err := printJSON(&b, f); err != nil {
		return err
	}
	if err := replaceFile(path, b.Bytes()); err != nil {
		return err
	}
	if r.json {
		return printJSON(r.call.stdout, f)
	}
	fmt.Fprintf(r.call.stdout, "signed; nothing is stopped until it is sent\nnext: anybody: postern guardian cancel %s\n", plain(path))
	return nil
}

// sendStop brings such a signature to the chain, after asking whether the account accepts it.
func (r *guardianRequest) sendStop(ctx context.Context, f *stopFile) error {
	switch {
	case f.ChainID != r.state.ChainID.String():
		return failf("wrong-chain", "use a node of that chain", "the file is for chain %s, and the node is on chain %s", clip(f.ChainID), r.state.ChainID)
	case f.Nonce != r.state.CancelAll().Nonce.String():
		return failf("outdated", "what stands: postern guardian show "+f.Account.Hex(), "it was used since, or the recovery was carried out, or the guardians were changed")
	case !r.anyProposed():
		return errNothingProposed(f.Account)
	}
	open := guardian.CancelBySignature(f.Account, f.Signature)
	if _, err := r.conn.Chain.Call(ctx, open.To, open.Data); err != nil {
		return failf("bad-signature", "sign again: postern guardian cancel "+f.Account.Hex()+" --key FILE --signed FILE", "the account does not accept the signature in the file: %s", explain(err).Message)
	}
	return r.anybody(ctx, "every recovery is stopped", open, nil)
}

func errNothingProposed(acct common.Address) error {
	return failf("nothing-proposed", "what stands: postern guardian show "+acct.Hex(), "no recovery of %s is proposed", acct)
}
