// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {P256 as OZ} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {FCL_ecdsa as FCL} from "@safe-global/safe-passkey/contracts/vendor/FCL/FCL_ecdsa.sol";
import {FCL_Elliptic_ZZ as FCLCurve} from "@safe-global/safe-passkey/contracts/vendor/FCL/FCL_elliptic.sol";
import {P256 as Solady} from "solady/src/utils/P256.sol";

// Libraries that verify P-256, each behind an address of its own, by the thinnest front there is: calldata is
// h ‖ r ‖ s ‖ x ‖ y, five words (or what else is told), the answer is one word. Nothing is checked here.

abstract contract FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view virtual returns (bool);

    fallback() external {
        bytes32 h;
        bytes32 r;
        bytes32 s;
        bytes32 x;
        bytes32 y;
        assembly {
            h := calldataload(0)
            r := calldataload(32)
            s := calldataload(64)
            x := calldataload(96)
            y := calldataload(128)
        }
        bool valid = check(h, r, s, x, y);
        assembly {
            mstore(0, valid)
            return(0, 32)
        }
    }
}

contract SoladyP256 is FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view override returns (bool) {
        return Solady.verifySignature(h, r, s, x, y);
    }
}

contract OpenZeppelinP256 is FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view override returns (bool) {
        return OZ.verify(h, r, s, x, y);
    }
}

contract OpenZeppelinP256Solidity is FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view override returns (bool) {
        return OZ.verifySolidity(h, r, s, x, y);
    }
}

contract FCLPlain is FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view override returns (bool) {
        return FCL.ecdsa_verify(h, uint256(r), uint256(s), uint256(x), uint256(y));
    }
}

/// h ‖ r ‖ s ‖ the address whose code is the key's table of 16,384 bytes.
contract FCLTable is FiveWords {
    function check(bytes32 h, bytes32 r, bytes32 s, bytes32 table, bytes32) internal view override returns (bool) {
        return FCL.ecdsa_precomputed_verify(h, uint256(r), uint256(s), address(uint160(uint256(table))));
    }
}

/// h ‖ r ‖ s ‖ where the table begins in the contract's own code, behind the instructions.
contract FCLOwnTable {
    fallback() external {
        bytes32 h;
        uint256[2] calldata rs;
        uint256 table;
        assembly {
            h := calldataload(0)
            rs := 32
            table := calldataload(96)
        }
        bool valid = FCLCurve.ecdsa_precomputed_hackmem(h, rs, table);
        assembly {
            mstore(0, valid)
            return(0, 32)
        }
    }
}
