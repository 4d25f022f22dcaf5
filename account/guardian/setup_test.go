package guardian_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

const day = 24 * time.Hour

var acct = common.HexToAddress("0xacc0000000000000000000000000000000000001")

// ecKey is a secp256k1 key that is always the same.
func ecKey(t testing.TB, name string) *ecdsa.PrivateKey {
	t.Helper()
	return must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(crypto.Keccak256([]byte(name))))
}

func addressOf(t testing.TB, name string) common.Address {
	return crypto.PubkeyToAddress(ecKey(t, name).PublicKey)
}

func key(t testing.TB, name string) seal.Signer {
	t.Helper()
	return must[seal.Signer](t)(seal.AddressSigner(addressOf(t, name)))
}

const (
	rpID   = "guardian.example"
	origin = "https://guardian.example"
)

// device is an authenticator with one passkey.
func device(t testing.TB, name string) (*softkey.Authenticator, softkey.Credential) {
	t.Helper()
	d := softkey.New(softkey.WithSeed([]byte(name)))
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "x"}, passkey.User{ID: []byte{1}, Name: name, DisplayName: name}, make([]byte, 32))
	if _, err := d.Create(must[[]byte](t)(json.Marshal(options)), origin); err != nil {
		t.Fatal(err)
	}
	return d, d.Credentials()[0]
}

func passkeyOf(t testing.TB, name string, rule seal.Rule) seal.Signer {
	t.Helper()
	_, c := device(t, name)
	return must[seal.Signer](t)(seal.PasskeySigner(c.Key, rule))
}

// family is a setup of two tiers: 2 of 3 after a week, an institution after a month.
func family(t testing.TB) guardian.Setup {
	t.Helper()
	return guardian.Setup{Expiry: 14 * day, ChangeDelay: 10 * day, Freeze: 8 * day, Tiers: []guardian.Tier{
		{Threshold: 2, Delay: 7 * day, Guardians: []guardian.Guardian{{key(t, "mother"), 1}, {key(t, "brother"), 1}, {passkeyOf(t, "friend", seal.RequireUV), 1}}},
		{Threshold: 1, Delay: 30 * day, Guardians: []guardian.Guardian{{key(t, "institution"), 1}}},
	}}.Sorted()
}

