package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// readCollected reads a file that guardians pass around. Everything in it is verified, but for
// what only a chain can.
func (c *call) readCollected(path string) (*guardian.Collected, error) {
	text, _, err := c.readArgument([]string{path})
	if err != nil {
		return nil, err
	}
	out, err := guardian.ParseCollected(text)
	if err != nil {
		f := explain(err)
		if f.Code == "failed" {
			f.Code = "bad-file"
		}
		f.Message, f.Hint = path+": "+f.Message, or(f.Hint, "take the file as it was made: postern guardian propose … --out FILE; for what is wrong with it: postern inspect FILE")
		return nil, f
	}
	return out, nil
}

// writeCollected keeps a file for guardians. It replaces files of the same message only: what
// --out names by mistake may be a key, or somebody's approvals of something else.
func (c *call) writeCollected(path string, out *guardian.Collected) error {
	switch old, err := c.collectedAt(path); {
	case err != nil:
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is something else", path)
	case old != nil && old.Message().Digest(old.ChainID()) != out.Message().Digest(out.ChainID()):
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is about something else", path)
	}
	text, err := out.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return replaceFile(path, append(b.Bytes(), '\n'))
}

// collectedAt is what stands in a file; nil without one, or with an empty one.
func (c *call) collectedAt(path string) (*guardian.Collected, error) {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	}
	return c.readCollected(path)
}

// subject is what all that guardians sign is about.
type subject struct {
	account common.Address
	what    string // in a few words
	does    string // that it has been sent
	verb    string // of postern guardian, that sends it
	tier    int    // whose guardians sign; -1: all
	config  common.Hash
}

func subjectOf(m guardian.Message) subject {
	switch m := m.(type) {
	case guardian.Recovery:
		return subject{m.Account, "a recovery", "the recovery is proposed", "propose", int(m.Tier), m.ConfigHash}
	case guardian.CancelRecovery:
		return subject{m.Account, "the end of a recovery", "the recovery is stopped", "cancel", int(m.By), m.ConfigHash}
	case guardian.Freeze:
		return subject{m.Account, "a freeze", "the account is frozen", "freeze", int(m.Tier), m.ConfigHash}
	case guardian.Unfreeze:
		return subject{m.Account, "the end of a freeze", "the account is no longer frozen", "unfreeze", int(m.Tier), m.ConfigHash}
	case guardian.Drill:
		return subject{m.Account, "a drill", "", "", -1, m.ConfigHash}
	}
	return subject{}
}

// wireStatus is how far approvals have come, as --json prints it.
type wireStatus struct {
	Kind       string         `json:"kind"`
	Account    string         `json:"account"`
	ChainID    string         `json:"chainId"`
	Digest     common.Hash    `json:"digest"`
	Words      []string       `json:"words"`
	Ready      bool           `json:"ready"`
	NewSigner  bool           `json:"newSignerApproved"`
	Weight     uint64         `json:"weight"`
	Threshold  uint64         `json:"threshold"`
	Guardians  []wireGuardian `json:"guardians"`
	Unverified uint64         `json:"weightUnverified,omitempty"` // that only the chain can verify
	Warnings   []string       `json:"warnings,omitempty"`
}

type wireGuardian struct {
	Name     string `json:"name"`
	Signer   string `json:"signer"`
	Weight   uint64 `json:"weight"`
	Approved bool   `json:"approved"`
	Verified bool   `json:"verified"`
}

// statusOf judges at a time, of the chain or of this machine.
func statusOf(col *guardian.Collected, names *nameBook, now time.Time) wireStatus {
	s, about := col.Status(), subjectOf(col.Message())
	out := wireStatus{
		Kind: about.what, Account: about.account.Hex(), ChainID: col.ChainID().String(), Digest: col.Message().Digest(col.ChainID()),
		Words: names.words(col), Ready: s.Ready, NewSigner: s.NewSigner, Weight: s.Weight, Threshold: s.Threshold, Unverified: s.Unverified,
		Warnings: guardian.Warnings(col.Message(), col.Setup(), now),
	}
	for _, g := range s.Guardians {
		out.Guardians = append(out.Guardians, wireGuardian{names.signer(g.Signer), g.Signer.String(), g.Weight, g.Approved, g.Approved && !g.Unverified})
	}
	return out
}

