package main

import (
	"context"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/textfile"
	"github.com/postern-dev/postern/seal"
)

const threeFriends = `version = 1
[[tier]]
name = "bank"
delay = "30 days"
threshold = 1
[[tier.guardian]]
name = "Bank"
address = "0x00000000000000000000000000000000000ba27c"
[[tier]]
name = "friends"
delay = "7 days"
threshold = 3
[[tier.guardian]]
name = "Ann"
address = "0x00000000000000000000000000000000000a27a2"
weight = 2
[[tier.guardian]]
name = "Bob"
signer = "0x00000000000000000000000000000000000b0bb0"
[[tier.guardian]]
name = "Bank"
address = "0x00000000000000000000000000000000000ba27c"
`

// The order of the file does not matter: names go with their tiers and guardians.
func TestASetupFileIsBroughtIntoTheOrderOfTheChain(t *testing.T) {
	s, err := parseSetupFile([]byte(threeFriends))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.setup.Check(common.Address{1}, nil); err != nil {
		t.Error(err)
	}
	if len(s.setup.Tiers) != 2 || s.setup.Tiers[0].Delay != 7*24*time.Hour || s.names.tier(0) != "tier 1 (friends)" || s.names.tier(1) != "tier 2 (bank)" {
		t.Fatalf("%+v %q", s.setup, s.names.tiers)
	}
	if s.setup.Expiry != defaultExpiry || s.setup.ChangeDelay != 8*24*time.Hour || s.setup.Freeze != 0 {
		t.Errorf("defaults: %v %v %v", s.setup.Expiry, s.setup.ChangeDelay, s.setup.Freeze)
	}
	for _, g := range s.setup.Tiers[0].Guardians {
		want := map[string]uint64{"Ann": 2, "Bob": 1, "Bank": 1}[s.names.signer(g.Signer)]
		if g.Weight != want {
			t.Errorf("%s weighs %d", s.names.signer(g.Signer), g.Weight)
		}
	}
	words := strings.Join(s.names.setup(s.setup), "\n")
	for _, part := range []string{"tier 1 (friends): a weight of 3 of 4", "Ann (weighs 2)", "tier 2 (bank): 1 of 1", "after 30 days: Bank", "guardians cannot freeze"} {
		if !strings.Contains(words, part) {
			t.Errorf("%q is not in %s", part, words)
		}
	}
	shuffled, err := parseSetupFile([]byte(strings.Replace(threeFriends, "[[tier]]\nname = \"bank\"", "expiry = \"30 days\"\nchange-delay = \"8 days\"\n[[tier]]\nname = \"bank\"", 1)))
	if err != nil || shuffled.setup.Hash() != s.setup.Hash() {
		t.Errorf("what is the default is another setup: %v", err)
	}
}

