// The verifiers of others that are measured, and what they are called with.

package gasreport

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// Names of npm packages.
const (
	solady       = "solady"
	openzeppelin = "@openzeppelin/contracts"
	safe         = "@safe-global/safe-passkey"
	metamask     = "@metamask/delegation-abis"
)

// rawPeers verify bare signatures.
func rawPeers() []*peer {
	const words = "verify(bytes32,uint256,uint256,uint256,uint256)"
	return []*peer{
		{Row: Row{Name: "Solady", Kind: Raw, Precompile: true}, contract: "SoladyP256", npm: solady, only: Osaka, place: create, data: fiveWords},
		{Row: Row{Name: "OpenZeppelin", Kind: Raw, Precompile: true}, contract: "OpenZeppelinP256", npm: openzeppelin, only: Osaka, place: create, data: fiveWords},
		{Row: Row{Name: "OpenZeppelin, ERC-7913", Kind: Raw, Precompile: true}, contract: "ERC7913P256Verifier", npm: openzeppelin, only: Osaka, place: create,
			data: func(_ *chain, a *Assertion) ([]byte, error) { return a.erc7913(a.Digest(), a.Signature.P1363()), nil }},
		{Row: Row{Name: "FCL, 16 KB table", Kind: Raw, KeyBytes: 16384}, contract: "FCLTable", npm: safe, place: create, data: fclTable},
		{Row: Row{Name: "FCL, 16 KB table in its own code", Kind: Raw, KeyBytes: 16384}, contract: "FCLOwnTable", npm: safe, place: placeOwnTable, data: fclOwnTable},
		{Row: Row{Name: "SCL, as MetaMask has it", Kind: Raw}, contract: "SCL_RIP7212", npm: metamask, place: create, data: selected(words)},
		{Row: Row{Name: "FCL", Kind: Raw}, contract: "FCLPlain", npm: safe, place: create, data: fiveWords},
		{Row: Row{Name: "FCL, as Safe deploys it", Kind: Raw}, contract: "FCLP256Verifier", npm: safe, place: create, data: fiveWords},
		{Row: Row{Name: "OpenZeppelin, no precompile", Kind: Raw}, contract: "OpenZeppelinP256Solidity", npm: openzeppelin, place: create, data: fiveWords},
	}
}

// webauthnPeers verify assertions.
func webauthnPeers() []*peer {
	const words = "verify(bytes32,bytes,bytes32,bytes32)"
	const numbers = "verify(bytes32,bytes,uint256,uint256)"
	return []*peer{
		{Row: Row{Name: "Solady", Kind: WebAuthn, Precompile: true}, contract: "SoladyWebAuthn", npm: solady, only: Osaka,
			place: create, data: assertion(words, seal.SoladyWebAuthnCompact)},
		{Row: Row{Name: "Safe", Kind: WebAuthn, Precompile: true}, contract: "SafeWebAuthn", npm: safe, only: Osaka,
			place: createSafe(1<<8, false), data: assertion(numbers, seal.SafeWebAuthn)},
		{Row: Row{Name: "OpenZeppelin", Kind: WebAuthn, Precompile: true}, contract: "OpenZeppelinWebAuthn", npm: openzeppelin, only: Osaka,
			place: create, data: assertion(words, seal.OpenZeppelinWebAuthn)},
		{Row: Row{Name: "OpenZeppelin, ERC-7913", Kind: WebAuthn, Precompile: true}, contract: "ERC7913WebAuthnVerifier", npm: openzeppelin, only: Osaka, place: create,
			data: func(_ *chain, a *Assertion) ([]byte, error) {
				parsed, err := a.parsed()
				if err != nil {
					return nil, err
				}
				signature, err := seal.OpenZeppelinWebAuthn(parsed)
				return a.erc7913(a.Challenge, signature), err
			}},
		{Row: Row{Name: "Safe and FCL, 16 KB table", Kind: WebAuthn, KeyBytes: 16384}, contract: "SafeWebAuthnFCLTable", npm: safe,
			place: create, data: assertionWithTable},
		{Row: Row{Name: "Safe and FCL", Kind: WebAuthn}, contract: "SafeWebAuthn", npm: safe,
			place: createSafe(0, true), data: assertion(numbers, seal.SafeWebAuthn)},
		{Row: Row{Name: "OpenZeppelin, no precompile", Kind: WebAuthn}, contract: "OpenZeppelinWebAuthn", npm: openzeppelin, only: Cancun,
			place: create, data: assertion(words, seal.OpenZeppelinWebAuthn)},
	}
}

