package inspect

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// Who acts for a Kernel account, as a nonce names it, and what a session key may do, in
// the words of grants.

// kernelActor says what the nonce key of an operation means, if it can be one of Kernel's:
// a permission, or a validator that is known. Any number is some nonce key.
func kernelActor(key *big.Int) (text string, certain, ok bool) {
	k, err := kernel.ParseNonceKey(key)
	if err != nil {
		return "", false, false
	}
	lane := ""
	if k.Lane != 0 {
		lane = fmt.Sprintf(", lane 0x%04x", uint16(k.Lane))
	}
	mode := "in use"
	if k.Mode == kernel.ModeEnable {
		mode = "enabled by the same signature"
	}
	name, known := kernelValidator(k.Validation().Validator())
	switch k.Type {
	case kernel.TypePermission:
		id := k.Validation().Permission()
		return fmt.Sprintf("Kernel's permission %s, %s%s", id, mode, lane), id != kernel.PermissionID{}, true
	case kernel.TypeValidator:
		return fmt.Sprintf("Kernel's validator %s, %s%s", or(name, k.Validation().Validator().Hex()), mode, lane), known, true
	}
	return fmt.Sprintf("the owner of a Kernel account, by the %s%s", name, lane), known, known
}

// kernelValidator names a validator's contract.
func kernelValidator(a common.Address) (string, bool) {
	for _, v := range []kernel.Validator{kernel.MultiChainECDSA{}, kernel.MultiChainWebAuthn{}, kernel.WebAuthn{}} {
		if at, err := v.Contract(kernel.V033); err == nil && at == a {
			return validatorNames[fmt.Sprintf("%T", v)], true
		}
	}
	for _, version := range []kernel.ValidatorVersion{kernel.WebAuthn001, kernel.WebAuthn002} {
		if at, err := (kernel.WebAuthn{Version: version, DangerVulnerable: true}).Contract(kernel.V033); err == nil && at == a {
			return "WebAuthn validator " + string(version) + ", which takes any signature of the passkey", true
		}
	}
	if at, err := (kernel.MultiChainWebAuthn{Version: kernel.WebAuthn001, DangerVulnerable: true}).Contract(kernel.V033); err == nil && at == a {
		return "multi-chain WebAuthn validator 0.0.1, which its makers call unpatched", true
	}
	for _, d := range kernel.Deployments() {
		if d.ECDSA == a {
			return "ECDSA validator", true
		}
	}
	return "", false
}

var validatorNames = map[string]string{
	"kernel.MultiChainECDSA":    "multi-chain ECDSA validator",
	"kernel.MultiChainWebAuthn": "multi-chain WebAuthn validator",
	"kernel.WebAuthn":           "WebAuthn validator",
}

// kernelNonce recognises a nonce or nonce key of Kernel, standing alone: 24 bytes, or 32
// with the sequence.
func (in *inspector) kernelNonce(b []byte) (Reading, bool) {
	if len(b) != 24 && len(b) != 32 {
		return Reading{}, false
	}
	text, certain, ok := kernelActor(bigOf(b[:24]))
	if !ok || !certain {
		return Reading{}, false
	}
	r := Reading{Kind: "kernel-nonce-key", Title: "ZeroDev Kernel: nonce key of an operation", Likelihood: Certain}
	r.fact("approves", text)
	if len(b) == 32 {
		r.Kind, r.Title = "kernel-nonce", "ZeroDev Kernel: nonce of an operation"
		r.fact("nonce key", hexOf(b[:24]))
		r.fact("sequence", bigOf(b[24:]).String())
	}
	return r, true
}

// numberCandidate reads long numbers as nodes and libraries write them: a quantity without
// leading zeros, or decimal digits.
func numberCandidate(text string) (candidate, bool) {
	digits, base := text, 10
	if hasHexPrefix(text) {
		digits, base = text[2:], 16
	} else if n := len(text); n > 0 && text[n-1] == 'n' { // as JavaScript prints bigints
		digits = text[:n-1]
	}
	if len(digits) < 40 || len(digits) > 78 || base == 16 && len(digits)%16 == 0 {
		return candidate{}, false
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || n.Sign() < 0 || n.BitLen() > 256 {
		return candidate{}, false
	}
	size := 32
	if n.BitLen() <= 192 && base == 16 && len(digits) <= 48 {
		size = 24
	}
	return candidate{encoding: "number", data: n.FillBytes(make([]byte, size))}, true
}

// permission explains what a session key may do.
func (in *inspector) permission(p kernel.Permission) Reading {
	r := Reading{Kind: "kernel-permission", Title: "what the session key may do", Likelihood: Certain}
	r.fact("permission id", p.ID().String())
	signerFacts(&r, p.Signer)
	g := grant.Grant{Flag: grant.Flag(p.Flag)}
	for i, entry := range p.Policies {
		policy, err := grant.DecodeKernelEntry(entry)
		if err != nil {
			r.wrong("policy", fmt.Sprintf("policy %d cannot be read: %s", i+1, withoutPackage(err)), "another encoder than the SDK's, or bytes that were changed", "")
			return r
		}
		g.Policies = append(g.Policies, policy)
	}
	if err := p.Check(); err != nil {
		r.wrong("signer", withoutPackage(err), "", wayOut(err))
	}
	in.grantWords(&r, g)
	return r
}

// grantWords adds what a grant allows, and its traps.
func (in *inspector) grantWords(r *Reading, g grant.Grant) {
	for i, line := range grant.Words(g, grant.Style{}) {
		if i == maxWords {
			r.note("more", "the rest of the words is not shown")
			break
		}
		r.fact("words "+strconv.Itoa(i+1), line)
	}
	// Time is not looked at: the same input gives the same report.
	facts := grant.Facts{}
	if in.opt.Account != nil {
		facts.Account = *in.opt.Account
	}
	for i, f := range grant.Check(g, facts) {
		if i == maxWords {
			r.note("more", "the rest of the findings is not shown")
			break
		}
		r.warn(string(f.Code), f.String(), "", f.Way)
	}
}

// maxWords is how many lines are shown of a grant.
const maxWords = 64

func signerFacts(r *Reading, s kernel.Signer) {
	if key, ok := s.ECDSA(); ok {
		r.fact("session key", "the secp256k1 key "+key.Hex())
		return
	}
	if key, credential, ok := s.WebAuthn(); ok {
		r.fact("session key", "the passkey "+key.String())
		r.fact("credential hash", credential.Hex())
		return
	}
	r.fact("signer", s.Contract.Hex()+", which is not known here")
	r.fact("signer's data", hexOf(s.Data))
}

// withoutPackage is an error's text without the name of the package that it came from.
func withoutPackage(err error) string {
	text := err.Error()
	for _, name := range []string{"kernel: ", "grant: ", "approval: ", "seal: "} {
		text = strings.TrimPrefix(text, name)
	}
	return text
}

// wayOut is the hint of an error that has one.
func wayOut(err error) string {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return h.Hint()
	}
	return ""
}
