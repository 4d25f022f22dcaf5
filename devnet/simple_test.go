package devnet_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// bench is a chain, a client on its HTTP endpoint, and the SimpleAccount of one EntryPoint version:
// one secp256k1 owner, from the same npm package as the EntryPoint.
type bench struct {
	testing.TB
	net     *devnet.Net
	rpc     *rpc.Client
	ep      userop.EntryPoint
	factory common.Address
	abi     abi.ABI // of the account
	fabi    abi.ABI // of the factory
}

// account is a SimpleAccount and its owner's key.
type account struct {
	address common.Address
	key     *ecdsa.PrivateKey
	factory common.Address
	data    []byte
}

func eachEntryPoint(t *testing.T, config devnet.Config, f func(*bench)) {
	for _, ep := range userop.EntryPoints() {
		t.Run(ep.Version(), func(t *testing.T) { f(newBench(t, start(t, config), ep)) })
	}
}

func newBench(t testing.TB, n *devnet.Net, ep userop.EntryPoint) *bench {
	t.Helper()
	url, err := n.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := rpc.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	b := &bench{TB: t, net: n, rpc: client, ep: ep}
	for _, r := range artifacts.Releases() {
		if r.Version != ep.Version() {
			continue
		}
		code, fabi := b.contract(r.Package, "SimpleAccountFactory")
		_, b.abi = b.contract(r.Package, "SimpleAccount")
		b.fabi = fabi
		b.factory = b.deploy(append(code, common.LeftPadBytes(ep.Address().Bytes(), 32)...))
	}
	return b
}

func (b *bench) contract(version, name string) ([]byte, abi.ABI) {
	b.Helper()
	code, text, err := openPackages(b).Contract(version, name)
	if err != nil {
		b.Fatal(err)
	}
	parsed, err := abi.JSON(bytes.NewReader(text))
	if err != nil {
		b.Fatal(err)
	}
	return code, parsed
}

// deploy creates a contract through the deployment factory.
func (b *bench) deploy(code []byte) common.Address {
	b.Helper()
	b.transact(artifacts.Deployer, append(make([]byte, 32), code...))
	return crypto.CreateAddress2(artifacts.Deployer, [32]byte{}, crypto.Keccak256(code))
}

// on is the bench on a restarted chain.
func (b *bench) on(n *devnet.Net) *bench {
	b.Helper()
	url, err := n.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	c := *b
	if c.rpc, err = rpc.DialContext(b.Context(), url); err != nil {
		b.Fatal(err)
	}
	c.net = n
	b.Cleanup(c.rpc.Close)
	return &c
}

// transact sends a transaction of a fresh funded key and waits until it is in a block.
func (b *bench) transact(to common.Address, data []byte) {
	b.Helper()
	b.transactValue(to, data, new(big.Int))
}

