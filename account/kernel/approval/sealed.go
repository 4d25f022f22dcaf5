// Our own form: what anybody may read in front, the approvals encrypted behind it.

package approval

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// maxDocuments is far more chains than there are.
const maxDocuments = 256

// Header is what anybody can read of a sealed approval. Of what [Seal] is given,
// only Name and Created count: the rest follows from the documents.
type Header struct {
	Name    string    // for people
	Created time.Time // whole seconds; zero is not known

	Account    common.Address
	Chains     []*big.Int
	Version    kernel.Version
	Permission kernel.PermissionID
	Signer     string    // the session key in words
	Owner      string    // who has signed as the account's owner, in words; whether it is, the chain tells
	Signed     bool      // the owner's signature is in it; else the permission must be installed already
	Expires    time.Time // of operations; zero: never
	Secret     bool      // there is a private key in it
	Words      []string  // what it allows
}

// Sealed is an opened approval. All that its header says was checked.
type Sealed struct {
	Header    Header
	Documents []*Document // one for each of Header.Chains, with their contexts
	// Reworded says that the file has other words than these, which are those of
	// its contents: it was sealed by another version of the software.
	Reworded bool
}

// ChainError says that an approval is for other chains.
type ChainError struct {
	ChainID *big.Int
	Has     []*big.Int
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("approval: it is not for the chain %v", e.ChainID)
}

// Hint implements [account.Hinter].
func (e *ChainError) Hint() string {
	chains := make([]string, len(e.Has))
	for i, c := range e.Has {
		chains[i] = c.String()
	}
	return fmt.Sprintf("it is for chain %s; ask the owner for an approval for this chain too", strings.Join(chains, ", "))
}

// For is the document for a chain.
func (s *Sealed) For(chainID *big.Int) (*Document, error) {
	for i, c := range s.Header.Chains {
		if chainID != nil && c.Cmp(chainID) == 0 {
			return s.Documents[i], nil
		}
	}
	return nil, &ChainError{chainID, s.Header.Chains}
}

// Wipe overwrites the private keys of all documents.
func (s *Sealed) Wipe() {
	for _, d := range s.Documents {
		d.Wipe()
	}
}

// Seal encrypts the approvals of one permission for one account on one or more
// chains. Every owner's signature is checked first, so that all contexts must be
// complete: [FromPermission] makes them so, [Document.WithContext] those of
// documents that were parsed.
func Seal(docs []*Document, h Header, passphrase []byte) ([]byte, error) {
	return sealWith(docs, h, passphrase, workFactor)
}

func sealWith(docs []*Document, h Header, passphrase []byte, logN int) ([]byte, error) {
	header, err := describe(docs)
	if err != nil {
		return nil, err
	}
	header.Name, header.Created = h.Name, h.Created.UTC().Truncate(time.Second)
	body, err := encodeBody(docs, header)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	// What we write, we must be able to read: all in one file may be too much for one.
	read, err := decodeBody(body, header)
	if err != nil {
		return nil, refuse("", "seal fewer of them in one file", "it could not be opened again: %v", err)
	}
	for _, d := range read {
		d.Wipe()
	}
	f := file{header: header}
	if f.body, err = encrypt(body, passphrase, logN); err != nil {
		return nil, err
	}
	out := f.text()
	// The same for the lines: a name may have a line's end in it.
	if _, err := parseFile(out); err != nil {
		return nil, err
	}
	return out, nil
}

