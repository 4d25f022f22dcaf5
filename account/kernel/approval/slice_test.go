package approval_test

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/grant"
)

// The SDK's document tells what a slice is among the arguments; the hash in the rule
// is what the contract compares, and so what proves it.
func TestSlicesAreReadFromTheSDKsArguments(t *testing.T) {
	word := func(tail string) string { return `"0x` + strings.Repeat("0", 64-len(tail)) + tail + `"` }
	document := func(args, hashed string) string {
		permission := `"policyVersion":"0.0.5","policyFlag":"0x0000","permissions":[{"target":"0x000000000000000000000000000000000000dEaD",` + args +
			`"callType":"0x00","selector":"0xa9059cbb","rules":[{"params":[` + word("4") + "," + word("5") + `,"` + crypto.Keccak256Hash([]byte(hashed)).Hex() + `"],"offset":32,"condition":7}]}]}}`
		_, rest, _ := strings.Cut(small, `"policyVersion":"0.0.4"`)
		_, rest, _ = strings.Cut(rest, `}]}]}}`)
		return small[:strings.Index(small, `"policyVersion"`)] + permission + rest
	}
	value := func(v string) string { return `"args":[null,{"condition":7,"value":` + v + `,"start":4,"length":5}],` }
	for name, c := range map[string]struct{ args, hashed, want string }{
		"text":                {value(`"hello"`), "hello", "hello"},
		"text with an escape": {value(`"h\"\u0065l"`), `h"el`, `h"el`},
		"bytes":               {value(`"0x68656c6c6f"`), "hello", "hello"},
		"text like bytes":     {value(`"0x68"`), "0x68", "0x68"},
		"a lie":               {value(`"hellO"`), "hello", ""},
		"of another argument": {`"args":[{"condition":7,"value":"hello","start":4,"length":5}],`, "hello", ""},
		"a number":            {value(`5`), "5", ""},
		"half a byte":         {value(`"0x6"`), "h", ""},
		"no list":             {`"args":{"1":{"value":"hello"}},`, "hello", ""},
		"no value":            {`"args":[null,{"condition":7}],`, "hello", ""},
		"nothing":             {"", "hello", ""},
		"too long":            {value(`"` + strings.Repeat("a", 5000) + `"`), strings.Repeat("a", 5000), ""},
	} {
		d := parse(t, string(encoded(document(c.args, c.hashed))))
		if got := d.Fields().Policies[0].(*grant.Call).Permissions[0].Rules[0].Slice; string(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
