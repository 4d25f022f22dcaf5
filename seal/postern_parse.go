// Reading the layout "postern v1".

package seal

import (
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// MaxPostern is the longest signature that is read, in bytes. The account has no
// such limit but gas.
const MaxPostern = 1 << 20

// ParsePostern reads an account's signature to its last byte. It refuses what
// the account refuses whatever the hash, but for two things only the chain can
// tell: whether a signer is one of the account's, and what a contract makes of
// its signature. The result refers to b.
func ParsePostern(b []byte) ([]PosternApproval, error) {
	if len(b) == 0 || len(b) > MaxPostern {
		return nil, malformed("signature", "%d bytes, not 1 to %d", len(b), MaxPostern)
	}
	var out []PosternApproval
	r := reader{b: b}
	for len(r.b) > 0 {
		where := fmt.Sprintf("approval %d", len(out)+1)
		a, err := r.approval(where)
		if err != nil {
			return nil, err
		}
		if err := a.check(where); err != nil {
			return nil, err
		}
		if n := len(out); n > 0 && out[n-1].Signer.ID().Cmp(a.Signer.ID()) >= 0 {
			return nil, malformed(where, "not after the one before it in the order of keccak256(signer)")
		}
		out = append(out, a)
	}
	return out, nil
}

// reader takes fields from the front of b; short remembers that one did not fit.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short = true
		r.b = nil
		return make([]byte, min(n, 131)) // n beyond that comes from a length field; nobody reads it
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint16() int { return int(binary.BigEndian.Uint16(r.take(2))) }

func (r *reader) approval(where string) (a PosternApproval, err error) {
	switch a.Kind = PosternKind(r.take(1)[0]); a.Kind {
	case PosternKindECDSA:
		if a.Signer, err = ParseSigner(r.take(common.AddressLength)); err == nil {
			a.ECDSA = [65]byte(r.take(65))
		}
	case PosternKindPasskey, PosternKindPasskeyGeneral, PosternKindPasskeyHints, PosternKindPasskeyGeneralHints:
		err = r.passkey(&a)
	case PosternKindContract:
		signer := r.take(r.uint16())
		a.Inner = r.take(r.uint16())
		if !r.short {
			a.Signer, err = ParseSigner(signer)
		}
	default:
		return a, malformed(where, "unknown kind %#02x", byte(a.Kind))
	}
	switch {
	case r.short:
		return a, malformed(where, "ends too early")
	case err != nil:
		return a, fmt.Errorf("%s: %w", where, err)
	}
	return a, nil
}

func (r *reader) passkey(a *PosternApproval) error {
	xyRule := r.take(65)
	r.assertion(a)
	if r.short {
		return nil
	}
	key, err := passkey.ParseRaw(xyRule[:64])
	if err != nil {
		return err
	}
	rule, err := ParseRule(xyRule[64])
	if err != nil {
		return err
	}
	a.Signer, err = PasskeySigner(key, rule)
	return err
}

// assertion reads what appendAssertion writes.
func (r *reader) assertion(a *PosternApproval) {
	rs := r.take(64)
	a.Signature = passkey.Signature{R: [32]byte(rs), S: [32]byte(rs[32:])}
	a.AuthData = r.take(int(r.take(1)[0]))
	if a.Kind.isGeneral() {
		a.TypeIndex = r.uint16()
		a.Prefix = r.take(r.uint16())
	} else {
		a.TypeIndex, a.Prefix = 1, []byte(fixedPrefix)
	}
	a.Suffix = r.take(r.uint16())
	if a.Kind.hasHints() {
		a.Hints = r.take(int(r.take(1)[0]))
	}
}
