package approval_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
)

func TestAPrivateKeyIsShownByNothing(t *testing.T) {
	key := secret("session")
	raw := crypto.FromECDSA(key)
	o := owners(t)[0]
	d := o.grantFor(t, o.account(t, kernel.V033), five(t), kernel.ECDSASigner(crypto.PubkeyToAddress(key.PublicKey)), approval.Options{PrivateKey: raw}, 1)[0]
	if !d.Secret() || !bytes.Equal(d.PrivateKey(), raw) {
		t.Fatal("the key is not there")
	}
	d.PrivateKey()[0] ^= 1
	if !bytes.Equal(d.PrivateKey(), raw) {
		t.Error("the key can be changed from outside")
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "document", d, "value", *d, "in", struct{ D any }{d})
	}
	shown := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		shown += fmt.Sprintf(verb+verb, d, *d) + fmt.Sprintf(verb, []any{d, struct{ D *approval.Document }{d}})
	}
	if s := fmt.Sprint(approval.Document{}); s != "no approval" {
		t.Errorf("an empty document is %q", s)
	}
	// Where fmt may not call methods, it shows what is inside.
	inside := struct {
		d approval.Document
		p *approval.Document
	}{*d, d}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d"} {
		shown += fmt.Sprintf(verb, any(inside))
	}
	if b, err := json.Marshal(d); err == nil {
		shown += string(b)
		t.Error("a document goes into JSON by accident")
	}
	text, _ := d.Serialize()
	signature := hex.EncodeToString(d.Fields().EnableSignature)
	for what, s := range map[string]string{"hex": hex.EncodeToString(raw), "numbers": strings.Trim(fmt.Sprint(raw), "[]"), "text": string(text[:200]), "signature": signature} {
		if strings.Contains(strings.ToLower(shown), s) {
			t.Errorf("the private key is shown: %s", what)
		}
	}
	if !strings.Contains(shown, "not shown") {
		t.Errorf("it does not say that there is one: %s", shown)
	}

	public := d.Redacted()
	text, err := public.Serialize()
	if err != nil || public.Secret() || public.PrivateKey() != nil || strings.Contains(decoded(t, string(text)), "privateKey") || !d.Secret() {
		t.Errorf("redacted: %v", err)
	}
	if _, _, err := public.Permission(); err != nil {
		t.Errorf("redacted, it does not know its signer any more: %v", err)
	}
	parse(t, string(text))
	if public.Redacted() != public {
		t.Error("redacted twice")
	}

	copied, err := d.WithContext(approval.Context{Nonce: 5})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.WithContext(approval.Context{Signer: kernel.ECDSASigner(common.Address{9})})
	hinted(t, err, "a document with a key for another signer")
	d.Wipe()
	for _, w := range []*approval.Document{d, copied} {
		if _, err := w.Serialize(); err == nil || w.PrivateKey() != nil {
			t.Error("a wiped document still has its key")
		}
		w.Wipe()
	}
	if _, err := public.Serialize(); err != nil {
		t.Error("wiping one wiped another")
	}
}

// A private key says whose the document is.
func TestAPrivateKeyIsTheSigner(t *testing.T) {
	for _, s := range sdkDocuments(t) {
		d := parse(t, s.Text)
		if !d.Secret() {
			continue
		}
		p, _, err := d.Permission()
		if err != nil || p.Signer.Contract != s.Signer || !bytes.Equal(p.Signer.Data, s.SignerData) {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
