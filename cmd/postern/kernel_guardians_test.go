package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
)

const kernelFriends = `version = 1
delay = "7 days"
threshold = 2
[[guardian]]
name = "Mum"
address = "0x00000000000000000000000000000000000a27a2"
[[guardian]]
name = "Bob"
address = "0x00000000000000000000000000000000000b0bb0"
weight = 2
[[guardian]]
address = "0x00000000000000000000000000000000000ca201"
`

func TestAKernelSetupIsReadAsItStands(t *testing.T) {
	s, err := parseKernelSetup([]byte(kernelFriends))
	if err != nil {
		t.Fatal(err)
	}
	s.setup.DangerMessages = true
	if err := s.refuse(common.Address{1}); err != nil {
		t.Error(err)
	}
	if s.setup.Delay != 7*24*time.Hour || s.setup.Threshold != 2 || len(s.setup.Guardians) != 3 {
		t.Fatalf("%+v", s.setup)
	}
	words := s.names.kernelSetup(s.setup)[0]
	if want := "Guardians who weigh 2 of 4 together can give the account a new owner after 7 days: Mum (weighs 1), Bob (weighs 2), the key 0x"; !strings.HasPrefix(words, want) {
		t.Errorf("%s", words)
	}
	s.setup.Guardians[1].Weight = 1
	if words := s.names.kernelSetup(s.setup)[0]; !strings.HasPrefix(words, "2 of 3 guardians can give the account a new owner after 7 days: Mum, Bob, ") {
		t.Errorf("%s", words)
	}
	again := s.setup
	again.Guardians = slices.Clone(s.setup.Guardians)
	slices.Reverse(again.Guardians)
	if !sameSetup(s.setup, again) {
		t.Error("another order is another setup")
	}
	if again.Guardians[0].Weight++; sameSetup(s.setup, again) {
		t.Error("another weight is the same setup")
	}
}

