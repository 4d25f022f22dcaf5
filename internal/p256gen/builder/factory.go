// The contract around the computation.

package builder

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/p256gen"
)

// Name is the contract's.
const Name = "P256TableFactory"

// InitCode creates every table: it calls its creator without calldata, and returns what it is answered or reverts.
//
//	PUSH0 PUSH0 PUSH0 PUSH0 CALLER GAS STATICCALL RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY
//	PUSH1 0x11 JUMPI PUSH0 PUSH0 REVERT JUMPDEST RETURNDATASIZE PUSH0 RETURN
var InitCode = common.FromHex("0x5f5f5f5f335afa3d5f5f3e6011575f5ffd5b3d5ff3")

// Transient storage while a table is created. The format is 0 at all other times.
const (
	transientFormat = iota
	transientX
	transientY
)

// selector is the first word of a function's calldata or an error's data, in four bytes.
func selector(signature string) []byte { return crypto.Keccak256([]byte(signature))[:4] }

// Factory writes the factory's program.
func Factory() []byte {
	cv := p256gen.P256()
	g := &program{p256gen.NewAsm(), cv.P}
	g.Emit("CALLDATASIZE ISZERO @compute JUMPI")
	g.Emit("CALLVALUE @_unknown JUMPI #100 CALLDATASIZE LT @_unknown JUMPI")
	g.Emit("#0 CALLDATALOAD 0xe0 SHR DUP1 0x%x EQ @tableOf JUMPI 0x%x EQ @build JUMPI @_unknown JUMP",
		selector("tableOf(uint8,uint256,uint256)"), selector("build(uint8,uint256,uint256)"))

	g.Emit("tableOf: POP")
	g.format()
	g.address()
	g.answer()

	g.Emit("build:")
	g.format()
	g.key(cv)
	g.address()
	g.Emit("DUP1 EXTCODESIZE @built JUMPI")
	g.Emit("$x #%d TSTORE $y #%d TSTORE $format #%d TSTORE", transientX, transientY, transientFormat)
	g.Emit("0x%x #0 MSTORE 0x%x MLOAD #%d #%d #0 CREATE2", InitCode, saltAt, len(InitCode), 32-len(InitCode))
	g.Emit("#0 #%d TSTORE DUP2 EQ ISZERO @_failed JUMPI built:", transientFormat)
	g.answer()

	g.Emit("compute: #%d TLOAD DUP1 ISZERO @_idle JUMPI", transientFormat)
	g.Emit("#%d TLOAD 0x%x MSTORE #%d TLOAD 0x%x MSTORE", transientX, keyAt, transientY, keyAt+0x20)
	g.prepareInverse()
	g.chain()
	g.commonZ()
	g.Emit("$format 0x13 EQ @fourK JUMPI")
	g.fourTeeth()
	g.Emit("sixteenRows:")
	g.sixteenK()
	g.Emit("fourK:")
	g.fourK()

	for _, e := range []struct{ label, signature string }{
		{"_unknown", "UnknownCall()"}, {"_format", "UnknownFormat()"}, {"_offCurve", "NotOnCurve()"},
		{"_idle", "NotBuilding()"}, {"_failed", "BuildFailed()"},
	} {
		g.Emit("%s: 0x%x 0xe0 SHL #0 MSTORE #4 #0 REVERT", e.label, selector(e.signature))
	}
	return g.Bytes()
}

// saltAt is where address leaves the salt.
const saltAt = 0xa0

// format reads the first argument.
func (g *program) format() {
	g.Emit("#4 CALLDATALOAD =format 0x11 $format SUB #4 GT ISZERO @_format JUMPI")
}

// key reads the others: both below p, and a point of the curve. Infinity has no such coordinates.
func (g *program) key(cv *p256gen.Curve) {
	g.Emit("0x24 CALLDATALOAD =x 0x44 CALLDATALOAD =y 0x%x =p", cv.P)
	g.Emit("$p $x LT $p $y LT AND $p $y DUP1 MULMOD")
	g.Emit("$p 0x%x $p $p 0x%x $p $x DUP1 MULMOD ADDMOD $x MULMOD ADDMOD", cv.B, new(big.Int).Sub(cv.P, big.NewInt(3)))
	g.Emit("EQ AND ISZERO @_offCurve JUMPI")
}

// address puts the table's address on the stack:
//
//	keccak256(0xff ‖ factory ‖ keccak256(format ‖ x ‖ y) ‖ keccak256(InitCode))[12:]
func (g *program) address() {
	g.Emit("$format #0 MSTORE8 #64 0x24 #1 CALLDATACOPY #65 #0 KECCAK256 0x%x MSTORE", saltAt)
	g.Emit("0x%x 0x%x MSTORE ADDRESS 0x%x OR 0x%x MSTORE", crypto.Keccak256(InitCode), saltAt+0x20,
		new(big.Int).Lsh(big.NewInt(0xff), 160), saltAt-0x20)
	g.Emit("#85 0x%x KECCAK256 0x%x AND", saltAt-21, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 160), big.NewInt(1)))
}

// answer returns the top.
func (g *program) answer() { g.Emit("#0 MSTORE 0x20 #0 RETURN") }
