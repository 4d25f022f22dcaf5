package approval_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

func encoded(s string) []byte { return base64.StdEncoding.AppendEncode(nil, []byte(s)) }

// small is a document with everything in it, in a form that is easy to change.
const small = `{"permissionParams":{"policies":[` +
	`{"policyParams":{"type":"call","policyVersion":"0.0.4","policyFlag":"0x0000","permissions":[{"target":"0x000000000000000000000000000000000000dEaD","valueLimit":"10","callType":"0x00","selector":"0xa9059cbb","rules":[{"params":["0x0000000000000000000000000000000000000000000000000000000000000064"],"offset":32,"condition":4}]}]}},` +
	`{"policyParams":{"type":"gas","policyAddress":"0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23","policyFlag":"0x0000","allowed":"5000","enforcePaymaster":false,"allowedPaymaster":"0x0000000000000000000000000000000000000000"}},` +
	`{"policyParams":{"type":"timestamp","policyAddress":"0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F","policyFlag":"0x0000","validAfter":1700000000,"validUntil":2000000000}},` +
	`{"policyParams":{"type":"rate-limit","policyAddress":"0xf63d4139B25c836334edD76641356c6b74C86873","policyFlag":"0x0000","interval":0,"count":3,"startAt":0}},` +
	`{"policyParams":{"type":"signature-caller","policyAddress":"0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d","policyFlag":"0x0000","allowedCallers":["0x000000000000000000000000000000000000dEaD"]}}` +
	`],"permissionId":"0x35204ada"},"action":{"selector":"0xe9ae5c53","address":"0x0000000000000000000000000000000000000000"},` +
	`"validityData":{"validAfter":0,"validUntil":0},"accountParams":{"initCode":"0x","accountAddress":"0x8ba1c6856f7C90b95A0384531d8661c4009F2Ed7"},` +
	`"enableSignature":"0x6c56","isPreInstalled":false}`

func TestTheSmallDocumentIsGood(t *testing.T) {
	d := parse(t, string(encoded(small)))
	if text, _ := d.Serialize(); decoded(t, string(text)) != small {
		t.Error("it is written in another form")
	}
	if n := len(d.Fields().Policies); n != 5 {
		t.Errorf("%d policies", n)
	}
}

