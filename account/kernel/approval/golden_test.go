package approval_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
)

// sdkDocument is one of testdata/sdk-documents.json.
type sdkDocument struct {
	Name    string
	ChainID int64
	Version kernel.Version
	Nonce   uint32
	Root    string
	Flag    hexutil.Bytes
	List    string
	Index   string
	Derived bool

	Signer         common.Address
	SignerData     hexutil.Bytes
	ID             hexutil.Bytes
	EnableDataHash common.Hash
	Digest         common.Hash
	Text           string
}

func (s sdkDocument) context() approval.Context {
	return approval.Context{
		ChainID: big.NewInt(s.ChainID), Version: s.Version, Nonce: s.Nonce,
		Signer: kernel.Signer{Contract: s.Signer, Data: s.SignerData},
	}
}

func sdkDocuments(t testing.TB) []sdkDocument {
	t.Helper()
	var f struct{ Documents []sdkDocument }
	load(t, "testdata/sdk-documents.json", &f)
	if len(f.Documents) < 30 {
		t.Fatalf("%d documents", len(f.Documents))
	}
	return f.Documents
}

func load(t testing.TB, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}

// broken are documents that the packages write and no contract can take: with the
// one multi-chain WebAuthn validator on npm, the signature for one chain has no
// frame, and in the place of the one for several stands client data.
func (s sdkDocument) broken() bool { return s.Root == "multiWebAuthn" }

