// Package kernel is the account kind whose contract is ZeroDev's Kernel: one root
// validator that obeys the owner – a secp256k1 key or a passkey – and, in Kernel 3,
// permissions beside it: a signer under policies.
//
// Start with [New] for an account from its owner; its address is known without a
// chain. [Account.Authority] says who approves, [account.Prepare] does the rest.
// [Permission] is what a session key is on the chain; [Enable] is what the owner
// signs for it.
//
// Promised: addresses, factory data, call data, nonce keys, typed data and
// signatures are byte for byte those of @zerodev/sdk 5.5 and its plugins, on the
// versions of the table [Deployments]. What those packages do and the contracts do
// not, or the other way round, is refused here with its reason.
//
// [At] opens an account as a chain has it, [Account.ReplaceRoot] hands it to another
// owner and leaves the old one nothing, [Account.RevokeAll] revokes every permission.
//
// Not promised: hooks, executors of other makers; and, for Kernel
// 0.0.2, for passkeys on Kernel 0.2.x and for the multi-chain WebAuthn validator, that
// a contract of public networks was ever asked: [Deployment.Unverified] says so of
// versions, and [MultiChainWebAuthn] of itself.
//
// # What the SDK says of versions
//
// Kernel 0.0.2 and 0.2.x answer EntryPoint 0.6, Kernel 0.3.x EntryPoint 0.7, and no
// other pair exists. The SDK's check for EntryPoint 0.6 is true of every version,
// so that it lets 0.3.x through; its getEntryPoint gives 0.7's address for "0.8"
// and "0.9". [ForVersion] refuses all of them.
package kernel
