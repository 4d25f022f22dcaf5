package inspect

import (
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// guardianTypedData explains what a guardian, a new signer or the account is asked to sign: the
// EIP-712 documents of the recovery module.
func (in *inspector) guardianTypedData(text []byte, members map[string]json.RawMessage) (Reading, bool) {
	var kind string
	var domain struct {
		Name    string
		ChainID json.RawMessage `json:"chainId"`
	}
	if json.Unmarshal(members["primaryType"], &kind) != nil || json.Unmarshal(members["domain"], &domain) != nil || domain.Name != "Postern Guardians" {
		return Reading{}, false
	}
	r := Reading{Kind: "guardian-typed-data", Title: "what the guardians of an account sign (EIP-712): " + shown(kind), Likelihood: Certain}
	if kind == "OnManyChains" {
		r.warn("many-chains", "one signature for several messages on several chains, of which only the root stands here", "a recovery on many chains at once", "sign it only where all the messages are shown")
		return r, true
	}
	chainID, ok := new(big.Int).SetString(unquotedJSON(domain.ChainID), 0)
	m, err := guardianMessageOf(kind, members["message"])
	if err != nil || !ok || chainID.Sign() <= 0 || chainID.BitLen() > 256 {
		r.wrong("message", "it is none of the messages of the recovery module", "cut, edited by hand, or made to mislead", "do not sign it")
		return r, true
	}
	in.guardianMessage(&r, m, chainID)
	if want, err := m.TypedData(chainID); err != nil || !sameTypedData(text, want) {
		r.wrong("typed-data", "domain or types are not those of the recovery module: what is signed is something else", "made for another contract, or to mislead", "do not sign it; the module is "+guardian.Module.Hex())
	}
	return r, true
}

// guardianFields are the members of all messages, read as wallets write them: numbers with or
// without quotes.
type guardianFields struct {
	Account, CredentialIDHash, ConfigHash, NewSigner string
	Tier, By, Table, Nonce, Deadline, Date           json.RawMessage
	Replaces                                         []string

	err error
}

var errMember = errors.New("a member is missing, or is not what it should be")

func (f *guardianFields) number(raw json.RawMessage, bits int) *big.Int {
	n, ok := new(big.Int).SetString(unquotedJSON(raw), 0)
	if !ok || n.Sign() < 0 || n.BitLen() > bits {
		f.err = errMember
		return new(big.Int)
	}
	return n
}

func (f *guardianFields) small(raw json.RawMessage) uint8 { return uint8(f.number(raw, 8).Uint64()) }

func (f *guardianFields) time(raw json.RawMessage) time.Time {
	return time.Unix(f.number(raw, 48).Int64(), 0).UTC()
}

func (f *guardianFields) signer(text string) seal.Signer {
	b, err := ParseBytes(text)
	if err == nil {
		var s seal.Signer
		if s, err = seal.ParseSigner(b); err == nil {
			return s
		}
	}
	f.err = err
	return seal.Signer{}
}

// guardianMessageOf makes a message of the JSON of typed data. What it leaves out shows when the
// typed data is made again.
func guardianMessageOf(kind string, raw json.RawMessage) (guardian.Message, error) {
	var f guardianFields
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	if !common.IsHexAddress(f.Account) || len(f.Replaces) > guardian.MaxReplaced {
		return nil, errMember
	}
	var m guardian.Message
	acct, config, nonce := common.HexToAddress(f.Account), common.HexToHash(f.ConfigHash), f.number(f.Nonce, 256)
	switch kind {
	case "Recover":
		r := guardian.Recovery{
			Account: acct, Tier: f.small(f.Tier), NewSigner: f.signer(f.NewSigner), Table: p256table.Format(f.small(f.Table)),
			CredentialIDHash: common.HexToHash(f.CredentialIDHash), Nonce: nonce, Deadline: f.time(f.Deadline), ConfigHash: config,
		}
		for _, x := range f.Replaces {
			r.Replaces = append(r.Replaces, f.signer(x))
		}
		m = r
	case "CancelRecovery":
		m = guardian.CancelRecovery{Account: acct, Tier: f.small(f.Tier), By: f.small(f.By), Nonce: nonce, ConfigHash: config}
	case "CancelAll":
		m = guardian.CancelAll{Account: acct, Nonce: nonce}
	case "Freeze":
		m = guardian.Freeze{Account: acct, Tier: f.small(f.Tier), Nonce: nonce, Deadline: f.time(f.Deadline), ConfigHash: config}
	case "Unfreeze":
		m = guardian.Unfreeze{Account: acct, Tier: f.small(f.Tier), Nonce: nonce, Deadline: f.time(f.Deadline), ConfigHash: config}
	case "Drill":
		m = guardian.Drill{Account: acct, Nonce: nonce, Date: f.time(f.Date), ConfigHash: config}
	default:
		return nil, errMember
	}
	return m, f.err
}

// sameTypedData reports whether two documents say the same: numbers may stand in quotes or not,
// and hex in either case.
func sameTypedData(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(plainJSON(x), plainJSON(y))
}

// plainJSON makes values that mean the same equal.
func plainJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plainJSON(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plainJSON(v[i])
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return strings.ToLower(v)
	}
	return v
}
