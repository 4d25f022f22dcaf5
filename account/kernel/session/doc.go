// Package session is the way of a session key on a Kernel account: from the
// owner's grant to the last operation, and to its revocation.
//
// The owner's side is [NewPending]: one prompt approves a permission on any number
// of chains, and gives a document for each. The session's side is [Open]: it holds
// a document against the chain, says what remains ([Session.Status]) and what
// would be refused, by which rule ([Session.Preview]), and makes operations
// ([Session.Prepare]) and messages ([Session.SignHash]). [List] finds all
// permissions of an account on its chain; [Revoke] and [RevokeAll] end them.
//
// Promised: a document is opened only if what it contains gives the permission
// that it names, if the owner of the account approved exactly that on this chain –
// or the chain has installed exactly that –, and if signer and policies are
// contracts that are known. An operation is prepared only if the model of the
// policies allows it, also at its final gas limits. A permission is called revoked
// only if it can neither make operations nor sign messages.
//
// Not promised: that a chain which lies about state is found out. It can hide
// permissions, make an operation fail, and have an approval signed for a nonce that the
// account has not reached: such a one is good later, also after [RevokeAll]. What is
// signed is else none of its business, nor what a document contains. A permission's id
// is four bytes of a hash: it names, it does not prove, so that contents are compared
// with the chain's as well – but for the rules of a call policy and the callers of a
// signature policy, which are believed. An approval itself covers all of it.
package session
