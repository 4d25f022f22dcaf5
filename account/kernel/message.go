// What the owner signs beside operations: messages, approvals, several at once.

package kernel

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
)

// Request is a signature on its way: ask for an approval of [Request.Challenge], and
// [Request.Finish] checks it and writes the bytes that contracts take.
type Request struct {
	challenge account.Challenge
	finish    func(account.Approval) ([][]byte, error)
}

// Challenge is what has to be signed.
func (r *Request) Challenge() account.Challenge { return r.challenge }

// Finish verifies the approval and returns one signature for each thing that was to
// be signed, in their order.
func (r *Request) Finish(a account.Approval) ([][]byte, error) {
	if err := r.challenge.Verify(a); err != nil {
		return nil, err
	}
	return r.finish(a)
}

// one is a request for one signature.
func (a *Authority) one(c account.Challenge, wrap func([]byte) []byte) *Request {
	return &Request{c, func(approval account.Approval) ([][]byte, error) {
		sig, err := a.sign(approval)
		if err != nil {
			return nil, err
		}
		return [][]byte{wrap(a.wrap(sig))}, nil
	}}
}

// SignText begins the signature of a text, as EIP-191 (personal_sign) has it, for
// isValidSignature with the text's hash.
func (a *Authority) SignText(text []byte, chainID *big.Int) (*Request, error) {
	prefix := "\x19Ethereum Signed Message:\n" + strconv.Itoa(len(text))
	hash := crypto.Keccak256Hash([]byte(prefix), text)
	if a.deployment.Version != V002 {
		return a.DangerSignHash(hash, chainID) // which nobody else chose
	}
	if len(text) == common.HashLength {
		return nil, a.ambiguous("texts of 32 bytes", "sign a longer or shorter text")
	}
	c := a.bare(TypedData{Digest: hash})
	c.Personal = slices.Clone(text)
	return a.one(c, slices.Clone[[]byte]), nil
}

// SignHash begins the signature of an application's hash (ERC-1271), such as that
// of typed data, bound to the account and the chain. It refuses versions before 0.2.3,
// which cannot bind it.
func (a *Authority) SignHash(hash common.Hash, chainID *big.Int) (*Request, error) {
	if !a.deployment.Version.AtLeast(V023) {
		return nil, a.ambiguous("hashes of messages", "sign a text with SignText, use Kernel 0.2.3 or later, or DangerSignHash for a hash that you made yourself")
	}
	return a.DangerSignHash(hash, chainID)
}

func (a *Authority) ambiguous(what, way string) error {
	return &UnsupportedError{Version: a.deployment.Version, What: "signs " + what + " as it signs operations: whoever chooses one can choose an operation's", Way: way}
}

// DangerSignHash is [Authority.SignHash] for all versions. What Kernel 0.0.2 and 0.2.2
// sign holds for every account of the owner on every chain – and is the approval of the
// operation whose hash it is.
func (a *Authority) DangerSignHash(hash common.Hash, chainID *big.Int) (*Request, error) {
	d, err := MessageDigest(a.deployment.Version, a.account, chainID, hash)
	if err != nil {
		return nil, err
	}
	if !a.deployment.Version.V3() {
		return a.one(a.personal(d.Digest), slices.Clone[[]byte]), nil
	}
	return a.one(a.bare(d), func(sig []byte) []byte { return a.message(sig) }), nil
}

// DangerSignReplayable begins the signature of a hash that holds on every chain where
// the account has the same root (Kernel 0.3.2 and later).
func (a *Authority) DangerSignReplayable(hash common.Hash) (*Request, error) {
	d, err := DangerReplayableDigest(a.deployment.Version, a.account, hash)
	if err != nil {
		return nil, err
	}
	return a.one(a.bare(d), func(sig []byte) []byte { return a.message(slices.Concat(ReplayablePrefix[:], sig)) }), nil
}

func (a *Authority) message(sig []byte) []byte {
	if isDelegated(a.root) {
		return append([]byte{byte(TypeRoot)}, sig...) // it has no validator to name
	}
	m := seal.KernelMessage{Validator: a.validator, Signature: sig}
	return m.Bytes()
}

// SignEnable begins the approval of a permission or validator for one chain.
func (a *Authority) SignEnable(e Enable) (*Request, error) {
	if err := a.checkEnable(e); err != nil {
		return nil, err
	}
	d, err := e.TypedData()
	if err != nil {
		return nil, err
	}
	return a.one(a.bare(d), slices.Clone[[]byte]), nil
}

