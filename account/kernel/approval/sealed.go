package approval

import (
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
)

// magic begins a sealed approval.
const magic = "postern-approval-1"

// Header is what anybody can read of a sealed approval. Of what [Seal] is given,
// only Name and Created count; the rest follows from the documents.
type Header struct {
	Name    string    // for people
	Created time.Time // whole seconds

	Account    common.Address
	Chains     []*big.Int
	Version    kernel.Version
	Permission kernel.PermissionID
	Signer     string    // in words
	Owner      string    // who signed, in words
	Expires    time.Time // zero: never
	Secret     bool      // there is a private key in it
	Words      []string
}

// Sealed is an opened approval.
type Sealed struct {
	Header    Header
	Documents []*Document // one for each chain, with their contexts
}

// For is the document for a chain.
func (s *Sealed) For(chainID *big.Int) (*Document, error) { return nil, errWiped }

// Seal encrypts approvals of one permission for one or more chains. Every enable
// signature is checked first, so that all contexts must be complete.
func Seal(docs []*Document, h Header, passphrase []byte) ([]byte, error) { return nil, errWiped }

// Open decrypts and checks everything that the header says.
func Open(b, passphrase []byte) (*Sealed, error) { return nil, errWiped }

// ReadHeader reads the part that is not encrypted. Nothing of it is proved before
// [Open].
func ReadHeader(b []byte) (Header, error) { return Header{}, errWiped }
