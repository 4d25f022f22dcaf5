//go:build linux

package rescue

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

// liveTools are libfido2's own programs, away from any terminal, so that they ask for the PIN on
// standard input.
func liveTools(t *testing.T, pin string) Tools {
	t.Helper()
	path, err := exec.LookPath("fido2-assert")
	if err != nil {
		t.Skip("fido2-assert is not here (Debian: fido2-tools)")
	}
	return Tools{Assert: path, Stdin: strings.NewReader(pin + "\n"), Stderr: &bytes.Buffer{}}
}

func TestASecurityKeySignsForAnyRPID(t *testing.T) {
	v := newVirtualKey(t, "1234")
	c := v.add("gone.example", []byte("handle"), true)
	tools := liveTools(t, "1234")
	keys, err := OpenSecurityKey(t.Context(), tools, v.Path, "gone.example", nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, tools.Stderr)
	}
	if len(keys) != 1 || !keys[0].Identity().has(c.public()) || string(keys[0].Identity().UserHandle) != "handle" {
		t.Fatalf("%+v", keys[0].Identity())
	}
	challenge := account.Challenge{Kind: account.KindWebAuthn, Digest: [32]byte{1, 2, 3}, Key: c.public()}
	challenge.Rule = passkey.Rule{RPID: "gone.example", Origins: []string{exported.Origin("gone.example")}, Challenge: challenge.Digest[:], UserVerification: passkey.Required}
	keys[0].tools = liveTools(t, "1234")
	a, err := Approve(t.Context(), challenge, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := challenge.Verify(a); err != nil {
		t.Error(err)
	}
	keys[0].tools = liveTools(t, "1234")
	if err := keys[0].Narrow(t.Context()); err != nil || len(keys[0].keys) != 1 || keys[0].keys[0] != c.public() {
		t.Errorf("%v, %v", err, keys[0].keys)
	}
	if v.touches != 3 {
		t.Errorf("%d touches", v.touches)
	}
}

func TestASecurityKeySaysNo(t *testing.T) {
	for _, test := range []struct{ name, pin, given, rpID, code string }{
		{"no passkey of this RP ID", "1234", "1234", "other.example", "FIDO_ERR_NO_CREDENTIALS"},
		{"wrong PIN", "1234", "4321", "gone.example", "FIDO_ERR_PIN_INVALID"},
		{"no PIN", "", "", "gone.example", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newVirtualKey(t, test.pin)
			v.add("gone.example", []byte("handle"), true)
			_, err := OpenSecurityKey(t.Context(), liveTools(t, test.given), v.Path, test.rpID, nil)
			e, ok := errors.AsType[*ToolError](err)
			if !ok || e.Code != test.code || e.Hint() == (&ToolError{}).Hint() {
				t.Errorf("%v, hint %q", err, e.Hint())
			}
		})
	}
}

var record = flag.Bool("record", false, "write what fido2-assert and fido2-token say to testdata")

// What the tools of this machine write is what parses; with -record it is kept, for machines
// without them.
func TestSeveralPasskeysOfOneRPID(t *testing.T) {
	v := newVirtualKey(t, "1234")
	v.add("gone.example", []byte("first"), true)
	hidden := v.add("gone.example", nil, false)
	second := v.add("gone.example", []byte{0, 0xff, '\n'}, true)
	keys, err := OpenSecurityKey(t.Context(), liveTools(t, "1234"), v.Path, "gone.example", nil)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d, %v", len(keys), err)
	}
	if id := keys[0].Identity(); !id.has(second.public()) || !bytes.Equal(id.UserHandle, second.handle) {
		t.Errorf("%+v", id)
	}
	byID, err := OpenSecurityKey(t.Context(), liveTools(t, "1234"), v.Path, "gone.example", hidden.id)
	if err != nil || len(byID) != 1 || !byID[0].Identity().has(hidden.public()) || len(byID[0].Identity().UserHandle) != 0 {
		t.Fatalf("%v, %v", byID, err)
	}
	// The second of the two is asked for, and answers for itself although the other does, too.
	c := account.Challenge{Kind: account.KindWebAuthn, Digest: [32]byte{9}, Key: v.credentials[0].public()}
	c.Rule = passkey.Rule{RPID: "gone.example", Origins: []string{exported.Origin("gone.example")}, Challenge: c.Digest[:], UserVerification: passkey.Required}
	keys[1].tools = liveTools(t, "1234")
	if _, err := Approve(t.Context(), c, keys[1]); err != nil {
		t.Error(err)
	}
	if !*record {
		return
	}
	challenge := bytes.Repeat([]byte{7}, 32)
	for name, credential := range map[string][]byte{"discoverable": nil, "credential": hidden.id} {
		tools := liveTools(t, "1234")
		in, args := assertInput(exported.ClientData("gone.example", challenge), "gone.example", credential)
		file := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(file, in, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := tools.run(t.Context(), tools.Assert, append(args, "-i", file, v.Path)...)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/fido2-assert-"+name+".txt", out, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/fido2-assert-"+name+".in.txt", in, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A security key that lies, or a broken one, is refused and nothing else happens.
func TestASecurityKeyThatMisbehaves(t *testing.T) {
	for name, broken := range map[string]func(command byte, reply []byte) []byte{
		"another RP ID's hash": func(c byte, r []byte) []byte {
			if h := sha256.Sum256([]byte("gone.example")); c == 0x02 {
				r[bytes.Index(r, h[:])] ^= 1
			}
			return r
		},
		"cut off": func(c byte, r []byte) []byte {
			if c == 0x02 {
				return r[:len(r)/2]
			}
			return r
		},
		"nothing": func(c byte, r []byte) []byte {
			if c == 0x02 {
				return r[:1]
			}
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVirtualKey(t, "1234")
			v.add("gone.example", []byte("handle"), true)
			v.broken = broken
			if keys, err := OpenSecurityKey(t.Context(), liveTools(t, "1234"), v.Path, "gone.example", nil); err == nil || keys != nil {
				t.Error("accepted")
			}
		})
	}
}