// What is wrong with a setup is said by the names of the file, and what it could do by the name of its danger.
func TestKernelSetupsThatAreRefused(t *testing.T) {
	change := func(old, with string) string { return strings.Replace(kernelFriends, old, with, 1) }
	for name, c := range map[string]struct{ text, code, message string }{
		"no words of danger":   {kernelFriends, "danger", "enough guardians could sign messages for the account at once"},
		"too high":             {change("threshold = 2", "threshold = 5"), "bad-setup", "threshold: it is 5 of 4"},
		"a threshold of 2^32":  {change("threshold = 2", "threshold = 4294967298"), "bad-setup", "threshold: it is 4294967295 of 4"},
		"a weight of 0":        {change("weight = 2", "weight = 0"), "bad-setup", "Bob: it weighs 0"},
		"a weight of 2^32 + 1": {change("weight = 2", "weight = 4294967297"), "bad-setup", "Bob: it weighs 4294967295"},
		"one twice":            {change("0x00000000000000000000000000000000000ca201", "0x00000000000000000000000000000000000A27A2"), "bad-setup", "Mum: it stands there twice"},
		"an hour":              {change("7 days", "1 hour"), "bad-setup", "delay: it is 1h0m0s"},
		"no guardian":          {"version = 1\ndelay = \"7 days\"\nthreshold = 1\n", "bad-setup", "guardians: there are 0"},
	} {
		s, err := parseKernelSetup([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f := explain(s.refuse(common.Address{1})); f.Code != c.code || !strings.HasPrefix(f.Message, c.message) || f.Hint == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "another version": change("version = 1", "version = 2"), "no delay": change("delay", "delays"), "no unit": change("7 days", "7"),
		"no threshold": change("threshold", "thresh"), "a tier": kernelFriends + "[[tier]]\n", "no address": change("address", "addresses"),
		"burnt": change("0x00000000000000000000000000000000000a27a2", "0x0000000000000000000000000000000000000001"),
		"a key": change("0x00000000000000000000000000000000000a27a2", "0x4646464646464646464646464646464646464646464646464646464646464646"),
		"names": strings.Replace(kernelFriends, "Bob", "Mum", 1),
		"17":    "version = 1\ndelay = \"7 days\"\nthreshold = 1\n" + strings.Repeat("[[guardian]]\naddress = \"0x00000000000000000000000000000000000a27a2\"\n", 17),
	} {
		if s, err := parseKernelSetup([]byte(text)); err == nil || s != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		} else if f := explain(err); f.Hint == "" || strings.Contains(f.Message, "4646464646464646") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// exampleRecovery is a file that one guardian of two has signed.
func exampleRecovery(t testing.TB) *kernelRecovery {
	t.Helper()
	mum, bob := exampleGuardian(t, 1), exampleGuardian(t, 2)
	owner := common.HexToAddress("0x00000000000000000000000000000000000a11ce")
	nonce := new(big.Int).Lsh(guardians.NonceKey(3), 64)
	s := guardians.Setup{Threshold: 3, Delay: 7 * 24 * time.Hour, Guardians: []guardians.Guardian{{Address: mum.address(), Weight: 1}, {Address: bob.address(), Weight: 2}}}
	r, err := newKernelRecovery(big.NewInt(31337), common.HexToAddress("0x000000000000000000000000000000000acc0117"), kernel.V033, kernelOwner{Validator: "ecdsa", Owner: &owner}, nonce, s)
	if err != nil {
		t.Fatal(err)
	}
	sign(t, r, bob)
	return r
}

func exampleGuardian(t testing.TB, n byte) *ownerKey {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{n}))
	if err != nil {
		t.Fatal(err)
	}
	return &ownerKey{key}
}

func sign(t testing.TB, r *kernelRecovery, by *ownerKey) {
	t.Helper()
	digest := r.proposal.Digest(r.chainID)
	sig, err := crypto.Sign(digest[:], by.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.add(by.address(), sig); err != nil {
		t.Fatal(err)
	}
}

func fileText(t testing.TB, r *kernelRecovery) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := printJSON(&b, r.file()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestARecoveryFileIsVerifiedAtEachReading(t *testing.T) {
	r := exampleRecovery(t)
	text := fileText(t, r)
	again, err := parseKernelRecovery(text)
	if err != nil {
		t.Fatal(err)
	}
	if !again.same(r) || len(again.signed) != 1 || !bytes.Equal(fileText(t, again), text) {
		t.Errorf("%s", fileText(t, again))
	}
	hash := r.proposal.Hash()
	mum, bob := exampleGuardian(t, 1), exampleGuardian(t, 2)
	sig := r.of(bob.address())
	if sig[64] != 27 && sig[64] != 28 {
		t.Errorf("v is %d", sig[64])
	}
	for name, change := range map[string]func(f *kernelRecoveryFile){
		"format":              func(f *kernelRecoveryFile) { f.Format = "postern/kernel-recovery/2" },
		"chain":               func(f *kernelRecoveryFile) { f.ChainID = "1" },
		"no chain":            func(f *kernelRecoveryFile) { f.ChainID = "" },
		"account":             func(f *kernelRecoveryFile) { f.Account[0] ^= 1 },
		"no account":          func(f *kernelRecoveryFile) { f.Account = common.Address{} },
		"version":             func(f *kernelRecoveryFile) { f.Version = "0.4.0" },
		"old version":         func(f *kernelRecoveryFile) { f.Version = "0.2.4" },
		"owner":               func(f *kernelRecoveryFile) { f.NewOwner.Owner = &common.Address{1} },
		"no owner":            func(f *kernelRecoveryFile) { f.NewOwner.Owner = nil },
		"zero owner":          func(f *kernelRecoveryFile) { f.NewOwner.Owner = &common.Address{} },
		"validator":           func(f *kernelRecoveryFile) { f.NewOwner.Validator = "multi-chain-ecdsa" },
		"nonce":               func(f *kernelRecoveryFile) { f.Nonce.ToInt().Add(f.Nonce.ToInt(), common.Big1) },
		"nonce of others":     func(f *kernelRecoveryFile) { f.Nonce.ToInt().SetInt64(1) },
		"signature":           func(f *kernelRecoveryFile) { f.Guardians[1].Signature[9] ^= 1 },
		"short signature":     func(f *kernelRecoveryFile) { f.Guardians[1].Signature = f.Guardians[1].Signature[:64] },
		"another's signature": func(f *kernelRecoveryFile) { f.Guardians[0].Signature = f.Guardians[1].Signature },
		"a guardian twice":    func(f *kernelRecoveryFile) { f.Guardians = append(f.Guardians, f.Guardians[1]) },
		"weight":              func(f *kernelRecoveryFile) { f.Guardians[0].Weight, f.Threshold = 0, 2 },
		"threshold":           func(f *kernelRecoveryFile) { f.Threshold = 4 },
		"threshold 0":         func(f *kernelRecoveryFile) { f.Threshold = 0 },
		"delay":               func(f *kernelRecoveryFile) { f.Delay = -1 },
		"long delay":          func(f *kernelRecoveryFile) { f.Delay = 1 << 62 },
		"many": func(f *kernelRecoveryFile) {
			for i := range maxGuards {
				f.Guardians = append(f.Guardians, kernelFileGuard{Address: common.BigToAddress(big.NewInt(int64(i) + 1<<20)), Weight: 1})
			}
		},
	} {
		f := exampleRecovery(t).file()
		change(f)
		var b bytes.Buffer
		if err := printJSON(&b, f); err != nil {
			t.Fatal(err)
		}
		if got, err := parseKernelRecovery(b.Bytes()); err == nil || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "an array": "[]", "more": string(text) + "{}", "an unknown name": strings.Replace(string(text), `"threshold"`, `"limit"`, 1),
		"no nonce": strings.Replace(string(text), `"nonce"`, `"nonsense"`, 1), "cut": string(text[:len(text)/2]),
	} {
		if got, err := parseKernelRecovery([]byte(text)); err == nil || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// the other guardian's copy
	other := exampleRecovery(t)
	other.signed = nil
	sign(t, other, mum)
	if err := again.merge(other); err != nil || len(again.signed) != 2 {
		t.Errorf("%d, %v", len(again.signed), err)
	}
	sign(t, again, mum)
	if len(again.signed) != 2 {
		t.Errorf("signed twice: %d", len(again.signed))
	}
	if w := again.wire(nil, nil); !w.Ready || w.Weight != 3 || w.Hash != hash {
		t.Errorf("%+v", w)
	}
	if w := r.wire(nil, nil); w.Ready || w.Weight != 2 {
		t.Errorf("%+v", w)
	}
	if err := r.isGuardian(common.Address{1}, nil); explain(err).Code != "not-a-guardian" {
		t.Errorf("%v", err)
	}
}

// What stands in a file is neither lost by writing it again nor replaced by something else.
func TestARecoveryFileKeepsWhatWasSignedInIt(t *testing.T) {
	c, path := &call{}, filepath.Join(t.TempDir(), "recovery.json")
	r := exampleRecovery(t)
	if err := c.writeKernelRecovery(path, r); err != nil {
		t.Fatal(err)
	}
	bare := exampleRecovery(t)
	bare.signed = nil
	if err := c.writeKernelRecovery(path, bare); err != nil || len(bare.signed) != 1 {
		t.Errorf("%d, %v", len(bare.signed), err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := exampleRecovery(t)
	other.chainID = big.NewInt(1)
	other.signed = nil
	if err := c.writeKernelRecovery(path, other); explain(err).Code != "exists" {
		t.Errorf("%v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it has changed: %v", err)
	}
	key := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(key, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{key, t.TempDir()} {
		if err := c.writeKernelRecovery(path, r); explain(err).Code != "exists" {
			t.Errorf("%v", err)
		}
	}
}

// A new owner is of the kind of the present one.
func TestANewOwnerIsOfTheAccountsKind(t *testing.T) {
	const address, key = "0x00000000000000000000000000000000000a11ce", "0x4646464646464646464646464646464646464646464646464646464646464646"
	const passkey = "ACKpXtWD2JA59za7Y5ntmvoJZxM:0x5b36890dacbd7c9a96bb74a1ee28b3d2d75b72e09a20ef25cf8e6fd8a9f0350d0e14bed8d4682a34d83538bdff5b96e89a6666ec0db5745d02fa1210072df75a"
	for _, c := range []struct {
		root kernel.Validator
		text string
		good bool
	}{
		{kernel.ECDSA{}, address, true}, {kernel.MultiChainECDSA{}, address, true}, {kernel.WebAuthn{}, passkey, true}, {kernel.MultiChainWebAuthn{}, passkey, true},
		{kernel.ECDSA{}, passkey, false}, {kernel.WebAuthn{}, address, false}, {kernel.ECDSA{}, key, false}, {kernel.WebAuthn{}, key, false}, {kernel.ECDSA{}, "nowhere.json", false}, {nil, address, false},
	} {
		to, err := ownerLike(c.root, c.text)
		if (err == nil) != c.good {
			t.Errorf("%T %s: %v", c.root, clip(c.text), err)
			continue
		}
		if err != nil {
			if f := explain(err); f.Hint == "" || strings.Contains(f.Message, "4646464646") {
				t.Errorf("%T: %+v", c.root, f)
			}
			continue
		}
		root, err := to.root()
		if err != nil {
			t.Fatal(err)
		}
		want, err := c.root.Contract(kernel.V033)
		if got, e := root.Contract(kernel.V033); err != nil || e != nil || got != want {
			t.Errorf("%T: %s, %v, %v", c.root, got, err, e)
		}
	}
}

// docs/kernel.md shows every action.
func TestTheKernelGuideShowsEveryActionOfGuardians(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kernel.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range kernelGuardianVerbs() {
		if !strings.Contains(string(text), "postern kernel guardians "+v.name) {
			t.Errorf("docs/kernel.md does not show postern kernel guardians %s", v.name)
		}
	}
	if !strings.Contains(string(text), kernelRecoveryFormat) || !strings.Contains(string(text), "1 to 730 days") || guardians.MaxDelay != 730*24*time.Hour || guardians.MinDelay != 24*time.Hour {
		t.Error("limits or the format have changed: change docs/kernel.md, too")
	}
}

func FuzzKernelSetup(f *testing.F) {
	f.Add([]byte(kernelFriends))
	f.Add([]byte(`{"version":1,"delay":"7 days","threshold":1,"guardian":[{"address":"0x00000000000000000000000000000000000a27a2"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.ContainsAny(string(text), "/.") {
			return // may name files of this machine
		}
		s, err := parseKernelSetup(text)
		if err != nil {
			if s != nil || explain(err).Hint == "" {
				t.Fatalf("%+v, %v", s, err)
			}
			return
		}
		if len(s.names.kernelSetup(s.setup)) != 3 || len(s.setup.Guardians) > guardians.MaxGuardians {
			t.Fatalf("%+v", s.setup)
		}
		if err := s.refuse(common.Address{1}); err == nil || explain(err).Hint == "" {
			t.Fatalf("without --danger-messages: %v", err)
		}
	})
}

func FuzzKernelRecovery(f *testing.F) {
	f.Add(fileText(f, exampleRecovery(f)))
	f.Add([]byte(`{"format":"postern/kernel-recovery/1","nonce":"0x0","newOwner":{"validator":"webauthn","passkey":{}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseKernelRecovery(text)
		if err != nil {
			if r != nil {
				t.Fatalf("%+v, %v", r, err)
			}
			return
		}
		again, err := parseKernelRecovery(fileText(t, r))
		if err != nil || !again.same(r) || len(again.signed) != len(r.signed) {
			t.Fatalf("%v", err)
		}
		for _, s := range r.signed {
			if _, err := guardians.Approve(r.setup, r.proposal, r.chainID, s); err != nil {
				t.Fatal(err)
			}
		}
		if !json.Valid(fileText(t, r)) {
			t.Fatal("no JSON")
		}
	})
}
