// Where MetaMask's contracts are.

package hybrid

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Deployment is one set of contracts of MetaMask's delegation framework. Those of
// version 1.3.0 have the same addresses on every chain where MetaMask put them:
// [V130]. Fill one in by hand for contracts that stand elsewhere, such as what the
// kit's deploySmartAccountsEnvironment makes; [Deployment.Check] finds out whether
// they are what they should be.
type Deployment struct {
	Version    string // of the framework: "1.3.0"
	EntryPoint userop.EntryPoint

	Factory           common.Address // SimpleFactory
	Implementation    common.Address // HybridDeleGator; zero where there is none for EntryPoint
	Stateless         common.Address // EIP7702StatelessDeleGator
	DelegationManager common.Address // may act for every account of this deployment
	// P256 is the library SCL_RIP7212, which verifies P-256 signatures where the
	// chain does not. Zero: not known; estimates are then higher than need be where
	// the chain does.
	P256 common.Address
}

// The EIP-7702 accounts of 1.3.0 for EntryPoints 0.8 and 0.9: what CREATE2 makes of
// MetaMask's creation code and salt with those EntryPoints.
var (
	stateless08 = common.HexToAddress("0x25c902D72fFB29b3f27f8798f60D63a8ef9BBC51")
	stateless09 = common.HexToAddress("0x14345e08F7454f5D5499e6DcC32922B60446F0c7")
)

// version130 is the only version of the framework that this package speaks.
const version130 = "1.3.0"

// V130 is MetaMask's own deployment of framework 1.3.0, whatever the chain.
// [ForChain] knows where MetaMask made it.
func V130() Deployment {
	return Deployment{
		Version:           version130,
		EntryPoint:        userop.V07,
		Factory:           common.HexToAddress("0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c"),
		Implementation:    common.HexToAddress("0x48dBe696A4D990079e039489bA2053B36E8FFEC4"),
		Stateless:         common.HexToAddress("0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B"),
		DelegationManager: common.HexToAddress("0xdb9B1e94B5b69Df7e401DDbedE43491141047dB3"),
		P256:              common.HexToAddress("0xCCD3B747F3DBd349fa3af4eBC7d0C31aE6f21dd1"),
	}
}

// V130For is [V130] with the EIP-7702 account for another EntryPoint: the same
// creation code and salt with that EntryPoint as argument. MetaMask has made
// neither of them: they exist where somebody deployed them, as on the development
// chain. There is no Hybrid account for these EntryPoints.
func V130For(ep userop.EntryPoint) (Deployment, error) {
	d := V130()
	switch ep {
	case userop.V07:
		return d, nil
	case userop.V08:
		d.Stateless = stateless08
	case userop.V09:
		d.Stateless = stateless09
	default:
		return Deployment{}, &EntryPointError{EntryPoint: ep}
	}
	d.EntryPoint, d.Implementation = ep, common.Address{}
	return d, nil
}

// Deployments returns every deployment of the table, one per version.
func Deployments() []Deployment { return []Deployment{V130()} }

// ForChain returns the deployment of a version ("1.3.0", or "" for the newest) on
// a chain that has it by the table: MetaMask's own, and the development chain
// 31337. The error is a *NoDeploymentError otherwise. The table says where it
// should be; [Deployment.Check] asks the chain.
func ForChain(chainID *big.Int, version string) (Deployment, error) {
	if version != "" && version != version130 {
		return Deployment{}, &NoDeploymentError{ChainID: chainID, Version: version}
	}
	if chainID == nil || !chainID.IsUint64() || !slices.ContainsFunc(chains130, func(c chain) bool { return c.id == chainID.Uint64() }) {
		return Deployment{}, &NoDeploymentError{ChainID: chainID, Version: version130}
	}
	return V130(), nil
}

// NoDeploymentError says that the table has no deployment for a chain or version.
type NoDeploymentError struct {
	ChainID *big.Int
	Version string
}

func (e *NoDeploymentError) Error() string {
	if e.Version != version130 {
		return fmt.Sprintf("hybrid: version %.32q of the delegation framework is not known here, only %s", e.Version, version130)
	}
	return fmt.Sprintf("hybrid: MetaMask's delegation framework %s is not known to be on chain %s", e.Version, e.ChainID)
}

// Hint implements [account.Hinter].
func (e *NoDeploymentError) Hint() string {
	if e.Version != version130 {
		return "use " + version130 + ", or open an existing account by its address"
	}
	return "if it is there, use the canonical addresses or name your own, and check them against the chain first"
}

// EntryPointError says that a deployment does not go with an EntryPoint.
type EntryPointError struct{ EntryPoint userop.EntryPoint }

func (e *EntryPointError) Error() string {
	if e.EntryPoint == nil {
		return "hybrid: the deployment names no EntryPoint"
	}
	return fmt.Sprintf("hybrid: there is no account of framework %s for %s", version130, e.EntryPoint)
}

// Hint implements [account.Hinter].
func (e *EntryPointError) Hint() string {
	return "Hybrid accounts live on EntryPoint 0.7; EIP-7702 accounts on 0.7, and on 0.8 and 0.9 where somebody deployed them"
}

// check refuses a deployment that lacks what an account needs.
func (d Deployment) check() error {
	if d.EntryPoint != userop.V07 {
		return &EntryPointError{d.EntryPoint}
	}
	for _, c := range []struct {
		name string
		addr common.Address
	}{{"Factory", d.Factory}, {"Implementation", d.Implementation}, {"DelegationManager", d.DelegationManager}} {
		if c.addr == (common.Address{}) {
			return fmt.Errorf("hybrid: the deployment has no %s address", c.name)
		}
	}
	return nil
}

var (
	_ account.Hinter = (*NoDeploymentError)(nil)
	_ account.Hinter = (*EntryPointError)(nil)
)
