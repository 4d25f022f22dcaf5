package wallet

import (
	"embed"
	"errors"
	"html"
	"io/fs"
	"regexp"
)

//go:embed rescue.html
var rescueFiles embed.FS

const rescueFile = "rescue.html"

// RescueHTML is the page that opens an account without this server, any bundler or
// any other service but a node: one file that asks nobody but the addresses that a
// person types, with its own content security policy in it. It works from a disk, and
// for passkeys from any origin that their RP ID allows. internal/rescuepage makes it.
func RescueHTML() []byte {
	page, err := fs.ReadFile(rescueFiles, rescueFile)
	if err != nil {
		panic(err) // the file is named in the embed directive above
	}
	return page
}

var policyOfRescue = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]+)">`)

// addRescue serves the page at /rescue, under the policy that it carries and, since
// only a header can say that, in nobody's frame.
func (p *Page) addRescue() error {
	const url = "/rescue"
	if err := p.add(url, rescueFiles, rescueFile); err != nil {
		return err
	}
	f := p.files[url]
	m := policyOfRescue.FindSubmatch(f.plain)
	if m == nil {
		return errors.New("it has no policy")
	}
	f.policy = html.UnescapeString(string(m[1])) + "; frame-ancestors 'none'"
	p.files[url] = f
	return nil
}
