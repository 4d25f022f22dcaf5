package kernel_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
)

func FuzzParseNonceKey(f *testing.F) {
	f.Add(kernel.RootKey(common.Address{1}, 7).Int().Bytes())
	f.Add(kernel.KeyOf(kernel.ModeEnable, kernel.PermissionID{1, 2, 3, 4}.Validation(), 65535).Int().Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		n := new(big.Int).SetBytes(b)
		k, err := kernel.ParseNonceKey(n)
		if err != nil {
			if k != (kernel.NonceKey{}) {
				t.Fatal("a failed parse returned something")
			}
			return
		}
		if k.Int().Cmp(n) != 0 {
			t.Fatalf("%x became %x", n, k.Int())
		}
	})
}

func FuzzParseEnableData(f *testing.F) {
	for _, g := range read[sdkFile](f, "sdk.json").Permissions[:7] {
		f.Add([]byte(g.EnableData))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := kernel.ParseEnableData(b)
		if err == nil && !bytes.Equal(p.EnableData(), b) {
			t.Fatal("another encoding")
		}
		if err == nil {
			_ = p.Check()
			_ = p.ID()
		}
	})
}

// What is read of call data, in all versions, is all that it says.
func FuzzDecodeCalls(f *testing.F) {
	file := read[sdkFile](f, "sdk.json")
	for _, v := range file.Versions {
		for _, g := range v.Accounts {
			for _, b := range g.Calls {
				f.Add([]byte(b))
			}
		}
	}
	var accounts []*kernel.Account
	for _, v := range []kernel.Version{kernel.V002, kernel.V024, kernel.V031} {
		accounts = append(accounts, file.attached(f, v, "ecdsa"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, a := range accounts {
			e, err := a.Decode(b)
			if err != nil {
				if e.Calls != nil {
					t.Fatal("a failed parse returned something")
				}
				continue
			}
			again, err := encode(a, e)
			if err != nil {
				// What can be read and would not be written: a call of the account to itself.
				if len(e.Calls) == 1 && e.Calls[0].To == sdkAddress || hasSelf(e) {
					continue
				}
				t.Fatalf("%s: %x: %v", a.Version(), b, err)
			}
			if back, err := a.Decode(again); err != nil || !same(e, back) {
				t.Fatalf("%s: %x is read as %+v, written as %x", a.Version(), b, e, again)
			}
		}
	})
}

func encode(a *kernel.Account, e kernel.Execution) ([]byte, error) {
	switch {
	case e.Delegate && e.Try:
		return e.Encode()
	case e.Delegate:
		return kernel.DangerDelegating{Account: a}.EncodeCalls(e.Calls)
	case e.Try:
		return kernel.Trying{Account: a}.EncodeCalls(e.Calls)
	}
	return a.EncodeCalls(e.Calls)
}

func hasSelf(e kernel.Execution) bool {
	for _, c := range e.Calls {
		if c.To == sdkAddress {
			return true
		}
	}
	return false
}

func same(a, b kernel.Execution) bool {
	if len(a.Calls) != len(b.Calls) || a.Try != b.Try || a.Delegate != b.Delegate {
		return false
	}
	for i, c := range a.Calls {
		if d := b.Calls[i]; c.To != d.To || c.Value.Cmp(d.Value) != 0 || !bytes.Equal(c.Data, d.Data) {
			return false
		}
	}
	return true
}

func FuzzParseMultiChain(f *testing.F) {
	m := read[sdkFile](f, "sdk.json").Merkle[4]
	leaf := common.Hash{1}
	for i := range m.ECDSA {
		f.Add([]byte(m.ECDSA[i]), leaf[:])
		f.Add([]byte(m.WebAuthn[i]), leaf[:])
	}
	f.Fuzz(func(t *testing.T, b, leaf []byte) {
		hash := common.BytesToHash(leaf)
		if m, err := kernel.ParseMultiChainECDSA(b, hash); err == nil {
			if again, err := m.ECDSA(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("another encoding: %v", err)
			}
		}
		if m, err := kernel.ParseMultiChainWebAuthn(b, hash); err == nil {
			if again, err := m.WebAuthn(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("another encoding: %v", err)
			}
		}
	})
}
