package approval

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// Document is an approval: what a session key may do for an account, and the
// owner's signature that lets it. It does not change, but for [Document.Wipe].
// Print and log it freely: none of its forms shows a private key but the bytes of
// [Document.Serialize].
type Document struct {
	*content
	signer  kernel.Signer
	context Context
}

// content is behind a pointer: fmt looks into structs that have a document in them,
// and may not always call its methods.
type content struct {
	json    []byte // as JSON.stringify writes it; with the private key
	key     []byte // the private key, 32 bytes, or nil
	fields  Fields
	entries [][]byte // the policies as they are installed
}

// Fields are what the SDK's text says. What it means, [Document.Permission] says.
type Fields struct {
	// Policies are what the contracts at their addresses will read in their data,
	// which is not always what the document calls them.
	Policies     []grant.Policy
	PermissionID kernel.PermissionID
	// Selector and Module are the SDK's action: execute, and zero. Hook is its hook.
	Selector     [4]byte
	Module, Hook common.Address
	// ValidAfter and ValidUntil are of Kernel 2; Kernel 3 does not look at them.
	ValidAfter, ValidUntil uint64
	// InitCode is the factory's call data, without the factory; nil for an account
	// that is not made by one (EIP-7702).
	InitCode []byte
	Account  common.Address
	// EnableSignature is nil for a permission that was installed as the account was
	// made.
	EnableSignature []byte
	EIP7702         *userop.Authorization
	// PreInstalled says that the permission was installed as the account was made.
	// The SDK's form for several chains leaves it out, also where it is true.
	PreInstalled bool
}

// Context is what the SDK's text leaves out, and whoever opens it must know. What
// is zero is not known.
type Context struct {
	ChainID *big.Int
	Version kernel.Version
	// Nonce is the account's currentNonce that the owner signed; 0 if not known.
	Nonce uint32
	// Signer is the session key; a document with a private key tells it itself.
	Signer kernel.Signer
	// Owner is the root validator that signed; nil for the one of the init code.
	Owner kernel.Validator
	// Label is how people wrote the grant, for its words.
	Label Label
}

// Label is how people wrote a grant: no chain knows of it.
type Label struct {
	Name   string
	Tokens grant.Tokens
	Zone   string // name of a time zone, "" for UTC
}

const wayCopy = "an approval is base64 of a JSON object; copy it as a whole"

// Parse reads the SDK's text: base64 of JSON. White space around it is left out.
// It refuses everything that the SDK and this package could read differently, and
// keeps members that it does not know.
func Parse(b []byte) (*Document, error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return nil, refuse("", wayCopy, "there is nothing")
	case len(b) > maxText:
		return nil, refuse("", "real approvals are some kilobytes", "%d characters, more than %d", len(b), maxText)
	case bytes.HasPrefix(b, []byte(magic)):
		return nil, refuse("", "open it with its passphrase", "this approval is sealed")
	case bytes.ContainsAny(b, "-_") && !bytes.ContainsAny(b, "+/"):
		return nil, refuse("", "replace - by + and _ by /", "this is base64url; approvals are in standard base64")
	case bytes.ContainsAny(b, "\r\n"):
		return nil, refuse("", "put it in one line", "the text goes over several lines")
	}
	in := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	defer clear(in)
	n, err := base64.StdEncoding.Strict().Decode(in, b)
	if err != nil {
		return nil, refuse("", wayCopy, "this is no base64, or cut off: %v", err)
	}
	return parse(in[:n])
}

func parse(in []byte) (*Document, error) {
	t, err := parseJSON(in)
	if err != nil {
		return nil, err
	}
	d := &Document{content: &content{json: t.text}}
	f := &fields{tree: t}
	d.read(f)
	if f.err != nil {
		d.Wipe()
		return nil, f.err
	}
	return d, nil
}

