package main

import (
	"flag"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/inspect"
)

// hybridFlags are those of every action that makes an operation.
type hybridFlags struct {
	actFlags

	// Which account: its address, or what it is created from.
	address   string
	salt      string
	passkeys  repeated
	contracts string // file of an environment
}

func (f *hybridFlags) flags(fs *flag.FlagSet) {
	f.actFlags.flags(fs)
	fs.StringVar(&f.address, "account", "", "the account: its `address`, or the file of create --save")
	fs.StringVar(&f.salt, "salt", "", "the kit's deploySalt in `hex`, of an account that is not on the chain yet")
	fs.Var(&f.passkeys, "passkey", "`passkey` among the first signers, of an account that is not on the chain yet; may be repeated")
	environmentFlag(fs, &f.contracts)
}

var errNobody = usageError("nobody is named who approves", "--owner-key FILE for the owner, --key FILE for a passkey; for one elsewhere see the manual: --help")

// approvers reads who approves, into the spec, and returns the key if it is here.
func (f *hybridFlags) approvers(c *call, spec *hybridSpec) (localSigner, error) {
	by, signer, err := f.approver.read(c)
	spec.Owner, spec.Passkey = by.Owner, by.Passkey
	return signer, err
}

// creation is what the flags say of how the account is made; nil if nothing.
func (f *hybridFlags) creation(spec *hybridSpec) (*hybridCreation, error) {
	out := &hybridCreation{Keys: []hybridKey{}}
	owner, err := f.ownerAddress()
	if err != nil {
		return nil, err
	}
	switch {
	case owner != nil:
		out.Owner = *owner
	case spec.Owner != nil:
		out.Owner = *spec.Owner
	}
	refs, err := parsePasskeyRefs(f.passkeys)
	if err != nil {
		return nil, err
	}
	out.add(refs...)
	if out.Salt, err = parseSalt(f.salt); err != nil {
		return nil, err
	}
	out.Environment, err = readEnvironment(f.contracts)
	spec.Environment = out.Environment
	return out, err
}

// parseSalt reads the kit's deploySalt, which it fills up with zeros on the left.
func parseSalt(text string) (common.Hash, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	if text == "" || ok && digits == "" {
		return common.Hash{}, nil
	}
	b, err := inspect.ParseBytes(text)
	if err != nil || !ok || len(b) > 32 {
		return common.Hash{}, usageError("--salt is no hex of at most 32 bytes: "+clip(text), "it is the deploySalt that the kit was given, such as 0x")
	}
	return common.BytesToHash(b), nil
}
