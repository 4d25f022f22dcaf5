package passkey_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

const challengeText = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY" // testChallenge

func TestClientDataForms(t *testing.T) {
	const typ, ch, or = `"type":"webauthn.get"`, `"challenge":"` + challengeText + `"`, `"origin":"http://localhost:8080"`
	for _, c := range []struct {
		name, in string
		typeAt   int
		chAt     int
		cross    bool
		top      string
	}{
		{"common", "{" + typ + "," + ch + "," + or + `,"crossOrigin":false}`, 1, 36, false, ""},
		{"cross origin", "{" + typ + "," + ch + "," + or + `,"crossOrigin":true}`, 1, 36, true, ""},
		{"top origin", "{" + typ + "," + ch + "," + or + `,"crossOrigin":true,"topOrigin":"https://example.com"}`, 1, 36, true, "https://example.com"},
		{"no crossOrigin", "{" + typ + "," + ch + "," + or + `}`, 1, 36, false, ""},
		{"unknown members", "{" + typ + "," + ch + "," + or + `,"a":{"b":[1,-2.5e3,null,{}],"c":"\u00e9\ud83d\ude00\n"},"z":[]}`, 1, 36, false, ""},
		{"escaped slashes in origin", "{" + typ + "," + ch + `,"origin":"http:\/\/localhost:8080"}`, 1, 36, false, ""},
		{"another order", "{" + or + "," + ch + "," + typ + `}`, 35 + len(ch), 47, false, ""},
		{"Android", `{"androidPackageName":"com.example.app",` + typ + "," + ch + "," + or + `}`, 40, 75, false, ""},
		{"white space between members", "{ " + typ + " ,\n" + ch + "\t,\r" + or + " }", 2, 39, false, ""},
		{"white space before the type's colon", `{"type" :"webauthn.get",` + ch + "," + or + `}`, -1, 37, false, ""},
		{"white space after the challenge's colon", "{" + typ + `,"challenge": "` + challengeText + `",` + or + `}`, 1, -1, false, ""},
		{"escapes in names", `{"\u0074ype":"webauthn.get","challeng\u0065":"` + challengeText + `",` + or + `}`, -1, -1, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := passkey.ParseClientData([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			want := passkey.ClientData{Raw: []byte(c.in), Type: "webauthn.get", Challenge: testChallenge, Origin: testOrigin,
				TopOrigin: c.top, CrossOrigin: c.cross, TypeOffset: c.typeAt, ChallengeOffset: c.chAt}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if got.TypeOffset >= 0 && !strings.HasPrefix(c.in[got.TypeOffset:], typ) {
				t.Error("TypeOffset does not point at the type")
			}
			if got.ChallengeOffset >= 0 && (!strings.HasPrefix(c.in[got.ChallengeOffset:], challengeText+`"`) || !strings.HasSuffix(c.in[:got.ChallengeOffset], `"challenge":"`)) {
				t.Error("ChallengeOffset does not point at the challenge")
			}
		})
	}
}

func TestClientDataRefusals(t *testing.T) {
	const rest = `"type":"webauthn.get","challenge":"` + challengeText + `","origin":"http://localhost:8080"`
	for _, c := range []struct {
		name, in string
		cause    passkey.Cause
	}{
		{"empty", "", passkey.ErrJSON},
		{"null", "null", passkey.ErrJSON},
		{"list", "[" + "]", passkey.ErrJSON},
		{"string", `"x"`, passkey.ErrJSON},
		{"no end", "{" + rest, passkey.ErrJSON},
		{"trailing text", "{" + rest + "}x", passkey.ErrJSON},
		{"trailing object", "{" + rest + "}{}", passkey.ErrJSON},
		{"trailing zero byte", "{" + rest + "}\x00", passkey.ErrJSON},
		{"trailing comma", "{" + rest + ",}", passkey.ErrJSON},
		{"leading comma", "{," + rest + "}", passkey.ErrJSON},
		{"comment", "{/**/" + rest + "}", passkey.ErrJSON},
		{"byte order mark", "\xef\xbb\xbf{" + rest + "}", passkey.ErrJSON},
		{"invalid UTF-8", "{" + rest + ",\"a\":\"\xff\"}", passkey.ErrJSON},
		{"overlong UTF-8", "{" + rest + ",\"a\":\"\xc0\xaf\"}", passkey.ErrJSON},
		{"UTF-16 surrogate in UTF-8", "{" + rest + ",\"a\":\"\xed\xa0\x80\"}", passkey.ErrJSON},
		{"lone surrogate", "{" + rest + `,"a":"\ud800"}`, passkey.ErrJSON},
		{"low surrogate first", "{" + rest + `,"a":"\udc00\ud800"}`, passkey.ErrJSON},
		{"surrogate with ordinary escape", "{" + rest + `,"a":"\ud800\u0041"}`, passkey.ErrJSON},
		{"control character", "{" + rest + ",\"a\":\"\n\"}", passkey.ErrJSON},
		{"last control character", "{" + rest + ",\"a\":\"\x1f\"}", passkey.ErrJSON},
		{"broken escape", "{" + rest + `,"a":"\x41"}`, passkey.ErrJSON},
		{"short escape", "{" + rest + `,"a":"\u12"}`, passkey.ErrJSON},
		{"escape at the end", `{"type":"webauthn.get\`, passkey.ErrJSON},
		{"vertical tab as space", "{\v" + rest + "}", passkey.ErrJSON},
		{"name without quotes", `{type:"webauthn.get"}`, passkey.ErrJSON},
		{"single quotes", `{'type':'webauthn.get'}`, passkey.ErrJSON},
		{"number with leading zero", "{" + rest + `,"a":01}`, passkey.ErrJSON},
		{"number with plus", "{" + rest + `,"a":+1}`, passkey.ErrJSON},
		{"number without digits", "{" + rest + `,"a":-}`, passkey.ErrJSON},
		{"number with empty fraction", "{" + rest + `,"a":1.}`, passkey.ErrJSON},
		{"number with empty exponent", "{" + rest + `,"a":1e}`, passkey.ErrJSON},
		{"NaN", "{" + rest + `,"a":NaN}`, passkey.ErrJSON},
		{"True", "{" + rest + `,"a":True}`, passkey.ErrJSON},
		{"too deep", "{" + rest + `,"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", passkey.ErrJSON},
		{"too many members", "{" + rest + manyMembers(80) + "}", passkey.ErrJSON},
		{"type twice", "{" + rest + `,"type":"webauthn.get"}`, passkey.ErrDuplicate},
		{"challenge twice", "{" + rest + `,"challenge":"AAAA"}`, passkey.ErrDuplicate},
		{"unknown member twice", "{" + rest + `,"a":1,"a":1}`, passkey.ErrDuplicate},
		{"twice by escape", "{" + rest + `,"typ\u0065":"webauthn.create"}`, passkey.ErrDuplicate},
		{"twice deep inside", "{" + rest + `,"a":{"b":1,"b":2}}`, passkey.ErrDuplicate},
		{"no type", `{"challenge":"` + challengeText + `","origin":"x"}`, passkey.ErrMissing},
		{"no challenge", `{"type":"webauthn.get","origin":"x"}`, passkey.ErrMissing},
		{"no origin", `{"type":"webauthn.get","challenge":"` + challengeText + `"}`, passkey.ErrMissing},
		{"type null", `{"type":null,"challenge":"AAAA","origin":"x"}`, passkey.ErrMember},
		{"type escaped", `{"type":"webauthn\u002eget","challenge":"AAAA","origin":"x"}`, passkey.ErrMember},
		{"challenge a number", `{"type":"webauthn.get","challenge":1,"origin":"x"}`, passkey.ErrMember},
		{"challenge escaped", `{"type":"webauthn.get","challenge":"AAA\u0041","origin":"x"}`, passkey.ErrMember},
		{"challenge with escaped padding", `{"type":"webauthn.get","challenge":"AA\u003d\u003d","origin":"x"}`, passkey.ErrMember},
		{"challenge padded", `{"type":"webauthn.get","challenge":"AA==","origin":"x"}`, passkey.ErrBase64},
		{"challenge standard base64", `{"type":"webauthn.get","challenge":"A+/A","origin":"x"}`, passkey.ErrBase64},
		{"challenge with stray bits", `{"type":"webauthn.get","challenge":"AB","origin":"x"}`, passkey.ErrBase64},
		{"challenge of impossible length", `{"type":"webauthn.get","challenge":"AAAAA","origin":"x"}`, passkey.ErrBase64},
		{"challenge with space", `{"type":"webauthn.get","challenge":"AA A","origin":"x"}`, passkey.ErrBase64},
		{"origin a list", `{"type":"webauthn.get","challenge":"AAAA","origin":["x"]}`, passkey.ErrMember},
		{"crossOrigin text", "{" + rest + `,"crossOrigin":"false"}`, passkey.ErrMember},
		{"crossOrigin null", "{" + rest + `,"crossOrigin":null}`, passkey.ErrMember},
		{"crossOrigin prefix", "{" + rest + `,"crossOrigin":falsely}`, passkey.ErrJSON},
		{"topOrigin null", "{" + rest + `,"topOrigin":null}`, passkey.ErrMember},
		{"topOrigin empty", "{" + rest + `,"topOrigin":""}`, passkey.ErrMember},
		{"too large", "{" + rest + `,"a":"` + strings.Repeat("x", 9000) + `"}`, passkey.ErrTooLarge},
		{"too large in the common form", `{"type":"webauthn.get","challenge":"AAAA","origin":"` + strings.Repeat("x", 9000) + `","crossOrigin":false}`, passkey.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := passkey.ParseClientData([]byte(c.in))
			wantCause(t, err, c.cause)
			if !reflect.DeepEqual(got, passkey.ClientData{}) {
				t.Error("data came with the error")
			}
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String()
}

