// Package relyingparty is a passkey server: it hands out registration and login
// options, verifies what browsers send back and remembers credentials.
//
// Start with New. The Server is an http.Handler with four routes, POST and
// JSON, in the wire form that unmodified @zerodev/webauthn-key 5.5.0 speaks:
//
//	/register/options   {"username","rpID"?,"userHandle"?}            → {"options","userId"}
//	/register/verify    {"userId","username","cred","rpID"?}          → {"verified":true}
//	/login/options      {"rpID"?}                                     → request options, not wrapped
//	/login/verify       {"cred","rpID"?}                              → {"verification":{"verified":true},"pubkey","userId"}
//
// A fifth shows people what is kept of their passkeys, where the store can tell:
//
//	GET /credentials    Authorization: Bearer listToken[,listToken…]  → {"format":"postern-passkeys-1","passkeys":[…]}
//
// login/verify gives a listToken for the passkey that has just signed if it is asked with
// "list": true. It is good in that browser, for as long as a challenge, and for that passkey
// alone: a user handle may be chosen by anybody, and opens nobody else's list. Where
// Config.Admit wants a key of its own in Authorization, there is no list.
//
// Promised: ES256 only; the public key handed out is the one the authenticator
// attested, never one a client claimed; a challenge is good for one ceremony, one
// purpose, one RP, one browser and five minutes, also under parallel replay and
// after a crash; asking for options writes nothing.
//
// Not promised: that a user handle is genuine. It is what the registrant chose and
// the chain, not this server, decides which key controls which account. Attestation
// statements are not anchored to a manufacturer, so AAGUID and provider are hints.
// A login here opens no session; it says which credential answered.
package relyingparty
