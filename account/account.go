package account

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Call is one call that an account makes: the unit of everything that happens to
// it. A nil Value is zero.
type Call struct {
	To    common.Address `json:"to"`
	Value *big.Int       `json:"value,omitempty"` // wei
	Data  []byte         `json:"data,omitempty"`
}

// Account is what the chain sees.
type Account interface {
	// Address is known without asking a chain, also before deployment.
	Address() common.Address
	// EntryPoint is the one version the account answers to.
	EntryPoint() userop.EntryPoint
	// Factory returns the factory and its call data that deploy the account at
	// Address. The zero address means that it cannot be deployed from here: it
	// was attached by address.
	Factory() (factory common.Address, data []byte)
	// EncodeCalls returns the operation's callData.
	EncodeCalls(calls []Call) ([]byte, error)
}

// Authority is who approves, and how approval is written.
type Authority interface {
	// NonceKey is the 192-bit key of the nonce sequence that it uses.
	NonceKey() *big.Int
	// Stub is a signature for estimation: of worst-case length, never shorter
	// than a real one, and costing as much gas to refuse as a real one to accept.
	Stub() []byte
	// Challenge states what must be signed and which approval will do.
	Challenge(op *userop.Op, chainID *big.Int) (Challenge, error)
	// Seal writes an approval as the account's signature bytes. The approval has
	// been verified against the challenge before.
	Seal(op *userop.Op, a Approval) ([]byte, error)
}

// Describer is an ability of accounts that can say in words what some calls mean
// to them ("add the passkey 0x12…"), for summaries.
type Describer interface {
	DescribeCall(c Call) (words string, ok bool)
}

// Warner is an ability of accounts that know what is dangerous about calls, also
// about such as they cannot describe. Without it every described call passes
// without a warning.
type Warner interface {
	WarnCall(c Call) string // "" for a harmless call
}

// Namer is an ability of authorities that can say in words who approves.
type Namer interface {
	Name() string
}
