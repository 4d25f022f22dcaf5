package guardian

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

// UseModule has digests name another module for one test.
func UseModule(t *testing.T, module common.Address) {
	before := Module
	Module = module
	t.Cleanup(func() { Module = before })
}

var MaxLeaves, MaxProof, MaxSignature = maxLeaves, maxProof, maxSignature
