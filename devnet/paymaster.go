package devnet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/accounts"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"
	"golang.org/x/time/rate"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

const tokenName = "token"

// sponsors lists the paymaster contracts, one for each EntryPoint, and the token they take. There is none for
// EntryPoint 0.9: the one for 0.8 stands in, and works.
func sponsors(set *artifacts.Set, keys devKeys) ([]predeploy, error) {
	signer := address(keys.Paymaster)
	var list []predeploy
	for _, ep := range userop.EntryPoints() {
		of := ep.Version()
		if ep == userop.V09 {
			of = "0.8"
		}
		c, err := set.Paymaster(of, ep.Address(), signer)
		if err != nil {
			return nil, err
		}
		p := byCreate2("paymaster "+ep.Version(), c)
		p.deposit = ep
		list = append(list, p)
	}
	c, err := set.Token()
	return append(list, byCreate2(tokenName, c)), err
}

// deposited is what each paymaster contract has at its EntryPoint when a chain is made. A chain that is
// reopened with less than half of it gets as much again.
var deposited = ether(1000)

// payMost is the most that one operation may cost the paymaster, by its gas limits and fees.
var payMost = ether(1)

// paymaster signs for contracts that pay for operations, for nothing or for the token.
type paymaster struct {
	bundler *bundler
	key     *ecdsa.PrivateKey
	signer  common.Address
	at      map[string]common.Address // contracts by EntryPoint version
	token   common.Address
	limit   *rate.Limiter // of signatures
	dummy   []byte        // a signature of nothing, with no byte zero
}

func newPaymaster(b *bundler, key *ecdsa.PrivateKey, info Info, perMinute int) (*paymaster, error) {
	p := &paymaster{bundler: b, key: key, signer: address(key), at: map[string]common.Address{}, token: info.Token,
		limit: rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)}
	for _, ep := range info.EntryPoints {
		p.at[ep.Version] = ep.Paymaster
	}
	for seed := uint64(0); p.dummy == nil || bytes.IndexByte(p.dummy, 0) >= 0; seed++ {
		var err error
		if p.dummy, err = p.sign(common.BigToHash(new(big.Int).SetUint64(seed))); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *paymaster) sign(hash common.Hash) ([]byte, error) {
	sig, err := crypto.Sign(accounts.TextHash(hash[:]), p.key)
	if err != nil {
		return nil, fmt.Errorf("devnet: signing for the paymaster: %w", err)
	}
	sig[64] += 27
	return sig, nil
}

// stub is what an operation is estimated with: fields as long and as expensive as the final ones.
func (p *paymaster) stub(ep userop.EntryPoint, t terms) []byte {
	return append(t.encode(1<<48-1, p.signer), p.dummy...)
}

// data makes the final fields of an operation that has everything but the account's signature. They are good
// for a while, and for nothing but this operation.
func (p *paymaster) data(ctx context.Context, ep userop.EntryPoint, op *userop.Op, t terms) ([]byte, error) {
	s, err := p.bundler.sceneFor(ctx, ep, op)
	if err != nil {
		return nil, err
	}
	op = op.Clone()
	s.resolveDelegate(op)
	s.delegate(op)
	at := p.at[ep.Version()]
	config := t.encode(s.header.Time+signedFor, p.signer)
	op.Paymaster, op.PaymasterData, op.PaymasterSignature = &at, config, nil
	if len(op.Signature) == 0 {
		op.Signature = []byte{0} // ERC-7677 lets clients leave it out
	}
	if err := op.Validate(ep, p.bundler.chainID); err != nil {
		return nil, invalidFields(err)
	}
	if cost, err := op.RequiredPrefund(ep); err != nil || cost.Cmp(payMost) > 0 {
		return nil, invalidf("the operation may cost %d wei, this paymaster pays at most %d", cost, payMost)
	}
	hash, err := p.hash(ctx, s, ep, op, t.mode())
	if err != nil {
		return nil, err
	}
	sig, err := p.sign(hash)
	if err != nil {
		return nil, err
	}
	op.PaymasterData = append(config, sig...)
	if t.token != nil {
		err = p.paid(ctx, s, ep, op)
	}
	return op.PaymasterData, err
}

// signedFor is for how long a sponsorship is good, in seconds of the chain's time.
const signedFor = 600

// hash asks the paymaster contract what is to be signed.
func (p *paymaster) hash(ctx context.Context, s *scene, ep userop.EntryPoint, op *userop.Op, mode byte) (common.Hash, error) {
	encoded, err := userop.EncodeOp(ep, op)
	if err != nil {
		return common.Hash{}, invalidFields(err)
	}
	signature := "getHash(uint8,(address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes))"
	if ep == userop.V06 {
		signature = "getHash(uint8,(address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes))"
	}
	data := append(crypto.Keccak256([]byte(signature))[:4], common.LeftPadBytes([]byte{mode}, 32)...)
	data = append(data, common.LeftPadBytes([]byte{64}, 32)...) // where the operation begins
	data = append(data, encoded[32:]...)
	result, err := s.copy().message(ctx, operator, *op.Paymaster, data, new(uint256.Int), roomPaymaster, nil, &tracing.Hooks{})
	if err != nil {
		return common.Hash{}, internalError(err)
	}
	if result.Err != nil || len(result.ReturnData) != 32 {
		return common.Hash{}, &rpcError{code: codePaymaster, msg: fmt.Sprintf("the paymaster contract cannot hash this operation: %v", result.Err)}
	}
	return common.BytesToHash(result.ReturnData), nil
}

var topicSponsored = crypto.Keccak256Hash([]byte("UserOperationSponsored(bytes32,address,uint8,address,uint256,uint256)"))

// paid refuses to pay for an operation that, once executed, does not pay its token. Whether the operation is
// valid otherwise is not for the paymaster to say: the account's signature may still be a stub.
func (p *paymaster) paid(ctx context.Context, s *scene, ep userop.EntryPoint, op *userop.Op) error {
	hash, err := ep.Hash(op, p.bundler.chainID)
	if err != nil {
		return invalidFields(err)
	}
	gas := txGas(ep, op)
	if !gas.IsUint64() || gas.Uint64() > roomTransaction {
		return invalidf("gas limits add up to %d, more than a transaction can have", gas)
	}
	out, err := s.apply(ctx, ep, op, hash, gas.Uint64(), true)
	if err != nil {
		return internalError(err)
	}
	if out.revert != nil && !strings.HasPrefix(out.revert.Code, "AA5") { // EntryPoint 0.6 reverts when postOp does
		return nil
	}
	for _, l := range s.state.GetLogs(hash, 0, common.Hash{}, 0) {
		if l.Address == *op.Paymaster && len(l.Topics) > 0 && l.Topics[0] == topicSponsored {
			return nil
		}
	}
	return &rpcError{code: codePaymaster, msg: fmt.Sprintf("the operation does not pay for its gas: the sender needs enough of the token %s after its calls, and an allowance for the paymaster %s", p.token, op.Paymaster),
		data: refusal{RevertData: []byte{}, Paymaster: op.Paymaster}}
}
