// The typed data (EIP-712) that an account's signers sign: messages and approvals.

package kernel

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/seal"
)

// TypedData is EIP-712 data: its digest, and its JSON for eth_signTypedData_v4.
type TypedData struct {
	Digest common.Hash
	JSON   []byte
}

type member struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// typedJSON has its members in the order in which they are written.
type typedJSON struct {
	Types       map[string][]member `json:"types"`
	PrimaryType string              `json:"primaryType"`
	Domain      struct {
		Name              string         `json:"name"`
		Version           string         `json:"version"`
		ChainID           string         `json:"chainId"`
		VerifyingContract common.Address `json:"verifyingContract"`
	} `json:"domain"`
	Message any `json:"message"`
}

var domainMembers = []member{{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}}

// domain is the account's; a chain id of zero is that of replayable signatures.
func domain(v Version, account common.Address, chainID *big.Int) seal.Domain {
	return seal.Domain{Name: "Kernel", Version: v.domain(), ChainID: chainID, Account: account}
}

func checkChainID(id *big.Int) error {
	if id == nil || id.Sign() <= 0 || id.BitLen() > 256 {
		return fmt.Errorf("kernel: chain id %v", id)
	}
	return nil
}

func typedData(d seal.Domain, primary string, members []member, message any, structHash common.Hash) (TypedData, error) {
	out := typedJSON{PrimaryType: primary, Message: message, Types: map[string][]member{"EIP712Domain": domainMembers, primary: members}}
	out.Domain.Name, out.Domain.Version = d.Name, d.Version
	out.Domain.ChainID, out.Domain.VerifyingContract = d.ChainID.String(), d.Account
	text, err := json.Marshal(&out)
	if err != nil {
		return TypedData{}, fmt.Errorf("kernel: write typed data: %w", err)
	}
	return TypedData{typedHash(d, structHash), text}, nil
}

func typedHash(d seal.Domain, structHash common.Hash) common.Hash {
	separator := d.Separator()
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], structHash[:])
}

var (
	enableType  = crypto.Keccak256([]byte("Enable(bytes21 validationId,uint32 nonce,address hook,bytes validatorData,bytes hookData,bytes selectorData)"))
	messageType = crypto.Keccak256([]byte("Kernel(bytes32 hash)"))
)

// Enable is what the root validator of a Kernel 3 account signs so that an
// operation may install the validator or permission that signs it.
type Enable struct {
	Version Version
	Account common.Address
	ChainID *big.Int

	ID ValidationID
	// Nonce is the account's currentNonce; an account that is not deployed will have 1.
	Nonce uint32
	// Data is the permission's [Permission.EnableData] or the validator's InitData.
	Data []byte
	// Selector is what the newcomer may call; zero is execute, which all of
	// [Account.EncodeCalls] but calls to the account itself begins with.
	Selector [4]byte
}

// enableMembers are the type's.
var enableMembers = []member{
	{"validationId", "bytes21"}, {"nonce", "uint32"}, {"hook", "address"},
	{"validatorData", "bytes"}, {"hookData", "bytes"}, {"selectorData", "bytes"},
}

type enableMessage struct {
	ValidationID  hexutil.Bytes  `json:"validationId"`
	Nonce         uint32         `json:"nonce"`
	Hook          common.Address `json:"hook"`
	ValidatorData hexutil.Bytes  `json:"validatorData"`
	HookData      hexutil.Bytes  `json:"hookData"`
	SelectorData  hexutil.Bytes  `json:"selectorData"`
}

func (e Enable) check() error {
	if err := checkChainID(e.ChainID); err != nil {
		return err
	}
	if _, err := ForVersion(e.Version, nil); err != nil {
		return err
	}
	switch {
	case !e.Version.V3():
		return &UnsupportedError{Version: e.Version, What: "has no permissions", Way: "use Kernel 0.3.1 or later, on EntryPoint 0.7"}
	case e.Account == (common.Address{}):
		return fmt.Errorf("kernel: an approval for no account")
	case e.Nonce == 0:
		return fmt.Errorf("kernel: an approval with the nonce 0, which no account has after its deployment: use 1")
	case e.ID.Type() != TypeValidator && e.ID.Type() != TypePermission:
		return fmt.Errorf("kernel: an approval for %s, which is neither validator nor permission", e.ID)
	}
	return nil
}