func create(c *chain, _ *Peers, w way) (common.Address, error) { return c.create(w.Creation) }

// createSafe gives Safe's library the address of a precompile, 0 for none, and Safe's deployed verifier, if wanted.
func createSafe(precompile uint16, verifier bool) func(*chain, *Peers, way) (common.Address, error) {
	return func(c *chain, from *Peers, w way) (common.Address, error) {
		verifiers := make([]byte, 32) // uint16(precompile) ‖ uint160(verifier)
		verifiers[10], verifiers[11] = byte(precompile>>8), byte(precompile)
		if verifier {
			published := from.Contracts["FCLP256Verifier"]
			if len(published) != 1 {
				return common.Address{}, fmt.Errorf("%d verifiers of Safe, not 1", len(published))
			}
			at, err := c.create(published[0].Creation)
			if err != nil {
				return at, err
			}
			copy(verifiers[12:], at[:])
		}
		return c.create(join(w.Creation, verifiers))
	}
}

// selected is a function's calldata with five words.
func selected(signature string) func(*chain, *Assertion) ([]byte, error) {
	return func(c *chain, a *Assertion) ([]byte, error) {
		words, err := fiveWords(c, a)
		return join(crypto.Keccak256([]byte(signature))[:4], words), err
	}
}

// fclTable is h ‖ r ‖ s ‖ the table's address.
func fclTable(c *chain, a *Assertion) ([]byte, error) {
	at, err := tableAt(c, p256table.FCL, a.Table)
	digest := a.Digest()
	return join(digest[:], a.Signature.P1363(), common.LeftPadBytes(at[:], 32)), err
}

// ownTable is where FCL's variant stands that has the table behind its own instructions.
var ownTable = common.HexToAddress("0x00000000000000000000000000000000007461626c")

func placeOwnTable(c *chain, _ *Peers, w way) (common.Address, error) {
	c.library = w.Runtime
	return ownTable, nil
}

// fclOwnTable puts the key's table behind the instructions; calldata is h ‖ r ‖ s ‖ where it begins.
func fclOwnTable(c *chain, a *Assertion) ([]byte, error) {
	table, err := p256table.Build(p256table.FCL, a.Table)
	c.state.SetCode(ownTable, join(c.library, table), tracing.CodeChangeUnspecified)
	digest := a.Digest()
	begins := common.BigToHash(big.NewInt(int64(len(c.library))))
	return join(digest[:], a.Signature.P1363(), begins[:]), err
}

// assertion is a function's calldata with challenge, signature, x and y.
func assertion(function string, encode func(*passkey.Assertion) ([]byte, error)) func(*chain, *Assertion) ([]byte, error) {
	return func(_ *chain, a *Assertion) ([]byte, error) {
		return packAssertion(function, a, encode, abituple.Word(a.Public.X()), abituple.Word(a.Public.Y()))
	}
}

func assertionWithTable(c *chain, a *Assertion) ([]byte, error) {
	at, err := tableAt(c, p256table.FCL, a.Table)
	if err != nil {
		return nil, err
	}
	return packAssertion("verify(bytes32,bytes,address)", a, seal.SafeWebAuthn, abituple.Word(common.BytesToHash(at[:])))
}

// erc7913 is the calldata of ERC-7913's verify, with the bare key.
func (a *Assertion) erc7913(hash [32]byte, signature []byte) []byte {
	return join(erc7913[:], abituple.Encode(abituple.Bytes(a.Public.Raw()), abituple.Word(hash), abituple.Bytes(signature)))
}

func packAssertion(function string, a *Assertion, encode func(*passkey.Assertion) ([]byte, error), key ...abituple.Field) ([]byte, error) {
	parsed, err := a.parsed()
	if err != nil {
		return nil, err
	}
	signature, err := encode(parsed)
	if err != nil {
		return nil, err
	}
	fields := append([]abituple.Field{abituple.Word(a.Challenge), abituple.Bytes(signature)}, key...)
	return join(crypto.Keccak256([]byte(function))[:4], abituple.Encode(fields...)), nil
}