// Each change is refused at the field that it is in.
func TestHostileDocumentsAreRefusedByField(t *testing.T) {
	gas, rate, callRule := "permissionParams.policies[1].policyParams", "permissionParams.policies[3].policyParams", "permissionParams.policies[0].policyParams.permissions[0].rules[0]"
	for _, c := range []struct{ from, to, field string }{
		{`"permissionId":"0x35204ada"`, `"permissionId":"0x35204a"`, "permissionParams.permissionId"},
		{`"permissionId":"0x35204ada"`, `"permissionId":"35204ada"`, "permissionParams.permissionId"},
		{`"permissionId":"0x35204ada"`, `"permissionId":"0X35204ada"`, "permissionParams.permissionId"},
		{`"permissionId":"0x35204ada"`, `"permissionId":null`, "permissionParams.permissionId"},
		{`"permissionId":"0x35204ada"`, `"id":"0x35204ada"`, "permissionParams"},
		{`"type":"gas"`, `"type":"gaz"`, gas + ".type"},
		{`"type":"gas"`, `"type":"sudo"`, gas},
		{`"type":"gas"`, `"type":7`, gas + ".type"},
		{`"allowed":"5000"`, `"allowed":"0x5000"`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":"-1"`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":""`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":"05"`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":"5000 "`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":1.5`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":true`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":9007199254740993`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":"340282366920938463463374607431768211456"`, gas + ".allowed"},
		{`"allowed":"5000"`, `"allowed":"` + strings.Repeat("9", 1000) + `"`, gas + ".allowed"},
		{`"enforcePaymaster":false`, `"enforcePaymaster":null`, gas + ".enforcePaymaster"},
		{`"enforcePaymaster":false`, `"enforcePaymaster":"false"`, gas + ".enforcePaymaster"},
		// Gas parameters at the sudo contract, which would allow everything.
		{`"0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23"`, `"0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7"`, gas},
		{`"0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23"`, `"0xaEFC5AbC67FfD258abD0A3E54f65E70326F84b23"`, gas + ".policyAddress"},
		{`"count":3`, `"count":"3"`, rate + ".count"},
		{`"count":3`, `"count":-3`, rate + ".count"},
		{`"count":3`, `"count":281474976710656`, rate + ".count"},
		{`"count":3,`, ``, rate},
		{`"startAt":0`, `"startAt":"60"`, rate + ".startAt"},
		{`"0xf63d4139B25c836334edD76641356c6b74C86873"`, `"0x000000000000000000000000000000000000dEaD"`, rate + ".policyAddress"},
		{`"startAt":0}},{"policyParams":{"type":"signature-caller"`, `"startAt":1}},{"policyParams":{"type":"signature-caller"`, ""},
		{`"offset":32`, `"offset":-32`, callRule + ".offset"},
		{`"offset":32`, `"offset":"32"`, callRule + ".offset"},
		{`"offset":32`, `"offset":1e30`, callRule + ".offset"},
		{`"condition":4`, `"condition":8`, callRule + ".condition"},
		{`"condition":4`, `"condition":256`, callRule + ".condition"},
		{`"params":["0x00000000`, `"params":["0x000000`, callRule + ".params[0]"},
		{`"params":["0x0000000000000000000000000000000000000000000000000000000000000064"]`, `"params":"0x0000000000000000000000000000000000000000000000000000000000000064"`, callRule + ".params"},
		{`"policyVersion":"0.0.4"`, `"policyVersion":"0.0.6"`, "permissionParams.policies[0].policyParams"},
		{`"policyVersion":"0.0.4"`, `"policyVersion":"0.0.1"`, callRule + ".params"},
		{`"policyVersion":"0.0.4",`, ``, "permissionParams.policies[0].policyParams"},
		{`"callType":"0x00"`, `"callType":"0x0000"`, "permissionParams.policies[0].policyParams.permissions[0].callType"},
		{`"target":"0x000000000000000000000000000000000000dEaD"`, `"target":"0x000000000000000000000000000000000000DEaD"`, "permissionParams.policies[0].policyParams.permissions[0].target"},
		{`"target":"0x000000000000000000000000000000000000dEaD"`, `"target":"0x000000000000000000000000000000000000dE"`, "permissionParams.policies[0].policyParams.permissions[0].target"},
		{`"valueLimit":"10"`, `"valueLimit":"115792089237316195423570985008687907853269984665640564039457584007913129639936"`, "permissionParams.policies[0].policyParams.permissions[0].valueLimit"},
		{`"policyFlag":"0x0000","permissions"`, `"policyFlag":"0x00","permissions"`, "permissionParams.policies[0].policyParams.policyFlag"},
		{`"validUntil":2000000000`, `"validUntil":2000000000000000`, "permissionParams.policies[2].policyParams.validUntil"},
		{`"allowedCallers":["0x000000000000000000000000000000000000dEaD"]`, `"allowedCallers":"0x000000000000000000000000000000000000dEaD"`, "permissionParams.policies[4].policyParams.allowedCallers"},
		{`"action":{`, `"actions":{`, ""},
		{`"selector":"0xe9ae5c53"`, `"selector":"0xe9ae5c5"`, "action.selector"},
		{`"address":"0x0000000000000000000000000000000000000000"}`, `"address":"0x"}`, "action.address"},
		{`"address":"0x0000000000000000000000000000000000000000"}`, `"address":"0x0000000000000000000000000000000000000000","hook":{}}`, "action.hook"},
		{`"validityData":{"validAfter":0`, `"validityData":{"validAfter":-1`, "validityData.validAfter"},
		{`"accountAddress":"0x8ba1c6856f7C90b95A0384531d8661c4009F2Ed7"`, `"accountAddress":"0x0000000000000000000000000000000000000000"`, "accountParams"},
		{`"accountAddress":"0x8ba1c6856f7C90b95A0384531d8661c4009F2Ed7"`, `"accountAddress":"0x8BA1c6856f7C90b95A0384531d8661c4009F2Ed7"`, "accountParams.accountAddress"},
		{`"enableSignature":"0x6c56"`, `"enableSignature":"0x"`, "enableSignature"},
		{`"enableSignature":"0x6c56"`, `"enableSignature":"0x6c5"`, "enableSignature"},
		{`"enableSignature":"0x6c56"`, `"enableSignature":{}`, "enableSignature"},
		{`"isPreInstalled":false`, `"isPreInstalled":true`, "enableSignature"},
		{`"isPreInstalled":false`, `"isPreInstalled":0`, "isPreInstalled"},
		{`"isPreInstalled":false`, `"privateKey":"0x00"`, "privateKey"},
		{`"isPreInstalled":false`, `"privateKey":"0x` + strings.Repeat("00", 32) + `"`, "privateKey"},
		{`"isPreInstalled":false`, `"privateKey":"0x` + strings.Repeat("ff", 32) + `"`, "privateKey"},
		{`"isPreInstalled":false`, `"eip7702Auth":{"address":"0x000000000000000000000000000000000000dEaD","chainId":1,"nonce":4,"r":"0x` + strings.Repeat("00", 32) + `","s":"0x` + strings.Repeat("00", 32) + `","yParity":0}`, "eip7702Auth"},
		{`"isPreInstalled":false`, `"eip7702Auth":{"address":"0x000000000000000000000000000000000000dEaD","chainId":1,"nonce":4,"r":"0x01","s":"0x01","yParity":2}`, "eip7702Auth.r"},
		// Twice, also in other letters of the same name.
		{`"isPreInstalled":false`, `"isPreInstalled":false,"isPreInstalled":true`, ""},
		{`"isPreInstalled":false`, `"isPreInstalled":false,"\u0069sPreInstalled":true`, ""},
		{`"count":3`, `"count":3,"count":4`, rate},
	} {
		text := strings.Replace(small, c.from, c.to, 1)
		if text == small {
			t.Fatalf("nothing was changed: %s", c.from)
		}
		_, err := approval.Parse(encoded(text))
		var e *approval.Error
		if !errors.As(err, &e) || e.Hint() == "" {
			// Not every change is of the form: the permission's id tells.
			if c.field == "" && err == nil {
				continue
			}
			t.Errorf("%.80s: %v", c.to, err)
			continue
		}
		if e.Field != c.field {
			t.Errorf("%.80s: refused at %q, not at %q: %v", c.to, e.Field, c.field, err)
		}
	}
}

func TestTextsThatAreNoDocumentsAreRefused(t *testing.T) {
	good := string(encoded(small))
	nested := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for what, text := range map[string]string{
		"nothing": "", "spaces": " \n", "no base64": "{}", "null": string(encoded("null")), "list": string(encoded("[]")), "text": string(encoded(`"x"`)),
		"cut off": good[:len(good)/2], "one character less": good[:len(good)-1], "two lines": good[:100] + "\n" + good[100:], "more after it": good + "AAAA",
		"base64url": base64.URLEncoding.EncodeToString([]byte(small + " ~~~???")), "no padding": strings.TrimRight(string(encoded(small+" ")), "=") + "x",
		"not UTF-8": string(encoded(strings.Replace(small, "gas", "g\xff", 1))), "BOM": string(encoded("\ufeff" + small)),
		"deep":        string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":`+nested, 1))),
		"comma":       string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"isPreInstalled":false,`, 1))),
		"two objects": string(encoded(small + small)), "control": string(encoded(strings.Replace(small, "gas", "g\x01", 1))),
		"number 1.0": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":1.0`, 1))), "number -0": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":-0`, 1))),
		"number 1e400": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":1e400`, 1))), "number 01": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":01`, 1))),
		"NaN": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":NaN`, 1))), "truth": string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":tru`, 1))),
		"escape": string(encoded(strings.Replace(small, `"gas"`, `"\x67as"`, 1))), "half an escape": string(encoded(strings.Replace(small, `"gas"`, `"\u00"`, 1))),
		"large": strings.Repeat("A", 5<<20), "sealed": "postern-approval-1\n",
		"values":   string(encoded(strings.Replace(small, `"isPreInstalled":false`, `"x":[`+strings.Repeat("[],", 1<<18)+`0]`, 1))),
		"policies": string(encoded(strings.Replace(small, `"policies":[`, `"policies":[`+strings.Repeat(`{"policyParams":{"type":"sudo"}},`, 254), 1))),
		"members":  string(encoded(strings.Replace(small, `"isPreInstalled":false`, members(5000), 1))),
	} {
		d, err := approval.Parse([]byte(text))
		var e *approval.Error
		if d != nil || !errors.As(err, &e) || e.Hint() == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"` + big.NewInt(int64(i)).String() + `":0,`)
	}
	return b.String() + `"x":0`
}

// What is cut off anywhere is refused, and so is every document with one byte
// changed whose meaning is another.
func TestNoPrefixIsADocument(t *testing.T) {
	for n := range len(small) {
		if _, err := approval.Parse(encoded(small[:n])); err == nil {
			t.Fatalf("the first %d bytes are a document", n)
		}
	}
}

// Unknown members stay where they are, and so does their order; what can be written
// in several ways comes out as JSON.stringify writes it.
func TestUnknownMembersAreKept(t *testing.T) {
	extra := `"isPreInstalled":false,"z":{"b":[1,-2.5,1e+21,1.5e-7,"ä\u0007\n\"\\/\ud800x",null,true,{}],"a":[]},"":0}`
	text := strings.Replace(small, `"isPreInstalled":false}`, extra, 1)
	d := parse(t, string(encoded(text)))
	if again, _ := d.Serialize(); decoded(t, string(again)) != text {
		t.Errorf("it became\n%s", decoded(t, string(again)))
	}
	loose := strings.NewReplacer(`":`, "\" : \t", `,"`, ",\n \"", `"gas"`, `"\u0067as"`, `ä`, `\u00e4\/`).Replace(text)
	want := strings.Replace(text, `ä`, `ä/`, 1)
	d = parse(t, string(encoded(loose)))
	if again, _ := d.Serialize(); decoded(t, string(again)) != want {
		t.Errorf("it became\n%s", decoded(t, string(again)))
	}
	if d.Fields().Policies[1].Kind() != grant.KindGas {
		t.Error("a text with escapes was read as it stands")
	}
}

