// Who the guardians are, and how they are written for the contract.

package guardian

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/seal"
)

// Guardian is a signer who helps to recover an account, and what its word weighs.
type Guardian struct {
	Signer seal.Signer
	Weight uint64
}

// Tier is a quorum of guardians and how long the account's owner has to object.
type Tier struct {
	Threshold uint64
	Delay     time.Duration // from proposal to execution
	Guardians []Guardian
}

// Weight is the sum of all weights, or the greatest number if that does not fit.
func (t Tier) Weight() (sum uint64) {
	for _, g := range t.Guardians {
		sum = plus(sum, g.Weight)
	}
	return sum
}

func plus(a, b uint64) uint64 {
	if b > math.MaxUint64-a {
		return math.MaxUint64
	}
	return a + b
}

// Index is the place of a guardian in the tier; -1 if it is none.
func (t Tier) Index(s seal.Signer) int {
	return slices.IndexFunc(t.Guardians, func(g Guardian) bool { return g.Signer == s })
}

// Setup is all that an account's owner decides about recovery. Durations are whole
// seconds.
type Setup struct {
	Expiry      time.Duration // of a proposal, after its delay
	ChangeDelay time.Duration // before a change of this setup counts
	Freeze      time.Duration // that guardians may freeze the account for; 0: they may not
	Tiers       []Tier        // by ascending delay
}

const day = 24 * time.Hour

// Limits of a setup, which the contract enforces.
const (
	MinDelay  = contracts.RecoveryMinDelay * time.Second
	MaxDelay  = contracts.RecoveryMaxDelay * time.Second
	MinExpiry = contracts.RecoveryMinExpiry * time.Second
	MaxExpiry = contracts.RecoveryMaxExpiry * time.Second
	// Margin is by how much a change of the setup, and a freeze, must be longer than the
	// delay of the first tier.
	Margin    = contracts.RecoveryMargin * time.Second
	MaxFreeze = contracts.RecoveryMaxFreeze * time.Second

	MaxTiers     = contracts.RecoveryMaxTiers
	MaxGuardians = contracts.RecoveryMaxGuardians // of one tier
	MaxReplaced  = contracts.RecoveryMaxReplaces  // signers that one recovery replaces
	MaxSigner    = contracts.RecoveryMaxSigner    // bytes of a guardian's signer
)

// ID is what guardians of a tier are ordered by: keccak256 of the signer's bytes, of a
// passkey without its rule, so that one key is one guardian.
func ID(s seal.Signer) common.Hash {
	b := s.Bytes()
	if _, _, ok := s.Passkey(); ok {
		b = b[:len(b)-1]
	}
	return crypto.Keccak256Hash(b)
}

// Simple is the setup of one secp256k1 recovery key that has to wait: its holder can
// bring in a new signer after the delay, unless the owner objects in that time.
func Simple(key common.Address, delay time.Duration) (Setup, error) {
	s, err := seal.AddressSigner(key)
	if err != nil {
		return Setup{}, fmt.Errorf("guardian: the recovery key %s: %w", key, err)
	}
	return Setup{
		Expiry: 30 * day, ChangeDelay: delay + Margin,
		Tiers: []Tier{{Threshold: 1, Delay: delay, Guardians: []Guardian{{s, 1}}}},
	}, nil
}

// Sorted is the setup with tiers and guardians in the order that the contract asks for.
func (s Setup) Sorted() Setup {
	s.Tiers = slices.Clone(s.Tiers)
	slices.SortStableFunc(s.Tiers, func(a, b Tier) int { return int(min(max(a.Delay-b.Delay, -1), 1)) })
	for i := range s.Tiers {
		s.Tiers[i].Guardians = slices.Clone(s.Tiers[i].Guardians)
		slices.SortStableFunc(s.Tiers[i].Guardians, func(a, b Guardian) int { return ID(a.Signer).Cmp(ID(b.Signer)) })
	}
	return s
}

// Guardians are those of all tiers, each once.
func (s Setup) Guardians() (out []seal.Signer) {
	for _, t := range s.Tiers {
		for _, g := range t.Guardians {
			if !slices.Contains(out, g.Signer) {
				out = append(out, g.Signer)
			}
		}
	}
	return out
}