func TestASetupIsRefusedForEveryReasonOfTheContract(t *testing.T) {
	verifier := must[seal.Signer](t)(seal.ParseSigner(append(common.Address{0: 9}.Bytes(), 1, 2, 3)))
	edit := func(change func(s *guardian.Setup)) guardian.Setup { s := family(t); change(&s); return s }
	guardians := func(list ...guardian.Guardian) func(s *guardian.Setup) {
		return func(s *guardian.Setup) { s.Tiers[1].Guardians = list; *s = s.Sorted() }
	}
	if err := family(t).Check(acct, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		setup  guardian.Setup
		field  string
		reason guardian.Reason
	}{
		"nobody":            {guardian.Setup{Expiry: day, ChangeDelay: 2 * day}, "tiers", guardian.NoGuardian},
		"five tiers":        {edit(func(s *guardian.Setup) { s.Tiers = slices.Repeat(s.Tiers[:1], 5) }), "tiers", guardian.TooMany},
		"an empty tier":     {edit(func(s *guardian.Setup) { s.Tiers[1].Guardians = nil }), "tiers[1].guardians", guardian.NoGuardian},
		"17 guardians":      {edit(func(s *guardian.Setup) { s.Tiers[0].Guardians = make([]guardian.Guardian, 17) }), "tiers[0].guardians", guardian.TooMany},
		"threshold 0":       {edit(func(s *guardian.Setup) { s.Tiers[0].Threshold = 0 }), "tiers[0].threshold", guardian.ThresholdZero},
		"threshold 4 of 3":  {edit(func(s *guardian.Setup) { s.Tiers[0].Threshold = 4 }), "tiers[0].threshold", guardian.ThresholdHigh},
		"weight 0":          {edit(func(s *guardian.Setup) { s.Tiers[0].Guardians[1].Weight = 0 }), "tiers[0].guardians[1]", guardian.WeightZero},
		"weights overflow":  {edit(func(s *guardian.Setup) { s.Tiers[0].Guardians[1].Weight = math.MaxUint64 }), "tiers[0].guardians[1]", guardian.WeightHigh},
		"twice":             {edit(guardians(guardian.Guardian{key(t, "a"), 1}, guardian.Guardian{key(t, "a"), 1})), "tiers[1].guardians[1]", guardian.Duplicate},
		"twice, two rules":  {edit(guardians(guardian.Guardian{passkeyOf(t, "a", 0), 1}, guardian.Guardian{passkeyOf(t, "a", 1), 1})), "tiers[1].guardians[1]", guardian.Duplicate},
		"not sorted":        {edit(func(s *guardian.Setup) { slices.Reverse(s.Tiers[0].Guardians) }), "tiers[0].guardians[1]", guardian.Unsorted},
		"the account":       {edit(guardians(guardian.Guardian{must[seal.Signer](t)(seal.AddressSigner(acct)), 1})), "tiers[1].guardians[0]", guardian.Own},
		"the account's key": {edit(guardians(guardian.Guardian{must[seal.Signer](t)(seal.ParseSigner(append(acct.Bytes(), 1))), 1})), "tiers[1].guardians[0]", guardian.Own},
		"the module":        {edit(guardians(guardian.Guardian{must[seal.Signer](t)(seal.AddressSigner(guardian.Module)), 1})), "tiers[1].guardians[0]", guardian.BadSigner},
		"no signer":         {edit(guardians(guardian.Guardian{seal.Signer{}, 1})), "tiers[1].guardians[0]", guardian.BadSigner},
		"a long signer":     {edit(guardians(guardian.Guardian{must[seal.Signer](t)(seal.ParseSigner(append(verifier.Bytes(), make([]byte, 490)...))), 1})), "tiers[1].guardians[0]", guardian.BadSigner},
		"too much": {edit(func(s *guardian.Setup) {
			for i := range 4 {
				tier := guardian.Tier{Threshold: 1, Delay: time.Duration(i+7) * day}
				for j := range 13 {
					b := append(verifier.Bytes(), make([]byte, 450)...)
					b[30] = byte(j)
					tier.Guardians = append(tier.Guardians, guardian.Guardian{signerOf(t, b), 1})
				}
				s.Tiers = append(s.Tiers[:i], tier)
			}
			*s = s.Sorted()
		}), "tiers", guardian.TooLarge},
		"P256Verifier":      {edit(guardians(guardian.Guardian{must[seal.Signer](t)(seal.ParseSigner(append(contracts.P256Verifier.Bytes(), make([]byte, 66)...))), 1})), "tiers[1].guardians[0]", guardian.Plain},
		"delay 0":           {edit(func(s *guardian.Setup) { s.Tiers[0].Delay = 0 }), "tiers[0].delay", guardian.DelayShort},
		"delay under a day": {edit(func(s *guardian.Setup) { s.Tiers[0].Delay = day - time.Second }), "tiers[0].delay", guardian.DelayShort},
		"delay of years":    {edit(func(s *guardian.Setup) { s.Tiers[1].Delay = 730*day + time.Second }), "tiers[1].delay", guardian.DelayLong},
		"delays not rising": {edit(func(s *guardian.Setup) { s.Tiers[1].Delay = 7 * day }), "tiers[1].delay", guardian.Unsorted},
		"half seconds":      {edit(func(s *guardian.Setup) { s.Tiers[1].Delay += time.Millisecond }), "tiers[1].delay", guardian.BadDuration},
		"before its time":   {edit(func(s *guardian.Setup) { s.Expiry = -time.Second }), "expiry", guardian.BadDuration},
		"two centuries":     {edit(func(s *guardian.Setup) { s.Tiers[1].Delay = 1 << 33 * time.Second }), "tiers[1].delay", guardian.BadDuration},
		"expiry 0":          {edit(func(s *guardian.Setup) { s.Expiry = 0 }), "expiry", guardian.ExpiryRange},
		"expiry 91 days":    {edit(func(s *guardian.Setup) { s.Expiry = 91 * day }), "expiry", guardian.ExpiryRange},
		"a change too soon": {edit(func(s *guardian.Setup) { s.ChangeDelay = 8*day - time.Second }), "changeDelay", guardian.ChangeShort},
		"a change too late": {edit(func(s *guardian.Setup) { s.ChangeDelay = 731 * day }), "changeDelay", guardian.ChangeLong},
		"a short freeze":    {edit(func(s *guardian.Setup) { s.Freeze = 8*day - time.Second }), "freeze", guardian.FreezeRange},
		"a long freeze":     {edit(func(s *guardian.Setup) { s.Freeze = 61 * day }), "freeze", guardian.FreezeRange},
		"a freeze by one":   {edit(func(s *guardian.Setup) { s.Tiers = s.Tiers[1:]; s.ChangeDelay, s.Freeze = 40*day, 40*day }), "freeze", guardian.FreezeAlone},
	} {
		problems := c.setup.Problems(acct, nil)
		if !slices.ContainsFunc(problems, func(p *guardian.SetupError) bool { return p.Field == c.field && p.Reason == c.reason }) {
			t.Errorf("%s: %v, want %s: %s", name, problems, c.field, c.reason)
			continue
		}
		err := c.setup.Check(acct, nil)
		h, ok := errors.AsType[account.Hinter](err)
		if !ok || h.Hint() == "" {
			t.Errorf("%s: no way out of %v", name, err)
		}
		if _, err := guardian.Install(acct, c.setup); err == nil {
			t.Errorf("%s: it can be installed", name)
		}
		if _, err := guardian.ScheduleSetup(acct, c.setup); err == nil && len(c.setup.Tiers) > 0 {
			t.Errorf("%s: it can be scheduled", name)
		}
	}
	// also under another rule: it is one key
	s, friend := family(t), passkeyOf(t, "friend", 0)
	if err := s.Check(acct, []seal.Signer{friend}); !strings.Contains(fmt.Sprint(err), string(guardian.SignerGuards)) {
		t.Errorf("a signer of the account is its guardian: %v", err)
	}
	if err := s.Check(acct, []seal.Signer{passkeyOf(t, "own", 1)}); err != nil {
		t.Error(err)
	}
}

