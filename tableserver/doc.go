// Package tableserver serves P-256 tables (package p256table) over HTTP. Start with [New], which
// is an http.Handler; [Get] is a client that believes nothing.
//
//	GET  /v1/tables/{x}/{y}?format=4k   one table: bytes, or JSON with Accept: application/json
//	POST /v1/tables?format=4k           many: a line or 64 bytes per key in, a line or frame per table out
//	GET  /precompute/{x}/{y}            {"bytecode":"…"}: creation code of a contract that holds the table
//	GET  /healthz
//
// A table is a function of format and key, so replies to GET never change and may be cached for
// ever, by anyone. The server keeps nothing, knows no secret and needs no trust: its
// tables can be checked in a fraction of a millisecond (p256table.Verify), and the contract at
// the address that Postern's verifiers derive is computed on chain whatever a server says. At
// worst it refuses service.
//
// /precompute has URL and JSON shape of the research account's table server, hex without 0x
// included, but not that account's contract inside: the code is a table with our header (or FCL's
// bare table with ?format=fcl) and nothing that can be called. It is no drop-in for an account
// that calls its key contract.
//
// What a request can cost is bounded: in memory, in time, in keys, and in cores, of which all
// requests together use those of one pool. How often one client may ask is not limited here.
package tableserver
