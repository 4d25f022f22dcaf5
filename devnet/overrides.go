package devnet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/userop"
)

// Limits of the state override set of one request.
const (
	maxOverrides     = 32   // accounts
	maxOverrideSlots = 1024 // of storage, all accounts together
	maxBalanceBits   = 128  // more than all money there is
)

// override is what an estimation is to assume about one account. What is nil stays as it is.
type override struct {
	address common.Address
	balance *uint256.Int
	nonce   *uint64
	code    []byte // not nil and empty: no code
	storage map[common.Hash]common.Hash
	diff    bool // storage is changes; otherwise it is all there is
}

// overrides is the third parameter of eth_estimateUserOperationGas, as clients also give it to eth_call:
// {address: {balance, nonce, code, state or stateDiff}}.
type overrides []override

// parseOverrides reads the set strictly. Absent, null and {} are no overrides.
func parseOverrides(data []byte) (overrides, error) {
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return nil, nil
	}
	accounts, err := members(data, maxOverrides)
	if err != nil {
		return nil, overrideErrorf("", "%s", err)
	}
	var list overrides
	slots := maxOverrideSlots
	for _, m := range accounts {
		address, ok := parseAddress(m.name)
		if !ok {
			return nil, overrideErrorf("", "%.70q is no address", m.name)
		}
		if slices.ContainsFunc(list, func(o override) bool { return o.address == address }) {
			return nil, overrideErrorf("", "%s is given twice", address)
		}
		o := override{address: address}
		if err := o.parse(m.value, &slots); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// parse reads one account's members; slots is how many storage slots are left.
func (o *override) parse(data []byte, slots *int) error {
	list, err := members(data, 8)
	if err != nil {
		return overrideErrorf("", "%s: %s", o.address, err)
	}
	for _, m := range list {
		if err := o.set(m, slots); err != nil {
			return overrideErrorf(m.name, "%.40s of %s: %s", m.name, o.address, err)
		}
	}
	return nil
}

func (o *override) set(m member, slots *int) error {
	switch m.name {
	case "balance":
		var wei hexutil.Big
		if err := unmarshalText(m.value, &wei); err != nil {
			return err
		}
		if bits := wei.ToInt().BitLen(); bits > maxBalanceBits {
			return fmt.Errorf("%d bits, at most %d are taken", bits, maxBalanceBits)
		}
		o.balance = uint256.MustFromBig(wei.ToInt())
	case "nonce":
		var nonce hexutil.Uint64
		if err := unmarshalText(m.value, &nonce); err != nil {
			return err
		}
		o.nonce = (*uint64)(&nonce)
	case "code":
		code := hexutil.Bytes{}
		if err := unmarshalText(m.value, &code); err != nil {
			return err
		}
		if len(code) > params.MaxCodeSize {
			return fmt.Errorf("%d bytes, no contract has more than %d", len(code), params.MaxCodeSize)
		}
		o.code = code
	case "state", "stateDiff":
		if o.storage != nil {
			return fmt.Errorf("storage is given twice, as state and as stateDiff")
		}
		o.diff = m.name == "stateDiff"
		return o.setStorage(m.value, slots)
	default:
		return fmt.Errorf("not supported, only balance, nonce, code, state and stateDiff are")
	}
	return nil
}

func (o *override) setStorage(data []byte, slots *int) error {
	list, err := members(data, *slots)
	if err != nil {
		return err
	}
	*slots -= len(list)
	o.storage = make(map[common.Hash]common.Hash, len(list))
	for _, m := range list {
		var slot, value common.Hash
		if err := slot.UnmarshalText([]byte(m.name)); err != nil {
			return fmt.Errorf("slot %.70q: %w", m.name, err)
		}
		if err := unmarshalText(m.value, &value); err != nil {
			return fmt.Errorf("slot %s: %w", slot, err)
		}
		if _, twice := o.storage[slot]; twice {
			return fmt.Errorf("slot %s is given twice", slot)
		}
		o.storage[slot] = value
	}
	return nil
}

// override puts the set into the scene, as a transaction before the operation would have.
func (s *scene) override(ep userop.EntryPoint, op *userop.Op, set overrides) error {
	rules := s.chain.Config().Rules(s.header.Number, true, s.header.Time)
	precompiles := vm.ActivePrecompiles(rules)
	for _, o := range set {
		switch {
		case o.code != nil && o.address == ep.Address():
			return overrideErrorf("code", "another EntryPoint than %s cannot be estimated on", o.address)
		case o.code != nil && slices.Contains(precompiles, o.address):
			return overrideErrorf("code", "%s is a precompiled contract, code there does not run", o.address)
		case o.code != nil && o.address == op.Sender && op.Authorization != nil:
			return overrideErrorf("code", "the sender's code comes from eip7702Auth already")
		}
		o.apply(s.state)
	}
	s.state.Finalise(rules)
	return nil
}

func (o *override) apply(db *state.StateDB) {
	if o.nonce != nil {
		db.SetNonce(o.address, *o.nonce, tracing.NonceChangeUnspecified)
	}
	if o.code != nil {
		db.SetCode(o.address, o.code, tracing.CodeChangeUnspecified)
	}
	if o.balance != nil {
		db.SetBalance(o.address, o.balance, tracing.BalanceChangeUnspecified)
	}
	if o.storage != nil && !o.diff {
		db.SetStorage(o.address, o.storage)
		return
	}
	for slot, value := range o.storage {
		db.SetState(o.address, slot, value)
	}
}

// overrideError is the data of a refusal: what of the state override set cannot be had.
type overrideError struct {
	StateOverride string `json:"stateOverride"` // the member, empty where the set as a whole is meant
}

func overrideErrorf(member, format string, args ...any) error {
	e := invalidf("state override: "+format, args...).(*rpcError)
	e.data = overrideError{fmt.Sprintf("%.40s", member)}
	return e
}

// parseAddress reads 0x and 40 hex digits in any case.
func parseAddress(text string) (a common.Address, ok bool) {
	return a, a.UnmarshalText([]byte(text)) == nil
}

// unmarshalText is for values that are JSON strings; null is none.
func unmarshalText(data []byte, into json.Unmarshaler) error {
	if len(data) == 0 || data[0] != '"' {
		return fmt.Errorf("no string of hex digits")
	}
	return into.UnmarshalJSON(data)
}
