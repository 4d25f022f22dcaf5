package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/secp256k1"
)

const flowProofNewAbout = `
Begins an account proof: a file in the form of FCL, with the app's nonce and nobody's signature
yet. Without --nonce one is made, which is good to try things: an app's server takes its own
nonces only. It prints the challenge that a passkey elsewhere signs. No network is asked.

  postern flow proof new --app "My App" --address 0x01cf0e2f2f715450 --out proof.json
  postern flow proof new --app "My App" --address 0x01cf0e2f2f715450 --nonce 3037… --out proof.json`

const flowProofSignAbout = `
Adds signatures to an account proof in a file: of keys here, or of passkeys elsewhere that have
signed its challenge with navigator.credentials.get(). The keys are read from the chain, and only
a signature that is good is added. Weights of 1000 together make it a proof.

Whoever gets it can log in to the app as the account, once: sign for apps and nonces that you know.

  postern flow proof sign proof.json --app "My App" --signer 0x01cf0e2f2f715450=dev.json
  postern flow proof sign proof.json --app "My App" --answer 0x01cf0e2f2f715450=reply.json`

type flowProofMade struct {
	App       string   `json:"app"`
	Address   string   `json:"address"`
	Nonce     string   `json:"nonce"`
	Challenge string   `json:"challenge"` // hex: the SHA-256 of what plain keys sign
	Keys      []uint32 `json:"keys"`      // that have signed
	Weight    int      `json:"weight"`    // of these
	File      string   `json:"file"`
}

func runFlowProofNew(_ context.Context, c *call) error {
	flags := c.newFlags()
	app := flags.String("app", "", "`name` of the app that the proof is for: its appIdentifier")
	address := flags.String("address", "", "`address` of the account")
	nonce := flags.String("nonce", "", "`nonce` that the app gave, in hex; default: a random one of 32 bytes")
	out := flags.String("out", "", "`file` for the proof, which must not be there yet")
	asJSON := flags.Bool("json", false, "print one JSON object")
	if _, err := c.parse(flags, 0); err != nil {
		return err
	}
	switch {
	case *app == "":
		return usageError("which app is the proof for?", "--app NAME, which FCL calls appIdentifier")
	case *address == "":
		return usageError("which account is it of?", "--address 0x…")
	case *out == "":
		return usageError("where should the proof go?", "--out proof.json")
	}
	p := flow.Proof{App: *app}
	var err error
	if p.Address, err = flow.ParseAddress(*address); err != nil {
		return err
	}
	if p.Nonce, err = hex.DecodeString(strings.TrimPrefix(*nonce, "0x")); err != nil {
		return usageError("--nonce is not hex: "+clip(*nonce), "give the nonce as the app gave it to FCL")
	}
	if *nonce == "" {
		p.Nonce = make([]byte, flow.MinNonce)
		rand.Read(p.Nonce) // never fails
	}
	if _, err := os.Stat(*out); !errors.Is(err, fs.ErrNotExist) {
		return failf("exists", "choose another name; more signatures for a proof: postern flow proof sign", "%s is there already", clip(*out))
	}
	return c.keepFlowProof(&p, nil, *out, *asJSON)
}

