// What code MetaMask's contracts are, whatever chain and address they are at.

package hybrid

import (
	"bytes"
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
)

// The keccak256 of each contract's code of framework 1.3.0 after mask. Made from
// MetaMask's creation code; a test makes them again.
var (
	codeFactory   = contractCode{"SimpleFactory", common.HexToHash("0x98765cb5f0406ae73883545e4f8c81020b97e2492023d398e0f44890c7b4ccac")}
	codeHybrid    = contractCode{seal.MetaMaskHybrid, common.HexToHash("0xc5b413e59ac9dae389a0b02c379eb1583ab36a7a55fa68c138e358cedf29c3d9")}
	codeStateless = contractCode{seal.MetaMaskStateless, common.HexToHash("0xdbb71f385c78299317def6b31675c7ccf6dce66fcec311954d2450c4f7128c6e")}
	codeManager   = contractCode{"DelegationManager", common.HexToHash("0x09ce674dcab8aa0ffe098a6bdaae7d11104e591d10994b5515ad670291f3c742")}
	codeLibrary   = contractCode{"SCL_RIP7212", common.HexToHash("0x94a438aa074d088b9a36471c2a238290efe5d0733a9de0276397ef9454547f8b")}
	codeProxy     = contractCode{"ERC1967Proxy", common.HexToHash("0x10ff7eddc6f4afd53cd5a09e7816464f05a0e81b79b75de62ea9c5c97e79b65e")}
)

// contractCode is a contract by its name – which is also that of its EIP-712
// domain, where it has one – and the hash of its masked code.
type contractCode struct {
	name string
	hash common.Hash
}

// CodeError says that a contract is not what it should be.
type CodeError struct {
	Name    string // "HybridDeleGator"
	Address common.Address
	Missing bool // there is no code at all
}

func (e *CodeError) Error() string {
	if e.Missing {
		return fmt.Sprintf("hybrid: there is no %s at %s on this chain", e.Name, e.Address)
	}
	return fmt.Sprintf("hybrid: the contract at %s is not MetaMask's %s %s, or it was made for other contracts than this deployment names", e.Address, e.Name, version130)
}

// Hint implements [account.Hinter].
func (e *CodeError) Hint() string {
	if e.Missing {
		return "check chain and deployment; the canonical contracts can be deployed by anybody, at the same addresses"
	}
	return "do not use it: whoever wrote it may control the accounts made of it"
}

var _ account.Hinter = (*CodeError)(nil)

// Check asks the chain whether the contracts that a Hybrid account rests on –
// factory, implementation, DelegationManager, P-256 library – are MetaMask's own of
// framework 1.3.0, made for each other and for the EntryPoint that d names. The
// error is a *[CodeError] if not. It is the node's word.
func (d Deployment) Check(ctx context.Context, ch account.Chain) error {
	if err := d.check(); err != nil {
		return err
	}
	return d.checkCodes(ctx, ch, map[contractCode]common.Address{
		codeFactory: d.Factory, codeHybrid: d.Implementation, codeManager: d.DelegationManager, codeLibrary: d.P256,
	})
}

// CheckStateless is [Deployment.Check] for what an EIP-7702 account rests on.
func (d Deployment) CheckStateless(ctx context.Context, ch account.Chain) error {
	if d.EntryPoint == nil || d.Stateless == (common.Address{}) {
		return &EntryPointError{d.EntryPoint}
	}
	return d.checkCodes(ctx, ch, map[contractCode]common.Address{codeStateless: d.Stateless, codeManager: d.DelegationManager})
}

func (d Deployment) checkCodes(ctx context.Context, ch account.Chain, want map[contractCode]common.Address) error {
	chainID, err := ch.ChainID(ctx)
	if err != nil {
		return fmt.Errorf("hybrid: ask the node for its chain: %w", err)
	}
	for c, addr := range want {
		code, err := ch.Code(ctx, addr)
		if err != nil {
			return fmt.Errorf("hybrid: read the code of %s: %w", c.name, err)
		}
		if len(code) == 0 || crypto.Keccak256Hash(d.mask(c.name, addr, chainID, code)) != c.hash {
			return &CodeError{Name: c.name, Address: addr, Missing: len(code) == 0}
		}
	}
	return nil
}

// Opcodes in front of the words that differ from deployment to deployment.
const (
	push20 = 0x73
	push32 = 0x7f
)

// metadataHead is what solc writes before the hash of the sources' metadata, which
// is not executed and differs from build to build.
var metadataHead = []byte("\xa2\x64ipfs\x58\x22\x12\x20")

// mask puts a name in the place of every word that depends on where a contract
// stands and what it was made for. A contract made for other contracts keeps
// their addresses, and so gets another hash.
func (d Deployment) mask(name string, self common.Address, chainID *big.Int, code []byte) []byte {
	domain := seal.Domain{Name: name, Version: "1", ChainID: chainID, Account: self}
	separator := domain.Separator()
	for _, w := range []struct {
		name string
		word []byte
	}{
		{"self", common.LeftPadBytes(self[:], 32)},
		{"entry point", common.LeftPadBytes(d.EntryPoint.Address().Bytes(), 32)},
		{"delegation manager", common.LeftPadBytes(d.DelegationManager[:], 32)},
		{"chain id", common.BigToHash(chainID).Bytes()},
		{"domain separator", separator[:]},
	} {
		code = bytes.ReplaceAll(code, append([]byte{push32}, w.word...), named(push32, w.name, 32))
	}
	code = bytes.ReplaceAll(code, append([]byte{push20}, self[:]...), named(push20, "self", 20)) // of a library
	code = bytes.ReplaceAll(code, append([]byte{push20}, d.P256[:]...), named(push20, "library", 20))
	if i := bytes.LastIndex(code, metadataHead); i >= 0 && len(code) >= i+len(metadataHead)+32 {
		copy(code[i+len(metadataHead):], make([]byte, 32)) // the code is a copy by now
	}
	return code
}

func named(opcode byte, name string, size int) []byte {
	return append([]byte{opcode}, common.LeftPadBytes([]byte(name), size)...)
}
