package kernel_test

import (
	"crypto/elliptic"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// TestAMessageIsNoOperation: the first versions sign a message's hash as they sign an
// operation's, so that whoever asks for a message can ask for the account. A hash of
// somebody else's is signed for them only by the name that says so.
func TestAMessageIsNoOperation(t *testing.T) {
	chain := big.NewInt(1)
	for _, d := range kernel.Deployments() {
		a := must[*kernel.Account](t)(kernel.Attach(target, d.Version, kernel.ECDSA{Owner: target}))
		auth := must[*kernel.Authority](t)(a.Authority(kernel.OwnerApprover{}))
		op := (&userop.Op{Sender: a.Address()}).Normalize()
		asked := must[account.Challenge](t)(auth.Challenge(op, chain))
		hash := must[common.Hash](t)(a.EntryPoint().Hash(op, chain))

		r, err := auth.SignHash(hash, chain)
		if d.Version == kernel.V002 || d.Version == kernel.V022 {
			if e, ok := errors.AsType[*kernel.UnsupportedError](err); !ok || e.Hint() == "" {
				t.Errorf("%s: %v", d.Version, err)
			}
			if r, err = auth.DangerSignHash(hash, chain); err != nil || r.Challenge().Digest != asked.Digest {
				t.Errorf("%s: that is no danger, then: %v", d.Version, err)
			}
		} else if err != nil || r.Challenge().Digest == asked.Digest {
			t.Errorf("%s: %v", d.Version, err)
		}
		// A text is hashed once more; where it is not, one as long as a hash is refused.
		text, err := auth.SignText(hash[:], chain)
		if d.Version == kernel.V002 {
			if _, ok := errors.AsType[*kernel.UnsupportedError](err); !ok {
				t.Errorf("%s: a text that is an operation: %v", d.Version, err)
			}
			text, err = auth.SignText(hash[:31], chain)
		}
		if err != nil || text.Challenge().Digest == asked.Digest {
			t.Errorf("%s: a text: %v", d.Version, err)
		}
	}
}

// TestKeysAreToldApartInWords: whoever looks for it finds a key that begins like another;
// the words by which an owner gives power to a key must still differ.
func TestKeysAreToldApartInWords(t *testing.T) {
	curve := elliptic.P256().Params()
	var signers []kernel.Signer
	for i := int64(1); len(signers) < 2; i++ {
		x := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x0a11ce), 232), big.NewInt(i)) // the first 4 bytes, and more, alike
		y := new(big.Int).Exp(x, big.NewInt(3), curve.P)
		y.Sub(y, new(big.Int).Mul(x, big.NewInt(3))).Add(y, curve.B).Mod(y, curve.P)
		if y.ModSqrt(y, curve.P) == nil {
			continue
		}
		key := must[passkey.PublicKey](t)(passkey.ParseRaw(append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...)))
		signers = append(signers, kernel.WebAuthnSigner(key, common.Hash{}))
	}
	if a, b := signers[0].String(), signers[1].String(); a == b {
		t.Errorf("two keys are both %s", a)
	}
}
