// The signatures that every verifier gets: assertions of passkeys, always the same.

package gasreport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
)

// How many signatures there are, and of how many keys.
const (
	Signatures = 240
	Keys       = 30
)

// Assertion is a passkey's signature over a challenge, in the parts that verifiers take. What is verified raw is the
// digest of the same assertion.
type Assertion struct {
	Challenge [32]byte
	AuthData  []byte
	Origin    string
	Signature passkey.Signature // s is low
	Public    passkey.PublicKey
	Table     p256table.Key // the public key again
	Inverse   []byte        // of s: the hint of verifiers with a table
	Hints     []byte        // those of the verifier without a table
}

// ClientData is what a browser writes: 132 bytes.
func (a *Assertion) ClientData() []byte {
	return fmt.Appendf(nil, `{"type":"webauthn.get","challenge":"%s","origin":"%s","crossOrigin":false}`,
		base64.RawURLEncoding.EncodeToString(a.Challenge[:]), a.Origin)
}

// Digest is what is signed.
func (a *Assertion) Digest() [32]byte {
	inner := sha256.Sum256(a.ClientData())
	return sha256.Sum256(append(append([]byte(nil), a.AuthData...), inner[:]...))
}

// parsed is the assertion as package seal takes it.
func (a *Assertion) parsed() (*passkey.Assertion, error) {
	authData, err := passkey.ParseAuthenticatorData(a.AuthData)
	if err != nil {
		return nil, err
	}
	clientData, err := passkey.ParseClientData(a.ClientData())
	if err != nil {
		return nil, err
	}
	return &passkey.Assertion{AuthData: authData, ClientData: clientData, Signature: a.Signature}, nil
}

// assertions makes them. Each key signs eight challenges in turn.
func assertions() ([]*Assertion, error) {
	var all []*Assertion
	for i := range Signatures {
		a, err := newAssertion(i)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// awkward are valid signatures of which one in 256 is: with u1 = h/s and u2 = r/s, bits 63, 127, 191 and 255 of both are
// zero. A verifier that reads one bit of each quarter at a time begins with nothing.
func awkward(count int) (all []*Assertion, err error) {
	n := elliptic.P256().Params().N
	for i := Signatures; len(all) < count; i++ {
		a, err := newAssertion(i)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i, err)
		}
		bits := uint(0)
		digest, inverse := a.Digest(), new(big.Int).SetBytes(a.Inverse)
		for _, factor := range [][]byte{digest[:], a.Signature.R[:]} {
			u := new(big.Int).SetBytes(factor)
			u.Mul(u, inverse).Mod(u, n)
			bits += u.Bit(63) + u.Bit(127) + u.Bit(191) + u.Bit(255)
		}
		if bits == 0 {
			all = append(all, a)
		}
	}
	return all, nil
}

func newAssertion(i int) (*Assertion, error) {
	d := seeded("key", i%Keys) // below n but for one seed in four billion, and then the key is refused
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	if err != nil {
		return nil, err
	}
	public, err := passkey.NewPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	rp := sha256.Sum256([]byte("example.com"))
	a := &Assertion{
		Challenge: seeded("challenge", i),
		AuthData:  append(rp[:], byte(passkey.FlagUP|passkey.FlagUV), 0, 0, 0, byte(i)),
		Origin:    "https://example.com",
		Public:    public,
	}
	digest := a.Digest()
	der, err := private.Sign(nil, digest[:], crypto.SHA256) // without randomness: RFC 6979
	if err != nil {
		return nil, err
	}
	if a.Signature, err = passkey.ParseDER(der); err != nil {
		return nil, err
	}
	if a.Table, err = p256table.NewKey(public.X(), public.Y()); err != nil {
		return nil, err
	}
	inverse, err := p256hint.Inverse(a.Signature.S)
	if err != nil {
		return nil, err
	}
	hints, err := p256hint.For(digest, a.Signature.R, a.Signature.S, public.X(), public.Y())
	if err != nil {
		return nil, err
	}
	a.Inverse, a.Hints = inverse[:], hints.Bytes()
	return a, nil
}

func seeded(what string, i int) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "postern gas report, %s %d", what, i))
}

// flips are the changes that make a signature invalid, each of one bit or, of the key, of all. Hints stay as they are.
var flips = []struct {
	name string
	flip func(a, other *Assertion)
}{
	{"the challenge", func(a, _ *Assertion) { a.Challenge[13] ^= 0x10 }},
	{"the authenticator data", func(a, _ *Assertion) { a.AuthData = append([]byte{a.AuthData[0] ^ 1}, a.AuthData[1:]...) }},
	{"the origin", func(a, _ *Assertion) { a.Origin = "https://examplf.com" }},
	{"r", func(a, _ *Assertion) { a.Signature.R[31] ^= 1 }},
	{"s", func(a, _ *Assertion) { a.Signature.S[20] ^= 4 }},
	{"the key", func(a, other *Assertion) { a.Public, a.Table = other.Public, other.Table }},
}

// flipped is assertion i of all with one of the flips.
func flipped(all []*Assertion, i int) (a *Assertion, what string, err error) {
	changed := *all[i]
	f := flips[i%len(flips)]
	f.flip(&changed, all[(i+1)%len(all)])
	digest := changed.Digest()
	r, s := new(big.Int).SetBytes(changed.Signature.R[:]), new(big.Int).SetBytes(changed.Signature.S[:])
	if ecdsa.Verify(changed.Public.ECDSA(), digest[:], r, s) {
		return nil, "", fmt.Errorf("signature %d is valid with %s changed", i, f.name)
	}
	return &changed, f.name, nil
}
