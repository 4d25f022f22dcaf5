package artifacts

import (
	"fmt"
	"regexp"
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

// paymasterCode is one of the functions of the module: what stands in front of the constructor's
// arguments, and that the arguments are the ones known here.
const paymasterCode = `export const getSingletonPaymaster%[1]sInitCode = \(owner\) => concat\(\[
    "0x([0-9a-f]+)",
    pad\(entryPoint%[1]sAddress\), // entrypoint
    pad\(owner\), // owner
    pad\(owner\), // manager
    // [^\n]*
    "0x0{62}800{63}1",
    pad\(owner\) // signer
\]\);
`

func parsePaymaster(module []byte, version string) ([]byte, error) {
	digits := strings.Replace(version, ".", "", 1)
	if version != "0.6" && version != "0.7" && version != "0.8" {
		return nil, ErrNotPinned
	}
	return find(module, fmt.Sprintf(paymasterCode, digits))
}

const tokenCode = `export const erc20Bytecode = concat\(\[
    "0x([0-9a-f]+)",
    pad\(toHex\(18n\)\) // [^\n]*
\]\);
`

func parseToken(module []byte) ([]byte, error) { return find(module, tokenCode) }

// find decodes the hex that a statement holds. It must stand in the module exactly once.
func find(module []byte, statement string) ([]byte, error) {
	found := regexp.MustCompile(`(?m)^`+statement).FindAllSubmatch(module, 2)
	if len(found) != 1 {
		return nil, fmt.Errorf("%w: the creation code stands there %d times", ErrMalformed, len(found))
	}
	return decode(string(found[0][1]))
}
