// The file that lets other domains use the passkeys of an RP ID.

package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/textfile"
)

// RelatedPath is where browsers look for related origins (WebAuthn Level 3 §5.11).
const RelatedPath = "/.well-known/webauthn"

// MaxLabels is how many names of registrable domains browsers take of the file: WebAuthn
// asks for at least five, and they take no more.
const MaxLabels = 5

// Limits of what is read.
const (
	maxRelated   = 64 << 10 // bytes
	maxOrigins   = 256
	maxOrigin    = 512 // bytes
	maxRedirects = 5
)

// RelatedOriginsError says why no browser lets another domain use the RP ID's passkeys.
type RelatedOriginsError struct {
	RPID string
	What string
	Way  string
	Err  error // nil, or what the network said
}

func (e *RelatedOriginsError) Error() string {
	text := "https://" + e.RPID + RelatedPath + ": " + e.What
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Hint implements [account.Hinter].
func (e *RelatedOriginsError) Hint() string { return e.Way }

func (e *RelatedOriginsError) Unwrap() error { return e.Err }

var _ account.Hinter = (*RelatedOriginsError)(nil)

// RelatedOrigins is what the file of an RP ID says, as browsers read it.
type RelatedOrigins struct {
	RPID    string          `json:"rpId"`
	Origins []RelatedOrigin `json:"origins"` // in the order of the file
	Labels  []string        `json:"labels"`  // that count, at most MaxLabels
}

// RelatedOrigin is an entry of the file.
type RelatedOrigin struct {
	Text   string `json:"text"`             // as the file has it
	Origin string `json:"origin,omitempty"` // that browsers compare with; "" if they pass over it
	// Label is the first one of the registrable domain: "example" of login.example.co.uk.
	Label   string `json:"label,omitempty"`
	Ignored string `json:"ignored,omitempty"` // why browsers pass over it
}

// Allows reports whether pages of an origin may use the RP ID's passkeys by this file.
func (r *RelatedOrigins) Allows(origin string) bool {
	return slices.ContainsFunc(r.Origins, func(o RelatedOrigin) bool { return o.Origin != "" && o.Origin == origin })
}

// CheckRelatedOrigins fetches the file of an RP ID as browsers do on every ceremony that
// needs it – without cookies, over HTTPS only –, and reads it. client may be nil.
//
// The file does not outlive the RP ID's domain: without it, the other domains cannot use
// the passkeys either. It is a help for moving, not a second way in.
func CheckRelatedOrigins(ctx context.Context, client *http.Client, rpID string) (*RelatedOrigins, error) {
	fail := func(what, way string, err error) (*RelatedOrigins, error) {
		return nil, &RelatedOriginsError{RPID: rpID, What: what, Way: way, Err: err}
	}
	if !isDomain(rpID) {
		return nil, &RelatedOriginsError{RPID: clipped(rpID), What: "this is no RP ID", Way: "give a domain in lower case, as wallet.example"}
	}
	if client == nil {
		client = http.DefaultClient
	}
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		switch {
		case r.URL.Scheme != "https":
			return errors.New("it leads to a page without HTTPS")
		case len(via) > maxRedirects:
			return errors.New("it leads from one place to the next")
		}
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+rpID+RelatedPath, nil)
	if err != nil {
		return fail("it cannot be asked for", "give a domain, as wallet.example", err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fail("it cannot be fetched", "serve it there over HTTPS, for as long as passkeys of this RP ID are used elsewhere", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fail(fmt.Sprintf("the server answers %d", res.StatusCode), "serve the file with status 200", nil)
	}
	if t, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return fail("it is not served as JSON", "send Content-Type: application/json; browsers refuse it otherwise", nil)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRelated+1))
	if err != nil {
		return fail("it cannot be read to its end", "try again", err)
	}
	return ParseRelatedOrigins(rpID, body)
}

