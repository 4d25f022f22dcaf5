// Package contracts holds Postern's compiled contracts and computes, without a
// chain, where they and the accounts they create are.
//
// Start with [ForEntryPoint]: it gives the addresses of the account's
// implementation and factory for one EntryPoint version. [Deployment.Address]
// is the address of an account with the given signers, [Deployment.CreateAccount]
// the calldata that creates it, and [Deployment.InitCodes] what to send to the
// deterministic deployer to put implementation and factory on a chain that lacks
// them.
//
// The artifacts in out/ are built from src/ by the pinned solc-js (build.mjs),
// committed, and compared with the sources in CI. The Solidity files say in
// NatSpec what is verified and what is not; docs/formats.md gives the byte
// layouts.
//
// Promised: an address computed here is the one the chain gives, on every chain
// and whoever deploys. Not promised: that anything is deployed; ask the chain
// for its code.
package contracts
