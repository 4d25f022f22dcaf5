package userop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postern-dev/postern/userop"
)

const minimal07 = `{"sender":"0x00000000000000000000000000000000000000aa","nonce":"0x5","callData":"0xdeadbeef","signature":"0x"}`

func TestAnEstimationRequestLeavesGasUnstated(t *testing.T) {
	for _, ep := range userop.EntryPoints() {
		op, err := ep.UnmarshalOp([]byte(minimal07))
		if err != nil {
			t.Fatal(err)
		}
		if op.CallGasLimit != nil || op.MaxFeePerGas != nil {
			t.Error("gas invented")
		}
		if _, err := ep.Hash(op, one); !errors.Is(err, userop.ErrMissing) {
			t.Errorf("hash of an incomplete operation: %v", err)
		}
		if err := op.Validate(ep, nil); !errors.Is(err, userop.ErrMissing) {
			t.Errorf("%v", err)
		}
		b, err := ep.MarshalOp(op)
		if err != nil || strings.Contains(string(b), "allGas") {
			t.Errorf("%s, %v", b, err)
		}
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	with := func(members string) string { return strings.TrimSuffix(minimal07, "}") + "," + members + "}" }
	instead := func(old, now string) string { return strings.Replace(minimal07, old, now, 1) }
	for name, c := range map[string]struct {
		json string
		want error
	}{
		"empty":                        {"", userop.ErrFormat},
		"not an object":                {"[]", userop.ErrFormat},
		"null":                         {"null", userop.ErrFormat},
		"trailing data":                {minimal07 + "{}", userop.ErrFormat},
		"cut short":                    {minimal07[:40], userop.ErrFormat},
		"too long":                     {instead("deadbeef", strings.Repeat("00", userop.MaxJSON/2)), userop.ErrTooLarge},
		"member twice":                 {with(`"nonce":"0x6"`), userop.ErrDuplicate},
		"member twice by escape":       {with(`"\u006eonce":"0x6"`), userop.ErrDuplicate},
		"unknown member":               {with(`"paymasterAndDat":"0x"`), userop.ErrUnknown},
		"other case":                   {instead("sender", "Sender"), userop.ErrUnknown},
		"sender missing":               {`{"nonce":"0x5","callData":"0x","signature":"0x"}`, userop.ErrMissing},
		"sender null":                  {instead(`"0x00000000000000000000000000000000000000aa"`, "null"), userop.ErrMissing},
		"sender short":                 {instead("0x00", "0x"), userop.ErrFormat},
		"number as number":             {instead(`"0x5"`, "5"), userop.ErrFormat},
		"decimal text":                 {instead(`"0x5"`, `"5"`), userop.ErrFormat},
		"leading zero":                 {instead(`"0x5"`, `"0x05"`), userop.ErrFormat},
		"no digits":                    {instead(`"0x5"`, `"0x"`), userop.ErrFormat},
		"negative":                     {instead(`"0x5"`, `"0x-5"`), userop.ErrFormat},
		"underscore":                   {instead(`"0x5"`, `"0x5_5"`), userop.ErrFormat},
		"257 bits":                     {instead(`"0x5"`, `"0x1`+strings.Repeat("0", 64)+`"`), userop.ErrFormat},
		"odd digits":                   {instead("0xdeadbeef", "0xdeadbee"), userop.ErrFormat},
		"not hex":                      {instead("0xdeadbeef", "0xdeadbeeg"), userop.ErrFormat},
		"escapes":                      {instead("0xdeadbeef", `0xdea\u0064beef`), userop.ErrFormat},
		"upper case 0X":                {instead("0xdeadbeef", "0Xdeadbeef"), userop.ErrFormat},
		"factory data without factory": {with(`"factoryData":"0x11"`), userop.ErrUnexpected},
		"paymaster data without one":   {with(`"paymasterData":"0x11"`), userop.ErrUnexpected},
		"paymaster gas without one":    {with(`"paymasterPostOpGasLimit":"0x1"`), userop.ErrUnexpected},
		"129 bits of gas":              {with(`"callGasLimit":"0x1` + strings.Repeat("0", 32) + `"`), userop.ErrRange},
		"0.6 member":                   {with(`"initCode":"0x"`), userop.ErrUnknown},
		"0.9 member":                   {with(`"paymasterSignature":"0x11"`), userop.ErrUnknown},
		"authorization not an object":  {with(`"eip7702Auth":"0x"`), userop.ErrFormat},
		"authorization incomplete":     {with(`"eip7702Auth":{"chainId":"0x1"}`), userop.ErrMissing},
		"deep nesting":                 {with(`"eip7702Auth":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000)), userop.ErrFormat},
		"marker before 0.8":            {with(`"factory":"0x7702"`), userop.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			op, err := userop.V07.UnmarshalOp([]byte(c.json))
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if op != nil {
				t.Error("a failed parse returned something")
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestUnmarshalV06(t *testing.T) {
	with := func(members string) string { return strings.TrimSuffix(minimal07, "}") + "," + members + "}" }
	op, err := userop.V06.UnmarshalOp([]byte(with(
		`"initCode":"0x00000000000000000000000000000000000000ff1234","paymasterAndData":"0x00000000000000000000000000000000000000bbab"`)))
	if err != nil || op.Factory == nil || string(op.FactoryData) != "\x12\x34" || op.Paymaster == nil || string(op.PaymasterData) != "\xab" {
		t.Errorf("%+v, %v", op, err)
	}
	for _, bad := range []string{
		`"initCode":"0x1234"`, `"paymasterAndData":"0x1234"`, `"factory":"0x00000000000000000000000000000000000000ff"`,
		`"initCode":"0x7702"`, `"initCode":"0x7702000000000000000000000000000000000000"`,
	} {
		if _, err := userop.V06.UnmarshalOp([]byte(with(bad))); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}

func TestOptionalMembersMayBeNull(t *testing.T) {
	s := strings.TrimSuffix(minimal07, "}") + `,"factory":null,"factoryData":null,"paymaster":null,"paymasterData":null,"eip7702Auth":null,"callGasLimit":null}`
	op, err := userop.V08.UnmarshalOp([]byte(s))
	if err != nil || op.Factory != nil || op.Paymaster != nil || op.CallGasLimit != nil {
		t.Errorf("%+v, %v", op, err)
	}
}

func TestRepliesMayHoldUnknownMembers(t *testing.T) {
	s := strings.TrimSuffix(minimal07, "}") + `,"aggregator":null,"x":{"y":[1,{"nonce":1}]}}`
	if _, err := userop.V07.UnmarshalOp([]byte(s)); !errors.Is(err, userop.ErrUnknown) {
		t.Errorf("strict: %v", err)
	}
	if op, err := userop.UnmarshalReply(userop.V07, []byte(s)); err != nil || op.Nonce.Uint64() != 5 {
		t.Errorf("reply: %v", err)
	}
}

func TestWireFormRoundTripsRandomOperations(t *testing.T) {
	r := rng(t)
	for _, ep := range userop.EntryPoints() {
		for range 500 {
			op := randomOp(r, ep)
			b, err := ep.MarshalOp(op)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ep.UnmarshalOp(b)
			if err != nil {
				t.Fatalf("%s: %v\n%s", ep, err, b)
			}
			if !sameOp(op, got) {
				t.Fatalf("%s: changed\n%s", ep, b)
			}
			again, err := ep.MarshalOp(got)
			if err != nil || string(again) != string(b) {
				t.Fatalf("%s: written differently, %v\n%s\n%s", ep, err, b, again)
			}
		}
	}
}

func FuzzUnmarshalOp(f *testing.F) {
	f.Add(minimal07)
	f.Add(`{"sender":"0x00000000000000000000000000000000000000aa","nonce":"0x0","factory":"0x7702","callData":"0x","signature":"0x","eip7702Auth":{"chainId":"0x1","address":"0x00000000000000000000000000000000000000aa","nonce":"0x0","yParity":"0x01","r":"0x1","s":"0x02"}}`)
	var file viemFile
	loadJSON(f, "viem.json", &file)
	for i := range file.Operations {
		f.Add(string(file.Operations[i].Wire))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ep := range userop.EntryPoints() {
			op, err := ep.UnmarshalOp([]byte(s))
			if (op == nil) != (err != nil) {
				t.Fatal("operation and error")
			}
			if err != nil {
				_ = err.Error()
				continue
			}
			if !json.Valid([]byte(s)) {
				t.Fatal("read what is not JSON")
			}
			b, err := ep.MarshalOp(op)
			if err != nil {
				t.Fatalf("read but not written: %v", err)
			}
			again, err := ep.UnmarshalOp(b)
			if err != nil || fmt.Sprint(op.Normalize().Nonce) != fmt.Sprint(again.Nonce) || !sameOp(op, again) {
				t.Fatalf("changed: %v\n%s\n%s", err, s, b)
			}
			_ = op.Validate(ep, nil)
		}
	})
}
