// One signature for several hashes: the root of a Merkle tree.

package kernel

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/seal"
)

// maxProof is far more hashes than a tree of any use is deep.
const maxProof = 64

// Tree is a Merkle tree of hashes as merkletreejs makes it with keccak256 and
// sortPairs: leaves as they are and in their order, a last one without a partner is
// carried up. The order matters to the root.
type Tree struct{ layers [][]common.Hash }

// NewTree makes the tree of at least one leaf. It refuses two that are the same: what
// they approve is.
func NewTree(leaves []common.Hash) (*Tree, error) {
	if len(leaves) == 0 {
		return nil, fmt.Errorf("%w: there are no leaves", ErrMerkle)
	}
	seen := make(map[common.Hash]bool, len(leaves))
	for _, l := range leaves {
		if seen[l] {
			return nil, ErrDuplicateLeaf
		}
		seen[l] = true
	}
	t := &Tree{[][]common.Hash{slices.Clone(leaves)}}
	for layer := t.layers[0]; len(layer) > 1; {
		next := make([]common.Hash, 0, (len(layer)+1)/2)
		for i := 0; i < len(layer); i += 2 {
			if i+1 == len(layer) {
				next = append(next, layer[i])
				continue
			}
			next = append(next, hashPair(layer[i], layer[i+1]))
		}
		t.layers, layer = append(t.layers, next), next
	}
	return t, nil
}

func hashPair(a, b common.Hash) common.Hash {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return crypto.Keccak256Hash(a[:], b[:])
}

// Root is what is signed.
func (t *Tree) Root() common.Hash { return t.layers[len(t.layers)-1][0] }

// Len is the number of leaves.
func (t *Tree) Len() int { return len(t.layers[0]) }

// Proof leads from leaf i to the root. It panics if there is no such leaf.
func (t *Tree) Proof(i int) []common.Hash {
	proof := []common.Hash{}
	_ = t.layers[0][i]
	for _, layer := range t.layers[:len(t.layers)-1] {
		if partner := i ^ 1; partner < len(layer) {
			proof = append(proof, layer[partner])
		}
		i /= 2
	}
	return proof
}

// VerifyProof reports whether the proof leads from the leaf to the root.
func VerifyProof(leaf, root common.Hash, proof []common.Hash) bool {
	for _, p := range proof {
		leaf = hashPair(leaf, p)
	}
	return leaf == root
}

// MultiChainSignature is a signature of a Merkle root, with the proof that one hash
// belongs to it: of [MultiChainECDSA] or [MultiChainWebAuthn].
type MultiChainSignature struct {
	Root  common.Hash
	Proof []common.Hash
	// Signature is of the root: 65 bytes of a secp256k1 key, or [seal.KernelWebAuthn].
	Signature []byte
}

// RootDigest is what is signed of a root, the same for a secp256k1 key and for a
// passkey as challenge: its hash with the prefix of EIP-191.
func RootDigest(root common.Hash) common.Hash { return seal.KernelPersonal(root) }

// ECDSA writes signature (65) ‖ root ‖ abi.encode(bytes32[] proof).
func (m *MultiChainSignature) ECDSA() ([]byte, error) {
	sig, err := seal.KernelECDSA(m.Signature)
	if err != nil {
		return nil, err
	}
	return slices.Concat(sig, m.merkleData()), nil
}

// WebAuthn writes abi.encode(bytes root ‖ abi.encode(bytes32[] proof), bytes
// signature).
func (m *MultiChainSignature) WebAuthn() ([]byte, error) {
	if _, err := seal.ParseKernelWebAuthn(m.Signature); err != nil {
		return nil, err
	}
	return abituple.Encode(abituple.Bytes(m.merkleData()), abituple.Bytes(m.Signature)), nil
}

func (m *MultiChainSignature) merkleData() []byte {
	b := make([]byte, 0, 96+32*len(m.Proof))
	b = append(append(b, m.Root[:]...), word(32)...)
	b = append(b, word(len(m.Proof))...)
	for _, p := range m.Proof {
		b = append(b, p[:]...)
	}
	return b
}

// parseMerkleData is the inverse of merkleData.
func parseMerkleData(b []byte) (m MultiChainSignature, err error) {
	if len(b) < 96 || len(b) > 96+32*maxProof {
		return m, fmt.Errorf("%w: %d bytes of root and proof", ErrMerkle, len(b))
	}
	values, err := abiargs.Unpack(bytes32Array, b[32:])
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrMerkle, err)
	}
	m.Root, m.Proof = common.Hash(b[:32]), []common.Hash{}
	for _, p := range values[0].([][32]byte) {
		m.Proof = append(m.Proof, p)
	}
	return m, nil
}

// ParseMultiChainECDSA is the inverse of [MultiChainSignature.ECDSA], for the hash
// that it is about: a proof that does not lead to the root is refused.
func ParseMultiChainECDSA(b []byte, hash common.Hash) (MultiChainSignature, error) {
	if len(b) < 65 {
		return MultiChainSignature{}, fmt.Errorf("%w: %d bytes, too few for a signature", ErrMerkle, len(b))
	}
	m, err := parseMerkleData(b[65:])
	if err != nil {
		return MultiChainSignature{}, err
	}
	sig, err := seal.KernelECDSA(b[:65])
	if err != nil {
		return MultiChainSignature{}, err
	}
	if !bytes.Equal(sig, b[:65]) {
		return MultiChainSignature{}, fmt.Errorf("%w: the signature is not in its one form, v 27 or 28 and a low s", ErrMerkle)
	}
	m.Signature = sig
	return m.proved(hash)
}

// ParseMultiChainWebAuthn is the inverse of [MultiChainSignature.WebAuthn].
func ParseMultiChainWebAuthn(b []byte, hash common.Hash) (MultiChainSignature, error) {
	f, err := abituple.Decode(b, "dd")
	if err != nil {
		return MultiChainSignature{}, fmt.Errorf("%w: %w", ErrMerkle, err)
	}
	m, err := parseMerkleData(f[0].Data)
	if err != nil {
		return MultiChainSignature{}, err
	}
	if _, err := seal.ParseKernelWebAuthn(f[1].Data); err != nil {
		return MultiChainSignature{}, err
	}
	m.Signature = f[1].Data
	return m.proved(hash)
}

func (m MultiChainSignature) proved(hash common.Hash) (MultiChainSignature, error) {
	if !VerifyProof(hash, m.Root, m.Proof) {
		return MultiChainSignature{}, ErrMerkle
	}
	return m, nil
}
