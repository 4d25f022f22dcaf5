package flow_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

func TestACompositeIsReadAsItIsWritten(t *testing.T) {
	_, each := signables(t)
	s, err := flow.ParseSignable(each[0])
	if err != nil {
		t.Fatal(err)
	}
	signer := flowtest.NewSigner("user")
	for _, c := range append(flowtest.WebAuthn(), flowtest.Plain()...) {
		want := flow.Signature{Address: s.Address, KeyIndex: s.KeyIndex}
		want.Signature, want.Extension = c.Make(signer, s.Message)
		got, err := flow.ParseComposite(s.Composite(want.Signature, want.Extension))
		if err != nil || got.Address != want.Address || got.KeyIndex != want.KeyIndex ||
			!bytes.Equal(got.Signature, want.Signature) || !bytes.Equal(got.Extension, want.Extension) {
			t.Errorf("%s: %+v, %v", c.Name, got, err)
		}
	}
}

const (
	composite = `{"f_type":"CompositeSignature","f_vsn":"1.0.0","addr":"0x0000000000000001","keyId":3,"signature":"abab","extensionData":"01c0"}`
	proof     = `{"f_type":"account-proof","address":"0x0000000000000001","nonce":"0102","signatures":[` + composite + `]}`
)

func TestAProofIsRead(t *testing.T) {
	got, err := flow.ParseProof([]byte(proof), "app")
	want := &flow.Proof{App: "app", Address: flow.Address{7: 1}, Nonce: []byte{1, 2}, Signatures: []flow.Signature{
		{Address: flow.Address{7: 1}, KeyIndex: 3, Signature: []byte{0xab, 0xab}, Extension: []byte{1, 0xc0}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCompositesAndProofsAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		cause    error
	}{
		"another type":     {`"CompositeSignature"`, `"Signable"`, flow.ErrComposite},
		"no type":          {`"f_type":"CompositeSignature",`, ``, flow.ErrComposite},
		"no key":           {`"keyId":3,`, ``, flow.ErrComposite},
		"a short address":  {`"addr":"0x00`, `"addr":"0x`, flow.ErrAddress},
		"0x":               {`"signature":"ab`, `"signature":"0xab`, flow.ErrComposite},
		"an odd extension": {`"01c0"`, `"01c"`, flow.ErrComposite},
	} {
		changed := strings.Replace(composite, c.old, c.new, 1)
		if changed == composite {
			t.Fatalf("%s: nothing to change", name)
		}
		if _, err := flow.ParseComposite([]byte(changed)); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v, want %v", name, err, c.cause)
		}
		if _, err := flow.ParseProof([]byte(strings.Replace(proof, composite, changed, 1)), "app"); !errors.Is(err, c.cause) {
			t.Errorf("%s, in a proof: %v, want %v", name, err, c.cause)
		}
	}
	for text, cause := range map[string]error{
		`[]`: flow.ErrProof,
		strings.Replace(proof, `"0102"`, `"0x0102"`, 1):             flow.ErrProof,
		strings.Replace(proof, `"address":"0x00`, `"address":"`, 1): flow.ErrAddress,
	} {
		if _, err := flow.ParseProof([]byte(text), "app"); !errors.Is(err, cause) {
			t.Errorf("%s: %v", text, err)
		}
	}
	long := bytes.Repeat([]byte(" "), 1<<20+1)
	if _, err := flow.ParseComposite(long); !errors.Is(err, flow.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := flow.ParseProof(long, "app"); !errors.Is(err, flow.ErrTooLarge) {
		t.Error(err)
	}
}

// What Verify refuses for the extension's own sake, CheckExtension refuses too, and it refuses no more.
func TestCheckExtensionIsVerifyWithoutMessageAndKey(t *testing.T) {
	signer := flowtest.NewSigner("user")
	message := make([]byte, 40)
	for _, c := range flowtest.WebAuthn() {
		_, extension := c.Make(signer, message)
		if len(extension) == 0 || extension[0] != flow.SchemeWebAuthn {
			continue
		}
		want := c.Cause
		for _, other := range []error{flow.ErrChallenge, flow.ErrSignature, flow.ErrSignatureLen} {
			if errors.Is(want, other) {
				want = nil
			}
		}
		challenge, err := flow.CheckExtension(extension)
		if !errors.Is(err, want) || (want == nil) != (err == nil) || err == nil && len(challenge) != 32 {
			t.Errorf("%s: %s, %v; want %v", c.Name, hex.EncodeToString(challenge), err, want)
		}
	}
}

func FuzzComposite(f *testing.F) {
	f.Add([]byte(composite))
	f.Add([]byte(proof))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := flow.ParseComposite(b); err == nil {
			as := flow.Signable{Address: s.Address, KeyIndex: s.KeyIndex}
			again, err := flow.ParseComposite(as.Composite(s.Signature, s.Extension))
			if err != nil || !reflect.DeepEqual(again, s) {
				t.Fatalf("%+v, again %+v, %v", s, again, err)
			}
		}
		if p, err := flow.ParseProof(b, "app"); err == nil {
			if p.Verify(nil, flow.Policy{}) == nil {
				t.Fatal("a proof by nobody's keys")
			}
			_, arguments, err := p.Script()
			for _, a := range arguments {
				if _, wrong := flow.ParseValue(a); err == nil && wrong != nil {
					t.Fatalf("%s: %v", a, wrong)
				}
			}
		}
	})
}
