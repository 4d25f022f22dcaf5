package devnet_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// TestAKeysAddressBecomesMetaMasksAccount delegates to the framework's real EIP-7702 code, by an authorization
// beside the operation that already uses it.
func TestAKeysAddressBecomesMetaMasksAccount(t *testing.T) {
	n := start(t, devnet.Config{})
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		t.Run(ep.Version(), func(t *testing.T) {
			b := newBench(t, n, ep)
			key := b.funded()
			sender := crypto.PubkeyToAddress(key.PublicKey)
			to := common.BytesToAddress(crypto.Keccak256([]byte(ep.Version())))
			delegate := contractNamed(t, n, "EIP7702StatelessDeleGator "+ep.Version())
			op := &userop.Op{
				Sender: sender, CallData: execute(to, 5), Nonce: b.nonce(&account{address: sender}, 0),
				MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9), Signature: b.stub(),
				Authorization: &userop.Authorization{ChainID: n.ChainID(), Address: delegate, R: big.NewInt(7), S: big.NewInt(7)},
			}
			if ep != userop.V07 {
				op.Factory = &userop.EIP7702Marker
			}
			if err := b.estimate(op); err != nil {
				t.Fatal("estimating:", err)
			}
			seals := func() {
				digest, err := seal.MetaMaskDigest(seal.MetaMaskStateless, op, ep, n.ChainID())
				if err != nil {
					t.Fatal(err)
				}
				if op.Signature, err = crypto.Sign(digest[:], key); err != nil {
					t.Fatal(err)
				}
				op.Signature[64] += 27
			}

			op.Authorization.Nonce = 9
			b.authorize(op.Authorization, crypto.FromECDSA(key))
			seals()
			if _, err := b.send(op); code(err) != -32602 || !strings.Contains(err.Error(), "eip7702Auth.nonce") {
				t.Errorf("a nonce that is not the next: %v", err)
			}
			op.Authorization.Nonce = 0
			b.authorize(op.Authorization, crypto.FromECDSA(b.funded()))
			seals()
			if _, err := b.send(op); code(err) != -32602 || !strings.Contains(err.Error(), "eip7702Auth") {
				t.Errorf("another's authorization: %v", err)
			}
			op.Authorization.ChainID = big.NewInt(1)
			b.authorize(op.Authorization, crypto.FromECDSA(key))
			seals()
			if _, err := b.send(op); code(err) != -32602 || !strings.Contains(err.Error(), "eip7702Auth.chainId") {
				t.Errorf("another chain's authorization: %v", err)
			}
			op.Authorization.ChainID = n.ChainID()
			b.authorize(op.Authorization, crypto.FromECDSA(key))
			seals()
			hash, err := b.send(op)
			if err != nil {
				t.Fatal("sending:", err)
			}
			if r := b.wait(hash); !r.Success || balance(t, n, to).Int64() != 5 {
				t.Errorf("receipt %+v, balance %v", r, balance(t, n, to))
			}

			// The same authorization once more is of no effect and does no harm; one for other code is refused.
			op.Nonce = b.nonce(&account{address: sender}, 0)
			seals()
			if hash, err = b.send(op); err != nil {
				t.Fatal("sending again:", err)
			}
			b.wait(hash)
			op.Nonce, op.Authorization.Address = b.nonce(&account{address: sender}, 0), contractNamed(t, n, "HybridDeleGator")
			b.authorize(op.Authorization, crypto.FromECDSA(key))
			seals()
			if _, err := b.send(op); code(err) != -32602 || !strings.Contains(err.Error(), "eip7702Auth.nonce") {
				t.Errorf("an authorization of no effect: %v", err)
			}
		})
	}
}

// execute is the framework's execute((address,uint256,bytes)) of one call that only pays.
func execute(to common.Address, wei int64) []byte {
	data := crypto.Keccak256([]byte("execute((address,uint256,bytes))"))[:4]
	for _, word := range [][]byte{{32}, to[:], big.NewInt(wei).Bytes(), {96}, {}} {
		data = append(data, common.LeftPadBytes(word, 32)...)
	}
	return data
}

// TestAKeyWithoutCoinsBecomesAnAccount has the paymaster pay for delegation and first operation. The
// authorization may still be a stub when the paymaster signs: clients ask for it last.
func TestAKeyWithoutCoinsBecomesAnAccount(t *testing.T) {
	eachPayer(t, devnet.Config{}, func(p *payer) {
		if p.ep == userop.V06 {
			return // the framework has no account for it
		}
		key, err := crypto.GenerateKey()
		if err != nil {
			p.Fatal(err)
		}
		sender := crypto.PubkeyToAddress(key.PublicKey)
		op := &userop.Op{
			Sender: sender, CallData: execute(common.HexToAddress("0xbeef"), 0), Nonce: p.nonce(&account{address: sender}, 0),
			MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9), Signature: p.stub(),
			Authorization: &userop.Authorization{ChainID: p.net.ChainID(), Address: contractNamed(p, p.net, "EIP7702StatelessDeleGator "+p.ep.Version()), R: big.NewInt(7), S: big.NewInt(7)},
		}
		if p.ep != userop.V07 {
			op.Factory = &userop.EIP7702Marker
		}
		for round := range 2 { // first with the authorization, then with the delegation on chain
			stub, err := p.free.Stub(p.Context(), op, p.ep, p.net.ChainID())
			if err != nil {
				p.Fatal("stub:", err)
			}
			fill(op, stub)
			if err := p.estimate(op); err != nil {
				p.Fatal("estimating:", err)
			}
			final, err := p.free.Data(p.Context(), op, p.ep, p.net.ChainID())
			if err != nil {
				p.Fatal("data:", err)
			}
			fill(op, final)
			if round == 0 {
				p.authorize(op.Authorization, crypto.FromECDSA(key))
			}
			digest, err := seal.MetaMaskDigest(seal.MetaMaskStateless, op, p.ep, p.net.ChainID())
			if err != nil {
				p.Fatal(err)
			}
			if op.Signature, err = crypto.Sign(digest[:], key); err != nil {
				p.Fatal(err)
			}
			op.Signature[64] += 27
			if r := p.run(op); !r.Success || r.Paymaster == nil || *r.Paymaster != p.at {
				p.Errorf("receipt %+v", r)
			}
			op.Nonce, op.Authorization = p.nonce(&account{address: sender}, 0), nil
		}
	})
}
