package account

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// describeToken knows the functions that wallets are robbed by. Amounts are in
// the token's smallest unit: its decimals are the token's own claim.
//
// It reads calls as tokens do, of which no byte more or less may hide a robber's:
// what follows the arguments means nothing to them, what stands before an address in
// its word is ignored or makes them revert, and old ones, such as WETH, take what is
// cut off for zeros.
func describeToken(c Call) (words, warning string, ok bool) {
	if len(c.Data) < 4 {
		return "", "", false
	}
	sel, args := [4]byte(c.Data), common.RightPadBytes(c.Data[4:], (len(c.Data)-4+31)&^31)
	switch {
	case sel == [4]byte{0xa9, 0x05, 0x9c, 0xbb} && len(args) >= 64: // transfer(address,uint256)
		return fmt.Sprintf("transfer %s units of the token %s to %s", bigOf(args[32:64]), c.To, addressAt(args)), "", true
	case sel == [4]byte{0x09, 0x5e, 0xa7, 0xb3} && len(args) >= 64: // approve(address,uint256)
		spender, amount := addressAt(args), bigOf(args[32:64])
		if spender == (common.Address{}) {
			return fmt.Sprintf("allow nobody to take number %s of the collection %s", amount, c.To), "", true
		}
		if amount.Sign() == 0 { // the end of an allowance; but collections count from 0
			return fmt.Sprintf("allow %s to spend nothing of the token %s", spender, c.To),
				fmt.Sprintf("if %s is a collection, %s could take its number 0", c.To, spender), true
		}
		if amount.BitLen() > 128 {
			return fmt.Sprintf("allow %s to spend any amount of the token %s", spender, c.To),
				fmt.Sprintf("%s could take all of this token, now and later", spender), true
		}
		return fmt.Sprintf("allow %s to spend %s units of the token %s", spender, amount, c.To),
			fmt.Sprintf("%s could take them at any time; of a collection it could take number %s", spender, amount), true
	case sel == [4]byte{0x39, 0x50, 0x93, 0x51} && len(args) >= 64: // increaseAllowance(address,uint256)
		return fmt.Sprintf("allow %s to spend %s more units of the token %s", addressAt(args), bigOf(args[32:64]), c.To),
			fmt.Sprintf("%s could take them at any time", addressAt(args)), true
	case sel == [4]byte{0x23, 0xb8, 0x72, 0xdd} && len(args) >= 96: // transferFrom(address,address,uint256)
		return fmt.Sprintf("transfer %s units, or number %[1]s, of the token %s from %s to %s", bigOf(args[64:96]), c.To, addressAt(args), addressAt(args[32:])),
			fmt.Sprintf("%s gets it", addressAt(args[32:])), true
	case sel == [4]byte{0x42, 0x84, 0x2e, 0x0e} && len(args) >= 96, // safeTransferFrom(address,address,uint256)
		sel == [4]byte{0xb8, 0x8d, 0x4f, 0xde} && len(args) >= 160: // safeTransferFrom(address,address,uint256,bytes)
		w, warning := describeSafeTransfer(c, args, nil)
		return w, warning, true
	case sel == [4]byte{0xf2, 0x42, 0x43, 0x2a} && len(args) >= 192: // safeTransferFrom(address,address,uint256,uint256,bytes)
		w, warning := describeSafeTransfer(c, args, bigOf(args[96:128]))
		return w, warning, true
	case sel == [4]byte{0xa2, 0x2c, 0xb4, 0x65} && len(args) >= 64: // setApprovalForAll(address,bool)
		if bigOf(args[32:64]).Sign() == 0 {
			return fmt.Sprintf("take back the permission of %s over all tokens of the collection %s", addressAt(args), c.To), "", true
		}
		return fmt.Sprintf("allow %s to move every token of the collection %s", addressAt(args), c.To),
			fmt.Sprintf("%s could take everything of this collection", addressAt(args)), true
	}
	return "", "", false
}

// describeSafeTransfer is of a collection's token by number; amount is nil where
// there is one of each (ERC-721), else how many (ERC-1155).
func describeSafeTransfer(c Call, args []byte, amount *big.Int) (words, warning string) {
	many := ""
	if amount != nil {
		many = amount.String() + " of "
	}
	from, to := addressAt(args), addressAt(args[32:])
	return fmt.Sprintf("transfer %snumber %s of the collection %s from %s to %s", many, bigOf(args[64:96]), c.To, from, to),
		fmt.Sprintf("%s gets it", to)
}

func addressAt(args []byte) common.Address { return common.BytesToAddress(args[12:32]) }
