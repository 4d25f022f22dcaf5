// The file to fill in.

package recovery

import (
	"fmt"
	"strings"
)

// fills are the lines of a file that answer a question.
var fills = map[About]string{
	AboutSync:       `cloud = "…"          # the account that syncs it, or false`,
	AboutCloud:      `cloud = "…"          # the account that syncs it, or false`,
	AboutDevices:    `devices = ["…"]      # or places = ["…"]`,
	AboutRPID:       `rp-id = "…"`,
	AboutApart:      `apart = true         # it shares nothing with what is described here`,
	AboutSecret:     `secret = "…"         # what it asks for on a new device, or false`,
	AboutOffline:    `offline = true       # devices keep their passkeys when it is locked`,
	AboutSealed:     `sealed = true        # who takes it over still needs the secret`,
	AboutExportable: `exportable = true    # or false`,
	AboutRoaming:    `roaming = true       # it is in a security key; or false`,
}

// describe says what names stand for. Names that nothing describes are refused, since one that
// is misspelt would look like one thing more, and make the account look safer than it is.
const describe = `
# What you name above is described here, each thing once: what keys have in common falls with it.
# [[domain]]
# id = "my phone"
# kind = "device"        # of devices; "cloud" of a cloud account, "rp-id", "secret", "custody" of a place
`

// Template is a file for [File.Apply] in which the questions of a report are asked, each
// with the line that answers it, commented out.
func (r *Report) Template() string {
	var b strings.Builder
	b.WriteString("# Answer what you know: remove the # in front of a line and correct it. Leave the others as they are.\nversion = 1\n")
	section := func(kind, id, kindLine string) {
		asked := map[string]bool{}
		lines := ""
		for _, q := range r.Questions {
			if fill := fills[q.About]; q.Signer+q.Domain == id && (q.Signer != "") == (kind == "signer") && !asked[fill] {
				asked[fill] = true
				lines += "# " + q.Words + "\n# " + fill + "\n"
			}
		}
		if lines != "" {
			fmt.Fprintf(&b, "\n[[%s]]\nid = %s\n%s%s", kind, tomlText(id), kindLine, lines)
		}
	}
	for _, d := range r.account.Domains {
		section("domain", d.ID, fmt.Sprintf("kind = %q\n", string(d.Kind)))
	}
	for _, s := range r.account.Signers {
		section("signer", s.ID, "")
	}
	if len(r.Questions) > 0 {
		b.WriteString(describe)
	}
	return b.String()
}

// tomlText quotes a plain text.
func tomlText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
