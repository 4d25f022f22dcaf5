package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	"golang.org/x/term"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey/exported"
	"github.com/postern-dev/postern/rescue"
)

// rescueSigners say who signs.
type rescueSigners struct {
	exports        repeated
	rpID           string
	key, id, owner string
	password       exportPassword
	tools          rescue.Tools

	opened []rescue.Signer
	wipe   []func()
}

func (f *rescueSigners) flags(fs *flag.FlagSet) {
	fs.Var(&f.exports, "export", "`file` of exported passkeys (CXF, Bitwarden, KeePassXC); may be repeated")
	f.password.flags(fs)
	fs.StringVar(&f.key, "security-key", "", "`device` of a FIDO2 security key, or auto for the one that is plugged in")
	fs.StringVar(&f.rpID, "rp-id", "", "`domain` whose passkeys are meant: the RP ID")
	fs.StringVar(&f.id, "credential-id", "", "credential `id` of a passkey in the security key that is not discoverable, base64url")
	fs.StringVar(&f.owner, "owner-key", "", "`file` with a secp256k1 key, or - for standard input (default $"+ownerEnv+")")
}

// mostSearched is how many passkeys are looked for on a chain unless a site is named: each is some
// thirty questions to the node, and tells it which accounts may be one person's.
const mostSearched = 8

// open reads the keys, and asks the security key which passkeys it has. The keys are to be
// forgotten by close.
func (f *rescueSigners) open(ctx context.Context, c *call) error {
	for _, path := range f.exports {
		file, err := c.readExport(path, f.password)
		if err != nil {
			return err
		}
		f.wipe = append(f.wipe, file.Wipe)
		n := len(f.opened)
		for _, p := range file.Passkeys {
			if f.rpID == "" || p.RPID == f.rpID {
				f.opened = append(f.opened, rescue.Exported(p))
			}
		}
		if len(f.opened) == n {
			return failf("no-passkey", "what it holds: postern rescue passkeys "+path, "%s holds no passkey of %s", path, f.rpID)
		}
	}
	if f.key != "" {
		if err := f.openSecurityKey(ctx, c); err != nil {
			return err
		}
	} else if f.id != "" {
		return usageError("--credential-id is for a security key", "--security-key auto --rp-id DOMAIN")
	}
	owner, err := openOwnerKey(f.owner, c.stdin)
	if err != nil {
		return err
	}
	if owner != nil {
		f.opened = append(f.opened, rescue.Key(owner.key))
	}
	switch {
	case len(f.opened) == 0:
		return usageError("nobody is named who signs", "--export FILE, --security-key auto --rp-id DOMAIN, or --owner-key FILE")
	case len(f.opened) > mostSearched && f.rpID == "":
		return usageError(fmt.Sprintf("there are %d passkeys", len(f.opened)), "say which site's: --rp-id DOMAIN; all of them: postern rescue passkeys FILE")
	}
	return nil
}

// close makes the keys zero.
func (f *rescueSigners) close() {
	for _, wipe := range f.wipe {
		wipe()
	}
}

func (f *rescueSigners) openSecurityKey(ctx context.Context, c *call) error {
	if f.rpID == "" {
		return usageError("which RP ID's passkey?", "--rp-id DOMAIN: the wallet's domain, also if it is gone")
	}
	var credential []byte
	var err error
	if f.id != "" {
		if credential, err = parseCredentialID(f.id); err != nil {
			return err
		}
	}
	f.tools.Stdin, f.tools.Stderr = c.stdin, c.stderr
	if f.key == "auto" {
		devices, err := f.tools.Devices(ctx)
		if err != nil {
			return err
		}
		if len(devices) != 1 {
			return failf("which-device", "plug in the one that is meant, or name it: postern rescue devices", "there are %d security keys", len(devices))
		}
		f.key = devices[0].Path
	}
	fmt.Fprintln(c.stderr, "Touch the security key when it blinks.")
	keys, err := rescue.OpenSecurityKey(ctx, f.tools, f.key, f.rpID, credential)
	for _, k := range keys {
		f.opened = append(f.opened, k)
	}
	return err
}

// exportPassword says where the password of an export is.
type exportPassword struct{ file string }

func (p *exportPassword) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.file, "export-password", "", "`file` with the password of an export that has one, or - for standard input (default $"+passphraseEnv+", or asked)")
}

// read takes it from where it is, or asks without showing it.
func (p exportPassword) read(c *call, path string) ([]byte, error) {
	var ask func() ([]byte, error)
	if f, ok := c.stdin.(*os.File); ok && isTerminal(f) {
		ask = func() ([]byte, error) {
			fmt.Fprintf(c.stderr, "Password of the export %s: ", plain(path))
			defer fmt.Fprintln(c.stderr)
			return term.ReadPassword(int(f.Fd()))
		}
	}
	text, err := readPassphrase(p.file, c.stdin, ask)
	if e, ok := errors.AsType[*failure](err); ok && e.exit == exitUsage {
		return nil, usageError("the password of the export is missing", "--export-password FILE, - for standard input, or $"+passphraseEnv)
	}
	return text, err
}

