package bundler_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

var token = common.HexToAddress("0x70c0")

func TestTokenPaymaster(t *testing.T) {
	p, err := bundler.NewTokenPaymaster(play(t, "token-quotes"), fast, token)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.Quote(t.Context(), withoutGas(), userop.V08, chain)
	if err != nil || q.Token != token || q.Paymaster != common.HexToAddress("0xbb") || q.Rate.String() != "1711446666666666885120" || q.PostOpGas.Int64() != 50_000 {
		t.Errorf("%+v, %v", q, err)
	}
	s, err := p.Stub(t.Context(), withoutGas(), userop.V08, chain)
	if err != nil || s.Paymaster != q.Paymaster || p.Token() != token {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := bundler.NewTokenPaymaster("ftp://host", fast, token); !errors.Is(err, bundler.ErrURL) {
		t.Error(err)
	}
}

// service answers one method with a result.
func service(t *testing.T, result string) *bundler.TokenPaymaster {
	t.Helper()
	server := httptest.NewServer(ok(`{"jsonrpc":"2.0","id":ID,"result":` + result + `}`))
	t.Cleanup(server.Close)
	p, err := bundler.NewTokenPaymaster(server.URL, noRetries, token)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPricesThatCannotBeAreRefused(t *testing.T) {
	const good = `{"token":"0x00000000000000000000000000000000000070c0","paymaster":"0x00000000000000000000000000000000000000bb","exchangeRate":"0x1","postOpGas":"0x1"}`
	if q, err := service(t, `{"quotes":[`+good+`]}`).Quote(t.Context(), nil, userop.V08, chain); err != nil || q.Rate.Int64() != 1 {
		t.Fatal(q, err)
	}
	for name, c := range map[string]struct {
		result string
		want   error
	}{
		"none":                {`{"quotes":[]}`, bundler.ErrNoQuote},
		"no list":             {`{}`, bundler.ErrNoQuote},
		"nothing":             {`null`, bundler.ErrNoQuote},
		"of another token":    {`{"quotes":[` + strings.Replace(good, "70c0", "70c1", 1) + `]}`, bundler.ErrNoQuote},
		"without a paymaster": {`{"quotes":[` + strings.Replace(good, `"paymaster"`, `"paymister"`, 1) + `]}`, bundler.ErrBadReply},
		"without a rate":      {`{"quotes":[` + strings.Replace(good, `"exchangeRate"`, `"rate"`, 1) + `]}`, bundler.ErrBadReply},
		"without gas":         {`{"quotes":[` + strings.Replace(good, `"postOpGas"`, `"gas"`, 1) + `]}`, bundler.ErrBadReply},
		"a rate of 257 bits":  {`{"quotes":[` + strings.Replace(good, `"exchangeRate":"0x1"`, `"exchangeRate":"0x1`+strings.Repeat("0", 64)+`"`, 1) + `]}`, bundler.ErrBadReply},
		"a negative rate":     {`{"quotes":[` + strings.Replace(good, `"exchangeRate":"0x1"`, `"exchangeRate":"-0x1"`, 1) + `]}`, bundler.ErrBadReply},
		"a rate as a number":  {`{"quotes":[` + strings.Replace(good, `"exchangeRate":"0x1"`, `"exchangeRate":1`, 1) + `]}`, bundler.ErrBadReply},
		"a short address":     {`{"quotes":[` + strings.Replace(good, `00bb"`, `"`, 1) + `]}`, bundler.ErrBadReply},
		"seventeen of one":    {`{"quotes":[` + strings.Repeat(good+",", 16) + good + `]}`, bundler.ErrBadReply},
	} {
		q, err := service(t, c.result).Quote(t.Context(), nil, userop.V08, chain)
		if !errors.Is(err, c.want) || q.Rate != nil {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}

func TestPaymastersWhoseAnswerCannotBeAreRefused(t *testing.T) {
	const who = `"paymaster":"0x00000000000000000000000000000000000000bb"`
	for name, c := range map[string]struct {
		ep     userop.EntryPoint
		result string
	}{
		"nobody":                        {userop.V08, `{"paymasterData":"0x"}`},
		"the zero address":              {userop.V08, `{"paymaster":"0x0000000000000000000000000000000000000000"}`},
		"endless data":                  {userop.V08, `{` + who + `,"paymasterData":"0x` + strings.Repeat("00", 16<<10+1) + `"}`},
		"half a byte":                   {userop.V08, `{` + who + `,"paymasterData":"0x0"}`},
		"2^256-1 gas":                   {userop.V08, `{` + who + `,"paymasterPostOpGasLimit":"0x` + strings.Repeat("f", 64) + `"}`},
		"a signature of its own":        {userop.V08, `{` + who + `,"paymasterSignature":"0x01"}`},
		"an endless signature":          {userop.V09, `{` + who + `,"paymasterSignature":"0x` + strings.Repeat("00", 16<<10+1) + `"}`},
		"the wrong form":                {userop.V06, `{` + who + `,"paymasterData":"0x"}`},
		"the zero address in 0.6":       {userop.V06, `{"paymasterAndData":"0x` + strings.Repeat("00", 20) + `"}`},
		"endless data in 0.6":           {userop.V06, `{"paymasterAndData":"0x` + strings.Repeat("11", 20+16<<10+1) + `"}`},
		"nothing":                       {userop.V08, `null`},
		"a gas limit that is no number": {userop.V08, `{` + who + `,"callGasLimit":"many"}`},
	} {
		p := service(t, c.result)
		for _, f := range []func() (account.Sponsorship, error){
			func() (account.Sponsorship, error) { return p.Stub(t.Context(), sample(), c.ep, chain) },
			func() (account.Sponsorship, error) { return p.Data(t.Context(), sample(), c.ep, chain) },
		} {
			if s, err := f(); !errors.Is(err, bundler.ErrBadReply) || s.Paymaster != (common.Address{}) {
				t.Errorf("%s: %+v, %v", name, s.Paymaster, err)
			}
		}
	}
	s, err := service(t, `{`+who+`,"paymasterData":"0x01","paymasterSignature":"0x02"}`).Data(t.Context(), sample(), userop.V09, chain)
	if err != nil || string(s.Signature) != "\x02" || string(s.Data) != "\x01" {
		t.Errorf("a signature beside the data: %+v, %v", s, err)
	}
}

// What the paymaster signs is the operation that it was asked about. An answer
// that names other numbers is for another operation.
func TestPaymastersThatSignSomethingElseAreFoundOut(t *testing.T) {
	answer := func(more string) string {
		return `{"paymaster":"0x00000000000000000000000000000000000000bb","paymasterData":"0x12"` + more + `}`
	}
	for _, same := range []string{``, `,"callGasLimit":"0x7530","verificationGasLimit":"0x186a0","preVerificationGas":"0xc350","maxFeePerGas":"0x77359400","maxPriorityFeePerGas":"0x3b9aca00"`} {
		if _, err := service(t, answer(same)).Data(t.Context(), sample(), userop.V08, chain); err != nil {
			t.Errorf("%s: %v", same, err)
		}
	}
	for _, field := range []string{"callGasLimit", "verificationGasLimit", "preVerificationGas", "maxFeePerGas", "maxPriorityFeePerGas"} {
		other := service(t, answer(`,"`+field+`":"0x1"`))
		_, err := other.Data(t.Context(), sample(), userop.V08, chain)
		if e, ok := errors.AsType[*account.PaymasterChangedError](err); !ok || e.Field != field || e.Is != "1" || e.Hint() == "" {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := other.Stub(t.Context(), sample(), userop.V08, chain); err != nil {
			t.Errorf("%s in a stub, before gas is known: %v", field, err)
		}
	}
}

func TestReceiptsMayLeaveOutTheNonceButNotTheSender(t *testing.T) {
	receipt := func(more string) http.HandlerFunc {
		return ok(`{"jsonrpc":"2.0","id":ID,"result":{"userOpHash":"` + hash8.Hex() + `",` + more + `"success":true,"receipt":{"transactionHash":"` + tx.Hex() + `","blockNumber":"0x1"}}}`)
	}
	for more, good := range map[string]bool{`"sender":"0x00000000000000000000000000000000000000aa",`: true, ``: false} {
		server := httptest.NewServer(receipt(more))
		c, err := bundler.Dial(server.URL, noRetries)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Receipt(t.Context(), hash8)
		if good != (err == nil) || good && r.Nonce != nil {
			t.Errorf("%q: %+v, %v", more, r, err)
		}
		server.Close()
	}
}
