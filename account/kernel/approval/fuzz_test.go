package approval_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// use does to a document what programs do; nothing of it may panic.
func use(t *testing.T, d *approval.Document) {
	t.Helper()
	text, err := d.Serialize()
	if err != nil {
		t.Fatal(err)
	}
	again, err := approval.Parse(text)
	if err != nil {
		t.Fatalf("what was written is refused: %v", err)
	}
	if twice, err := again.Serialize(); err != nil || !bytes.Equal(text, twice) {
		t.Fatalf("written twice, it is another text: %v", err)
	}
	if s := d.String(); strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		t.Errorf("control characters in %q", s)
	}
	d.Versions()
	if a, err := d.Account(); err == nil && a.Address() != d.Fields().Account {
		t.Error("another account")
	}
	chain := big.NewInt(1)
	if a := d.Fields().EIP7702; a != nil && a.ChainID.Sign() > 0 {
		chain = a.ChainID
	}
	public, err := d.Redacted().WithContext(approval.Context{ChainID: chain, Version: kernel.V033, Nonce: 1, Signer: kernel.ECDSASigner(common.Address{1})})
	if err != nil {
		t.Fatal(err)
	}
	if public.Secret() {
		t.Error("redacted, it has a private key")
	}
	e, err := public.Enable(big.NewInt(1), 1)
	if err == nil {
		if owner, err := public.Owner(); err == nil {
			public.Verify(e, owner)
		}
	} else if h := (interface{ Hint() string })(nil); !errors.As(err, &h) || h.Hint() == "" {
		t.Errorf("no hint: %v", err)
	}
	grant.Words(grant.Grant{Policies: d.Fields().Policies}, grant.Style{})
}

func FuzzParse(f *testing.F) {
	for _, s := range sdkDocuments(f) {
		f.Add([]byte(s.Text))
	}
	f.Add(encoded(small))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := approval.Parse(b)
		if err != nil {
			var e *approval.Error
			if d != nil || !errors.As(err, &e) || e.Way == "" || e.Reason == "" {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		use(t, d)
	})
}

// FuzzJSON goes past the base64. What encoding/json refuses, we refuse.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `"isPreInstalled":false}`, `"isPreInstalled":false,"z":{"b":[1,-2.5,1e+21,1.5e-7,"ä\u0007\n\"\\/\ud800x",null,true,{}],"a":[]},"":0}`, 1)))
	for _, s := range sdkDocuments(f) {
		if s.List == "calls" || s.Name == "EIP-7702" || s.Name == "private key" {
			d, _ := approval.Parse([]byte(s.Text))
			b, _ := d.Serialize()
			f.Add(must(decodeBase64(b)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := approval.Parse(encoded(string(b)))
		if err != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatal("this is no JSON")
		}
		text, _ := d.Serialize()
		// The same values, only written in the one form.
		var ours, theirs any
		if err := errors.Join(json.Unmarshal(must(decodeBase64(text)), &ours), json.Unmarshal(b, &theirs)); err != nil {
			t.Fatal(err)
		}
		if x, y := must(json.Marshal(ours)), must(json.Marshal(theirs)); !bytes.Equal(x, y) {
			t.Fatalf("other values:\n%s\n%s", x, y)
		}
		use(t, d)
	})
}

func FuzzOpen(f *testing.F) {
	o := owners(f)[0]
	docs := o.grantFor(f, o.account(f, kernel.V033), grant.Grant{Policies: []grant.Policy{&grant.Sudo{}}}, kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)
	good := cheaply(f, docs)
	f.Add(good)
	f.Add([]byte("postern-approval-1\naccount: 0x\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := approval.ReadHeader(b)
		if err != nil {
			var e *approval.Error
			if !errors.As(err, &e) || e.Way == "" {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		for _, w := range append(h.Words, h.Name, h.Owner, h.Signer) {
			if strings.ContainsFunc(w, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				t.Errorf("control characters in %q", w)
			}
		}
	})
}

// FuzzBody is a hostile sealer: the contents are whatever it likes.
func FuzzBody(f *testing.F) {
	_, docs := sealable(f)
	f.Add(approval.Body(f, docs))
	f.Add([]byte(`{"header":"0x","version":"0.3.3"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		docs, err := approval.DecodeBody(b)
		if err != nil {
			return
		}
		for _, d := range docs {
			use(t, d)
		}
	})
}
