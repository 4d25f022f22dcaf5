package devnet

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

// MarshalJSON writes the account back as clients send it.
func (o override) MarshalJSON() ([]byte, error) {
	m := map[string]any{}
	if o.balance != nil {
		m["balance"] = (*hexutil.Big)(o.balance.ToBig())
	}
	if o.nonce != nil {
		m["nonce"] = hexutil.Uint64(*o.nonce)
	}
	if o.code != nil {
		m["code"] = hexutil.Bytes(o.code)
	}
	if o.storage != nil {
		m[map[bool]string{true: "stateDiff", false: "state"}[o.diff]] = o.storage
	}
	return json.Marshal(m)
}

func write(t *testing.T, set overrides) []byte {
	t.Helper()
	m := map[common.Address]override{}
	for _, o := range set {
		m[o.address] = o
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzParseOverrides(f *testing.F) {
	account := `"0x00000000000000000000000000000000000000aa"`
	word := "0x" + strings.Repeat("0", 63) + "1"
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{`, `{"0x":{}}`, `{` + account + `:{}}`, `{` + account + `:{}}{}`, `{` + account + `:{},` + account + `:{}}`,
		`{` + account + `:{"balance":"0x1","nonce":"0x2","code":"0x6000","stateDiff":{"` + word + `":"` + word + `"}}}`,
		`{` + account + `:{"state":{}}}`, `{` + account + `:{"code":"0x","movePrecompileToAddress":` + account + `}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := parseOverrides(data)
		if err != nil {
			var refused *rpcError
			if set != nil || !errors.As(err, &refused) || refused.code != codeInvalid || len(refused.msg) > 1000 {
				t.Fatalf("%v, %v", set, err)
			}
			return
		}
		slots := 0
		for _, o := range set {
			slots += len(o.storage)
		}
		if len(set) > maxOverrides || slots > maxOverrideSlots {
			t.Fatalf("%d accounts, %d slots", len(set), slots)
		}
		again, err := parseOverrides(write(t, set))
		if err != nil || len(again) != len(set) {
			t.Fatalf("%s becomes %v, %v", data, again, err)
		}
		sorted := func(set overrides) map[common.Address]string {
			m := map[common.Address]string{}
			for _, o := range set {
				m[o.address] = string(write(t, overrides{o}))
			}
			return m
		}
		if !maps.Equal(sorted(again), sorted(set)) {
			t.Fatalf("%s becomes %s", write(t, set), write(t, again))
		}
	})
}
