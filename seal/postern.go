// The layout "postern v1" of WebAuthnAccount: approvals and how they are joined.

package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// PosternKind is the first byte of an approval.
type PosternKind byte

// The kinds of approval.
const (
	PosternKindECDSA          PosternKind = 0x01 // secp256k1 over the bare hash
	PosternKindPasskey        PosternKind = 0x02 // clientDataJSON in the fixed form
	PosternKindPasskeyGeneral PosternKind = 0x03 // clientDataJSON in any other member order
	PosternKindContract       PosternKind = 0x04 // ERC-1271 or ERC-7913

	PosternKindPasskeyHints        PosternKind = 0x05 // 0x02 and hints
	PosternKindPasskeyGeneralHints PosternKind = 0x06 // 0x03 and hints
)

// IsPasskey reports whether approvals of this kind are a passkey's.
func (k PosternKind) IsPasskey() bool { return k.isGeneral() || k.isFixed() }

func (k PosternKind) isFixed() bool {
	return k == PosternKindPasskey || k == PosternKindPasskeyHints
}

func (k PosternKind) isGeneral() bool {
	return k == PosternKindPasskeyGeneral || k == PosternKindPasskeyGeneralHints
}

func (k PosternKind) hasHints() bool {
	return k == PosternKindPasskeyHints || k == PosternKindPasskeyGeneralHints
}

// withHints is the kind of the same form with hints or without.
func (k PosternKind) withHints(hints bool) PosternKind {
	switch {
	case k.isFixed() && hints:
		return PosternKindPasskeyHints
	case k.isFixed():
		return PosternKindPasskey
	case hints:
		return PosternKindPasskeyGeneralHints
	}
	return PosternKindPasskeyGeneral
}

func (k PosternKind) String() string {
	switch k {
	case PosternKindECDSA:
		return "secp256k1"
	case PosternKindPasskey:
		return "passkey"
	case PosternKindPasskeyGeneral:
		return "passkey, general form"
	case PosternKindContract:
		return "contract"
	case PosternKindPasskeyHints:
		return "passkey, with hints"
	case PosternKindPasskeyGeneralHints:
		return "passkey, general form, with hints"
	}
	return "unknown"
}

// PosternApproval is one signer's approval. The functions of this package make
// it; [ParsePostern] reads it.
type PosternApproval struct {
	Kind   PosternKind
	Signer Signer

	// Of a passkey: the signature, the authenticator data, and clientDataJSON
	// cut around the text of the challenge. Prefix is always set; TypeIndex is
	// where `"type":"webauthn.get"` stands, 1 in the fixed form.
	Signature passkey.Signature
	AuthData  []byte
	TypeIndex int
	Prefix    []byte
	Suffix    []byte

	// Of a passkey of the kinds with hints: 32 or 128 bytes that make verifying
	// cheaper and can change nothing else. Nobody signs them. See [P256Path].
	Hints []byte

	// Of a secp256k1 key: r ‖ s ‖ v with low s and v 27 or 28.
	ECDSA [65]byte

	// Of a contract: what its verifier takes for a signature.
	Inner []byte
}

// Postern joins approvals into an account's signature. Their order does not
// matter; two by one signer are refused. The result is what the account takes
// as an operation's signature, and inside ERC-7739.
func Postern(approvals ...PosternApproval) ([]byte, error) {
	if len(approvals) == 0 {
		return nil, malformed("signature", "no approvals")
	}
	sorted := slices.Clone(approvals)
	slices.SortFunc(sorted, func(a, b PosternApproval) int { return a.Signer.ID().Cmp(b.Signer.ID()) })
	var out []byte
	for i := range sorted {
		if i > 0 && sorted[i].Signer == sorted[i-1].Signer {
			return nil, malformed("signature", "two approvals by %s", sorted[i].Signer)
		}
		var err error
		if out, err = sorted[i].appendTo(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ClientDataJSON is what the passkey's client made of the hash that was
// approved; nil for other kinds.
func (a *PosternApproval) ClientDataJSON(hash common.Hash) []byte {
	if !a.Kind.IsPasskey() {
		return nil
	}
	return joinChallenge(a.Prefix, hash, a.Suffix)
}

// Digest is what the passkey's key signed if hash was approved:
// SHA-256(authData ‖ SHA-256(clientDataJSON)); zero for other kinds.
func (a *PosternApproval) Digest(hash common.Hash) [32]byte {
	if !a.Kind.IsPasskey() {
		return [32]byte{}
	}
	client := sha256.Sum256(a.ClientDataJSON(hash))
	return sha256.Sum256(slices.Concat(a.AuthData, client[:]))
}

// appendTo writes the approval after checking it as the parser would.
func (a *PosternApproval) appendTo(b []byte) ([]byte, error) {
	if err := a.check("approval by " + a.Signer.String()); err != nil {
		return nil, err
	}
	b = append(b, byte(a.Kind))
	switch a.Kind {
	case PosternKindECDSA:
		b = append(b, a.Signer.bytes...)
		return append(b, a.ECDSA[:]...), nil
	case PosternKindContract:
		b = appendField16(b, a.Signer.bytes)
		return appendField16(b, string(a.Inner)), nil
	}
	b = append(b, a.Signer.bytes[common.AddressLength:]...) // x y rule
	return a.appendAssertion(b), nil
}

// appendAssertion writes what follows a passkey's name, in the account's
// signature and in P256Verifier's.
func (a *PosternApproval) appendAssertion(b []byte) []byte {
	b = append(b, a.Signature.P1363()...)
	b = append(b, byte(len(a.AuthData)))
	b = append(b, a.AuthData...)
	if a.Kind.isGeneral() {
		b = binary.BigEndian.AppendUint16(b, uint16(a.TypeIndex))
		b = appendField16(b, string(a.Prefix))
	}
	b = appendField16(b, string(a.Suffix))
	if a.Kind.hasHints() {
		b = append(b, byte(len(a.Hints)))
		b = append(b, a.Hints...)
	}
	return b
}

func appendField16(b []byte, field string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(field))), field...)
}

