// Package flow makes a passkey the key of a Flow account: transactions in their canonical encoding, the challenge that a
// passkey signs for each role, the signature extension that carries the assertion (FLIP 264), and verification exactly as
// nodes do it, with the rule that was broken where a node says only "invalid extension data".
//
// The road of a signature: build a [Transaction], ask it for the [Transaction.Challenge] of an account's [Role], let the
// passkey sign that, and [Transaction.Sign] with what [WebAuthn] makes of the assertion. Package flow/access sends it.
//
// Nodes bind a signature to the transaction and to nothing else: not to an origin, a relying party or a verified user.
// Who signs is protected by the browser; who sponsors should look for more before paying: see [Policy].
//
// It depends on the standard library and on passkey only.
package flow
