package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/internal/textfile"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

const (
	setupFileVersion = 1
	maxSetupName     = 60 // bytes
	maxSetupText     = 4096
	defaultExpiry    = 30 * 24 * time.Hour
)

// A setupFile is who guards an account, as its owner writes it down. Names stand in the file only.
type setupFile struct {
	setup guardian.Setup
	names *nameBook
}

// readSetup reads a setup file; the name is what messages call it.
func (c *call) readSetup(rest []string) (*setupFile, string, error) {
	text, path, err := c.readArgument(rest)
	if err != nil {
		return nil, "", err
	}
	out, err := parseSetupFile(text)
	if err != nil {
		f := explain(err)
		f.Code = or(map[bool]string{true: "bad-setup"}[f.Code == "failed"], f.Code)
		if path != "" {
			f.Message = path + ": " + f.Message
		}
		f.Hint = or(f.Hint, "a file to start from: postern guardian example")
		return nil, "", f
	}
	return out, or(path, "the file"), nil
}

// parseSetupFile reads TOML or JSON of the same shape; docs/guardians.md describes it. It judges nothing.
func parseSetupFile(text []byte) (*setupFile, error) {
	root, err := textfile.Parse(text)
	if err != nil {
		return nil, err
	}
	r := &textfile.Reader{}
	t := r.Table(root, "")
	t.Version(setupFileVersion)
	out := &setupFile{names: newNameBook()}
	for i, n := range t.Nodes("tier", guardian.MaxTiers) {
		tier := r.Table(n, fmt.Sprintf("tier %d", i+1))
		out.names.tiers = append(out.names.tiers, r.Text(tier.Take("name"), tier.At("name"), maxSetupName))
		out.setup.Tiers = append(out.setup.Tiers, out.tier(tier))
	}
	if len(out.setup.Tiers) == 0 {
		r.Refuse(root, "tier", "write [[tier]] with delay, threshold and [[tier.guardian]]", "it is missing: nobody would guard the account")
		return nil, r.Err()
	}
	out.setup.Expiry = span(t, "expiry", defaultExpiry)
	first := slices.MinFunc(out.setup.Tiers, func(a, b guardian.Tier) int { return cmp.Compare(a.Delay, b.Delay) }).Delay
	out.setup.ChangeDelay = span(t, "change-delay", first+guardian.Margin)
	out.setup.Freeze = span(t, "freeze", 0)
	t.Done()
	if err := r.Err(); err != nil {
		return nil, err
	}
	out.sort()
	return out, nil
}

// sort brings tiers and guardians into the order of the chain; tiers keep their names.
func (s *setupFile) sort() {
	order := make([]int, len(s.setup.Tiers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.setup.Tiers[a].Delay, s.setup.Tiers[b].Delay) })
	names := make([]string, len(order))
	for i, was := range order {
		names[i] = s.names.tiers[was]
	}
	s.setup, s.names.tiers = s.setup.Sorted(), names
}

func (s *setupFile) tier(t *textfile.Fields) guardian.Tier {
	out := guardian.Tier{
		Delay:     span(t, "delay", -1),
		Threshold: t.Number(t.Must("threshold", "write the weight that is needed: with weights left out, how many guardians"), t.At("threshold")),
	}
	for i, n := range t.Nodes("guardian", guardian.MaxGuardians) {
		g := t.Table(n, t.At(fmt.Sprintf("guardian %d", i+1)))
		out.Guardians = append(out.Guardians, s.guardian(g))
	}
	t.Done()
	return out
}

func (s *setupFile) guardian(t *textfile.Fields) guardian.Guardian {
	out := guardian.Guardian{Weight: 1}
	if n := t.Take("weight"); n != nil {
		out.Weight = t.Number(n, t.At("weight"))
	}
	name := t.Text(t.Take("name"), t.At("name"), maxSetupName)
	given := 0
	for _, kind := range []struct {
		key  string
		read func(string) (seal.Signer, error)
	}{{"address", addressGuardian}, {"passkey", passkeyGuardian}, {"signer", rawGuardian}} {
		n := t.Take(kind.key)
		if n == nil {
			continue
		}
		given++
		text := t.Text(n, t.At(kind.key), maxSetupText)
		if t.Err() != nil {
			continue
		}
		signer, err := kind.read(text)
		if err != nil {
			f := explain(err)
			t.Refuse(n, t.At(kind.key), or(f.Hint, "name another guardian: a wallet's address, a contract that signs, a key, a passkey"), "%s", f.Message)
			continue
		}
		out.Signer = signer
	}
	t.Done()
	if given != 1 {
		t.Refuse(t.Node, t.At("address"), "write one of them: address = \"0x…\", passkey = \"file\" or \"CREDENTIAL-ID:PUBLIC-KEY\", signer = \"0x…\" (ERC-7913)",
			"%d of address, passkey and signer are there", given)
		return out
	}
	if t.Err() == nil && !s.names.add(out.Signer, name) {
		t.Refuse(t.Node, t.At("name"), "give each guardian one name, in all tiers", "%s is another name of the same key, or the name of another", clip(name))
	}
	return out
}

// addressGuardian reads an address, or the key file of a development key that has it.
func addressGuardian(text string) (seal.Signer, error) {
	if !strings.HasPrefix(text, "0x") && !isKeyText(text) {
		key, err := readOwnerFile(text)
		if err != nil {
			if _, e := openKeyFile(text); e == nil {
				return seal.Signer{}, failf("bad-key", "write passkey = "+strconv.Quote(text), "%s holds a passkey", clip(text))
			}
			return seal.Signer{}, err
		}
		return seal.AddressSigner(key.address())
	}
	a, err := parseAddress("it", text)
	if err != nil {
		return seal.Signer{}, err
	}
	return seal.AddressSigner(a)
}

func passkeyGuardian(text string) (seal.Signer, error) {
	ref, err := parsePasskeyRef(text)
	if err != nil {
		if _, e := readOwnerFile(text); e == nil {
			return seal.Signer{}, failf("bad-key", "write address = "+strconv.Quote(text), "%s holds the key of an EOA, not a passkey", clip(text))
		}
		return seal.Signer{}, err
	}
	return seal.PasskeySigner(ref.public, webauthn.FirstRule)
}

func rawGuardian(text string) (seal.Signer, error) {
	if isKeyText(text) {
		return seal.Signer{}, keyTyped("the signer")
	}
	b, err := hexutil.Decode(text)
	if err != nil {
		return seal.Signer{}, errors.New("it is not 0x and hex digits")
	}
	return seal.ParseSigner(b)
}

// span reads a duration; a negative default says that it cannot be left out.
func span(t *textfile.Fields, key string, otherwise time.Duration) time.Duration {
	const way = `write "7 days" or "36 hours"`
	n := t.Take(key)
	if n == nil {
		if otherwise < 0 {
			t.Refuse(t.Node, t.At(key), `write it as "7 days"`, "it is missing")
		}
		return max(otherwise, 0)
	}
	if n.Form != textfile.String {
		t.Refuse(n, t.At(key), way, "it is no duration")
		return 0
	}
	text := t.Text(n, t.At(key), 60)
	d, ok := recovery.ParseSpan(text)
	if !ok && t.Err() == nil && !noTime(text) {
		t.Refuse(n, t.At(key), way, "%s is no duration", clip(text))
	}
	return d
}

// noTime tells "0 days" and the like, which are refused later, with the reason.
func noTime(text string) bool {
	unit, ok := strings.CutPrefix(text, "0 ")
	if ok {
		_, ok = recovery.ParseSpan("1 " + unit)
	}
	return ok
}
