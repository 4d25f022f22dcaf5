package main

import (
	"context"
	"fmt"
)

const guardianExampleAbout = `
Prints a setup file to start from: two of three friends after a week, or one institution after a
month. What else can stand in it: docs/guardians.md.

  postern guardian example > guardians.toml`

func guardianExample() verb {
	return verb{name: "example", usage: "> guardians.toml", about: guardianExampleAbout, run: runGuardianExample}
}

// exampleSetup is refused as it stands: nobody guards an account by the addresses of an example.
const exampleSetup = `# Who can bring in a new passkey for an account when its owner has lost all. The names are for you:
# they stand in this file only.
version = 1
expiry = "30 days"       # a recovery that nobody executes so long after its delay is void
change-delay = "8 days"  # every later change of this setup waits so long: a day more than the first tier
freeze = "10 days"       # for so long the guardians can stop the account, by quorum; leave it out for never

[[tier]]
name = "friends"
delay = "7 days"         # so long you can stop them
threshold = 2            # weight that is needed; a guardian without a weight has 1

[[tier.guardian]]
name = "Mum"
address = "0x…"          # a key of any wallet, or a contract that signs (ERC-1271)

[[tier.guardian]]
name = "Bob"
address = "0x…"

[[tier.guardian]]
name = "Carol"
passkey = "carol.json"   # a passkey, best of another domain: a file, or CREDENTIAL-ID:PUBLIC-KEY

[[tier]]
name = "institution"
delay = "30 days"
threshold = 1

[[tier.guardian]]
name = "Notary"
address = "0x…"
`

func runGuardianExample(_ context.Context, c *call) error {
	fs := c.newFlags()
	asJSON := fs.Bool("json", false, "print one JSON object that holds the text")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, map[string]string{"setup": exampleSetup})
	}
	fmt.Fprint(c.stdout, exampleSetup)
	return nil
}
