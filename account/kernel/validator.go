// Validators: whom the root of an account obeys.

package kernel

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// Validator is a contract that checks signatures for accounts, with the data by
// which it knows the owner: [ECDSA], [MultiChainECDSA], [WebAuthn] or
// [MultiChainWebAuthn].
type Validator interface {
	// Contract is the validator's address for a version of Kernel. It refuses
	// validators with known holes, and such as the version cannot have.
	Contract(Version) (common.Address, error)
	// InitData is what the contract is installed with.
	InitData() []byte
	// String says in words who it is.
	String() string

	check() error
}

// ECDSA obeys a secp256k1 key. The contract takes a signature of the operation's
// hash with or without the prefix of EIP-191.
type ECDSA struct{ Owner common.Address }

// MultiChainECDSA obeys a secp256k1 key, which may also sign the root of a Merkle
// tree of hashes: several operations, or approvals for several chains, at once.
type MultiChainECDSA struct{ Owner common.Address }

// WebAuthn obeys a passkey.
type WebAuthn struct {
	Key passkey.PublicKey
	// CredentialHash is the keccak256 of the raw credential id ([CredentialHash]).
	// The contract only announces it in an event.
	CredentialHash common.Hash
	// Version of the validator's contract; "" is the newest, 0.0.3.
	Version ValidatorVersion
	// DangerVulnerable admits the versions with the known hole: for an account that
	// has one, so that it can move to another.
	DangerVulnerable bool
}

// MultiChainWebAuthn obeys a passkey, which may also sign the root of a Merkle tree
// of hashes. Unverified: its contract was run as compiled from a branch of its makers'
// repository, 0.0.2 with their mended library; that the deployed one is the same is
// not shown (docs/testing.md).
type MultiChainWebAuthn struct {
	Key            passkey.PublicKey
	CredentialHash common.Hash
	// Version of the validator's contract; "" is 0.0.2. ZeroDev calls 0.0.1 unpatched,
	// which is yet the one that its npm packages know.
	Version ValidatorVersion
	// DangerVulnerable admits 0.0.1.
	DangerVulnerable bool
}

// ValidatorVersion is a version of the WebAuthn validators' contracts.
type ValidatorVersion string

// The versions of the WebAuthn validator. All but the last accept a signature of
// anything by the same passkey: see [VulnerableError]. The multi-chain one has the
// first two.
const (
	WebAuthn001 ValidatorVersion = "0.0.1"
	WebAuthn002 ValidatorVersion = "0.0.2"
	WebAuthn003 ValidatorVersion = "0.0.3"
)

var (
	multiChainECDSA    = common.HexToAddress("0x5C97aA67Ba578E3c54ec5942A7563Ea9130E4f5F")
	multiChainWebAuthn = map[ValidatorVersion]common.Address{
		WebAuthn001: common.HexToAddress("0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70"),
		WebAuthn002: common.HexToAddress("0xF98365FAD8403C340b1D5F017b2EBdaE641104ff"),
	}

	// webAuthn02 is the only one for Kernel 0.0.2 and 0.2.x.
	webAuthn02 = common.HexToAddress("0x1e02Ff20b604C2B2809193917Ea22D8602126837")
	webAuthn03 = map[ValidatorVersion]common.Address{
		WebAuthn001: common.HexToAddress("0xD990393C670dCcE8b4d8F858FB98c9912dBFAa06"),
		WebAuthn002: common.HexToAddress("0xbA45a2BFb8De3D24cA9D7F1B551E14dFF5d690Fd"),
		WebAuthn003: common.HexToAddress("0x7ab16Ff354AcB328452F1D445b3Ddee9a91e9e69"),
	}
)

// VulnerableError says that a contract has a known hole.
type VulnerableError struct {
	What     string // "WebAuthn validator 0.0.2"
	Contract common.Address
}

func (e *VulnerableError) Error() string {
	return fmt.Sprintf("kernel: the %s (%s) skips the check of the challenge if the signature tells it to: any signature of the passkey approves anything", e.What, e.Contract)
}

// Hint names what to use instead.
func (e *VulnerableError) Hint() string {
	return "use the WebAuthn validator 0.0.3, the multi-chain one 0.0.2 or the WebAuthn signer 0.0.4; an account that has the old one moves with ChangeRoot"
}

// UnsupportedError says that a version of Kernel cannot have or do something.
type UnsupportedError struct {
	Version Version
	What    string // "has no permissions"
	Way     string // the way out
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("kernel: Kernel %s %s", e.Version, e.What)
}

// Hint is the way out.
func (e *UnsupportedError) Hint() string { return e.Way }

