package passkey_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

// The JSON is what browsers parse; it is compared in full because browsers compare it in full.
func TestOptionsJSON(t *testing.T) {
	create := passkey.NewCreationOptions(passkey.RelyingParty{ID: "example.org", Name: "Example"}, passkey.User{ID: []byte{0xff, 0xfe}, Name: "alice", DisplayName: "Alice"}, testChallenge)
	create.ExcludeCredentials = []passkey.Descriptor{{Type: "public-key", ID: []byte{1}, Transports: []string{"usb"}}}
	const wantCreate = `{"rp":{"id":"example.org","name":"Example"},"user":{"id":"__4","name":"alice","displayName":"Alice"},` +
		`"challenge":"` + challengeText + `","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":300000,` +
		`"excludeCredentials":[{"type":"public-key","id":"AQ","transports":["usb"]}],` +
		`"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"required"},` +
		`"attestation":"none","extensions":{"credProps":true}}`
	if got := string(marshal(t, create)); got != wantCreate {
		t.Errorf("got  %s\nwant %s", got, wantCreate)
	}
	request := passkey.NewRequestOptions("example.org", testChallenge, []byte{1}, []byte{2})
	const wantRequest = `{"challenge":"` + challengeText + `","timeout":300000,"rpId":"example.org",` +
		`"allowCredentials":[{"type":"public-key","id":"AQ"},{"type":"public-key","id":"Ag"}],"userVerification":"required"}`
	if got := string(marshal(t, request)); got != wantRequest {
		t.Errorf("got  %s\nwant %s", got, wantRequest)
	}
	againCreate, err := passkey.ParseCreationOptions([]byte(wantCreate))
	if err != nil || !reflect.DeepEqual(againCreate, create) {
		t.Errorf("%+v, %v", againCreate, err)
	}
	againRequest, err := passkey.ParseRequestOptions([]byte(wantRequest))
	if err != nil || !reflect.DeepEqual(againRequest, request) {
		t.Errorf("%+v, %v", againRequest, err)
	}
}

func TestOptionsRefusals(t *testing.T) {
	good := string(marshal(t, passkey.NewCreationOptions(passkey.RelyingParty{Name: "x"}, passkey.User{ID: []byte("id")}, testChallenge)))
	for _, c := range []struct {
		name, old, new string
		cause          passkey.Cause
	}{
		{"no challenge", `"challenge":"` + challengeText + `"`, `"x":1`, passkey.ErrOptions},
		{"challenge padded", challengeText, challengeText + "=", passkey.ErrOptions},
		{"challenge in another case", `"challenge"`, `"Challenge"`, passkey.ErrOptions},
		{"no user handle", `"id":"aWQ"`, `"id":""`, passkey.ErrOptions},
		{"user handle too long", `"id":"aWQ"`, `"id":"` + strings.Repeat("AAAA", 22) + `"`, passkey.ErrOptions},
		{"timeout text", `300000`, `"300000"`, passkey.ErrOptions},
		{"timeout negative", `300000`, `-1`, passkey.ErrOptions},
		{"twice", `"timeout"`, `"timeout":1,"timeout"`, passkey.ErrDuplicate},
		{"a list", good, `[]`, passkey.ErrOptions},
		{"trailing", good, good + "1", passkey.ErrJSON},
		{"too large", good, good + strings.Repeat(" ", 64<<10), passkey.ErrTooLarge},
		{"too deep", `"timeout"`, `"x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `,"timeout"`, passkey.ErrJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := passkey.ParseCreationOptions([]byte(strings.Replace(good, c.old, c.new, 1)))
			wantCause(t, err, c.cause)
			if o != nil {
				t.Error("options came with the error")
			}
		})
	}
	_, err := passkey.ParseRequestOptions([]byte(`{"rpId":"localhost"}`))
	wantCause(t, err, passkey.ErrOptions)
	_, err = passkey.ParseRequestOptions([]byte(`{"challenge":"AAAA","allowcredentials":[]}`))
	wantCause(t, err, passkey.ErrOptions)
	if _, err := passkey.ParseRequestOptions([]byte(`{"challenge":"AAAA","hints":["Challenge"],"x":{"y":"ID"}}`)); err != nil {
		t.Errorf("values are not names: %v", err)
	}
	var b passkey.Base64URL
	wantCause(t, b.UnmarshalText([]byte("A\nAAA")), passkey.ErrBase64)
	if err := json.Unmarshal([]byte(`"AAAA"`), &b); err != nil || len(b) != 3 {
		t.Errorf("%x, %v", b, err)
	}
}
