package artifacts

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

const contractsPackage = "@account-abstraction/contracts"

// Deployer is the deterministic deployment factory (Arachnid's, now EIP-7997): calldata is a
// 32-byte salt followed by creation code.
var Deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// Release says what is published of one EntryPoint version and how it got its address.
type Release struct {
	Version string // "0.6", "0.7", "0.8", "0.9"
	Package string // npm version the bytecode is taken from
	Address common.Address
	// Salt is the CREATE2 salt that gives Address through [Deployer]. It has no meaning when
	// Candidate is set.
	Salt common.Hash
	// CodeHash is keccak256 of the creation code.
	CodeHash common.Hash
	// Candidate: the package is a release candidate. Its code is not the code at Address on public
	// networks, and CREATE2 does not lead to Address.
	Candidate bool
}

// Releases lists the EntryPoints, oldest first.
func Releases() []Release {
	return []Release{
		{"0.6", "0.6.0", common.HexToAddress("0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
			common.Hash{}, common.HexToHash("0x7af81bb089cbbd117f52b96bebd684df6da9f4085c8d924358272f2506fe836b"), false},
		{"0.7", "0.7.0", common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032"),
			common.HexToHash("0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3"), common.HexToHash("0x30516d9cdbeabfaf62ea32d081a10ee3b95b92e5549cfc86353bbe85741c1404"), false},
		{"0.8", "0.8.0", common.HexToAddress("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
			common.HexToHash("0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9"), common.HexToHash("0x2a7c999e10f113d5f71f2abb9069a95091852afbd016309139559b9e47bb59dd"), false},
		{"0.9", "0.9.0-rc.1", common.HexToAddress("0x433709009B8330FDa32311DF1C2AFA402eD8D009"),
			common.Hash{}, common.HexToHash("0xcd48696533517f2b0bccdf4f5e247cf7c5f012a1f809898b97de3b69121f5759"), true},
	}
}

// EntryPoint returns the creation code of an EntryPoint version ("0.6" … "0.9"). That the code
// leads to the canonical address has been checked; the one release candidate is checked by hash.
func (s *Set) EntryPoint(version string) ([]byte, error) {
	for _, r := range Releases() {
		if r.Version != version {
			continue
		}
		code, _, err := s.Contract(r.Package, "EntryPoint")
		if err != nil {
			return nil, err
		}
		hash := crypto.Keccak256Hash(code)
		if hash != r.CodeHash || !r.Candidate && crypto.CreateAddress2(Deployer, r.Salt, hash[:]) != r.Address {
			return nil, fmt.Errorf("artifacts: EntryPoint %s has creation code %s: %w", version, hash, ErrIntegrity)
		}
		return code, nil
	}
	return nil, fmt.Errorf("artifacts: EntryPoint %q: %w", version, ErrNotPinned)
}

// Contract returns the creation code and the ABI (JSON) of a contract of an
// @account-abstraction/contracts version. Besides "EntryPoint" there are "SimpleAccount" and
// "SimpleAccountFactory", for tests.
func (s *Set) Contract(version, name string) (code, abi []byte, err error) {
	data, err := s.File(contractsPackage, version, "artifacts/"+name+".json")
	if err != nil {
		return nil, nil, err
	}
	var artifact struct {
		ABI      json.RawMessage `json:"abi"`
		Bytecode string          `json:"bytecode"`
	}
	if err := json.Unmarshal(data, &artifact); err != nil {
		return nil, nil, fmt.Errorf("artifacts: %s %s: %w: %w", name, version, ErrMalformed, err)
	}
	code, err = hex.DecodeString(strings.TrimPrefix(artifact.Bytecode, "0x"))
	if err != nil || len(code) == 0 {
		return nil, nil, fmt.Errorf("artifacts: bytecode of %s %s: %w", name, version, ErrMalformed)
	}
	return code, artifact.ABI, nil
}