// Open decrypts a sealed approval, and checks that it says of itself what its
// contents are. A wrong passphrase is a *[PassphraseError].
func Open(b, passphrase []byte) (*Sealed, error) {
	f, err := parseFile(b)
	if err != nil {
		return nil, err
	}
	body, err := decrypt(f.body, passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	stated := f.header
	docs, err := decodeBody(body, stated)
	if err != nil {
		return nil, err
	}
	s := &Sealed{Documents: docs}
	if s.Header, err = describe(docs); err != nil {
		s.Wipe()
		return nil, err
	}
	s.Header.Name, s.Header.Created = stated.Name, stated.Created
	s.Reworded = !slices.Equal(s.Header.Words, stated.Words)
	stated.Words = s.Header.Words
	if !bytes.Equal(stated.lines(), s.Header.lines()) {
		s.Wipe()
		return nil, refuse("header", "do not use it: whoever sealed it lies about what it is", "it says something else than the contents")
	}
	return s, nil
}

// ReadHeader reads the part that is not encrypted. Nothing of it is proved before
// [Open].
func ReadHeader(b []byte) (Header, error) {
	f, err := parseFile(b)
	return f.header, err
}

// describe checks documents and says what they are together.
func describe(docs []*Document) (h Header, err error) {
	if len(docs) == 0 || len(docs) > maxDocuments {
		return h, refuse("", fmt.Sprintf("seal 1 to %d", maxDocuments), "%d approvals", len(docs))
	}
	for i, d := range docs {
		if d == nil {
			return Header{}, refuse("", "leave it out", "approval %d is not there", i+1)
		}
		one, err := d.describe()
		if err != nil {
			return Header{}, err
		}
		chain := one.Chains[0]
		if i == 0 {
			h = one
			continue
		}
		if slices.ContainsFunc(h.Chains, func(c *big.Int) bool { return c.Cmp(chain) == 0 }) {
			return Header{}, refuse("", "leave one of them out", "two of the approvals are for the chain %v", chain)
		}
		// Apart from the chain they must be the same.
		chains := append(h.Chains, chain)
		one.Chains, h.Chains = chains, chains
		if !bytes.Equal(one.lines(), h.lines()) {
			return Header{}, refuse("", "seal each by itself", "the approvals are not of one permission for one account by one owner")
		}
	}
	return h, nil
}

// describe is the header of one document.
func (d *Document) describe() (h Header, err error) {
	if d.wiped() {
		return h, errWiped
	}
	p, g, err := d.Permission()
	if err != nil {
		return h, err
	}
	owner, err := d.Owner()
	if err != nil {
		return h, err
	}
	if d.context.ChainID == nil {
		return h, refuse("chainId", "say which chain it is for", "the approval does not say its chain")
	}
	h = Header{
		Account: d.fields.Account, Chains: []*big.Int{d.context.ChainID}, Permission: p.ID(),
		Signer: signerWords(p.Signer), Owner: owner.String(), Signed: d.fields.EnableSignature != nil,
		Expires: expiry(g), Secret: d.Secret(), Words: grant.Words(g, grant.Style{}),
	}
	if h.Version, err = d.version(); err != nil || !h.Signed {
		return h, err
	}
	e, err := d.Enable(d.context.ChainID, d.context.Nonce)
	if err != nil {
		return h, err
	}
	return h, d.Verify(e, owner)
}

// signerWords says who a session key is.
func signerWords(s kernel.Signer) string {
	if key, ok := s.ECDSA(); ok {
		return "the key " + key.Hex()
	}
	if key, _, ok := s.WebAuthn(); ok {
		x := key.X()
		return fmt.Sprintf("the passkey %x…", x[:8])
	}
	return "a key of the signer contract " + s.Contract.Hex()
}

// expiry is when the last operation can be sent; zero for never.
func expiry(g grant.Grant) (at time.Time) {
	for _, p := range g.Policies {
		t, ok := p.(*grant.Timestamp)
		if !ok || t.ValidUntil == 0 || t.Flag()&grant.FlagNotOps != 0 {
			continue
		}
		// 48 bits of seconds are millions of years: what has no four digits is never.
		if end := time.Unix(int64(t.ValidUntil), 0).UTC(); end.Year() <= 9999 && (at.IsZero() || end.Before(at)) {
			at = end
		}
	}
	return at
}
