package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/secp256k1"
)

const flowProofAbout = `
Account proofs: whoever has one of an app and its nonce logs in as the account.

  postern flow proof new --app "My App" --address 0x… --out proof.json        the app's nonce, or one to try
  postern flow proof sign proof.json --app "My App" --signer 0x…=dev.json
  postern flow proof verify proof.json --app "My App" --nonce HEX --rp-id localhost --origin http://localhost:8080

Each action has a manual.`

const flowProofVerifyAbout = `
Verifies an account proof: that whoever made it has keys of the account, of weights of 1000
together. The file is what FCL hands to an app's server, {"address","nonce","signatures"}; the
app and the nonce are your own, and a nonce is good once: see to that.

Plain keys sign as FCL defines it. A passkey signs the SHA-256 of the same message; for it
--rp-id and --origin say where that may have been.

The keys come from an access node (--access, or POSTERN_FLOW_ACCESS), or, with no network, from
--public-key: then they are taken for the account's, of weight 1000 and not revoked.

Exit code 0: it is a proof of the account. 1: it is not. 2: usage.

  postern flow proof verify proof.json --app "My App" --nonce 3037… --access URL \
      --rp-id example.org --origin https://example.org`

func flowProofVerify() verb {
	return verb{name: "verify", usage: "<file|-> --app NAME [flags]", about: flowProofVerifyAbout, run: runFlowProofVerify}
}

type flowProofInfo struct {
	OK       bool         `json:"ok"`
	App      string       `json:"app"`
	Address  string       `json:"address"`
	Nonce    string       `json:"nonce"`
	Keys     []uint32     `json:"keys"` // that have signed
	Refusal  *flowRefusal `json:"refusal,omitempty"`
	OfChain  bool         `json:"keysOfChain"`
	AnyNonce bool         `json:"nonceNotCompared,omitempty"` // --nonce was not given
}

func runFlowProofVerify(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var source flowSource
	policy := flow.Policy{Secp256k1: secp256k1.Verify}
	source.flags(fs)
	app := fs.String("app", "", "`name` of the app that the proof is for: its appIdentifier")
	nonce := fs.String("nonce", "", "`nonce` that the app gave, in hex")
	fs.StringVar(&policy.Assertion.RPID, "rp-id", "", "relying party `domain` of passkeys")
	fs.Var((*repeated)(&policy.Assertion.Origins), "origin", "accepted `origin` of passkeys; may be repeated")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which proof?", "postern flow proof verify proof.json --app NAME")
	}
	if *app == "" {
		return usageError("which app is the proof for?", "--app NAME: a proof does not say it, and one for another app is none for yours")
	}
	want, err := hex.DecodeString(strings.TrimPrefix(*nonce, "0x"))
	if err != nil {
		return usageError("--nonce is not hex: "+clip(*nonce), "give the nonce as the app gave it to FCL")
	}
	if err := source.check(); err != nil {
		return err
	}
	text, err := c.flowInput(rest[0])
	if err != nil {
		return err
	}
	proof, err := flow.ParseProof([]byte(text), *app)
	if err != nil {
		return err
	}
	if policy.Assertion.RPID == "" || len(policy.Assertion.Origins) == 0 {
		if slices.ContainsFunc(proof.Signatures, func(s flow.Signature) bool { return schemeOf(s) == "webauthn" }) {
			return usageError("a passkey has signed: where may that have been?", "--rp-id example.org --origin https://example.org")
		}
	}
	mine := slices.DeleteFunc(slices.Clone(proof.Signatures), func(s flow.Signature) bool { return s.Address != proof.Address })
	keys, err := source.keys(ctx, mine)
	if err != nil {
		return err
	}
	info := flowProofInfo{App: proof.App, Address: proof.Address.String(), Nonce: hex.EncodeToString(proof.Nonce), Keys: []uint32{}, OfChain: source.access != "", AnyNonce: *nonce == ""}
	for _, s := range proof.Signatures {
		info.Keys = append(info.Keys, s.KeyIndex)
	}
	err = proof.Verify(keys[proof.Address], policy)
	if *nonce != "" && !slices.Equal(want, proof.Nonce) {
		err = &flow.Error{Cause: flow.ErrProof, Where: "nonce", Seen: "it is another than the app gave", Way: "An old proof, or one for another visit: ask for a new one."}
	}
	info.OK, info.Refusal = err == nil, refusalOf(err)
	if *asJSON {
		err = printJSON(c.stdout, info)
	} else {
		c.printFlowProof(info)
		err = nil
	}
	if err == nil && !info.OK {
		return errWrong
	}
	return err
}

func (c *call) printFlowProof(info flowProofInfo) {
	p := painter(c.stdout)
	verdict := p.green("it is a proof of the account")
	if !info.OK {
		verdict = p.red("it is no proof of the account")
	}
	fmt.Fprintf(c.stdout, "%s: %s\n", p.bold("Account proof"), verdict)
	c.flowRow("app", info.App)
	c.flowRow("account", info.Address)
	c.flowRow("nonce", info.Nonce)
	c.flowRow("signed by keys", strings.Trim(fmt.Sprint(info.Keys), "[]"))
	if info.Refusal != nil {
		c.printRefusal(info.Refusal)
	}
	if info.AnyNonce {
		fmt.Fprintln(c.stdout, "The nonce was not compared with one that the app gave (--nonce): an old proof looks the same.")
	}
	if !info.OfChain {
		fmt.Fprintln(c.stdout, "The keys are as you gave them: the chain was not asked whose they are, what they weigh and whether they are revoked.")
	}
}

// maxFlowInput holds a transaction of the largest size in hex, and the JSON around it.
const maxFlowInput = 8 * flow.MaxTransaction

func readFlow(r io.Reader) ([]byte, error) {
	b, err := readLimited(r, maxFlowInput+1)
	if err == nil && len(b) > maxFlowInput {
		err = failf("too-long", "is it the right file?", "no transaction of Flow is that long")
	}
	return b, err
}

func trimmed(b []byte, err error) (string, error) { return strings.TrimSpace(string(b)), err }
