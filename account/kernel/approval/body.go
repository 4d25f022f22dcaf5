// The contents of a sealed approval: the SDK's documents, and what they leave out.

package approval

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// maxTokens is far more than a grant can speak of.
const maxTokens = 4096

// encodeBody writes {header, version, signer, owner, label, documents}: the
// SHA-256 of the readable lines, signer and owner as the chain knows them, each document as the SDK's JSON.
func encodeBody(docs []*Document, h Header) ([]byte, error) {
	first := docs[0]
	version, err := first.version()
	if err != nil {
		return nil, err
	}
	signer, err := first.Signer()
	if err != nil {
		return nil, err
	}
	owner, err := first.Owner()
	if err != nil {
		return nil, err
	}
	contract, err := owner.Contract(version)
	if err != nil {
		return nil, err
	}
	w := &writer{}
	w.object(func() {
		lines := sha256.Sum256(h.lines())
		w.name("header").hex(lines[:])
		w.name("version").text(string(version))
		w.name("signer").party(signer.Contract, signer.Data)
		w.name("owner").party(contract, owner.InitData())
		w.name("label").object(func() { w.label(first.context.Label) })
		w.name("documents").list(func() {
			for _, d := range docs {
				w.object(func() {
					w.name("chainId").text(d.context.ChainID.String())
					w.name("nonce").uint(uint64(d.context.Nonce))
					w.name("document").number(d.json)
				})
			}
		})
	})
	return w.b, nil
}

func (w *writer) party(contract common.Address, data []byte) {
	w.object(func() {
		w.name("contract").text(contract.Hex())
		w.name("data").hex(data)
	})
}

func (w *writer) label(l Label) {
	w.name("name").quoted(l.Name)
	w.name("zone").quoted(l.Zone)
	w.name("tokens").list(func() {
		for _, t := range l.Tokens {
			w.object(func() {
				w.name("symbol").quoted(t.Symbol)
				w.name("address").text(t.Address.Hex())
				w.name("decimals").uint(uint64(t.Decimals))
			})
		}
	})
}

// quoted writes a text that may need escapes.
func (w *writer) quoted(s string) {
	w.sep()
	w.b = append(w.b, '"')
	for _, r := range s {
		w.b = appendRune(w.b, r)
	}
	w.b = append(w.b, '"')
}

// unquoted is a text with escapes.
func (f *fields) unquoted(i int) (s string) {
	if i == 0 {
		return ""
	}
	if err := json.Unmarshal(f.raw(i), &s); err != nil || !utf8.ValidString(s) {
		f.fail(i, wayAgain, "this is no text")
	}
	return s
}

// decodeBody reads it. What was sealed by somebody else is as hostile as anything.
func decodeBody(b []byte, h Header) ([]*Document, error) {
	t, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	defer clear(t.text)
	f := &fields{tree: t}
	lines := sha256.Sum256(h.lines())
	if i := f.need(0, "header", text); !bytes.Equal(f.bytes(i, len(lines)), lines[:]) {
		f.fail(i, wayFile, "the readable lines were changed after it was sealed")
	}
	c := Context{Version: kernel.Version(f.plain(f.need(0, "version", text)))}
	signer, owner := f.need(0, "signer", object), f.need(0, "owner", object)
	c.Signer.Contract, c.Signer.Data = f.party(signer)
	contract, data := f.party(owner)
	c.Label = f.label(f.need(0, "label", object))
	list := f.items(f.need(0, "documents", array))
	if f.err != nil {
		return nil, f.err
	}
	if c.Owner, err = Validator(c.Version, contract, data); err != nil {
		return nil, err
	}
	var docs []*Document
	for _, i := range list {
		d, err := f.document(f.is(i, object), c)
		if err != nil {
			for _, d := range docs {
				d.Wipe()
			}
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func (f *fields) party(i int) (common.Address, []byte) {
	return f.address(f.need(i, "contract", text)), f.bytes(f.need(i, "data", text), -1)
}

func (f *fields) label(i int) (l Label) {
	l.Name, l.Zone = f.unquoted(f.need(i, "name", text)), f.unquoted(f.need(i, "zone", text))
	for n, t := range f.items(f.need(i, "tokens", array)) {
		if f.is(t, object) == 0 || n == maxTokens {
			f.fail(t, wayAgain, "too many tokens")
			break
		}
		l.Tokens = append(l.Tokens, grant.Token{
			Symbol: f.unquoted(f.need(t, "symbol", text)), Address: f.address(f.need(t, "address", text)),
			Decimals: uint8(f.small(f.need(t, "decimals", number), 8, false)),
		})
	}
	return l
}

func (f *fields) document(i int, c Context) (*Document, error) {
	if f.err != nil {
		return nil, f.err
	}
	c.ChainID = f.uint(f.need(i, "chainId", text), 256, true)
	c.Nonce = uint32(f.small(f.need(i, "nonce", number), 32, false))
	inner := f.need(i, "document", object)
	if f.err != nil {
		return nil, f.err
	}
	d, err := parse(f.raw(inner))
	if err != nil {
		return nil, err
	}
	out, err := d.WithContext(c)
	if err != nil {
		d.Wipe()
		return nil, err
	}
	return out, nil
}
