package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// units in powers of ten of wei, longest name first.
var units = []struct {
	name  string
	power int
}{{"ether", 18}, {"gwei", 9}, {"eth", 18}, {"wei", 0}}

// parseAmount reads "0.25ether", "0.25 eth", "5gwei", or wei without a unit. It is exact:
// digits below one wei are refused.
func parseAmount(text string) (*big.Int, error) {
	bad := func(why string) (*big.Int, error) {
		return nil, usageError(fmt.Sprintf("%s is no amount: %s", clip(text), why), "write 0.25eth, 5gwei, or a whole number of wei")
	}
	s, power := strings.TrimSpace(strings.ToLower(text)), 0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			s, power = strings.TrimSpace(rest), u.power
			break
		}
	}
	if hex, ok := strings.CutPrefix(s, "0x"); ok && power == 0 {
		if n, ok := new(big.Int).SetString(hex, 16); ok && n.BitLen() <= 256 && n.Sign() >= 0 {
			return n, nil
		}
		return bad("not hexadecimal")
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	switch {
	case strings.Trim(whole+fraction, "0123456789") != "" || whole == "" || len(whole) > 78:
		return bad("not a number")
	case len(fraction) > power && power == 0:
		return bad("wei have no fractions; is a unit missing?")
	case len(fraction) > power:
		return bad("finer than one wei")
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", power-len(fraction)), 10)
	if !ok || n.BitLen() > 256 {
		return bad("too large")
	}
	return n, nil
}

// wireCall is one call as people write it.
type wireCall struct {
	To    string `json:"to"`
	Value string `json:"value"`
	Data  string `json:"data"`
}

func (w *wireCall) flags(fs *flag.FlagSet) {
	fs.StringVar(&w.To, "to", "", "call this `address`")
	fs.StringVar(&w.Value, "value", "", "`amount` to send: 0.1eth, 5gwei, or wei")
	fs.StringVar(&w.Data, "data", "", "calldata `hex`")
}

// calls is the one call as a list.
func (w wireCall) calls() ([]account.Call, error) {
	c, err := w.call()
	if err != nil {
		return nil, err
	}
	return []account.Call{c}, nil
}

func (w wireCall) call() (account.Call, error) {
	to, err := parseAddress("to", w.To)
	if err != nil {
		return account.Call{}, err
	}
	c := account.Call{To: to, Value: new(big.Int)}
	if w.Value != "" {
		if c.Value, err = parseAmount(w.Value); err != nil {
			return account.Call{}, err
		}
	}
	if w.Data != "" {
		if !strings.HasPrefix(w.Data, "0x") || len(w.Data)%2 == 1 || strings.Trim(w.Data[2:], "0123456789abcdefABCDEF") != "" {
			return account.Call{}, usageError("data is no hex: "+clip(w.Data), "write 0x and an even number of hex digits")
		}
		c.Data = common.FromHex(w.Data)
	}
	return c, nil
}

// parseCalls reads a list of calls in JSON, or one call alone. Values are text: JSON
// numbers lose digits.
func parseCalls(text []byte) ([]account.Call, error) {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("{")) {
		text = append(append([]byte("["), text...), ']')
	}
	var list []wireCall
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil || dec.More() {
		return nil, usageError("the calls are not the expected JSON", `write [{"to":"0x…","value":"0.1eth","data":"0x…"}], each value as text`)
	}
	if len(list) == 0 {
		return nil, usageError("there are no calls", `write [{"to":"0x…","value":"0.1eth"}]`)
	}
	var calls []account.Call
	for _, w := range list {
		c, err := w.call()
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	return calls, nil
}