// SelectorData is selector ‖ module (zero) ‖ hook (zero) ‖ abi.encode(bytes 0xff,
// bytes 0x0000), 236 bytes, which for execute installs nothing: Kernel wants it
// all the same.
func (e Enable) SelectorData() []byte {
	selector := e.Selector
	if selector == ([4]byte{}) {
		selector = executeSelector
	}
	b := make([]byte, 44, 236)
	copy(b, selector[:])
	b = append(append(b, word(64)...), word(128)...)
	b = append(append(b, word(1)...), padRight([]byte{0xff})...)
	return append(append(b, word(2)...), make([]byte, 32)...)
}

// Digest is what is signed: for a secp256k1 owner as it is, for a passkey as the
// challenge.
func (e Enable) Digest() (common.Hash, error) {
	if err := e.check(); err != nil {
		return common.Hash{}, err
	}
	return typedHash(domain(e.Version, e.Account, e.ChainID), e.structHash()), nil
}

func (e Enable) structHash() common.Hash {
	b := make([]byte, 0, 7*32)
	b = append(b, enableType...)
	b = append(b, padRight(e.ID[:])...)
	b = append(b, word(int(e.Nonce))...)
	b = append(b, make([]byte, 32)...) // no hook
	b = append(b, crypto.Keccak256(e.Data)...)
	b = append(b, crypto.Keccak256()...)
	b = append(b, crypto.Keccak256(e.SelectorData())...)
	return crypto.Keccak256Hash(b)
}

// TypedData is the digest and what a wallet shows of it.
func (e Enable) TypedData() (TypedData, error) {
	if err := e.check(); err != nil {
		return TypedData{}, err
	}
	m := enableMessage{ValidationID: e.ID[:], Nonce: e.Nonce, ValidatorData: e.Data, HookData: []byte{}, SelectorData: e.SelectorData()}
	return typedData(domain(e.Version, e.Account, e.ChainID), "Enable", enableMembers, m, e.structHash())
}

// Seal wraps a signature of the operation, and the approval of its signer by the
// root validator, as the signature of an operation in [ModeEnable].
func (e Enable) Seal(approval, signature []byte) []byte {
	k := seal.KernelEnable{EnableData: e.Data, SelectorData: e.SelectorData(), Approval: approval, Signature: signature}
	return k.Bytes()
}

// MessageDigest is what is signed so that isValidSignature(hash) accepts it
// (ERC-1271). It binds account and chain, but for 0.0.2 and 0.2.2, which sign the
// hash as it is.
func MessageDigest(v Version, account common.Address, chainID *big.Int, hash common.Hash) (TypedData, error) {
	if err := known(v); err != nil {
		return TypedData{}, err
	}
	if err := checkChainID(chainID); err != nil {
		return TypedData{}, err
	}
	return messageDigest(v, account, chainID, hash)
}

func messageDigest(v Version, account common.Address, chainID *big.Int, hash common.Hash) (TypedData, error) {
	d := domain(v, account, chainID)
	switch {
	case v.V3():
		m := struct {
			Hash common.Hash `json:"hash"`
		}{hash}
		return typedData(d, "Kernel", []member{{"hash", "bytes32"}}, m, crypto.Keccak256Hash(messageType, hash[:]))
	case v.AtLeast(V023):
		// The hash stands where the struct's should: no wallet shows this as typed data.
		return TypedData{Digest: typedHash(d, hash)}, nil
	}
	return TypedData{Digest: hash}, nil
}

// ReplayablePrefix begins a signature of a message that is valid on every chain
// (Kernel 0.3.2 and later); it stands between the name of the signer and its
// signature.
var ReplayablePrefix = common.HexToHash("0x0555ad2729e8da1777a4e5020806f8bf7601c3db6bfe402f410a34958363a95a")

// DangerReplayableDigest is [MessageDigest] for every chain at once: whoever holds
// the signature may use it wherever the account has the same root.
func DangerReplayableDigest(v Version, account common.Address, hash common.Hash) (TypedData, error) {
	if err := known(v); err != nil {
		return TypedData{}, err
	}
	if !v.AtLeast(V032) {
		return TypedData{}, &UnsupportedError{Version: v, What: "has no replayable signatures", Way: "sign for one chain"}
	}
	return messageDigest(v, account, new(big.Int), hash)
}
