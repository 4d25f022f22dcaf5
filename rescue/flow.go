package rescue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
)

// FlowAccount is an account of Flow with keys that the signers at hand have.
type FlowAccount struct {
	Address flow.Address
	Balance uint64 // FLOW in units of 10⁻⁸
	Keys    []flow.AccountKey
	Weight  uint64 // of those keys; flow.WeightThreshold at least

	by []Signer // of each key
}

// FlowReserve stays behind for fees when all is moved, beside what the account must hold for its
// storage. In units of 10⁻⁸ FLOW.
const FlowReserve = 1_000_000 // 0.01 FLOW

// FlowAvailable is the script that reads what an account can give away: its balance without what its
// storage needs. Its argument is the account.
const FlowAvailable = `access(all) fun main(a: Address): UFix64 { return getAccount(a).availableBalance }`

// FlowSignerError says that an account of Flow obeys none of the passkeys at hand, or not enough.
type FlowSignerError struct {
	Account flow.Address
	Weight  uint64
}

func (e *FlowSignerError) Error() string {
	return fmt.Sprintf("rescue: the passkeys at hand have weight %d of the %d that the account %s needs", e.Weight, flow.WeightThreshold, e.Account)
}

// Hint implements account.Hinter.
func (e *FlowSignerError) Hint() string {
	return "bring further passkeys; keys that are no passkeys sign on the rescue page (postern rescue --out rescue.html), or with Flow's own programs"
}

// ErrFlowChain is returned for chains of Flow whose contracts are not known here.
var ErrFlowChain = errors.New("rescue: this chain of Flow is not known")

// OpenFlow opens an account of Flow and takes those of its keys that the signers have: passkeys
// (P-256 with SHA2_256), not revoked.
func OpenFlow(ctx context.Context, c *access.Client, a flow.Address, signers ...Signer) (*FlowAccount, error) {
	chain, err := c.Account(ctx, a)
	if err != nil {
		return nil, err
	}
	out := &FlowAccount{Address: a, Balance: chain.Balance}
	for _, k := range chain.Keys {
		public, err := passkey.ParseRaw(k.Public[:])
		if err != nil || k.Revoked || k.Fits() != nil {
			continue
		}
		for _, s := range signers {
			if s.Identity().has(public) {
				out.Keys, out.by, out.Weight = append(out.Keys, k), append(out.by, s), out.Weight+uint64(k.Weight)
				break
			}
		}
	}
	if out.Weight < flow.WeightThreshold {
		return nil, &FlowSignerError{Account: a, Weight: out.Weight}
	}
	return out, nil
}

// flowTokens are the addresses of FungibleToken and FlowToken.
var flowTokens = map[string][2]string{
	"flow-mainnet":  {"0xf233dcee88fe0abe", "0x1654653399040a61"},
	"flow-testnet":  {"0x9a0766d93b6608b7", "0x7e60df042a9c0868"},
	"flow-emulator": {"0xee82856bf20e2aa6", "0x0ae53cb6e3f42a79"},
}

const flowTransfer = `import FungibleToken from %s
import FlowToken from %s

transaction(amount: UFix64, to: Address) {
    prepare(from: auth(BorrowValue) &Account) {
        let vault = from.storage.borrow<auth(FungibleToken.Withdraw) &FlowToken.Vault>(from: /storage/flowTokenVault)
            ?? panic("the account has no vault of FLOW")
        let receiver = getAccount(to).capabilities.borrow<&{FungibleToken.Receiver}>(/public/flowTokenReceiver)
            ?? panic("the other account takes no FLOW")
        receiver.deposit(from: <-vault.withdraw(amount: amount))
    }
}
`

// FlowChains are the chains that FlowTransfer knows, as access nodes name them.
func FlowChains() []string { return slices.Sorted(maps.Keys(flowTokens)) }

