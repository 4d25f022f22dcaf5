// The file that guardians pass on to each other.

package guardian

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/internal/textfile"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// Format is what a file of approvals says it is.
const Format = "postern-recovery-1"

// about is what all messages of guardians have.
type about struct {
	kind    string // in a file
	account common.Address
	tier    uint8 // whose guardians sign
	nonce   *big.Int
	config  common.Hash
	drill   bool
}

func aboutOf(m Message) (about, bool) {
	switch m := m.(type) {
	case Recovery:
		return about{"recover", m.Account, m.Tier, m.Nonce, m.ConfigHash, false}, true
	case CancelRecovery:
		return about{"cancel", m.Account, m.By, m.Nonce, m.ConfigHash, false}, true
	case Freeze:
		return about{"freeze", m.Account, m.Tier, m.Nonce, m.ConfigHash, false}, true
	case Unfreeze:
		return about{"unfreeze", m.Account, m.Tier, m.Nonce, m.ConfigHash, false}, true
	case Drill:
		return about{"drill", m.Account, 0, m.Nonce, m.ConfigHash, true}, true
	}
	return about{}, false
}

type fileApproval struct {
	Signer    string        `json:"signer"`
	Signature hexutil.Bytes `json:"signature"`
	Proof     []common.Hash `json:"proof,omitempty"`
}

func (a Approval) file() fileApproval {
	return fileApproval{a.Signer.String(), a.Signature, a.Proof}
}

// MarshalJSON writes the file; ParseCollected reads it. It holds no secrets.
func (c *Collected) MarshalJSON() ([]byte, error) {
	about, _ := aboutOf(c.message)
	setup, err := c.setup.Encode()
	if err != nil {
		return nil, err
	}
	_, members := c.message.fields()
	out := object{
		{name: "format", json: Format}, {name: "kind", json: about.kind}, {name: "chainId", json: c.chainID.String()},
		{name: "module", json: Module.Hex()}, {name: "setup", json: hexutil.Encode(setup)}, {name: "message", json: object(members)},
	}
	if c.newSigner != nil {
		out = append(out, field{name: "newSigner", json: c.newSigner.file()})
	}
	list := []fileApproval{}
	for _, a := range c.approvals {
		list = append(list, a.file())
	}
	return json.Marshal(append(out, field{name: "approvals", json: list}))
}

// ParseCollected reads a file of approvals strictly, and verifies every part of it: the
// setup against the message's configuration hash, every signature against the message.
// Unknown names, names that occur twice, and approvals by strangers are refused.
func ParseCollected(data []byte) (*Collected, error) {
	root, err := textfile.Parse(data)
	if err != nil {
		return nil, err
	}
	r := &textfile.Reader{}
	f := fileReader{r.Table(root, "")}
	if got := f.text("format", 64); got != Format {
		f.refuse("format", "use a release of this program that reads it", "it is %q, not %q", got, Format)
	}
	kind, chainID := f.text("kind", 16), f.number("chainId")
	if m := f.address("module"); m != Module {
		f.refuse("module", "the file is for another version of the contracts", "it is %s, not %s", m, Module)
	}
	setup, err := ParseSetup(f.bytes("setup", 96<<10))
	if err != nil {
		f.place("setup", err)
	}
	var message Message
	if n := f.Must("message", "take the file as it was made"); n != nil {
		message = fileReader{r.Table(n, "message")}.message(kind)
	}
	var newSigner *Approval
	if n := f.Take("newSigner"); n != nil {
		a := fileReader{r.Table(n, "newSigner")}.approval()
		newSigner = &a
	}
	var approvals []Approval
	for i, n := range f.Nodes("approvals", MaxTiers*MaxGuardians) {
		approvals = append(approvals, fileReader{r.Table(n, fmt.Sprintf("approvals[%d]", i))}.approval())
	}
	f.Done()
	if err := r.Err(); err != nil {
		return nil, err
	}
	if message == nil {
		return nil, fmt.Errorf("guardian: the kind %q: %w", kind, ErrMessage)
	}
	c, err := Collect(chainID, setup, message)
	if err != nil {
		return nil, err
	}
	if err := c.load(newSigner, approvals); err != nil {
		return nil, err
	}
	return c, nil
}

// load adds what a file has, each signer once.
func (c *Collected) load(newSigner *Approval, approvals []Approval) error {
	if newSigner != nil {
		if m, ok := c.message.(Recovery); !ok || newSigner.Signer != m.NewSigner {
			return &SignatureError{Name(newSigner.Signer), ErrNotGuardian}
		}
		if err := newSigner.Verify(c.message, c.chainID); err != nil && !errors.Is(err, ErrUnverified) {
			return err
		}
	}
	for i, a := range approvals {
		for _, b := range approvals[:i] {
			if a.Signer == b.Signer {
				return &SignatureError{Name(a.Signer), ErrTwice}
			}
		}
		if err := c.Add(a); err != nil {
			return err
		}
		if len(c.approvals) != i+1 { // only the new signer's place took it
			return &SignatureError{Name(a.Signer), ErrNotGuardian}
		}
	}
	c.newSigner = newSigner
	return nil
}

