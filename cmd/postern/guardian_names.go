package main

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// A nameBook has what people call guardians and tiers. It is never sent anywhere.
type nameBook struct {
	tiers []string
	of    map[common.Hash]string // by guardian.ID
	taken map[string]common.Hash
}

func newNameBook() *nameBook {
	return &nameBook{of: map[common.Hash]string{}, taken: map[string]common.Hash{}}
}

// add gives a signer a name. A signer has one name, and a name one signer.
func (b *nameBook) add(s seal.Signer, name string) bool {
	if name == "" {
		return true
	}
	id := guardian.ID(s)
	if was, ok := b.of[id]; ok && was != name {
		return false
	}
	if was, ok := b.taken[name]; ok && was != id {
		return false
	}
	b.of[id], b.taken[name] = name, id
	return true
}

// signer is the name of a signer, or what it is.
func (b *nameBook) signer(s seal.Signer) string {
	if b != nil {
		if name := b.of[guardian.ID(s)]; name != "" {
			return name
		}
	}
	return guardian.Name(s)
}

// tier is the number of a tier, which people count from 1, with its name.
func (b *nameBook) tier(i int) string {
	if b != nil && i < len(b.tiers) && b.tiers[i] != "" {
		return fmt.Sprintf("tier %d (%s)", i+1, b.tiers[i])
	}
	return fmt.Sprintf("tier %d", i+1)
}

// openNames reads the names out of a setup file; none without one.
func openNames(path string) (*nameBook, error) {
	if path == "" {
		return nil, nil
	}
	if path == "-" {
		return nil, usageError("--names is a file", "standard input may be needed for something else")
	}
	f, _, err := (&call{}).readSetup([]string{path})
	if err != nil {
		return nil, err
	}
	return f.names, nil
}

// upperFirst begins a sentence.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func (c *call) printLines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(c.stdout, plain(line))
	}
}