// words say what a message does, and on which chain.
func (b *nameBook) words(col *guardian.Collected) []string {
	return append([]string{"On chain " + col.ChainID().String() + ":"}, col.Message().Words()...)
}

// printWarnings says what a person should know before signing, beside the words.
func (c *call) printWarnings(col *guardian.Collected, now time.Time) {
	for _, w := range guardian.Warnings(col.Message(), col.Setup(), now) {
		fmt.Fprintf(c.stdout, "%s %s\n", painter(c.stdout).red("WARNING:"), plain(w))
	}
}

// printStatus says who has approved and what is missing.
func (c *call) printStatus(col *guardian.Collected, names *nameBook) {
	p := painter(c.stdout)
	s := col.Status()
	mark := func(name string, yes, unverified bool) {
		word := p.yellow("not yet")
		switch {
		case unverified:
			word = p.yellow("signed; only the chain can verify it")
		case yes:
			word = p.green("signed")
		}
		fmt.Fprintf(c.stdout, "  %s: %s\n", plain(name), word)
	}
	if r, ok := col.Message().(guardian.Recovery); ok {
		mark("the new signer, "+names.signer(r.NewSigner), s.NewSigner, s.NewUnverified)
	}
	for _, g := range s.Guardians {
		name := names.signer(g.Signer)
		if g.Weight != 1 {
			name += fmt.Sprintf(" (weighs %d)", g.Weight)
		}
		mark(name, g.Approved, g.Unverified)
	}
	if _, ok := col.Message().(guardian.Drill); ok {
		return
	}
	switch {
	case s.Ready && (s.Unverified > 0 || s.NewUnverified):
		fmt.Fprintln(c.stdout, "enough have signed, if all of that is good: only the chain can tell (postern guardian join --rpc URL asks it)")
	case s.Ready:
		fmt.Fprintln(c.stdout, p.green("enough have signed")+": anybody may send it: postern guardian "+subjectOf(col.Message()).verb+" FILE")
	case s.Weight >= s.Threshold && s.Few:
		fmt.Fprintln(c.stdout, "one guardian alone is not enough for this: one more has to sign")
	case s.Weight >= s.Threshold:
		fmt.Fprintln(c.stdout, "enough guardians have signed; the new signer has not")
	default:
		fmt.Fprintf(c.stdout, "%d of %d that are needed\n", s.Weight, s.Threshold)
	}
}

// tierOf reads a tier's number, from 1, or its name in the setup file.
func (b *nameBook) tierOf(flag, text string, tiers int) (uint8, error) {
	if b != nil {
		for i, name := range b.tiers {
			if name != "" && name == text && i < tiers {
				return uint8(i), nil
			}
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > tiers {
		hint := fmt.Sprintf("a number from 1 to %d, or with --names FILE a name of the file", tiers)
		if tiers == 0 {
			hint = "the account has no guardians"
		}
		return 0, usageError(flag+" is no tier of this account: "+clip(text), hint)
	}
	return uint8(n - 1), nil
}

// parseSignerRef reads who signs: an address, a passkey, or a signer's bytes. Of a passkey it also
// gives the credential's id, where that is known.
func parseSignerRef(flag, text string) (s seal.Signer, credential []byte, err error) {
	hex := strings.HasPrefix(text, "0x") && !strings.Contains(text, ":") // a credential id may begin so
	switch {
	case isKeyText(text):
		return s, nil, keyTyped(flag)
	case hex && len(text) <= 42:
		a, err := parseAddress(flag, text)
		if err != nil {
			return s, nil, err
		}
		s, err = seal.AddressSigner(a)
		return s, nil, err
	case hex:
		s, err = rawGuardian(text)
		return s, nil, err
	}
	if key, err := readOwnerFile(text); err == nil {
		s, err = seal.AddressSigner(key.address())
		return s, nil, err
	}
	ref, err := parsePasskeyRef(text)
	if err != nil {
		return s, nil, err
	}
	s, err = seal.PasskeySigner(ref.public, webauthn.FirstRule)
	return s, ref.credential, err
}