func parse(t testing.TB, text string) *approval.Document {
	t.Helper()
	d, err := approval.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheSDKsDocumentsAreReadAsTheSDKMeansThem(t *testing.T) {
	for _, s := range sdkDocuments(t) {
		t.Run(s.Name, func(t *testing.T) {
			d := parse(t, s.Text)
			if again, err := d.Serialize(); err != nil || string(again) != s.Text {
				t.Fatalf("it is written in another form: %v", err)
			}
			if f := d.Fields(); !bytes.Equal(f.PermissionID[:], s.ID) || f.Account == (common.Address{}) {
				t.Errorf("fields %+v", f)
			}
			d, err := d.WithContext(s.context())
			if err != nil {
				t.Fatal(err)
			}
			p, g, err := d.Permission()
			if err != nil {
				t.Fatal(err)
			}
			if crypto.Keccak256Hash(p.EnableData()) != s.EnableDataHash {
				t.Error("other enable data")
			}
			if want := uint16(s.Flag[0])<<8 | uint16(s.Flag[1]); p.Flag != want || uint16(g.Flag) != want {
				t.Errorf("the flag %d was lost: %d", want, p.Flag)
			}
			e, err := d.Enable(big.NewInt(s.ChainID), s.Nonce)
			if err != nil {
				t.Fatal(err)
			}
			if digest, _ := e.Digest(); digest != s.Digest {
				t.Error("another digest")
			}
			if d.Derived() != s.Derived {
				t.Errorf("derived: %t", d.Derived())
			}
			if d.Fields().InitCode == nil {
				_, err := d.Owner()
				hinted(t, err, "a document without init code does not know its owner")
				d, _ = d.WithContext(approval.Context{Owner: kernel.ECDSA{Owner: d.Fields().Account}})
			}
			owner, err := d.Owner()
			if err != nil {
				t.Fatal(err)
			}
			err = d.Verify(e, owner)
			if absent := d.Fields().EnableSignature == nil; absent || s.broken() {
				sig := (*approval.SignatureError)(nil)
				if !errors.As(err, &sig) {
					t.Fatalf("a signature that is none: %v", err)
				}
				known := strings.Contains(sig.Reason, "frame") || strings.Contains(sig.Reason, "client data")
				if !absent && !known {
					t.Errorf("the packages' fault is not named: %v", err)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOnlyItsOwnSessionKeyOpensADocument(t *testing.T) {
	for _, s := range sdkDocuments(t) {
		d := parse(t, s.Text)
		if d.Secret() {
			continue
		}
		_, _, err := d.Permission()
		hinted(t, err, s.Name+" without a session key")
		d, err = d.WithContext(approval.Context{Signer: kernel.ECDSASigner(common.HexToAddress("0x01"))})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = d.Permission()
		if wrong := (*approval.MismatchError)(nil); !errors.As(err, &wrong) {
			t.Errorf("%s opens with a foreign key: %v", s.Name, err)
		}
	}
}

// An account that its factory makes names its owner by its address.
func TestAccountsAreMadeAgainFromTheirInitCode(t *testing.T) {
	for _, s := range sdkDocuments(t) {
		d := parse(t, s.Text)
		list := d.Versions()
		if !s.Derived {
			if len(list) != 0 {
				t.Errorf("%s: versions %v", s.Name, list)
			}
			continue
		}
		if len(list) != 1 || list[0] != s.Version {
			t.Fatalf("%s: versions %v", s.Name, list)
		}
		a, err := d.Account()
		if err != nil {
			t.Fatal(err)
		}
		_, data := a.Factory()
		if a.Address() != d.Fields().Account || !bytes.Equal(data, d.Fields().InitCode) {
			t.Errorf("%s: another account", s.Name)
		}
		kind := map[string]bool{
			"ecdsa": isA[kernel.ECDSA](a.Root()), "multiECDSA": isA[kernel.MultiChainECDSA](a.Root()),
			"webauthn": isA[kernel.WebAuthn](a.Root()), "multiWebAuthn": isA[kernel.MultiChainWebAuthn](a.Root()),
		}
		if !kind[s.Root] {
			t.Errorf("%s: owner %T", s.Name, a.Root())
		}
	}
}

func isA[T any](v any) bool { _, ok := v.(T); return ok }

// What we make of a permission is what the packages make of it, where their author
// had no choice: calls carry whatever contract interface they were made of.
func TestWhatWeWriteIsWhatTheSDKWrites(t *testing.T) {
	same := 0
	for _, s := range sdkDocuments(t) {
		if s.List == "five" || s.List == "calls" || !s.Derived || s.broken() {
			continue
		}
		theirs := parse(t, s.Text)
		theirs, err := theirs.WithContext(s.context())
		if err != nil {
			t.Fatal(err)
		}
		p, g, err := theirs.Permission()
		if err != nil {
			t.Fatal(err)
		}
		a, err := theirs.Account()
		if err != nil {
			t.Fatal(err)
		}
		f := theirs.Fields()
		ours, err := approval.FromPermission(p, g, a, f.EnableSignature, approval.Options{
			ChainID: big.NewInt(s.ChainID), Nonce: s.Nonce, PrivateKey: theirs.PrivateKey(), PreInstalled: f.PreInstalled,
		})
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		text, _ := ours.Serialize()
		// Small and capital hex digits differ in calls made at deployment.
		if string(text) != s.Text && (!f.PreInstalled || !strings.EqualFold(decoded(t, string(text)), decoded(t, s.Text))) {
			t.Errorf("%s:\n%s\n%s", s.Name, decoded(t, string(text)), decoded(t, s.Text))
		}
		same++
	}
	if same < 15 {
		t.Errorf("only %d were compared", same)
	}
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type realDocument struct {
	ChainID         int64
	Version         kernel.Version
	Account         common.Address
	PermissionID    hexutil.Bytes
	EnableData      hexutil.Bytes
	Digest          common.Hash
	Signer          common.Address
	SignerData      hexutil.Bytes
	OwnerKey        hexutil.Bytes
	Single, Several string
}

func realDocuments(t testing.TB) (out []realDocument) {
	t.Helper()
	load(t, "testdata/real.json", &out)
	return out
}

// These were enabled and used on the real contracts.
func TestDocumentsThatWorkedOnRealContracts(t *testing.T) {
	for _, r := range realDocuments(t) {
		key, err := crypto.ToECDSA(r.OwnerKey)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{r.Single, r.Several} {
			d := parse(t, text)
			d, err := d.WithContext(approval.Context{Signer: kernel.Signer{Contract: r.Signer, Data: r.SignerData}})
			if err != nil {
				t.Fatal(err)
			}
			p, g, err := d.Permission()
			if err != nil || !bytes.Equal(p.EnableData(), r.EnableData) || len(g.Policies) != 5 {
				t.Fatalf("%v: %d policies", err, len(g.Policies))
			}
			e, err := d.Enable(big.NewInt(r.ChainID), 1)
			if err != nil {
				t.Fatal(err)
			}
			if digest, _ := e.Digest(); digest != r.Digest {
				t.Error("another digest")
			}
			owner := kernel.MultiChainECDSA{Owner: crypto.PubkeyToAddress(key.PublicKey)}
			if got, err := d.Owner(); err != nil || got != owner {
				t.Errorf("owner %v: %v", got, err)
			}
			if err := d.Verify(e, owner); err != nil {
				t.Error(err)
			}
			if a, err := d.Account(); err != nil || a.Address() != r.Account || a.Version() != r.Version {
				t.Errorf("account: %v", err)
			}
		}
	}
}

// hinted demands a refusal that names a way out.
func hinted(t testing.TB, err error, what string) {
	t.Helper()
	h, ok := err.(interface{ Hint() string })
	if err == nil || !ok || h.Hint() == "" {
		t.Errorf("%s: %v", what, err)
	}
}

func decodeBase64(b []byte) ([]byte, error) { return base64.StdEncoding.AppendDecode(nil, b) }
