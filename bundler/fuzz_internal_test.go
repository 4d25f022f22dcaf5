package bundler

import (
	"encoding/json"
	"strings"
	"testing"
)

// Whatever a server answers, there is a result, a refusal or an error, and never
// two of them.
func FuzzParseReply(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"result":"0x1"}`, `{"jsonrpc":"2.0","id":1,"result":null}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32500,"message":"AA24","data":"0x220266b6"}}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`, `[]`, `<html>`, ``, `{`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"x","data":{"data":{"data":"Reverted 0x08c379a0"}}}}`,
	} {
		f.Add(s)
	}
	e, err := newEndpoint("http://localhost/SECRETpath", Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		result, refusal, err := parseReply([]byte(s), 1)
		switch {
		case err != nil:
			if result != nil || refusal != nil || len(err.Error()) > 400 {
				t.Fatalf("%q %v %v", result, refusal, err)
			}
		case refusal != nil:
			r := e.rpcError("m", refusal)
			if r.Error() == "" || r.Hint() == "" || strings.Contains(r.Error(), "SECRETpath") {
				t.Fatal(r)
			}
		default:
			if !json.Valid(result) {
				t.Fatalf("result %q", result)
			}
			var n number
			if n.UnmarshalJSON(result) == nil && n.big().BitLen() > 256 {
				t.Fatal("too long")
			}
			var w *wireReceipt
			if json.Unmarshal(result, &w) == nil && w != nil && w.Success != nil && w.Receipt != nil && w.UserOpHash != nil {
				_ = w.reason()
			}
		}
	})
}
