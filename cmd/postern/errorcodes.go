package main

import (
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/rescue"
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
	{account.ErrRelayOwn, "relay-own", "give another funded key with --relay-key, or leave it out for the bundler"},
	{account.ErrBadEstimate, "bad-estimate", "use another bundler"},
	{account.ErrNoPaymaster, "no-paymaster", "use another paymaster, or pay from the account"},
	{account.ErrBadQuote, "no-quote", "use another paymaster, or leave --token out"},
	{webauthn.ErrNoAccount, "not-deployed", "check address and chain; a new account is on it after its first operation, and a development chain without --data begins anew each time"},
	{webauthn.ErrNotMember, "not-a-signer", "who signs today: postern account show 0x…"},
	{webauthn.ErrLastSigner, "last-signer", "let another one sign first: postern account add SIGNER"},
	{webauthn.ErrNoChange, "no-change", "who signs today: postern account show 0x…"},
	{webauthn.ErrSameKey, "signer-already", "who signs today: postern account show 0x…"},
	{webauthn.ErrSelf, "bad-signer", "name somebody else"},
	{webauthn.ErrNoPasskey, "not-a-passkey", "who signs today: postern account show 0x…"},
	{hybrid.ErrNoAccount, "not-deployed", "check address and chain; a new account is deployed with: postern hybrid create --deploy"},
	{hybrid.ErrNotSigner, "not-a-signer", whoSigns},
	{hybrid.ErrPublicKey, "not-a-signer", "give the passkey's public key: a key file, or --public-key"},
	{hybrid.ErrNoSigner, "no-signer", "--owner-key FILE, --owner 0x…, or a passkey"},
	{hybrid.ErrNoChange, "no-change", whoSigns},
	{hybrid.ErrEmptyKeyID, "bad-passkey", "give " + passkeyRefHint},
	{hybrid.ErrKeyID, "bad-passkey", "give " + passkeyRefHint},
	{hybrid.ErrNoKey, "bad-passkey", "give " + passkeyRefHint},
	{kernel.ErrNoAccount, "not-deployed", "check address and chain; a development chain without --data begins anew each time"},
	{kernel.ErrNoOwner, "no-signer", "--owner-key FILE, --owner 0x…, or a passkey"},
	{kernel.ErrNoFactory, "not-deployed", "name the account by the file of postern kernel create --save"},
	{kernel.ErrNoAddress, "no-address", "use Kernel 0.2.2 or later"},
	{hybrid.ErrKeyHash, "bad-passkey", whoSigns},
	{guardian.ErrNoModule, "no-module", "deploy it: postern contracts deploy; a chain of postern up has it"},
	{guardian.ErrNotGuardian, "not-a-guardian", ""},
	{guardian.ErrTwice, "signed-twice", ""},
	{guardian.ErrNotSigned, "no-quorum", "with its key: postern guardian approve FILE"},
	{guardian.ErrUnverified, "unverified", ""},
	{guardian.ErrForged, "bad-signature", ""},
	{guardian.ErrOtherSetup, "outdated", "begin again with the setup that is in force"},
	{guardian.ErrMessage, "bad-message", "take the file as it was made, or begin again"},
	{rescue.ErrNothing, "no-account", "is it the right chain? An account of another kind, or with other first signers, is named with --account 0x…"},
	{rescue.ErrAmbiguous, "ambiguous", "try again and touch the security key twice, or name the account with --account 0x…"},
	{rescue.ErrFlowChain, "wrong-chain", "flow-mainnet, flow-testnet and flow-emulator are known"},
	{rescue.ErrOtherSigner, "not-a-signer", "postern rescue find says who signs"},
	{flow.ErrAddress, "bad-address", ""},
	{flow.ErrRLP, "bad-transaction", ""},
	{flow.ErrTransaction, "bad-transaction", ""},
	{flow.ErrTooLarge, "too-long", ""},
	{flow.ErrSignable, "bad-signable", ""},
	{flow.ErrComposite, "bad-signature", ""},
	{flow.ErrProof, "bad-proof", ""},
	{flow.ErrRole, "no-such-role", ""},
	{flow.ErrTwice, "signed-twice", ""},
	{postgres.ErrURL, "bad-store", "postgres://user@host:5432/database?sslmode=verify-full"},
	{postgres.ErrNewerSchema, "bad-store", "use the version that wrote it, or another database"},
	{postgres.ErrOlderSchema, "bad-store", "start a server of this version once: it brings the database up to date"},
	{postgres.ErrNoSchema, "bad-store", "name the database of a passkey server: postern up --store"},
	{postgres.ErrForeign, "bad-store", "use another database"},
	{access.ErrURL, "bad-url", ""},
	{access.ErrUnreachable, "unreachable", ""},
	{access.ErrNotFound, "not-found", ""},
	{access.ErrReply, "bad-reply", ""},
	{access.ErrTooLarge, "bad-reply", ""},
}

