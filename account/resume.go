package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// saved is the JSON form of a Prepared. The operation has its EntryPoint's wire
// form; the challenge is made anew when it is read.
type saved struct {
	Format     string          `json:"format"` // savedFormat
	ChainID    *hexutil.Big    `json:"chainId"`
	EntryPoint common.Address  `json:"entryPoint"`
	Hash       common.Hash     `json:"hash"`
	Calls      []savedCall     `json:"calls"`
	Op         json.RawMessage `json:"op"`
	Sponsor    string          `json:"sponsor,omitempty"`
	// For summaries and warnings, not covered by Hash.
	ChainFee *hexutil.Big `json:"chainFee,omitempty"` // wei per gas
	Estimate Estimate     `json:"estimate,omitzero"`
	Token    *savedCharge `json:"token,omitempty"`
	// The P-256 paths for which gas was estimated, see P256Pather. Wrong ones can
	// make an operation fail or cost more, and nothing else.
	P256Paths hexutil.Bytes `json:"p256Paths,omitempty"`

	Sealed bool `json:"sealed"`
	Sent   bool `json:"sent"`
}

// savedCharge is a TokenCharge, in token units.
type savedCharge struct {
	Token     common.Address `json:"token"`
	Max       *hexutil.Big   `json:"max"`
	Allowance *hexutil.Big   `json:"allowance"`
}

type savedCall struct {
	To    common.Address `json:"to"`
	Value *hexutil.Big   `json:"value"`
	Data  hexutil.Bytes  `json:"data"`
}

const (
	savedFormat  = "postern/prepared/1"
	maxSavedSize = 1 << 20
)

// ErrSaved is returned by Resume for JSON that is no saved operation.
var ErrSaved = errors.New("account: this is no saved operation")

// MarshalJSON writes the operation so that [Resume] can go on with it, in
// another process too. It holds no secret, but a sealed operation can be sent by
// whoever reads it.
func (p *Prepared) MarshalJSON() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wire, err := p.acct.EntryPoint().MarshalOp(p.op)
	if err != nil {
		return nil, fmt.Errorf("account: save the operation: %w", err)
	}
	s := saved{Format: savedFormat, ChainID: (*hexutil.Big)(p.chainID), EntryPoint: p.acct.EntryPoint().Address(),
		Hash: p.hash, Op: wire, Sponsor: p.sponsor, ChainFee: (*hexutil.Big)(p.chainFee), Estimate: p.estimate, P256Paths: p.paths,
		Sealed: p.op.Signature != nil, Sent: p.sent}
	if c := p.tokenCharge; c != nil {
		s.Token = &savedCharge{Token: c.Token, Max: (*hexutil.Big)(c.Max), Allowance: (*hexutil.Big)(c.Allowance)}
	}
	for _, c := range p.calls {
		s.Calls = append(s.Calls, savedCall{To: c.To, Value: (*hexutil.Big)(c.Value), Data: c.Data})
	}
	return json.Marshal(s)
}

