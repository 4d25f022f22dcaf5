// Typed data (EIP-712): the digest and the JSON of every message from one description.

package guardian

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/seal"
)

// Message is something that guardians, a new signer or the account sign: a [Recovery], a
// [CancelRecovery], a [CancelAll], a [Freeze], an [Unfreeze], a [Drill] or a [Tree].
type Message interface {
	// Digest is what is signed, on this chain; it binds chain and module.
	Digest(chainID *big.Int) common.Hash
	// TypedData is the JSON for eth_signTypedData_v4.
	TypedData(chainID *big.Int) ([]byte, error)
	// Words say what signing it does, a sentence each.
	Words() []string

	fields() (primary string, members []field)
}

// field is a member of a message: its type, its 32 bytes, and how JSON shows it.
type field struct {
	name, typ string
	word      common.Hash
	json      any
}

func addressField(name string, a common.Address) field {
	return field{name, "address", common.BytesToHash(a[:]), a.Hex()}
}

func hashField(name string, h common.Hash) field { return field{name, "bytes32", h, h.Hex()} }

func bytesField(name string, b []byte) field {
	return field{name, "bytes", crypto.Keccak256Hash(b), hexutil.Encode(b)}
}

func listField(name string, list []seal.Signer) field {
	var joined []byte
	texts := make([]string, len(list))
	for i, s := range list {
		joined = append(joined, crypto.Keccak256(s.Bytes())...)
		texts[i] = s.String()
	}
	return field{name, "bytes[]", crypto.Keccak256Hash(joined), texts}
}

func smallField(name, typ string, n uint64) field {
	return field{name, typ, common.BigToHash(new(big.Int).SetUint64(n)), n}
}

func bigField(name string, n *big.Int) field {
	if n == nil {
		n = new(big.Int)
	}
	return field{name, "uint256", common.BytesToHash(math.U256Bytes(new(big.Int).Set(n))), n.String()}
}

func timeField(name string, t time.Time) field { return smallField(name, "uint48", unix(t)) }

// unix is a time as the contract counts it; what is out of its range is 0, which is past.
func unix(t time.Time) uint64 {
	if s := t.Unix(); s > 0 && s < 1<<48 {
		return uint64(s)
	}
	return 0
}

const (
	domainName    = "Postern Guardians"
	domainVersion = "1"
)

// domainFields are the members of the domain; without a chain they are those of
// messages for many chains.
func domainFields(chainID *big.Int) []field {
	text := func(name, s string) field { return field{name, "string", crypto.Keccak256Hash([]byte(s)), s} }
	d := []field{text("name", domainName), text("version", domainVersion)}
	if chainID != nil {
		d = append(d, bigField("chainId", chainID))
	}
	return append(d, addressField("verifyingContract", Module))
}

func typeOf(primary string, members []field) string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.typ + " " + m.name
	}
	return primary + "(" + strings.Join(list, ",") + ")"
}

func hashStruct(primary string, members []field) common.Hash {
	b := crypto.Keccak256([]byte(typeOf(primary, members)))
	for _, m := range members {
		b = append(b, m.word[:]...)
	}
	return crypto.Keccak256Hash(b)
}

// digest is EIP-712's; chainID is nil for messages for many chains.
func digest(m Message, chainID *big.Int) common.Hash {
	separator := hashStruct("EIP712Domain", domainFields(chainID))
	primary, members := m.fields()
	hash := hashStruct(primary, members)
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], hash[:])
}

// object is a JSON object whose members keep their order.
type object []field

func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.json)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

type typedMember struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func typedData(m Message, chainID *big.Int) ([]byte, error) {
	if chainID != nil && (chainID.Sign() <= 0 || chainID.BitLen() > 256) {
		return nil, fmt.Errorf("guardian: chain id %s", chainID)
	}
	members := func(fields []field) []typedMember {
		out := make([]typedMember, len(fields))
		for i, f := range fields {
			out[i] = typedMember{f.name, f.typ}
		}
		return out
	}
	primary, fields := m.fields()
	domain := domainFields(chainID)
	text, err := json.Marshal(object{
		{name: "types", json: object{{name: "EIP712Domain", json: members(domain)}, {name: primary, json: members(fields)}}},
		{name: "primaryType", json: primary},
		{name: "domain", json: object(domain)},
		{name: "message", json: object(fields)},
	})
	if err != nil {
		return nil, fmt.Errorf("guardian: write typed data: %w", err)
	}
	return text, nil
}
