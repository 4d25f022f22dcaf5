package flow_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
)

// values are of every kind, as they are written.
func values() []string {
	return []string{
		`{"type":"Void"}`,
		`{"type":"Bool","value":true}`,
		`{"type":"Bool","value":false}`,
		`{"type":"String","value":"a \"quoted\" ✓"}`,
		`{"type":"String","value":""}`,
		`{"type":"Character","value":"é"}`,
		`{"type":"Address","value":"0xf8d6e0586b0a20c7"}`,
		`{"type":"UInt8","value":"255"}`,
		`{"type":"Int8","value":"-128"}`,
		`{"type":"Word256","value":"` + new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)).String() + `"}`,
		`{"type":"Int","value":"-99999999999999999999999999999999999999999999999999999999999999999999999999999999999"}`,
		`{"type":"UFix64","value":"184467440737.09551615"}`,
		`{"type":"Fix64","value":"-92233720368.54775808"}`,
		`{"type":"Optional","value":null}`,
		`{"type":"Optional","value":{"type":"UInt64","value":"7"}}`,
		`{"type":"Array","value":[]}`,
		`{"type":"Array","value":[{"type":"Array","value":[{"type":"Bool","value":true}]}]}`,
		`{"type":"Dictionary","value":[{"key":{"type":"UInt8","value":"0"},"value":{"type":"String","value":"x"}}]}`,
		`{"type":"Path","value":{"domain":"storage","identifier":"flowTokenVault"}}`,
		`{"type":"Event","value":{"id":"A.01.C.E","fields":[{"name":"amount","value":{"type":"UFix64","value":"1.0"}}]}}`,
		`{"type":"Type","value":{"staticType":{"kind":"Int"}}}`,
		`{"type":"Character","value":"\r\n"}`,
		`{"type":"Character","value":"👩‍👩‍👧"}`,
		`{"type":"Path","value":{"domain":"public","identifier":"x"}}`,
		`{"type":"Path","value":{"domain":"private","identifier":"x"}}`,
	}
}

