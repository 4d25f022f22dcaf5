package main

import (
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/internal/artifacts"
)

const whoSigns = "who signs today: postern hybrid signers 0x…"

// sentinels are errors that carry no hint of their own.
var sentinels = []struct {
	is         error
	code, hint string
}{
	{account.ErrNonceUsed, "nonce-used", ""},
	{account.ErrDropped, "dropped", ""},
	{account.ErrChanged, "changed", ""},
	{account.ErrSaved, "bad-file", ""},
	{account.ErrRelayBusy, "busy", "try again in a moment"},
	{bundler.ErrNoQuote, "no-quote", "ask the paymaster's operator which tokens it takes, or leave --token out"},
	{hybrid.ErrNoAccount, "not-deployed", "check address and chain; a new account is deployed with: postern hybrid create --deploy"},
	{hybrid.ErrNotSigner, "not-a-signer", whoSigns},
	{hybrid.ErrPublicKey, "not-a-signer", "give the passkey's public key: a key file, or --public-key"},
	{hybrid.ErrNoSigner, "no-signer", "--owner-key FILE, --owner 0x…, or a passkey"},
	{hybrid.ErrNoChange, "no-change", whoSigns},
	{hybrid.ErrEmptyKeyID, "bad-passkey", "give " + passkeyRefHint},
	{hybrid.ErrKeyID, "bad-passkey", "give " + passkeyRefHint},
	{hybrid.ErrNoKey, "bad-passkey", "give " + passkeyRefHint},
	{hybrid.ErrKeyHash, "bad-passkey", whoSigns},
}

// kinds are the types of errors, which know the way out themselves.
var kinds = []struct {
	is   func(error) bool
	code string
}{
	{is[*account.WrongChainError], "wrong-chain"},
	{is[*account.NoEntryPointError], "no-entry-point"},
	{is[*account.NotDeployedError], "not-deployed"},
	{is[*account.InsufficientFundsError], "insufficient-funds"},
	{is[*account.EstimateError], "would-fail"},
	{is[*account.HighFeeError], "high-fee"},
	{is[*account.FeeLimitError], "fee-limit"},
	{is[*account.StubError], "stub-too-short"},
	{is[*account.HashMismatchError], "wrong-hash"},
	{is[*account.DelegationError], "delegation"},
	{is[*hybrid.DifferentAccountError], "different-account"},
	{is[*hybrid.StatelessError], "no-passkeys"},
	{is[*hybrid.OwnerError], "dead-owner"},
	{is[*hybrid.LastSignerError], "last-signer"},
	{is[*hybrid.KeyExistsError], "key-exists"},
	{is[*hybrid.NoSuchKeyError], "no-such-key"},
	{is[*hybrid.UnknownTextError], "key-text-unknown"},
	{is[*hybrid.NoDeploymentError], "no-deployment"},
	{is[*hybrid.EntryPointError], "no-deployment"},
	{is[*hybrid.CodeError], "other-code"},
	{is[*hybrid.NotHybridError], "other-code"},
	{is[*bundler.UnknownOutcomeError], "outcome-unknown"},
	{is[*account.UnclearError], "outcome-unknown"},
	{is[*bundler.TransportError], "unreachable"},
	{is[*bundler.RPCError], "refused"},
	{is[*artifacts.Error], "artifacts"},
}

// codeOf returns the stable word of an error that has one, and a way out where the error
// knows none.
func codeOf(err error) (code, hint string) {
	if c, ok := errors.AsType[interface {
		error
		Code() string
	}](err); ok {
		return c.Code(), ""
	}
	for _, s := range sentinels {
		if errors.Is(err, s.is) {
			return s.code, s.hint
		}
	}
	for _, k := range kinds {
		if k.is(err) {
			return k.code, ""
		}
	}
	return "", ""
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
