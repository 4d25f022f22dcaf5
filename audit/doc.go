// Package audit reads from the chain who controls an account, as the description that
// package recovery computes with.
//
// [Read] recognises Postern's WebAuthnAccount, MetaMask's Hybrid accounts and ZeroDev's
// Kernel by their code, [ReadFlow] reads the keys of an account on Flow. Give the result to
// recovery.Audit, or first to recovery.WithPasskeys with what a passkey server keeps and to
// recovery.File.Apply with what the user knows. [CheckRelatedOrigins] looks at the file that
// lets other domains use an RP ID's passkeys.
//
// Promised: signers, weights and threshold are the chain's, and nothing that the chain does
// not tell is filled in. An account that is not recognised, or that can be controlled in a
// way that would make the report wrong, is an error.
//
// Not promised: more than the node's word, nor that all answers are of one block. [Unread]
// says what is left out of an account: MetaMask's delegations, modules of Kernel that are
// not known, capabilities on Flow, the signers behind a contract that signs. Kernel's session
// keys are found as far as its node gives logs; those that nothing limits are signers, what
// the others may do is in Account.Notes.
//
// Of a secp256k1 key the chain tells the address only. It is described as a key in
// software, which is counted worst; the file may state another kind.
package audit
