// Package webauthn is the account kind whose contract is Postern's own
// WebAuthnAccount: passkeys, secp256k1 keys and ERC-7913 signers with weights,
// on EntryPoint v0.7, v0.8 and v0.9.
//
// Start with [New] for an account from its first signers – its address is known
// without a chain – or with [At] for one that exists. [Account.Authority] says
// who approves, [account.Prepare] does the rest. Keys come and go by
// [Account.Change], which refuses what would lock the account. [Find] leads from
// one assertion of an unknown passkey to its account.
//
// How a passkey's signature is verified is the contract's decision: by P256VERIFY
// where the account knows that the chain has it, else by the table of the passkey's
// key if one is in use ([Account.UseTable]), else without. Approvals are written for
// the way that the chain says, with hints that make it cheaper; by [account.Prepare]
// this happens by itself. [BestTable] says which table pays.
//
// Promised: the address equals what the factory deploys; an approval is written
// only if it satisfies the rule that is stored on chain for its passkey; hints and
// what a node says of the way decide about gas alone, never about validity.
//
// Not promised: that the members of an account from New are still its signers on
// a chain where it has lived on; use At there.
package webauthn
