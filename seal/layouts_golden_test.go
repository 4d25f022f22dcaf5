package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

type goldenMatrix struct {
	PublicKey    hexutil.Bytes
	OpenZeppelin []goldenSignature
	Safe         []goldenSignature
	Coinbase     []struct {
		Name          string
		UserOperation json.RawMessage
		UserOpHash    common.Hash
		Assertion     goldenAssertion
	}
	CoinbaseMessage struct {
		Signature hexutil.Bytes
		Decoded   struct {
			AuthenticatorData hexutil.Bytes
			ClientDataJSON    string
			R, S              common.Hash
		}
	}
}

func readMatrix(t testing.TB) (goldenMatrix, passkey.PublicKey) {
	t.Helper()
	var g goldenMatrix
	readGolden(t, "verifier-matrix.json", &g)
	key, err := passkey.ParseRaw(g.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return g, key
}

func TestOpenZeppelinsAnswersAreOurs(t *testing.T) {
	g, key := readMatrix(t)
	causes := []error{nil, seal.ErrHighS, seal.ErrEncoding, passkey.ErrChallenge}
	if len(g.OpenZeppelin) != len(causes) {
		t.Fatalf("%d signatures", len(g.OpenZeppelin))
	}
	for i, c := range g.OpenZeppelin {
		a, err := seal.ParseOpenZeppelinWebAuthn(c.Signature)
		if err == nil {
			if b, err := seal.OpenZeppelinWebAuthn(a); err != nil || !bytes.Equal(b, c.Signature) {
				t.Errorf("%s: sealed %x, %v", c.Name, b, err)
			}
			rule := kitRule(c.Hash)
			rule.UserVerification = passkey.Required
			err = a.Verify(key, rule)
		}
		if (err == nil) != c.Accepted || !errors.Is(err, causes[i]) {
			t.Errorf("%s: %v, the contract accepts: %t", c.Name, err, c.Accepted)
		}
	}
}

func TestSafesSignaturesAreRead(t *testing.T) {
	g, key := readMatrix(t)
	hash := g.OpenZeppelin[0].Hash // one assertion was sealed for both
	good, err := seal.ParseSafeWebAuthn(g.Safe[0].Signature)
	if err != nil {
		t.Fatal(err)
	}
	a, err := good.Assertion(hash)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(key, kitRule(hash)); err != nil {
		t.Error(err)
	}
	if b, err := seal.SafeWebAuthn(a); err != nil || !bytes.Equal(b, g.Safe[0].Signature) {
		t.Errorf("sealed %x, %v", b, err)
	}
	// The contract takes a high s; nobody else does, and we do not.
	if _, err := seal.ParseSafeWebAuthn(g.Safe[1].Signature); !errors.Is(err, seal.ErrHighS) || !g.Safe[1].Accepted {
		t.Errorf("high s: %v", err)
	}
}

func TestCoinbasesOperationsAreReproduced(t *testing.T) {
	g, key := readMatrix(t)
	if len(g.Coinbase) != 2 {
		t.Fatalf("%d operations", len(g.Coinbase))
	}
	for _, o := range g.Coinbase {
		op, err := userop.V06.UnmarshalOp(o.UserOperation)
		if err != nil {
			t.Fatal(err)
		}
		if hash, err := userop.V06.Hash(op, big.NewInt(31337)); err != nil || hash != o.UserOpHash {
			t.Errorf("%s: hash %s, %v", o.Name, hash, err)
		}
		s, err := seal.ParseCoinbase(op.Signature)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Assertion.Verify(key, kitRule(o.UserOpHash)); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
		if b, err := s.Bytes(); err != nil || !bytes.Equal(b, op.Signature) {
			t.Errorf("%s: written again %x, %v", o.Name, b, err)
		}
		if b, err := seal.CoinbaseWebAuthn(s.Owner, o.Assertion.parse(t)); err != nil || !bytes.Equal(b, op.Signature) {
			t.Errorf("%s: sealed %x, %v", o.Name, b, err)
		}
	}
	m := g.CoinbaseMessage
	s, err := seal.ParseCoinbase(m.Signature)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Assertion
	if !bytes.Equal(a.AuthData.Raw, m.Decoded.AuthenticatorData) || string(a.ClientData.Raw) != m.Decoded.ClientDataJSON ||
		a.Signature != (passkey.Signature{R: m.Decoded.R, S: m.Decoded.S}) {
		t.Errorf("%+v", a)
	}
	if err := a.Verify(key, kitRule(common.Hash(a.ClientData.Challenge))); err != nil {
		t.Error(err)
	}
}
