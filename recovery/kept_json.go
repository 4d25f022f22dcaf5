// What passkey servers keep, as JSON that people carry to an audit.

package recovery

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/postern-dev/postern/internal/textfile"
	"github.com/postern-dev/postern/passkey"
)

// KeptFormat is what the JSON of [KeptJSON] says it is.
const KeptFormat = "postern-passkeys-1"

// Limits of that JSON.
const (
	MaxKept    = 64 // passkeys
	MaxHistory = 64 // uses of each
	maxEvents  = 256

	maxEventText = 256 // what happened, in words
	maxRPID      = 253
)

var keptB64 = base64.RawURLEncoding.Strict()

type (
	keptFile struct {
		Format   string     `json:"format"`
		Passkeys []keptWire `json:"passkeys"`
	}
	keptWire struct {
		RPID         string      `json:"rpId"`
		ID           string      `json:"id"`
		PublicKey    string      `json:"pubkey"` // SPKI, base64url
		Name         string      `json:"name,omitempty"`
		AAGUID       string      `json:"aaguid,omitempty"`
		Confidence   string      `json:"confidence,omitempty"` // of the AAGUID
		Provider     string      `json:"provider,omitempty"`
		Group        string      `json:"group,omitempty"`
		Transports   []string    `json:"transports,omitempty"`
		Attachment   string      `json:"attachment,omitempty"`
		Discoverable *bool       `json:"discoverable,omitempty"`
		Created      string      `json:"created,omitempty"`
		LastUse      string      `json:"lastUse,omitempty"`
		Class        string      `json:"class"`
		Examples     string      `json:"examples,omitempty"`
		History      []keptUse   `json:"history"`
		Changes      []keptEvent `json:"changes,omitempty"`
		Events       []keptEvent `json:"events,omitempty"`
	}
	keptUse struct {
		At    string `json:"at,omitempty"`
		Flags string `json:"flags"`
		Count uint32 `json:"signCount"`
	}
	keptEvent struct {
		At   string `json:"at,omitempty"`
		Kind string `json:"kind,omitempty"`
		What string `json:"what"`
	}
)

func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// KeptJSON writes what servers keep, format [KeptFormat]: what a passkey server shows
// the owner of passkeys, and what [ParseKept] reads. Texts that would not show as they are
// are left out.
func KeptJSON(kept []Kept) ([]byte, error) {
	kept = slices.Clone(kept)
	sortKept(kept)
	out := keptFile{Format: KeptFormat, Passkeys: []keptWire{}}
	for _, k := range kept {
		class := Signer{Kind: KindPasskey, Passkey: &k.Facts}.Class()
		w := keptWire{
			RPID: k.RPID, ID: keptB64.EncodeToString(k.ID), PublicKey: keptB64.EncodeToString(k.Key.SPKI()),
			Name: shown(k.Name), Provider: shown(k.Facts.Provider), Group: shown(k.Facts.Group),
			Attachment: shown(k.Facts.Attachment), Created: wireTime(k.Created), LastUse: wireTime(k.LastUse),
			Class: class.Words(), Examples: class.Examples(), History: []keptUse{},
		}
		if f := k.Facts.AAGUID; f.Source != Unknown {
			w.AAGUID, w.Confidence = f.Value.String(), f.Source.String()
		}
		for _, t := range k.Facts.Transports {
			if t = shown(t); t != "" && len(w.Transports) < 16 {
				w.Transports = append(w.Transports, t)
			}
		}
		if k.Facts.Discoverable.Source != Unknown {
			w.Discoverable = &k.Facts.Discoverable.Value
		}
		for _, u := range k.Facts.Uses {
			w.History = append(w.History, keptUse{wireTime(u.When), u.Flags.String(), u.Count})
		}
		for _, c := range k.Facts.Changes() {
			w.Changes = append(w.Changes, keptEvent{At: wireTime(c.When), What: c.What})
		}
		for _, e := range k.Events {
			w.Events = append(w.Events, keptEvent{wireTime(e.When), e.Kind, e.What})
		}
		out.Passkeys = append(out.Passkeys, w)
	}
	return json.MarshalIndent(out, "", "  ")
}

// shown is a text that shows as it is, else nothing.
func shown(s string) string {
	var r textfile.Reader
	return r.Text(&textfile.Node{Form: textfile.String, Text: s}, "", maxName)
}

// ParseKept reads what [KeptJSON] writes. It refuses what it does not know, and says
// where. What can be computed – the class, the changes, events of which the history tells – is not looked at.
func ParseKept(data []byte) ([]Kept, error) {
	root, err := textfile.Parse(data)
	if err != nil {
		return nil, placed(err)
	}
	var r keptReader
	t := r.Table(root, "")
	if f := t.Must("format", `write "format": "`+KeptFormat+`"`); f != nil && f.Text != KeptFormat {
		r.Refuse(f, "format", "give what a passkey server shows its user under /credentials", "it is %s, and not %s", quoted(f.Text), KeptFormat)
	}
	var out []Kept
	t.Must("passkeys", "give what a passkey server shows its user under /credentials")
	for _, n := range t.Nodes("passkeys", MaxKept) {
		out = append(out, r.passkey(r.Table(n, "passkey")))
	}
	t.Done()
	if err := r.Err(); err != nil {
		return nil, placed(err)
	}
	return out, nil
}

