package seal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// The golden data is what MetaMask's kit made and the real contract said; see testdata/SOURCES.
type goldenRun struct {
	Name       string
	ChainID    int64
	EntryPoint common.Address
	Owner      common.Address
	Credential struct {
		ID, KeyID string
		KeyIDHash common.Hash
		PublicKey hexutil.Bytes
	}
	StubSignature hexutil.Bytes
	Ops           []goldenOp
	Negatives     []goldenSignature
	Message       goldenSignature
}

type goldenOp struct {
	Label               string
	UserOperation       json.RawMessage
	EntryPointHash      common.Hash
	SignedTypedDataHash common.Hash
	Assertion           *goldenAssertion
}

type goldenSignature struct {
	Name      string
	Hash      common.Hash
	Signature hexutil.Bytes
	Accepted  bool
}

type goldenAssertion struct {
	AuthenticatorData hexutil.Bytes
	ClientDataJSON    string
	DER               hexutil.Bytes
}

func (g *goldenAssertion) parse(t testing.TB) *passkey.Assertion {
	t.Helper()
	a, err := passkey.NewAssertion([]byte("credential"), g.AuthenticatorData, []byte(g.ClientDataJSON), g.DER)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readGolden(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func metaMaskRuns(t testing.TB) []goldenRun {
	t.Helper()
	var g struct{ Runs []goldenRun }
	readGolden(t, "metamask-hybrid.json", &g)
	if len(g.Runs) != 3 {
		t.Fatalf("%d runs", len(g.Runs))
	}
	return g.Runs
}

func (g *goldenRun) key(t testing.TB) passkey.PublicKey {
	t.Helper()
	key, err := passkey.ParseRaw(g.Credential.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// kitRule is what the kit's page asks for, of the digest given.
func kitRule(digest common.Hash) passkey.Rule {
	return passkey.Rule{RPID: "localhost", Origins: []string{"http://localhost:5173"}, Challenge: digest[:]}
}

func TestTheKitsKeyIDsAreOurs(t *testing.T) {
	for _, g := range metaMaskRuns(t) {
		raw, err := base64.RawURLEncoding.DecodeString(g.Credential.ID)
		if err != nil {
			t.Fatal(err)
		}
		if id := seal.MetaMaskKeyID(raw); id != g.Credential.KeyID {
			t.Errorf("key id %s, the kit says %s", id, g.Credential.KeyID)
		}
		if hash := seal.MetaMaskKeyIDHash(g.Credential.KeyID); hash != g.Credential.KeyIDHash {
			t.Errorf("hash %s, the kit says %s", hash, g.Credential.KeyIDHash)
		}
	}
	if id := seal.MetaMaskKeyID([]byte{0, 1}); id != "0x414145" {
		t.Error(id)
	}
}

func TestOperationsOfTheKitAreReproduced(t *testing.T) {
	for _, g := range metaMaskRuns(t) {
		owner, key := g.Owner, g.key(t)
		for _, o := range g.Ops {
			t.Run(g.Name+"/"+o.Label, func(t *testing.T) {
				op, err := userop.V07.UnmarshalOp(o.UserOperation)
				if err != nil {
					t.Fatal(err)
				}
				digest, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, op, userop.V07, big.NewInt(g.ChainID))
				if err != nil || digest != o.SignedTypedDataHash {
					t.Fatalf("digest %s, %v; the kit signed %s", digest, err, o.SignedTypedDataHash)
				}
				if digest == o.EntryPointHash {
					t.Error("the digest is the EntryPoint's hash")
				}
				s, err := seal.ParseMetaMask(op.Signature)
				if err != nil {
					t.Fatal(err)
				}
				if b, err := s.Bytes(); err != nil || !bytes.Equal(b, op.Signature) {
					t.Errorf("parsed and written again: %x, %v", b, err)
				}
				if o.Assertion == nil {
					checkOwner(t, &s, digest, owner)
					return
				}
				// Our seal of the authenticator's answer is the kit's, to the byte.
				b, err := seal.MetaMaskWebAuthn(g.Credential.KeyIDHash, o.Assertion.parse(t))
				if err != nil || !bytes.Equal(b, op.Signature) {
					t.Errorf("sealed %x, %v", b, err)
				}
				a, err := s.Assertion(digest)
				if err != nil || string(a.ClientData.Raw) != o.Assertion.ClientDataJSON {
					t.Fatalf("assertion %+v, %v", a, err)
				}
				if err := a.Verify(key, kitRule(digest)); err != nil {
					t.Error(err)
				}
			})
			if o.Label == "8-passkey-transferOwnership" {
				owner = newOwner(t, o.UserOperation)
			}
		}
	}
}

// newOwner is the argument of transferOwnership, which is the whole of the call data.
func newOwner(t testing.TB, wire []byte) common.Address {
	t.Helper()
	op, err := userop.V07.UnmarshalOp(wire)
	if err != nil || len(op.CallData) != 36 {
		t.Fatalf("call data %x, %v", op.CallData, err)
	}
	return common.BytesToAddress(op.CallData[4:])
}

func checkOwner(t testing.TB, s *seal.MetaMaskSignature, digest common.Hash, owner common.Address) {
	t.Helper()
	sig := s.ECDSA
	sig[64] -= 27
	pub, err := crypto.SigToPub(digest[:], sig[:])
	if err != nil || crypto.PubkeyToAddress(*pub) != owner {
		t.Errorf("%v, %v is not by the owner %s", s.Kind, err, owner)
	}
	sig[64] &= 1
	if b, err := seal.MetaMaskECDSA(sig[:]); err != nil || !bytes.Equal(b, s.ECDSA[:]) {
		t.Errorf("sealed %x, %v", b, err)
	}
}

// What the contract refused, we refuse too, with its cause; what it took, we take.
func TestTheContractsRefusalsAreOurs(t *testing.T) {
	causes := map[string]error{
		"high-s": seal.ErrHighS, "responseTypeLocation 0": seal.ErrIndex, "responseTypeLocation 1000": seal.ErrIndex,
		"unknown keyIdHash": passkey.ErrCredential, "suffix changed": passkey.ErrSignature, "wrong hash": passkey.ErrSignature,
		"truncated": seal.ErrTruncated, "64 bytes": seal.ErrTruncated, "no UP": passkey.ErrUserPresence, "BS without BE": passkey.ErrBackupState,
	}
	for _, g := range metaMaskRuns(t) {
		seen := 0
		for _, n := range append(g.Negatives, goldenSignature{Name: "message", Hash: g.Message.Hash, Signature: g.Message.Signature, Accepted: true}) {
			err := verifyMetaMask(&g, g.key(t), n)
			if (err == nil) != n.Accepted {
				t.Errorf("%s, %s: %v, the contract accepts: %t", g.Name, n.Name, err, n.Accepted)
			}
			if !n.Accepted {
				seen++
				if want := causes[n.Name]; want == nil || !errors.Is(err, want) {
					t.Errorf("%s, %s: %v is not %v", g.Name, n.Name, err, want)
				}
			}
		}
		if seen != len(causes) {
			t.Errorf("%s: %d refusals, %d are known", g.Name, seen, len(causes))
		}
	}
}

func verifyMetaMask(g *goldenRun, key passkey.PublicKey, n goldenSignature) error {
	s, err := seal.ParseMetaMask(n.Signature)
	if err != nil {
		return err
	}
	if s.KeyID != g.Credential.KeyIDHash {
		return passkey.ErrCredential
	}
	if s.Kind == seal.MetaMaskKindP256 {
		return verifyDigest(key, s.Signature, sha256.Sum256(n.Hash[:]))
	}
	a, err := s.Assertion(n.Hash)
	if err != nil {
		return err
	}
	return a.Verify(key, kitRule(n.Hash))
}

func TestTheKitsStubIsReadAndShorterThanOurs(t *testing.T) {
	for _, g := range metaMaskRuns(t) {
		s, err := seal.ParseMetaMask(g.StubSignature)
		if err != nil || s.KeyID != g.Credential.KeyIDHash {
			t.Fatalf("%v, %v", s.KeyID, err)
		}
		ours, err := seal.MetaMaskWebAuthnStub(g.Credential.KeyIDHash, seal.StubLimits{})
		if err != nil || len(ours) <= len(g.StubSignature) {
			t.Errorf("%d bytes, %v; the kit's has %d", len(ours), err, len(g.StubSignature))
		}
	}
}
