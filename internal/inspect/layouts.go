package inspect

import (
	"fmt"
	"strings"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/seal"
)

// A layout says what one on-chain verifier demands beyond what all demand (UP set,
// BS only with BE, type webauthn.get, challenge equal, signature good).
type layout struct {
	kind, title string
	needsUV     bool // refuses an assertion without user verification
	takesHighS  bool // accepts the high twin of s
	fixedPlace  bool // the client data must start {"type":"webauthn.get","challenge":"
}

var (
	layoutHybrid      = layout{kind: "metamask-hybrid-webauthn", title: "MetaMask Hybrid account: WebAuthn signature"}
	layoutKernel      = layout{kind: "kernel-webauthn", title: "ZeroDev Kernel: WebAuthn signer signature", needsUV: true, fixedPlace: true}
	layoutCoinbase    = layout{kind: "coinbase-webauthn", title: "Coinbase Smart Wallet: WebAuthn signature"}
	layoutWebAuthnSol = layout{kind: "webauthn-struct", title: "WebAuthnAuth struct (Coinbase webauthn-sol, Solady)"}
	layoutOZ          = layout{kind: "openzeppelin-webauthn", title: "OpenZeppelin SignerWebAuthn / ERC7913WebAuthnVerifier signature", needsUV: true}
	layoutSafe        = layout{kind: "safe-webauthn", title: "Safe passkey signer (SafeWebAuthnSigner) signature", needsUV: true, takesHighS: true}
	layoutSolady      = layout{kind: "solady-webauthn-compact", title: "Solady WebAuthn, compact form"}
	layoutPostern     = layout{kind: "postern-passkey", title: "Postern account: passkey approval"}
)

// assertionParts is what every layout carries, in its own order and wrapping.
type assertionParts struct {
	layout         layout
	authData       []byte
	clientData     []byte // nil when the layout needs the challenge to rebuild it
	challenge      []byte // known to have been signed, or nil
	r, s           [32]byte
	challengeIndex int // where the verifier looks for "challenge":, -1: the layout has none
	typeIndex      int // where it looks for "type":, -1: the layout has none
}

// index shows a position read from a word; a huge one is not a position.
func index(word [32]byte) (int, string) {
	if n, ok := smallUint(word[:]); ok {
		return n, fmt.Sprint(n)
	}
	return 1 << 30, "0x" + bigOf(word[:]).Text(16)
}

// coinbaseSignature: abi.encode(SignatureWrapper{ownerIndex, signatureData}) around
// the struct WebAuthnAuth, or that struct alone.
func (in *inspector) coinbaseSignature(b []byte) (Reading, bool) {
	if auth, err := abituple.DecodeStruct(b, "ddwwww"); err == nil {
		r := Reading{Kind: layoutWebAuthnSol.kind, Title: layoutWebAuthnSol.title, Likelihood: Certain}
		in.webAuthnAuth(&r, auth, layoutWebAuthnSol)
		return r, true
	}
	wrapper, err := abituple.DecodeStruct(b, "wd")
	if err != nil {
		return Reading{}, false
	}
	n, owner := index(wrapper[0].Word)
	if n > 1<<20 {
		return Reading{}, false
	}
	inner := wrapper[1].Data
	if auth, err := abituple.DecodeStruct(inner, "ddwwww"); err == nil {
		r := Reading{Kind: layoutCoinbase.kind, Title: layoutCoinbase.title, Likelihood: Certain}
		r.fact("owner index", owner)
		in.webAuthnAuth(&r, auth, layoutCoinbase)
		return r, true
	}
	r := Reading{Kind: "coinbase-wrapper", Title: "Coinbase Smart Wallet: signature of an owner", Likelihood: Likely}
	r.fact("owner index", owner)
	if part, ok := in.part(inner); ok {
		r.Parts = append(r.Parts, part)
	}
	if len(inner) != 65 {
		r.Likelihood = Possible
		r.wrong("coinbase-inner", fmt.Sprintf("the inner signature has %d bytes and is neither a WebAuthnAuth struct nor 65 bytes of r, s, v", len(inner)),
			"a signature encoded for another account kind", "encode abi.encode(WebAuthnAuth(authenticatorData, clientDataJSON, challengeIndex, typeIndex, r, s)) inside the wrapper")
	}
	return r, true
}

// webAuthnAuth explains (authenticatorData, clientDataJSON, challengeIndex, typeIndex, r, s).
func (in *inspector) webAuthnAuth(r *Reading, f []abituple.Field, l layout) {
	p := assertionParts{layout: l, authData: f[0].Data, clientData: f[1].Data, r: f[4].Word, s: f[5].Word}
	var text string
	p.challengeIndex, text = index(f[2].Word)
	r.fact("challenge index", text)
	p.typeIndex, text = index(f[3].Word)
	r.fact("type index", text)
	in.explainSigned(r, p)
}