func (a *Authority) checkEnable(e Enable) error {
	if e.Account != a.account || e.Version != a.deployment.Version {
		return fmt.Errorf("kernel: the approval is for %s (Kernel %s), not for %s (Kernel %s)", e.Account, e.Version, a.account, a.deployment.Version)
	}
	return nil
}

// SignEnables begins the approval of permissions for several chains with one
// signature. The root must be a multi-chain validator. Versions and with them
// addresses may differ from the authority's own: what is approved says so.
func (a *Authority) SignEnables(list []Enable) (*Request, error) {
	hashes := make([]common.Hash, len(list))
	for i, e := range list {
		var err error
		if hashes[i], err = e.Digest(); err != nil {
			return nil, fmt.Errorf("approval %d: %w", i, err)
		}
	}
	return a.SignHashes(hashes)
}

// SignHashes begins one signature for several hashes: of operations as the
// EntryPoint hashes them, on whatever chains, or of approvals. The root must be a
// multi-chain validator.
func (a *Authority) SignHashes(hashes []common.Hash) (*Request, error) {
	write := (*MultiChainSignature).ECDSA
	switch a.root.(type) {
	case MultiChainECDSA:
	case MultiChainWebAuthn:
		write = (*MultiChainSignature).WebAuthn
	default:
		return nil, &UnsupportedError{
			Version: a.deployment.Version, What: "with " + a.root.String() + " as its root takes one signature for one thing only",
			Way: "make the account with a multi-chain validator, or change the root to one",
		}
	}
	tree, err := NewTree(hashes)
	if err != nil {
		return nil, err
	}
	return &Request{a.personalRoot(tree.Root()), func(approval account.Approval) ([][]byte, error) {
		sig, err := a.sign(approval)
		if err != nil {
			return nil, err
		}
		out := make([][]byte, tree.Len())
		for i := range out {
			m := MultiChainSignature{Root: tree.Root(), Proof: tree.Proof(i), Signature: sig}
			if out[i], err = write(&m); err != nil {
				return nil, err
			}
		}
		return out, nil
	}}, nil
}

// personalRoot asks for a signature of a root: also a passkey signs it with the
// prefix of EIP-191.
func (a *Authority) personalRoot(root common.Hash) account.Challenge {
	if _, ok := a.owner(); ok {
		return a.personal(root)
	}
	return a.bare(TypedData{Digest: RootDigest(root)})
}

// erc6492 ends a signature of an account that may not be deployed yet.
var erc6492 = common.HexToHash("0x6492649264926492649264926492649264926492649264926492649264926492")

var erc6492Arguments = abi.Arguments{{Type: mustType("address")}, {Type: mustType("bytes")}, {Type: mustType("bytes")}}

// Undeployed wraps a signature of a message with what deploys the account
// (ERC-6492), so that it can be checked before there is a contract.
func (a *Account) Undeployed(signature []byte) ([]byte, error) {
	factory, data := a.Factory()
	if factory == (common.Address{}) {
		return nil, ErrNoFactory
	}
	b, err := erc6492Arguments.Pack(factory, data, signature)
	if err != nil {
		return nil, fmt.Errorf("kernel: wrap a signature: %w", err)
	}
	return append(b, erc6492[:]...), nil
}

// precompiled are the chains on which the SDK has contracts ask P256VERIFY:
// @zerodev/webauthn-key 5.5.0.
var precompiled = []int64{
	1, 10, 56, 97, 130, 137, 143, 183, 185, 204, 233, 324, 360, 747, 901, 919, 1301, 1315, 1424, 1514, 1894, 2741, 3343, 5000,
	5003, 6343, 7000, 8008, 8333, 8453, 8765, 10143, 17000, 28802, 33111, 33139, 34443, 42161, 42170, 42220, 43111, 43113, 43114,
	57073, 59141, 59144, 60808, 80002, 80888, 84532, 98866, 98867, 421614, 534351, 534352, 656476, 743111, 747474, 763373,
	11155111, 11155420, 666666666, 88153591557,
}

// SDKUsesPrecompiled reports whether the SDK sets usePrecompiled on the chain.
func SDKUsesPrecompiled(chainID *big.Int) bool {
	return chainID != nil && chainID.IsInt64() && slices.Contains(precompiled, chainID.Int64())
}
