package hybrid

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Message is an off-chain signature (ERC-1271) on its way.
//
// It has a weakness that is the contract's: what is signed is the application's
// hash as it is, bound neither to account nor to chain. The same signature is valid
// for every Hybrid account that has this key, on every chain; for a raw hash it is
// the same with operations and delegations, whose digests are hashes too. A hash
// that binds the account itself, as most typed data of applications that know
// smart accounts does, does not suffer from it. [Message.Warning] says so to
// people.
type Message struct {
	challenge account.Challenge
	seal      func(account.Approval) ([]byte, error)
	warning   string
}

// SignText begins the signature of a text, as EIP-191 (personal_sign) has it: the
// hash of "\x19Ethereum Signed Message:\n", the length and the text. It can be no
// operation's digest and no delegation's.
func (a *Authority) SignText(text []byte) *Message {
	prefix := "\x19Ethereum Signed Message:\n" + strconv.Itoa(len(text))
	m := a.DangerSignHash(crypto.Keccak256Hash([]byte(prefix), text))
	m.warning = a.unbound()
	return m
}

// DangerSignHash begins the signature of a hash of which nothing is known. It may
// be the digest of an operation, or of a delegation that hands the account to
// somebody else for good: sign only what was hashed under your own eyes.
func (a *Authority) DangerSignHash(hash common.Hash) *Message {
	return &Message{challenge: a.approver.challenge(hash), seal: a.approver.seal,
		warning: a.unbound() + "; and the hash may stand for anything: an operation that empties the account, or a delegation that gives it away"}
}

func (a *Authority) unbound() string {
	if a.approver.usesP256() {
		return "this signature is bound to no account and no chain: it is valid for every Hybrid account that has " + a.Name()
	}
	return "this signature is bound to no account and no chain: it is valid wherever " + a.Name() + " signs"
}

// Challenge is what has to be signed.
func (m *Message) Challenge() account.Challenge { return m.challenge }

// Warning says in words what the signature is not bound to. Show it to whoever
// approves.
func (m *Message) Warning() string { return m.warning }

// Finish verifies the approval and returns the signature that the account's
// isValidSignature accepts.
func (m *Message) Finish(a account.Approval) ([]byte, error) {
	if err := m.challenge.Verify(a); err != nil {
		return nil, err
	}
	return m.seal(a)
}

// magic is what isValidSignature answers for a valid signature (ERC-1271).
var magic = [4]byte{0x16, 0x26, 0xba, 0x7e}

// IsValidSignature asks the account's contract about a signature (ERC-1271). What
// it says holds for the signers of now. An account that is not deployed has no
// contract to ask: the error is then [ErrNoAccount].
func (a *Account) IsValidSignature(ctx context.Context, ch account.Chain, hash common.Hash, sig []byte) (bool, error) {
	code, err := ch.Code(ctx, a.address)
	if err != nil {
		return false, fmt.Errorf("hybrid: read the code of %s: %w", a.address, err)
	}
	if len(code) == 0 {
		return false, fmt.Errorf("%w: %s", ErrNoAccount, a.address)
	}
	data, err := pack("isValidSignature", hash, sig)
	if err != nil {
		return false, err
	}
	out, err := ch.Call(ctx, a.address, data)
	if err != nil {
		if _, reverted := errors.AsType[*userop.Revert](err); reverted {
			return false, nil // malformed signatures make the contract revert
		}
		return false, fmt.Errorf("hybrid: ask %s about a signature: %w", a.address, err)
	}
	return len(out) == 32 && [4]byte(out) == magic, nil
}
