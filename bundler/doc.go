// Package bundler reaches chains, bundlers and paymasters over JSON-RPC.
//
// Start with [Dial] for a bundler (ERC-4337, ERC-7769), [NewChain] for a node and
// [NewPaymaster] for a paymaster service (ERC-7677), or [NewTokenPaymaster] for one
// that takes a token; they are what package account needs. [Probe] finds out beforehand what a chain can do.
//
//	chain, err := bundler.NewChain(rpcURL, bundler.Options{})
//	b, err := bundler.Dial(bundlerURL, bundler.Options{})
//	prepared, err := account.Prepare(ctx, account.Client{Chain: chain, Bundler: b}, acct, auth, calls)
//
// Promised: every answer is bounded in size and time and parsed strictly; what
// is not JSON-RPC – HTML, cut or endless bodies, another request's answer – is a
// [TransportError] that says which, and what the other side refused is an
// [RPCError] with its ERC-7769 code, the decoded revert and a way out. Keys in
// URLs and headers never appear in errors. Sending is safe to repeat: the same
// bytes are sent, and an operation that is already there counts as sent.
//
// Not promised: that the other side tells the truth. A bundler that lies can
// withhold an operation and waste the user's time; it cannot change what was
// approved. A node that lies can do the same; [Client.Send] compares hashes and
// [Chain.Confirm] looks for a receipt's event in the node's own logs, so that
// both would have to lie.
package bundler
