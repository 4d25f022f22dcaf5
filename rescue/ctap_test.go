package rescue

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

func recorded(t testing.TB, name string) (in, out, credential, clientData []byte) {
	t.Helper()
	in, err1 := os.ReadFile("testdata/fido2-assert-" + name + ".in.txt")
	out, err2 := os.ReadFile("testdata/fido2-assert-" + name + ".txt")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if lines := strings.Split(string(in), "\n"); len(lines) == 4 {
		credential, err1 = base64.StdEncoding.DecodeString(lines[2])
		if err1 != nil {
			t.Fatal(err1)
		}
	}
	return in, out, credential, exported.ClientData("gone.example", bytes.Repeat([]byte{7}, 32))
}

func TestRecordedAnswersOfLibfido2(t *testing.T) {
	for name, n := range map[string]int{"discoverable": 2, "credential": 1} {
		in, out, credential, clientData := recorded(t, name)
		if got, _ := assertInput(clientData, "gone.example", credential); !bytes.Equal(got, in) {
			t.Errorf("%s: the tool is given %q, was given %q", name, got, in)
		}
		answers, err := parseAssertions(out, "gone.example", credential, clientData)
		if err != nil || len(answers) != n {
			t.Fatalf("%s: %d, %v", name, len(answers), err)
		}
		for _, a := range answers {
			if !a.assertion.AuthData.Flags.UV() || len(a.assertion.Recover()) == 0 {
				t.Errorf("%s: %v", name, a.assertion.AuthData.Flags)
			}
		}
	}
}

// What is not exactly an answer to what was asked is refused: every line left out, doubled, or
// with a changed character.
func TestOtherAnswersAreRefused(t *testing.T) {
	for _, name := range []string{"discoverable", "credential"} {
		_, out, credential, clientData := recorded(t, name)
		lines := strings.SplitAfter(string(out), "\n")
		for i := range lines {
			for what, changed := range map[string][]string{
				"left out": append(append([]string{}, lines[:i]...), lines[i+1:]...),
				"doubled":  append(append(append([]string{}, lines[:i+1]...), lines[i]), lines[i+1:]...),
				"empty":    append(append(append([]string{}, lines[:i]...), "\n"), lines[i+1:]...),
				"no text":  append(append(append([]string{}, lines[:i]...), "!!!!\n"), lines[i+1:]...),
			} {
				text := strings.Join(changed, "")
				if text == string(out) || what == "empty" && name == "discoverable" && i%5 == 4 {
					continue // a passkey without a user handle
				}
				if answers, err := parseAssertions([]byte(text), "gone.example", credential, clientData); err == nil || answers != nil {
					t.Errorf("%s: line %d %s: accepted", name, i, what)
				}
			}
		}
		for _, other := range []string{"other.example", ""} {
			if _, err := parseAssertions(out, other, credential, clientData); err == nil {
				t.Errorf("%s: accepted for %q", name, other)
			}
		}
		if _, err := parseAssertions(out, "gone.example", credential, exported.ClientData("gone.example", make([]byte, 32))); err == nil {
			t.Errorf("%s: accepted for another challenge", name)
		}
	}
}

// The lines say one RP ID and what was signed another: a page's, with a passkey of the same maker.
func TestWhatWasSignedForAnotherRPIDIsRefused(t *testing.T) {
	_, out, credential, clientData := recorded(t, "credential")
	lines := strings.Split(string(out), "\n")
	wrapped, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	wrapped[2] ^= 1 // the first byte of the hash, behind the byte string's head
	lines[2] = base64.StdEncoding.EncodeToString(wrapped)
	if _, err := parseAssertions([]byte(strings.Join(lines, "\n")), "gone.example", credential, clientData); !errors.Is(err, passkey.ErrRPID) {
		t.Errorf("%v", err)
	}
}

func TestDevicesAreListed(t *testing.T) {
	got, err := parseDevices([]byte("/dev/hidraw3: vendor=0x1050, product=0x0407 (Yubico YubiKey OTP+FIDO+CCID)\nioreg://4295028139: vendor=0x096e, product=0x0858 (FT U2F)\n"))
	if err != nil || len(got) != 2 || got[0] != (Device{"/dev/hidraw3", "Yubico YubiKey OTP+FIDO+CCID"}) || got[1].Path != "ioreg://4295028139" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := parseDevices(nil); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"hello\n", "-o/etc/passwd: vendor=0x1, product=0x2 (x)\n", ": vendor=0x1\n"} {
		if got, err := parseDevices([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestToolsThatAreNotThereOrFail(t *testing.T) {
	_, err := OpenSecurityKey(t.Context(), Tools{Assert: "testdata/none"}, "/dev/null", "gone.example", nil)
	if err == nil {
		t.Error("a tool that is not there ran")
	}
	t.Setenv("PATH", "")
	_, err = (Tools{}).Devices(t.Context())
	if e, ok := errors.AsType[*NoToolError](err); !ok || !strings.Contains(e.Hint(), "fido2-tools") {
		t.Errorf("%v", err)
	}
	for _, device := range []string{"", "-V"} {
		if _, err := OpenSecurityKey(t.Context(), Tools{Assert: "/bin/false"}, device, "gone.example", nil); !is[*ToolError](err) {
			t.Errorf("device %q: %v", device, err)
		}
	}
}

func FuzzParseAssertions(f *testing.F) {
	for _, name := range []string{"discoverable", "credential"} {
		_, out, credential, _ := recorded(f, name)
		f.Add(out, credential)
	}
	_, _, _, clientData := recorded(f, "credential")
	f.Fuzz(func(t *testing.T, out, credential []byte) {
		answers, err := parseAssertions(out, "gone.example", credential, clientData)
		if (err == nil) != (answers != nil) {
			t.Fatal("neither or both")
		}
		for _, a := range answers {
			if a.assertion == nil {
				t.Fatal("no assertion")
			}
		}
	})
}
