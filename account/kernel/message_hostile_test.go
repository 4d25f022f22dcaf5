package kernel_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
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
