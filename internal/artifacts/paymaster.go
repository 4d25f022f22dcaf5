package artifacts

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

const paymasterPackage, paymasterPackageVersion = "@pimlico/mock-paymaster", "0.0.7"

// Paymaster returns Pimlico's SingletonPaymaster of an EntryPoint version, "0.6" to "0.8", for an EntryPoint's
// address. One key owns and manages it and signs sponsorships; its address depends on that key.
func (s *Set) Paymaster(version string, entryPoint, key common.Address) (Creation, error) {
	module, err := s.File(paymasterPackage, paymasterPackageVersion, "_esm/constants.js")
	if err != nil {
		return Creation{}, err
	}
	code, err := parsePaymaster(module, version)
	if err != nil {
		return Creation{}, fmt.Errorf("artifacts: paymaster %s: %w", version, err)
	}
	word := func(b []byte) { code = append(code, common.LeftPadBytes(b, 32)...) }
	for _, a := range []common.Address{entryPoint, key, key} { // EntryPoint, owner, manager
		word(a[:])
	}
	word([]byte{0x80}) // where the list of signers begins
	word([]byte{1})
	word(key[:])
	return newCreation("paymaster "+version, common.Hash{}, code), nil
}

// Token returns the ERC-20 contract of the same package: 18 decimals, and everybody may make some with
// sudoMint(address,uint256).
func (s *Set) Token() (Creation, error) {
	module, err := s.File(paymasterPackage, paymasterPackageVersion, "_esm/helpers/erc20-utils.js")
	if err != nil {
		return Creation{}, err
	}
	code, err := parseToken(module)
	if err != nil {
		return Creation{}, fmt.Errorf("artifacts: token: %w", err)
	}
	return newCreation("token", common.Hash{}, append(code, common.LeftPadBytes([]byte{18}, 32)...)), nil
}

func parsePaymaster(module []byte, version string) ([]byte, error) {
	if version != "0.6" && version != "0.7" && version != "0.8" {
		return nil, ErrNotPinned
	}
	digits := strings.Replace(version, ".", "", 1)
	return find(module, "export const getSingletonPaymaster"+digits+"InitCode = (owner) => concat([\n    \"0x",
		"\",\n    pad(entryPoint"+digits+`Address), // entrypoint
    pad(owner), // owner
    pad(owner), // manager
    // couldn't get encodeAbiParameters with type address[] to work
    "0x`+hex.EncodeToString(common.LeftPadBytes([]byte{0x80}, 32))+hex.EncodeToString(common.LeftPadBytes([]byte{1}, 32))+`",
    pad(owner) // signer
]);
`)
}

func parseToken(module []byte) ([]byte, error) {
	return find(module, "export const erc20Bytecode = concat([\n    \"0x", `",
    pad(toHex(18n)) // constructor args (token_decimals)
]);
`)
}

// find decodes the hex that a statement holds, given what stands in front of it and all that follows in the
// statement. So that there can be no doubt about which one counts, it must stand in the module exactly once.
func find(module []byte, before, after string) ([]byte, error) {
	_, rest, _ := bytes.Cut(module, []byte("\n"+before))
	end := bytes.IndexByte(rest, '"')
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(after)) || bytes.Contains(rest, []byte(before)) {
		return nil, fmt.Errorf("%w: creation code in another form, or not once", ErrMalformed)
	}
	return decode(string(rest[:end]))
}
