package rescue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

// Tools are the programs of libfido2 (Debian, Fedora: fido2-tools; Homebrew: libfido2), which
// speak CTAP to security keys. They ask for the PIN themselves, at the terminal: it never comes
// here.
type Tools struct {
	// Assert and Token are the paths of fido2-assert and fido2-token; "" looks for them.
	Assert, Token string
	// Stdin is where the tools ask if there is no terminal; nil is nowhere.
	Stdin io.Reader
	// Stderr gets what the tools say; nil is nowhere.
	Stderr io.Writer
}

// Device is a security key that is plugged in.
type Device struct {
	Path string `json:"path"` // as the tools name it: "/dev/hidraw3"
	Name string `json:"name"` // what it calls itself
}

// Limits of what the tools say.
const (
	maxToolOutput = 64 << 10
	maxAnswers    = 32 // passkeys of one RP ID in one security key
)

// NoToolError says that a program of libfido2 is not installed.
type NoToolError struct{ Name string }

func (e *NoToolError) Error() string { return "rescue: the program " + e.Name + " is not here" }

// Hint implements account.Hinter.
func (e *NoToolError) Hint() string {
	return "install libfido2's tools: apt install fido2-tools, dnf install fido2-tools, or brew install libfido2"
}

// ToolError says that a security key, or the program that speaks to it, said no.
type ToolError struct {
	Tool string
	Code string // libfido2's: "FIDO_ERR_NO_CREDENTIALS"; "" if it gave none
	Said string // its last line
}

func (e *ToolError) Error() string {
	if e.Code != "" {
		return "rescue: " + e.Tool + ": the security key said " + e.Code
	}
	return fmt.Sprintf("rescue: %s: %s", e.Tool, e.Said)
}

// Hint implements account.Hinter.
func (e *ToolError) Hint() string {
	switch e.Code {
	case "FIDO_ERR_NO_CREDENTIALS":
		return "it holds no passkey of this RP ID; one that is not discoverable needs --credential-id"
	case "FIDO_ERR_PIN_INVALID":
		return "the PIN was wrong; after some wrong ones the key locks itself"
	case "FIDO_ERR_PIN_AUTH_BLOCKED":
		return "pull the key out, plug it in again, and try once more"
	case "FIDO_ERR_PIN_BLOCKED", "FIDO_ERR_UV_BLOCKED":
		return "the key has locked itself: it can only be reset, which deletes its passkeys; go by another signer or the guardians"
	case "FIDO_ERR_PIN_NOT_SET":
		return "the account asks for user verification, and the key has no PIN: set one with fido2-token -S, its passkeys stay"
	case "FIDO_ERR_ACTION_TIMEOUT", "FIDO_ERR_USER_ACTION_TIMEOUT", "FIDO_ERR_TX", "FIDO_ERR_RX":
		return "touch the key while it blinks; try again"
	case "FIDO_ERR_UNSUPPORTED_OPTION":
		return "the key cannot verify its user, which accounts ask for: set a PIN with fido2-token -S, its passkeys stay"
	}
	if strings.Contains(e.Said, "invalid PIN length") {
		return "a PIN has at least 4 characters; a security key that has none gets one with fido2-token -S, and its passkeys stay"
	}
	return "is it plugged in, and may you use it? postern rescue devices lists those that are there"
}

// find is the path of a tool.
func find(path, name string) (string, error) {
	if path != "" {
		return path, nil
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", &NoToolError{Name: name}
	}
	return found, nil
}

// run runs a tool and returns what it wrote. What it says beside goes to Stderr, too.
func (t Tools) run(ctx context.Context, path string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.WaitDelay = t.Stdin, time.Second
	out, said := &bounded{most: maxToolOutput}, &bounded{most: maxToolOutput}
	cmd.Stdout, cmd.Stderr = out, said
	if t.Stderr != nil {
		cmd.Stderr = io.MultiWriter(said, t.Stderr)
	}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.over || said.over:
		return nil, &ToolError{Tool: filepath.Base(path), Said: "it said more than it may"}
	case err != nil:
		return nil, toolError(filepath.Base(path), said.b, err)
	}
	return out.b, nil
}

// bounded keeps the beginning of what is written.
type bounded struct {
	b    []byte
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.b)+len(p) > b.most {
		b.over = true
		return len(p), nil
	}
	b.b = append(b.b, p...)
	return len(p), nil
}

func toolError(tool string, said []byte, err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return fmt.Errorf("rescue: run %s: %w", tool, err)
	}
	e := &ToolError{Tool: tool, Said: err.Error()}
	for line := range strings.Lines(string(said)) {
		if line = strings.TrimSpace(line); line != "" {
			e.Said = fmt.Sprintf("%+q", line)
		}
		if _, code, ok := strings.Cut(line, "FIDO_ERR_"); ok {
			end := strings.IndexFunc(code, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' })
			if end < 0 {
				end = len(code)
			}
			e.Code = "FIDO_ERR_" + code[:end]
		}
	}
	return e
}

// Devices lists the security keys that are plugged in.
func (t Tools) Devices(ctx context.Context) ([]Device, error) {
	path, err := find(t.Token, "fido2-token")
	if err != nil {
		return nil, err
	}
	out, err := t.run(ctx, path, "-L")
	if err != nil {
		return nil, err
	}
	return parseDevices(out)
}

