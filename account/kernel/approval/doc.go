// Package approval is the document that goes from the owner of a Kernel account to a
// session key: what the key may do, and the owner's signature that lets it.
//
// Start with [FromPermission] on the owner's side and [Document.Serialize], which
// writes the text of ZeroDev's SDK, or [Seal], which writes our own: encrypted, with
// lines in front that say what it is. On the key's side it is [Parse] or [Open], then
// [Document.WithContext] for what the SDK's text leaves out – above all whose it is –,
// [Document.Permission] for what it allows, and [Document.Enable] with
// [Document.Verify] for whether the owner has signed that. None of it needs a chain;
// package session asks one.
//
// Promised: what the packages @zerodev/permissions 5.6 write is read and written again
// byte for byte, members that are not known here included; a permission's own flag,
// for which that text has no place, is not lost; what a policy is, its contract
// decides and not the name in the document; parameter rules are taken as they stand,
// also where the SDK has computed them wrongly. Parsers are strict and bounded, never
// panic, and a refusal names the field ([Error]). A private key is shown by nothing
// but Serialize and PrivateKey, and [Document.Wipe] overwrites it – as far as a
// program in Go can: what callers have copied, and what arithmetic has, stays until
// the memory is used again.
//
// Not promised: that the account exists, has that owner still, or has not revoked the
// permission; documents for another function than execute, with hooks, or with policy
// contracts that the SDK does not know.
//
// A document is not tied to a chain or a version by its text, but by the owner's
// signature alone; several documents of one signature each carry a Merkle proof.
package approval