func TestTheSimpleRecoveryKeyIsOneGuardianWithAMandatoryDelay(t *testing.T) {
	s := must[guardian.Setup](t)(guardian.Simple(addressOf(t, "paper"), 7*day))
	if err := s.Check(acct, nil); err != nil || s.Tiers[0].Delay != 7*day || s.Tiers[0].Threshold != 1 || s.Freeze != 0 {
		t.Errorf("%+v: %v", s, err)
	}
	for _, delay := range []time.Duration{0, day - time.Second, 730 * day} { // the last leaves no room for the change delay
		s := must[guardian.Setup](t)(guardian.Simple(addressOf(t, "paper"), delay))
		if err := s.Check(acct, nil); err == nil {
			t.Errorf("a delay of %s is taken", delay)
		}
	}
	if _, err := guardian.Simple(common.Address{19: 1}, 7*day); err == nil {
		t.Error("a precompiled contract is a recovery key")
	}
}

// randomSetup need not be acceptable; it can be encoded.
func randomSetup(t testing.TB, rng *rand.Rand) guardian.Setup {
	span := func() time.Duration { return time.Duration(rng.Uint32()) * time.Second }
	s := guardian.Setup{Expiry: span(), ChangeDelay: span(), Freeze: span()}
	for range rng.IntN(5) {
		tier := guardian.Tier{Threshold: rng.Uint64(), Delay: span()}
		for range rng.IntN(17) {
			b := make([]byte, 20+rng.IntN(2)*rng.IntN(100))
			for i := range b {
				b[i] = byte(1 + rng.Uint32N(255))
			}
			tier.Guardians = append(tier.Guardians, guardian.Guardian{signerOf(t, b), rng.Uint64()})
		}
		s.Tiers = append(s.Tiers, tier)
	}
	return s
}

func TestSetupsSurviveTheirEncodingAndNothingElseIsRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := randomSetup(t, rng)
		data := must[[]byte](t)(s.Encode())
		if got := must[guardian.Setup](t)(guardian.ParseSetup(data)); !reflect.DeepEqual(got, s) {
			t.Fatalf("%+v is read as %+v", s, got)
		}
		for range 10 {
			other := slices.Clone(data)
			other[rng.IntN(len(other))] ^= byte(1 + rng.IntN(255))
			got, err := guardian.ParseSetup(other)
			if err != nil {
				continue
			}
			if again := must[[]byte](t)(got.Encode()); !slices.Equal(again, other) || got.Hash() == s.Hash() {
				t.Fatalf("%x is read as %x", other, again)
			}
		}
		sorted := s.Sorted()
		if sorted.Sorted().Hash() != sorted.Hash() || s.Hash() != crypto.Keccak256Hash(data) {
			t.Fatal("sorting changes what is sorted, or what it was given")
		}
	}
}

// chain has code at some addresses and answers no calls.
type chain struct {
	account.Chain
	code map[common.Address][]byte
	err  error
}

func (c chain) Code(_ context.Context, a common.Address) ([]byte, error) { return c.code[a], c.err }

