package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Override is what a contract is pretended to be while gas is estimated.
type Override struct {
	Code []byte // runs in place of the contract's own; nil leaves it alone
}

// Overrides are by address. Nothing of them reaches the chain: they are part of
// a bundler's simulation only.
type Overrides map[common.Address]Override

// Overrider is an ability of authorities whose stub costs another amount of gas
// to refuse than a real signature costs to accept: it says what to pretend so
// that the two agree. p256 tells whether the chain's P256VERIFY works. An empty
// answer means that the plain estimate is right.
type Overrider interface {
	Overrides(p256 bool) Overrides
}

// StubExcesser is an ability of authorities that know by how much gas an estimate
// with the stub alone is too high. p256 is as for [Overrider].
type StubExcesser interface {
	StubExcess(p256 bool) uint64
}

// StubShortfaller is an ability of authorities whose stub costs a contract less than
// a real signature does, by at most so much gas: a contract may stop comparing at
// the first difference. Prepare adds it to the verificationGasLimit that a bundler
// found.
type StubShortfaller interface {
	StubShortfall() uint64
}

// OverrideEstimator is an ability of bundlers whose estimation takes state
// overrides. One that finds that its server does not returns [ErrNoOverrides].
type OverrideEstimator interface {
	EstimateGasWith(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides) (GasEstimate, error)
}

// ErrNoOverrides says that a bundler estimates without state overrides only.
var ErrNoOverrides = errors.New("account: the bundler takes no state overrides")

// P256Prober is an ability of chains that know whether P256VERIFY (RIP-7212,
// EIP-7951) tells good signatures from bad ones there.
type P256Prober interface {
	HasP256(ctx context.Context) (bool, error)
}

// EstimateSource says where gas limits come from.
type EstimateSource uint8

const (
	// EstimateGiven: the caller set them ([WithGas]), or they were read from a
	// saved operation.
	EstimateGiven EstimateSource = iota
	// EstimatePlain: the bundler's, with the stub signature.
	EstimatePlain
	// EstimateOverridden: the bundler's, with what an [Overrider] asks to pretend.
	EstimateOverridden
)

var estimateSources = [...]string{EstimateGiven: "given", EstimatePlain: "stub", EstimateOverridden: "overridden"}

func (s EstimateSource) String() string {
	if int(s) < len(estimateSources) {
		return estimateSources[s]
	}
	return "unknown"
}

// MarshalText writes String.
func (s EstimateSource) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *EstimateSource) UnmarshalText(b []byte) error {
	i := slices.Index(estimateSources[:], string(b))
	if i < 0 {
		return fmt.Errorf("account: %.20q is no source of gas limits", b)
	}
	*s = EstimateSource(i)
	return nil
}

// Estimate says how the gas limits of an operation came about.
type Estimate struct {
	Source EstimateSource `json:"source"`
	// Excess is how much gas verificationGasLimit is known to be too high because
	// the bundler could not be told what to pretend; 0 if nothing is known.
	Excess uint64 `json:"excess,omitempty"`
}

// Estimate says how the operation's gas limits came about.
func (p *Prepared) Estimate() Estimate { return p.estimate }

// warning is for [Summary]; "" without an excess.
func (e Estimate) warning() string {
	if e.Excess == 0 {
		return ""
	}
	return fmt.Sprintf("the gas limit for verification is about %d too high, because this bundler takes no state overrides: the fee shown is more than will be charged, and a bundler that wants limits used up may refuse", e.Excess)
}
