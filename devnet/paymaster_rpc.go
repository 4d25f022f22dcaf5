package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// paymasterAPI is the "pm" RPC namespace, ERC-7677. Its context is {} for an operation that is paid for
// nothing, and {"token": address} for one that pays in the token. There are no
// policies here.
type paymasterAPI struct{ paymaster *paymaster }

// sponsorship is what both methods return: paymasterAndData for EntryPoint 0.6, the other fields for later ones.
type sponsorship struct {
	Paymaster            *common.Address `json:"paymaster,omitempty"`
	PaymasterData        hexutil.Bytes   `json:"paymasterData,omitempty"`
	VerificationGasLimit *hexutil.Uint64 `json:"paymasterVerificationGasLimit,omitempty"`
	PostOpGasLimit       *hexutil.Uint64 `json:"paymasterPostOpGasLimit,omitempty"`
	PaymasterAndData     hexutil.Bytes   `json:"paymasterAndData,omitempty"`
	Sponsor              *sponsorName    `json:"sponsor,omitempty"`
	IsFinal              *bool           `json:"isFinal,omitempty"`
}

type sponsorName struct {
	Name string `json:"name"`
}

// GetPaymasterStubData is pm_getPaymasterStubData(operation, entryPoint, chainId, context).
func (a *paymasterAPI) GetPaymasterStubData(operation json.RawMessage, entryPoint common.Address, chainID hexutil.Big, terms *json.RawMessage) (*sponsorship, error) {
	ep, op, t, err := a.parse(operation, entryPoint, chainID, terms)
	if err != nil {
		return nil, err
	}
	s := a.fields(ep, a.paymaster.stub(ep, t))
	if ep != userop.V06 {
		validation, postOp := hexutil.Uint64(validationGas(op)), hexutil.Uint64(t.postOpGas())
		s.VerificationGasLimit, s.PostOpGasLimit = &validation, &postOp
	}
	s.Sponsor, s.IsFinal = &sponsorName{"Postern development chain"}, new(bool)
	return s, nil
}

// GetPaymasterData is pm_getPaymasterData(operation, entryPoint, chainId, context): the signed fields. Nothing
// of the operation but the account's signature may change afterwards.
func (a *paymasterAPI) GetPaymasterData(ctx context.Context, operation json.RawMessage, entryPoint common.Address, chainID hexutil.Big, terms *json.RawMessage) (*sponsorship, error) {
	ctx, cancel := context.WithTimeout(ctx, simulationTime)
	defer cancel()
	p := a.paymaster
	ep, op, t, err := a.parse(operation, entryPoint, chainID, terms)
	if err != nil {
		return nil, err
	}
	if !p.limit.Allow() {
		return nil, &rpcError{code: codeLimit, msg: fmt.Sprintf("the paymaster signs at most %d times a minute", p.limit.Burst())}
	}
	if err := p.bundler.enter(ctx); err != nil {
		return nil, err
	}
	defer p.bundler.leave()
	data, err := p.data(ctx, ep, op, t)
	if err != nil {
		return nil, err
	}
	return a.fields(ep, data), nil
}

func (a *paymasterAPI) fields(ep userop.EntryPoint, data []byte) *sponsorship {
	at := a.paymaster.at[ep.Version()]
	if ep == userop.V06 {
		return &sponsorship{PaymasterAndData: append(at.Bytes(), data...)}
	}
	return &sponsorship{Paymaster: &at, PaymasterData: data}
}

func (a *paymasterAPI) parse(operation json.RawMessage, entryPoint common.Address, chainID hexutil.Big, asked *json.RawMessage) (userop.EntryPoint, *userop.Op, terms, error) {
	var none terms
	if id := chainID.ToInt(); id.Cmp(a.paymaster.bundler.chainID) != 0 {
		return nil, nil, none, invalidf("this is chain %d, not %d", a.paymaster.bundler.chainID, id)
	}
	signed, err := withSignature(operation)
	if err != nil {
		return nil, nil, none, err
	}
	ep, op, err := parseOp(signed, entryPoint)
	if err != nil {
		return nil, nil, none, err
	}
	if at := a.paymaster.at[ep.Version()]; op.Paymaster != nil && *op.Paymaster != at {
		return nil, nil, none, invalidf("the operation names the paymaster %s already, this one is %s", op.Paymaster, at)
	}
	t, err := a.paymaster.parseContext(asked)
	return ep, op, t, err
}

