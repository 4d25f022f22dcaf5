package seal_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

var paths = []seal.P256Path{seal.PathNone, seal.PathPrecompile, 0x11, 0x12, 0x13, 0x14}

func TestPathsAreBytesWithAMeaning(t *testing.T) {
	known := 0
	for b := range 256 {
		p, err := seal.ParseP256Path(byte(b))
		if err != nil {
			if p != 0 || slices.Contains(paths, seal.P256Path(b)) {
				t.Errorf("%#02x: %v, %v", b, p, err)
			}
			if l := seal.P256Path(b).HintsLen(); l != 0 {
				t.Errorf("%#02x takes %d bytes of hints", b, l)
			}
			continue
		}
		known++
		if byte(p) != byte(b) || !slices.Contains(paths, p) {
			t.Errorf("%#02x is %v", b, p)
		}
		format, table := p.Table()
		want := 0
		switch {
		case table:
			want = 32
			if again, err := seal.TablePath(format); err != nil || again != p {
				t.Errorf("%s: %v, %v", format, again, err)
			}
		case p == seal.PathNone:
			want = 128
		}
		if p.HintsLen() != want || table != (b >= 0x11) {
			t.Errorf("%s: %d bytes of hints, table %t", p, p.HintsLen(), table)
		}
	}
	if known != len(paths) {
		t.Errorf("%d paths", known)
	}
	if _, err := seal.TablePath(p256table.FCL); err == nil {
		t.Error("a path through FreshCryptoLib's table")
	}
	for want, p := range map[string]seal.P256Path{
		"arithmetic without a table": seal.PathNone, "P256VERIFY of the chain": seal.PathPrecompile,
		"table of the key (4k)": 0x13, "unknown path 0x99": 0x99,
	} {
		if p.String() != want {
			t.Errorf("%#02x is %q", byte(p), p)
		}
	}
}

// What package p256hint says, and nothing for a path or signature that has none.
func TestHintsFitTheirPath(t *testing.T) {
	d := newDevice(t, "hints")
	hash := crypto.Keccak256Hash([]byte("hints"))
	for name, q := range acceptable {
		a := d.approval(hash, q)
		x, y := d.cred.Key.X(), d.cred.Key.Y()
		inverse, err := p256hint.Inverse(a.Signature.S)
		if err != nil {
			t.Fatal(err)
		}
		four, err := p256hint.For(a.Digest(hash), a.Signature.R, a.Signature.S, x, y)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(paths, 0x99) {
			var want []byte
			switch p.HintsLen() {
			case 32:
				want = inverse[:]
			case 128:
				want = four.Bytes()
			}
			hinted := a.WithHints(p, hash)
			if !bytes.Equal(hinted.Hints, want) || (hinted.Hints == nil) != (want == nil) {
				t.Errorf("%s on %s: %x", name, p, hinted.Hints)
			}
			if back := hinted.WithHints(seal.PathPrecompile, hash); fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", a) {
				t.Errorf("%s on %s: without hints again\n%+v\nnot\n%+v", name, p, back, a)
			}
			if a.Hints != nil || a.Kind != hinted.WithHints(seal.PathPrecompile, hash).Kind {
				t.Fatalf("%s: the approval itself changed", name)
			}
		}
	}
	a := d.approval(hash, softkey.Quirks{})
	if other := a.WithHints(seal.PathNone, crypto.Keccak256Hash([]byte("another"))); other.Hints != nil || other.Kind != a.Kind {
		t.Errorf("hints for what was not approved: %x", other.Hints)
	}
	unknown := a
	unknown.Kind = 9
	if got := unknown.WithHints(seal.PathNone, hash); got.Kind != 9 || got.Hints != nil {
		t.Errorf("an approval of no kind became one of %s", got.Kind)
	}
	e := ecdsaApproval(t, "hints", hash)
	if got := e.WithHints(seal.PathNone, hash); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", e) || e.Digest(hash) != [32]byte{} {
		t.Error("a secp256k1 approval got hints")
	}
}

func TestHintsStandAtTheEndAndNowhereElse(t *testing.T) {
	d := newDevice(t, "at the end")
	hash := crypto.Keccak256Hash([]byte("at the end"))
	for name, q := range acceptable {
		a := d.approval(hash, q)
		plain, err := seal.Postern(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			hinted := a.WithHints(p, hash)
			b, err := seal.Postern(hinted)
			if err != nil {
				t.Fatal(err)
			}
			want := bytes.Clone(plain)
			if n := p.HintsLen(); n > 0 {
				want[0] += 3
				want = append(append(want, byte(n)), hinted.Hints...)
			}
			if !bytes.Equal(b, want) {
				t.Errorf("%s on %s:\n%x\nwant\n%x", name, p, b, want)
			}
			parsed, err := seal.ParsePostern(b)
			if err != nil || len(parsed) != 1 || fmt.Sprintf("%+v", parsed[0]) != fmt.Sprintf("%+v", hinted) {
				t.Errorf("%s on %s: %+v, %v", name, p, parsed, err)
			}
		}
	}
}

