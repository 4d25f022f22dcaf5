package zerodev

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
)

// What APIKey says to the log; neither holds a key.
var (
	ErrNoKey    = errors.New("zerodev: the request has no API key")
	ErrWrongKey = errors.New("zerodev: the API key is wrong")
)

// APIKey is a Check that wants exactly one header of this name, with one of the keys. List
// the name in Project.Headers, or pages cannot send it. Without keys nobody is served.
func APIKey(header string, keys ...string) Check {
	sums := make([][sha256.Size]byte, len(keys))
	for i, k := range keys {
		sums[i] = sha256.Sum256([]byte(k))
	}
	return func(_ context.Context, h http.Header) error {
		sent := h.Values(header)
		if len(sent) != 1 || sent[0] == "" {
			return ErrNoKey
		}
		// Neither which key nor how much of one was right shows in the time it takes.
		sum, match := sha256.Sum256([]byte(sent[0])), 0
		for _, want := range sums {
			match |= subtle.ConstantTimeCompare(sum[:], want[:])
		}
		if match != 1 {
			return ErrWrongKey
		}
		return nil
	}
}
