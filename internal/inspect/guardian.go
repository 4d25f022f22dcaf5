package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// recoveryFile explains what guardians pass on to each other: what they are asked to sign, in
// words, by whom it is signed, and each signature.
func (in *inspector) recoveryFile(text []byte, members map[string]json.RawMessage) (Reading, bool) {
	var format, kind, chain string
	if json.Unmarshal(members["format"], &format) != nil || format != guardian.Format {
		return Reading{}, false
	}
	r := Reading{Kind: "recovery-file", Title: "file that the guardians of an account sign", Likelihood: Certain}
	c, err := guardian.ParseCollected(text)
	if err != nil {
		if json.Unmarshal(members["kind"], &kind) == nil && json.Unmarshal(members["chainId"], &chain) == nil {
			r.fact("about", shown(kind)+" on chain "+shown(chain))
		}
		hint := "take the file as it was made"
		var h account.Hinter
		if errors.As(err, &h) && h.Hint() != "" {
			hint = h.Hint()
		}
		r.wrong("recovery-file", strings.TrimPrefix(err.Error(), "guardian: "), "cut, edited by hand, or made to mislead", hint)
		return r, true
	}
	in.collected(&r, c)
	return r, true
}

func (in *inspector) collected(r *Reading, c *guardian.Collected) {
	m := c.Message()
	in.guardianMessage(r, m, c.ChainID())
	words := c.Setup().Words()
	for i := range c.Setup().Tiers {
		r.fact(fmt.Sprintf("guardians %d", i+1), words[i])
	}
	s := c.Status()
	if _, drill := m.(guardian.Drill); !drill {
		r.fact("weight of approvals", fmt.Sprintf("%d of %d", s.Weight, s.Threshold))
		switch {
		case s.Ready:
			r.note("ready", "enough have approved: anybody may send it")
		case !s.NewSigner:
			r.note("new-signer", "the new signer has not signed yet")
		default:
			r.note("quorum", "not enough have approved yet")
		}
	}
	if a, ok := c.NewSigner(); ok {
		part := in.guardianApproval(a, m, c.ChainID())
		part.Title = "the new signer: " + part.Title
		r.Parts = append(r.Parts, part)
	}
	for _, a := range c.Approvals() {
		r.Parts = append(r.Parts, in.guardianApproval(a, m, c.ChainID()))
	}
}

// guardianMessage says what is signed, and where.
func (in *inspector) guardianMessage(r *Reading, m guardian.Message, chainID *big.Int) {
	r.fact("chain id", number(chainID))
	for i, line := range m.Words() {
		r.fact(fmt.Sprintf("words %d", i+1), line)
	}
	digest := m.Digest(chainID)
	r.fact("digest to be signed", digest.Hex())
	if want := in.opt.ChainID; want != nil && chainID != nil && want.Cmp(chainID) != 0 {
		r.wrong("chain", fmt.Sprintf("it is for chain %s, not for %s", chainID, want), "the file of another chain", "begin again on the chain that is meant")
	}
	if want := in.opt.Account; want != nil {
		if got, ok := guarded(m); ok && got != *want {
			r.wrong("account", fmt.Sprintf("it is about the account %s, not about %s", got, want), "the file of another account", "")
		}
	}
}

// guarded is the account that a message is about.
func guarded(m guardian.Message) (common.Address, bool) {
	switch m := m.(type) {
	case guardian.Recovery:
		return m.Account, true
	case guardian.CancelRecovery:
		return m.Account, true
	case guardian.CancelAll:
		return m.Account, true
	case guardian.Freeze:
		return m.Account, true
	case guardian.Unfreeze:
		return m.Account, true
	case guardian.Drill:
		return m.Account, true
	}
	return common.Address{}, false
}

// guardianApproval explains one signature. That it is good was verified when the file was read,
// where that is possible without a chain.
func (in *inspector) guardianApproval(a guardian.Approval, m guardian.Message, chainID *big.Int) Reading {
	r := Reading{Kind: "guardian-approval", Title: "approval by " + guardian.Name(a.Signer), Likelihood: Certain}
	r.fact("signer", hexOf(a.Signer.Bytes()))
	switch err := a.Verify(m, chainID); {
	case err == nil:
		r.fact("signature", "verified")
	case errors.Is(err, guardian.ErrUnverified):
		r.warn("unverified", "whether the signature is good only the chain can tell", "it is a contract's, or that of a verifier's key", "postern guardian join FILE --rpc URL asks it")
	default:
		r.wrong("signature", strings.TrimPrefix(err.Error(), "guardian: "), "", "ask this guardian to sign again")
	}
	if len(a.Proof) > 0 {
		r.fact("signed for", "several chains at once; this message is one of them")
	}
	if key, rule, ok := a.Signer.Passkey(); ok {
		k, err := seal.NewVerifierPasskey(key, rule, seal.PathNone)
		if err != nil {
			r.refused("key", err)
			return r
		}
		beside := *in
		beside.op, beside.opt.Account, beside.opt.Key = nil, nil, passkey.PublicKey{}
		if digest := m.Digest(chainID); len(a.Proof) == 0 {
			beside.opt.Challenge = digest[:]
		} else {
			beside.opt.Challenge = nil // the root of the tree was signed
		}
		part := Reading{Kind: "postern-verifier-signature", Title: "P256Verifier: signature", Likelihood: Certain}
		if p, err := seal.ParseVerifierSignature(k, a.Signature); err != nil {
			part.refused("malformed", err)
		} else {
			beside.posternPasskey(&part, &p)
		}
		r.Parts = append(r.Parts, part)
		return r
	}
	r.fact("bytes", hexOf(a.Signature))
	return r
}

// guardianCall explains calls of the recovery module, and those of accounts that install it.
func (in *inspector) guardianCall(b []byte) (Reading, bool) {
	m, err := contracts.RecoveryABI.MethodById(b)
	if err != nil {
		return Reading{}, false
	}
	words, ok := guardian.DescribeCall(common.Address{}, account.Call{To: guardian.Module, Data: b})
	if !ok {
		return Reading{}, false
	}
	r := Reading{Kind: "guardian-call", Title: "recovery by guardians: " + m.Name, Likelihood: Certain}
	if len(b) == 4 {
		r.Likelihood = Likely // others have functions of that name, too
	}
	r.fact("does", words)
	if w := guardian.WarnCall(common.Address{}, account.Call{To: guardian.Module, Data: b}); w != "" {
		r.warn("beware", w, "", "")
	}
	return r, true
}
