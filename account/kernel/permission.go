// Permissions: a signer under policies, as Kernel 3 knows them.

package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/passkey"
)

// The flags of a permission's signer, and of each policy: what it does not look at.
const (
	FlagAll         uint16 = 0
	FlagNotOps      uint16 = 1 // a signer with it signs no operations; a policy is not asked about them
	FlagNotMessages uint16 = 2 // a signer with it signs no messages (ERC-1271); a policy is not asked about them
)

// maxPolicies is one less than Kernel's 254 entries: the signer is one.
const maxPolicies = 253

// entryHeader is flag (2) ‖ contract (20).
const entryHeader = 22

// maxEnableData bounds what is decoded: far above what fits into a block.
const maxEnableData = 1 << 20

// Signer is a contract that checks a permission's signatures, with the data by
// which it knows the key.
type Signer struct {
	Contract common.Address
	Data     []byte
}

var (
	ecdsaSigner = common.HexToAddress("0x6A6F069E2a08c2468e7724Ab3250CdBFBA14D4FF")

	// webAuthnSigners are oldest first; the last one is good.
	webAuthnSigners = []struct {
		version  string
		contract common.Address
	}{
		{"0.0.1", common.HexToAddress("0x8AA55d4BfAE101609078681A69B5bc3181516612")},
		{"0.0.2", common.HexToAddress("0x58625164e306242c7613223bDeb68fbe11300606")},
		{"0.0.3", common.HexToAddress("0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83")},
		{"0.0.4", common.HexToAddress("0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3")},
	}
)

// ECDSASigner is a secp256k1 key as a permission's signer.
func ECDSASigner(key common.Address) Signer { return Signer{ecdsaSigner, key.Bytes()} }

// WebAuthnSigner is a passkey as a permission's signer, of version 0.0.4: the only
// one without the hole that [VulnerableError] tells of.
func WebAuthnSigner(key passkey.PublicKey, credential common.Hash) Signer {
	return Signer{webAuthnSigners[len(webAuthnSigners)-1].contract, webAuthnData(key, credential)}
}

// ECDSA is the key of an ECDSA signer.
func (s Signer) ECDSA() (common.Address, bool) {
	if s.Contract != ecdsaSigner || len(s.Data) != common.AddressLength {
		return common.Address{}, false
	}
	return common.Address(s.Data), true
}

// WebAuthn is the key of a WebAuthn signer, of whatever version.
func (s Signer) WebAuthn() (key passkey.PublicKey, credential common.Hash, ok bool) {
	if s.webAuthnVersion() == "" || len(s.Data) != 96 {
		return passkey.PublicKey{}, common.Hash{}, false
	}
	key, err := passkey.ParseRaw(s.Data[:64])
	return key, common.Hash(s.Data[64:]), err == nil
}

func (s Signer) webAuthnVersion() string {
	for _, w := range webAuthnSigners {
		if w.contract == s.Contract {
			return w.version
		}
	}
	return ""
}

// Check refuses signers with a known hole, and such as name no key. A contract that
// is not known passes.
func (s Signer) Check() error {
	if v := s.webAuthnVersion(); v != "" {
		if s.Contract != webAuthnSigners[len(webAuthnSigners)-1].contract {
			return &VulnerableError{What: "WebAuthn signer " + v, Contract: s.Contract}
		}
		if _, _, ok := s.WebAuthn(); !ok {
			return fmt.Errorf("%w: the WebAuthn signer's data is no point of the curve and hash", ErrNoOwner)
		}
	}
	if s.Contract == ecdsaSigner {
		if key, ok := s.ECDSA(); !ok || key == (common.Address{}) {
			return fmt.Errorf("%w: the ECDSA signer's data is no address", ErrNoOwner)
		}
	}
	return nil
}

// Permission is a signer and the policies that bind it. All policies must agree.
type Permission struct {
	// Policies are flag (2) ‖ contract (20) ‖ data each, in order, which counts. None
	// at all means that the signer may do everything.
	Policies [][]byte
	Signer   Signer
	// Flag says what the signer does not sign at all.
	Flag uint16
}

// Check refuses what Kernel cannot install and signers with known holes. That an
// empty list of policies is no limit at all is for the caller to say.
func (p Permission) Check() error {
	if len(p.Policies) > maxPolicies {
		return fmt.Errorf("kernel: %d policies, Kernel takes %d", len(p.Policies), maxPolicies)
	}
	for i, e := range p.Policies {
		if len(e) < entryHeader {
			return fmt.Errorf("kernel: policy %d: %d bytes are no flag and contract", i, len(e))
		}
	}
	return p.Signer.Check()
}

// ID is the first four bytes of a hash of policies, flag and signer. It depends on
// no account, chain or version of Kernel; the same permission again has the same id,
// and cannot be installed again once it was revoked.
func (p Permission) ID() PermissionID {
	all := encodeBytesArray([][]byte{encodeBytesArray(p.Policies), binary.BigEndian.AppendUint16(nil, p.Flag), signerID(p.Signer)})
	return PermissionID(crypto.Keccak256(all))
}

// signerID is abi.encode(bytes contract ‖ data).
func signerID(s Signer) []byte {
	b := slices.Concat(s.Contract[:], s.Data)
	return slices.Concat(word(32), word(len(b)), padRight(b))
}

// EnableData is abi.encode(bytes[]): the policies, then flag ‖ signer's contract ‖
// its data.
func (p Permission) EnableData() []byte {
	last := binary.BigEndian.AppendUint16(make([]byte, 0, entryHeader+len(p.Signer.Data)), p.Flag)
	last = append(append(last, p.Signer.Contract[:]...), p.Signer.Data...)
	return encodeBytesArray(append(slices.Clone(p.Policies), last))
}

// ParseEnableData is the inverse of [Permission.EnableData]. It reads nothing but
// what that writes, of any signer: [Permission.Check] judges.
func ParseEnableData(b []byte) (Permission, error) {
	if len(b) > maxEnableData {
		return Permission{}, fmt.Errorf("%w: %d bytes", ErrEnableData, len(b))
	}
	values, err := abiargs.Unpack(bytesArray, b)
	if err != nil {
		return Permission{}, fmt.Errorf("%w: %w", ErrEnableData, err)
	}
	entries := values[0].([][]byte)
	if len(entries) == 0 || len(entries) > maxPolicies+1 {
		return Permission{}, fmt.Errorf("%w: %d entries", ErrEnableData, len(entries))
	}
	for i, e := range entries {
		if len(e) < entryHeader {
			return Permission{}, fmt.Errorf("%w: entry %d has %d bytes, too few for a flag and a contract", ErrEnableData, i, len(e))
		}
	}
	policies, last := entries[:len(entries)-1], entries[len(entries)-1]
	return Permission{
		Policies: policies,
		Flag:     binary.BigEndian.Uint16(last),
		Signer:   Signer{common.Address(last[2:entryHeader]), last[entryHeader:]},
	}, nil
}
