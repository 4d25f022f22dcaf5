package tableserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/p256table"
)

// Reply is a table as JSON: the reply to GET, and a line of the reply to POST.
type Reply struct {
	Format string `json:"format"`
	X      string `json:"x"`    // 0x and 64 digits
	Y      string `json:"y"`    // the same
	Code   string `json:"code"` // 0x and hex: the whole code of the contract
}

// table is GET /v1/tables/{x}/{y}.
func (s *Server) table(w http.ResponseWriter, r *http.Request) error {
	kind, err := accepted(r, binaryType, jsonType)
	if err != nil {
		return err
	}
	w.Header().Set("Vary", "Accept")
	return s.one(w, r, kind, func(f p256table.Format, k p256table.Key, code []byte) ([]byte, error) {
		if kind == binaryType {
			return code, nil
		}
		return append(appendTable(nil, "", f, k, code), '\n'), nil
	})
}

// precompute is GET /precompute/{x}/{y}.
func (s *Server) precompute(w http.ResponseWriter, r *http.Request) error {
	return s.one(w, r, jsonType, func(_ p256table.Format, _ p256table.Key, code []byte) ([]byte, error) {
		init, err := p256table.InitCode(code)
		if err != nil {
			return nil, err
		}
		return append(hex.AppendEncode([]byte(`{"bytecode":"`), init), `"}`...), nil
	})
}

// one answers for one key with what encode makes of its table. The reply is known by its request, so
// a client that has it already is told so before anything is computed.
func (s *Server) one(w http.ResponseWriter, r *http.Request, kind string, encode func(p256table.Format, p256table.Key, []byte) ([]byte, error)) error {
	f, err := s.format(r)
	if err != nil {
		return err
	}
	k, err := p256table.ParseKey(r.PathValue("x"), r.PathValue("y"))
	if err != nil {
		return err
	}
	route, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "GET "), "{")
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %v %v", route, kind, f, k))
	tag := fmt.Sprintf(`"%v-%x"`, f, sum[:12])
	if matches(r.Header.Values("If-None-Match"), tag) {
		fresh(w, tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	code, err := s.pool.Build(r.Context(), f, k)
	if err != nil {
		return err
	}
	body, err := encode(f, k, code)
	if err != nil {
		return err
	}
	fresh(w, tag)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // not sent for HEAD; a reader that has gone is not our failure
	return nil
}

func fresh(w http.ResponseWriter, tag string) {
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
}

// matches is the weak comparison of If-None-Match (RFC 9110 §13.1.2).
func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

// appendTable appends a Reply; before is what else the object starts with. Its text needs no
// escapes, and many of them are written.
func appendTable(b []byte, before string, f p256table.Format, k p256table.Key, code []byte) []byte {
	x, y := k.X(), k.Y()
	b = append(append(b, '{'), before...)
	b = append(append(b, `"format":"`...), f.String()...)
	b = hex.AppendEncode(append(b, `","x":"0x`...), x[:])
	b = hex.AppendEncode(append(b, `","y":"0x`...), y[:])
	b = hex.AppendEncode(append(b, `","code":"0x`...), code)
	return append(b, `"}`...)
}