// withSignature gives an operation an empty signature when it has none: ERC-7677 asks paymasters before the
// account has signed.
func withSignature(operation json.RawMessage) (json.RawMessage, error) {
	list, err := members(operation, 32)
	if err != nil {
		return nil, invalidf("user operation: %s", err)
	}
	for _, m := range list {
		if m.name == "signature" {
			return operation, nil
		}
	}
	open := bytes.IndexByte(operation, '{') + 1
	rest := operation[open:]
	if len(list) > 0 {
		rest = append([]byte(","), rest...)
	}
	return append([]byte(`{"signature":"0x"`), rest...), nil
}

// parseContext reads on what the paymaster is to pay.
func (p *paymaster) parseContext(data *json.RawMessage) (t terms, err error) {
	if data == nil || bytes.Equal(*data, []byte("null")) {
		return t, nil
	}
	list, err := members(*data, 1)
	if err != nil {
		return t, invalidf("paymaster context: %s", err)
	}
	for _, m := range list {
		if m.name != "token" {
			return t, invalidf("paymaster context: %.40q is not supported, only token is", m.name)
		}
		t.token = new(common.Address)
		if err := unmarshalText(m.value, t.token); err != nil {
			return t, invalidf("paymaster context: token: %s", err)
		}
		if *t.token != p.token {
			return t, invalidf("paymaster context: the token %s is not taken, only %s is", t.token, p.token)
		}
	}
	return t, nil
}

// quoteRequest is the first parameter of pimlico_getTokenQuotes.
type quoteRequest struct {
	Tokens []common.Address `json:"tokens"`
}

const maxQuotes = 32

// tokenQuote is the price of gas in one token, as Pimlico's clients know it.
type tokenQuote struct {
	Paymaster    common.AddressEIP55 `json:"paymaster"`
	Token        common.AddressEIP55 `json:"token"`
	PostOpGas    hexutil.Uint64      `json:"postOpGas"`
	ExchangeRate *hexutil.Big        `json:"exchangeRate"`            // units for 10^18 wei
	ToUSD        *hexutil.Big        `json:"exchangeRateNativeToUsd"` // millionths of a dollar for 10^18 wei
	BalanceSlot  hexutil.Uint64      `json:"balanceSlot"`             // of the mapping in the token's storage
	AllowSlot    hexutil.Uint64      `json:"allowanceSlot"`
}

// GetTokenQuotes is pimlico_getTokenQuotes({tokens}, entryPoint, chainId). Tokens that are not taken have no quote.
func (a *pimlicoAPI) GetTokenQuotes(request json.RawMessage, entryPoint common.Address, chainID hexutil.Big) (map[string][]tokenQuote, error) {
	p := a.paymaster
	if id := chainID.ToInt(); id.Cmp(p.bundler.chainID) != 0 {
		return nil, invalidf("this is chain %d, not %d", p.bundler.chainID, id)
	}
	_, at, err := p.paymasterFor(entryPoint)
	if err != nil {
		return nil, err
	}
	list, err := members(request, 1)
	if err != nil || len(list) != 1 || list[0].name != "tokens" {
		return nil, invalidf("the first parameter is not {\"tokens\":[…]}")
	}
	var r quoteRequest
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, invalidf("tokens: %s", err)
	}
	if len(r.Tokens) > maxQuotes {
		return nil, invalidf("%d tokens, at most %d are looked at", len(r.Tokens), maxQuotes)
	}
	quotes := []tokenQuote{}
	for _, token := range r.Tokens {
		if token == p.token {
			quotes = append(quotes, tokenQuote{common.AddressEIP55(at), common.AddressEIP55(token), gasOfTransfer,
				(*hexutil.Big)(tokenRate), (*hexutil.Big)(tokenUSDRate), tokenBalanceSlot, tokenAllowanceSlot})
		}
	}
	return map[string][]tokenQuote{"quotes": quotes}, nil
}
