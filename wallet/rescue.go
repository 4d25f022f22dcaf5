package wallet

import (
	"bytes"
	_ "embed"
)

//go:embed rescue.html
var rescuePage []byte

// RescueHTML is the page that opens an account without this server, any bundler or
// any other service but a node: one file that asks nobody but the addresses that a
// person types, with its own content security policy in it. It works from a disk, and
// for passkeys from any origin that their RP ID allows. internal/rescuepage makes it.
func RescueHTML() []byte { return bytes.Clone(rescuePage) }