// A function's name in a document is a claim.
func TestALyingInterfaceNamesNothing(t *testing.T) {
	for abi, named := range map[string]bool{
		`[{"type":"function","name":"transfer","inputs":[{"type":"address","name":"to"},{"type":"uint256","name":"amount"}]}]`: true,
		`[{"name":"other"},{"type":"function","name":"transfer","inputs":[{"type":"address"},{"type":"uint256"}]}]`:            true,
		`[{"type":"function","name":"transfer","inputs":[{"type":"address"}]}]`:                                                false,
		`[{"type":"function","name":"transfer","inputs":[{"type":"address","name":"to) or more("},{"type":"uint256"}]}]`:       true,
		`[{"type":"function","name":"transfer","inputs":[{"type":"address,uint256"}]}]`:                                        true,
		`[{"type":"function","name":"transfer","inputs":{}}]`:                                                                  false,
		`[{"type":"function","name":"transfer"}]`:                                                                              false,
		`[7,null,{"name":"transfer","inputs":[{"type":"tuple"}]}]`:                                                             false,
		`"transfer(address,uint256)"`: false,
	} {
		for function, has := range map[string]bool{"transfer": named, "approve": false, "transfer(address,uint256)": false, `trans\u0066er`: named} {
			text := strings.Replace(small, `"valueLimit":"10"`, `"abi":`+abi+`,"functionName":"`+function+`","valueLimit":"10"`, 1)
			d := parse(t, string(encoded(text)))
			call := d.Fields().Policies[0].(*grant.Call)
			if f := call.Permissions[0].Function; (f != nil) != has {
				t.Errorf("%s of %s: %v", function, abi, f)
			}
		}
	}
}

