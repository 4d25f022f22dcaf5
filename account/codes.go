package account

import (
	"context"
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-dev/postern/userop"
)

var aaPattern = regexp.MustCompile(`\bAA[0-9]{2}\b`)

// AACode finds the EntryPoint's error code ("AA21") in an error of a bundler or
// node: in the revert that the error wraps, else in its text, where
// bundlers are required to put it. It returns "" if there is none.
func AACode(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := errors.AsType[*userop.Revert](err); ok && aaPattern.MatchString(r.Code) {
		return r.Code
	}
	return aaPattern.FindString(err.Error())
}

// knownTexts is what bundlers say, in any case, of an operation that they have.
var knownTexts = []string{"already known", "already exists"}

// MayBeKnown reports whether a bundler seems to refuse an operation because it
// has it, or another one in its place: ask for it by its hash.
func MayBeKnown(err error) bool { return err != nil && mentions(err, knownTexts...) }

// isKnown reports whether a bundler refused an operation because it has this very
// one, and not another one with its nonce.
func isKnown(err error) bool {
	return MayBeKnown(err) && !mentions(err, "nonce", "replac", "sender")
}

func mentions(err error, texts ...string) bool {
	m := strings.ToLower(err.Error())
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(m, t) })
}

// isOutage reports whether err says nothing about the operation.
func isOutage(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	t, ok := errors.AsType[interface {
		error
		Unavailable() bool
	}](err)
	return ok && t.Unavailable()
}
