package devnet_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// creation is code that deploys a runtime of at most 255 bytes.
func creation(runtime []byte) []byte {
	return append([]byte{0x60, byte(len(runtime)), 0x80, 0x60, 9, 0x5f, 0x39, 0x5f, 0xf3}, runtime...)
}

// paymasterCode answers validatePaymasterUserOp of all versions with a 32-byte context and the
// given validation data, and everything else, so postOp, by counting in storage slot 0.
func paymasterCode(validationData *big.Int) []byte {
	code := common.FromHex("5f3560e01c" + "8063f465c77e14602157" + "806352b7512c14602157" + "5f54600101" + "5f5500" +
		"5b60405f52" + "7f")
	code = append(code, common.LeftPadBytes(validationData.Bytes(), 32)...)
	return append(code, common.FromHex("602052"+"60206040526042606052"+"60805ff3")...)
}

// accountCode is an account that answers every operation with the given validation data, pays what
// the EntryPoint asks for, and does nothing else.
func accountCode(validationData *big.Int) []byte {
	code := common.FromHex("5f3560e01c" + "80633a871cdd14601a57" + "806319822f7c14601a57" + "00" + "5b5f5f5f5f604435335af150" + "7f")
	code = append(code, common.LeftPadBytes(validationData.Bytes(), 32)...)
	return append(code, common.FromHex("5f5260205ff3")...)
}

// factoryCode returns an address and makes nothing there.
func factoryCode(of common.Address) []byte {
	return append(append([]byte{0x73}, of[:]...), common.FromHex("5f5260205ff3")...)
}

func (b *bench) deposit(to common.Address, wei *big.Int) {
	b.Helper()
	b.transactValue(b.ep.Address(), userop.DepositTo(to), wei)
}

func TestPaymastersPay(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		paymaster := b.deploy(creation(paymasterCode(new(big.Int))))
		b.deposit(paymaster, new(big.Int).Div(ether(1), big.NewInt(10)))
		a := b.newAccount(big.NewInt(1)) // the wei it sends, nothing for gas
		op := b.op(a)
		op.Paymaster = &paymaster
		if err := b.estimate(op); err != nil {
			b.Fatal(err)
		}
		b.Logf("verification %d, paymaster %v, postOp %v, call %d", op.VerificationGasLimit, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit, op.CallGasLimit)
		b.sign(op, a.key)
		hash, err := b.send(op)
		if err != nil {
			b.Fatal(err)
		}
		if r := b.wait(hash); !r.Success || r.Paymaster == nil || *r.Paymaster != paymaster {
			b.Errorf("receipt %+v", r)
		}
		if n, err := b.net.Client().StorageAt(b.Context(), paymaster, common.Hash{}, nil); err != nil || new(big.Int).SetBytes(n).Int64() != 1 {
			b.Errorf("postOp ran %x times, %v", n, err)
		}
		b.sameByHash(op, hash)
	})
}

func TestPaymastersRefusalsNameTheirCause(t *testing.T) {
	cases := []struct {
		name    string
		code    []byte
		deposit bool
		want    int
		text    string
	}{
		{"signature", paymasterCode(big.NewInt(1)), true, -32507, "AA34"},
		{"expired", paymasterCode(new(big.Int).Lsh(big.NewInt(1), 160)), true, -32503, "AA32"},
		{"reverts", common.FromHex("5f5ffd"), true, -32501, "AA33"},
		{"no deposit", paymasterCode(new(big.Int)), false, -32508, "AA31"},
	}
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		for _, c := range cases {
			paymaster := b.deploy(creation(c.code))
			if c.deposit {
				b.deposit(paymaster, new(big.Int).Div(ether(1), big.NewInt(10)))
			}
			a := b.newAccount(big.NewInt(1))
			op := b.op(a)
			op.Paymaster, op.PaymasterData = &paymaster, []byte(c.name)
			if b.ep != userop.V06 {
				op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(50_000), big.NewInt(50_000)
			}
			op.PreVerificationGas, op.VerificationGasLimit, op.CallGasLimit = big.NewInt(60_000), big.NewInt(500_000), big.NewInt(100_000)
			b.sign(op, a.key)
			_, err := b.send(op)
			if code(err) != c.want || !strings.Contains(err.Error(), c.text) {
				b.Errorf("%s: %d %v, want %d %s", c.name, code(err), err, c.want, c.text)
			}
			if data, ok := errorData(err).(map[string]any); !ok || !strings.EqualFold(data["paymaster"].(string), paymaster.Hex()) {
				b.Errorf("%s: error data %v", c.name, errorData(err))
			}
		}
	})
}

