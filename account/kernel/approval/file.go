// The file of a sealed approval: lines that anybody can read, a blank line, and an
// age file in its text form.

package approval

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
)

// magic begins a sealed approval.
const magic = "postern-approval-1"

// Limits of files.
const (
	maxFile   = 32 << 20
	maxHeader = 4 << 20 // words name every address of a list
	maxLine   = 1 << 20
	maxName   = 256
)

// file is a sealed approval taken apart.
type file struct {
	header Header
	body   []byte // an age file
}

// lines are the header's, with the blank one. The encrypted part has their hash.
func (h *Header) lines() []byte {
	var b bytes.Buffer
	line := func(name, value string) { fmt.Fprintf(&b, "%s: %s\n", name, value) }
	b.WriteString(magic + "\n")
	if h.Name != "" {
		line("name", h.Name)
	}
	if !h.Created.IsZero() {
		line("created", stamp(h.Created))
	}
	line("account", h.Account.Hex())
	line("kernel", string(h.Version))
	for _, c := range h.Chains {
		line("chain", c.String())
	}
	line("permission", h.Permission.String())
	line("session-key", h.Signer)
	line("owner", h.Owner)
	line("signed", yesNo(h.Signed))
	line("private-key", yesNo(h.Secret))
	if !h.Expires.IsZero() {
		line("expires", stamp(h.Expires))
	}
	for _, w := range h.Words {
		line("allows", w)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// stamp writes whole seconds in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// text is the whole file.
func (f *file) text() []byte { return append(f.header.lines(), armored(f.body)...) }

const wayFile = "take the file as it was sealed: byte for byte, with its line ends"

// parseFile reads what text writes, and nothing else.
func parseFile(b []byte) (f file, err error) {
	switch {
	case len(b) > maxFile:
		return f, refuse("", wayFile, "%d bytes, more than %d", len(b), maxFile)
	case !bytes.HasPrefix(b, []byte(magic+"\n")):
		if bytes.HasPrefix(b, []byte("postern-approval-")) && !bytes.HasPrefix(b, []byte(magic)) {
			return f, refuse("line 1", "use a newer version of the software", "this is another version of the format")
		}
		return f, refuse("line 1", wayFile, "this is no sealed approval")
	}
	end := bytes.Index(b[:min(len(b), maxHeader)], []byte("\n\n"))
	if end < 0 {
		return f, refuse("", wayFile, "the header is cut off, or too long")
	}
	r := &lineReader{lines: strings.Split(string(b[:end]), "\n"), at: 1}
	f.read(r)
	if r.err != nil {
		return file{}, r.err
	}
	if !bytes.Equal(f.header.lines(), b[:end+2]) {
		return file{}, refuse("", wayFile, "the header is not written as sealed approvals are")
	}
	if f.body, err = unarmored(b[end+2:]); err != nil {
		return file{}, refuse("body", wayFile, "%v", err)
	}
	return f, nil
}

// lineReader takes lines one after another; the first refusal stays.
type lineReader struct {
	lines []string
	at    int
	err   error
}

func (r *lineReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = refuse(fmt.Sprintf("line %d", r.at+1), wayFile, format, args...)
	}
}

// may takes the next line if it has the name.
func (r *lineReader) may(name string) (string, bool) {
	if r.err != nil || r.at >= len(r.lines) {
		return "", false
	}
	value, ok := strings.CutPrefix(r.lines[r.at], name+": ")
	if !ok {
		return "", false
	}
	if !printable(value) {
		r.fail("%s: it has characters that cannot be shown, or is empty or too long", name)
		return "", false
	}
	r.at++
	return value, true
}

func (r *lineReader) need(name string) string {
	value, ok := r.may(name)
	if !ok {
		r.fail("%s should stand here", name)
	}
	return value
}

// printable admits one line of what a terminal shows as it is.
func printable(s string) bool {
	return s != "" && len(s) <= maxLine && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (r *lineReader) time(name string) (t time.Time) {
	value, ok := r.may(name)
	if !ok {
		return t
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", value)
	if err != nil {
		r.fail("%s: %.40q is no time in UTC", name, value)
	}
	return t
}

func (r *lineReader) yes(name string) bool {
	value := r.need(name)
	if value != "yes" && value != "no" {
		r.fail("%s: neither yes nor no", name)
	}
	return value == "yes"
}

// read takes the header apart. Another spelling of the same is found by comparing
// with what lines writes.
func (f *file) read(r *lineReader) {
	h := &f.header
	if h.Name, _ = r.may("name"); len(h.Name) > maxName {
		r.fail("name: it is longer than %d bytes", maxName)
	}
	h.Created = r.time("created")
	h.Account = common.HexToAddress(r.need("account"))
	h.Version = kernel.Version(r.need("kernel"))
	for value, ok := r.may("chain"); ok; value, ok = r.may("chain") {
		n, good := new(big.Int).SetString(value, 10)
		if !good || len(value) > 78 || n.Sign() <= 0 || len(h.Chains) == maxDocuments {
			r.fail("chain: %.80q is no chain's id", value)
			return
		}
		h.Chains = append(h.Chains, n)
	}
	copy(h.Permission[:], common.FromHex(r.need("permission")))
	h.Signer, h.Owner = r.need("session-key"), r.need("owner")
	h.Signed, h.Secret = r.yes("signed"), r.yes("private-key")
	h.Expires = r.time("expires")
	for value, ok := r.may("allows"); ok; value, ok = r.may("allows") {
		h.Words = append(h.Words, value)
	}
	if len(h.Chains) == 0 || r.at != len(r.lines) {
		r.fail("lines are missing, or there are others")
	}
}
