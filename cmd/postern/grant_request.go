package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/passkey"
)

// explainGranting names all that forbids to sign, not the first thing only.
func explainGranting(err error) error {
	e, ok := errors.AsType[*session.GrantError](err)
	if !ok || len(e.Findings) < 2 {
		return err
	}
	f := explain(err)
	f.Hint += "; everything that is wrong: postern grant check POLICY --account FILE"
	return f
}

// ownerApproval asks the key on this machine, or reads what was signed elsewhere.
func (c *call) ownerApproval(ctx context.Context, challenge account.Challenge, signer localSigner, f approvalFlags) (account.Approval, error) {
	if f.assertion != "" && f.signature != "" {
		return account.Approval{}, usageError("--assertion and --signature exclude each other", "give one of them")
	}
	switch {
	case f.signature != "":
		return parseSignature(f.signature)
	case f.assertion != "":
		return c.readAssertion(f.assertion)
	case signer == nil:
		return account.Approval{}, usageError("the owner's key is not here", "--request ask.json writes what has to be signed; then the same flags with --assertion or --signature")
	}
	if err := c.askFirst(ctx, f, "Sign this?"); err != nil {
		return account.Approval{}, err
	}
	return signer.approve(challenge)
}

// signRequest is what an owner elsewhere has to sign.
type signRequest struct {
	Format    string          `json:"format"`
	Words     []string        `json:"words"` // for people
	Digest    hexutil.Bytes   `json:"digest"`
	Request   json.RawMessage `json:"request,omitempty"`   // for navigator.credentials.get()
	TypedData json.RawMessage `json:"typedData,omitempty"` // for eth_signTypedData_v4
	Personal  hexutil.Bytes   `json:"personal,omitempty"`  // for personal_sign
}

const requestFormat = "postern/grant-request/1"

func (c *call) writeRequest(p *session.Pending, out *granted, asJSON bool) error {
	challenge := p.Challenge()
	r := signRequest{Format: requestFormat, Words: p.Words(), Digest: challenge.Digest[:], TypedData: challenge.TypedData, Personal: challenge.Personal}
	next := `sign "typedData" of it with eth_signTypedData_v4, then the same flags with --signature 0x… --out FILE`
	switch {
	case challenge.Kind == account.KindWebAuthn:
		text, err := json.Marshal(passkey.NewRequestOptions(challenge.Rule.RPID, challenge.Digest[:], challenge.Credentials...))
		if err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
		r.Request, r.TypedData, r.Personal = text, nil, nil
		next = `give "request" of it to navigator.credentials.get(), then the same flags with --assertion FILE --out FILE`
	case challenge.TypedData == nil:
		next = `sign "personal" of it with personal_sign, then the same flags with --signature 0x… --out FILE`
	}
	if err := writeJSON(out.Request, r); err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.stdout, out)
	}
	fmt.Fprintf(c.stdout, "%s is for the owner. next: %s\n", plain(out.Request), next)
	return nil
}
