// ERC-7739: what an account's signers sign so that a message's signature is good
// for one account only.

package seal

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	commonmath "github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
)

// Domain is the EIP-712 domain of an account, as its eip712Domain() tells.
type Domain struct {
	Name, Version string
	ChainID       *big.Int
	Account       common.Address
}

// PosternDomain is the domain of a WebAuthnAccount.
func PosternDomain(account common.Address, chainID *big.Int) Domain {
	return Domain{Name: "WebAuthnAccount", Version: "1", ChainID: chainID, Account: account}
}

var (
	domainType       = keccak("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
	personalSignType = keccak("PersonalSign(bytes prefixed)")
)

// fields is the encoding of name, version, chain and account as EIP-712 members.
func (d Domain) fields() []byte {
	b := append(keccak(d.Name), keccak(d.Version)...)
	b = append(b, commonmath.U256Bytes(new(big.Int).Set(d.ChainID))...)
	return append(b, common.LeftPadBytes(d.Account[:], 32)...)
}

// Separator is the EIP-712 domain separator.
func (d Domain) Separator() common.Hash {
	return crypto.Keccak256Hash(domainType, d.fields())
}

// PersonalSign is the hash to be signed so that isValidSignature(hash,
// signature) holds on the account, where hash is what an application made of a
// message (usually by EIP-191) and signature the account's signature as it is.
func PersonalSign(d Domain, hash common.Hash) common.Hash {
	return typedDataHash(d.Separator(), crypto.Keccak256Hash(personalSignType, hash[:]))
}

// TypedContents is an application's EIP-712 message, for a signature that a
// wallet can show as typed data ("TypedDataSign").
type TypedContents struct {
	AppSeparator common.Hash // the application's domain separator
	Hash         common.Hash // hashStruct of the message
	// Type is the message's encodeType, "Mail(address to,string text)". Where
	// its referenced types sort before it, the primary type's name follows:
	// "Asset(…)Mail(Asset a)Mail".
	Type string
}

// AppHash is what the application passes to isValidSignature.
func (t TypedContents) AppHash() common.Hash { return typedDataHash(t.AppSeparator, t.Hash) }

// SignHash is the hash to be signed by the account's signers.
func (t TypedContents) SignHash(d Domain) (common.Hash, error) {
	name, typ, err := t.split()
	if err != nil {
		return common.Hash{}, err
	}
	signType := keccak("TypedDataSign(" + name +
		" contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)" + typ)
	var salt [32]byte
	return typedDataHash(t.AppSeparator, crypto.Keccak256Hash(signType, t.Hash[:], d.fields(), salt[:])), nil
}

// Wrap makes what isValidSignature takes of the account's signature over
// SignHash.
func (t TypedContents) Wrap(signature []byte) ([]byte, error) {
	if _, _, err := t.split(); err != nil {
		return nil, err
	}
	b := append([]byte(nil), signature...)
	b = append(b, t.AppSeparator[:]...)
	b = append(b, t.Hash[:]...)
	b = append(b, t.Type...)
	return binary.BigEndian.AppendUint16(b, uint16(len(t.Type))), nil
}

// split tells the primary type's name and the encoded types apart.
func (t TypedContents) split() (name, typ string, err error) {
	if len(t.Type) > math.MaxUint16 {
		return "", "", malformed("typed contents", "a type of %d bytes, at most %d", len(t.Type), math.MaxUint16)
	}
	if strings.HasSuffix(t.Type, ")") {
		name, _, _ = strings.Cut(t.Type, "(")
		typ = t.Type
	} else if end := strings.LastIndexByte(t.Type, ')'); end >= 0 {
		name, typ = t.Type[end+1:], t.Type[:end+1]
	}
	if name == "" || strings.ContainsAny(name, " ,()\x00") {
		return "", "", malformed("typed contents", "%.64q names no type", t.Type)
	}
	return name, typ, nil
}

func typedDataHash(separator, structHash common.Hash) common.Hash {
	return crypto.Keccak256Hash([]byte("\x19\x01"), separator[:], structHash[:])
}

func keccak(s string) []byte { return crypto.Keccak256([]byte(s)) }