// read fills in the document's fields.
func (d *Document) read(f *fields) {
	permission := f.need(0, "permissionParams", object)
	d.readPolicies(f, f.may(permission, "policies", array))
	copy(d.fields.PermissionID[:], f.bytes(f.need(permission, "permissionId", text), 4))

	action := f.need(0, "action", object)
	copy(d.fields.Selector[:], f.bytes(f.need(action, "selector", text), 4))
	d.fields.Module = f.address(f.need(action, "address", text))
	if hook := f.may(action, "hook", object); hook != 0 {
		d.fields.Hook = f.address(f.need(hook, "address", text))
	}

	validity := f.need(0, "validityData", object)
	d.fields.ValidAfter = f.small(f.get(validity, "validAfter"), 48, true)
	d.fields.ValidUntil = f.small(f.get(validity, "validUntil"), 48, true)

	account := f.need(0, "accountParams", object)
	d.fields.InitCode = orNil(f.bytes(f.need(account, "initCode", text), -1))
	d.fields.Account = f.address(f.need(account, "accountAddress", text))
	if d.fields.Account == (common.Address{}) {
		f.fail(account, wayAgain, "the account's address is zero")
	}

	signature := f.may(0, "enableSignature", text)
	d.fields.EnableSignature = orNil(f.bytes(signature, -1))
	d.fields.PreInstalled, _ = f.boolean(0, "isPreInstalled")
	switch {
	case signature != 0 && d.fields.PreInstalled:
		f.fail(signature, wayAgain, "an approval of what is installed already")
	case signature != 0 && d.fields.EnableSignature == nil:
		f.fail(signature, wayAgain, "the signature is empty")
	}
	d.readKey(f, f.may(0, "privateKey", text))
	d.fields.EIP7702 = readAuthorization(f, f.may(0, "eip7702Auth", object), d.fields.Account)
}

func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func (d *Document) readKey(f *fields, i int) {
	if i == 0 {
		return
	}
	d.key = f.bytes(i, 32)
	if d.key == nil {
		return
	}
	signer, err := keySigner(d.key)
	if err != nil {
		f.fail(i, wayAgain, "this is no secp256k1 key")
		return
	}
	d.signer = signer
}

// keySigner is the ECDSA signer of a private key.
func keySigner(key []byte) (kernel.Signer, error) {
	k, err := crypto.ToECDSA(key)
	if err != nil {
		return kernel.Signer{}, err
	}
	return kernel.ECDSASigner(crypto.PubkeyToAddress(k.PublicKey)), nil
}

// Serialize writes the SDK's text, byte for byte as the SDK does. It holds the
// private key, if there is one: whoever reads it can act for the account.
func (d *Document) Serialize() ([]byte, error) {
	if d.wiped() {
		return nil, errWiped
	}
	return base64.StdEncoding.AppendEncode(nil, d.json), nil
}

var errWiped = refuse("", "parse the text again", "this document was wiped")

// Fields are what the document says. Slices and numbers are the document's: do not
// change them.
func (d *Document) Fields() Fields { return d.fields }

// Context is what is known beside the text.
func (d *Document) Context() Context { return d.context }

