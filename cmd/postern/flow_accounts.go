package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
)

// flowSource is where the keys of accounts come from: the command line, or an access node.
type flowSource struct {
	publics repeated
	access  string
	timeout time.Duration
}

const flowPublicHint = "--public-key HEX for one signature, or ADDRESS:INDEX:HEX for each; :SHA3_256 after it if the key has that hash"

func (f *flowSource) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.access, "access", "", "`URL` of an access node to read the accounts' keys from, such as https://rest-mainnet.onflow.org (default, without --public-key: $POSTERN_FLOW_ACCESS)")
	fs.Var(&f.publics, "public-key", "public `key` in place of the node: hex, or ADDRESS:INDEX:hex where several sign; :SHA3_256 after it for that hash; may be repeated")
	fs.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long to wait for the node")
}

// check refuses what does not go together, before anything is read.
func (f *flowSource) check() error {
	if len(f.publics) == 0 {
		f.access = or(f.access, os.Getenv("POSTERN_FLOW_ACCESS"))
	}
	switch {
	case f.access == "" && len(f.publics) == 0:
		return usageError("whose signature should it be?", "--access URL, or POSTERN_FLOW_ACCESS, reads the account's keys; offline: "+flowPublicHint)
	case f.access != "" && len(f.publics) != 0:
		return usageError("--access and --public-key are two answers to one question", "give one of them")
	}
	return nil
}

// keys are the keys of the accounts that have signed, as far as they are known. Of keys from the command line only the
// public key is; they are taken for keys of the whole weight.
func (f *flowSource) keys(ctx context.Context, signatures []flow.Signature) (flow.Keys, error) {
	out := flow.Keys{}
	if f.access == "" {
		for _, text := range f.publics {
			a, k, err := f.parse(text, signatures)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(out[a], func(o flow.AccountKey) bool { return o.Index == k.Index }) {
				return nil, usageError(fmt.Sprintf("key %d of %s is given twice", k.Index, a), flowPublicHint)
			}
			out[a] = append(out[a], k)
		}
		return out, nil
	}
	client, err := access.New(f.access)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	for _, s := range signatures {
		if _, known := out[s.Address]; known {
			continue
		}
		account, err := client.Account(ctx, s.Address)
		if err != nil {
			return nil, fmt.Errorf("read the keys of %s: %w", s.Address, err)
		}
		out[s.Address] = account.Keys
	}
	return out, nil
}

// parse reads HEX, the key of the one signature, or ADDRESS:INDEX:HEX; both may name the hash, :SHA3_256.
func (f *flowSource) parse(text string, signatures []flow.Signature) (a flow.Address, k flow.AccountKey, err error) {
	k = flow.AccountKey{Hash: flow.SHA2, Weight: flow.WeightThreshold}
	for _, h := range []flow.HashAlgorithm{flow.SHA2, flow.SHA3} {
		if rest, found := strings.CutSuffix(text, ":"+string(h)); found {
			text, k.Hash = rest, h
			break
		}
	}
	public := text
	switch parts := strings.Split(text, ":"); {
	case len(parts) == 3:
		index, wrong := strconv.ParseUint(parts[1], 10, 32)
		if a, err = flow.ParseAddress(parts[0]); err != nil || wrong != nil {
			return a, k, usageError("--public-key names no key of an account: "+clip(text), "an address is 16 hex digits, an index a number: "+flowPublicHint)
		}
		k.Index, public = uint32(index), parts[2]
	case len(parts) == 1 && len(signatures) == 1:
		a, k.Index = signatures[0].Address, signatures[0].KeyIndex
	case len(parts) == 1:
		return a, k, usageError(fmt.Sprintf("there are %d signatures: whose key is it?", len(signatures)), flowPublicHint)
	default:
		return a, k, usageError("--public-key is no key: "+clip(text), flowPublicHint)
	}
	// The curve needs no flag: a key of one is no point of the other.
	if k.Public, err = flow.ParsePublic(public); err == nil {
		if _, err := crypto.UnmarshalPubkey(append([]byte{4}, k.Public[:]...)); err == nil {
			k.Curve = flow.Secp256k1
			return a, k, nil
		}
	}
	key, err := parseKey(public)
	if err != nil {
		wrong := explain(err)
		wrong.Message = strings.Replace(wrong.Message, "--key is no P-256 public key", "--public-key is no public key", 1)
		return a, k, wrong
	}
	k.Public, k.Curve = [64]byte(key.Raw()), flow.P256
	return a, k, nil
}

// flowRefusal is a broken rule as it is printed.
type flowRefusal struct {
	Rule    string `json:"rule"`    // in package flow's words, always the same
	Message string `json:"message"` // the same, with what was seen
	Hint    string `json:"hint,omitempty"`
}

func refusalOf(err error) *flowRefusal {
	if err == nil {
		return nil
	}
	f := explain(err)
	out := &flowRefusal{Rule: f.Message, Message: f.Message, Hint: f.Hint}
	if cause, ok := errors.AsType[flow.Cause](err); ok {
		out.Rule = string(cause)
	}
	return out
}

func (c *call) printRefusal(r *flowRefusal) {
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "    %s %s\n", p.red("broken:"), plain(r.Message))
	if r.Hint != "" {
		fmt.Fprintf(c.stdout, "    %s %s\n", p.bold("way out:"), plain(r.Hint))
	}
}
