package account

import (
	"context"
	"fmt"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// facts are what the chain says about an account before an operation.
type facts struct {
	chainID     *big.Int
	nonce       *big.Int
	balance     *big.Int
	deposit     *big.Int
	fees        Fees
	chainFee    *big.Int       // the chain's maxFeePerGas beside a bundler's suggestion; nil: not compared
	factory     common.Address // zero if the account exists
	factoryData []byte
	// authorization to run the account's code, if it does not run it yet
	authorization *userop.Authorization
	p256          bool   // P256VERIFY works; read only where the authority wants to know
	paths         []byte // of a P256Pather
}

// chainIDer is an ability of bundlers that know their chain.
type chainIDer interface {
	ChainID(ctx context.Context) (*big.Int, error)
}

// readFacts reads everything at once – one round trip's time instead of ten –
// and then judges in the order of causes: a wrong chain explains a missing
// EntryPoint, not the other way round.
func readFacts(ctx context.Context, c Client, acct Account, auth Authority, o options) (*facts, error) {
	ep, self := acct.EntryPoint(), acct.Address()
	var (
		f                                         facts
		birth                                     = newBirth(acct)
		bundlerID                                 *big.Int
		epCode                                    []byte
		errID, errBID, errEP, errCode             error
		errSrc, errNonce, errBal, errDep, errFees error
		errP256                                   error
	)
	parallel(
		func() { f.chainID, errID = c.Chain.ChainID(ctx) },
		func() {
			if b, ok := c.Bundler.(chainIDer); ok {
				bundlerID, errBID = b.ChainID(ctx)
			}
		},
		func() { epCode, errEP = c.Chain.Code(ctx, ep.Address()) },
		func() { birth.code, errCode = c.Chain.Code(ctx, self) },
		func() {
			if birth.source != (common.Address{}) {
				birth.sourceCode, errSrc = c.Chain.Code(ctx, birth.source)
			}
		},
		func() {
			if o.authorization != nil {
				birth.count, birth.errCount = transactionCount(ctx, c.Chain, self)
			}
		},
		func() { f.nonce, errNonce = readNonce(ctx, c.Chain, ep.Address(), self, auth.NonceKey()) },
		func() { f.balance, errBal = c.Chain.Balance(ctx, self) },
		func() { f.deposit, errDep = readWord(ctx, c.Chain, ep.Address(), userop.BalanceOf(self)) },
		func() { f.fees, f.chainFee, errFees = readFees(ctx, c, o.fees) },
		func() { f.p256, errP256 = readP256(ctx, c.Chain, auth, o) },
		func() { f.paths = readPaths(ctx, c.Chain, auth) },
	)
	if errID != nil {
		return nil, fmt.Errorf("account: ask the node for its chain: %w", errID)
	}
	if c.ChainID != nil && c.ChainID.Cmp(f.chainID) != 0 {
		return nil, &WrongChainError{Who: "the node", Want: c.ChainID, Got: f.chainID}
	}
	if errBID != nil {
		return nil, fmt.Errorf("account: ask the bundler for its chain: %w", errBID)
	}
	if bundlerID != nil && bundlerID.Cmp(f.chainID) != 0 {
		return nil, &WrongChainError{Who: "the bundler", Want: f.chainID, Got: bundlerID}
	}
	if errEP != nil {
		return nil, fmt.Errorf("account: read the EntryPoint: %w", errEP)
	}
	if len(epCode) == 0 {
		return nil, &NoEntryPointError{Version: ep.Version(), Address: ep.Address(), ChainID: f.chainID}
	}
	for _, e := range []struct {
		what string
		err  error
	}{{"code", errCode}, {"factory", errSrc}, {"nonce", errNonce}, {"balance", errBal}, {"deposit", errDep}, {"fees", errFees}, {"P256VERIFY precompile", errP256}} {
		if e.err != nil {
			return nil, fmt.Errorf("account: read the %s: %w", e.what, e.err)
		}
	}
	if err := birth.judge(&f, o.authorization); err != nil {
		return nil, err
	}
	return &f, nil
}

// readP256 asks for P256VERIFY if the answer changes an estimate.
func readP256(ctx context.Context, ch Chain, auth Authority, o options) (bool, error) {
	_, overrides := auth.(Overrider)
	_, excess := auth.(StubExcesser)
	prober, ok := ch.(P256Prober)
	if !ok || o.gas != nil || !overrides && !excess {
		return false, nil
	}
	return prober.HasP256(ctx)
}

// NonceError says that a node answered with a nonce of another sequence than was
// asked for. An operation with it would stay valid when the same calls are approved
// again in the right one.
type NonceError struct {
	Key, Nonce *big.Int
}

func (e *NonceError) Error() string {
	return fmt.Sprintf("account: the node's nonce %s is not of the sequence %s that was asked for", e.Nonce, e.Key)
}

// Hint implements [Hinter].
func (e *NonceError) Hint() string {
	return "the node is faulty or means harm: use another one; nothing was signed"
}

func readNonce(ctx context.Context, ch Chain, ep, sender common.Address, key *big.Int) (*big.Int, error) {
	data, err := userop.GetNonce(sender, key)
	if err != nil {
		return nil, err
	}
	nonce, err := readWord(ctx, ch, ep, data)
	if err == nil && !inSequence(nonce, key) {
		return nil, &NonceError{Key: key, Nonce: nonce}
	}
	return nonce, err
}

func inSequence(nonce, key *big.Int) bool {
	has, _, err := userop.SplitNonce(nonce)
	return err == nil && has.Cmp(key) == 0
}

func readWord(ctx context.Context, ch Chain, to common.Address, data []byte) (*big.Int, error) {
	out, err := ch.Call(ctx, to, data)
	if err != nil {
		return nil, err
	}
	return decodeWord(out)
}

// readFees takes the fees that were fixed, else the bundler's, else the chain's.
// Beside the bundler's it returns what the chain asks per gas, where the chain
// says so.
func readFees(ctx context.Context, c Client, fixed *Fees) (fees Fees, chainFee *big.Int, err error) {
	if fixed != nil {
		return *fixed, nil, nil
	}
	var suggested Fees
	var errBundler, errChain error = errShortAnswer, nil
	parallel(
		func() {
			if s, ok := c.Bundler.(FeeSuggester); ok {
				suggested, errBundler = s.SuggestFees(ctx)
			}
		},
		func() { fees, errChain = c.Chain.Fees(ctx) },
	)
	if errChain == nil && (fees.MaxFeePerGas == nil || fees.MaxPriorityFeePerGas == nil) {
		errChain = errShortAnswer
	}
	if errBundler != nil || suggested.MaxFeePerGas == nil || suggested.MaxPriorityFeePerGas == nil {
		return fees, nil, errChain
	}
	if errChain != nil {
		return suggested, nil, nil
	}
	return suggested, fees.MaxFeePerGas, nil
}

// parallel runs fns at once and waits for all.
func parallel(fns ...func()) {
	var wg sync.WaitGroup
	for _, f := range fns {
		wg.Go(f)
	}
	wg.Wait()
}
