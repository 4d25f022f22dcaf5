package accounttest

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Plug is one account kind with one sort of authority.
type Plug struct {
	// Chain has the EntryPoint and the factory.
	Chain account.Chain
	// Account is not deployed yet and has a factory.
	Account account.Account
	// Authority approves for Account.
	Authority account.Authority
	// Approve answers a challenge as the authority's keys would. It may answer
	// differently each time; what it answers must be valid.
	Approve func(account.Challenge) (account.Approval, error)
	// Stranger answers with other keys.
	Stranger func(account.Challenge) (account.Approval, error)
	// Same reports whether the contract reads changed signature bytes as it reads
	// the sealed ones, for contracts that do not look at every byte. Nil: none are
	// read so. What it names must be accepted, all else refused.
	Same func(sealed, changed []byte) bool
}

// Run runs the suite. Each part is a subtest named by what it shows.
func Run(t *testing.T, p Plug) {
	t.Helper()
	s := &suite{Plug: p, ep: p.Account.EntryPoint()}
	id, err := p.Chain.ChainID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.chainID = id
	s.op = s.prepare(t)
	s.seal(t, s.op)

	t.Run("the address equals what the factory deploys", s.address)
	t.Run("a sealed operation is accepted by the deployed contract", s.accepted)
	t.Run("the stub is at least as long as a real signature and refused", s.stub)
	t.Run("what another key signed is refused before sealing", s.stranger)
	t.Run("a flipped bit in each field of the operation is refused", s.flippedFields)
	t.Run("a flipped bit in each byte of the signature is refused", s.flippedSignature)
	t.Run("a cut or lengthened signature is refused", s.cutSignature)
	t.Run("a signature for another account, chain or nonce is refused", s.elsewhere)
	t.Run("an approval of another operation is refused before sealing", s.otherOperation)
}

type suite struct {
	Plug
	ep      userop.EntryPoint
	chainID *big.Int
	op      *userop.Op // sealed
}

// target has no code and takes any call.
var target = common.HexToAddress("0x00000000000000000000000000000000000e0a11")

// prepare makes an operation that deploys the account and calls the target.
func (s *suite) prepare(t *testing.T) *userop.Op {
	t.Helper()
	data, err := s.Account.EncodeCalls([]account.Call{{To: target, Value: new(big.Int), Data: []byte("hello, chain")}})
	if err != nil {
		t.Fatal(err)
	}
	nonce, err := userop.MakeNonce(s.Authority.NonceKey(), 0)
	if err != nil {
		t.Fatal(err)
	}
	factory, factoryData := s.Account.Factory()
	return &userop.Op{
		Sender: s.Account.Address(), Nonce: nonce, Factory: &factory, FactoryData: factoryData, CallData: data,
		CallGasLimit: big.NewInt(200_000), VerificationGasLimit: big.NewInt(3_000_000), PreVerificationGas: big.NewInt(60_000),
		MaxFeePerGas: new(big.Int), MaxPriorityFeePerGas: new(big.Int),
	}
}

// seal approves op and writes the signature into it.
func (s *suite) seal(t *testing.T, op *userop.Op) {
	t.Helper()
	c, err := s.Authority.Challenge(op.Clone(), s.chainID)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Approve(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(a); err != nil {
		t.Fatal(err)
	}
	if op.Signature, err = s.Authority.Seal(op.Clone(), a); err != nil {
		t.Fatal(err)
	}
}

// handle runs op through the EntryPoint. The error is nil if it was accepted.
func (s *suite) handle(t *testing.T, op *userop.Op) error {
	t.Helper()
	data, err := s.ep.HandleOps([]*userop.Op{op}, target)
	if err != nil {
		return err // cannot even be packed
	}
	_, err = s.Chain.Call(t.Context(), s.ep.Address(), data)
	return err
}

func (s *suite) refuse(t *testing.T, what string, op *userop.Op) {
	t.Helper()
	err := s.handle(t, op)
	if err == nil {
		t.Errorf("%s: accepted", what)
		return
	}
	if _, ok := errors.AsType[*userop.Revert](err); !ok {
		var f *userop.FieldError
		if !errors.As(err, &f) {
			t.Errorf("%s: not refused by the EntryPoint: %v", what, err)
		}
	}
}

func (s *suite) address(t *testing.T) {
	factory, data := s.Account.Factory()
	initCode := append(factory.Bytes(), data...)
	_, err := s.Chain.Call(t.Context(), s.ep.Address(), userop.GetSenderAddress(initCode))
	d, ok := errors.AsType[*userop.Revert](err)
	if !ok {
		t.Fatalf("getSenderAddress: %v", err)
	}
	if d.Name != "SenderAddressResult" || d.Address != s.Account.Address() {
		t.Errorf("the factory deploys %s (%v), the account says %s", d.Address, d, s.Account.Address())
	}
}

func (s *suite) accepted(t *testing.T) {
	if err := s.handle(t, s.op); err != nil {
		t.Fatal(err)
	}
	for range 3 { // signatures differ
		op := s.prepare(t)
		s.seal(t, op)
		if err := s.handle(t, op); err != nil {
			t.Errorf("%v\nsignature %s", err, hexutil.Encode(op.Signature))
		}
	}
}

func (s *suite) stub(t *testing.T) {
	stub := s.Authority.Stub()
	if len(stub) < len(s.op.Signature) {
		t.Errorf("the stub has %d bytes, a real signature %d", len(stub), len(s.op.Signature))
	}
	op := s.op.Clone()
	op.Signature = stub
	if code := account.AACode(s.handle(t, op)); code != "AA24" {
		t.Errorf("the stub gives %q, not AA24: estimation needs an operation that fails in nothing but its signature", code)
	}
	stub[0] ^= 0xff
	if bytes.Equal(stub, s.Authority.Stub()) {
		t.Error("the stub is shared memory")
	}
}

func (s *suite) stranger(t *testing.T) {
	c, err := s.Authority.Challenge(s.op, s.chainID)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Stranger(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(a); err == nil {
		t.Error("the challenge accepts another key")
	}
	if sig, err := s.Authority.Seal(s.op.Clone(), a); err == nil {
		op := s.op.Clone()
		op.Signature = sig
		s.refuse(t, "another key's signature", op)
	}
}
