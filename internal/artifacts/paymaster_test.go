package artifacts

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// TestPaymastersAreTheMocks compares addresses with those that the package itself computes.
func TestPaymastersAreTheMocks(t *testing.T) {
	set := open(t)
	// The key of the package's own server is 0xbb…bb.
	raw, err := crypto.HexToECDSA(strings.Repeat("bb", 32))
	if err != nil {
		t.Fatal(err)
	}
	key := crypto.PubkeyToAddress(raw.PublicKey)
	want := map[string]string{ // getSingletonPaymaster06Address(key) and so on, erc20Address
		"0.6": "0x20a2ED5AAdc0d87488dbc238A5Eb83A6955BD598", "0.7": "0x38aef040CEB057B62E1598F5C265946A4E4BaB4C", "0.8": "0xe276558647476dC0f409B25a1AFCbCed730128D9", "token": "0x68e13372AE8FAaDDaf32cC08ee44C5ef5A002c69",
	}
	for _, r := range Releases()[:3] {
		c, err := set.Paymaster(r.Version, r.Address, key)
		if err != nil || c.Address.Hex() != want[r.Version] {
			t.Errorf("%s: %s, %v", r.Version, c.Address, err)
		}
	}
	if c, err := set.Token(); err != nil || c.Address.Hex() != want["token"] {
		t.Errorf("token: %s, %v", c.Address, err)
	}
	for _, version := range []string{"0.9", "0.5", "", "06", "[^\n]*"} {
		if _, err := set.Paymaster(version, common.Address{1}, key); !errors.Is(err, ErrNotPinned) {
			t.Errorf("version %q: %v", version, err)
		}
	}
}

func TestPaymasterModulesOfAnotherFormAreRefused(t *testing.T) {
	set := open(t)
	module := string(set.packages[paymasterPackage+"@"+paymasterPackageVersion].files["_esm/constants.js"])
	token := string(set.packages[paymasterPackage+"@"+paymasterPackageVersion].files["_esm/helpers/erc20-utils.js"])
	twice := module + "\n" + module
	for name, change := range map[string]func(string) string{
		"twice":           func(string) string { return twice },
		"nothing":         func(string) string { return "" },
		"other order":     func(s string) string { return strings.ReplaceAll(s, "// owner", "// manager") },
		"two signers":     func(s string) string { return strings.ReplaceAll(s, "0001\",\n", "0002\",\n") },
		"other arguments": func(s string) string { return strings.ReplaceAll(s, "pad(owner) // signer", "pad(thief) // signer") },
		"other version":   func(s string) string { return strings.ReplaceAll(s, "pad(entryPoint0", "pad(entryPoint1") },
		"no hex":          func(s string) string { return strings.ReplaceAll(s, `"0x6`, `"0xg`) },
		"half a byte":     func(s string) string { return strings.ReplaceAll(s, `"0x6`, `"0x66`) },
	} {
		for _, version := range []string{"0.6", "0.7", "0.8"} {
			if code, err := parsePaymaster([]byte(change(module)), version); !errors.Is(err, ErrMalformed) || code != nil {
				t.Errorf("%s, %s: %d bytes, %v", name, version, len(code), err)
			}
		}
	}
	for name, change := range map[string]string{
		"twice": token + token, "nothing": "", "other decimals": strings.Replace(token, "18n", "19n", 1), "no hex": strings.Replace(token, `"0x6`, `"0xg`, 1),
	} {
		if code, err := parseToken([]byte(change)); !errors.Is(err, ErrMalformed) || code != nil {
			t.Errorf("token, %s: %d bytes, %v", name, len(code), err)
		}
	}
}

func FuzzParsePaymaster(f *testing.F) {
	f.Add([]byte("\nexport const getSingletonPaymaster08InitCode = (owner) => concat([\n    \"0x6000\",\n    pad(entryPoint08Address), // entrypoint\n    pad(owner), // owner\n    pad(owner), // manager\n    // couldn't get encodeAbiParameters with type address[] to work\n    \"0x"+strings.Repeat("0", 62)+"80"+strings.Repeat("0", 63)+"1\",\n    pad(owner) // signer\n]);\n"), "0.8")
	f.Add([]byte("\nexport const erc20Bytecode = concat([\n    \"0x00\",\n    pad(toHex(18n)) // constructor args (token_decimals)\n]);\n"), "0.6")
	f.Fuzz(func(t *testing.T, module []byte, version string) {
		for _, parse := range []func() ([]byte, error){
			func() ([]byte, error) { return parsePaymaster(module, version) },
			func() ([]byte, error) { return parseToken(module) },
		} {
			if code, err := parse(); (err == nil) == (len(code) == 0) || len(code) > len(module)/2 {
				t.Errorf("%d bytes of code, %v", len(code), err)
			}
		}
	})
}