// openZeppelinSignature: the flat tuple (r, s, challengeIndex, typeIndex,
// authenticatorData, clientDataJSON), without a leading offset.
func (in *inspector) openZeppelinSignature(b []byte) (Reading, bool) {
	f, err := abituple.Decode(b, "wwwwdd")
	wrapped := false
	if err != nil {
		if f, err = abituple.DecodeStruct(b, "wwwwdd"); err != nil {
			return Reading{}, false
		}
		wrapped = true
	}
	r := Reading{Kind: layoutOZ.kind, Title: layoutOZ.title, Likelihood: Certain}
	if wrapped {
		r.wrong("leading-offset", "it starts with the word 0x20, so the contract reads every field one word too early and refuses it",
			"abi.encode of the struct as one value", "encode the six fields as a flat tuple: abi.encode(r, s, challengeIndex, typeIndex, authenticatorData, clientDataJSON)")
	}
	p := assertionParts{layout: layoutOZ, r: f[0].Word, s: f[1].Word, authData: f[4].Data, clientData: f[5].Data}
	var text string
	p.challengeIndex, text = index(f[2].Word)
	r.fact("challenge index", text)
	p.typeIndex, text = index(f[3].Word)
	r.fact("type index", text)
	in.explainSigned(&r, p)
	return r, true
}

// safeSignature: (authenticatorData, the client data's members after the challenge,
// r, s); alone, or inside a Safe's own list of signatures as a contract signature,
// with or without the validity times of the 4337 module in front.
func (in *inspector) safeSignature(b []byte) (Reading, bool) {
	if f, err := abituple.Decode(b, "ddww"); err == nil {
		r := Reading{Kind: layoutSafe.kind, Title: layoutSafe.title, Likelihood: Certain}
		r.fact("client data fields", show(f[1].Data))
		p := assertionParts{layout: layoutSafe, authData: f[0].Data, r: f[2].Word, s: f[3].Word, challengeIndex: -1, typeIndex: -1}
		if len(in.opt.Challenge) > 0 && in.op == nil {
			p.challenge = in.opt.Challenge
			p.clientData = fmt.Appendf(nil, `{"type":"webauthn.get","challenge":"%s",%s}`, base64URL(p.challenge), f[1].Data)
		}
		if fields := string(f[1].Data); strings.HasPrefix(fields, "{") || strings.Contains(fields, `"challenge":`) {
			r.wrong("safe-fields", "the client data fields hold more than what follows the challenge",
				"the whole clientDataJSON was passed", `pass only the text between "challenge":"…", and the closing brace`)
		}
		in.explainSigned(&r, p)
		return r, true
	}
	for _, head := range []int{0, 12} {
		if r, ok := in.safeContractSignature(b, head); ok {
			return r, true
		}
	}
	return Reading{}, false
}

// safeContractSignature reads a Safe's list of signatures by owners that are contracts.
func (in *inspector) safeContractSignature(b []byte, head int) (Reading, bool) {
	owners, err := seal.ParseSafeSignatures(b[min(head, len(b)):])
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "safe-contract-signature", Title: "Safe: signature by a contract owner", Likelihood: Certain}
	if head > 0 {
		r.Title = "Safe 4337 module: signature by a contract owner"
		r.fact("valid after", unixTime(b[:6]))
		r.fact("valid until", unixTime(b[6:12]))
	}
	for i, o := range owners {
		if i == maxParts {
			r.note("more", fmt.Sprintf("%d more owners are not shown", len(owners)-i))
			break
		}
		r.fact("owner", hexOf(o.Owner[:]))
		if part, ok := in.part(o.Signature); ok {
			r.Parts = append(r.Parts, part)
		}
	}
	return r, true
}

// soladyCompact: authenticatorData length (2) ‖ authenticatorData ‖ clientDataJSON ‖
// challengeIndex (2) ‖ typeIndex (2) ‖ r ‖ s.
func (in *inspector) soladyCompact(b []byte) (Reading, bool) {
	if len(b) < 2+37+70+68 {
		return Reading{}, false
	}
	size, end := int(b[0])<<8|int(b[1]), len(b)-68
	if size < 37 || size > 512 || 2+size >= end || b[2+size] != '{' || b[end-1] != '}' {
		return Reading{}, false
	}
	r := Reading{Kind: layoutSolady.kind, Title: layoutSolady.title, Likelihood: Likely}
	p := assertionParts{
		layout: layoutSolady, authData: b[2 : 2+size], clientData: b[2+size : end],
		challengeIndex: int(b[end])<<8 | int(b[end+1]), typeIndex: int(b[end+2])<<8 | int(b[end+3]),
		r: [32]byte(b[end+4 : end+36]), s: [32]byte(b[end+36:]),
	}
	r.fact("challenge index", fmt.Sprint(p.challengeIndex))
	r.fact("type index", fmt.Sprint(p.typeIndex))
	in.explainSigned(&r, p)
	return r, true
}