// readExport reads a file of exported passkeys that nobody else can read.
func (c *call) readExport(path string, password exportPassword) (*exported.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return nil, failf("key-exposed", "run: chmod 600 "+path, "others on this machine can read the passkeys in %s (mode %04o)", path, info.Mode().Perm())
	}
	data, err := readLimited(file, exported.MaxFile+1)
	if err != nil {
		return nil, err
	}
	defer exported.Wipe(data)
	var secret []byte
	if exported.Sealed(data) {
		if secret, err = password.read(c, path); err != nil {
			return nil, err
		}
		defer exported.Wipe(secret)
	}
	out, err := exported.ParseSealed(data, secret)
	if err != nil {
		f := explain(fmt.Errorf("%s: %w", path, err))
		f.Code = "bad-export"
		return nil, f
	}
	return out, nil
}

// find looks for the accounts of all signers. A security key that has to be asked once more is.
func (f *rescueSigners) find(ctx context.Context, c *call, ch account.Chain) ([]*rescue.Found, error) {
	var out []*rescue.Found
	var first error
	for _, s := range f.opened {
		found, err := rescue.Find(ctx, ch, s)
		if k, ok := s.(*rescue.SecurityKey); ok && errors.Is(err, rescue.ErrAmbiguous) {
			fmt.Fprintln(c.stderr, "Touch it once more: its public key is not certain yet.")
			if err = k.Narrow(ctx); err == nil {
				found, err = rescue.Find(ctx, ch, s)
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, rescue.ErrNothing), is[*rescue.NotSignerError](err):
			if first == nil || errors.Is(first, rescue.ErrNothing) {
				first = err
			}
		default:
			return nil, err
		}
		for _, a := range found {
			if !slices.ContainsFunc(out, func(b *rescue.Found) bool { return b.Account.Address() == a.Account.Address() }) {
				out = append(out, a)
			}
		}
	}
	if len(out) == 0 {
		return nil, first
	}
	return out, nil
}

// approve implements [localSigner].
func (f *rescueSigners) approve(c account.Challenge) (account.Approval, error) {
	return rescue.Approve(context.Background(), c, f.opened...)
}

const rescuePasskeysAbout = `
What a file of exported passkeys holds. No private key is shown. Passkeys that cannot sign for an
account – other algorithms than ES256, damaged keys – are listed with the reason.

Whoever has such a file has the passkeys: keep it encrypted, and delete it after use.

  postern rescue passkeys export.json`

func rescuePasskeys() verb {
	return verb{name: "passkeys", usage: "FILE [--json]", about: rescuePasskeysAbout, run: runRescuePasskeys}
}

type passkeyLine struct {
	RPID         string `json:"rpId"`
	UserName     string `json:"userName"`
	PublicKey    string `json:"publicKey"`
	CredentialID string `json:"credentialId"`
	UserHandle   string `json:"userHandle,omitempty"`
}

type leftLine struct {
	Where  string `json:"where"`
	RPID   string `json:"rpId,omitempty"`
	Reason string `json:"reason"`
}

func runRescuePasskeys(_ context.Context, c *call) error {
	fs := c.newFlags()
	var password exportPassword
	password.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("a file is needed", "the export of a password manager: postern rescue passkeys export.json")
	}
	file, err := c.readExport(rest[0], password)
	if err != nil {
		return err
	}
	defer file.Wipe()
	b64 := base64.RawURLEncoding.EncodeToString
	out := struct {
		Format   exported.Format `json:"format"`
		Passkeys []passkeyLine   `json:"passkeys"`
		Left     []leftLine      `json:"left"`
	}{Format: file.Format, Left: []leftLine{}}
	for _, p := range file.Passkeys {
		out.Passkeys = append(out.Passkeys, passkeyLine{p.RPID, p.UserName, p.Key.String(), b64(p.CredentialID), b64(p.UserHandle)})
	}
	for _, l := range file.Left {
		out.Left = append(out.Left, leftLine{l.Where, l.RPID, sentence(l.Cause)})
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	fmt.Fprintln(c.stdout, file.Format)
	for _, p := range file.Passkeys {
		fmt.Fprintf(c.stdout, "  %-28s %-24s %s\n", p.RPID, clipTo(plain(p.UserName), 24), account.ShortKey(p.Key))
	}
	for _, l := range out.Left {
		fmt.Fprintln(c.stdout, plain(fmt.Sprintf("  left out: %s %s: %s", l.Where, l.RPID, l.Reason)))
	}
	return nil
}

const rescueDevicesAbout = `
Lists the FIDO2 security keys that are plugged in, by libfido2's fido2-token.`

func rescueDevices() verb {
	return verb{name: "devices", usage: "[--json]", about: rescueDevicesAbout, run: runRescueDevices}
}

func runRescueDevices(ctx context.Context, c *call) error {
	fs := c.newFlags()
	asJSON := fs.Bool("json", false, "print one JSON object")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	devices, err := rescue.Tools{Stdin: c.stdin, Stderr: c.stderr}.Devices(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, map[string]any{"devices": append([]rescue.Device{}, devices...)})
	}
	for _, d := range devices {
		fmt.Fprintf(c.stdout, "%s  %s\n", plain(d.Path), plain(d.Name))
	}
	if len(devices) == 0 {
		fmt.Fprintln(c.stdout, "There is none, or it may not be used: on Linux a udev rule of libfido2 allows it.")
	}
	return nil
}
