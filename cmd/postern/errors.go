package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/passkey"
)

const (
	exitOK      = 0 // done, and what was looked at is fine
	exitFailure = 1 // it failed, or what was looked at is wrong
	exitUsage   = 2 // the command line was not understood
)

// A failure is an error as the user meets it: one sentence and a way out.
type failure struct {
	Code    string `json:"code"` // stable word for programs
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	exit    int
	cause   error
}

func (f *failure) Error() string { return f.Message }
func (f *failure) Unwrap() error { return f.cause }

func usageError(message, hint string) error {
	return &failure{Code: "usage", Message: message, Hint: hint, exit: exitUsage}
}

func failf(code, hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{Code: code, Message: err.Error(), Hint: hint, exit: exitFailure, cause: errors.Unwrap(err)}
}

// errWrong says that the result, already printed, is a bad one.
var errWrong = errors.New("the result is printed; it is not a good one")

// report prints err, if there is anything to print, and returns the exit code.
func report(err error, asJSON bool, stdout, stderr io.Writer) int {
	switch {
	case err == nil, errors.Is(err, errHelp):
		return exitOK
	case errors.Is(err, errWrong):
		return exitFailure
	}
	f := explain(err)
	if asJSON {
		if printJSON(stdout, map[string]any{"error": f}) == nil {
			return f.exit
		}
	}
	p := painter(stderr)
	fmt.Fprintf(stderr, "%s %s\n", p.red("postern:"), plain(f.Message))
	if f.Hint != "" {
		fmt.Fprintf(stderr, "%s %s\n", p.bold("hint:"), plain(f.Hint))
	}
	return f.exit
}

// explain decides, for every error there is, what the user reads. Lower packages
// say what happened and, where they know it, the way out (Hint); the words for
// everything general stand here and nowhere else.
func explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	out := &failure{Code: "failed", Message: sentence(err), Hint: hintOf(err), exit: exitFailure, cause: err}
	if code, hint := codeOf(err); code != "" {
		out.Code, out.Hint = code, or(out.Hint, hint)
	}
	var (
		path *fs.PathError
		op   *net.OpError
		link *url.Error
	)
	if out.specific(err) {
		return out
	}
	switch {
	case errors.Is(err, context.Canceled):
		out.Code, out.Message, out.Hint = "interrupted", "interrupted before it was done", or(out.Hint, "run it again when you like")
	case errors.Is(err, context.DeadlineExceeded):
		out.Code, out.Hint = "timeout", or(out.Hint, "is the other side up? try again, or give more time with --timeout")
	case errors.Is(err, syscall.EADDRINUSE):
		out.Message = strings.TrimSuffix(out.Message, ": "+syscall.EADDRINUSE.Error())
		out.Code, out.Hint = "port-busy", or(out.Hint, "end the program that holds it, or take a free port: --listen localhost:0")
	case errors.As(err, &path):
		out.Code, out.Hint = or(fileCode(err), out.Code), or(out.Hint, "check the path and who may read or write it")
	case errors.As(err, &link), errors.As(err, &op):
		out.Code, out.Hint = "unreachable", or(out.Hint, "check the URL (--rpc, --bundler) and the network; for a local chain run: postern up")
	}
	return out
}

func fileCode(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no-file"
	case errors.Is(err, fs.ErrPermission):
		return "no-permission"
	}
	return ""
}

// specific rewords errors of which a caller can do better than their own text.
func (f *failure) specific(err error) bool {
	if e, ok := errors.AsType[*bundler.RPCError](err); ok && e.Code == bundler.CodeMethodNotFound && strings.Contains(e.Method, "UserOperation") {
		f.Code, f.Message = "no-bundler", "there is no bundler at "+e.Endpoint
		f.Hint = "set --bundler or POSTERN_BUNDLER to a bundler's URL; a node alone takes no operations"
		return true
	}
	if errors.Is(err, bundler.ErrNoQuote) {
		f.Code, f.Hint = "no-quote", "the paymaster may not take this token: ask its operator, or leave --token out"
		return true
	}
	if e, ok := errors.AsType[*account.NotDeployedError](err); ok && e.Factory == (common.Address{}) {
		f.Message = fmt.Sprintf("there is no account at %s on chain %s", e.Account, e.ChainID)
		f.Hint = "check address and chain; a new account is on it after its first operation, and a development chain without --data begins anew each time"
		return true
	}
	if e, ok := errors.AsType[*hybrid.NotHybridError](err); ok && !e.EIP7702 {
		f.Hint = "check address and chain; if the framework's contracts are your own, name them by --environment"
		return false
	}
	if e, ok := errors.AsType[*account.ApprovalError](err); ok {
		f.Code, f.Hint = "not-approved", "approve with the key that it was prepared for; nothing was sent"
		if p, ok := errors.AsType[*passkey.Error](e.Cause); ok {
			f.Hint = or(p.Hint, "for everything that is wrong with an assertion: postern inspect FILE") + "; nothing was sent"
		}
		return true
	}
	return false
}

// hintOf returns the way out that a lower package offers, by method or by field.
func hintOf(err error) string {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return h.Hint()
	}
	if e, ok := errors.AsType[*passkey.Error](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*artifacts.Error](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*devnet.Error](err); ok {
		return e.Hint
	}
	return ""
}

// packages are the names that lower packages put before their messages; users need none.
var packages = regexp.MustCompile(`(^|: )(postern|passkey|softkey|userop|seal|contracts|account|guardian|webauthn|hybrid|kernel|approval|session|grant|flow|flow access|bundler|devnet|artifacts|journeys|relyingparty|server|inspect|p256table|tableserver|recovery|rescue|audit): `)

// sentence is the error on one line, without names of packages and of bearable length.
func sentence(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for range 3 {
		text = packages.ReplaceAllString(text, "$1")
	}
	return clipTo(text, 400)
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