func TestValuesAreReadAndWritten(t *testing.T) {
	for _, text := range values() {
		v, err := flow.ParseValue([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(v.JSON()); got != text {
			t.Errorf("%s written as %s", text, got)
		}
	}
}

func TestValuesAreReadStrictly(t *testing.T) {
	nested := func(n int) string {
		return strings.Repeat(`{"type":"Array","value":[`, n) + `{"type":"Void"}` + strings.Repeat(`]}`, n)
	}
	// Of what is passed on as it came, nothing but the members is looked at: no name twice, and no more than a type has.
	opaque := func(members int) string {
		names := make([]string, members)
		for i := range names {
			names[i] = fmt.Sprintf(`"m%d":null`, i)
		}
		return `{"type":"Type","value":{` + strings.Join(names, ",") + `}}`
	}
	for _, good := range []string{nested(20), opaque(16)} {
		if _, err := flow.ParseValue([]byte(good)); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{
		``, `null`, `7`, `"x"`, `[]`, `{}`, nested(40), nested(20_000), opaque(17), opaque(50_000),
		`{"type":"Type","value":{"staticType":{"kind":"Int","kind":"Int"}}}`, `{"type":"Type","value":{"a":null,"b":null,"a":null}}`,
		`{"type":"UInt8","value":"256"}`, `{"type":"UInt8","value":"-1"}`, `{"type":"UInt8","value":1}`, `{"type":"UInt8","value":""}`,
		`{"type":"UInt8","value":"0x1"}`, `{"type":"UInt8","value":"1.0"}`, `{"type":"UInt8","value":"+1"}`, `{"type":"UInt7","value":"1"}`,
		`{"type":"Int16","value":"32768"}`, `{"type":"Int16","value":"--1"}`, `{"type":"Int","value":"` + strings.Repeat("9", 101) + `"}`,
		`{"type":"UFix64","value":"1"}`, `{"type":"UFix64","value":"1."}`, `{"type":"UFix64","value":".1"}`, `{"type":"UFix64","value":"-1.0"}`,
		`{"type":"UFix64","value":"1.000000000"}`, `{"type":"UFix64","value":"184467440737.09551616"}`, `{"type":"Fix64","value":"92233720368.54775808"}`,
		`{"type":"UFix64","value":"1.0 "}`, `{"type":"UFix64","value":"1e3.0"}`,
		`{"type":"Address","value":"f8d6e0586b0a20c7"}`, `{"type":"Address","value":"0xf8d6e0586b0a20c"}`,
		`{"type":"Bool","value":"true"}`, `{"type":"Bool","value":null}`, `{"type":"Bool"}`, `{"type":"Void","value":null}`,
		`{"type":"String","value":null}`, `{"type":"Character","value":""}`, `{"type":"Optional"}`, `{"type":"Array","value":null}`,
		`{"type":"Array","value":[7]}`, `{"type":"Dictionary","value":[{"key":{"type":"Void"}}]}`, `{"type":"Path","value":{"domain":"x"}}`,
		`{"type":"Event","value":{"id":"x","fields":[{"name":"x"}]}}`, `{"type":"Struct","value":{"id":"x","fields":null}}`,
		`{"type":"Bool","value":true,"more":1}`, `{"type":"Bool","type":"Bool","value":true}`, `{"type":"Bool","value":true}x`,
		`{"type":"Character","value":"ab"}`, `{"type":"Character","value":"\n\r"}`, `{"type":"Character","value":"\r\n\r\n"}`,
		`{"type":"Path","value":{"domain":"nowhere","identifier":"x"}}`, `{"type":"Path","value":{"domain":"","identifier":"x"}}`,
		`{"type":"Bool","value":true}{}`, `{"Type":"Bool","value":true}`, "{\"type\":\"String\",\"value\":\"\xff\"}", `{"type":"Nothing","value":"1"}`,
	} {
		if v, err := flow.ParseValue([]byte(text)); !errors.Is(err, flow.ErrArgument) && !errors.Is(err, flow.ErrAddress) {
			t.Errorf("%.100s read as %s, %v", text, v.Type, err)
		}
	}
	if _, err := flow.ParseValue(make([]byte, 2<<20)); !errors.Is(err, flow.ErrTooLarge) {
		t.Error(err)
	}
}

func TestValuesAreMade(t *testing.T) {
	eight, err := flow.Integer("UInt8", big.NewInt(8))
	if err != nil {
		t.Fatal(err)
	}
	text := flow.Text("<")
	for want, v := range map[string]flow.Value{
		`{"type":"UFix64","value":"12.34000000"}`:                        flow.UFix64(1_234_000_000),
		`{"type":"UInt64","value":"18446744073709551615"}`:               flow.UInt64(1<<64 - 1),
		`{"type":"Int","value":"-5"}`:                                    flow.Int(-5),
		`{"type":"UInt8","value":"8"}`:                                   eight,
		`{"type":"Address","value":"0x0000000000000001"}`:                flow.Addr(flow.Address{7: 1}),
		`{"type":"Array","value":[{"type":"Bool","value":true}]}`:        flow.Array(flow.Bool(true)),
		`{"type":"Optional","value":{"type":"String","value":"\u003c"}}`: flow.Optional(&text),
		`{"type":"Optional","value":null}`:                               flow.Optional(nil),
		// A field without a name is written, and is nobody's.
		`{"type":"Struct","value":{"id":"S","fields":[{"name":"","value":{"type":"Bool","value":true}}]}}`: {Type: "Struct", ID: "S", Items: []flow.Value{flow.Bool(true)}},
	} {
		if got := string(v.JSON()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, err := flow.Integer("UInt8", big.NewInt(256)); !errors.Is(err, flow.ErrArgument) {
		t.Error(err)
	}
}

func FuzzValue(f *testing.F) {
	for _, text := range values() {
		f.Add([]byte(text))
	}
	for _, text := range []string{`{"type":"UInt8","value":"256"}`, `{"type":"Int16","value":"-32769"}`, `{"type":"UFix64","value":"184467440737.09551616"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := flow.ParseValue(b)
		if err != nil {
			return
		}
		again, err := flow.ParseValue(v.JSON())
		if err != nil || !bytes.Equal(again.JSON(), v.JSON()) {
			t.Fatalf("%s written as %s, read as %v", b, v.JSON(), err)
		}
	})
}
