package account_test

import (
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// keyAccount is the address of an ordinary key that runs delegate's code.
type keyAccount struct {
	key      *ecdsa.PrivateKey
	ep       userop.EntryPoint
	delegate common.Address
}

var (
	_ account.Account   = keyAccount{}
	_ account.Delegated = keyAccount{}
	_ account.Authority = keyAccount{}
)

var delegate = common.HexToAddress("0x00000000000000000000000000000000de1e6a7e")

func newKeyAccount(t *testing.T, ep userop.EntryPoint) keyAccount {
	t.Helper()
	return keyAccount{key: newKey(t), ep: ep, delegate: delegate}
}

func (a keyAccount) Address() common.Address           { return crypto.PubkeyToAddress(a.key.PublicKey) }
func (a keyAccount) EntryPoint() userop.EntryPoint     { return a.ep }
func (a keyAccount) Delegate() common.Address          { return a.delegate }
func (a keyAccount) Factory() (common.Address, []byte) { return common.Address{}, nil }

func (a keyAccount) EncodeCalls(calls []account.Call) ([]byte, error) {
	var out []byte
	for _, c := range calls {
		out = append(append(append(out, c.To[:]...), common.BigToHash(c.Value).Bytes()...), c.Data...)
	}
	return out, nil
}

func (a keyAccount) NonceKey() *big.Int { return new(big.Int) }
func (a keyAccount) Stub() []byte       { return make([]byte, 65) }

func (a keyAccount) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	hash, err := a.ep.Hash(op, chainID)
	return account.Challenge{Digest: hash, Kind: account.KindECDSA, Address: a.Address()}, err
}

func (a keyAccount) Seal(_ *userop.Op, x account.Approval) ([]byte, error) {
	if x.ECDSA == nil {
		return nil, errors.New("no ECDSA signature")
	}
	return x.ECDSA, nil
}

func (a keyAccount) sign(t testing.TB, digest [32]byte) []byte {
	t.Helper()
	sig, err := crypto.Sign(digest[:], a.key)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// keyWorld is a world with the EntryPoint and the code that a delegates to.
func keyWorld(a keyAccount) *world {
	w := newWorld()
	w.code[a.ep.Address()], w.code[a.delegate] = true, true
	w.codes = map[common.Address][]byte{}
	return w
}

// delegationTo is the code of an address that runs another's.
func delegationTo(to common.Address) []byte { return append([]byte{0xef, 0x01, 0x00}, to[:]...) }