func TestDelegatedAccountsOperate(t *testing.T) {
	for _, ep := range userop.EntryPoints() {
		t.Run(ep.Version(), func(t *testing.T) {
			n := start(t, devnet.Config{})
			b := newBench(t, n, ep)
			delegate := b.deploy(creation(accountCode(new(big.Int))))
			key := b.funded()
			sender := crypto.PubkeyToAddress(key.PublicKey)
			for round := range 2 { // first with the authorization, then with the delegation on chain
				op := &userop.Op{Sender: sender, CallData: []byte{1, 2, 3, 4},
					MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9), Signature: []byte("any")}
				if ep == userop.V08 || ep == userop.V09 { // earlier ones know nothing of delegations
					op.Factory = &userop.EIP7702Marker
				}
				op.Nonce = b.nonce(&account{address: sender}, 0)
				if round == 0 {
					// Wallets estimate before their owner has signed the authorization.
					op.Authorization = &userop.Authorization{ChainID: n.ChainID(), Address: delegate, R: big.NewInt(7), S: big.NewInt(7)}
				}
				if err := b.estimate(op); err != nil {
					t.Fatal("estimating:", err)
				}
				if round == 0 {
					b.authorize(op.Authorization, crypto.FromECDSA(key))
				} else if op.Factory != nil {
					op.Delegate = &delegate
				}
				hash, err := b.send(op)
				if err != nil {
					t.Fatal("sending:", err)
				}
				if want, err := ep.Hash(op, n.ChainID()); err != nil || hash != want {
					t.Errorf("hash %s, want %s, %v", hash, want, err)
				}
				if r := b.wait(hash); !r.Success {
					t.Errorf("receipt %+v", r)
				}
				var found struct{ UserOperation map[string]any }
				if err := b.rpc.CallContext(t.Context(), &found, "eth_getUserOperationByHash", hash); err != nil || (found.UserOperation["eip7702Auth"] != nil) != (round == 0) {
					t.Errorf("by hash: %v, %v", found, err)
				}
			}
			if code, _ := n.Client().CodeAt(t.Context(), sender, nil); !bytes.HasSuffix(code, delegate[:]) {
				t.Errorf("sender's code %x", code)
			}
		})
	}
}

func (b *bench) authorize(a *userop.Authorization, key []byte) {
	b.Helper()
	hash, err := a.SigHash()
	if err != nil {
		b.Fatal(err)
	}
	k, err := crypto.ToECDSA(key)
	if err != nil {
		b.Fatal(err)
	}
	sig, err := crypto.Sign(hash[:], k)
	if err != nil {
		b.Fatal(err)
	}
	a.R, a.S, a.YParity = new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:64]), sig[64]
}

func TestAccountsAnswersAreTranslated(t *testing.T) {
	until := func(seconds int64) *big.Int { return new(big.Int).Lsh(big.NewInt(seconds), 160) }
	after := func(seconds int64) *big.Int { return new(big.Int).Lsh(big.NewInt(seconds), 208) }
	cases := []struct {
		name string
		data *big.Int
		want int
		text string
	}{
		{"valid", new(big.Int), 0, ""},
		{"valid for long", until(1 << 40), 0, ""},
		{"expired", until(1_000_000), -32503, "AA22"},
		{"not due", after(1 << 40), -32503, "AA22"},
		{"signature", big.NewInt(1), -32507, "AA24"},
		{"aggregator", big.NewInt(0x1234), -32506, "AA24"},
	}
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		bare := func(sender common.Address) *userop.Op {
			return &userop.Op{Sender: sender, Nonce: new(big.Int), MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9),
				PreVerificationGas: big.NewInt(60_000), VerificationGasLimit: big.NewInt(100_000), CallGasLimit: big.NewInt(30_000), Signature: []byte{1}}
		}
		for _, c := range cases {
			sender := b.deploy(creation(accountCode(c.data)))
			if err := b.net.Faucet(b.Context(), sender, ether(1)); err != nil {
				b.Fatal(err)
			}
			_, err := b.send(bare(sender))
			if code(err) != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
				b.Errorf("%s: %d %v, want %d", c.name, code(err), err, c.want)
			}
			if c.want == -32503 {
				data, ok := errorData(err).(map[string]any)
				if !ok || data["validUntil"] == nil || data["validAfter"] == nil {
					b.Errorf("%s: error data %v", c.name, errorData(err))
				}
			}
		}
		ghost := common.HexToAddress("0x00000000000000000000000000000000000901d5")
		factory := b.deploy(creation(factoryCode(ghost)))
		op := bare(ghost)
		op.Factory = &factory
		if _, err := b.send(op); code(err) != -32500 || !strings.Contains(err.Error(), "AA15") {
			b.Errorf("factory that makes nothing: %v", err)
		}
	})
}
