package artifacts

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func open(t testing.TB) *Set {
	t.Helper()
	set, err := Open(t.Context(), Options{})
	if errors.Is(err, ErrUnavailable) {
		t.Skipf("SKIPPED: the npm registry cannot be reached and the cache is empty: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestTheFrameworkIsTheOneOnPublicNetworks(t *testing.T) {
	set := open(t)
	list, err := set.Framework()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{ // from MetaMask's documentation of framework 1.3.0
		"SCL_RIP7212":               "0xccd3b747f3dbd349fa3af4ebc7d0c31ae6f21dd1",
		"DelegationManager":         "0xdb9B1e94B5b69Df7e401DDbedE43491141047dB3",
		"SimpleFactory":             "0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c",
		"HybridDeleGator":           "0x48dBe696A4D990079e039489bA2053B36E8FFEC4",
		"EIP7702StatelessDeleGator": "0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B",
	}
	got := map[string]string{}
	for _, c := range list {
		got[c.Name] = strings.ToLower(c.Address.Hex())
	}
	for name := range want {
		want[name] = strings.ToLower(want[name])
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	again, err := set.Stateless(frameworkEntryPoint)
	if err != nil || again.Address != list[4].Address {
		t.Errorf("Stateless for EntryPoint 0.7: %s, %v", again.Address, err)
	}
	other, err := set.Stateless(common.HexToAddress("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108"))
	if err != nil || other.Address == again.Address {
		t.Errorf("Stateless for EntryPoint 0.8: %s, %v", other.Address, err)
	}
}

// TestNoOtherBytesPassForTheFramework changes single places of every module: each is malformed or leads elsewhere.
func TestNoOtherBytesPassForTheFramework(t *testing.T) {
	set := open(t)
	for _, c := range framework {
		name := "dist/bytecode/" + c.name + ".mjs"
		module := string(set.packages[frameworkPackage+"@"+frameworkPackageVersion].files[name])
		marker := strings.Index(module, "64697066735822122") // in front of the metadata hash
		for change, other := range map[string]string{
			"one bit of the code": module[:100] + flip(module[100]) + module[101:],
			"a second marker":     strings.Replace(module, `0x`, `0xa2646970667358221220`, 1),
			"no marker":           module[:marker] + "00" + module[marker+2:],
			"a cut":               module[:marker] + module[len(module)-60:],
			"another compiler":    strings.Replace(module, "64736f6c6343000817", "64736f6c6343000818", 1),
			"upper case":          strings.Replace(module, "0x6", "0xA", 1),
			"half a byte":         strings.Replace(module, `0x`, `0x0`, 1),
			"a library":           strings.Replace(module, `0x`, `0x__$0123456789abcdef0123456789abcdef01$__`, 1),
			"more code":           module + "\nexport default bytecode;",
			"nothing":             "",
		} {
			if other == module {
				t.Errorf("%s: %q changes nothing", c.name, change)
			}
			if _, err := set.with(name, other).Framework(); !errors.Is(err, ErrIntegrity) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s with %s: %v", c.name, change, err)
			}
		}
	}
}

// with is a copy of the set in which one module of the framework is another.
func (s *Set) with(name, module string) *Set {
	const pkg = frameworkPackage + "@" + frameworkPackageVersion
	files := maps.Clone(s.packages[pkg].files)
	files[name] = []byte(module)
	return &Set{packages: map[string]*content{pkg: {files: files}}}
}

func flip(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

func FuzzParseBytecode(f *testing.F) {
	const before, after = "const bytecode = \"0x", "\";\nexport {\n  bytecode\n};\n//# sourceMappingURL=X.mjs.map"
	f.Add([]byte(before + "60__$b8f96b288d4d0429e38b8ed50fd423070f$__00" + after))
	f.Add([]byte(before + "6000" + after))
	f.Add([]byte(before + after))
	f.Fuzz(func(t *testing.T, module []byte) {
		code, err := parseBytecode(module, "X")
		if err != nil {
			if code != "" || !errors.Is(err, ErrMalformed) {
				t.Errorf("%q, %v", code, err)
			}
			return
		}
		if before+code+after != string(module) {
			t.Errorf("%q holds %q", module, code)
		}
		if b, err := decode(code); err == nil && (len(b) == 0 || len(b)*2 != len(code)) {
			t.Errorf("%q is %x", code, b)
		} else if err == nil && setMetadata(b, common.Hash{1}) == nil && len(b)*2 != len(code) {
			t.Error("the length changed")
		}
	})
}
