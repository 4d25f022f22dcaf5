package approval_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// signed is a document of a permission with a signature put into it.
type signed struct {
	plain, before string
	signer        kernel.Signer
	root          kernel.Validator
	enable        kernel.Enable
	digest        common.Hash
}

func newSigned(t *testing.T, o owner) signed {
	t.Helper()
	s := signed{signer: kernel.ECDSASigner(common.Address{1}), root: o.root}
	d := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: []grant.Policy{&grant.Sudo{}}}, s.signer, approval.Options{}, 10)[0]
	s.plain, s.before = decoded(t, string(must(d.Serialize()))), hexutil.Encode(d.Fields().EnableSignature)
	s.enable = must(d.Enable(big.NewInt(10), 1))
	s.digest = must(s.enable.Digest())
	return s
}

func (s signed) verify(t *testing.T, signature []byte) error {
	t.Helper()
	d := parse(t, string(encoded(strings.Replace(s.plain, s.before, hexutil.Encode(signature), 1))))
	d = must(d.WithContext(approval.Context{Signer: s.signer}))
	return d.Verify(s.enable, s.root)
}

func keySigns(digest common.Hash) []byte {
	sig := must(crypto.Sign(digest[:], secret("owner")))
	sig[64] += 27
	return sig
}

// The contracts take a key's signature with the prefix of EIP-191 and without it.
func TestAKeysSignatureInBothForms(t *testing.T) {
	all := owners(t)
	for _, o := range all[:2] {
		s := newSigned(t, o)
		for what, good := range map[string][]byte{"bare": keySigns(s.digest), "personal": keySigns(seal.KernelPersonal(s.digest))} {
			if err := s.verify(t, good); err != nil {
				t.Errorf("%s, %s: %v", o.kind, what, err)
			}
			low := append([]byte{}, good...)
			low[64] -= 27
			high := append([]byte{}, good...)
			n := crypto.S256().Params().N
			new(big.Int).Sub(n, new(big.Int).SetBytes(good[32:64])).FillBytes(high[32:64])
			high[64] ^= 27 ^ 28
			for form, bad := range map[string][]byte{"v 0": low, "high s": high, "64 bytes": good[:64]} {
				if s.verify(t, bad) == nil {
					t.Errorf("%s, %s: with %s it is accepted", o.kind, what, form)
				}
			}
		}
		if s.verify(t, keySigns(seal.KernelPersonal(seal.KernelPersonal(s.digest)))) == nil {
			t.Error("the prefix of the prefix")
		}
	}
	s := newSigned(t, all[1])
	tree := must(kernel.NewTree([]common.Hash{s.digest, {1}, {2}}))
	for what, sig := range map[string][]byte{"bare": keySigns(tree.Root()), "personal": keySigns(kernel.RootDigest(tree.Root()))} {
		m := kernel.MultiChainSignature{Root: tree.Root(), Proof: tree.Proof(0), Signature: sig}
		if err := s.verify(t, must(m.ECDSA())); err != nil {
			t.Errorf("root, %s: %v", what, err)
		}
		// Forged proofs: of another leaf, too short, too long, of another root.
		for forged, m := range map[string]kernel.MultiChainSignature{
			"other leaf": {Root: tree.Root(), Proof: tree.Proof(1), Signature: sig}, "none": {Root: tree.Root(), Signature: sig},
			"longer":     {Root: tree.Root(), Proof: append(tree.Proof(0), common.Hash{}), Signature: sig},
			"other root": {Root: s.digest, Signature: sig},
		} {
			if s.verify(t, must(m.ECDSA())) == nil {
				t.Errorf("%s: a forged proof holds: %s", what, forged)
			}
		}
		// One chain's validator does not know trees.
		one := newSigned(t, all[0])
		if one.verify(t, must(m.ECDSA())) == nil {
			t.Error("a tree for a validator of one chain")
		}
	}
}

// What the WebAuthn validator refuses of a passkey, we do.
func TestAPasskeyMustHaveVerifiedItsUser(t *testing.T) {
	o := owners(t)[2]
	s := newSigned(t, o)
	credential := softkey.New(softkey.WithSeed([]byte("owner")), softkey.WithoutUserVerification())
	if _, err := credential.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"x","displayName":"x"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), website); err != nil {
		t.Fatal(err)
	}
	if credential.Credentials()[0].Key != o.root.(kernel.WebAuthn).Key {
		t.Fatal("another key")
	}
	a := must(credential.Sign(credential.Credentials()[0].ID, s.digest[:], rpID, website))
	if a.AuthData.Flags.UV() {
		t.Fatal("it has verified its user")
	}
	// As seal would write it, if it did.
	good := must(seal.ParseKernelWebAuthn(hexutil.MustDecode(s.before)))
	if good.Assertion.AuthData.Flags&^passkey.FlagUV != a.AuthData.Flags {
		t.Fatalf("%v, %v", good.Assertion.AuthData.Flags, a.AuthData.Flags)
	}
	changed := hexutil.MustDecode(s.before)
	at := 6*32 + 32 + 32 // the flags, after the head, the length and the hash of the relying party
	if changed[at] != byte(good.Assertion.AuthData.Flags) {
		t.Fatal("the flags are elsewhere")
	}
	changed[at] = byte(a.AuthData.Flags)
	copy(changed[3*32:], a.Signature.R[:])
	copy(changed[4*32:], a.Signature.S[:])
	if s.verify(t, changed) == nil {
		t.Error("without user verification it is accepted")
	}
	// For another challenge.
	other := s
	other.digest[0] ^= 1
	b := must(owners(t)[2].approve(t, other.digest))
	if s.verify(t, b) == nil {
		t.Error("an assertion about something else")
	}
	if err := s.verify(t, must(owners(t)[2].approve(t, s.digest))); err != nil {
		t.Error(err)
	}
}
