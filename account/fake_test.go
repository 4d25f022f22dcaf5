package account_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

// world is a chain and a bundler that say what a test wants.
type world struct {
	mu           sync.Mutex
	chainID      int64
	code         map[common.Address]bool
	codes        map[common.Address][]byte // where it matters which code
	count        uint64                    // transactions of every address
	p256         bool
	noP256       error // of HasP256
	token        *worldToken
	balance      *big.Int
	deposit      *big.Int
	nonce        *big.Int
	gas          account.GasEstimate
	suggest      *account.Fees                          // nil: the bundler has no opinion
	chainFees    *account.Fees                          // nil: 3 and 1 gwei
	noFees       error                                  // of the chain's Fees
	estimate     error                                  // of EstimateGas
	estimateOnce error                                  // of the first EstimateGas
	send         func(common.Hash) (common.Hash, error) // of Send
	receipts     map[common.Hash]*account.Receipt
	events       []*account.Receipt // in the EntryPoint's logs
	down         error              // of everything the bundler does
	sent         []*userop.Op
	estimated    []*userop.Op
}

// worldToken is an ERC-20 token as one account sees it.
type worldToken struct {
	balance, allowance *big.Int
	spender            common.Address // that was asked for
}

var gasToken = common.HexToAddress("0x0000000000000000000000000000000000070c07")

func newWorld() *world {
	d, _ := contracts.ForEntryPoint(userop.V08)
	return &world{
		chainID: 31337,
		code:    map[common.Address]bool{userop.V08.Address(): true, d.Factory: true},
		balance: ether(1), deposit: new(big.Int), nonce: new(big.Int),
		gas:      account.GasEstimate{CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(400_000), PreVerificationGas: big.NewInt(60_000)},
		receipts: map[common.Hash]*account.Receipt{},
	}
}

func ether(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18)) }

func (w *world) client() account.Client {
	return account.Client{Chain: (*worldChain)(w), Bundler: (*worldBundler)(w)}
}

type worldChain world

func (w *worldChain) ChainID(context.Context) (*big.Int, error) { return big.NewInt(w.chainID), nil }

func (w *worldChain) Call(_ context.Context, to common.Address, data []byte) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to == gasToken {
		switch {
		case w.token == nil:
			return nil, nil
		case len(data) == 36:
			return common.BigToHash(w.token.balance).Bytes(), nil
		case len(data) == 68:
			w.token.spender = common.BytesToAddress(data[36:])
			return common.BigToHash(w.token.allowance).Bytes(), nil
		}
	}
	nonce, _ := userop.GetNonce(common.Address{}, nil)
	switch [4]byte(data) {
	case [4]byte(nonce):
		return common.BigToHash(w.nonce).Bytes(), nil
	case [4]byte(userop.BalanceOf(common.Address{})):
		return common.BigToHash(w.deposit).Bytes(), nil
	}
	return nil, errors.New("unexpected call")
}

func (w *worldChain) Code(_ context.Context, a common.Address) ([]byte, error) {
	if code, ok := w.codes[a]; ok {
		return code, nil
	}
	if w.code[a] {
		return []byte{0xfe}, nil
	}
	return nil, nil
}

// CallContext makes a Node of the chain.
func (w *worldChain) CallContext(_ context.Context, result any, method string, _ ...any) error {
	if method != "eth_getTransactionCount" {
		return errors.New("unexpected method " + method)
	}
	*result.(*hexutil.Uint64) = hexutil.Uint64(w.count)
	return nil
}

func (w *worldChain) HasP256(context.Context) (bool, error) { return w.p256, w.noP256 }

func (w *worldChain) Balance(context.Context, common.Address) (*big.Int, error) {
	return w.balance, nil
}

func (w *worldChain) Fees(context.Context) (account.Fees, error) {
	if w.chainFees != nil || w.noFees != nil {
		f := account.Fees{}
		if w.chainFees != nil {
			f = *w.chainFees
		}
		return f, w.noFees
	}
	return account.Fees{MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9)}, nil
}

func (w *worldChain) FindByNonce(_ context.Context, _ userop.EntryPoint, _ common.Address, nonce *big.Int) (*account.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.events {
		if r.Nonce.Cmp(nonce) == 0 {
			return r, nil
		}
	}
	return nil, nil
}

// ran puts an operation on the chain of which the bundler does not know yet.
func (w *world) ran(hash common.Hash) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, &account.Receipt{UserOpHash: hash, Success: true, Nonce: w.nonce})
	w.nonce = new(big.Int).Add(w.nonce, big.NewInt(1))
}

type worldBundler world

func (w *worldBundler) EstimateGas(_ context.Context, op *userop.Op, _ userop.EntryPoint) (account.GasEstimate, error) {
	if w.down != nil {
		return account.GasEstimate{}, w.down
	}
	w.estimated = append(w.estimated, op)
	if err := w.estimateOnce; err != nil {
		w.estimateOnce = nil
		return account.GasEstimate{}, err
	}
	return w.gas, w.estimate
}

func (w *worldBundler) SuggestFees(context.Context) (account.Fees, error) {
	if w.suggest == nil {
		return account.Fees{}, errors.New("no opinion")
	}
	return *w.suggest, nil
}

func (w *worldBundler) Send(_ context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return common.Hash{}, w.down
	}
	hash, err := ep.Hash(op, big.NewInt(w.chainID))
	if err != nil {
		return common.Hash{}, err
	}
	w.sent = append(w.sent, op)
	if w.send != nil {
		return w.send(hash)
	}
	return hash, nil
}

func (w *worldBundler) Receipt(_ context.Context, hash common.Hash) (*account.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.receipts[hash], w.down
}

// include puts an operation on the chain.
func (w *world) include(p *account.Prepared) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nonce = new(big.Int).Add(w.nonce, big.NewInt(1))
	op := p.Op()
	w.receipts[p.Hash()] = &account.Receipt{UserOpHash: p.Hash(), Sender: op.Sender, Nonce: op.Nonce, Success: true,
		ActualGasUsed: big.NewInt(1), ActualGasCost: big.NewInt(1)}
}

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// owner is an account of one passkey.
type owner struct {
	device *softkey.Authenticator
	id     []byte
	acct   *webauthn.Account
	auth   *webauthn.Authority
}

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

func newOwner(t *testing.T) *owner {
	t.Helper()
	o := &owner{device: softkey.New(softkey.WithSeed([]byte(t.Name())))}
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := o.device.Create([]byte(options), origin); err != nil {
		t.Fatal(err)
	}
	c := o.device.Credentials()[0]
	o.id = c.ID
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	if o.acct, err = webauthn.ForPasskey(d, c.Key, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if o.auth, err = o.acct.Authority(webauthn.PasskeyApprover{Passkey: o.acct.Members()[0].Signer, RPID: rpID, Origins: []string{origin}, Credential: o.id}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *owner) approve(t *testing.T, c account.Challenge) account.Approval {
	t.Helper()
	a, err := o.device.Sign(o.id, c.Digest[:], rpID, origin)
	if err != nil {
		t.Fatal(err)
	}
	return account.Approval{Assertion: a}
}

func (o *owner) prepare(t *testing.T, w *world, opts ...account.Option) *account.Prepared {
	t.Helper()
	p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e17)}}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (o *owner) sealed(t *testing.T, w *world) *account.Prepared {
	t.Helper()
	p := o.prepare(t, w)
	if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	return p
}

var friend = common.HexToAddress("0x00000000000000000000000000000000f00dcafe")

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