// What a policy is, its contract decides, not the name in the document.
func TestPoliciesAreWhatTheirContractsRead(t *testing.T) {
	text := strings.Replace(small, `"type":"signature-caller","policyAddress":"0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d"`, `"type":"signature-caller","policyAddress":"0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23"`, 1)
	d, err := approval.Parse(encoded(text))
	if err == nil {
		if k := d.Fields().Policies[4].Kind(); k != grant.KindGas {
			t.Errorf("the gas contract makes a %s policy", k)
		}
	}
	text = strings.Replace(small, `"0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F"`, `"0x000000000000000000000000000000000000dEaD"`, 1)
	d = parse(t, string(encoded(text)))
	if k := d.Fields().Policies[2].Kind(); k != grant.KindUnknown {
		t.Errorf("nobody knows what a contract at dEaD allows, yet it is called %s", k)
	}
}

func TestContextsThatCannotBeAreRefused(t *testing.T) {
	d := parse(t, string(encoded(small)))
	for what, c := range map[string]approval.Context{
		"version": {Version: "0.4.0"}, "old version": {Version: kernel.V024}, "chain 0": {ChainID: new(big.Int)}, "chain": {ChainID: new(big.Int).Lsh(big.NewInt(1), 300)},
	} {
		_, err := d.WithContext(c)
		hinted(t, err, what)
	}
	for what, text := range map[string]string{
		"function": strings.Replace(small, `"selector":"0xe9ae5c53"`, `"selector":"0x3659cfe6"`, 1),
		"module":   strings.Replace(small, `"address":"0x0000000000000000000000000000000000000000"}`, `"address":"0x000000000000000000000000000000000000dEaD"}`, 1),
		"hook":     strings.Replace(small, `"address":"0x0000000000000000000000000000000000000000"}`, `"address":"0x0000000000000000000000000000000000000000","hook":{"address":"0x000000000000000000000000000000000000dEaD"}}`, 1),
	} {
		_, err := parse(t, string(encoded(text))).Enable(big.NewInt(1), 1)
		var e *approval.Error
		if !errors.As(err, &e) || e.Field != "action" || e.Hint() == "" {
			t.Errorf("%s: %v", what, err)
		}
		// Its words would be silent about it.
		if _, _, err := parse(t, string(encoded(text))).Permission(); !errors.As(err, &e) || e.Field != "action" {
			t.Errorf("%s: its words: %v", what, err)
		}
	}
}

