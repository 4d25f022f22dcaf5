// Package p256table builds the per-key tables that make P-256 signatures cheap to verify on
// chain: multiples of one public key, as the code of a contract that nobody calls.
//
// Start with [ParseKey] or [NewKey], then [Build]; [BuildMany] shares work among keys and the
// machine's cores. [Verify] says whether bytes are the table of a key by computing it again, which
// takes a fraction of a millisecond: whoever delivers tables needs no trust. [Parse] reads what a
// table says of itself, which proves nothing.
//
// The bytes of a format never change (docs/formats.md); a changed layout gets a new [Format]. The
// same bytes come from the table factory on chain.
//
// All input is public, so nothing here runs in constant time. Do not use this arithmetic with
// secret scalars; it takes none.
package p256table
