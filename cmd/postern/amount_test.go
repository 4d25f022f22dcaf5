package main

import (
	"errors"
	"math/big"
	"testing"
)

func TestAmountsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "1": "1", "1wei": "1", "0x10": "16", "5gwei": "5000000000", "0.5 gwei": "500000000",
		"1eth": "1000000000000000000", "0.25ether": "250000000000000000", "0.25 ETH": "250000000000000000",
		"0.000000000000000001eth": "1", "1.0": "1", "1.500eth": "1500000000000000000", "00.1eth": "100000000000000000",
	} {
		got, err := parseAmount(text)
		if err != nil || got.String() != want {
			t.Errorf("%q is %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "eth", "-1", "1e18", "0.5", "0.1wei", "0.0000000000000000001eth", "1,5eth", ".5eth", "0x", "0xzz", "0x1eth", "1 2", "+1",
		"0x10000000000000000000000000000000000000000000000000000000000000000", new(big.Int).Lsh(big.NewInt(1), 256).String()} {
		if got, err := parseAmount(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

func FuzzCalls(f *testing.F) {
	f.Add([]byte(`[{"to":"0x000000000000000000000000000000000000dEaD","value":"1gwei"}]`))
	f.Add([]byte(`{"to":"0x000000000000000000000000000000000000dEaD","data":"0x00"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		calls, err := parseCalls(text)
		if (err == nil) != (len(calls) > 0) {
			t.Errorf("%d calls and error %v", len(calls), err)
		}
		var fail *failure
		if err != nil && !errors.As(err, &fail) {
			t.Errorf("an error without a hint: %v", err)
		}
	})
}
