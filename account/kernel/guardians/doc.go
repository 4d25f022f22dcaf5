// Package guardians is recovery of ZeroDev's Kernel 0.3.1 and later by its makers' own
// contracts: the weighted ECDSA validator, whose guardians approve of an operation that
// waits, and the recovery action, which gives the root validator a new owner.
//
// Start with a [Setup] and [Install]. A recovery is a [Proposal]; guardians sign it
// ([Ask]), [Approve] brings their signatures to the chain, and after the delay a guardian
// sends the operation ([NewAuthority]). Until then the account's owner stops it by [Veto].
// [Account] says all of this in words before it is signed. The command is postern kernel
// guardians.
//
// These contracts promise less than WebAuthnAccount's recovery (package
// account/guardian), and this package cannot mend that:
//
//   - Enough guardians sign messages for the account at once (ERC-1271), without the delay:
//     a permit of a token is such a message. [Install] refuses unless
//     Setup.DangerMessages says that this is known.
//   - An approved proposal never expires, and each has to be stopped by itself: guardians
//     who turn can propose another at once. The contract keeps no log of proposals: the owner
//     learns of one from whoever gives her its hash, or by reading all transactions.
//   - Where a paymaster pays, the contract asks nobody to sign for carrying an approved
//     proposal out: anybody can do it, also with so little gas that it fails and is used up.
//   - The owner changes guardians at once ([Change]); so does whoever has stolen the owner's
//     key. After a change that lowers the threshold, what was approved before may skip the
//     delay: veto what is open first.
//   - Guardians are secp256k1 keys. The new owner is one of the same root validator, and
//     does not show that it can sign.
//
// Promised: a setup that nobody or anybody could use is refused before it is signed, and
// so is an approval by a stranger, or of something else.
package guardians