// fileReader takes values of this package out of a table.
type fileReader struct{ *textfile.Fields }

const way = "take the file as it was made"

func (f fileReader) refuse(key, way, format string, args ...any) {
	n := f.Node.Values[key]
	if n == nil {
		n = f.Node
	}
	f.Refuse(n, f.At(key), way, format, args...)
}

func (f fileReader) place(key string, err error) {
	n := f.Node.Values[key]
	if n == nil {
		n = f.Node
	}
	f.Place(n, f.At(key), err)
}

func (f fileReader) text(key string, most int) string {
	return f.Text(f.Must(key, way), f.At(key), most)
}

func (f fileReader) number(key string) *big.Int {
	t := f.text(key, 80)
	n, ok := new(big.Int).SetString(t, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 256 || n.String() != t {
		f.refuse(key, way, "it is no number")
		return new(big.Int)
	}
	return n
}

func (f fileReader) small(key string, bits int) uint64 {
	n := f.Number(f.Must(key, way), f.At(key))
	if n>>bits != 0 {
		f.refuse(key, way, "it is a number of more than %d bits", bits)
		return 0
	}
	return n
}

func (f fileReader) time(key string) time.Time { return at(f.small(key, 48)) }

func (f fileReader) bytes(key string, most int) []byte {
	return f.hex(key, f.text(key, 2+2*most))
}

func (f fileReader) hex(key, text string) []byte {
	b, err := hexutil.Decode(text)
	if err != nil || hexutil.Encode(b) != strings.ToLower(text) {
		f.refuse(key, way, "it is not bytes in hex")
		return nil
	}
	return b
}

func (f fileReader) hash(key string) common.Hash {
	b := f.bytes(key, 32)
	if len(b) != 32 {
		f.refuse(key, way, "it has %d bytes, not 32", len(b))
	}
	return common.BytesToHash(b)
}

func (f fileReader) address(key string) common.Address {
	t := f.text(key, 42)
	if b := f.hex(key, t); len(b) != 20 {
		f.refuse(key, way, "it has %d bytes, not 20", len(b))
	}
	return common.HexToAddress(t)
}

func (f fileReader) signer(key string) seal.Signer { return f.parse(key, f.bytes(key, MaxSigner)) }

func (f fileReader) parse(key string, b []byte) seal.Signer {
	s, err := seal.ParseSigner(b)
	if err != nil {
		f.place(key, err)
	}
	return s
}

func (f fileReader) texts(key string, most, size int) (out [][]byte) {
	for i, n := range f.Nodes(key, most) {
		out = append(out, f.hex(key, f.Text(n, fmt.Sprintf("%s[%d]", f.At(key), i), 2+2*size)))
	}
	return out
}

func (f fileReader) approval() (a Approval) {
	a.Signer, a.Signature = f.signer("signer"), f.bytes("signature", maxSignature)
	for _, p := range f.texts("proof", maxProof, 32) {
		if len(p) != 32 {
			f.refuse("proof", way, "it has %d bytes, not 32", len(p))
		}
		a.Proof = append(a.Proof, common.BytesToHash(p))
	}
	f.Done()
	return a
}

func (f fileReader) message(kind string) (m Message) {
	acct := f.address("account")
	switch kind {
	case "recover":
		r := Recovery{
			Account: acct, Tier: uint8(f.small("tier", 8)), NewSigner: f.signer("newSigner"), Table: p256table.Format(f.small("table", 8)),
			CredentialIDHash: f.hash("credentialIdHash"), Nonce: f.number("nonce"), Deadline: f.time("deadline"), ConfigHash: f.hash("configHash"),
		}
		for _, b := range f.texts("replaces", MaxReplaced, MaxSigner) {
			r.Replaces = append(r.Replaces, f.parse("replaces", b))
		}
		m = r
	case "cancel":
		m = CancelRecovery{acct, uint8(f.small("tier", 8)), uint8(f.small("by", 8)), f.number("nonce"), f.hash("configHash")}
	case "freeze", "unfreeze":
		x := Freeze{acct, uint8(f.small("tier", 8)), f.number("nonce"), f.time("deadline"), f.hash("configHash")}
		if m = x; kind == "unfreeze" {
			m = Unfreeze(x)
		}
	case "drill":
		m = Drill{acct, f.number("nonce"), f.time("date"), f.hash("configHash")}
	default:
		return nil
	}
	f.Done()
	return m
}
