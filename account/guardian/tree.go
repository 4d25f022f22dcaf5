// One signature for several chains: the root of a tree of digests.

package guardian

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
)

// maxLeaves is what the longest proof reaches.
const maxLeaves = 1 << maxProof

// Leaf is a message on a chain.
type Leaf struct {
	Message Message
	ChainID *big.Int
}

// Tree is a set of messages that one signature approves of: each leaf is a digest, which
// names chain, module and account. Whoever signs it sees all of them.
type Tree struct {
	leaves []Leaf
	tree   *kernel.Tree
}

// NewTree makes the tree of 2 to 256 different messages.
func NewTree(leaves ...Leaf) (*Tree, error) {
	if len(leaves) < 2 || len(leaves) > maxLeaves {
		return nil, fmt.Errorf("guardian: %d messages for one signature, not 2 to %d", len(leaves), maxLeaves)
	}
	t := &Tree{leaves: slices.Clone(leaves)}
	digests := make([]common.Hash, len(leaves))
	for i, l := range leaves {
		if _, ok := l.Message.(*Tree); ok || l.Message == nil || l.ChainID == nil {
			return nil, fmt.Errorf("guardian: message %d of a signature for many chains: %w", i, ErrMessage)
		}
		if l.ChainID.Sign() <= 0 || l.ChainID.BitLen() > 256 { // its digest would be that of another chain
			return nil, fmt.Errorf("guardian: message %d of a signature for many chains: chain id %s: %w", i, l.ChainID, ErrMessage)
		}
		digests[i] = l.Message.Digest(l.ChainID)
	}
	var err error
	if t.tree, err = kernel.NewTree(digests); err != nil {
		return nil, fmt.Errorf("guardian: a signature for many chains: %w", err)
	}
	return t, nil
}

// Root is the root of the tree: keccak256 of sorted pairs, a last leaf without a partner
// is carried up.
func (t *Tree) Root() common.Hash { return t.tree.Root() }

// Leaves are the messages, in their order.
func (t *Tree) Leaves() []Leaf { return t.leaves }

// Proof leads from message i to the root. It panics if there is none.
func (t *Tree) Proof(i int) []common.Hash { return t.tree.Proof(i) }

// Approval is the approval of message i that an approval of the tree is.
func (t *Tree) Approval(i int, a Approval) Approval {
	a.Proof = t.Proof(i)
	return a
}

func (t *Tree) fields() (string, []field) {
	return "OnManyChains", []field{hashField("root", t.Root())}
}

// Digest implements [Message]. It is the same on every chain, whatever chainID.
func (t *Tree) Digest(*big.Int) common.Hash { return digest(t, nil) }

// TypedData implements [Message].
func (t *Tree) TypedData(*big.Int) ([]byte, error) { return typedData(t, nil) }

// Words implements [Message]: those of all messages.
func (t *Tree) Words() []string {
	w := []string{fmt.Sprintf("One signature for %d messages:", len(t.leaves))}
	for _, l := range t.leaves {
		w = append(w, fmt.Sprintf("On chain %s:", l.ChainID))
		w = append(w, l.Message.Words()...)
	}
	return w
}

// rootMessage is a tree of which only the root is known: what a proof leads to.
type rootMessage struct{ root common.Hash }

func (r rootMessage) fields() (string, []field) {
	return "OnManyChains", []field{hashField("root", r.root)}
}
func (r rootMessage) Digest(*big.Int) common.Hash        { return digest(r, nil) }
func (r rootMessage) TypedData(*big.Int) ([]byte, error) { return typedData(r, nil) }
func (r rootMessage) Words() []string                    { return nil }
