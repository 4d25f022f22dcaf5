// Package hybrid is the account kind whose contract is MetaMask's
// HybridDeleGator of the delegation framework 1.3.0, on EntryPoint v0.7: one
// optional secp256k1 owner and any number of P-256 keys, passkeys among them. Each
// of them alone controls the account. [Stateless] is its sibling for EIP-7702:
// an ordinary account that runs MetaMask's code, with its own key only.
//
// Start with [New] for an account from its first signers – its address is known
// without a chain – or with [At] for one that exists. [Account.Authority] says
// who approves, [account.Prepare] does the rest. [Account.AddKey] and its siblings
// change who controls the account and refuse what would lock it.
//
// Promised: addresses, factory data, call data, digests and signatures are byte
// for byte those of MetaMask's Smart Accounts Kit 2.0; what was approved is
// checked here, under the same rules as in the contract and stricter ones, before
// it is written as a signature.
//
// Not promised: that the signers given to [New] are still those of an account that
// has lived on a chain; [Account.With] reads them. And not that a signature for
// [Authority.SignText] is worth nothing elsewhere: the contract binds such
// signatures to no account; see there.
//
// # The text of a key
//
// The contract knows a P-256 key by the keccak256 of a text. For a passkey the kit
// takes as text "0x" and the hex of the letters of the credential id's base64url
// form, not of its bytes: the credential id 0x00 is "AA" in base64url and its
// text is "0x4141". [PasskeyKey] makes it. A key added under any other text – the
// base64url itself, the hex of the raw id – is another key to the kit, which will
// then say that it cannot find it.
//
// # The tutorial's mistake
//
// An account's address follows from the signers that it was created with. Building
// it again from other signers, such as the backup passkey alone, gives another
// address, with nothing on it. Open an existing account with [At];
// [Account.CheckNew] and [Compare] find the mistake and name it
// ([DifferentAccountError]).
package hybrid
