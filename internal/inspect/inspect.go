// Package inspect recognises what people copy out of consoles, logs and block
// explorers when a passkey and an account do not get along – ceremony replies,
// keys, signatures, operations, calldata, revert data – and explains it: what it is,
// what it says, everything that is wrong with it, where that usually comes from and
// what to do.
//
// Start with [Inspect]. It needs no network and no memory of earlier calls. What
// it is told in [Options] it checks against; what it is not told it leaves open.
//
// Promised: it never panics, whatever the input; work and memory are bounded by the
// length of the input, which is at most [MaxInput]; the same input gives the same
// report. Not promised: that a report without errors is accepted by a chain. It does
// not know the chain's state – nonces, balances, installed keys.
package inspect

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// MaxInput is the longest input in bytes, as written.
const MaxInput = 1 << 20

// maxDepth bounds how often things may be wrapped in each other: a JSON-RPC request
// around an operation around a signature around an assertion around its parts is six.
const maxDepth = 8

var (
	// ErrTooLong is returned for an input longer than MaxInput.
	ErrTooLong = fmt.Errorf("inspect: the input is longer than %d bytes", MaxInput)
	// ErrEmpty is returned for an input without content.
	ErrEmpty = errors.New("inspect: the input is empty")
	// ErrUnknown is returned when nothing is recognised.
	ErrUnknown = errors.New("inspect: not recognised")
)

// Options is what the caller knows. Each zero value means: not known, not checked.
type Options struct {
	// Challenge that should have been signed: for most account kinds the hash of the
	// operation.
	Challenge []byte
	// RPID is the relying party's ID, a domain.
	RPID string
	// Origins that are accepted, such as "https://example.org".
	Origins []string
	// Key that should have signed.
	Key passkey.PublicKey
	// EntryPoint that the operation goes to; nil tries all.
	EntryPoint userop.EntryPoint
	// ChainID of the chain the operation goes to.
	ChainID *big.Int
	// Account that the signature is for.
	Account *common.Address
	// CredentialID of the passkey in question, as bytes.
	CredentialID []byte
	// KeyIDHash is the hash by which a MetaMask account knows the key, as its
	// getKeyIdHashes() lists it.
	KeyIDHash *common.Hash
}

// Inspect recognises and explains input: bytes as they are, or hex, base64url,
// base64, PEM, JSON or a bundler's error text.
func Inspect(input []byte, opt Options) (*Report, error) {
	if len(input) > MaxInput {
		return nil, ErrTooLong
	}
	candidates := decode(input)
	if len(candidates) == 0 {
		return nil, ErrEmpty
	}
	in := &inspector{opt: opt}
	var best *Report
	for _, c := range candidates {
		readings := in.readAs(c)
		if len(readings) == 0 {
			continue
		}
		if c.note != nil {
			readings[0].Findings = append([]Finding{*c.note}, readings[0].Findings...)
		}
		if best == nil {
			best = &Report{Encoding: c.encoding, Bytes: len(c.data)}
		} else if readings[0].Likelihood.rank() < best.Readings[0].Likelihood.rank() {
			best.Encoding, best.Bytes = c.encoding, len(c.data)
		}
		best.Readings = rank(append(best.Readings, readings...))
	}
	if best == nil {
		c := candidates[0]
		return nil, fmt.Errorf("%w: %d bytes of %s", ErrUnknown, len(c.data), c.encoding)
	}
	best.OK = best.Readings[0].ok()
	return best, nil
}

// An inspector holds what is known while an input is taken apart.
type inspector struct {
	opt   Options
	depth int
	op    *opContext // the operation around the signature that is being explained
}

// recognisers in the order in which equally likely readings are listed.
func (in *inspector) recognisers() []func([]byte) (Reading, bool) {
	return []func([]byte) (Reading, bool){
		in.jsonDocument, in.attestationObject, in.coseKey, in.spki, in.sec1, in.rawKey,
		in.authenticatorData, in.derSignature, in.flowMessage, in.flowExtension, in.flowTransactionBytes, in.handleOps, in.accountCall, in.revertData,
		in.erc6492, in.posternSignature, in.posternSigner, in.posternUserHandle, in.verifierCall, in.verifierKey, in.verifierSignature, in.hybridSignature, in.kernelSignature,
		in.coinbaseSignature, in.openZeppelinSignature, in.safeSignature, in.soladyCompact,
		in.ecdsaSignature, in.p1363, in.kernelNonce, in.address, in.word, in.metaMaskKeyID, in.bundlerText,
	}
}

// readAs reads a candidate: text and JSON are not bytes of something else.
func (in *inspector) readAs(c candidate) []Reading {
	recognise := in.bundlerText
	switch c.encoding {
	case "json":
		recognise = in.jsonDocument
	case "text":
		if r, ok := in.sealedApproval(c.data); ok {
			return []Reading{r}
		}
	case "number":
		recognise = in.kernelNonce
	case "base64url":
		if r, ok := credentialID(c.data); ok {
			others := slices.DeleteFunc(in.read(c.data), func(r Reading) bool { return r.Kind == "address" }) // which nobody writes so
			return rank(append([]Reading{r}, others...))
		}
		return in.read(c.data)
	default:
		return in.read(c.data)
	}
	if r, ok := recognise(c.data); ok {
		return []Reading{r}
	}
	return nil
}

// read lists the readings of b, most plausible first.
func (in *inspector) read(b []byte) []Reading {
	if len(b) == 0 || in.depth >= maxDepth {
		return nil
	}
	in.depth++
	defer func() { in.depth-- }()
	var out []Reading
	for _, recognise := range in.recognisers() {
		if r, ok := recognise(b); ok {
			out = append(out, r)
		}
	}
	return rank(out)
}

// part explains b as something inside another reading; the best reading wins.
func (in *inspector) part(b []byte) (Reading, bool) {
	readings := in.read(b)
	if len(readings) == 0 {
		return Reading{}, false
	}
	return readings[0], true
}
