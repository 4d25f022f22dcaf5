// Package passkey reads, checks and explains WebAuthn ceremonies with P-256 passkeys.
//
// Start with ParseAssertion and (*Assertion).Verify for a signature made by
// navigator.credentials.get(), with ParseRegistration and (*Registration).Verify for a
// credential made by navigator.credentials.create(), and with NewCreationOptions and
// NewRequestOptions for the JSON that starts either ceremony in a browser. When something is
// refused, DiagnoseJSON lists everything that is wrong with it and where it likely came from.
//
// Promised: every parser takes hostile input, is strict (one accepted encoding per value, no
// trailing bytes), bounded, never panics, and returns nothing when it returns an error. Values
// that parsers return are consistent: public keys are on the curve, signatures have 0 < r, s < n
// and low s, flags agree with what follows them. Verify checks the purpose, challenge, origin,
// RP ID hash, UP, UV, BE, BS and the signature, in that order, with one typed error per cause.
//
// Not promised: attestation other than "none" and packed self attestation is reported as
// unverified and certificates are never trusted, so AAGUIDs are claims; only ES256 (COSE
// algorithm -7 on P-256) is supported; single use of a challenge is the caller's business.
//
// Section numbers refer to Web Authentication Level 3, https://www.w3.org/TR/webauthn-3/.
package passkey
