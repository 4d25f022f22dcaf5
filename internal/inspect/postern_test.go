package inspect_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

const (
	rpID   = "example.org"
	origin = "https://example.org"
)

// device is a software authenticator with one passkey of the site above.
func device(t testing.TB, opts ...softkey.Option) (*softkey.Authenticator, *passkey.Registration, []byte) {
	t.Helper()
	a := softkey.New(append([]softkey.Option{softkey.WithSeed([]byte("inspect"))}, opts...)...)
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "Example"}, passkey.User{ID: make([]byte, 32), Name: "a", DisplayName: "A"}, make([]byte, 32))
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := a.Create(text, origin)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := passkey.ParseRegistration(reply)
	if err != nil {
		t.Fatal(err)
	}
	return a, reg, reply
}

// sealed is a signature of our account over hash by a passkey of the rule UV required.
func sealed(t testing.TB, hash common.Hash, q softkey.Quirks) []byte {
	t.Helper()
	a, reg, _ := device(t)
	a.SetQuirks(q)
	assertion, err := a.Sign(reg.ID, hash[:], rpID, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := seal.PasskeySigner(reg.Key(), seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	approval, err := seal.PosternPasskey(signer, assertion)
	if err != nil {
		t.Fatal(err)
	}
	out, err := seal.Postern(approval)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func inspectHex(t testing.TB, b []byte, opt inspect.Options) *inspect.Report {
	t.Helper()
	r, err := inspect.Inspect([]byte("0x"+common.Bytes2Hex(b)), opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOurOwnSignatureIsVerifiedWhole(t *testing.T) {
	hash := crypto.Keccak256Hash([]byte("operation"))
	account := common.HexToAddress("0x1111111111111111111111111111111111111111")
	known := inspect.Options{Challenge: hash[:], RPID: rpID, Origins: []string{origin}}
	good := sealed(t, hash, softkey.Quirks{})
	tests := []struct {
		name  string
		bytes []byte
		opt   inspect.Options
		wrong []string
	}{
		{"good", good, known, nil},
		{"good, members in another order", sealed(t, hash, softkey.Quirks{ReverseMembers: true}), known, nil},
		{"good, from Android", sealed(t, hash, softkey.Quirks{AndroidPackageName: "org.example"}), known, nil},
		{"nothing known", good, inspect.Options{}, nil},
		{"over another hash", good, inspect.Options{Challenge: make([]byte, 32)}, []string{"signature"}},
		{"for another origin", good, inspect.Options{Challenge: hash[:], Origins: []string{"https://example.com"}}, []string{"origin"}},
		{"without user verification", sealed(t, hash, softkey.Quirks{NoUV: true}), known, []string{"rule"}},
		{"without user presence", sealed(t, hash, softkey.Quirks{NoUP: true}), known, []string{"rule", "up"}},
		{"bogus", sealed(t, hash, softkey.Quirks{BogusSignature: true}), known, []string{"signature"}},
		{"cut", good[:len(good)-3], known, []string{"malformed"}},
		{"with a byte more", append(slices.Clone(good), 0), known, []string{"malformed"}},
		{"twice", append(slices.Clone(good), good...), known, []string{"malformed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := inspectHex(t, tt.bytes, tt.opt)
			if r.Readings[0].Kind != "postern-signature" {
				t.Fatalf("read as %v", kinds(r))
			}
			if got := codes(r, inspect.Error); !slices.Equal(got, tt.wrong) {
				t.Errorf("errors %v, want %v", got, tt.wrong)
			}
		})
	}

	t.Run("bound to an account by ERC-7739", func(t *testing.T) {
		bound := seal.PersonalSign(seal.PosternDomain(account, big.NewInt(1)), hash)
		r := inspectHex(t, sealed(t, bound, softkey.Quirks{}), inspect.Options{Challenge: hash[:], Account: &account, ChainID: big.NewInt(1)})
		if got := codes(r, inspect.Error); got != nil || !strings.Contains(fact(r, "signed"), "ERC-7739") {
			t.Errorf("errors %v, signed %q", got, fact(r, "signed"))
		}
	})
}

func TestAnOperationSignedForAnotherChainIsNamed(t *testing.T) {
	op := (&userop.Op{
		Sender: common.HexToAddress("0x2222222222222222222222222222222222222222"), Nonce: big.NewInt(0), CallData: []byte{},
		CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(100_000), PreVerificationGas: big.NewInt(60_000),
		MaxFeePerGas: big.NewInt(2e9), MaxPriorityFeePerGas: big.NewInt(1e9),
	}).Normalize()
	hash, err := userop.V08.Hash(op, big.NewInt(84532))
	if err != nil {
		t.Fatal(err)
	}
	op.Signature = sealed(t, hash, softkey.Quirks{})
	text, err := userop.V08.MarshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		opt   inspect.Options
		wrong []string
	}{
		{"right chain", inspect.Options{ChainID: big.NewInt(84532)}, nil},
		{"right chain and EntryPoint", inspect.Options{ChainID: big.NewInt(84532), EntryPoint: userop.V08}, nil},
		{"chain not said", inspect.Options{}, nil},
		{"another chain", inspect.Options{ChainID: big.NewInt(8453)}, []string{"challenge"}},
		{"another EntryPoint", inspect.Options{ChainID: big.NewInt(84532), EntryPoint: userop.V07}, []string{"challenge"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := inspect.Inspect(text, tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := codes(r, inspect.Error); !slices.Equal(got, tt.wrong) {
				t.Errorf("errors %v, want %v", got, tt.wrong)
			}
		})
	}

	t.Run("a gas field changed after signing", func(t *testing.T) {
		changed := op.Clone()
		changed.CallGasLimit.SetInt64(50_001)
		text, err := userop.V08.MarshalOp(changed)
		if err != nil {
			t.Fatal(err)
		}
		r, err := inspect.Inspect(text, inspect.Options{ChainID: big.NewInt(84532)})
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(r, inspect.Error); !slices.Equal(got, []string{"signature"}) {
			t.Errorf("errors %v", got)
		}
	})

	t.Run("inside handleOps", func(t *testing.T) {
		calldata, err := userop.V08.HandleOps([]*userop.Op{op, op}, common.HexToAddress("0x3333333333333333333333333333333333333333"))
		if err != nil {
			t.Fatal(err)
		}
		r := inspectHex(t, calldata, inspect.Options{ChainID: big.NewInt(84532)})
		if r.Readings[0].Kind != "handle-ops" || !r.OK || !strings.HasPrefix(fact(r, "signed"), "the operation's hash") {
			t.Errorf("read as %v, errors %v, signed %q", kinds(r), codes(r, inspect.Error), fact(r, "signed"))
		}
	})
}

func TestEveryQuirkOfAnAssertionShows(t *testing.T) {
	challenge := slices.Repeat([]byte{7}, 32)
	a, reg, registration := device(t)
	options, err := json.Marshal(passkey.NewRequestOptions(rpID, challenge, reg.ID))
	if err != nil {
		t.Fatal(err)
	}
	known := inspect.Options{Challenge: challenge, RPID: rpID, Origins: []string{origin}, Key: reg.Key()}
	r, err := inspect.Inspect(registration, inspect.Options{RPID: rpID, Origins: []string{origin}, Key: reg.Key()})
	if err != nil || !r.OK {
		t.Fatalf("registration: %v, errors %v", err, codes(r, inspect.Error))
	}
	for name, tt := range map[string]struct {
		quirks softkey.Quirks
		wrong  []string
	}{
		"none":            {softkey.Quirks{}, nil},
		"high s":          {softkey.Quirks{HighS: true}, nil},
		"no UP":           {softkey.Quirks{NoUP: true}, []string{"up"}},
		"no UV":           {softkey.Quirks{NoUV: true}, nil},
		"BS without BE":   {softkey.Quirks{SetFlags: passkey.FlagBS, ClearFlags: passkey.FlagBE}, []string{"bs-without-be"}},
		"bogus signature": {softkey.Quirks{BogusSignature: true}, []string{"signature"}},
		"long DER":        {softkey.Quirks{LongFormDER: true}, []string{"der"}},
		"wrong type":      {softkey.Quirks{WrongType: true}, []string{"purpose"}},
		"reversed":        {softkey.Quirks{ReverseMembers: true}, nil},
		"Android":         {softkey.Quirks{AndroidPackageName: "org.example"}, nil},
		"extra member":    {softkey.Quirks{ExtraMember: true}, nil},
		"another origin":  {softkey.Quirks{Origin: "https://example.com"}, []string{"origin"}},
		"another RP ID":   {softkey.Quirks{RPID: "example.com"}, []string{"rp-id"}},
		"two at once":     {softkey.Quirks{RPID: "example.com", NoUP: true}, []string{"rp-id", "up"}},
		"id differs":      {softkey.Quirks{IDSuffix: []byte{1}}, []string{"id-mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			a.SetQuirks(tt.quirks)
			reply, err := a.Get(options, origin)
			if err != nil {
				t.Fatal(err)
			}
			r, err := inspect.Inspect(reply, known)
			if err != nil {
				t.Fatal(err)
			}
			if got := codes(r, inspect.Error); !slices.Equal(got, tt.wrong) {
				t.Errorf("errors %v, want %v", got, tt.wrong)
			}
		})
	}
}