func known(v Version) error {
	_, err := ForVersion(v, nil)
	return err
}

// Contract implements [Validator].
func (ECDSA) Contract(v Version) (common.Address, error) {
	d, err := ForVersion(v, nil)
	return d.ECDSA, err
}

// Contract implements [Validator].
func (MultiChainECDSA) Contract(v Version) (common.Address, error) {
	return onlyV3(v, multiChainECDSA)
}

// Contract implements [Validator].
func (w MultiChainWebAuthn) Contract(v Version) (common.Address, error) {
	version := w.Version
	if version == "" {
		version = WebAuthn002
	}
	contract, err := onlyV3(v, multiChainWebAuthn[version])
	switch {
	case err != nil:
		return common.Address{}, err
	case contract == (common.Address{}):
		return contract, &UnsupportedError{Version: v, What: fmt.Sprintf("has no multi-chain WebAuthn validator %.20q", string(version)), Way: "use 0.0.2"}
	case version == WebAuthn001 && !w.DangerVulnerable:
		return common.Address{}, &VulnerableError{What: "multi-chain WebAuthn validator " + string(version), Contract: contract}
	}
	return contract, nil
}

func onlyV3(v Version, a common.Address) (common.Address, error) {
	if err := known(v); err != nil {
		return common.Address{}, err
	}
	if !v.V3() {
		return common.Address{}, &UnsupportedError{Version: v, What: "has no multi-chain validators", Way: "use Kernel 0.3.1 or later"}
	}
	return a, nil
}

// Contract implements [Validator].
func (w WebAuthn) Contract(v Version) (common.Address, error) {
	if err := known(v); err != nil {
		return common.Address{}, err
	}
	version := w.version()
	contract, ok := webAuthn03[version]
	if !v.V3() {
		if w.Version == "" {
			version = WebAuthn001
		}
		contract, ok = webAuthn02, version == WebAuthn001
	}
	switch {
	case !ok:
		return common.Address{}, &UnsupportedError{Version: v, What: fmt.Sprintf("has no WebAuthn validator %.20q", string(version)), Way: "use WebAuthn validator 0.0.3 on Kernel 0.3.x"}
	case version != WebAuthn003 && !w.DangerVulnerable:
		return common.Address{}, &VulnerableError{What: "WebAuthn validator " + string(version), Contract: contract}
	}
	return contract, nil
}

func (w WebAuthn) version() ValidatorVersion {
	if w.Version == "" {
		return WebAuthn003
	}
	return w.Version
}

// InitData implements [Validator]: the owner's 20 bytes.
func (e ECDSA) InitData() []byte { return e.Owner.Bytes() }

// InitData implements [Validator]: the owner's 20 bytes.
func (e MultiChainECDSA) InitData() []byte { return e.Owner.Bytes() }

// InitData implements [Validator]: x ‖ y ‖ hash of the credential id.
func (w WebAuthn) InitData() []byte { return webAuthnData(w.Key, w.CredentialHash) }

// InitData implements [Validator]: x ‖ y ‖ hash of the credential id.
func (w MultiChainWebAuthn) InitData() []byte { return webAuthnData(w.Key, w.CredentialHash) }

func webAuthnData(key passkey.PublicKey, credential common.Hash) []byte {
	return abituple.Encode(abituple.Word(key.X()), abituple.Word(key.Y()), abituple.Word(credential))
}

// CredentialHash is the keccak256 of a raw credential id, by which the validators
// and signers announce a passkey.
func CredentialHash(id []byte) common.Hash { return crypto.Keccak256Hash(id) }

func (e ECDSA) String() string           { return "the key " + e.Owner.Hex() }
func (e MultiChainECDSA) String() string { return "the key " + e.Owner.Hex() + " (multi-chain)" }
func (w WebAuthn) String() string        { return account.ShortKey(w.Key) }
func (w MultiChainWebAuthn) String() string {
	return account.ShortKey(w.Key) + " (multi-chain)"
}

func (e ECDSA) check() error              { return checkOwner(e.Owner) }
func (e MultiChainECDSA) check() error    { return checkOwner(e.Owner) }
func (w WebAuthn) check() error           { return checkKey(w.Key) }
func (w MultiChainWebAuthn) check() error { return checkKey(w.Key) }

// checkOwner refuses the address that contracts take for "not installed".
func checkOwner(a common.Address) error {
	if a == (common.Address{}) {
		return ErrNoOwner
	}
	return nil
}

func checkKey(k passkey.PublicKey) error {
	if k.IsZero() {
		return ErrNoOwner
	}
	return nil
}
