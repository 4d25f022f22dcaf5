// Package rescue leads from a key at hand back to an account and its money when everything else
// is gone: the wallet's server, the page of its domain, the bundler. All it needs is a node, of
// anybody's, and for lack of a bundler a key with a little money for gas.
//
// Start with a [Signer]: [Exported] for a passkey that a password manager wrote into a file,
// [OpenSecurityKey] for one in a FIDO2 security key, which any program may ask, [Key] for a
// secp256k1 key. [Find] looks for the accounts that it leads to, [Open] opens one whose address
// is known; the result is an account.Account with the authority of the signers at hand, for
// account.Prepare. [Approve] answers the challenge. [Balances] says what is there, [MoveAll]
// makes the calls that take it away.
//
// [Ways] says of a description of an account, before any loss, how each of its signers could
// still sign then – or that it could not, and what to prepare. A passkey in a phone or in a
// browser is offered to pages of its RP ID only: who loses that domain can use it no more.
//
// Promised: what is found is an account that the signers control, as the node says; an approval
// is verified before it is sent, so that a lying node can waste time and fees but not redirect
// money. Private keys are only used by this process and never sent anywhere.
//
// Not promised: that all accounts of a key are found. Those of which neither the user handle nor
// the first signers are known are opened by their address.
package rescue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// ErrNothing is returned by Find when no account belongs to a key.
var ErrNothing = errors.New("rescue: no account of this key was found on this chain")

// ErrAmbiguous is returned when a security key's public key is not certain and nothing on the
// chain decides: touch it once more ([SecurityKey.Narrow]).
var ErrAmbiguous = errors.New("rescue: it cannot be told yet which account it is: the security key has to be asked once more")

// ErrOtherSigner is returned by Approve for a challenge that none of the signers can answer.
var ErrOtherSigner = errors.New("rescue: none of the signers at hand can answer this challenge")

// NotSignerError says that an account obeys none of the signers at hand, or not enough of them.
type NotSignerError struct {
	Account common.Address
	Kind    Kind
	Who     []string // the signers at hand
	Signs   []string // those of the account
	Weight  uint64   // of the signers at hand
	Needed  uint64   // 0: one of Signs
}

func (e *NotSignerError) Error() string {
	if e.Weight > 0 {
		return fmt.Sprintf("rescue: the signers at hand have weight %d, the account %s needs %d", e.Weight, e.Account, e.Needed)
	}
	return fmt.Sprintf("rescue: the account %s is not signed for by %s", e.Account, strings.Join(e.Who, ", "))
}

// Hint implements account.Hinter.
func (e *NotSignerError) Hint() string {
	if e.Weight > 0 {
		return "bring a further signer, or go by the guardians: postern guardian propose"
	}
	return "who signs: " + strings.Join(e.Signs, ", ")
}
