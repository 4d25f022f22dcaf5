// What a grant is: policies, all of which must agree.

package grant

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Grant is what one session key may do. Every policy must agree; the order is
// part of the permission's identity.
type Grant struct {
	Name     string // for people; not on the chain
	Policies []Policy
	// Flag switches the whole permission off for operations or for messages.
	// [FlagNotMessages] is the one sure way to close ERC-1271. It is not part of
	// the SDK's document: there it is lost when the permission is opened again.
	Flag Flag
	// Tokens and Zone are how the owner wrote amounts and times, for [Words].
	Tokens Tokens
	Zone   string // name of a time zone, "" for UTC
}

// Flag says what a policy is not asked about. As a policy's flag it opens what
// it names, as the permission's own flag it closes it.
type Flag uint16

// The flags, as Kernel writes them: two bytes, big-endian.
const (
	FlagAll         Flag = 0
	FlagNotOps      Flag = 1 // not asked about operations
	FlagNotMessages Flag = 2 // not asked about messages (ERC-1271)
)

var flagNames = []struct {
	flag Flag
	name string
}{{FlagNotOps, "not for operations"}, {FlagNotMessages, "not for messages"}}

func (f Flag) String() string {
	var parts []string
	for _, n := range flagNames {
		if f&n.flag != 0 {
			parts = append(parts, n.name)
			f &^= n.flag
		}
	}
	if f != 0 {
		parts = append(parts, fmt.Sprintf("unknown bits 0x%04x", uint16(f)))
	}
	if parts == nil {
		return "for everything"
	}
	return strings.Join(parts, ", ")
}

// Kind names a policy as the SDK does.
type Kind string

// The kinds.
const (
	KindCall            Kind = "call"
	KindGas             Kind = "gas"
	KindRateLimit       Kind = "rate-limit"
	KindSignatureCaller Kind = "signature-caller"
	KindTimestamp       Kind = "timestamp"
	KindSudo            Kind = "sudo"
)

// Policy is one of [*Call], [*Gas], [*RateLimit], [*Timestamp],
// [*SignatureCaller], [*Sudo] and [*Opaque].
type Policy interface {
	Kind() Kind
	Flag() Flag
	// Contract is the policy contract: the one given, or else the table's.
	Contract() common.Address
	base() *Base
}

// Base is what all policies have.
type Base struct {
	Flags Flag
	// Address is a policy contract of another address than the table's; zero for
	// the table's. Nothing is known about what such a contract does.
	Address common.Address
}

func (b *Base) base() *Base { return b }

// Flag implements [Policy].
func (b *Base) Flag() Flag { return b.Flags }

func (b *Base) contract(table common.Address) common.Address {
	if b.Address != (common.Address{}) {
		return b.Address
	}
	return table
}

// Call allows calls that one of its permissions describes, and no others.
type Call struct {
	Base
	Version     CallVersion // "" is [CallLatest]
	Permissions []Permission
}

// Gas is a budget for the account's own fees over the life of the permission.
type Gas struct {
	Base
	Allowed *big.Int // wei, 128 bits; nil is 0, which refuses every operation
	// EnforcePaymaster counts only together with Paymaster.
	EnforcePaymaster bool
	Paymaster        common.Address
}

// RateLimit bounds the number of operations.
type RateLimit struct {
	Base
	Interval uint64 // seconds, 48 bits
	// Count is the number of operations: in total, or per interval with Reset.
	Count uint64 // 48 bits
	// StartAt is the Unix time before which no operation is valid; each operation
	// moves it on by Interval. 0 means that the interval is not enforced.
	StartAt uint64 // 48 bits; not with Reset
	Reset   bool   // the contract that fills up again each interval
}

// Timestamp is a time window for operations. Messages pass at all times.
type Timestamp struct {
	Base
	ValidAfter uint64 // Unix seconds, 48 bits; 0 for no beginning
	ValidUntil uint64 // Unix seconds, 48 bits; 0 for no end
}

// SignatureCaller allows messages (ERC-1271) only where one of the callers asks.
type SignatureCaller struct {
	Base
	Callers []common.Address
}

// Sudo allows everything.
type Sudo struct{ Base }

// Kind implements [Policy].
func (*Call) Kind() Kind            { return KindCall }
func (*Gas) Kind() Kind             { return KindGas }
func (*RateLimit) Kind() Kind       { return KindRateLimit }
func (*Timestamp) Kind() Kind       { return KindTimestamp }
func (*SignatureCaller) Kind() Kind { return KindSignatureCaller }
func (*Sudo) Kind() Kind            { return KindSudo }

// Contract implements [Policy].
func (p *Call) Contract() common.Address            { return p.contract(callContract(p.version())) }
func (p *Gas) Contract() common.Address             { return p.contract(gasContract) }
func (p *RateLimit) Contract() common.Address       { return p.contract(rateContract(p.Reset)) }
func (p *Timestamp) Contract() common.Address       { return p.contract(timestampContract) }
func (p *SignatureCaller) Contract() common.Address { return p.contract(signatureContract) }
func (p *Sudo) Contract() common.Address            { return p.contract(sudoContract) }

func (p *Call) version() CallVersion {
	if p.Version == "" {
		return CallLatest
	}
	return p.Version
}

var (
	_ Policy = (*Call)(nil)
	_ Policy = (*Gas)(nil)
	_ Policy = (*RateLimit)(nil)
	_ Policy = (*Timestamp)(nil)
	_ Policy = (*SignatureCaller)(nil)
	_ Policy = (*Sudo)(nil)
)

// asked says whether a policy is asked about operations (FlagNotOps) or messages
// (FlagNotMessages). One that is missing is asked about nothing.
func asked(p Policy, about Flag) bool { return !isNil(p) && p.Flag()&about == 0 }
