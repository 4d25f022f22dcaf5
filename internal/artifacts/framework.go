package artifacts

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// FrameworkVersion is the version of MetaMask's Delegation Framework that [Set.Framework] returns.
const FrameworkVersion = "1.3.0"

const frameworkPackage, frameworkPackageVersion = "@metamask/delegation-abis", "2.0.0"

// Names of the framework's contracts, as their sources have them.
const (
	P256Library        = "SCL_RIP7212" // a library that verifies P-256, linked into HybridDeleGator
	DelegationManager  = "DelegationManager"
	SimpleFactory      = "SimpleFactory"
	HybridDeleGator    = "HybridDeleGator"           // the implementation behind every Hybrid account
	StatelessDeleGator = "EIP7702StatelessDeleGator" // the code that an EIP-7702 account delegates to
)

// Creation is a contract and how it comes to its address: by CREATE2 through [Deployer].
type Creation struct {
	Name    string
	Address common.Address
	Salt    common.Hash
	Code    []byte // creation code and constructor arguments
}

// Calldata is what the deployment factory is sent: salt‖code.
func (c *Creation) Calldata() []byte { return append(c.Salt.Bytes(), c.Code...) }

func newCreation(name string, salt common.Hash, code []byte) Creation {
	return Creation{name, crypto.CreateAddress2(Deployer, salt, crypto.Keccak256(code)), salt, code}
}

// frameworkContract says what makes the package's code the code on public networks. The npm build differs
// from it in the metadata hash alone; with the deployed one put back, the code leads to the deployed address,
// and that is the proof.
type frameworkContract struct {
	name      string
	address   common.Address
	salt      common.Hash
	metadata  common.Hash // of the deployed code, from the repository's record of the deployment
	library   string      // full name of the library it is linked to, empty for none
	arguments []common.Address
}

var (
	gator = common.Hash{'G', 'A', 'T', 'O', 'R'}

	frameworkOwner      = common.HexToAddress("0xB0403B32f54d0Bd752113f4009e8B534C6669f44")
	frameworkEntryPoint = common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032") // 0.7
	delegationManager   = common.HexToAddress("0xdb9B1e94B5b69Df7e401DDbedE43491141047dB3")
	p256Library         = common.HexToAddress("0xccd3b747f3dbd349fa3af4ebc7d0c31ae6f21dd1")
)

// framework lists the contracts in an order in which they can be deployed.
var framework = []frameworkContract{
	{name: P256Library, address: p256Library,
		metadata: common.HexToHash("0xdb42f6eb4dd2e44ebbcdfb0e0c9211fa08a46e54bcbeaa686b43ab15003964fe")},
	{name: DelegationManager, address: delegationManager, salt: gator,
		metadata:  common.HexToHash("0xc2284ea0163aafd9aee402e7645e9db93d0c27667921732dd0458883520a4752"),
		arguments: []common.Address{frameworkOwner}},
	{name: SimpleFactory, address: common.HexToAddress("0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c"), salt: gator,
		metadata: common.HexToHash("0xc5ebe4333fa061619df2864b76011685b4a25867b9958ff350b638fd1a460aaa")},
	{name: HybridDeleGator, address: common.HexToAddress("0x48dBe696A4D990079e039489bA2053B36E8FFEC4"), salt: gator,
		metadata:  common.HexToHash("0x0d163878bfa2b037deeac3ef528ca59754c074b28dca72539f88c3723e9e6192"),
		library:   "lib/SCL/src/lib/libSCL_RIP7212.sol:SCL_RIP7212",
		arguments: []common.Address{delegationManager, frameworkEntryPoint}},
	{name: StatelessDeleGator, address: common.HexToAddress("0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B"), salt: gator,
		metadata:  common.HexToHash("0xd057b8f9a4d5cb46c51c1004ce8cae8dcd3c06323da26ccdfd3dd38584a43adb"),
		arguments: []common.Address{delegationManager, frameworkEntryPoint}},
}

// Framework returns MetaMask's Delegation Framework as it stands on public networks – the same code at the
// same addresses, each proven by CREATE2 – in an order in which it can be deployed. What it holds is made
// for EntryPoint 0.7.
func (s *Set) Framework() ([]Creation, error) {
	var list []Creation
	for _, c := range framework {
		made, err := s.build(c)
		if err == nil && made.Address != c.address {
			err = fmt.Errorf("the code leads to %s, not to %s: %w", made.Address, c.address, ErrIntegrity)
		}
		if err != nil {
			return nil, fmt.Errorf("artifacts: %s: %w", c.name, err)
		}
		list = append(list, made)
	}
	return list, nil
}

// Stateless returns the framework's EIP-7702 code for another EntryPoint than 0.7. MetaMask deploys none:
// the code and the salt are the official ones, the address is not.
func (s *Set) Stateless(entryPoint common.Address) (Creation, error) {
	c := framework[len(framework)-1]
	c.arguments = []common.Address{delegationManager, entryPoint}
	made, err := s.build(c)
	if err != nil {
		return Creation{}, fmt.Errorf("artifacts: %s: %w", c.name, err)
	}
	return made, nil
}

// build makes a contract's creation code out of the package's.
func (s *Set) build(c frameworkContract) (made Creation, err error) {
	module, err := s.File(frameworkPackage, frameworkPackageVersion, "dist/bytecode/"+c.name+".mjs")
	if err != nil {
		return made, err
	}
	text, err := parseBytecode(module, c.name)
	if err == nil && c.library != "" {
		text, err = link(text, c.library, p256Library)
	}
	if err != nil {
		return made, err
	}
	code, err := decode(text)
	if err != nil {
		return made, err
	}
	if err := setMetadata(code, c.metadata); err != nil {
		return made, err
	}
	for _, a := range c.arguments {
		code = append(code, common.LeftPadBytes(a[:], 32)...)
	}
	return newCreation(c.name, c.salt, code), nil
}