// keptReader makes Kept of tables. After the first error it does nothing more.
type keptReader struct{ textfile.Reader }

func (r *keptReader) passkey(t *textfile.Fields) (k Kept) {
	text := func(key string, most int) string { return r.Text(t.Take(key), t.At(key), most) }
	n := t.Must("rpId", "write the RP ID")
	k.RPID = r.Text(n, t.At("rpId"), maxRPID)
	k.ID = r.bytes(t, "id", 1, 1023)
	if spki := r.bytes(t, "pubkey", 1, 256); spki != nil {
		var err error
		k.Key, err = passkey.ParseSPKI(spki)
		r.Place(t.Node.Values["pubkey"], t.At("pubkey"), err)
	}
	k.Name = text("name", maxName)
	if n := t.Take("aaguid"); n != nil {
		id, err := passkey.ParseAAGUID(n.Text)
		r.Place(n, t.At("aaguid"), err)
		k.Facts.AAGUID = Known(id, Claimed)
	}
	if c := text("confidence", maxName); c == Attested.String() && k.Facts.AAGUID.Source != Unknown {
		k.Facts.AAGUID.Source = Attested
	} else if c != "" && c != Claimed.String() {
		r.Refuse(t.Node.Values["confidence"], t.At("confidence"), "write claimed or attested", "nobody knows this word")
	}
	k.Facts.Provider, k.Facts.Group = text("provider", maxName), text("group", maxName)
	for _, n := range t.Nodes("transports", 16) {
		k.Facts.Transports = append(k.Facts.Transports, r.Text(n, t.At("transports"), maxName))
	}
	k.Facts.Attachment = text("attachment", maxName)
	if n := t.Take("discoverable"); n != nil {
		if n.Form != textfile.Bare || n.Text != "true" && n.Text != "false" {
			r.Refuse(n, t.At("discoverable"), "write true or false", "it is neither")
		}
		k.Facts.Discoverable = Known(n.Text == "true", Claimed)
	}
	k.Created, k.LastUse = r.time(t, "created"), r.time(t, "lastUse")
	for _, n := range t.Nodes("history", MaxHistory+1) {
		u := r.Table(n, t.At("history"))
		k.Facts.Uses = append(k.Facts.Uses, r.use(u))
	}
	for _, key := range []string{"class", "examples"} {
		t.Take(key)
	}
	t.Nodes("changes", 6*MaxHistory)
	for _, n := range t.Nodes("events", maxEvents) {
		if e := r.event(r.Table(n, t.At("events"))); e.Kind == EventRefused { // of the others the history tells
			k.Events = append(k.Events, e)
		}
	}
	t.Done()
	return k
}

func (r *keptReader) event(t *textfile.Fields) (e KeptEvent) {
	e.When = r.time(t, "at")
	e.Kind = r.Text(t.Take("kind"), t.At("kind"), maxName)
	if n := t.Must("what", "say what happened"); e.Kind == EventRefused {
		e.What = r.Text(n, t.At("what"), maxEventText)
	}
	t.Done()
	return e
}

func (r *keptReader) use(t *textfile.Fields) (s Sighting) {
	s.When = r.time(t, "at")
	if n := t.Must("flags", `write them as "UP|UV|BE"`); n != nil {
		flags, ok := parseFlags(n.Text)
		if !ok {
			r.Refuse(n, t.At("flags"), `write them as "UP|UV|BE"`, "%s are no flags", quoted(n.Text))
		}
		if flags.BS() && !flags.BE() {
			r.Refuse(n, t.At("flags"), "leave this use out", "BS without BE, which no passkey may sign")
		}
		s.Flags = flags
	}
	if n := t.Must("signCount", "write 0 if there is none"); n != nil {
		c := r.Number(n, t.At("signCount"))
		if c > 1<<32-1 {
			r.Refuse(n, t.At("signCount"), "a counter has 32 bits", "%d is too large", c)
		}
		s.Count = uint32(c)
	}
	t.Done()
	return s
}

// parseFlags reads what [passkey.Flags.String] writes.
func parseFlags(text string) (passkey.Flags, bool) {
	if text == "none" {
		return 0, true
	}
	var out passkey.Flags
	for name := range strings.SplitSeq(text, "|") {
		bit := slices.IndexFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(i int) bool { return passkey.Flags(1<<i).String() == name })
		if bit < 0 {
			return 0, false
		}
		out |= 1 << bit
	}
	return out, out.String() == text
}

func (r *keptReader) bytes(t *textfile.Fields, key string, least, most int) []byte {
	n := t.Must(key, "write it in base64url")
	if n == nil {
		return nil
	}
	b, err := keptB64.DecodeString(n.Text)
	if err != nil || n.Form != textfile.String || len(b) < least || len(b) > most || keptB64.EncodeToString(b) != n.Text {
		r.Refuse(n, t.At(key), "write it in base64url", "it is not base64url of %d to %d bytes", least, most)
		return nil
	}
	return b
}

func (r *keptReader) time(t *textfile.Fields, key string) time.Time {
	n := t.Take(key)
	if n == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, n.Text)
	at = at.UTC().Truncate(time.Millisecond)
	if err != nil || n.Form != textfile.String || at.Year() < 1970 || at.Year() > 9999 {
		r.Refuse(n, t.At(key), `write it as "2026-01-02T15:04:05Z"`, "%s is no time", quoted(n.Text))
		return time.Time{}
	}
	return at
}
