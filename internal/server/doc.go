// Package server is `postern up`: one HTTP origin with the wallet page, the chain's
// JSON-RPC and the passkey endpoints, on loopback.
//
// Start with Up, which composes everything and runs until its context ends. New and
// Serve are the HTTP part alone, for other compositions and for tests.
//
// Promised: it listens on 127.0.0.1 and ::1 and answers to the name localhost only, so
// that no website can reach it by a name that resolves to loopback; a POST is accepted
// from its own origin, a configured one, or no browser at all; every refusal is JSON
// {"error":{code,message,hint,requestId}}; it ends within seconds.
// Not promised: anything against other programs on this machine. It is for
// development: the chain's faucet is open to whoever can connect.
package server
