package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/postern-dev/postern/wallet"
)

const rescueAbout = `
Back to an account and its money when the wallet, its server, its domain or the bundler are gone.
All that it takes is a node of anybody's, a signer, and without a bundler a key with some money for gas.

  postern rescue --out rescue.html     the same as a page: one file, for a browser; on Flow it takes
                                       plain keys too, P-256 and secp256k1
  postern rescue ways 0x…              before any loss: who could sign then, and what to prepare
  postern rescue find                  the accounts that a signer leads to, and what they hold
  postern rescue move --to 0x…         send all of it away
  postern rescue send --to 0x… …       any other calls, such as a new signer
  postern rescue passkeys FILE         what a password manager's export holds
  postern rescue devices               security keys that are plugged in

Who signs:
  --export FILE                        a passkey that a password manager exported: the FIDO credential
                                       exchange format (CXF), Bitwarden's JSON, KeePassXC's .passkey
  --security-key auto --rp-id DOMAIN   a passkey in a FIDO2 security key, for any RP ID, by libfido2's
                                       fido2-assert, which asks for PIN and touch itself
  --owner-key FILE                     a secp256k1 key
Several together are asked together, where an account wants several.

A passkey in a phone or a browser signs on pages of its RP ID only: put the page of --out there,
or on a domain that the RP ID allows. If no signer is left, guardians recover: postern help guardian.
docs/rescue.md has all of it. More on each: postern rescue find --help`

func rescueVerbs() []verb {
	return []verb{rescueWays(), rescueFind(), rescueMove(), rescueSend(), rescuePasskeys(), rescueDevices()}
}

func rescueCommand() command {
	return command{
		name:    "rescue",
		summary: "back to an account when wallet, server or bundler are gone",
		usage:   "--out rescue.html | ways|find|move|send|passkeys|devices [flags]",
		about:   rescueAbout,
		run:     runRescue,
	}
}

func runRescue(ctx context.Context, c *call) error {
	if len(c.args) == 0 || !strings.HasPrefix(c.args[0], "-") {
		return c.dispatch(ctx, rescueVerbs())
	}
	flags := c.newFlags()
	out := flags.String("out", "", "write the rescue page to this `file`; - is standard output")
	asJSON := flags.Bool("json", false, "print one JSON object")
	if _, err := c.parse(flags, 0); err != nil {
		return err
	}
	switch {
	case *out == "":
		return usageError("rescue needs to know what to do", "postern rescue --out rescue.html, or ways|find|move|send|passkeys|devices")
	case *out == "-" && *asJSON:
		return usageError("--out - and --json exclude each other", "name a file")
	case *out == "-":
		_, err := c.stdout.Write(wallet.RescueHTML())
		return err
	}
	if err := writePage(*out, wallet.RescueHTML()); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, map[string]any{"file": *out, "bytes": len(wallet.RescueHTML())})
	}
	fmt.Fprintf(c.stdout, "%s: %d bytes\n", *out, len(wallet.RescueHTML()))
	fmt.Fprintln(c.stdout, "From a disk it works with exported passkeys and secp256k1 keys, on Flow with P-256 keys too;\nfor passkeys in a phone or a browser put it on a domain that their RP ID is, or allows. Keep a copy where it outlives the wallet.")
	return nil
}

// titleOfRescue is what every rescue page has near its beginning.
const titleOfRescue = "<title>Rescue – Postern</title>"

// writePage replaces an older page, and nothing else: no other HTML either. A web server
// under any name reads it.
func writePage(path string, page []byte) error {
	const near = 4 << 10
	if old, err := os.ReadFile(path); err == nil && !bytes.Contains(old[:min(len(old), near)], []byte(titleOfRescue)) {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is no rescue page", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFileAs(path, page, 0o644)
}
