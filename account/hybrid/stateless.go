package hybrid

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Stateless is an ordinary account (EOA) that runs MetaMask's
// EIP7702StatelessDeleGator: the same calls and digests as a Hybrid account, with
// the key of its address as the only signer, for good. Its key has to sign an
// authorization once: see [account.RequestAuthorization].
type Stateless struct {
	deployment Deployment
	address    common.Address
}

var (
	_ account.Account   = (*Stateless)(nil)
	_ account.Delegated = (*Stateless)(nil)
	_ account.Describer = (*Stateless)(nil)
	_ account.Warner    = (*Stateless)(nil)
)

// NewStateless is the account that eoa becomes by running the deployment's code.
func NewStateless(d Deployment, eoa common.Address) (*Stateless, error) {
	switch {
	case d.EntryPoint == nil || d.EntryPoint == userop.V06 || d.Stateless == (common.Address{}):
		return nil, &EntryPointError{d.EntryPoint}
	case eoa == (common.Address{}) || eoa == d.Stateless:
		return nil, &OwnerError{Owner: eoa, Why: "it is no ordinary account"}
	}
	return &Stateless{deployment: d, address: eoa}, nil
}

// Address implements [account.Account].
func (s *Stateless) Address() common.Address { return s.address }

// EntryPoint implements [account.Account].
func (s *Stateless) EntryPoint() userop.EntryPoint { return s.deployment.EntryPoint }

// Factory implements [account.Account]: there is none, the key deploys by its
// authorization.
func (s *Stateless) Factory() (common.Address, []byte) { return common.Address{}, nil }

// EncodeCalls implements [account.Account]; see [Account.EncodeCalls].
func (s *Stateless) EncodeCalls(calls []account.Call) ([]byte, error) {
	return encodeCalls(s.address, calls)
}

// Delegate implements [account.Delegated].
func (s *Stateless) Delegate() common.Address { return s.deployment.Stateless }

// Deployment is the set of contracts behind the account.
func (s *Stateless) Deployment() Deployment { return s.deployment }

// Authority returns the authority of the account's own key. Every other approver
// is refused with a *[StatelessError].
func (s *Stateless) Authority(by Approver, opts ...AuthorityOption) (*Authority, error) {
	o, ok := by.(OwnerApprover)
	if !ok {
		return nil, &StatelessError{Account: s.address, What: "be approved for by a passkey or a P-256 key"}
	}
	if o.Address != s.address {
		return nil, &StatelessError{Account: s.address, What: "be approved for by " + o.Address.Hex()}
	}
	return newAuthority(&Authority{account: s.address, contract: seal.MetaMaskStateless, ep: s.deployment.EntryPoint,
		library: s.deployment.P256, approver: o}, opts)
}

// StatelessError says that an EIP-7702 account cannot do what a Hybrid account can.
type StatelessError struct {
	Account common.Address
	What    string
}

func (e *StatelessError) Error() string {
	return "hybrid: " + e.Account.Hex() + " cannot " + e.What + ": an EIP-7702 account of this kind has no passkeys and no other owner, only its own key"
}

// Hint implements [account.Hinter].
func (e *StatelessError) Hint() string {
	return "for a passkey as backup make a Hybrid account and move there; what the key of an EIP-7702 account loses, nobody gets back"
}

var _ account.Hinter = (*StatelessError)(nil)

func (s *Stateless) refuse(what string) ([]account.Call, error) {
	return nil, &StatelessError{Account: s.address, What: what}
}

// AddKey is refused: see [StatelessError].
func (s *Stateless) AddKey(Key) ([]account.Call, error) { return s.refuse("get a passkey") }

// RemoveKey is refused: see [StatelessError].
func (s *Stateless) RemoveKey(Key) ([]account.Call, error) { return s.refuse("lose a passkey") }

// UpdateSigners is refused: see [StatelessError].
func (s *Stateless) UpdateSigners(common.Address, []Key) ([]account.Call, error) {
	return s.refuse("change its signers")
}

// TransferOwnership is refused: see [StatelessError].
func (s *Stateless) TransferOwnership(common.Address) ([]account.Call, error) {
	return s.refuse("get another owner")
}

// RenounceOwnership is refused: see [StatelessError].
func (s *Stateless) RenounceOwnership() ([]account.Call, error) {
	return s.refuse("get rid of its key")
}
