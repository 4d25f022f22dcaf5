package seal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

type kernelGolden struct {
	Runs []struct {
		ChainID       int64
		KernelVersion string
		PermissionID  hexutil.Bytes
		EnableData    hexutil.Bytes
		Stub          hexutil.Bytes
		Session1271   struct{ Signature hexutil.Bytes }
		Sudo1271      hexutil.Bytes
		Ops           []struct {
			Label      string
			Nonce      hexutil.Big
			UserOpHash common.Hash
			Signature  hexutil.Bytes
			Assertion  *goldenAssertion
		}
	}
	Messages []goldenSignature
}

func readKernel(t testing.TB) (g kernelGolden) {
	t.Helper()
	readGolden(t, "kernel.json", &g)
	return g
}

// What the SDK sent is what we make of the same assertion, in every mode.
func TestKernelsOperationsAreOurs(t *testing.T) {
	var enables, uses int
	for _, run := range readKernel(t).Runs {
		precompiled := run.ChainID == 11155111 // stands in the SDK's list of chains
		for _, op := range run.Ops {
			if op.Assertion == nil {
				continue // secp256k1, bare
			}
			a := op.Assertion.parse(t)
			if !bytes.Equal(a.ClientData.Challenge, op.UserOpHash[:]) {
				t.Fatalf("%s: the challenge is not the operation's hash", op.Label)
			}
			want, err := seal.KernelWebAuthn(seal.KernelSignature{Assertion: a, UsePrecompiled: precompiled})
			if err != nil {
				t.Fatal(op.Label, err)
			}
			bare := []byte(op.Signature)
			switch nonce := common.BigToHash(op.Nonce.ToInt()); {
			case nonce[0] == 1: // enable mode
				enables++
				k, err := seal.ParseKernelEnable(op.Signature)
				if err != nil {
					t.Fatal(op.Label, err)
				}
				if !bytes.Equal(k.Bytes(), op.Signature) || !bytes.Equal(k.EnableData, run.EnableData) || k.Hook != (common.Address{}) || len(k.Approval) != 65 && len(k.Approval) != 161 {
					t.Errorf("%s: %+v", op.Label, k)
				}
				bare = k.Signature
				fallthrough
			case nonce[1] == 2: // a permission
				uses++
				if bare, err = seal.ParseKernelUse(bare); err != nil {
					t.Fatal(op.Label, err)
				}
				if !bytes.HasSuffix(op.Signature, seal.KernelUse(bare)) && nonce[0] == 0 {
					t.Errorf("%s: another wrapping", op.Label)
				}
			}
			if !bytes.Equal(bare, want) {
				t.Errorf("%s %s:\n%x\nthe SDK's\n%x", run.KernelVersion, op.Label, want, bare)
			}
			back, err := seal.ParseKernelWebAuthn(bare)
			if err != nil || back.UsePrecompiled != precompiled {
				t.Errorf("%s: %v", op.Label, err)
			}
		}
	}
	if enables != 2 || uses != 6 {
		t.Errorf("%d enabling, %d by permissions", enables, uses)
	}
}

func TestKernelsStubIsAnEnablingOne(t *testing.T) {
	for _, run := range readKernel(t).Runs {
		k, err := seal.ParseKernelEnable(run.Stub)
		if err != nil || !bytes.Equal(k.EnableData, run.EnableData) {
			t.Error(err)
		}
	}
}