// Problems are found in the order of the chain and said by the names of the file.
func TestProblemsOfASetupAreSaidByTheNamesOfTheFile(t *testing.T) {
	verifier := contracts.P256Verifier.Hex() + strings.Repeat("11", 64)
	for text, want := range map[string]string{
		strings.Replace(threeFriends, "threshold = 3", "threshold = 5", 1):                                                   "tier 1 (friends), threshold: " + string(guardian.ThresholdHigh),
		strings.Replace(threeFriends, "weight = 2", "weight = 0", 1):                                                         "tier 1 (friends), Ann: " + string(guardian.WeightZero),
		strings.Replace(threeFriends, "30 days", "7 days", 1):                                                                "tier 2 (friends), delay: " + string(guardian.Unsorted),
		strings.Replace(threeFriends, "30 days", "3000 days", 1):                                                             "tier 2 (bank), delay: " + string(guardian.DelayLong),
		"expiry = \"1 hour\"\n" + threeFriends:                                                                               "expiry: " + string(guardian.ExpiryRange),
		"change-delay = \"7 days\"\n" + threeFriends:                                                                         "change-delay: " + string(guardian.ChangeShort),
		"freeze = \"7 days\"\n" + threeFriends:                                                                               "freeze: " + string(guardian.FreezeRange),
		strings.Replace(threeFriends, `signer = "0x00000000000000000000000000000000000b0bb0"`, `signer = "`+verifier+`"`, 1): "tier 1 (friends), Bob: " + string(guardian.Plain),
	} {
		s, err := parseSetupFile([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		err = s.refuse(t.Context(), nil, common.Address{1}, nil)
		f := explain(err)
		if err == nil || !strings.HasPrefix(f.Message, want) || f.Code != "bad-setup" || f.Hint == "" {
			t.Errorf("%s: %v", want, err)
		}
	}
	s, err := parseSetupFile([]byte(threeFriends))
	if err != nil {
		t.Fatal(err)
	}
	own := s.setup.Tiers[1].Guardians[0].Signer
	if f := explain(s.refuse(t.Context(), nil, common.Address{1}, []seal.Signer{own})); !strings.Contains(f.Message, string(guardian.SignerGuards)) {
		t.Errorf("a signer as guardian: %v", f)
	}
}

// owners is a chain on which every contract has the same answer.
type owners struct {
	account.Chain
	out []byte
	err error
}

func (o owners) Code(context.Context, common.Address) ([]byte, error) { return []byte{0xfe}, nil }
func (o owners) ChainID(context.Context) (*big.Int, error)            { return big.NewInt(1), nil }
func (o owners) Call(_ context.Context, _ common.Address, data []byte) ([]byte, error) {
	return o.out, o.err
}

// Whatever a contract says of its owners, the answer is bounded and makes no trouble.
func TestOwnersOfAGuardianAreReadFromHostileContracts(t *testing.T) {
	word := func(b ...byte) []byte { return common.LeftPadBytes(b, 32) }
	acct := common.HexToAddress("0x00000000000000000000000000000000000acc07")
	for name, c := range map[string]struct {
		chain owners
		has   bool
	}{
		"owner":     {owners{out: word(acct[:]...)}, true},
		"getOwners": {owners{out: slices.Concat(word(32), word(1), word(acct[:]...))}, true},
		"nothing":   {owners{}, false},
		"cut":       {owners{out: make([]byte, 31)}, false},
		"reverts":   {owners{err: errors.New("reverted")}, false},
		"zero":      {owners{out: word(0)}, false},
		"endless":   {owners{out: slices.Concat(word(32), word(255, 255), make([]byte, 1<<20), word(acct[:]...))}, true},
		"odd":       {owners{out: slices.Concat(word(acct[:]...), []byte{1, 2, 3})}, true},
	} {
		got, err := behind(c.chain)(t.Context(), common.Address{2})
		if err != nil || len(got) > maxOwners {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
		if has := slices.ContainsFunc(got, func(s seal.Signer) bool { return s.Address() == acct }); has != c.has {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAGuardianThatTheAccountStandsBehindIsRefused(t *testing.T) {
	acct := common.HexToAddress("0x00000000000000000000000000000000000acc07")
	s, err := parseSetupFile([]byte(threeFriends))
	if err != nil {
		t.Fatal(err)
	}
	f := explain(s.refuse(t.Context(), owners{out: common.LeftPadBytes(acct[:], 32)}, acct, nil))
	if f.Code != "bad-setup" || !strings.Contains(f.Message, string(guardian.Cyclic)) {
		t.Errorf("%+v", f)
	}
	stranger := common.HexToAddress("0x0000000000000000000000000000000000057a46")
	if err := s.refuse(t.Context(), owners{out: common.LeftPadBytes(stranger[:], 32)}, acct, nil); err != nil {
		t.Errorf("a stranger behind it: %v", err)
	}
}

// A tier is meant by its number, from 1, or by its name.
func TestATierIsNamedByNumberOrName(t *testing.T) {
	s, err := parseSetupFile([]byte(threeFriends))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]uint8{"1": 0, "2": 1, "friends": 0, "bank": 1} {
		if got, err := s.names.tierOf("--tier", text, 2); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "3", "-1", "256", "nobody", "1.0"} {
		if _, err := s.names.tierOf("--tier", text, 2); err == nil {
			t.Errorf("%q is a tier", text)
		}
	}
	if _, err := s.names.tierOf("--tier", "bank", 1); err == nil {
		t.Error("a name of a tier that the chain does not have")
	}
	if _, err := (*nameBook)(nil).tierOf("--tier", "friends", 2); err == nil {
		t.Error("a name without names")
	}
}

// docs/guardians.md says the limits that are.
func TestTheLimitsInTheGuideAreThoseOfTheContract(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guardians.md"))
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	limits := []time.Duration{guardian.MinExpiry, guardian.MaxExpiry, guardian.MinDelay, guardian.MaxDelay, guardian.MaxFreeze, guardian.Margin}
	if !slices.Equal(limits, []time.Duration{day, 90 * day, day, 730 * day, 60 * day, day}) || guardian.MaxTiers != 4 || guardian.MaxGuardians != 16 || maxDrills != 64 {
		t.Error("limits have changed: change docs/guardians.md, too")
	}
	for _, part := range []string{"1 to 90 days", "up to 730 days", "up to 60 days", "1 to 730 days", "up to 4,", "up to 16 in a tier", "64 of them at most", guardian.Format, drillsFormat} {
		if !strings.Contains(string(text), part) {
			t.Errorf("docs/guardians.md does not say %q", part)
		}
	}
	for i, block := range strings.Split(string(text), "```toml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		setup, err := parseSetupFile([]byte(block))
		if err == nil {
			err = setup.refuse(t.Context(), nil, common.Address{1}, nil)
		}
		if err != nil {
			t.Errorf("setup %d of docs/guardians.md: %v", i+1, err)
		}
	}
	for _, v := range guardianVerbs() {
		if !strings.Contains(string(text), "postern guardian "+v.name) && v.name != "example" && v.name != "unfreeze" {
			t.Errorf("docs/guardians.md does not show postern guardian %s", v.name)
		}
	}
}

func FuzzSetupFile(f *testing.F) {
	f.Add([]byte(threeFriends))
	f.Add([]byte(exampleSetup))
	f.Add([]byte(`{"version":1,"tier":[{"delay":"7 days","threshold":1,"guardian":[{"signer":"0x5afe5afe5afe5afe5afe5afe5afe5afe5afe5afe01"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "passkey") || strings.ContainsAny(string(text), "/.") {
			return // may name files of this machine
		}
		s, err := parseSetupFile(text)
		if err != nil {
			var e *textfile.Error
			if s != nil || !errors.As(err, &e) || e.Way == "" {
				t.Fatalf("%v, %T %v", s, err, err)
			}
			return
		}
		if len(s.setup.Tiers) == 0 || len(s.names.tiers) != len(s.setup.Tiers) {
			t.Fatalf("%+v", s)
		}
		for _, p := range s.setup.Problems(common.Address{1}, nil) {
			if p.Reason == guardian.Unsorted && !strings.HasSuffix(p.Field, ".delay") {
				t.Fatalf("not in order: %v", p)
			}
			if s.words(p) == "" || wayOut(p) == "" {
				t.Fatalf("no words for %v", p)
			}
		}
	})
}
