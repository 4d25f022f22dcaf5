package flow

import (
	_ "embed"
	"strconv"
)

// Scripts of this package, for transactions that change an account's keys.
var (
	//go:embed cadence/create_account.cdc
	createAccount string
	//go:embed cadence/add_keys.cdc
	addKeys string
	//go:embed cadence/revoke_key.cdc
	revokeKey string
	//go:embed cadence/verify_proof.cdc
	verifyProof string
)

// CreateAccount is the script that creates an account with keys, and its arguments. It has one authorizer, who pays for
// the account. An account needs weights of WeightThreshold together to do anything: one passkey of 1000, or two of 500
// that sign together.
func CreateAccount(keys ...AccountKey) (script []byte, arguments [][]byte, err error) {
	arguments, err = keyArguments(keys)
	return []byte(createAccount), arguments, err
}

// AddKeys is the script that adds keys to the account of its one authorizer, and its arguments.
func AddKeys(keys ...AccountKey) (script []byte, arguments [][]byte, err error) {
	arguments, err = keyArguments(keys)
	return []byte(addKeys), arguments, err
}

// RevokeKey is the script that revokes a key of the account of its one authorizer, and its argument. A revoked key stays
// revoked.
func RevokeKey(index uint32) (script []byte, arguments [][]byte) {
	return []byte(revokeKey), [][]byte{Value{Type: "Int", Text: strconv.FormatUint(uint64(index), 10)}.JSON()}
}

// What Cadence calls the algorithms by.
var (
	curveNumbers = map[Curve]string{P256: "1", Secp256k1: "2"}
	hashNumbers  = map[HashAlgorithm]string{SHA2: "1", SHA3: "3"}
)

func keyArguments(keys []AccountKey) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, refused(ErrKey, "keys", "none")
	}
	columns := [4]Value{{Type: "Array"}, {Type: "Array"}, {Type: "Array"}, {Type: "Array"}}
	for _, k := range keys {
		curve, hash := curveNumbers[k.Curve], hashNumbers[k.Hash]
		if curve == "" || hash == "" {
			return nil, refused(ErrKey, "algorithm", "%.40q with %.40q", string(k.Curve), string(k.Hash))
		}
		if k.Weight > WeightThreshold {
			return nil, refused(ErrKey, "weight", "%d, at most %d", k.Weight, WeightThreshold)
		}
		for i, v := range []Value{
			Text(k.PublicHex()), {Type: "UInt8", Text: curve}, {Type: "UInt8", Text: hash}, UFix64(uint64(k.Weight) * 1e8),
		} {
			columns[i].Items = append(columns[i].Items, v)
		}
	}
	arguments := make([][]byte, len(columns))
	for i, c := range columns {
		arguments[i] = c.JSON()
	}
	return arguments, nil
}
