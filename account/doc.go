// Package account walks an operation of a smart account from calls to receipt.
//
// Everything that changes an account is a list of [Call] values. [Prepare] makes
// one operation of them – nonce, deployment, stub signature, gas, fees, check of
// funds – and says in words what it does ([Prepared.Summary]) and what has to be
// signed ([Prepared.Challenge]). [Prepared.Finish] verifies the approval against
// that challenge before it writes the signature; [Prepared.Send] and
// [Prepared.Wait] bring the operation to the chain and its receipt back.
//
// What the account is ([Account]) and who approves ([Authority]) are two things.
// The account kinds are sub-packages; this package knows none of them. It
// reaches no network: [Chain] and [Bundler] are the small interfaces it needs
// and package bundler implements both. [Relayer] takes a bundler's place where
// there is none.
//
// Promised: an approval that does not fit the challenge is refused here, with
// its cause, and never reaches a bundler; an operation whose bytes changed
// between preparing and approving is refused; the same prepared operation sent
// twice, also after a crash, is one operation on chain.
//
// Not promised: that a chain which lies about balances, code or nonces is found
// out. A lying node can make an operation fail or cost up to the fee shown; it
// cannot change what was approved.
package account