// Resume reads what [Prepared.MarshalJSON] wrote and goes on where it stopped:
// with Finish if it was not approved yet, else with Send – which sends nothing
// twice – and Wait. The account and the authority are the ones it was prepared
// with; JSON that does not fit them, or whose calls are not those of the
// operation, is refused with [ErrChanged].
func Resume(data []byte, c Client, acct Account, auth Authority) (*Prepared, error) {
	if len(data) > maxSavedSize {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrSaved, maxSavedSize)
	}
	var s saved
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows it", ErrSaved)
	}
	if s.Format != savedFormat || s.ChainID == nil || len(s.Calls) == 0 || len(s.Op) == 0 {
		return nil, fmt.Errorf("%w: format %q", ErrSaved, s.Format)
	}
	ep, chainID := acct.EntryPoint(), (*big.Int)(s.ChainID)
	if ep.Address() != s.EntryPoint {
		return nil, fmt.Errorf("%w: it is for the EntryPoint %s, the account answers to %s", ErrChanged, s.EntryPoint, ep.Address())
	}
	if c.ChainID != nil && c.ChainID.Cmp(chainID) != 0 {
		return nil, &WrongChainError{Who: "the saved operation", Want: c.ChainID, Got: chainID}
	}
	op, err := ep.UnmarshalOp(s.Op)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	calls := make([]Call, len(s.Calls))
	for i, sc := range s.Calls {
		calls[i] = Call{To: sc.To, Value: (*big.Int)(sc.Value), Data: sc.Data}
	}
	if calls, _, err = normalize(calls); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	callData, err := acct.EncodeCalls(calls)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	if op.Sender != acct.Address() || !bytes.Equal(callData, op.CallData) {
		return nil, ErrChanged
	}
	fee, err := checkLimits(op, ep)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	chainFee, err := savedChainFee(s.ChainFee)
	if err != nil {
		return nil, err
	}
	if err := savedBirth(op, acct); err != nil {
		return nil, err
	}
	if err := savedAuthorization(op, acct, chainID); err != nil {
		return nil, err
	}
	if !inSequence(op.Nonce, auth.NonceKey()) {
		return nil, fmt.Errorf("%w: its nonce is of another sequence than the authority's", ErrChanged)
	}
	if auth, err = onPaths(auth, s.P256Paths); err != nil {
		return nil, err
	}
	charge, err := s.Token.charge(op, calls)
	if err != nil {
		return nil, err
	}
	sig := op.Signature
	p := &Prepared{client: c, acct: acct, auth: auth, paths: s.P256Paths, calls: calls, chainID: chainID, sponsor: s.Sponsor,
		deploys: deploys(op), op: op, fee: fee, chainFee: chainFee, estimate: s.Estimate, tokenCharge: charge, sent: s.Sent && s.Sealed}
	if err := p.fix(); err != nil {
		return nil, err
	}
	if p.hash != s.Hash {
		return nil, ErrChanged
	}
	if s.Sealed {
		p.op.Signature = sig
	}
	return p, nil
}

// savedBirth checks that the operation creates the account as the account itself
// would, if at all: EntryPoints call what stands there, before anything else.
func savedBirth(op *userop.Op, acct Account) error {
	_, delegated := acct.(Delegated)
	switch factory, data := acct.Factory(); {
	case op.Factory == nil:
		return nil
	case delegated && op.IsEIP7702() && len(op.FactoryData) == 0:
		return nil
	case delegated || op.IsEIP7702():
	case factory == (common.Address{}): // attached by address meanwhile
		return nil
	case *op.Factory == factory && bytes.Equal(op.FactoryData, data):
		return nil
	}
	return fmt.Errorf("%w: it creates the account in another way", ErrChanged)
}

// savedAuthorization checks the one part of an operation that its hash leaves
// out, in whole (EntryPoint 0.7) or in part.
func savedAuthorization(op *userop.Op, acct Account, chainID *big.Int) error {
	if op.Authorization == nil {
		return nil
	}
	d, ok := acct.(Delegated)
	if !ok {
		return fmt.Errorf("%w: it holds an EIP-7702 authorization", ErrChanged)
	}
	if err := checkAuthorization(op.Authorization, op.Sender, d.Delegate(), chainID); err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return nil
}

// charge is nil for a fee that is not paid in a token. Where the operation sets the
// allowance, that is the most that it may say.
func (s *savedCharge) charge(op *userop.Op, calls []Call) (*TokenCharge, error) {
	if s == nil {
		return nil, nil
	}
	if op.Paymaster == nil || s.Max == nil || s.Allowance == nil || s.Max.ToInt().Sign() < 0 || s.Allowance.ToInt().Sign() < 0 {
		return nil, fmt.Errorf("%w: a charge in a token that is not possible", ErrSaved)
	}
	c := &TokenCharge{Token: s.Token, Paymaster: *op.Paymaster, Max: s.Max.ToInt(), Allowance: s.Allowance.ToInt()}
	if c.Max.BitLen() > unlimitedBits || c.Allowance.BitLen() > 256 {
		return nil, fmt.Errorf("%w: a charge in a token that is not possible", ErrSaved)
	}
	allows := func(call Call) bool {
		return call.To == c.Token && bytes.Equal(call.Data, approve(c.Token, c.Paymaster, c.Max).Data)
	}
	if c.Allowance.Sign() == 0 && !slices.ContainsFunc(calls, allows) {
		return nil, fmt.Errorf("%w: it does not allow what it may cost in a token", ErrChanged)
	}
	return c, nil
}
