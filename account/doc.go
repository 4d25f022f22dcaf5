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
// A [Paymaster] may pay the fee, for nothing or for a token ([TokenPaymaster]). The
// address of an ordinary key becomes an account by [RequestAuthorization] and
// [WithAuthorization] (EIP-7702).
//
// Promised: an approval that does not fit the challenge is refused here, with
// its cause, and never reaches a bundler; an operation whose bytes changed
// between preparing and approving is refused; the same prepared operation sent
// twice, also after a crash, is one operation on chain. Bundlers and paymasters
// that contradict themselves or the operation – gas that nothing runs with, other
// fields or another address after the first answer, the receipt of another
// operation – are refused with typed errors before anything is signed or believed.
// No allowance of a token is made for more than an operation can cost by the price
// that is shown.
//
// Not promised: that a chain which lies about balances, code or nonces is found
// out. A lying node can make an operation fail or cost up to the fee shown; it
// cannot change what was approved. Nor that a token's paymaster charges by the
// price that it quoted: what bounds it is the allowance, and the summary warns where
// that is more than the price comes to.
package account