// kinds are the types of errors, which know the way out themselves.
var kinds = []kind{
	coded[*account.WrongChainError]("wrong-chain"),
	coded[*account.NoEntryPointError]("no-entry-point"),
	coded[*account.NonceError]("wrong-nonce"),
	coded[*account.NotDeployedError]("not-deployed"),
	coded[*account.DeployedMeanwhileError]("deployed-meanwhile"),
	coded[*account.InsufficientFundsError]("insufficient-funds"),
	coded[*account.InsufficientTokenError]("insufficient-tokens"),
	coded[*account.EstimateError]("would-fail"),
	coded[*account.BadEstimateError]("bad-estimate"),
	coded[*account.StubError]("stub-too-short"),
	coded[*account.HighFeeError]("high-fee"),
	coded[*account.FeeLimitError]("fee-limit"),
	coded[*account.TokenLimitError]("token-limit"),
	coded[*account.UnlimitedApproveError]("unlimited-allowance"),
	coded[*account.PaymasterChangedError]("paymaster-changed"),
	coded[*account.RelayFeeError]("relay-cost"),
	coded[*account.RelayGasError]("relay-cost"),
	coded[*account.RelayRevertedError]("relay-reverted"),
	coded[*account.DelegationError]("delegation"),
	coded[*account.HashMismatchError]("wrong-hash"),
	coded[*account.ReceiptError]("bad-receipt"),
	coded[*account.UnclearError]("outcome-unknown"),
	coded[*webauthn.FrozenError]("frozen"),
	coded[*webauthn.NotOursError]("other-code"),
	coded[*webauthn.RemovedError]("not-a-signer"),
	coded[*webauthn.ThresholdError]("unreachable-threshold"),
	coded[*webauthn.WeightError]("not-a-signer"),
	coded[*guardian.SetupError]("bad-setup"),
	coded[*guardian.QuorumError]("no-quorum"),
	coded[*guardian.SignatureError]("bad-signature"),
	coded[*hybrid.DifferentAccountError]("different-account"),
	coded[*hybrid.NotHybridError]("other-code"),
	coded[*hybrid.CodeError]("other-code"),
	coded[*hybrid.NoDeploymentError]("no-deployment"),
	coded[*hybrid.EntryPointError]("no-deployment"),
	coded[*hybrid.OwnerError]("dead-owner"),
	coded[*hybrid.LastSignerError]("last-signer"),
	coded[*hybrid.NotSignerError]("not-a-signer"),
	coded[*hybrid.KeyExistsError]("key-exists"),
	coded[*hybrid.NoSuchKeyError]("no-such-key"),
	coded[*hybrid.UnknownTextError]("key-text-unknown"),
	coded[*hybrid.TooManyKeysError]("too-many-keys"),
	coded[*hybrid.SelfCallError]("bad-call"),
	coded[*hybrid.StatelessError]("no-passkeys"),
	coded[*kernel.VersionError]("no-such-version"),
	coded[*kernel.UnsupportedError]("not-in-this-version"),
	coded[*kernel.AddressError]("different-account"),
	coded[*kernel.NotKernelError]("other-code"),
	coded[*kernel.RootError]("other-owner"),
	coded[*kernel.CodeError]("other-code"),
	coded[*kernel.NotSignerError]("not-a-signer"),
	coded[*kernel.SelfCallError]("bad-call"),
	coded[*kernel.VulnerableError]("vulnerable"),
	coded[*guardians.SetupError]("bad-setup"),
	coded[*approval.PassphraseError]("wrong-passphrase"),
	coded[*approval.ChainError]("wrong-chain"),
	coded[*approval.MismatchError]("not-what-it-says"),
	coded[*approval.SignatureError]("not-approved"),
	coded[*approval.Error]("bad-approval"),
	coded[*session.RefusedError]("policy-refuses"),
	coded[*session.ChainRefusedError]("chain-refuses"),
	coded[*session.MissingError]("missing-contract"),
	coded[*session.StateError]("not-usable"),
	coded[*session.ExistsError]("granted-before"),
	coded[*session.GrantError]("not-to-be-signed"),
	coded[*session.RootsError]("other-owner"),
	coded[*session.MismatchError]("not-what-it-says"),
	coded[*session.ApprovalError]("not-approved"),
	coded[*session.PolicyError]("unknown-policy"),
	coded[*session.PartialError]("incomplete"),
	coded[*session.TooManyError]("incomplete"),
	coded[*session.UndeployedError]("not-deployed"),
	coded[*session.TargetError]("chain-failed"),
	coded[*rescue.NotSignerError]("not-a-signer"),
	coded[*rescue.UnknownError]("other-code"),
	coded[*rescue.NothingError]("insufficient-funds"),
	coded[*rescue.FlowSignerError]("not-a-signer"),
	coded[*rescue.FlowNothingError]("insufficient-funds"),
	coded[*rescue.TokenError]("bad-token"),
	coded[*rescue.ToolError]("security-key"),
	coded[*rescue.NoToolError]("no-tool"),
	coded[*flow.Error]("node-rule"),
	coded[*access.Error]("refused"),
	coded[*audit.NoAccountError]("not-deployed"),
	coded[*audit.UnknownError]("other-code"),
	coded[*audit.TooManyKeysError]("too-many-keys"),
	coded[*audit.RelatedOriginsError]("no-related-origins"),
	coded[*recovery.Error]("bad-description"),
	coded[*recovery.TooLargeError]("too-large"),
	coded[*grant.Error]("bad-policies"),
	coded[grant.Finding]("not-to-be-signed"),
	coded[*grant.Refusal]("policy-refuses"),
	coded[*bundler.UnknownOutcomeError]("outcome-unknown"),
	coded[*bundler.NotConfirmedError]("not-confirmed"),
	coded[*bundler.TransportError]("unreachable"),
	coded[*bundler.RPCError]("refused"),
	coded[*artifacts.Error]("artifacts"),
	coded[*postgres.UnfitError]("bad-store"),
	coded[*postgres.Error]("store-failed"),
}

type kind struct {
	is         func(error) bool
	code, name string
}

func coded[T error](code string) kind {
	var zero T
	return kind{is[T], code, fmt.Sprintf("%T", zero)}
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
