package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
)

const flowKeyAbout = `
A passkey's public key as Flow wants it: x‖y, 128 hex digits without 0x, ECDSA_P256 with
SHA2_256, the only hash that a passkey can serve. The passkey is a file – a key file of postern
key new, JSON with id and publicKey, the reply of navigator.credentials.create() – or
CREDENTIAL-ID:PUBLIC-KEY.

With --script: the Cadence transaction that creates an account with the keys, or adds them to
the authorizer's, and its arguments in JSON-Cadence. It has one authorizer. Signatures need
weights of 1000 together: one passkey of 1000, or two files with --weight 500, which then sign
together.

ES256 is what every authenticator has. A few also make ES256K keys, on secp256k1, where a page offers
that: --curve secp256k1 takes such a key, the reply of create() or x‖y in hex. Nodes take its
signatures; postern verifies them and takes their replies (flow tx sign --answer), but makes no
such passkeys itself.

  postern flow key dev.json
  postern flow key laptop.json phone.json --weight 500 --script create --json`

// maxFlowKeys bounds how many keys one transaction brings.
const maxFlowKeys = 20

func flowKey() verb {
	return verb{name: "key", usage: "<passkey file>… [--script create|add] [flags]", about: flowKeyAbout, run: runFlowKey}
}

type flowKeyInfo struct {
	Name      string             `json:"file,omitempty"`
	PublicKey string             `json:"publicKey"` // x‖y, 128 hex digits
	Curve     flow.Curve         `json:"signatureAlgorithm"`
	Hash      flow.HashAlgorithm `json:"hashAlgorithm"`
	Weight    uint16             `json:"weight"`
}

type flowKeyResult struct {
	Keys      []flowKeyInfo     `json:"keys"`
	Script    string            `json:"script,omitempty"`
	Hash      string            `json:"scriptHash,omitempty"` // SHA-256
	Arguments []json.RawMessage `json:"arguments,omitempty"`
}

