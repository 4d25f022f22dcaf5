// The chain of doublings, and the teeth brought to a common Z.

package builder

import (
	"math/big"

	"github.com/postern-dev/postern/internal/p256gen"
)

// program is the assembler with the words of this package. The word p pushes the prime; it is the value named p.
type program struct {
	*p256gen.Asm
	prime *big.Int
}

// threeHalves is 3/2 mod p.
func threeHalves(prime *big.Int) *big.Int {
	half := new(big.Int).Rsh(new(big.Int).Add(prime, big.NewInt(1)), 1)
	return half.Add(half, big.NewInt(1)) // 1/2 + 1
}

// doublings emits so many of them. The stack is X, T, A, Z, the top last. An odd number leaves the sign of the point
// turned.
func (g *program) doublings(n int) {
	for range n {
		g.Emit(doubling)
	}
}

// save writes a tooth to memory at ptr: X, A, Z and the product of the Z before it. Then it multiplies that product.
func (g *program) save() {
	g.Emit("DUP4 $ptr MSTORE DUP2 $ptr 0x20 ADD MSTORE DUP1 $ptr 0x40 ADD MSTORE $product $ptr 0x60 ADD MSTORE")
	g.Emit("p $product DUP3 MULMOD !product")
}

// lastTooth jumps to chained if no tooth is left.
func (g *program) lastTooth() { g.Emit("#1 $left SUB DUP1 !left ISZERO @chained JUMPI") }

// chain does all doublings. It begins with the format on the stack and the key in memory, and leaves format and ptr, the
// place of the last tooth.
//
// Tooth j of block 0 is followed by tooth j of block 1. Between any two are 32 doublings, 16 in format 16k, and in
// format 4k in turn 22 and 21. Format 512 goes the way of 1k and takes no notice of block 1.
func (g *program) chain() {
	k := threeHalves(g.prime)
	g.Emit("=format 0x%x =ptr $format 0x14 EQ #2 SUB =rounds", teethAt)
	g.Emit("$format 0x11 EQ $format 0x14 EQ #3 SHL SUB #8 ADD =left #0 =n #1 =product 0x%x =k 0x%x =p", k, g.prime)
	g.Define("p", "$p")
	g.Define("k", "$k")
	t := new(big.Int).Sub(g.prime, k) // T for Z = 1
	g.Emit("0x%x MLOAD 0x%x 0x%x MLOAD #1", keyAt, t, keyAt+0x20)
	g.Emit("$format 0x13 EQ @chain4k JUMPI")

	g.Emit("tooth:")
	g.save()
	g.lastTooth()
	g.Emit("0x%x $ptr AND #3 SHR 0x%x $ptr XOR ADD !ptr $rounds !n", blockSize, blockSize) // other block; the next tooth, if that is 0
	g.Emit("more:")
	g.doublings(16)
	g.Emit("#1 $n SUB DUP1 !n @more JUMPI @tooth JUMP")

	g.Emit("chain4k: #6 !left tooth4k:")
	g.save()
	g.doublings(22)
	g.Emit("0x%x $ptr XOR !ptr", blockSize)
	g.save()
	g.lastTooth()
	g.doublings(21)
	g.Emit("p SUB") // -Z turns the sign back
	g.Emit("0x%x 0x%x $ptr XOR ADD !ptr @tooth4k JUMP", toothSize, blockSize)

	g.Emit("chained:")
	g.drop(10)
}

func (g *program) drop(n int) {
	for range n {
		g.Emit("POP")
	}
}

// commonZ turns the teeth into affine points of the curve scaled by W, the product of all Z, which it leaves in memory:
// tooth i is multiplied by the product f of all Z but its own, X by f² and Y by f³. It begins with format and ptr, and
// leaves the format.
func (g *program) commonZ() {
	g.Emit("#1 =after 0x%x =p another:", g.prime)
	g.Emit("p $after $ptr 0x60 ADD MLOAD MULMOD =f")
	g.Emit("p $after $ptr 0x40 ADD MLOAD MULMOD !after")
	g.Emit("p $f DUP1 MULMOD =ff")
	g.Emit("p $ff $ptr MLOAD MULMOD DUP1 $ptr MSTORE p SUB $ptr 0x40 ADD MSTORE")
	g.Emit("p p $ff $f MULMOD $ptr 0x20 ADD MLOAD MULMOD DUP1 $ptr 0x20 ADD MSTORE p SUB $ptr 0x60 ADD MSTORE POP POP")
	g.Emit("0x%x $ptr EQ @common JUMPI", teethAt)
	g.Emit("0x%x $ptr XOR DUP1 0x%x AND #3 SHR SWAP1 SUB !ptr @another JUMP", blockSize, blockSize) // the way back
	g.Emit("common: POP 0x%x MSTORE POP", weight)
}
