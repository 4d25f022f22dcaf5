// The versions of Kernel and their contracts: the one table.

package kernel

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Version is a version of Kernel as the SDK writes it: "0.3.1" is what its
// repository calls v3.1.
type Version string

// The versions that there are contracts of.
const (
	V002 Version = "0.0.2"
	V022 Version = "0.2.2"
	V023 Version = "0.2.3"
	V024 Version = "0.2.4"
	V030 Version = "0.3.0"
	V031 Version = "0.3.1"
	V032 Version = "0.3.2"
	V033 Version = "0.3.3"
)

// Deployment is the set of contracts of one version. They stand at the same
// addresses on every chain that has them.
type Deployment struct {
	Version    Version
	EntryPoint userop.EntryPoint
	// Factory makes the accounts: their addresses follow from it.
	Factory common.Address
	// MetaFactory is staked and calls Factory; zero before 0.3.0.
	MetaFactory common.Address
	// Implementation is what the proxies run; zero for 0.0.2, whose factory has its own.
	Implementation common.Address
	// InitCodeHash is the keccak256 of the creation code of the factory's proxies;
	// zero where it is not known, so that addresses cannot be told without a chain.
	InitCodeHash common.Hash
	// ECDSA is the validator of a secp256k1 owner.
	ECDSA common.Address
	// Unverified says that nothing here was seen to run on a real contract of this
	// version: it rests on the SDK's word.
	Unverified bool
}

var (
	factory02     = common.HexToAddress("0x5de4839a76cf55d0c90e2061ef4386d962E15ae3")
	initCode02    = common.HexToHash("0xee9d8350bd899dd261db689aafd87eb8a30f085adbaff48152399438ff4eed73")
	metaFactory03 = common.HexToAddress("0xd703aaE79538628d27099B8c4f621bE4CCd142d5")
	ecdsa02       = common.HexToAddress("0xd9AB5096a832b9ce79914329DAEE236f8Eea0390")
	ecdsa030      = common.HexToAddress("0x8104e3Ad430EA6d354d013A6789fDFc71E671c43")
	ecdsa031      = common.HexToAddress("0x845ADb2C711129d4f3966735eD98a9F09fC4cE57")
)

var deployments = []Deployment{
	{
		Version: V002, EntryPoint: userop.V06, ECDSA: ecdsa02, Unverified: true,
		Factory: common.HexToAddress("0xaee9762ce625e0a8f7b184670fb57c37bfe1d0f1"),
	},
	{
		Version: V022, EntryPoint: userop.V06, ECDSA: ecdsa02, Factory: factory02, InitCodeHash: initCode02,
		Implementation: common.HexToAddress("0x0DA6a956B9488eD4dd761E59f52FDc6c8068E6B5"),
	},
	{
		Version: V023, EntryPoint: userop.V06, ECDSA: ecdsa02, Factory: factory02, InitCodeHash: initCode02,
		Implementation: common.HexToAddress("0xD3F582F6B4814E989Ee8E96bc3175320B5A540ab"),
	},
	{
		Version: V024, EntryPoint: userop.V06, ECDSA: ecdsa02, Factory: factory02, InitCodeHash: initCode02,
		Implementation: common.HexToAddress("0xd3082872F8B06073A021b4602e022d5A070d7cfC"),
	},
	{
		Version: V030, EntryPoint: userop.V07, ECDSA: ecdsa030, MetaFactory: metaFactory03,
		Factory:        common.HexToAddress("0x6723b44Abeec4E71eBE3232BD5B455805baDD22f"),
		Implementation: common.HexToAddress("0x94F097E1ebEB4ecA3AAE54cabb08905B239A7D27"),
		InitCodeHash:   common.HexToHash("0x6fe6e6ea30eddce942b9618033ab8429f9ddac594053bec8a6744fffc71976e2"),
	},
	{
		Version: V031, EntryPoint: userop.V07, ECDSA: ecdsa031, MetaFactory: metaFactory03,
		Factory:        common.HexToAddress("0xaac5D4240AF87249B3f71BC8E4A2cae074A3E419"),
		Implementation: common.HexToAddress("0xBAC849bB641841b44E965fB01A4Bf5F074f84b4D"),
		InitCodeHash:   common.HexToHash("0x85d96aa1c9a65886d094915d76ccae85f14027a02c1647dde659f869460f03e6"),
	},
	{
		Version: V032, EntryPoint: userop.V07, ECDSA: ecdsa031, MetaFactory: metaFactory03,
		Factory:        common.HexToAddress("0x7a1dBAB750f12a90EB1B60D2Ae3aD17D4D81EfFe"),
		Implementation: common.HexToAddress("0xD830D15D3dc0C269F3dBAa0F3e8626d33CFdaBe1"),
		InitCodeHash:   common.HexToHash("0xc7c48c9dd12de68b8a4689b6f8c8c07b61d4d6fa4ddecdd86a6980d045fa67eb"),
	},
	{
		Version: V033, EntryPoint: userop.V07, ECDSA: ecdsa031, MetaFactory: metaFactory03,
		Factory:        common.HexToAddress("0x2577507b78c2008Ff367261CB6285d44ba5eF2E9"),
		Implementation: common.HexToAddress("0xd6CEDDe84be40893d153Be9d467CD6aD37875b28"),
		InitCodeHash:   common.HexToHash("0xc452397f1e7518f8cea0566ac057e243bb1643f6298aba8eec8cdee78ee3b3dd"),
	},
}