// parseDevices reads "/dev/hidraw3: vendor=0x1050, product=0x0407 (Yubico YubiKey)".
func parseDevices(out []byte) (devices []Device, err error) {
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		path, rest, ok := strings.Cut(line, ": vendor=0x")
		if !ok || path == "" || strings.HasPrefix(path, "-") || len(line) > 1024 {
			return nil, &ToolError{Tool: "fido2-token", Said: fmt.Sprintf("a line that is no device: %+.80q", line)}
		}
		_, name, _ := strings.Cut(rest, "(")
		devices = append(devices, Device{Path: path, Name: strings.TrimSuffix(name, ")")})
	}
	return devices, nil
}

// answer is one assertion of a security key.
type answer struct {
	assertion  *passkey.Assertion
	userHandle []byte
}

// assert has a security key sign a challenge for any RP ID: what browsers allow to its own pages
// only. Without a credential every discoverable passkey of the RP ID answers, after one touch.
func (t Tools) assert(ctx context.Context, device, rpID string, credential, challenge []byte) ([]answer, error) {
	path, err := find(t.Assert, "fido2-assert")
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(device, "-") || device == "" {
		return nil, &ToolError{Tool: "fido2-assert", Said: fmt.Sprintf("%+q is no device", device)}
	}
	clientData := exported.ClientData(rpID, challenge)
	in, args := assertInput(clientData, rpID, credential)
	dir, err := os.MkdirTemp("", "postern-fido2-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "request")
	if err := os.WriteFile(file, in, 0o600); err != nil {
		return nil, err
	}
	out, err := t.run(ctx, path, append(args, "-i", file, device)...)
	if err != nil {
		return nil, err
	}
	return parseAssertions(out, rpID, credential, clientData)
}

// assertInput is what fido2-assert reads, and its flags: user verification, and -r where the
// security key is to find the passkey itself.
func assertInput(clientData []byte, rpID string, credential []byte) (in []byte, args []string) {
	hash := sha256.Sum256(clientData)
	in = fmt.Appendf(nil, "%s\n%s\n", base64.StdEncoding.EncodeToString(hash[:]), rpID)
	if len(credential) == 0 {
		return in, []string{"-G", "-v", "-r"}
	}
	return fmt.Appendf(in, "%s\n", base64.StdEncoding.EncodeToString(credential)), []string{"-G", "-v"}
}

var errToolFormat = &ToolError{Tool: "fido2-assert", Said: "its answer has another form than that of libfido2 1.x"}

// parseAssertions reads what fido2-assert -G writes, strictly: per assertion the hash of the
// client data, the RP ID, the authenticator data as a CBOR byte string, the signature, and with -r
// the user handle, each in base64 on a line of its own.
func parseAssertions(out []byte, rpID string, credential, clientData []byte) ([]answer, error) {
	lines := strings.Split(string(out), "\n")
	per := 4
	if len(credential) == 0 {
		per = 5
	}
	n := (len(lines) - 1) / per
	if len(lines) != n*per+1 || lines[n*per] != "" || n == 0 || n > maxAnswers || len(credential) > 0 && n != 1 {
		return nil, errToolFormat
	}
	hash := sha256.Sum256(clientData)
	answers := make([]answer, n)
	for i := range answers {
		l := lines[i*per:]
		if l[0] != base64.StdEncoding.EncodeToString(hash[:]) || l[1] != rpID {
			return nil, errToolFormat
		}
		wrapped, err1 := base64.StdEncoding.Strict().DecodeString(l[2])
		signature, err2 := base64.StdEncoding.Strict().DecodeString(l[3])
		authData, ok := byteString(wrapped)
		if err1 != nil || err2 != nil || !ok {
			return nil, errToolFormat
		}
		id := credential
		if len(id) == 0 {
			id = []byte{0} // the tool does not say it, and nobody asks
		}
		a, err := passkey.NewAssertion(id, authData, clientData, signature)
		if err != nil {
			return nil, fmt.Errorf("rescue: the security key's answer: %w", err)
		}
		if want := sha256.Sum256([]byte(rpID)); !bytes.Equal(a.AuthData.Raw[:32], want[:]) {
			return nil, &passkey.Error{Cause: passkey.ErrRPID, Where: "the security key's answer"}
		}
		answers[i].assertion = a
		if per == 5 {
			handle, err := base64.StdEncoding.Strict().DecodeString(l[4])
			if err != nil || len(handle) > 64 {
				return nil, errToolFormat
			}
			answers[i].userHandle, a.UserHandle = handle, handle
		}
	}
	return answers, nil
}

// byteString takes the bytes out of a canonical CBOR byte string (RFC 8949 §3.1, major type 2).
func byteString(b []byte) ([]byte, bool) {
	switch {
	case len(b) >= 1 && b[0] >= 0x40 && b[0] < 0x58:
		return b[1:], len(b)-1 == int(b[0]-0x40)
	case len(b) >= 2 && b[0] == 0x58 && b[1] >= 24:
		return b[2:], len(b)-2 == int(b[1])
	case len(b) >= 3 && b[0] == 0x59 && b[1] > 0:
		return b[3:], len(b)-3 == int(b[1])<<8|int(b[2])
	}
	return nil, false
}