func TestDeadAndCyclicGuardiansAreFoundOnTheChain(t *testing.T) {
	address := func(a common.Address) seal.Signer { return must[seal.Signer](t)(seal.AddressSigner(a)) }
	friend, club, other, verifier := common.Address{0: 1, 19: 1}, common.Address{0: 1, 19: 2}, common.Address{0: 1, 19: 3}, common.Address{0: 1, 19: 4}
	code := map[common.Address][]byte{friend: make([]byte, 100), club: make([]byte, 100), other: make([]byte, 100)}
	own := passkeyOf(t, "own", seal.RequireUV)
	setup := func(s seal.Signer) guardian.Setup {
		return guardian.Setup{Expiry: day, ChangeDelay: 2 * day, Tiers: []guardian.Tier{{1, day, []guardian.Guardian{{s, 1}}}}}
	}
	resolver := func(links map[common.Address][]seal.Signer) guardian.Resolver {
		return func(_ context.Context, a common.Address) ([]seal.Signer, error) { return links[a], nil }
	}
	deep := map[common.Address][]seal.Signer{}
	for i := range 20 {
		a := common.Address{0: 7, 19: byte(i)}
		deep[a] = []seal.Signer{address(common.Address{0: 7, 19: byte(i + 1)})}
		code[a] = make([]byte, 100)
	}
	for name, c := range map[string]struct {
		guardian seal.Signer
		links    map[common.Address][]seal.Signer
		want     guardian.Reason
	}{
		"a friend's account":     {address(friend), map[common.Address][]seal.Signer{friend: {key(t, "friend")}}, ""},
		"a key":                  {key(t, "friend"), nil, ""},
		"a passkey":              {passkeyOf(t, "friend", 1), nil, ""},
		"one of unknown signers": {address(friend), nil, ""},
		"the account behind it":  {address(friend), map[common.Address][]seal.Signer{friend: {key(t, "x"), address(acct)}}, guardian.Cyclic},
		"around two corners":     {address(friend), map[common.Address][]seal.Signer{friend: {address(club)}, club: {address(other)}, other: {address(acct)}}, guardian.Cyclic},
		"a signer behind it":     {address(friend), map[common.Address][]seal.Signer{friend: {passkeyOf(t, "own", 0)}}, guardian.Cyclic},
		"each other":             {address(friend), map[common.Address][]seal.Signer{friend: {address(club)}, club: {address(friend)}}, ""},
		"without end":            {address(common.Address{0: 7}), deep, guardian.Cyclic},
		"a verifier":             {must[seal.Signer](t)(seal.ParseSigner(append(friend.Bytes(), 1))), nil, ""},
		"a verifier not there":   {must[seal.Signer](t)(seal.ParseSigner(append(verifier.Bytes(), 1))), nil, guardian.Dead},
		"a delegated verifier":   {must[seal.Signer](t)(seal.ParseSigner(append(common.Address{0: 8}.Bytes(), 1))), nil, guardian.Dead},
	} {
		code[common.Address{0: 8}] = append([]byte{0xef, 1, 0}, make([]byte, 20)...)
		err := setup(c.guardian).CheckOn(t.Context(), chain{code: code}, resolver(c.links), acct, []seal.Signer{own})
		e, ok := errors.AsType[*guardian.SetupError](err)
		if ok != (c.want != "") || ok && (e.Reason != c.want || e.Hint() == "") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	down := errors.New("down")
	if err := setup(key(t, "a")).CheckOn(t.Context(), chain{err: down}, nil, acct, nil); !errors.Is(err, down) {
		t.Errorf("a node that is down: %v", err)
	}
	failing := func(context.Context, common.Address) ([]seal.Signer, error) { return nil, down }
	if err := setup(address(friend)).CheckOn(t.Context(), chain{code: code}, failing, acct, nil); !errors.Is(err, down) {
		t.Errorf("a resolver that fails: %v", err)
	}
}

func FuzzParseSetup(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		f.Add(must[[]byte](f)(randomSetup(f, rng).Encode()))
	}
	f.Add(must[[]byte](f)(family(f).Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := guardian.ParseSetup(data)
		if err != nil {
			if !reflect.DeepEqual(s, guardian.Setup{}) {
				t.Fatal("a failure returns something")
			}
			return
		}
		if again := must[[]byte](t)(s.Encode()); !slices.Equal(again, data) {
			t.Fatalf("%x is read as %x", data, again)
		}
		_ = s.Problems(acct, nil)
		_ = s.Words()
	})
}
