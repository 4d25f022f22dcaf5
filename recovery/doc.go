// Package recovery says what would lock an account and what would lose it, before
// that happens. It is a pure model: no chain, no network, no clock.
//
// Start with an [Account]: who signs, who guards, by which thresholds and delays,
// and what is known of where each key lives. A reader of the chain fills in the
// first half, registration and [Passkey] the second, and what only the user knows
// comes from a file, [ParseFile]. [Check] names what is wrong with the setup itself;
// [Audit] makes the [Report]: a table of every event and every pair of events, the
// minimal sets of losses that lock the account and of compromises that lose it, the
// facts that are missing, and what to do, cheapest first. [Report.Words],
// [Report.JSON] and [Report.SVG] show it.
//
// Every fact has a [Source]. What nobody vouches for – an AAGUID without
// attestation, the transports that a browser lists – is shown and not relied on.
// What is unknown is counted pessimistically: a passkey in an unknown cloud account
// is lost with each of them and stolen with each of them. Where the truth could only
// be better, the report says how good at best and which answer would tell.
//
// Promised: cut sets are exact and complete, or an error says that they cannot be; there
// is room for 20 signers and guardians and 12 domains, unless their weights have no order
// at all. No answer to an unknown makes an outcome worse than the report has it. Nothing
// from outside makes the package panic or allocate out of proportion.
//
// Not promised: that the world has no other domains than those described, that what
// the user states is true, or that an event will not happen. There are no
// probabilities here.
package recovery