// The short cut never disagrees with the full parser: whatever it accepts, the full parser reads
// in the same way. Inputs are mutations of the common form.
func TestFastAndSlowClientDataAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	base := []byte(`{"type":"webauthn.get","challenge":"` + challengeText + `","origin":"http://localhost:8080","crossOrigin":false}`)
	alphabet := []byte(`{}",:\abcAB01_-=+/ ` + "\x00\x1f\x7f\x80\n")
	fast, disagree := 0, 0
	for range 200_000 {
		in := bytes.Clone(base)
		for range r.IntN(3) {
			switch at := r.IntN(len(in)); r.IntN(4) {
			case 0:
				in[at] = alphabet[r.IntN(len(alphabet))]
			case 1:
				in = append(in[:at], in[at+1:]...)
			case 2:
				in = append(in[:at], append([]byte{alphabet[r.IntN(len(alphabet))]}, in[at:]...)...)
			case 3:
				to := at + r.IntN(len(in)-at)
				in = append(in[:to], append(bytes.Clone(in[at:to]), in[to:]...)...)
			}
		}
		c, ok := passkey.FastClientData(in)
		if !ok {
			continue
		}
		fast++
		if s, err := passkey.SlowClientData(in); err != nil || !reflect.DeepEqual(c, s) {
			disagree++
			t.Errorf("%q: fast %+v; slow %+v, %v", in, c, s, err)
		}
	}
	if fast < 10_000 {
		t.Errorf("only %d of the inputs took the short cut", fast)
	}
}
