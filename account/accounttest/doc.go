// Package accounttest is the conformance suite that every account kind runs: a
// plug of a few lines and one call of [Run].
//
// It works on real contracts behind any [account.Chain] and changes nothing
// there: operations go through the real EntryPoint's handleOps in read-only
// calls, with zero fees, so that no money is needed.
package accounttest