// Deployments are all versions, oldest first.
func Deployments() []Deployment { return slices.Clone(deployments) }

// VersionError says that there is no such version of Kernel, or none for that
// EntryPoint.
type VersionError struct {
	Version    Version
	EntryPoint userop.EntryPoint // nil if the version alone is the fault
}

func (e *VersionError) Error() string {
	if e.EntryPoint == nil {
		return fmt.Sprintf("kernel: there is no Kernel %.20q", string(e.Version))
	}
	return fmt.Sprintf("kernel: there is no Kernel %.20q for EntryPoint %s", string(e.Version), e.EntryPoint)
}

// Hint says which pairs there are.
func (e *VersionError) Hint() string {
	if e.EntryPoint != nil && e.EntryPoint != userop.V06 && e.EntryPoint != userop.V07 {
		return "Kernel has no version for EntryPoint 0.8 or 0.9; where the SDK takes these names it means 0.7"
	}
	return "0.0.2 and 0.2.2 to 0.2.4 answer EntryPoint 0.6, 0.3.0 to 0.3.3 EntryPoint 0.7"
}

// ForVersion is the row of a version. The EntryPoint may be nil; if it is given, it
// must be the version's.
func ForVersion(v Version, ep userop.EntryPoint) (Deployment, error) {
	i := slices.IndexFunc(deployments, func(d Deployment) bool { return d.Version == v })
	if i < 0 {
		return Deployment{}, &VersionError{Version: v}
	}
	if ep != nil && ep != deployments[i].EntryPoint {
		return Deployment{}, &VersionError{Version: v, EntryPoint: ep}
	}
	return deployments[i], nil
}

// ByImplementation is the row whose accounts run that code.
func ByImplementation(a common.Address) (Deployment, bool) {
	i := slices.IndexFunc(deployments, func(d Deployment) bool { return d.Implementation == a })
	if i < 0 || a == (common.Address{}) {
		return Deployment{}, false
	}
	return deployments[i], true
}

// V3 reports whether this is Kernel 3, which has permissions, modules and lanes.
func (v Version) V3() bool { return v.AtLeast(V030) }

// AtLeast reports whether v is other or a later version.
func (v Version) AtLeast(other Version) bool { return v.Compare(other) >= 0 }

// Compare orders versions by their numbers.
func (v Version) Compare(other Version) int {
	return slices.CompareFunc(strings.Split(string(v), "."), strings.Split(string(other), "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}

// domain is the version in the account's EIP-712 domain.
func (v Version) domain() string {
	if v == V030 {
		return "0.3.0-beta" // so the contract has it
	}
	return string(v)
}

// accountID is what a Kernel 3 says of itself (ERC-7579).
func (v Version) accountID() string { return "kernel.advanced.v" + v.domain() }
