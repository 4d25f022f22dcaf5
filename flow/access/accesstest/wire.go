package accesstest

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/postern-dev/postern/flow"
)

// Sent reads a transaction as clients send it to an access node, POST /v1/transactions: for the nodes that tests make up.
func Sent(body io.Reader) (*flow.Transaction, error) {
	type signature struct {
		Address   string `json:"address"`
		KeyIndex  uint32 `json:"key_index,string"`
		Signature []byte `json:"signature"`
		Extension []byte `json:"extension_data"`
	}
	var w struct {
		Script      []byte   `json:"script"`
		Arguments   [][]byte `json:"arguments"`
		Block       string   `json:"reference_block_id"`
		Gas         uint64   `json:"gas_limit,string"`
		Payer       string   `json:"payer"`
		Authorizers []string `json:"authorizers"`
		Proposal    struct {
			Address  string `json:"address"`
			KeyIndex uint32 `json:"key_index,string"`
			Sequence uint64 `json:"sequence_number,string"`
		} `json:"proposal_key"`
		Payload  []signature `json:"payload_signatures"`
		Envelope []signature `json:"envelope_signatures"`
	}
	if err := json.NewDecoder(body).Decode(&w); err != nil {
		return nil, fmt.Errorf("a transaction on the wire: %w", err)
	}
	var bad error
	address := func(text string) flow.Address {
		a, err := flow.ParseAddress(text)
		if err != nil && bad == nil {
			bad = err
		}
		return a
	}
	t := &flow.Transaction{Script: w.Script, Arguments: w.Arguments, GasLimit: w.Gas, Payer: address(w.Payer),
		ProposalKey: flow.ProposalKey{Address: address(w.Proposal.Address), KeyIndex: w.Proposal.KeyIndex, SequenceNumber: w.Proposal.Sequence}}
	for _, a := range w.Authorizers {
		t.Authorizers = append(t.Authorizers, address(a))
	}
	var err error
	if t.ReferenceBlock, err = flow.ParseIdentifier(w.Block); err != nil {
		return nil, err
	}
	for _, s := range append(w.Payload, w.Envelope...) {
		one := flow.Signature{Address: address(s.Address), KeyIndex: s.KeyIndex, Signature: s.Signature, Extension: s.Extension}
		if bad != nil {
			break
		}
		if err := t.Sign(one); err != nil {
			return nil, err
		}
	}
	return t, bad
}
