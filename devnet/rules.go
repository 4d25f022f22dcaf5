package devnet

import (
	"math/big"

	"github.com/ethereum/go-ethereum/params"
)

// Rules is the hard fork a chain runs.
type Rules uint8

const (
	// Osaka has the P256VERIFY precompile (EIP-7951) at 0x100 and caps a transaction at 2^24 gas.
	Osaka Rules = iota
	// Prague has no P256VERIFY: accounts must verify passkeys in contract code.
	Prague
)

func (r Rules) String() string {
	if r == Prague {
		return "prague"
	}
	return "osaka"
}

// chainConfig gives every fork up to r from the genesis block on.
func (r Rules) chainConfig(chainID uint64) *params.ChainConfig {
	c := *params.AllDevChainProtocolChanges
	c.ChainID = new(big.Int).SetUint64(chainID)
	c.BogotaTime = nil
	if r == Prague {
		c.OsakaTime = nil
	}
	return &c
}

// rulesOf reads the fork out of a stored configuration.
func rulesOf(c *params.ChainConfig) Rules {
	if c.OsakaTime == nil {
		return Prague
	}
	return Osaka
}