func (b *bench) transactValue(to common.Address, data []byte, value *big.Int) {
	b.Helper()
	tx := b.submit(b.funded(), to, data, value, 1e9)
	b.net.Mine()
	for range 1000 {
		r, err := b.net.Client().TransactionReceipt(b.Context(), tx)
		if err == nil {
			if r.Status != types.ReceiptStatusSuccessful {
				b.Fatal("transaction reverted")
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.Fatal("no receipt")
}

// funded is a fresh key with one ether.
func (b *bench) funded() *ecdsa.PrivateKey {
	b.Helper()
	key, _ := crypto.GenerateKey()
	if err := b.net.Faucet(b.Context(), crypto.PubkeyToAddress(key.PublicKey), ether(1)); err != nil {
		b.Fatal(err)
	}
	return key
}

// submit hands a transaction to the transaction pool.
func (b *bench) submit(key *ecdsa.PrivateKey, to common.Address, data []byte, value *big.Int, tip int64) common.Hash {
	b.Helper()
	from := crypto.PubkeyToAddress(key.PublicKey)
	gas, err := b.net.Client().EstimateGas(b.Context(), ethereum.CallMsg{From: from, To: &to, Value: value, Data: data})
	if err != nil {
		b.Fatal("estimating:", err)
	}
	tx := types.MustSignNewTx(key, types.LatestSignerForChainID(b.net.ChainID()), &types.DynamicFeeTx{
		ChainID: b.net.ChainID(), To: &to, Value: value, Data: data, Gas: gas, GasFeeCap: big.NewInt(5e9 + tip), GasTipCap: big.NewInt(tip)})
	if err := b.net.Client().SendTransaction(b.Context(), tx); err != nil {
		b.Fatal(err)
	}
	return tx.Hash()
}

func (b *bench) newAccount(wei *big.Int) *account {
	b.Helper()
	key, _ := crypto.GenerateKey()
	a := &account{key: key, factory: b.factory}
	owner := crypto.PubkeyToAddress(key.PublicKey)
	a.data = b.pack(b.fabi, "createAccount", owner, new(big.Int))
	out, err := b.net.Client().CallContract(b.Context(), ethereum.CallMsg{To: &b.factory, Data: b.pack(b.fabi, "getAddress", owner, new(big.Int))}, nil)
	if err != nil {
		b.Fatal(err)
	}
	a.address = common.BytesToAddress(out)
	if wei.Sign() > 0 {
		if err := b.net.Faucet(b.Context(), a.address, wei); err != nil {
			b.Fatal(err)
		}
	}
	return a
}

func (b *bench) pack(of abi.ABI, method string, args ...any) []byte {
	b.Helper()
	data, err := of.Pack(method, args...)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// op builds an operation that sends one wei to an empty address; it is neither estimated nor
// signed.
func (b *bench) op(a *account) *userop.Op {
	b.Helper()
	op := &userop.Op{
		Sender:               a.address,
		CallData:             b.pack(b.abi, "execute", common.HexToAddress("0xbeef"), big.NewInt(1), []byte{}),
		MaxFeePerGas:         big.NewInt(3e9),
		MaxPriorityFeePerGas: big.NewInt(1e9),
		Signature:            b.stub(),
	}
	op.Nonce = b.nonce(a, 0)
	if code, _ := b.net.Client().CodeAt(b.Context(), a.address, nil); len(code) == 0 {
		op.Factory, op.FactoryData = &a.factory, a.data
	}
	return op
}

func (b *bench) nonce(a *account, key int64) *big.Int {
	b.Helper()
	data, err := userop.GetNonce(a.address, big.NewInt(key))
	if err != nil {
		b.Fatal(err)
	}
	to := b.ep.Address()
	out, err := b.net.Client().CallContract(b.Context(), ethereum.CallMsg{To: &to, Data: data}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return new(big.Int).SetBytes(out)
}

// stub is a well-formed signature by nobody in particular.
func (b *bench) stub() []byte {
	key, _ := crypto.ToECDSA(bytes.Repeat([]byte{7}, 32))
	sig, _ := crypto.Sign(bytes.Repeat([]byte{9}, 32), key)
	sig[64] += 27
	return sig
}

// sign signs as the version's SimpleAccount wants it and returns the operation's hash.
func (b *bench) sign(op *userop.Op, key *ecdsa.PrivateKey) common.Hash {
	b.Helper()
	hash, err := b.ep.Hash(op, b.net.ChainID())
	if err != nil {
		b.Fatal(err)
	}
	digest := hash.Bytes()
	if b.ep == userop.V06 || b.ep == userop.V07 {
		digest = accounts.TextHash(digest)
	}
	op.Signature, err = crypto.Sign(digest, key)
	if err != nil {
		b.Fatal(err)
	}
	op.Signature[64] += 27
	return hash
}

type limits struct {
	PreVerificationGas, VerificationGasLimit, CallGasLimit *hexutil.Big
	PaymasterVerificationGasLimit, PaymasterPostOpGasLimit *hexutil.Big
}

// estimate fills in the limits that the RPC method returns.
func (b *bench) estimate(op *userop.Op) error {
	var l limits
	if err := b.rpc.CallContext(b.Context(), &l, "eth_estimateUserOperationGas", b.wire(op), b.ep.Address()); err != nil {
		return err
	}
	op.PreVerificationGas, op.VerificationGasLimit, op.CallGasLimit = l.PreVerificationGas.ToInt(), l.VerificationGasLimit.ToInt(), l.CallGasLimit.ToInt()
	if op.Paymaster != nil && b.ep != userop.V06 {
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = l.PaymasterVerificationGasLimit.ToInt(), l.PaymasterPostOpGasLimit.ToInt()
	}
	return nil
}

func (b *bench) wire(op *userop.Op) json.RawMessage {
	b.Helper()
	wire, err := b.ep.MarshalOp(op)
	if err != nil {
		b.Fatal(err)
	}
	return wire
}

func (b *bench) send(op *userop.Op) (common.Hash, error) {
	var hash common.Hash
	err := b.rpc.CallContext(b.Context(), &hash, "eth_sendUserOperation", b.wire(op), b.ep.Address())
	return hash, err
}

// ready is an operation with everything, estimated and signed.
func (b *bench) ready(a *account, change func(*userop.Op)) *userop.Op {
	b.Helper()
	op := b.op(a)
	if err := b.estimate(op); err != nil {
		b.Fatal("estimating:", err)
	}
	if change != nil {
		change(op)
	}
	b.sign(op, a.key)
	return op
}

type receipt struct {
	UserOpHash    common.Hash
	Success       bool
	Reason        string
	ActualGasUsed *hexutil.Big
	ActualGasCost *hexutil.Big
	EntryPoint    common.Address
	Sender        common.Address
	Nonce         *hexutil.Big
	Paymaster     *common.Address
	Logs          []*types.Log
	Receipt       *types.Receipt
}

func (b *bench) wait(hash common.Hash) *receipt {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	for {
		var r *receipt
		if err := b.rpc.CallContext(ctx, &r, "eth_getUserOperationReceipt", hash); err != nil {
			b.Fatal("waiting for the receipt:", err)
		}
		if r != nil {
			return r
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// code is the JSON-RPC error code of an error, 0 without one.
func code(err error) int {
	var coded rpc.Error
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return 0
}

func errorData(err error) any {
	var with rpc.DataError
	if errors.As(err, &with) {
		return with.ErrorData()
	}
	return nil
}

func ether(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18)) }