// Empty reports a setup without guardians, which is how an account leaves the module.
func (s Setup) Empty() bool { return len(s.Tiers) == 0 }

// As the contract's structs.
type (
	abiGuardian struct {
		Signer []byte
		Weight uint64
	}
	abiTier struct {
		Threshold uint64
		Delay     uint32
		Guardians []abiGuardian
	}
	abiSetup struct {
		Expiry, ChangeDelay, Freeze uint32
		Tiers                       []abiTier
	}
)

var setupArguments = abi.Arguments{{Type: moduleABI.Methods["scheduleSetup"].Inputs[0].Type}}

func (s Setup) abi() (out abiSetup, err error) {
	if out.Expiry, err = seconds("expiry", s.Expiry); err != nil {
		return abiSetup{}, err
	}
	if out.ChangeDelay, err = seconds("changeDelay", s.ChangeDelay); err != nil {
		return abiSetup{}, err
	}
	if out.Freeze, err = seconds("freeze", s.Freeze); err != nil {
		return abiSetup{}, err
	}
	out.Tiers = []abiTier{}
	for i, t := range s.Tiers {
		d, err := seconds(fmt.Sprintf("tiers[%d].delay", i), t.Delay)
		if err != nil {
			return abiSetup{}, err
		}
		x := abiTier{t.Threshold, d, []abiGuardian{}}
		for _, g := range t.Guardians {
			x.Guardians = append(x.Guardians, abiGuardian{g.Signer.Bytes(), g.Weight})
		}
		out.Tiers = append(out.Tiers, x)
	}
	return out, nil
}

func seconds(field string, d time.Duration) (uint32, error) {
	if d < 0 || d%time.Second != 0 || d/time.Second > math.MaxUint32 {
		return 0, &SetupError{Field: field, Reason: BadDuration, Detail: d.String()}
	}
	return uint32(d / time.Second), nil
}

// Encode is abi.encode(Setup): the data of the module's installation. It refuses what no
// contract could read only; see Check.
func (s Setup) Encode() ([]byte, error) {
	v, err := s.abi()
	if err != nil {
		return nil, err
	}
	data, err := setupArguments.Pack(v)
	if err != nil {
		return nil, fmt.Errorf("guardian: encode the setup: %w", err)
	}
	return data, nil
}

// Hash is the configuration hash that guardians sign: keccak256 of [Setup.Encode]. It is
// zero for a setup that cannot be encoded.
func (s Setup) Hash() common.Hash {
	data, err := s.Encode()
	if err != nil {
		return common.Hash{}
	}
	return crypto.Keccak256Hash(data)
}

// ParseSetup is the inverse of [Setup.Encode]. It refuses every other encoding, and
// bytes that are no signer.
func ParseSetup(data []byte) (Setup, error) {
	values, err := abiargs.Unpack(setupArguments, data)
	if err != nil {
		return Setup{}, fmt.Errorf("guardian: read the setup: %w", err)
	}
	return toSetup(values[0])
}

func (v abiSetup) setup() (Setup, error) {
	s := Setup{Expiry: span(v.Expiry), ChangeDelay: span(v.ChangeDelay), Freeze: span(v.Freeze)}
	if len(v.Tiers) > MaxTiers {
		return Setup{}, &SetupError{Field: "tiers", Reason: TooMany, Detail: fmt.Sprint(len(v.Tiers))}
	}
	for i, t := range v.Tiers {
		field := fmt.Sprintf("tiers[%d].guardians", i)
		if len(t.Guardians) > MaxGuardians {
			return Setup{}, &SetupError{Field: field, Reason: TooMany, Detail: fmt.Sprint(len(t.Guardians))}
		}
		x := Tier{Threshold: t.Threshold, Delay: span(t.Delay)}
		for j, g := range t.Guardians {
			signer, err := seal.ParseSigner(g.Signer)
			if err != nil {
				return Setup{}, &SetupError{Field: fmt.Sprintf("%s[%d]", field, j), Reason: BadSigner, Cause: err}
			}
			x.Guardians = append(x.Guardians, Guardian{signer, g.Weight})
		}
		s.Tiers = append(s.Tiers, x)
	}
	return s, nil
}

func span(seconds uint32) time.Duration { return time.Duration(seconds) * time.Second }
