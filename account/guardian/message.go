// What guardians, new signers and accounts sign.

package guardian

import (
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// Recovery puts a new signer in the place of others. It has the sum of their weights; the
// account's threshold stays. The guardians of a tier sign it, and so does the new signer,
// which proves that it can.
type Recovery struct {
	Account   common.Address
	Tier      uint8
	NewSigner seal.Signer
	// Table is built and used for the new signer, a passkey, in the same step; 0 is none.
	Table p256table.Format
	// CredentialIDHash is that of the new passkey; see [CredentialIDHash]. Zero for others.
	CredentialIDHash common.Hash
	Replaces         []seal.Signer // signers of the account, at least one
	Nonce            *big.Int      // of the account and tier
	Deadline         time.Time     // by which it must be proposed; whole seconds
	ConfigHash       common.Hash   // of the setup in force
}

// CredentialIDHash is keccak256 of a credential's id.
func CredentialIDHash(id []byte) common.Hash { return crypto.Keccak256Hash(id) }

func (r Recovery) fields() (string, []field) {
	return "Recover", []field{
		addressField("account", r.Account), smallField("tier", "uint8", uint64(r.Tier)), bytesField("newSigner", r.NewSigner.Bytes()),
		smallField("table", "uint8", uint64(r.Table)), hashField("credentialIdHash", r.CredentialIDHash), listField("replaces", r.Replaces),
		bigField("nonce", r.Nonce), timeField("deadline", r.Deadline), hashField("configHash", r.ConfigHash),
	}
}

// CancelRecovery ends a tier's proposal by the word of a tier's guardians.
type CancelRecovery struct {
	Account    common.Address
	Tier       uint8 // whose proposal
	By         uint8 // whose guardians: of the same tier or a quicker one
	Nonce      *big.Int
	ConfigHash common.Hash
}

func (c CancelRecovery) fields() (string, []field) {
	return "CancelRecovery", []field{
		addressField("account", c.Account), smallField("tier", "uint8", uint64(c.Tier)), smallField("by", "uint8", uint64(c.By)),
		bigField("nonce", c.Nonce), hashField("configHash", c.ConfigHash),
	}
}

// CancelAll ends all proposals by the word of the account, whose signers sign it as a
// message (ERC-1271): the digest is what the account is asked about.
type CancelAll struct {
	Account common.Address
	Nonce   *big.Int // the epoch, without a counter: see [State.CancelAll]
}

func (c CancelAll) fields() (string, []field) {
	return "CancelAll", []field{addressField("account", c.Account), bigField("nonce", c.Nonce)}
}

// Freeze stops the account for the time that its setup says.
type Freeze struct {
	Account    common.Address
	Tier       uint8
	Nonce      *big.Int // of [AnyTier]
	Deadline   time.Time
	ConfigHash common.Hash
}

func (f Freeze) fields() (string, []field) { return "Freeze", freezeFields(f) }

// Unfreeze ends a freeze early.
type Unfreeze Freeze

func (f Unfreeze) fields() (string, []field) { return "Unfreeze", freezeFields(Freeze(f)) }

func freezeFields(f Freeze) []field {
	return []field{
		addressField("account", f.Account), smallField("tier", "uint8", uint64(f.Tier)), bigField("nonce", f.Nonce),
		timeField("deadline", f.Deadline), hashField("configHash", f.ConfigHash),
	}
}

// Drill shows that a guardian can still sign. No contract accepts it.
type Drill struct {
	Account    common.Address
	Nonce      *big.Int // of [AnyTier], when the drill was begun
	Date       time.Time
	ConfigHash common.Hash
}

func (d Drill) fields() (string, []field) {
	return "Drill", []field{
		addressField("account", d.Account), bigField("nonce", d.Nonce), timeField("date", d.Date), hashField("configHash", d.ConfigHash),
	}
}

// Digest implements [Message].
func (r Recovery) Digest(chainID *big.Int) common.Hash { return digest(r, chainID) }

// Digest implements [Message].
func (c CancelRecovery) Digest(chainID *big.Int) common.Hash { return digest(c, chainID) }

// Digest implements [Message].
func (c CancelAll) Digest(chainID *big.Int) common.Hash { return digest(c, chainID) }

// Digest implements [Message].
func (f Freeze) Digest(chainID *big.Int) common.Hash { return digest(f, chainID) }

// Digest implements [Message].
func (f Unfreeze) Digest(chainID *big.Int) common.Hash { return digest(f, chainID) }

// Digest implements [Message].
func (d Drill) Digest(chainID *big.Int) common.Hash { return digest(d, chainID) }

// TypedData implements [Message].
func (r Recovery) TypedData(chainID *big.Int) ([]byte, error) { return typedData(r, chainID) }

// TypedData implements [Message].
func (c CancelRecovery) TypedData(chainID *big.Int) ([]byte, error) { return typedData(c, chainID) }

// TypedData implements [Message].
func (c CancelAll) TypedData(chainID *big.Int) ([]byte, error) { return typedData(c, chainID) }

// TypedData implements [Message].
func (f Freeze) TypedData(chainID *big.Int) ([]byte, error) { return typedData(f, chainID) }

// TypedData implements [Message].
func (f Unfreeze) TypedData(chainID *big.Int) ([]byte, error) { return typedData(f, chainID) }

// TypedData implements [Message].
func (d Drill) TypedData(chainID *big.Int) ([]byte, error) { return typedData(d, chainID) }

var (
	_ Message = Recovery{}
	_ Message = CancelRecovery{}
	_ Message = CancelAll{}
	_ Message = Freeze{}
	_ Message = Unfreeze{}
	_ Message = Drill{}
	_ Message = (*Tree)(nil)
)
