package tableserver

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

const (
	binaryType = "application/octet-stream"
	jsonType   = "application/json"
	linesType  = "application/x-ndjson"
)

// accepted returns which of the offered types the client likes best, the first of equals
// (RFC 9110 §12.5.1; the most specific range counts). Without Accept all are equal.
func accepted(r *http.Request, offered ...string) (string, error) {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return offered[0], nil
	}
	best, most := "", 0.0
	for _, offer := range offered {
		major, _, _ := strings.Cut(offer, "/")
		quality, specific := 0.0, 0
		for part := range strings.SplitSeq(header, ",") {
			kind, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			rank := map[string]int{"*/*": 1, major + "/*": 2, offer: 3}[kind]
			if rank > specific {
				specific, quality = rank, weight(params["q"])
			}
		}
		if quality > most {
			best, most = offer, quality
		}
	}
	if best == "" {
		return "", errAcceptable
	}
	return best, nil
}

// weight reads a quality value; one that is missing or senseless counts 1.
func weight(q string) float64 {
	v, err := strconv.ParseFloat(q, 64)
	if err != nil || !(v >= 0 && v <= 1) {
		return 1
	}
	return v
}