func TestKernelsMessages(t *testing.T) {
	g := readKernel(t)
	for _, run := range g.Runs {
		m, err := seal.ParseKernelMessage(run.Session1271.Signature)
		if err != nil || !bytes.Equal(m.PermissionID[:], run.PermissionID) || !bytes.Equal(m.Bytes(), run.Session1271.Signature) {
			t.Errorf("by permission: %+v, %v", m, err)
		}
		if _, err := seal.ParseKernelWebAuthn(m.Signature); err != nil {
			t.Error(err)
		}
		m, err = seal.ParseKernelMessage(run.Sudo1271)
		if err != nil || m.Validator == (common.Address{}) || len(m.Signature) != 65 || !bytes.Equal(m.Bytes(), run.Sudo1271) {
			t.Errorf("by validator: %+v, %v", m, err)
		}
	}
	causes := map[string]error{
		"good": nil, "usePrecompiled=true (osaka chain)": nil,
		"high-s": seal.ErrHighS, "responseTypeLocation=max": seal.ErrIndex, "responseTypeLocation=0": seal.ErrIndex,
		"no UV flag": passkey.ErrUserVerification, "challenge not at 23": seal.ErrIndex,
	}
	for _, c := range g.Messages {
		cause, known := causes[c.Name]
		m, err := seal.ParseKernelMessage(c.Signature)
		if err != nil || !known {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if _, err = seal.ParseKernelWebAuthn(m.Signature); !errors.Is(err, cause) || (err == nil) != c.Accepted {
			t.Errorf("%s: %v; the contract: %t", c.Name, err, c.Accepted)
		}
	}
	if len(g.Messages) != len(causes) {
		t.Errorf("%d messages", len(g.Messages))
	}
}

func TestKernelWrappingsThatAreNone(t *testing.T) {
	for _, b := range []string{"", "ff", "01", "02", "0035204adaff00", "0235204ada0001", "02" + "35204ada", "01" + hex.EncodeToString(make([]byte, 20)) + "00"} {
		raw, _ := hex.DecodeString(b)
		if m, err := seal.ParseKernelMessage(raw); err == nil {
			t.Errorf("%s: %+v", b, m)
		}
	}
	for _, b := range [][]byte{nil, {}, {0xfe, 1}, make([]byte, 19), make([]byte, 20), make([]byte, 20+5*32), bytes.Repeat([]byte{0xff}, 400)} {
		if _, err := seal.ParseKernelUse(b); err == nil && b[0] != 0xff {
			t.Errorf("use %x", b)
		}
		if _, err := seal.ParseKernelEnable(b); err == nil {
			t.Errorf("enable %x", b)
		}
	}
}

// Clients and authenticators whose assertions Kernel refuses, whatever they sign.
func TestWhatKernelRefuses(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		quirks softkey.Quirks
		cause  error
	}{
		"common":     {},
		"more":       {quirks: softkey.Quirks{ExtraMember: true}},
		"Android":    {softkey.Quirks{AndroidPackageName: "com.example"}, seal.ErrIndex},
		"no UV":      {softkey.Quirks{NoUV: true}, passkey.ErrUserVerification},
		"other turn": {softkey.Quirks{ReverseMembers: true}, seal.ErrIndex},
	} {
		b.main.auth.SetQuirks(c.quirks)
		a, err := b.main.auth.Sign(b.main.cred.ID, b.hash[:], rpID, "https://wallet.example")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := seal.KernelWebAuthn(seal.KernelSignature{Assertion: a}); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		} else if err == nil {
			if back, err := seal.ParseKernelWebAuthn(s); err != nil || !bytes.Equal(back.Assertion.ClientData.Raw, a.ClientData.Raw) || back.Assertion.Signature != a.Signature {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func FuzzParseKernel(f *testing.F) {
	for _, run := range readKernel(f).Runs {
		for _, op := range run.Ops {
			f.Add([]byte(op.Signature))
		}
		f.Add([]byte(run.Session1271.Signature))
		f.Add([]byte(run.Sudo1271))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := seal.ParseKernelWebAuthn(b); err == nil {
			if again, err := seal.KernelWebAuthn(s); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x becomes %x, %v", b, again, err)
			}
		}
		if k, err := seal.ParseKernelEnable(b); err == nil && !bytes.Equal(k.Bytes(), b) {
			t.Errorf("%x becomes %x", b, k.Bytes())
		}
		if m, err := seal.ParseKernelMessage(b); err == nil && !bytes.Equal(m.Bytes(), b) {
			t.Errorf("%x becomes %x", b, m.Bytes())
		}
		if s, err := seal.ParseKernelUse(b); err == nil && !bytes.Equal(seal.KernelUse(s), b) {
			t.Errorf("%x", b)
		}
	})
}