func runFlowKey(_ context.Context, c *call) error {
	fs := c.newFlags()
	weight := fs.Uint("weight", flow.WeightThreshold, "`weight` of each key, of 1000")
	script := fs.String("script", "", "the transaction that brings the keys: `create` an account, or add them to one")
	curve := flowCurve(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, maxFlowKeys)
	if err != nil {
		return err
	}
	keys, err := flowKeysOn(*curve, rest, *weight)
	if err != nil {
		return err
	}
	var out flowKeyResult
	for i, k := range keys {
		info := flowKeyInfo{PublicKey: k.PublicHex(), Curve: k.Curve, Hash: k.Hash, Weight: k.Weight}
		if _, err := os.Stat(rest[i]); err == nil {
			info.Name = rest[i]
		}
		out.Keys = append(out.Keys, info)
	}
	if *script != "" {
		if err := out.add(*script, keys); err != nil {
			return err
		}
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	c.printFlowKeys(out)
	return nil
}

func flowCurve(fs *flag.FlagSet) *string {
	return fs.String("curve", "p256", "`curve` of the keys: p256, or secp256k1 for ES256K")
}

// flowKeysOn reads passkeys on P-256, or public keys of ES256K, as keys of one weight.
func flowKeysOn(curve string, args []string, weight uint) ([]flow.AccountKey, error) {
	if len(args) == 0 {
		return nil, usageError("whose key?", "a passkey file, such as dev.json; one for development: postern key new dev.json")
	}
	if weight == 0 || weight > flow.WeightThreshold {
		return nil, usageError(fmt.Sprintf("a key has no weight of %d", weight), "from 1 to 1000; an account's signatures need 1000 together")
	}
	keys := make([]flow.AccountKey, len(args))
	switch curve {
	case "p256":
		refs, err := parsePasskeyRefs(args)
		if err != nil {
			return nil, err
		}
		for i, ref := range refs {
			keys[i] = flow.Passkey(ref.public, uint16(weight))
		}
	case "secp256k1":
		for i, arg := range args {
			public, err := es256kPublic(arg)
			if err != nil {
				return nil, err
			}
			keys[i] = flow.AccountKey{Public: public, Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: uint16(weight)}
		}
	default:
		return nil, usageError("there is no curve "+clip(curve), "--curve p256 (ES256), or secp256k1 (ES256K)")
	}
	return keys, nil
}

// es256kPublic reads the key of an ES256K credential: the reply of navigator.credentials.create(), or x‖y.
func es256kPublic(arg string) (public [64]byte, err error) {
	file, err := os.Open(arg)
	if err == nil {
		defer file.Close()
		text, err := readBounded(file)
		if err != nil {
			return public, err
		}
		_, key, err := passkey.WalletMode{ES256K: true}.Parse(text)
		if err != nil {
			return public, failf("bad-passkey", "with --curve secp256k1 give the reply as the browser wrote it; other passkeys are on P-256: leave --curve out", "%s is no reply of navigator.credentials.create(): %w", clip(arg), err)
		}
		if key.Algorithm != passkey.ES256K {
			return public, usageError(clip(arg)+" is a passkey with ES256, on P-256", "leave --curve out")
		}
		return key.Raw, nil
	}
	if public, err = flow.ParsePublic(arg); err != nil {
		return public, usageError("with --curve secp256k1 a key is the reply of navigator.credentials.create() in a file, or x‖y, 128 hex digits: "+clip(arg), "other passkeys are on P-256: leave --curve out")
	}
	if _, err := crypto.UnmarshalPubkey(append([]byte{4}, public[:]...)); err != nil {
		return public, failf("bad-key", "a key of ES256 is on P-256: leave --curve out, and give the passkey's file", "%s is no point of secp256k1", clip(arg))
	}
	return public, nil
}

func (r *flowKeyResult) add(script string, keys []flow.AccountKey) error {
	build, together := flow.CreateAccount, 0
	switch script {
	case "create":
		for _, k := range keys {
			together += int(k.Weight)
		}
		if together < flow.WeightThreshold {
			return usageError(fmt.Sprintf("nobody could use the account: the keys weigh %d together", together), "an account's signatures need 1000 together: raise --weight, or give more keys")
		}
	case "add":
		build = flow.AddKeys
	default:
		return usageError("there is no script "+clip(script), "--script create, or add")
	}
	text, arguments, err := build(keys...)
	if err != nil {
		return err
	}
	r.Script, r.Hash = string(text), flow.HashScript(text).String()
	for _, a := range arguments {
		r.Arguments = append(r.Arguments, a)
	}
	return nil
}

func (c *call) printFlowKeys(r flowKeyResult) {
	p := painter(c.stdout)
	for _, k := range r.Keys {
		fmt.Fprintln(c.stdout, p.bold("Flow key of "+plain(or(k.Name, "the passkey"))))
		c.flowRow("public key", k.PublicKey)
		c.flowRow("algorithms", fmt.Sprintf("%s with %s", k.Curve, k.Hash))
		c.flowRow("weight", fmt.Sprintf("%d of %d", k.Weight, flow.WeightThreshold))
	}
	if r.Script == "" {
		return
	}
	fmt.Fprintf(c.stdout, "\n%s (SHA-256 %s), one authorizer:\n\n%s\n", p.bold("Transaction"), r.Hash, strings.TrimRight(r.Script, "\n"))
	fmt.Fprintf(c.stdout, "\n%s in JSON-Cadence:\n\n[%s]\n", p.bold("Arguments"), bytes.Join(rawBytes(r.Arguments), []byte(",")))
}

func rawBytes(in []json.RawMessage) [][]byte {
	out := make([][]byte, len(in))
	for i := range in {
		out[i] = in[i]
	}
	return out
}

func (c *call) flowRow(name, value string) {
	fmt.Fprintf(c.stdout, "  %-16s %s\n", name, plain(value))
}
