package main

import (
	"flag"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/inspect"
)

// hybridFlags are those of every action that makes an operation.
type hybridFlags struct {
	network
	payer payer
	approvalFlags
	maxFee, out string
	wait        bool

	// Which account: its address, or what it is created from.
	address   string
	owner     string
	salt      string
	passkeys  repeated
	contracts string // file of an environment

	// Who approves.
	ownerKey, key string
	elsewhere     passkeySigner
}

func (f *hybridFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.payer.flags(fs)
	fs.StringVar(&f.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount`")
	fs.StringVar(&f.out, "out", "", "keep the operation in this `file`; without a key here it is not sent but prepared")
	fs.BoolVar(&f.wait, "wait", true, "wait for the receipt")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")

	fs.StringVar(&f.address, "account", "", "the account: its `address`, or the file of create --save")
	fs.StringVar(&f.owner, "owner", "", "owner's `address`, where its key is elsewhere")
	fs.StringVar(&f.salt, "salt", "", "the kit's deploySalt in `hex`, of an account that is not on the chain yet")
	fs.Var(&f.passkeys, "passkey", "`passkey` among the first signers, of an account that is not on the chain yet; may be repeated")

	environmentFlag(fs, &f.contracts)
	fs.StringVar(&f.ownerKey, "owner-key", "", "the owner approves: `file` with its key, or - for standard input (default $"+ownerEnv+")")
	fs.StringVar(&f.key, "key", "", "a passkey approves: its key `file` (postern key new)")
	fs.StringVar(&f.elsewhere.PublicKey, "public-key", "", "a passkey elsewhere approves: its public `key`")
	fs.StringVar(&f.elsewhere.CredentialID, "credential-id", "", "its credential `id`, base64url")
	fs.StringVar(&f.elsewhere.RPID, "rp-id", "", "its relying party `domain`")
	fs.Var((*repeated)(&f.elsewhere.Origins), "origin", "`origin` whose page asks for it; may be repeated")
}

var errNobody = usageError("nobody is named who approves", "--owner-key FILE for the owner, --key FILE for a passkey; for one elsewhere see: postern help hybrid")

// approvers reads who approves, into the spec, and returns the key if it is here.
func (f *hybridFlags) approvers(c *call, spec *hybridSpec) (localSigner, error) {
	far := f.elsewhere.PublicKey != "" || f.elsewhere.CredentialID != ""
	switch {
	case f.key != "" && (f.ownerKey != "" || far), far && f.ownerKey != "":
		return nil, usageError("--owner-key, --key and --public-key exclude each other", "one signer is enough: give one of them")
	case f.key != "":
		key, err := openKeyFile(f.key)
		if err != nil {
			return nil, err
		}
		ref := passkeyRef{credential: key.credential.ID, public: key.credential.Key}
		spec.Passkey = &passkeySigner{ref.credentialText(), ref.public.String(), key.file.RPID, []string{key.file.Origin}}
		return key, nil
	case far:
		return nil, f.farPasskey(spec)
	}
	owner, err := f.ownerAddress()
	if err != nil {
		return nil, err
	}
	key, err := openOwnerKey(f.ownerKey, c.stdin)
	if err != nil {
		return nil, err
	}
	if key != nil {
		a := key.address()
		if owner != nil && *owner != a {
			return nil, failf("wrong-key", "give the key of "+owner.Hex()+", or leave --owner out; without --owner-key $"+ownerEnv+" counts", "the owner's key is that of %s, but --owner says %s", a, owner)
		}
		spec.Owner = &a
		return key, nil
	}
	if owner == nil {
		return nil, errNobody
	}
	spec.Owner = owner
	return nil, nil
}

func (f *hybridFlags) farPasskey(spec *hybridSpec) error {
	e := f.elsewhere
	if e.PublicKey == "" || e.CredentialID == "" || e.RPID == "" || len(e.Origins) == 0 {
		return usageError("a passkey elsewhere needs --public-key, --credential-id, --rp-id and --origin",
			"for example: --rp-id example.org --origin https://example.org; the first two are publicKey and id of the kit's credential")
	}
	if _, err := passkeyOf(e.CredentialID, e.PublicKey); err != nil {
		return err
	}
	spec.Passkey = &e
	return nil
}

func (f *hybridFlags) ownerAddress() (*common.Address, error) {
	if f.owner == "" {
		return nil, nil
	}
	a, err := parseAddress("--owner", f.owner)
	return &a, err
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
