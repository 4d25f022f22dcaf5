// Package access speaks to Flow's Access API over HTTP: blocks, accounts and their keys, scripts, transactions and what
// became of them. The wallet libraries' own clients lose the signature extension over HTTP, or cannot be built without cgo.
//
// A node's word is not proof of anything: whoever pays by it asks a node of their own.
package access
