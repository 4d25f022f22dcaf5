package journeys

import (
	"net/http"
	"slices"

	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
)

// Liar is a table service that lies, over HTTP as package tableserver has it. The first element
// of a path says how, one of [Lies]; what follows is a tableserver's path for one table.
type Liar struct {
	mux   *http.ServeMux
	thief passkey.PublicKey
}

// lies make something else of a table, the key's or the thief's.
var lies = []struct {
	name string
	tell func(right, thiefs []byte, f p256table.Format, k p256table.Key) []byte
}{
	{"a-wrong-point", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte {
		// The last point is replaced by the one before it: both are on the curve.
		copy(c[len(c)-64:], c[len(c)-128:len(c)-64])
		return c
	}},
	{"one-bit", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte {
		c[len(c)/2] ^= 1
		return c
	}},
	{"another-key", func(_, thiefs []byte, _ p256table.Format, _ p256table.Key) []byte { return thiefs }},
	{"another-key-under-this-name", func(c, thiefs []byte, _ p256table.Format, _ p256table.Key) []byte {
		return append(c[:66:66], thiefs[66:]...)
	}},
	{"another-format", func(_, _ []byte, f p256table.Format, k p256table.Key) []byte {
		other := p256table.Format1k
		if f == other {
			other = p256table.Format4k
		}
		b, err := p256table.Build(other, k)
		if err != nil {
			return nil
		}
		return b
	}},
	{"another-format-under-this-name", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte {
		c[1] ^= 1
		return c
	}},
	{"truncated", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte { return c[:len(c)-64] }},
	{"one-byte-more", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte { return append(c, 0) }},
	{"nothing", func(_, _ []byte, _ p256table.Format, _ p256table.Key) []byte { return nil }},
	{"code-that-runs", func(c, _ []byte, _ p256table.Format, _ p256table.Key) []byte {
		c[0] = 0x5b // JUMPDEST in the place of STOP
		return c
	}},
}

// Lies lists the lies that a [Liar] knows.
func Lies() []string {
	var names []string
	for _, l := range lies {
		names = append(names, l.name)
	}
	return names
}

// NewLiar makes a service in the pay of the holder of a key.
func NewLiar(thief passkey.PublicKey) *Liar {
	l := &Liar{mux: http.NewServeMux(), thief: thief}
	l.mux.HandleFunc("GET /{lie}/v1/tables/{x}/{y}", l.tell)
	return l
}

func (l *Liar) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.mux.ServeHTTP(w, r) }

func (l *Liar) tell(w http.ResponseWriter, r *http.Request) {
	i := slices.Index(Lies(), r.PathValue("lie"))
	f, err := p256table.ParseFormat(r.URL.Query().Get("format"))
	k, err2 := p256table.ParseKey(r.PathValue("x"), r.PathValue("y"))
	own, err3 := p256table.NewKey(l.thief.X(), l.thief.Y())
	if i < 0 || err != nil || err2 != nil || err3 != nil {
		http.Error(w, "such a lie is not told here", http.StatusBadRequest)
		return
	}
	truth, err := p256table.Build(f, k)
	if err == nil {
		var other []byte
		if other, err = p256table.Build(f, own); err == nil {
			truth = lies[i].tell(truth, other, f, k)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(truth)
}
