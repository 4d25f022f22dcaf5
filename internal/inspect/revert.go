package inspect

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/postern-dev/postern/userop"
)

// kernelErrors are selectors of Kernel's policies, which the list of userop leaves out.
var kernelErrors = map[[4]byte][3]string{
	{0x00, 0x7e, 0x47, 0x2e}: {"CallViolatesTargetRule", "the call policy does not allow this target", "call only what the session key was granted, or grant it"},
	{0x1c, 0x49, 0xf4, 0xd1}: {"InvalidCallData", "the call policy cannot read the calldata", "call through execute as the SDK encodes it"},
	{0x59, 0xd5, 0x2e, 0x40}: {"CallViolatesParamRule", "an argument is outside of what the call policy allows", "compare the arguments with the rules of the grant"},
	{0x5b, 0x78, 0x12, 0xd4}: {"CallViolatesValueRule", "the value is above what the call policy allows", "send less, or grant more"},
	{0x3e, 0x49, 0x83, 0xf6}: {"PolicyFailed", "one policy of the session key refused; the argument is its position", "look at the policy of that position: rate limit, gas, time"},
	{0x39, 0xd2, 0xeb, 0x55}: {"InvalidCallType", "the call policy does not allow this kind of call", "use a single call"},
}

// commonErrors are recognised even where their arguments are damaged.
var commonErrors = map[[4]byte]string{
	{0x22, 0x02, 0x66, 0xb6}: "FailedOp", {0x65, 0xc8, 0xfd, 0x4d}: "FailedOpWithRevert", {0x08, 0xc3, 0x79, 0xa0}: "Error",
}

// revertData recognises what a contract reverted with.
func (in *inspector) revertData(b []byte) (Reading, bool) {
	if len(b) < 4 {
		return Reading{}, false
	}
	if e, ok := kernelErrors[[4]byte(b[:4])]; ok {
		r := Reading{Kind: "revert", Title: "revert data: " + e[0], Likelihood: Certain}
		r.fact("error", e[0])
		if len(b) > 4 {
			r.fact("arguments", hexOf(b[4:]))
		}
		r.wrong("reverted", e[1], "a ZeroDev Kernel session key", e[2])
		return r, true
	}
	rev := userop.DecodeRevert(b)
	if name, ok := commonErrors[[4]byte(b[:4])]; ok && rev.Name == "" {
		r := Reading{Kind: "revert", Title: "revert data: " + name, Likelihood: Likely}
		r.fact("bytes", hexOf(b))
		r.wrong("malformed", fmt.Sprintf("it starts as %s does and does not decode", name), "cut, or edited: a log that shortens long values", "get the whole data: it has 4 bytes and full words of 32")
		return r, true
	}
	if rev.Name == "" {
		return Reading{}, false
	}
	r := Reading{Kind: "revert", Title: "revert data: " + rev.Name, Likelihood: Certain}
	in.explainRevert(&r, rev)
	return r, true
}

// explainRevert prints the whole chain of errors; the innermost known way out wins.
func (in *inspector) explainRevert(r *Reading, rev *userop.Revert) {
	message, source, hint := "", "", ""
	for depth := 0; rev != nil; rev, depth = rev.Inner, depth+1 {
		name := "error"
		if depth > 0 {
			name = strings.Repeat("inner ", depth) + "error"
		}
		text := rev.Name
		if rev.Reason != "" {
			text = strings.TrimPrefix(text+": "+shown(rev.Reason), ": ")
		}
		if text == "" {
			text = hexOf(rev.Data)
			if e, ok := selectorError(rev.Data); ok {
				text, source, hint = e[0], e[1], e[2]
			}
		}
		r.fact(name, text)
		if rev.OpIndex >= 0 {
			r.fact("operation", fmt.Sprintf("number %d of the bundle", rev.OpIndex))
		}
		if rev.Code != "" {
			message = rev.Code
			if code, ok := userop.LookupCode(rev.Code); ok {
				message += " " + code.Name + ": " + code.Cause
			}
		}
		source, hint = or(rev.Cause, source), or(rev.Hint, hint)
		if message == "" {
			message = text
		}
	}
	if strings.HasSuffix(message, source) {
		source = ""
	}
	r.wrong("reverted", message, source, hint)
}

func selectorError(data []byte) ([3]string, bool) {
	if len(data) < 4 {
		return [3]string{}, false
	}
	e, ok := kernelErrors[[4]byte(data[:4])]
	return e, ok
}

var (
	aaCode    = regexp.MustCompile(`\bAA[0-9]{2}\b`)
	hexInText = regexp.MustCompile(`0x[0-9a-fA-F]{8,}`)
)

// bundlerText recognises a bundler's error as it stands in a log: text that holds
// an AAxx code, or words and revert data.
func (in *inspector) bundlerText(b []byte) (Reading, bool) {
	if !utf8.Valid(b) || b[0] == '{' || b[0] == '[' || bytes.ContainsFunc(b, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\r' && r != '\t' }) {
		return Reading{}, false
	}
	if !aaCode.Match(b) && (!bytes.ContainsAny(b, " ") || !hexInText.Match(b)) {
		return Reading{}, false
	}
	r := Reading{Kind: "bundler-error", Title: "error text of a bundler or node", Likelihood: Likely}
	in.explainText(&r, string(b))
	if len(r.Findings) == 0 && len(r.Parts) == 0 {
		return Reading{}, false
	}
	return r, true
}

// explainText explains the codes and the hex inside a message.
func (in *inspector) explainText(r *Reading, text string) {
	seen := map[string]bool{}
	for _, id := range aaCode.FindAllString(text, maxParts) {
		if seen[id] {
			continue
		}
		seen[id] = true
		if code, ok := userop.LookupCode(id); ok {
			r.fact(id, code.Name+", EntryPoint "+strings.ReplaceAll(code.Versions, " ", ", "))
			r.wrong(strings.ToLower(id), id+" "+code.Name+": "+code.Cause, "", code.Hint)
		} else {
			r.wrong(strings.ToLower(id), id+" is no code of an EntryPoint known here", "a newer EntryPoint, or a bundler's own code", "")
		}
	}
	for _, text := range hexInText.FindAllString(text, maxParts) {
		if len(text)%2 == 1 {
			continue
		}
		data, err := hex.DecodeString(text[2:])
		if err != nil {
			continue
		}
		if part, ok := in.revertData(data); ok {
			r.Parts = append(r.Parts, part)
		}
	}
}
