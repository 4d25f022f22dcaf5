package gasreport

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
)

// judge proves a verifier that is this code.
func judge(t *testing.T, code string, s sample) error {
	t.Helper()
	v := &verifier{Row: Row{Name: "test"}, data: fiveWords, place: func(c *chain) (common.Address, error) {
		if err := placeEngines(c); err != nil {
			return common.Address{}, err
		}
		at := common.HexToAddress("0x7e57")
		c.put(at, common.FromHex(code))
		return at, nil
	}}
	_, _, err := v.run(Osaka, s)
	return err
}

func small(t *testing.T) sample {
	t.Helper()
	all, err := assertions()
	if err != nil {
		t.Fatal(err)
	}
	return sample{counted: all[:2*len(flips)]}
}

func TestVerifiersThatDoNotVerifyAreNotCounted(t *testing.T) {
	s := small(t)
	forward := "60a05f5f3760205f60a05f73" + strings.TrimPrefix(strings.ToLower(contracts.P256Plain.Address.Hex()), "0x") + "5afa50"
	codes := map[string]struct{ code, cause string }{
		"says yes":           {"60015f5260205ff3", "accepts"},
		"says no":            {"5f5f5260205ff3", "refuses"},
		"reverts":            {"5f5ffd", "refuses"},
		"answers nothing":    {"00", "refuses"},
		"answers one byte":   {"60015f5360015ff3", "refuses"},
		"answers two":        {"60025f5260205ff3", "refuses"},
		"answers too much":   {"60015f5260405ff3", "refuses"},
		"looks at the s":     {"60403560011660015f5260205ff3", "accepts"},
		"answers with the r": {"60203560205260206020f3", "refuses"},
	}
	for name, c := range codes {
		var bad *refusal
		if err := judge(t, c.code, s); !errors.As(err, &bad) || !strings.HasPrefix(bad.cause, c.cause) {
			t.Errorf("%s: %v, want that it %s", name, err, c.cause)
		}
	}
	if err := judge(t, forward+"60205ff3", s); err != nil {
		t.Errorf("one that asks our engine: %v", err)
	}
	// Verifiers that leave one thing out: they take the right one from elsewhere.
	for name, restore := range map[string]func(a, from *Assertion){
		"the challenge":          func(a, from *Assertion) { a.Challenge = from.Challenge },
		"the authenticator data": func(a, from *Assertion) { a.AuthData = from.AuthData },
		"the origin":             func(a, from *Assertion) { a.Origin = from.Origin },
		"r":                      func(a, from *Assertion) { a.Signature.R = from.Signature.R },
		"s":                      func(a, from *Assertion) { a.Signature.S = from.Signature.S },
		"the key":                func(a, from *Assertion) { a.Public = from.Public },
	} {
		blind := &verifier{Row: Row{Name: name}, data: func(c *chain, a *Assertion) ([]byte, error) {
			for _, o := range s.counted {
				if restored := *a; !o.same(a) {
					if restore(&restored, o); restored.same(o) {
						return fiveWords(c, o)
					}
				}
			}
			return fiveWords(c, a)
		}, place: func(c *chain) (common.Address, error) { return contracts.P256Plain.Address, placeEngines(c) }}
		_, _, err := blind.run(Osaka, s)
		var bad *refusal
		if !errors.As(err, &bad) || !strings.HasSuffix(bad.cause, "with "+name+" changed") {
			t.Errorf("blind for %s: %v", name, err)
		}
	}
}

func (a *Assertion) same(b *Assertion) bool {
	return a.Challenge == b.Challenge && bytes.Equal(a.AuthData, b.AuthData) && a.Origin == b.Origin && a.Signature == b.Signature && a.Public == b.Public
}

func TestTheSignaturesAreValidAndTheirClientDataIsOfTheLengthThatIsTold(t *testing.T) {
	s, err := newSample()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.counted) != Signatures || len(s.awkward) == 0 {
		t.Fatalf("%d and %d signatures", len(s.counted), len(s.awkward))
	}
	keys := map[string]bool{}
	for i, a := range append(s.counted, s.awkward...) {
		digest := a.Digest()
		r, sv := new(big.Int).SetBytes(a.Signature.R[:]), new(big.Int).SetBytes(a.Signature.S[:])
		half := new(big.Int).Rsh(a.Public.ECDSA().Params().N, 1)
		if !ecdsa.Verify(a.Public.ECDSA(), digest[:], r, sv) || sv.Cmp(half) > 0 {
			t.Errorf("signature %d is not valid, or s is high", i)
		}
		if n := len(a.ClientData()); n != 132 {
			t.Errorf("client data of %d bytes", n)
		}
		keys[string(a.Public.Raw())] = true
	}
	if len(keys) != Keys {
		t.Errorf("%d keys", len(keys))
	}
}

func TestATransactionCostsWhatTheStandardsSay(t *testing.T) {
	data := append(make([]byte, 60), bytes.Repeat([]byte{7}, 100)...)
	for _, c := range []struct{ execution, want, floored uint64 }{
		{50_000, 21_000 + 60*4 + 100*16 + 50_000, 0},
		{1_000, 21_000 + 60*10 + 100*40, 1}, // EIP-7623
	} {
		total, size, floored, err := allIn([]uint64{c.execution}, [][]byte{data})
		if err != nil || total.Mean != c.want || size != 160 || floored != c.floored {
			t.Errorf("execution of %d: %d, %d bytes, %d at the floor, %v; want %d", c.execution, total.Mean, size, floored, err, c.want)
		}
	}
}

func TestNumbersAreWrittenInThousands(t *testing.T) {
	for n, want := range map[uint64]string{0: "–", 7: "7", 999: "999", 1000: "1,000", 30_007: "30,007", 1_000_000: "1,000,000"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
