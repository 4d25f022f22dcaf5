package approval

import (
	"bytes"
	"fmt"
	"testing"
)

// SealAt is Seal at another cost of a guess.
var SealAt = sealWith

// Reseal seals documents under the header of a file that lies.
func Reseal(b, passphrase []byte, docs []*Document) ([]byte, error) {
	f, err := parseFile(b)
	if err != nil {
		return nil, err
	}
	body, err := encodeBody(docs, f.header)
	if err != nil {
		return nil, err
	}
	if f.body, err = encrypt(body, passphrase, 1); err != nil {
		return nil, err
	}
	return f.text(), nil
}

// WithWorkFactor rewrites what a file says of its cost.
func WithWorkFactor(t *testing.T, b []byte, logN int) []byte {
	t.Helper()
	f, err := parseFile(b)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.IndexByte(f.body, '\n') + 1 // the stanza
	end := at + bytes.IndexByte(f.body[at:], '\n')
	line := bytes.TrimSuffix(f.body[at:end], []byte(" 1"))
	if len(line) == end-at {
		t.Fatalf("%q", f.body[at:end])
	}
	f.body = append(append(bytes.Clone(f.body[:at]), fmt.Sprintf("%s %d", line, logN)...), f.body[end:]...)
	return f.text()
}

// Body is what Seal encrypts.
func Body(t testing.TB, docs []*Document) []byte {
	t.Helper()
	b, err := encodeBody(docs, Header{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// DecodeBody reads it as if the header were right.
func DecodeBody(b []byte) ([]*Document, error) { return decodeBody(b, Header{}) }
