// Package guardian is recovery of an account by guardians: who they are, what they
// sign, and the transactions that bring it to the chain. It is the Go side of
// WebAuthnAccountRecovery, an ERC-7579 executor module (docs/recovery-contract.md).
//
// Start with a [Setup]: tiers of guardians, each with a threshold and a delay. Its Check
// refuses before any chain what the contract would refuse, and more: guardians who are
// signers of the account, who stand behind each other, who can no longer sign. [Install]
// is the call that puts it into force; later changes are scheduled and wait.
//
// A recovery is a [Recovery]: the new signer and those it takes the place of. [Ask] says
// what a guardian has to sign and verifies the answer, [Collected] is the file that
// goes from guardian to guardian, and [Collected.Call] the transaction that anyone may
// send when the quorum is reached. [At] reads where an account stands.
//
// Promised: an approval is verified here before it is passed on, as far as that is
// possible without a chain; approvals that do not reach a quorum make no transaction;
// what a file says is held against its digest, its setup and its signatures.
//
// Not promised: that a node tells the truth. What it says of nonces, setups and
// proposals decides whether a transaction succeeds, never who may sign.
package guardian
