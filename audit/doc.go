// Package audit reads from the chain who controls an account, as the description that
// package recovery computes with.
//
// [Read] recognises Postern's WebAuthnAccount, MetaMask's Hybrid accounts and ZeroDev's
// Kernel by their code. Give the result to recovery.Audit, or first to recovery.File.Apply
// with what the user knows.
//
// Promised: signers, weights and threshold are the chain's, and nothing that the chain does
// not tell is filled in. An account that is not recognised, or that can be controlled in a
// way that would make the report wrong, is an error.
//
// Not promised: more than the node's word, nor that all answers are of one block. [Unread]
// says what is left out of an account: MetaMask's delegations, Kernel's permissions and
// further validators, the signers behind a contract that signs.
//
// Of a secp256k1 key the chain tells the address only. It is described as a key in
// software, which is counted worst; the file may state another kind.
package audit
