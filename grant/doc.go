// Package grant is the vocabulary of session keys: what a key may do for an
// account, in values, in bytes and in words. It is pure: no chain, no network,
// no clock.
//
// Start with [ParseFile], which reads what a person writes, or build a [Grant]
// from policies; then [Check] it: it names every trap, and a grant with a finding
// of level [Refused] must not be signed. [Words] says what it allows; the same
// words stand on the prompt, on inspection and on revocation. [Grant.Decide]
// predicts what the contracts on the chain will say about an operation, and which
// rule refuses it. [EncodeKernel] and [DecodeKernel] are the bytes of ZeroDev
// Kernel's policy contracts, equal to those of its SDK.
//
// Promised: what DecodeKernel accepts, EncodeKernel writes again to the same
// bytes; nothing from outside makes the package panic or allocate more than in
// proportion to the length of what it was given.
//
// Not promised: that a prediction holds when another operation of the same
// permission is included first, or that a policy contract unknown to the table
// does what its name says.
package grant
