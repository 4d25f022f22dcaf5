package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey"
)

const opApproveAbout = `
Approves of a prepared operation and sends nothing: for an account that asks for several signers,
who approve one after the other. The file goes from one to the next. When enough have approved,
anybody sends it with: postern op send.

  postern op approve op.json --key second.json
  postern op approve op.json --assertion reply.json     a passkey elsewhere
  postern op approve op.json --signature 0x…            a secp256k1 key elsewhere: of the hash itself

What a passkey elsewhere is asked stands in the file, as "request", or in "requests" by RP ID.`

func opApprove() verb {
	return verb{name: "approve", usage: "<prepared.json> [flags]", about: opApproveAbout, run: runOpApprove}
}

func runOpApprove(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	var s signerFlags
	var f approvalFlags
	n.flags(fs)
	fs.Var(&s.keys, "key", "key `file` of a signer (postern key new); may be repeated")
	fs.StringVar(&f.assertion, "assertion", "", "`file` with the reply of navigator.credentials.get(), or - for standard input")
	fs.StringVar(&f.signature, "signature", "", "a `signature` of a secp256k1 key, 65 bytes hex")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print the file as it is then")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 || rest[0] == "-" {
		return usageError("which operation?", "postern op approve op.json --key FILE: the file is written again")
	}
	if err := s.read(); err != nil {
		return err
	}
	text, path, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	file, err := parseOpFile(text)
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	p, err := file.resume(ctx, conn)
	if err != nil {
		return err
	}
	return c.gather(ctx, p, file, path, s.local(), f)
}

// local is who approves here; nil for nobody.
func (f *signerFlags) local() localSigner {
	if len(f.here) == 0 {
		return nil
	}
	return f.here
}

// gather adds approvals to the file. Enough of them make the operation ready to be sent.
func (c *call) gather(ctx context.Context, p *account.Prepared, file *opFile, path string, signer localSigner, f approvalFlags) error {
	if p.Sealed() {
		return failf("approved", "send it: postern op send "+path, "enough have approved of this operation already")
	}
	if !f.json {
		c.printPrepared(p)
	}
	approval, err := c.approval(ctx, p, file, signer, f, "Sign this?")
	if err != nil {
		return err
	}
	_, err = p.Finish(approval)
	missing, short := errors.AsType[*webauthn.WeightError](err)
	if err != nil && !short {
		return err
	}
	file.keep(p.Challenge(), approval)
	if err := errors.Join(file.update(p), file.write(path)); err != nil {
		return err
	}
	if f.json {
		return printJSON(c.stdout, file)
	}
	for _, a := range file.Approvals {
		fmt.Fprintf(c.stdout, "approved by %s\n", plain(a.By))
	}
	if short {
		fmt.Fprintf(c.stdout, "%d of %d that are needed\nnext: postern op approve %s by another signer\n", missing.Weight, missing.Threshold, plain(path))
		return nil
	}
	fmt.Fprintf(c.stdout, "enough have approved\nnext: postern op send %s\n", plain(path))
	return nil
}

// An opApproval is the approval of one of several signers. It is verified again whenever it is read.
type opApproval struct {
	By string `json:"by"` // for people
	// Of a passkey.
	CredentialID      hexutil.Bytes `json:"credentialId,omitempty"`
	AuthenticatorData hexutil.Bytes `json:"authenticatorData,omitempty"`
	ClientData        hexutil.Bytes `json:"clientDataJSON,omitempty"`

	Signature hexutil.Bytes `json:"signature"`
}

// keep writes down who has approved of several.
func (f *opFile) keep(c account.Challenge, a account.Approval) {
	f.Approvals = nil
	for i, part := range a.Parts {
		switch {
		case part.Assertion != nil:
			x := part.Assertion
			f.Approvals = append(f.Approvals, opApproval{By: account.ShortKey(c.Parts[i].Key), CredentialID: x.ID,
				AuthenticatorData: x.AuthData.Raw, ClientData: x.ClientData.Raw, Signature: x.Signature.DER()})
		case part.ECDSA != nil:
			f.Approvals = append(f.Approvals, opApproval{By: "the key " + c.Parts[i].Address.Hex(), Signature: part.ECDSA})
		}
	}
}

// given are the approvals that stand in the file, each where it belongs; others are refused.
func (f *opFile) given(c account.Challenge) (account.Approval, error) {
	out := account.Approval{Parts: make([]account.Approval, len(c.Parts))}
	if len(f.Approvals) > len(c.Parts) {
		return out, failf("bad-file", "take the file as it was written", "the file has more approvals than signers")
	}
	for _, a := range f.Approvals {
		one := account.Approval{ECDSA: a.Signature}
		if len(a.ClientData) > 0 {
			x, err := passkey.NewAssertion(a.CredentialID, a.AuthenticatorData, a.ClientData, a.Signature)
			if err != nil {
				return out, failf("bad-file", "take the file as it was written", "an approval in the file cannot be read: %w", err)
			}
			one = account.Approval{Assertion: x}
		}
		if err := place(out.Parts, c, one); err != nil {
			return out, failf("bad-file", "take the file as it was written", "an approval in the file is none of this operation: %w", err)
		}
	}
	return out, nil
}

// place puts an approval where it belongs: among several, who it is of is found by verifying it.
func place(parts []account.Approval, c account.Challenge, a account.Approval) error {
	var first error
	for i, part := range c.Parts {
		switch err := part.Verify(a); {
		case err == nil:
			parts[i] = a
			return nil
		case first == nil || !errors.Is(err, account.ErrWrongKind) && errors.Is(first, account.ErrWrongKind):
			first = err
		}
	}
	return first
}

// requests is what the passkeys of several signers are asked, by RP ID: one prompt serves all of a site.
func requests(c account.Challenge) (map[string]json.RawMessage, error) {
	ids, anyOf := map[string][][]byte{}, map[string]bool{}
	for _, part := range c.Parts {
		if part.Kind == account.KindWebAuthn {
			rp := part.Rule.RPID
			ids[rp] = append(ids[rp], part.Credentials...)
			anyOf[rp] = anyOf[rp] || len(part.Credentials) == 0
		}
	}
	out := map[string]json.RawMessage{}
	for rp, list := range ids {
		if anyOf[rp] {
			list = nil
		}
		text, err := json.Marshal(passkey.NewRequestOptions(rp, c.Digest[:], list...))
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		out[rp] = text
	}
	return out, nil
}

// begin writes an operation down for signers elsewhere; those who are here approve at once.
func (c *call) begin(ctx context.Context, p *account.Prepared, file *opFile, path string, signer localSigner, f approvalFlags) error {
	if signer == nil || path == "" {
		return c.leave(p, file, path, f.json)
	}
	if err := replaceable(path); err != nil {
		return err
	}
	return c.gather(ctx, p, file, path, signer, f)
}

// tooFew keeps what was approved where it does not suffice.
func (f *opFile) tooFew(p *account.Prepared, a account.Approval, path string, err error) error {
	e, ok := errors.AsType[*webauthn.WeightError](err)
	if !ok || path == "" || p.Challenge().Kind != account.KindSeveral {
		return err
	}
	f.keep(p.Challenge(), a)
	if err := f.write(path); err != nil {
		return err
	}
	return failf("no-quorum", "by another signer: postern op approve "+path+" --key FILE, --assertion FILE or --signature 0x…",
		"the approvals weigh %d, and the account asks for %d: not sent, what there is stands in the file", e.Weight, e.Threshold)
}