func TestHintsOfAnotherLengthAreMalformed(t *testing.T) {
	d := newDevice(t, "lengths")
	hash := crypto.Keccak256Hash([]byte("lengths"))
	for _, q := range []softkey.Quirks{{}, {AndroidPackageName: "a.b"}} {
		a := d.approval(hash, q)
		b, err := seal.Postern(a)
		if err != nil {
			t.Fatal(err)
		}
		hinted := a.WithHints(seal.PathNone, hash)
		for n := range 256 {
			hinted.Hints = make([]byte, n)
			_, sealErr := seal.Postern(hinted)
			by := append(append(bytes.Clone(b), byte(n)), hinted.Hints...)
			by[0] += 3
			_, parseErr := seal.ParsePostern(by)
			if good := n == 32 || n == 128; (sealErr == nil) != good || (parseErr == nil) != good {
				t.Errorf("%d bytes: %v, %v", n, sealErr, parseErr)
			}
		}
		a.Hints = make([]byte, 32)
		if _, err := seal.Postern(a); err == nil {
			t.Errorf("%s took hints", a.Kind)
		}
		a.Hints, a.Kind = nil, hinted.Kind
		if _, err := seal.Postern(a); err == nil {
			t.Errorf("%s without hints", a.Kind)
		}
		for cut := range len(b) + 129 {
			whole, err := seal.Postern(d.approval(hash, q).WithHints(seal.PathNone, hash))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := seal.ParsePostern(whole[:cut]); err == nil {
				t.Fatalf("%d of %d bytes parse", cut, len(whole))
			}
		}
	}
}

// Approvals of several signers, some with hints, in any order.
func TestApprovalsWithAndWithoutHintsJoin(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	hash := crypto.Keccak256Hash([]byte("joined"))
	devices := []*device{newDevice(t, "joined 1"), newDevice(t, "joined 2"), newDevice(t, "joined 3")}
	names := []string{"plain", "extra", "android", "reverse"}
	for range 40 {
		approvals := []seal.PosternApproval{ecdsaApproval(t, "joined", hash)}
		for _, d := range devices {
			q := acceptable[names[random.IntN(len(names))]]
			approvals = append(approvals, d.approval(hash, q).WithHints(paths[random.IntN(len(paths))], hash))
		}
		random.Shuffle(len(approvals), func(i, j int) { approvals[i], approvals[j] = approvals[j], approvals[i] })
		b, err := seal.Postern(approvals...)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := seal.ParsePostern(b)
		if err != nil || len(parsed) != len(approvals) {
			t.Fatal(err)
		}
		for _, p := range parsed {
			if !slices.ContainsFunc(approvals, func(a seal.PosternApproval) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", p) }) {
				t.Fatalf("%+v was not sealed", p)
			}
		}
	}
}

func TestStubsOfEveryPathAreAsLongAsRealSignatures(t *testing.T) {
	d := newDevice(t, "stub paths")
	hash := crypto.Keccak256Hash([]byte("stub paths"))
	web := seal.StubLimits{Origin: len(origin), TopOrigin: -1, PackageName: -1}
	for _, p := range paths {
		for limits, names := range map[seal.StubLimits][]string{web: {"plain", "extra", "short"}, {}: slices.Collect(maps.Keys(acceptable))} {
			stub, err := seal.PosternPasskeyStub(d.signer(seal.RequireUV), limits, p)
			if err != nil {
				t.Fatal(err)
			}
			b := sealed(t, stub)
			for _, name := range names {
				real := sealed(t, d.approval(hash, acceptable[name]).WithHints(p, hash))
				if dataGas(real) > dataGas(b) || len(real) > len(b) {
					t.Errorf("%s on %s: %d bytes for %d gas, the stub %d for %d", name, p, len(real), dataGas(real), len(b), dataGas(b))
				}
			}
			longest := sealed(t, d.approval(hash, acceptable["extra"]).WithHints(p, hash))
			if limits == web && len(b) != len(longest) {
				t.Errorf("%s: a browser's stub takes %d bytes, the longest real signature %d", p, len(b), len(longest))
			}
			// A hint of the stub is right, or has the wrong length for the path: see PosternPasskeyStub.
			if format, ok := p.Table(); ok {
				inverse, err := p256hint.Inverse(stub.Signature.S)
				if err != nil || !bytes.Equal(stub.Hints, inverse[:]) {
					t.Errorf("%s: hints %x", format, stub.Hints)
				}
			} else if len(stub.Hints) == p.HintsLen() && p == seal.PathNone {
				t.Error("a stub has hints that the verifier with hints would read")
			}
			if bytes.IndexByte(stub.Hints, 0) >= 0 {
				t.Errorf("%s: a zero byte in %x", p, stub.Hints)
			}
		}
	}
	if _, err := seal.PosternPasskeyStub(d.signer(0), seal.StubLimits{Origin: 65_500}, seal.PathNone); err == nil {
		t.Error("client data beyond 64 KB")
	}
}

func sealed(t testing.TB, a seal.PosternApproval) []byte {
	t.Helper()
	b, err := seal.Postern(a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dataGas is what bytes cost as calldata.
func dataGas(b []byte) int { return 16*len(b) - 12*bytes.Count(b, []byte{0}) }

func BenchmarkHints(b *testing.B) {
	d := newDevice(b, "bench")
	hash := common.Hash{1}
	a := d.approval(hash, softkey.Quirks{})
	for b.Loop() {
		if a.WithHints(seal.PathNone, hash).Hints == nil {
			b.Fatal("no hints")
		}
	}
}
