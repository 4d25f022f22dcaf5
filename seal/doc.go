// Package seal turns approvals into the bytes that a smart account reads as a
// signature, and such bytes back into their parts. Every layout has its own
// file and its own encoder; they share nothing but the parsed
// [passkey.Assertion].
//
// Start with [Postern], the layout of our WebAuthnAccount ("postern v1",
// docs/formats.md): make an approval per signer with [PosternPasskey],
// [PosternECDSA] or [PosternContract] and join them. [PosternPasskeyStub] and
// [PosternECDSAStub] make approvals that are never shorter nor cheaper than a
// real one, for gas estimation. [ParsePostern] reads a signature again, strictly.
// How an account verifies a passkey's signature is a [P256Path];
// [PosternApproval.WithHints] adds what makes that cheaper. [VerifierKey] and
// [VerifierSignature] are the same for P256Verifier, the ERC-7913 verifier for
// accounts of any kind.
// [PersonalSign] and [TypedDataSign] are the ERC-7739 hashes that an account's
// signers sign for a message (ERC-1271).
//
// For MetaMask's smart accounts make the challenge with [MetaMaskDigest] and the
// signature with [MetaMaskWebAuthn], [MetaMaskP256] or [MetaMaskECDSA];
// [ParseMetaMask] reads one. The other layouts take the hash that their account
// signs as the challenge: [CoinbaseWebAuthn], [OpenZeppelinWebAuthn],
// [SoladyWebAuthn] and [SoladyWebAuthnCompact], [SafeWebAuthn]. Each has a parser
// and a stub of the same name. What the real contracts say to every one of them,
// good and broken, is recorded in interop/js/matrix.
//
// Promised: what is sealed here parses to the same parts, and what parses seals
// to the same bytes. Not promised: that an approval is valid. Verify an
// assertion with [passkey.Assertion.Verify] before sealing it.
package seal
