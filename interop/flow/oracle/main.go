// Command oracle says what flow-go makes of transactions: it reads lines of JSON and answers each with a line. Byte
// strings are base64, as encoding/json writes them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/onflow/flow-go/model/flow"
)

type signature struct {
	Address   []byte
	Key       uint32
	Signature []byte
	Extension []byte
}

type question struct {
	Script, ReferenceBlock, Proposer, Payer []byte
	Arguments, Authorizers                  [][]byte
	Gas, Sequence                           uint64
	Key                                     uint32
	Inside, Outside                         []signature
}

type verdict struct {
	Accepted bool
	Signed   []byte `json:",omitempty"` // what the key must have signed
}

type answer struct {
	Payload, Envelope, ID []byte
	Inside, Outside       []verdict
	Error                 string `json:",omitempty"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	decoder, encoder := json.NewDecoder(os.Stdin), json.NewEncoder(out)
	for {
		var q question
		if err := decoder.Decode(&q); err == io.EOF {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
		a, err := ask(q)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := encoder.Encode(a); err != nil {
			os.Exit(1)
		}
		if err := out.Flush(); err != nil {
			os.Exit(1)
		}
	}
}

func ask(q question) (answer, error) {
	b := flow.NewTransactionBodyBuilder().
		SetScript(q.Script).
		SetArguments(q.Arguments).
		SetReferenceBlockID(flow.Identifier(q.ReferenceBlock)).
		SetComputeLimit(q.Gas).
		SetProposalKey(flow.BytesToAddress(q.Proposer), q.Key, q.Sequence).
		SetPayer(flow.BytesToAddress(q.Payer))
	for _, a := range q.Authorizers {
		b.AddAuthorizer(flow.BytesToAddress(a))
	}
	for _, s := range q.Inside {
		b.AddPayloadSignatureWithExtensionData(flow.BytesToAddress(s.Address), s.Key, s.Signature, s.Extension)
	}
	for _, s := range q.Outside {
		b.AddEnvelopeSignatureWithExtensionData(flow.BytesToAddress(s.Address), s.Key, s.Signature, s.Extension)
	}
	tx, err := b.Build()
	if err != nil {
		return answer{}, err
	}
	id := tx.ID()
	out := answer{Payload: tx.PayloadMessage(), Envelope: tx.EnvelopeMessage(), ID: id[:]}
	for _, s := range tx.PayloadSignatures {
		out.Inside = append(out.Inside, judge(s, out.Payload))
	}
	for _, s := range tx.EnvelopeSignatures {
		out.Outside = append(out.Outside, judge(s, out.Envelope))
	}
	return out, nil
}

func judge(s flow.TransactionSignature, message []byte) verdict {
	good, signed := s.ValidateExtensionDataAndReconstructMessage(message)
	return verdict{good, signed}
}