// ParseRelatedOrigins reads the file of an RP ID: a JSON object whose member origins is a
// list of texts. It refuses what browsers refuse, and what they may read in different ways.
func ParseRelatedOrigins(rpID string, body []byte) (*RelatedOrigins, error) {
	const way = `write {"origins": ["https://other.example"]}`
	fail := func(format string, args ...any) (*RelatedOrigins, error) {
		return nil, &RelatedOriginsError{RPID: rpID, What: fmt.Sprintf(format, args...), Way: way}
	}
	if len(body) > maxRelated {
		return fail("it has more than %d bytes", maxRelated)
	}
	if text := strings.TrimLeft(string(body), " \t\r\n"); !strings.HasPrefix(text, "{") {
		return fail("it is no JSON object")
	}
	root, err := textfile.Parse(body)
	if err != nil {
		return fail("%v", err)
	}
	list := root.Values["origins"]
	if list == nil || list.Form != textfile.List {
		return fail("it has no list of origins")
	}
	if len(list.List) > maxOrigins {
		return fail("it has more than %d origins", maxOrigins)
	}
	out := &RelatedOrigins{RPID: rpID, Origins: []RelatedOrigin{}, Labels: []string{}}
	for _, n := range list.List {
		if n.Form != textfile.String {
			return fail("one of its origins is no text: browsers refuse all of it")
		}
		out.add(n.Text)
	}
	return out, nil
}

// add is a turn of the loop in WebAuthn §5.11.1.
func (r *RelatedOrigins) add(text string) {
	o := RelatedOrigin{Text: clipped(text)}
	defer func() { r.Origins = append(r.Origins, o) }()
	u, err := url.Parse(text)
	if err != nil || len(text) > maxOrigin || u.Host == "" || u.User != nil || u.Opaque != "" {
		o.Ignored = "it is no origin: write https://host"
		return
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" {
		o.Ignored = "it is not HTTPS, and browsers have passkeys on secure pages only"
		return
	}
	if !isDomain(host) {
		o.Ignored = "its host is no domain in ASCII: write it as browsers show it, xn--… for other letters"
		return
	}
	registrable, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		o.Ignored = "its host is no domain that somebody can register"
		return
	}
	o.Label, _, _ = strings.Cut(registrable, ".")
	if !slices.Contains(r.Labels, o.Label) {
		if len(r.Labels) == MaxLabels {
			o.Ignored = fmt.Sprintf("browsers take %d names of domains, and %s is one too many", MaxLabels, o.Label)
			return
		}
		r.Labels = append(r.Labels, o.Label)
	}
	o.Origin = "https://" + host
	if port := u.Port(); port != "" && port != "443" {
		o.Origin += ":" + port
	}
}

// isDomain accepts domains as browsers write them: ASCII, lower case, no IP address.
func isDomain(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil || s == "" || len(s) > 253 {
		return false
	}
	if last := s[strings.LastIndexByte(s, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return false // browsers read it as an IP address
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// clipped is a text from outside, cut.
func clipped(s string) string {
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// Words say what the file does, and which of the origins that are asked about it lets in.
func (r *RelatedOrigins) Words(asked ...string) (out []string) {
	for _, o := range r.Origins {
		if o.Ignored != "" {
			out = append(out, fmt.Sprintf("%q is passed over: %s.", o.Text, o.Ignored))
		} else {
			out = append(out, fmt.Sprintf("%s may use the passkeys of %s.", o.Origin, r.RPID))
		}
	}
	if len(out) == 0 {
		out = append(out, "It lets nobody in.")
	}
	for _, a := range asked {
		if !r.Allows(a) {
			out = append(out, a+" may not.")
		}
	}
	return append(out, fmt.Sprintf("It uses %d of %d names of domains. Whoever controls one of these domains can ask for signatures of these passkeys.", len(r.Labels), MaxLabels),
		"It does not outlive "+r.RPID+": when that domain is gone, none of them can use the passkeys any more.")
}
