package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/passkey"
)

func TestEveryErrorIsOneSentenceWithACodeAndAWayOut(t *testing.T) {
	for _, tt := range []struct {
		err        error
		code, text string
		exit       int
	}{
		{usageError("no", "do this"), "usage", "no", exitUsage},
		{context.Canceled, "interrupted", "interrupted before it was done", exitFailure},
		{fmt.Errorf("account: wait for 0x1: %w", context.DeadlineExceeded), "timeout", "wait for 0x1: context deadline exceeded", exitFailure},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, "no-file", "open x: file does not exist", exitFailure},
		{fmt.Errorf("listen: %w", syscall.EADDRINUSE), "port-busy", "listen", exitFailure},
		{fmt.Errorf("account: estimate: %w", &account.WrongChainError{Who: "the node", Want: big.NewInt(1), Got: big.NewInt(2)}), "wrong-chain", "estimate: the node is on chain 2, not on chain 1", exitFailure},
		{&bundler.RPCError{Endpoint: "http://x", Method: "eth_sendUserOperation", Code: bundler.CodeMethodNotFound}, "no-bundler", "there is no bundler at http://x", exitFailure},
		{&bundler.TransportError{Endpoint: "http://x", Method: "eth_chainId", Kind: bundler.ErrNotJSON}, "unreachable", "eth_chainId: http://x answered something else than JSON", exitFailure},
		{&account.ApprovalError{Who: "the passkey", Cause: &passkey.Error{Cause: passkey.ErrOrigin, Seen: `"https://a"`}}, "not-approved", `the approval by the passkey was refused: origin is not allowed: saw "https://a"`, exitFailure},
		{&account.HighFeeError{Suggested: big.NewInt(1e12), Chain: big.NewInt(1)}, "high-fee", "", exitFailure},
		{&account.FeeLimitError{Fee: big.NewInt(2), Limit: big.NewInt(1)}, "fee-limit", "", exitFailure},
		{&account.DelegationError{Account: common.Address{1}, Why: account.ErrNotAuthorized}, "delegation", "", exitFailure},
		{&hybrid.DifferentAccountError{Computed: common.Address{1}, Meant: common.Address{2}}, "different-account",
			"0x0100000000000000000000000000000000000000 is a different, empty account; did you mean 0x0200000000000000000000000000000000000000?", exitFailure},
		{fmt.Errorf("hybrid: %w", hybrid.ErrNotSigner), "not-a-signer", "this is no signer of the account", exitFailure},
		{&hybrid.StatelessError{Account: common.Address{1}, What: "x"}, "no-passkeys", "", exitFailure},
		{hybrid.ErrNoChange, "no-change", "nothing changes", exitFailure},
		{fmt.Errorf("ask the paymaster: %w", bundler.ErrNoQuote), "no-quote", "", exitFailure},
		{&artifacts.Error{Kind: artifacts.ErrUnavailable, Package: "p", Err: errors.New("no"), Hint: "fetch it"}, "artifacts", "", exitFailure},
	} {
		f := explain(tt.err)
		if f.Code != tt.code || tt.text != "" && f.Message != tt.text || f.exit != tt.exit {
			t.Errorf("%v: code %q, message %q, exit %d", tt.err, f.Code, f.Message, f.exit)
		}
		if f.Hint == "" || strings.Contains(f.Message+f.Hint, "\n") {
			t.Errorf("%v: hint %q", tt.err, f.Hint)
		}
	}
}

func TestReportWritesToOneOfTheTwo(t *testing.T) {
	var out, errs bytes.Buffer
	if code := report(usageError("no", "do"), true, &out, &errs); code != exitUsage || errs.Len() != 0 {
		t.Errorf("exit %d, stderr %q", code, &errs)
	}
	var got struct {
		Error struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Error.Code != "usage" || got.Error.Hint != "do" {
		t.Errorf("%s: %v", &out, err)
	}
	out.Reset()
	if code := report(failf("x", "do", "a\x1b[2Jb"), false, &out, &errs); code != exitFailure || out.Len() != 0 || errs.String() != "postern: a\\u001b[2Jb\nhint: do\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, &out, &errs)
	}
	for _, err := range []error{nil, errHelp} {
		if code := report(err, false, &out, &errs); code != exitOK {
			t.Errorf("%v: exit %d", err, code)
		}
	}
	if code := report(errWrong, false, &out, &errs); code != exitFailure {
		t.Errorf("exit %d", code)
	}
}

func TestAnOpenOutcomeSaysHowToGoOnWithoutSendingTwice(t *testing.T) {
	hash := common.Hash{1}
	lost := &bundler.UnknownOutcomeError{Hash: hash, Err: errors.New("cut")}
	for _, err := range []error{lost, context.Canceled, fmt.Errorf("wait: %w", context.DeadlineExceeded)} {
		if f := explain(outcome(err, hash, "")); !strings.Contains(f.Hint, "op wait "+hash.Hex()) || !strings.Contains(f.Hint, "second operation") {
			t.Errorf("%v: hint %q", err, f.Hint)
		}
		if f := explain(outcome(err, hash, "op.json")); !strings.Contains(f.Hint, "op wait op.json") || !strings.Contains(f.Hint, "only once") {
			t.Errorf("%v: hint %q", err, f.Hint)
		}
	}
	if err := outcome(account.ErrDropped, hash, ""); !errors.Is(err, account.ErrDropped) {
		t.Errorf("an error that is final became %v", err)
	}
}

// Errors that callers can act on have words of their own; "failed" tells a program nothing.
func TestEveryTypeOfErrorHasACode(t *testing.T) {
	known := map[string]bool{
		"*account.ApprovalError":  true, // both reworded by explain
		"*account.NonceUsedError": true,
	}
	for _, k := range kinds {
		known[k.name] = true
	}
	declared := regexp.MustCompile(`(?m)^type ([A-Z]\w*Error) struct`)
	seen := 0
	for _, dir := range []string{"account", "account/hybrid", "account/webauthn", "account/kernel", "account/kernel/approval", "account/kernel/guardians", "account/kernel/session", "bundler"} {
		files, err := filepath.Glob("../../" + dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
				seen++
				if name := "*" + path.Base(dir) + "." + m[1]; !known[name] {
					t.Errorf("%s has no code", name)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("%d types of errors found: the pattern is broken", seen)
	}
	codes := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, k := range kinds {
		if !codes.MatchString(k.code) {
			t.Errorf("code %q", k.code)
		}
	}
}

func TestWhatIsNotSeenIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"señor 鍵 … – 1 ETH": "señor 鍵 … – 1 ETH", "a\tb\nc": "a b c", "\x1b[2J\x9b": `\u001b[2J\ufffd`,
		"a\u061cb\u200bc\u202ed\u2066e\ufefff\u2028g": `a\u061cb\u200bc\u202ed\u2066e\ufefff\u2028g`, "\u00a0\u0085\U000e0041": `\u00a0\u0085\ue0041`,
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
