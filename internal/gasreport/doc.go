// Package gasreport measures what verifying P-256 signatures costs on chain – with our contracts, and with those that
// others publish on npm – and writes docs/gas.md's tables and docs/gas.svg from it. Run its command at the root of the
// module:
//
//	go run ./internal/gasreport/cmd          measure, print one table, write docs/gas.json, gas.md and gas.svg
//	go run ./internal/gasreport/cmd -draw    write gas.md and gas.svg anew from the figures that are there
//
// Start with [Measure] and [Render].
//
// Promised: every verifier gets the same signatures, in the same virtual machine, and is counted only after it has
// accepted all of them and refused each with one bit flipped. The result is the same on every machine. Not promised:
// that a peer could not be had cheaper with another compiler; of four ways to compile it, the cheapest counts.
package gasreport