func runFlowProofSign(ctx context.Context, c *call) error {
	flags := c.newFlags()
	var f flowAct
	f.flags(flags)
	f.whoFlags(flags)
	app := flags.String("app", "", "`name` of the app that the proof is for: its appIdentifier")
	rest, err := c.parse(flags, 1)
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 0:
		return usageError("which proof?", "postern flow proof sign proof.json --app NAME --signer 0x…=dev.json")
	case *app == "":
		return usageError("which app is the proof for?", "--app NAME: a proof does not say it, and its signatures are for one app")
	case len(f.signers)+len(f.answers) == 0:
		return usageError("who signs?", "--signer "+flowSignerHint+"; a passkey elsewhere: --answer ADDRESS=FILE")
	}
	if info, err := os.Stat(rest[0]); err != nil || !info.Mode().IsRegular() {
		return failf("no-file", "postern flow proof new begins one", "there is no file %s", clip(rest[0]))
	}
	text, err := c.flowInput(rest[0])
	if err != nil {
		return err
	}
	p, err := flow.ParseProof([]byte(text), *app)
	if err != nil {
		return err
	}
	message, err := p.Message()
	if err != nil {
		return err
	}
	if err := f.open(c); err != nil {
		return err
	}
	if i := slices.IndexFunc(f.opened, func(s *flowSigner) bool { return s.address != p.Address }); i >= 0 {
		return usageError(fmt.Sprintf("the proof is of %s, and %s is another account", p.Address, f.opened[i].address), "one account's keys sign a proof")
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	account, err := f.client.Account(ctx, p.Address)
	if err != nil {
		return fmt.Errorf("read the keys of %s: %w", p.Address, err)
	}
	if !f.json {
		fmt.Fprintln(c.stdout, painter(c.stdout).bold("Account proof: logs in to the app as the account"))
		c.flowRow("app", p.App)
		c.flowRow("account", p.Address.String())
		c.flowRow("nonce", hex.EncodeToString(p.Nonce))
	}
	if err := c.askFirst(ctx, f.approvalFlags, "Sign this?"); err != nil {
		return err
	}
	for _, s := range f.opened {
		if err := signFlowProof(p, message, account, s); err != nil {
			return err
		}
	}
	return c.keepFlowProof(p, account.Keys, rest[0], f.json)
}

// signFlowProof adds a signer's signature, after it was verified.
func signFlowProof(p *flow.Proof, message []byte, account access.Account, s *flowSigner) error {
	k, err := s.key(account)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.Signatures, func(o flow.Signature) bool { return o.KeyIndex == k.Index }) {
		return failf("signed-already", "each key signs once: another key of the account, or a new proof", "key %d of %s has signed this proof already", k.Index, p.Address)
	}
	signature, err := s.sign(message, k)
	if err != nil {
		return err
	}
	if err := flow.Verify(signature, message, k, secp256k1.Verify); err != nil {
		return fmt.Errorf("%s: %w", clip(s.file), err)
	}
	p.Signatures = append(p.Signatures, signature)
	return nil
}

// keepFlowProof writes a proof as FCL hands it to an app's server, and says what it lacks.
func (c *call) keepFlowProof(p *flow.Proof, keys []flow.AccountKey, file string, asJSON bool) error {
	challenge, err := p.Challenge()
	if err != nil {
		return err
	}
	made := flowProofMade{App: p.App, Address: p.Address.String(), Nonce: hex.EncodeToString(p.Nonce), Challenge: hex.EncodeToString(challenge[:]), Keys: []uint32{}, File: file}
	signatures := []json.RawMessage{}
	for _, s := range p.Signatures {
		signable := flow.Signable{Address: s.Address, KeyIndex: s.KeyIndex}
		signatures = append(signatures, signable.Composite(s.Signature, s.Extension))
		made.Keys = append(made.Keys, s.KeyIndex)
		if i := slices.IndexFunc(keys, func(k flow.AccountKey) bool { return k.Index == s.KeyIndex }); i >= 0 {
			made.Weight += int(keys[i].Weight)
		}
	}
	text, err := json.MarshalIndent(map[string]any{"address": made.Address, "nonce": made.Nonce, "signatures": signatures}, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(file, append(text, '\n')); err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.stdout, made)
	}
	c.flowRow("file", file)
	if len(made.Keys) == 0 {
		c.flowRow("nonce", made.Nonce)
	} else {
		c.flowRow("signed by keys", strings.Trim(fmt.Sprint(made.Keys), "[]"))
	}
	if made.Weight < flow.WeightThreshold {
		c.flowRow("missing", fmt.Sprintf("signatures weigh %d, and need %d; a passkey's challenge: %s", made.Weight, flow.WeightThreshold, made.Challenge))
	}
	return nil
}
