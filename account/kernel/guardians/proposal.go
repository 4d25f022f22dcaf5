// What guardians approve of.

package guardians

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Proposal gives an account's root validator a new owner, by one operation: guardians sign
// its call data and nonce.
type Proposal struct {
	Account common.Address
	Owner   kernel.Validator // as it will be
	Nonce   *big.Int         // of the operation; its key is [NonceKey]'s

	data       []byte // call data
	entryPoint userop.EntryPoint
}

// NonceKey is that of operations that guardians approve of. Two proposals in different
// lanes do not wait for each other.
func NonceKey(lane kernel.Lane) *big.Int {
	return kernel.KeyOf(kernel.ModeDefault, kernel.ValidatorID(Validator), lane).Int()
}

// Propose makes a proposal. The new owner must be one of the account's root validator:
// nothing else can be recovered by the action.
func Propose(a *kernel.Account, owner kernel.Validator, nonce *big.Int) (*Proposal, error) {
	if owner == nil || nonce == nil || nonce.Sign() < 0 || nonce.BitLen() > 256 {
		return nil, fmt.Errorf("guardians: a proposal without owner or nonce")
	}
	now, err := a.Root().Contract(a.Version())
	if err != nil {
		return nil, err
	}
	next, err := owner.Contract(a.Version())
	if err != nil {
		return nil, err
	}
	if now != next {
		return nil, &SetupError{"owner", fmt.Sprintf("%s is of the validator %s, the account's root is %s", owner, next, now), "choose an owner of the same kind: the recovery action changes no validator"}
	}
	if key, err := kernel.ParseNonceKey(new(big.Int).Rsh(nonce, 64)); err != nil || NonceKey(key.Lane).Cmp(key.Int()) != 0 {
		return nil, &SetupError{"nonce", fmt.Sprintf("%s is not of the guardians' sequence", nonce), "take the next of NonceKey"}
	}
	data, err := contract.Pack("doRecovery", next, owner.InitData())
	if err != nil {
		return nil, fmt.Errorf("guardians: encode the recovery: %w", err)
	}
	return &Proposal{a.Address(), owner, nonce, data, a.EntryPoint()}, nil
}

// Call is the account's only call in the operation: to itself.
func (p *Proposal) Call() account.Call {
	return account.Call{To: p.Account, Data: slices.Clone(p.data)}
}

// Hash names the proposal: keccak256(abi.encode(sender, callData, nonce)).
func (p *Proposal) Hash() common.Hash {
	return crypto.Keccak256Hash(abituple.Encode(
		abituple.Word(common.BytesToHash(p.Account[:])), abituple.Bytes(p.data), abituple.Word(common.BigToHash(p.Nonce))))
}

var approveType = crypto.Keccak256([]byte("Approve(bytes32 callDataAndNonceHash)"))

// Digest is what guardians sign: Approve(hash) of the validator's domain.
func (p *Proposal) Digest(chainID *big.Int) common.Hash {
	hash := p.Hash()
	separator := domain(chainID).Separator()
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], crypto.Keccak256(approveType, hash[:]))
}

func domain(chainID *big.Int) seal.Domain {
	return seal.Domain{Name: "WeightedECDSAValidator", Version: "0.0.3", ChainID: chainID, Account: Validator}
}

// TypedData is the JSON for eth_signTypedData_v4. A wallet shows no more of it than a hash.
func (p *Proposal) TypedData(chainID *big.Int) ([]byte, error) {
	type member struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	if chainID == nil || chainID.Sign() <= 0 || chainID.BitLen() > 256 {
		return nil, fmt.Errorf("guardians: chain id %v", chainID)
	}
	d := domain(chainID)
	return json.Marshal(map[string]any{
		"types": map[string][]member{
			"EIP712Domain": {{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}},
			"Approve":      {{"callDataAndNonceHash", "bytes32"}},
		},
		"primaryType": "Approve",
		"domain":      map[string]any{"name": d.Name, "version": d.Version, "chainId": chainID.String(), "verifyingContract": d.Account},
		"message":     map[string]string{"callDataAndNonceHash": p.Hash().Hex()},
	})
}

// Words say what approving does.
func (p *Proposal) Words() []string {
	return []string{
		fmt.Sprintf("Recover the account %s: its new owner is %s.", p.Account, p.Owner),
		"The owner it has now loses its access. It can veto this until it is carried out; the proposal does not expire.",
		"Sign only if the owner has asked you, in person or by voice, and has read the new owner's name to you.",
	}
}

// Ask is what one guardian has to sign.
func Ask(guardian common.Address, p *Proposal, chainID *big.Int) (account.Challenge, error) {
	typed, err := p.TypedData(chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	return account.Challenge{Digest: p.Digest(chainID), Kind: account.KindECDSA, Address: guardian, TypedData: typed}, nil
}

// Signed is a guardian's answer.
type Signed struct {
	Guardian  common.Address
	Signature []byte // r ‖ s ‖ v, 65 bytes
}

// Approve is the transaction that brings guardians' signatures to the chain; anyone may
// send it. When the threshold is reached, the delay begins. Each signature is verified
// here, and the contract refuses one that it has already.
func Approve(s Setup, p *Proposal, chainID *big.Int, list ...Signed) (account.Call, error) {
	var sigs []byte
	digest := p.Digest(chainID)
	for i, x := range list {
		if !slices.ContainsFunc(s.Guardians, func(g Guardian) bool { return g.Address == x.Guardian }) {
			return account.Call{}, &SetupError{"approvals", x.Guardian.Hex() + " is no guardian", "ask those of the setup"}
		}
		if slices.ContainsFunc(list[:i], func(o Signed) bool { return o.Guardian == x.Guardian }) {
			return account.Call{}, &SetupError{"approvals", x.Guardian.Hex() + " is there twice", "take one signature of each"}
		}
		c := account.Challenge{Digest: digest, Kind: account.KindECDSA, Address: x.Guardian}
		if err := c.Verify(account.Approval{ECDSA: x.Signature}); err != nil {
			return account.Call{}, err
		}
		sig, err := seal.KernelECDSA(x.Signature)
		if err != nil {
			return account.Call{}, err
		}
		sigs = append(sigs, sig...)
	}
	if len(sigs) == 0 {
		return account.Call{}, &SetupError{"approvals", "there are none", "ask the guardians to sign"}
	}
	return toValidator("approveWithSig", p.Hash(), p.Account, sigs)
}

// Veto is the account's call that stops a proposal for good.
func Veto(hash common.Hash) (account.Call, error) { return toValidator("veto", hash) }
