package contracts_test

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

var magic = [4]byte{0x16, 0x26, 0xba, 0x7e}

// erc1271 asks isValidSignature, which must not revert.
func (a *acct) erc1271(hash common.Hash, signature []byte) [4]byte {
	a.t.Helper()
	return a.ask("isValidSignature", hash, signature).([4]byte)
}

// mail is an application's typed message.
func mail() seal.TypedContents {
	typ := "Mail(address to,string text)"
	return seal.TypedContents{
		AppSeparator: crypto.Keccak256Hash([]byte("an application")),
		Hash:         crypto.Keccak256Hash(crypto.Keccak256([]byte(typ)), []byte("fields")),
		Type:         typ,
	}
}

func TestAMessageIsSignedForOneAccountOnly(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	p := newPasskey(t, "message", seal.RequireUV)
	one := equal(1, p.signer)
	two := equal(1, p.signer)
	two.Salt[0] = 1
	a, b := w.create(d, one), w.create(d, two)
	domain := seal.PosternDomain(a.address, chainID)

	t.Run("personal sign", func(t *testing.T) {
		hash := crypto.Keccak256Hash([]byte("\x19Ethereum Signed Message:\n5hello"))
		sig := p.approve(seal.PersonalSign(domain, hash))
		if got := a.erc1271(hash, sig); got != magic {
			t.Errorf("refused: %x", got)
		}
		if b.erc1271(hash, sig) == magic {
			t.Error("accepted on another account of the same key")
		}
		if a.erc1271(crypto.Keccak256Hash([]byte("other")), sig) == magic {
			t.Error("accepted for another message")
		}
		if a.erc1271(hash, p.approve(hash)) == magic {
			t.Error("the bare hash is accepted")
		}
		if a.validates(hash, sig) {
			t.Error("a message's signature approves of an operation")
		}
	})
	t.Run("typed data", func(t *testing.T) {
		for _, typ := range []string{"Mail(address to,string text)", "Asset(address token)Mail(Asset asset)Mail"} {
			m := mail()
			m.Type = typ
			toSign, err := m.SignHash(domain)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := m.Wrap(p.approve(toSign))
			if err != nil {
				t.Fatal(err)
			}
			if got := a.erc1271(m.AppHash(), sig); got != magic {
				t.Errorf("%s: refused: %x", typ, got)
			}
			if b.erc1271(m.AppHash(), sig) == magic {
				t.Errorf("%s: accepted on another account of the same key", typ)
			}
			for i := range sig {
				bad := bytes.Clone(sig)
				bad[i] ^= 0x20
				if a.erc1271(m.AppHash(), bad) == magic {
					t.Errorf("%s: accepted with byte %d changed", typ, i)
				}
			}
			if a.erc1271(m.AppHash(), p.approve(m.AppHash())) == magic {
				t.Errorf("%s: the bare hash is accepted", typ)
			}
		}
	})
	t.Run("an operation's signature signs no message", func(t *testing.T) {
		hash := opHash("message")
		sig := p.approve(hash)
		if !a.validates(hash, sig) {
			t.Fatal("refused as an operation")
		}
		if a.erc1271(hash, sig) == magic {
			t.Error("accepted as a message")
		}
	})
	t.Run("support is told", func(t *testing.T) {
		hash := common.HexToHash("0x7739773977397739773977397739773977397739773977397739773977397739")
		if got := a.erc1271(hash, nil); got != [4]byte{0x77, 0x39, 0x00, 0x01} {
			t.Errorf("ERC-7739 detection: %x", got)
		}
	})
	t.Run("garbage never reverts", func(t *testing.T) {
		hash := opHash("garbage")
		for n := range 200 {
			if a.erc1271(hash, bytes.Repeat([]byte{byte(n)}, n)) == magic {
				t.Errorf("accepted %d bytes", n)
			}
		}
	})
}

func TestTheDomainIsTold(t *testing.T) {
	p := newPasskey(t, "domain", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	ret, err := a.view(stranger, a.address, a.pack("eip712Domain"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := contracts.AccountABI.Unpack("eip712Domain", ret)
	if err != nil {
		t.Fatal(err)
	}
	if v[1] != "WebAuthnAccount" || v[2] != "1" || v[4] != a.address {
		t.Errorf("domain %v", v)
	}
}

func TestTypedContentsWithoutATypeAreRefused(t *testing.T) {
	for _, typ := range []string{"", "Mail", "(address to)", "Mail(address to)M ail", "Mail(address to)M,ail"} {
		m := mail()
		m.Type = typ
		if _, err := m.SignHash(seal.PosternDomain(common.Address{}, chainID)); err == nil {
			t.Errorf("%q accepted", typ)
		}
		if _, err := m.Wrap(nil); err == nil {
			t.Errorf("%q wrapped", typ)
		}
	}
}