// FlowTransfer is the script that moves FLOW from its authorizer on a chain. Its arguments are the amount
// and the recipient.
func FlowTransfer(chain string) ([]byte, error) {
	tokens, ok := flowTokens[chain]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrFlowChain, chain)
	}
	return fmt.Appendf(nil, flowTransfer, tokens[0], tokens[1]), nil
}

// Move prepares a transaction of FLOW to another account: an amount in units of 10⁻⁸, or with 0
// everything but FlowReserve. The account pays the fee.
func (f *FlowAccount) Move(ctx context.Context, c *access.Client, to flow.Address, amount uint64) (*flow.Transaction, error) {
	id, err := c.Chain(ctx)
	if err != nil {
		return nil, err
	}
	script, err := FlowTransfer(id)
	if err != nil {
		return nil, err
	}
	v, err := c.Script(ctx, []byte(FlowAvailable), [][]byte{flow.Addr(f.Address).JSON()})
	if err != nil {
		return nil, err
	}
	has, err := units(v)
	switch {
	case err != nil:
		return nil, err
	case has <= FlowReserve || amount > has-FlowReserve:
		return nil, &FlowNothingError{Account: f.Address, Has: has}
	case amount == 0:
		amount = has - FlowReserve
	}
	tx := &flow.Transaction{
		Script:      script,
		Arguments:   [][]byte{flow.UFix64(amount).JSON(), flow.Addr(to).JSON()},
		ProposalKey: flow.ProposalKey{Address: f.Address, KeyIndex: f.Keys[0].Index},
		Payer:       f.Address, Authorizers: []flow.Address{f.Address},
	}
	return tx, c.Prepare(ctx, tx)
}

// units reads a UFix64 in units of 10⁻⁸.
func units(v flow.Value) (uint64, error) {
	whole, part, ok := strings.Cut(v.Text, ".")
	if v.Type != "UFix64" || !ok || len(part) != 8 {
		return 0, fmt.Errorf("rescue: %s is no amount of FLOW", v.Type)
	}
	return strconv.ParseUint(whole+part, 10, 64)
}

// FlowNothingError says that an account of Flow does not hold what is to be moved.
type FlowNothingError struct {
	Account flow.Address
	Has     uint64 // that it can give away, in units of 10⁻⁸ FLOW
}

func (e *FlowNothingError) Error() string {
	return fmt.Sprintf("rescue: the account %s can give away %d.%08d FLOW, which is not enough", e.Account, e.Has/1e8, e.Has%1e8)
}

// Hint implements account.Hinter.
func (e *FlowNothingError) Hint() string {
	return "0.01 FLOW stay for the fee, and what the account's storage needs"
}

// Sign has the account's keys sign the transaction, each passkey once, until their weights
// suffice. Each signature is verified as nodes do it.
func (f *FlowAccount) Sign(ctx context.Context, tx *flow.Transaction) error {
	var weight uint64
	for i, k := range f.Keys {
		if weight >= flow.WeightThreshold {
			break
		}
		digest, err := tx.Challenge(f.Address)
		if err != nil {
			return err
		}
		public, err := passkey.ParseRaw(k.Public[:])
		if err != nil {
			return err
		}
		id := f.by[i].Identity()
		c := account.Challenge{Kind: account.KindWebAuthn, Digest: digest, Key: public,
			Rule: passkey.Rule{RPID: id.RPID, Origins: origins(id), Challenge: digest[:], UserVerification: passkey.Required}}
		a, err := Approve(ctx, c, f.by[i])
		if err != nil {
			return err
		}
		s := flow.Signature{Address: f.Address, KeyIndex: k.Index}
		s.Signature, s.Extension = flow.WebAuthn(a.Assertion)
		if err := tx.VerifySignature(s, tx.Role(f.Address), k, nil); err != nil {
			return err
		}
		if err := tx.Sign(s); err != nil {
			return err
		}
		weight += uint64(k.Weight)
	}
	return nil
}