// check refuses what the account would call malformed, or never valid whatever
// the hash.
func (a *PosternApproval) check(where string) error {
	switch a.Kind {
	case PosternKindECDSA:
		if !a.Signer.IsAddress() {
			return malformed(where, "a secp256k1 signer is an address")
		}
		return checkECDSA(where, a.ECDSA)
	case PosternKindContract:
		if _, _, isPasskey := a.Signer.Passkey(); isPasskey || a.Signer.IsZero() {
			return malformed(where, "a passkey does not sign as a contract")
		}
		if len(a.Inner) > math.MaxUint16 {
			return malformed(where, "a signature of %d bytes, at most %d", len(a.Inner), math.MaxUint16)
		}
		return nil
	}
	if a.Kind.IsPasskey() {
		return a.checkPasskey(where)
	}
	return malformed(where, "unknown kind %#02x", byte(a.Kind))
}

func (a *PosternApproval) checkPasskey(where string) error {
	if _, _, isPasskey := a.Signer.Passkey(); !isPasskey {
		return malformed(where, "the signer is no passkey")
	}
	if err := checkSignature(where, a.Signature); err != nil {
		return err
	}
	switch {
	case len(a.AuthData) < 37:
		return malformed(where, "authenticator data of %d bytes, at least 37", len(a.AuthData))
	case len(a.AuthData) > math.MaxUint8:
		return malformed(where, "authenticator data of %d bytes, at most %d", len(a.AuthData), math.MaxUint8)
	case len(a.Prefix) > math.MaxUint16 || len(a.Suffix) > math.MaxUint16:
		return malformed(where, "client data longer than %d bytes", math.MaxUint16)
	case len(a.Suffix) == 0 || a.Suffix[0] != '"':
		return malformed(where, "no quote after the challenge")
	case a.Kind.hasHints() && len(a.Hints) != hintsTable && len(a.Hints) != hintsNoTable:
		return malformed(where, "hints of %d bytes, not %d or %d", len(a.Hints), hintsTable, hintsNoTable)
	case !a.Kind.hasHints() && len(a.Hints) > 0:
		return malformed(where, "hints in a kind that has none")
	}
	if a.Kind.isFixed() {
		if a.TypeIndex != 1 || string(a.Prefix) != fixedPrefix {
			return malformed(where, "client data of the general form")
		}
		return nil
	}
	return a.checkGeneral(where)
}

// checkGeneral checks what the account asks of clientDataJSON in any member
// order. See WebAuthnCheck.sol for why this suffices.
func (a *PosternApproval) checkGeneral(where string) error {
	opens := func(b []byte, at int) bool { return at >= 0 && at < len(b) && (b[at] == '{' || b[at] == ',') }
	p := a.Prefix
	switch {
	case !bytes.HasSuffix(p, []byte(challengeKey)) || !opens(p, len(p)-len(challengeKey)-1):
		return malformed(where, "the challenge does not stand where the client data is cut")
	case p[0] != '{':
		return malformed(where, "client data does not start with a brace")
	case a.TypeIndex < 1 || a.TypeIndex > math.MaxUint16:
		return malformed(where, "type at index %d, not 1 to %d", a.TypeIndex, math.MaxUint16)
	case a.TypeIndex == 1 && len(p) == len(fixedPrefix):
		return malformed(where, "client data of the fixed form")
	}
	json := a.ClientDataJSON(common.Hash{})
	at := a.TypeIndex
	if !opens(json, at-1) || !bytes.HasPrefix(json[at:], []byte(typeMember)) {
		return malformed(where, "no %s at index %d", typeMember, at)
	}
	return nil
}