// A text beside the hash of a slice is a claim too.
func TestALyingSliceIsLeftOut(t *testing.T) {
	text := hexutil.Encode([]byte("hello"))
	rule := `"policyVersion":"0.0.5","policyFlag":"0x0000","permissions":[{"target":"0x000000000000000000000000000000000000dEaD","callType":"0x00","selector":"0xa9059cbb","rules":[{"params":["0x` +
		strings.Repeat("00", 32) + `","0x` + strings.Repeat("00", 31) + `05","` + crypto.Keccak256Hash([]byte("hello")).Hex() + `"],"offset":0,"condition":7,"slice":"`
	_, rest, _ := strings.Cut(small, `"policyVersion":"0.0.4"`)
	_, rest, _ = strings.Cut(rest, `}]}]}}`)
	for slice, named := range map[string]bool{text: true, "0x": false, hexutil.Encode([]byte("hellO")): false} {
		d := parse(t, string(encoded(small[:strings.Index(small, `"policyVersion"`)]+rule+slice+`"}]}]}}`+rest)))
		r := d.Fields().Policies[0].(*grant.Call).Permissions[0].Rules[0]
		if (r.Slice != nil) != named {
			t.Errorf("the slice %s is told as %q", slice, r.Slice)
		}
	}
}

// A document with any byte changed is refused somewhere on its way, or means the
// same: names of functions, letters of hex, what Kernel 3 does not look at.
func TestNoByteOfADocumentChangesItsMeaning(t *testing.T) {
	o := owners(t)[0]
	signer := kernel.ECDSASigner(common.Address{1})
	d := o.grantFor(t, o.account(t, kernel.V033), five(t), signer, approval.Options{}, 10)[0]
	text := decoded(t, string(must(d.Serialize())))
	p, _, err := d.Permission()
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]int{}
	for i := 0; i < len(text); i += 2 {
		changed := []byte(text)
		changed[i] ^= 1 + byte(i%4)
		other, err := approval.Parse(encoded(string(changed)))
		if err != nil {
			continue
		}
		if other, err = other.WithContext(approval.Context{Signer: signer}); err != nil {
			t.Fatal(err)
		}
		e, err := other.Enable(big.NewInt(10), 1)
		if err != nil {
			continue
		}
		owner, err := other.Owner()
		if err != nil || other.Verify(e, owner) != nil {
			continue
		}
		q, g, err := other.Permission()
		if err != nil || !bytes.Equal(q.EnableData(), p.EnableData()) || other.Fields().Account != d.Fields().Account || owner != o.root {
			t.Fatalf("changed at %d, it means something else: %s", i, changed[max(0, i-40):min(len(changed), i+10)])
		}
		words := strings.Join(grant.Words(g, grant.Style{}), "\n")
		if !strings.Contains(words, "transfer(address to, uint256 amount)") {
			t.Errorf("changed at %d, it has other words:\n%s", i, words)
		}
		same[string(changed[max(0, i-30):i])]++
	}
	if len(same) == 0 || len(same) > len(text)/8 {
		t.Errorf("%d of %d changes mean the same", len(same), len(text)/2)
	}
}
