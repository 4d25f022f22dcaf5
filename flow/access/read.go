package access

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/postern-dev/postern/flow"
)

// sealed asks for what all nodes agree on.
var sealed = url.Values{"block_height": {"sealed"}}

// Block is a block's header.
type Block struct {
	ID        flow.Identifier
	Height    uint64
	Timestamp time.Time
}

// Account is an account as of the latest sealed block.
type Account struct {
	Address flow.Address
	Balance uint64 // FLOW in units of 10⁻⁸
	Keys    []flow.AccountKey
}

// number is an unsigned integer that the API writes as a text.
func number(text string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, malformed("a number: %.40q", text)
	}
	return n, nil
}

// LatestBlock is the latest sealed block: what a new transaction refers to.
func (c *Client) LatestBlock(ctx context.Context) (Block, error) {
	var blocks []wireBlock
	if err := c.do(ctx, http.MethodGet, "/blocks", url.Values{"height": {"sealed"}}, nil, &blocks); err != nil {
		return Block{}, err
	}
	return oneBlock(blocks)
}

type wireBlock struct {
	Header struct {
		ID, Height string
		Timestamp  time.Time
	}
}

func oneBlock(blocks []wireBlock) (Block, error) {
	if len(blocks) != 1 {
		return Block{}, malformed("%d blocks", len(blocks))
	}
	h := blocks[0].Header
	id, err := flow.ParseIdentifier(h.ID)
	if err != nil {
		return Block{}, malformed("%v", err)
	}
	height, err := number(h.Height, 64)
	if err != nil {
		return Block{}, err
	}
	return Block{ID: id, Height: height, Timestamp: h.Timestamp}, nil
}

// Chain is the chain that the node is of: "flow-mainnet", "flow-testnet", "flow-emulator".
func (c *Client) Chain(ctx context.Context) (string, error) {
	var parameters struct {
		ID string `json:"chain_id"`
	}
	err := c.do(ctx, http.MethodGet, "/network/parameters", nil, nil, &parameters)
	return parameters.ID, err
}

type wireKey struct {
	Index     string `json:"index"`
	PublicKey string `json:"public_key"`
	Signing   string `json:"signing_algorithm"`
	Hashing   string `json:"hashing_algorithm"`
	Sequence  string `json:"sequence_number"`
	Weight    string `json:"weight"`
	Revoked   bool   `json:"revoked"`
}

func (w wireKey) key() (k flow.AccountKey, err error) {
	index, err := number(w.Index, 32)
	if err != nil {
		return k, err
	}
	weight, err := number(w.Weight, 16)
	if err != nil {
		return k, err
	}
	if k.SequenceNumber, err = number(w.Sequence, 64); err != nil {
		return k, err
	}
	if k.Public, err = flow.ParsePublic(w.PublicKey); err != nil {
		return k, malformed("%v", err)
	}
	k.Index, k.Weight, k.Revoked = uint32(index), uint16(weight), w.Revoked
	k.Curve, k.Hash = flow.Curve(w.Signing), flow.HashAlgorithm(w.Hashing)
	return k, nil
}

// Account reads an account and its keys.
func (c *Client) Account(ctx context.Context, a flow.Address) (Account, error) {
	var w struct {
		Address, Balance string
		Keys             []wireKey
	}
	query := url.Values{"block_height": {"sealed"}, "expand": {"keys"}}
	if err := c.do(ctx, http.MethodGet, "/accounts/"+a.Hex(), query, nil, &w); err != nil {
		return Account{}, err
	}
	if got, err := flow.ParseAddress(w.Address); err != nil || got != a {
		return Account{}, malformed("account %.40q, asked for %s", w.Address, a)
	}
	balance, err := number(w.Balance, 64)
	if err != nil {
		return Account{}, err
	}
	out := Account{Address: a, Balance: balance}
	for _, k := range w.Keys {
		key, err := k.key()
		if err != nil {
			return Account{}, err
		}
		out.Keys = append(out.Keys, key)
	}
	return out, nil
}

// Key reads one key of an account.
func (c *Client) Key(ctx context.Context, a flow.Address, index uint32) (flow.AccountKey, error) {
	var w wireKey
	path := "/accounts/" + a.Hex() + "/keys/" + strconv.FormatUint(uint64(index), 10)
	if err := c.do(ctx, http.MethodGet, path, sealed, nil, &w); err != nil {
		return flow.AccountKey{}, err
	}
	key, err := w.key()
	if err == nil && key.Index != index {
		err = malformed("key %d, asked for %d", key.Index, index)
	}
	return key, err
}

// Script runs a Cadence script on the latest sealed block. Arguments are JSON-Cadence.
func (c *Client) Script(ctx context.Context, script []byte, arguments [][]byte) (flow.Value, error) {
	body := struct {
		Script    []byte   `json:"script"`
		Arguments [][]byte `json:"arguments"`
	}{script, arguments}
	if arguments == nil {
		body.Arguments = [][]byte{}
	}
	var text string
	if err := c.do(ctx, http.MethodPost, "/scripts", sealed, body, &text); err != nil {
		return flow.Value{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return flow.Value{}, malformed("%v", err)
	}
	v, err := flow.ParseValue(raw)
	if err != nil {
		return flow.Value{}, malformed("%v", err)
	}
	return v, nil
}