// WithContext is the document with what its text leaves out. What is zero in c
// stays as it was. It refuses a signer that is not the one of the private key.
func (d *Document) WithContext(c Context) (*Document, error) {
	out := *d
	if c.Version != "" {
		row, err := kernel.ForVersion(c.Version, nil)
		if err != nil {
			return nil, err
		}
		if !row.Version.V3() {
			return nil, &kernel.UnsupportedError{Version: c.Version, What: "has no permissions", Way: "use Kernel 0.3.1 or later, on EntryPoint 0.7"}
		}
		out.context.Version = c.Version
	}
	if c.ChainID != nil {
		if c.ChainID.Sign() <= 0 || c.ChainID.BitLen() > 256 {
			return nil, refuse("chainId", "give the chain's id", "%v is no chain's", c.ChainID)
		}
		if a := d.fields.EIP7702; a != nil && a.ChainID.Sign() != 0 && a.ChainID.Cmp(c.ChainID) != 0 {
			return nil, refuse("eip7702Auth.chainId", "ask the owner for an approval for this chain", "the delegation is for the chain %v, not for %v", a.ChainID, c.ChainID)
		}
		out.context.ChainID = new(big.Int).Set(c.ChainID)
	}
	if c.Nonce != 0 {
		out.context.Nonce = c.Nonce
	}
	if c.Signer.Contract != (common.Address{}) || c.Signer.Data != nil {
		if d.key != nil && !equalSigner(c.Signer, d.signer) {
			return nil, refuse("privateKey", "leave the signer out", "the private key in the document is of another signer")
		}
		out.context.Signer = kernel.Signer{Contract: c.Signer.Contract, Data: slices.Clone(c.Signer.Data)}
	}
	if c.Owner != nil {
		out.context.Owner = c.Owner
	}
	if l := c.Label; l.Name != "" || l.Zone != "" || len(l.Tokens) > 0 {
		if l.Name != "" && (!printable(l.Name) || len(l.Name) > maxName) {
			return nil, refuse("label.name", "write a short plain text", "the name has characters that cannot be shown, or more than %d bytes", maxName)
		}
		out.context.Label = l
	}
	return &out, nil
}

func equalSigner(a, b kernel.Signer) bool {
	return a.Contract == b.Contract && bytes.Equal(a.Data, b.Data)
}

// Secret reports whether the document holds a private key.
func (d *Document) Secret() bool { return d.key != nil }

// PrivateKey is a copy of the private key, 32 bytes; nil if there is none.
func (d *Document) PrivateKey() []byte {
	if d.wiped() {
		return nil
	}
	return slices.Clone(d.key)
}

func (d *Document) wiped() bool { return d.content == nil || len(d.json) == 0 || d.json[0] != '{' }

// Redacted is the document without its private key, which it still knows the
// signer of.
func (d *Document) Redacted() *Document {
	if d.key == nil {
		return d
	}
	out := *d
	out.content = &content{json: without(d.json, "privateKey"), fields: d.fields, entries: d.entries}
	out.context.Signer, out.signer = d.signer, kernel.Signer{}
	return &out
}

// without is a JSON object in the one form without one of its members.
func without(b []byte, name string) []byte {
	t, err := parseJSON(b)
	if err != nil {
		return nil
	}
	defer clear(t.text)
	i := t.get(0, name)
	if i == 0 {
		return slices.Clone(b)
	}
	from, to := t.nodes[i].key, t.nodes[i].end
	if to < len(t.text) && t.text[to] == ',' {
		to++
	} else if from > 0 && t.text[from-1] == ',' {
		from--
	}
	return slices.Concat(t.text[:from], t.text[to:])
}

// Wipe overwrites the private key and the text that it stands in. The document
// cannot be written again, nor sign; those made of it with
// [Document.WithContext] neither.
func (d *Document) Wipe() {
	clear(d.json)
	clear(d.key)
}

// String says which approval it is, without secrets and signatures.
func (d Document) String() string {
	if d.content == nil {
		return "no approval"
	}
	what := fmt.Sprintf("the approval of permission %s for the account %s", d.fields.PermissionID, d.fields.Account)
	if d.key != nil {
		what += ", with the private key (not shown)"
	}
	return what
}

// GoString is String, so that no verb shows more.
func (d Document) GoString() string { return d.String() }

// Format is String for every verb.
func (d Document) Format(s fmt.State, _ rune) { fmt.Fprint(s, d.String()) }

// MarshalText refuses: a document goes into a file or a request on purpose only,
// by [Document.Serialize] or [Seal].
func (d Document) MarshalText() ([]byte, error) {
	return nil, refuse("", "use Serialize or Seal", "an approval is not written by accident")
}
