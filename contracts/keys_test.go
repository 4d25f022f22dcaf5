// Keys of the tests: passkeys that sign whatever they are told, and secp256k1 keys.

package contracts_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	ethcrypto "github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// rawPasskey signs any flags and any client data, deterministically.
type rawPasskey struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	signer seal.Signer
}

func newPasskey(t testing.TB, label string, rule seal.Rule) *rawPasskey {
	t.Helper()
	d := new(big.Int).SetBytes(ethcrypto.Keccak256([]byte(label)))
	d.Mod(d, new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(1))).Add(d, big.NewInt(1))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return (&rawPasskey{t: t, key: key}).withRule(rule)
}

func (p *rawPasskey) public() passkey.PublicKey {
	k, err := passkey.NewPublicKey(&p.key.PublicKey)
	if err != nil {
		p.t.Fatal(err)
	}
	return k
}

// withRule is the same key as another signer.
func (p *rawPasskey) withRule(rule seal.Rule) *rawPasskey {
	p.t.Helper()
	s, err := seal.PasskeySigner(p.public(), rule)
	if err != nil {
		p.t.Fatal(err)
	}
	return &rawPasskey{t: p.t, key: p.key, signer: s}
}

// standardClientData is what a browser writes.
func standardClientData(hash common.Hash) []byte {
	return []byte(`{"type":"webauthn.get","challenge":"` + base64.RawURLEncoding.EncodeToString(hash[:]) +
		`","origin":"https://wallet.example","crossOrigin":false}`)
}

const usualFlags = passkey.FlagUP | passkey.FlagUV

func authData(flags passkey.Flags, extensions ...byte) []byte {
	b := make([]byte, 37, 37+len(extensions))
	h := sha256.Sum256([]byte("wallet.example"))
	copy(b, h[:])
	b[32] = byte(flags)
	return append(b, extensions...)
}

// sign makes the 64 bytes r ‖ s, s low.
func (p *rawPasskey) sign(authData, clientData []byte) []byte {
	p.t.Helper()
	return p.signDigest(digestOf(authData, clientData))
}

// signDigest is the same for a hash as it is.
func (p *rawPasskey) signDigest(digest [32]byte) []byte {
	p.t.Helper()
	der, err := p.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	sig, err := passkey.ParseDER(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return sig.P1363()
}

// fixed writes an approval of kind 0x02 by hand, so that nothing checks it.
func (p *rawPasskey) fixed(authData, clientData []byte) []byte {
	b := append([]byte{0x02}, p.signer.Bytes()[20:]...)
	b = append(b, p.sign(authData, clientData)...)
	b = append(b, byte(len(authData)))
	b = append(b, authData...)
	suffix := clientData[36+43:]
	b = append(b, byte(len(suffix)>>8), byte(len(suffix)))
	return append(b, suffix...)
}

// general writes an approval of kind 0x03 by hand.
func (p *rawPasskey) general(authData, clientData []byte, typeIndex, challengeIndex int) []byte {
	b := append([]byte{0x03}, p.signer.Bytes()[20:]...)
	b = append(b, p.sign(authData, clientData)...)
	b = append(b, byte(len(authData)))
	b = append(b, authData...)
	prefix, suffix := clientData[:challengeIndex], clientData[challengeIndex+43:]
	b = append(b, byte(typeIndex>>8), byte(typeIndex), byte(len(prefix)>>8), byte(len(prefix)))
	b = append(b, prefix...)
	b = append(b, byte(len(suffix)>>8), byte(len(suffix)))
	return append(b, suffix...)
}

// approve is the usual approval of a hash.
func (p *rawPasskey) approve(hash common.Hash) []byte {
	return p.fixed(authData(usualFlags), standardClientData(hash))
}

// ecdsaKey is a secp256k1 signer.
type ecdsaKey struct {
	t       testing.TB
	key     *ecdsa.PrivateKey
	address common.Address
}

func newECDSA(t testing.TB, label string) *ecdsaKey {
	t.Helper()
	key, err := ethcrypto.ToECDSA(ethcrypto.Keccak256([]byte(label)))
	if err != nil {
		t.Fatal(err)
	}
	return &ecdsaKey{t, key, ethcrypto.PubkeyToAddress(key.PublicKey)}
}

func (k *ecdsaKey) sign(hash common.Hash) []byte {
	sig, err := ethcrypto.Sign(hash[:], k.key)
	if err != nil {
		k.t.Fatal(err)
	}
	return sig
}

func (k *ecdsaKey) approval(hash common.Hash) seal.PosternApproval {
	a, err := seal.PosternECDSA(k.address, k.sign(hash))
	if err != nil {
		k.t.Fatal(err)
	}
	return a
}

// join sorts and joins approvals that are bytes already.
func join(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var all []seal.PosternApproval
	for _, p := range parts {
		a, err := seal.ParsePostern(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a...)
	}
	return sealed(t, all...)
}

func sealed(t testing.TB, approvals ...seal.PosternApproval) []byte {
	t.Helper()
	b, err := seal.Postern(approvals...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// generator is P-256's base point as x ‖ y.
func generator() []byte {
	g := elliptic.P256().Params()
	return append(g.Gx.FillBytes(make([]byte, 32)), g.Gy.FillBytes(make([]byte, 32))...)
}
