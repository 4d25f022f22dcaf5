package inspect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// kernelSession explains a serialised approval of a Kernel session key: the ZeroDev SDK's
// text. One that cannot be used is explained as far as its members go.
func (in *inspector) kernelSession(text []byte, members map[string]json.RawMessage) Reading {
	r := Reading{Kind: "kernel-session", Title: "ZeroDev Kernel: serialised approval of a session key", Likelihood: Certain}
	d, err := approval.Parse([]byte(base64.StdEncoding.EncodeToString(bytes.TrimSpace(text))))
	if err != nil {
		kernelSessionMembers(&r, members)
		r.wrong("refused", withoutPackage(err), "cut, edited, or of another version of the SDK", wayOut(err))
		return r
	}
	defer d.Wipe()
	f := d.Fields()
	r.fact("account", f.Account.Hex())
	r.fact("permission id", f.PermissionID.String())
	if in.opt.Account != nil && f.Account != *in.opt.Account {
		r.wrong("account", "it is for another account than "+in.opt.Account.Hex(), "an account of other parameters has another address", "ask the owner for an approval for this account")
	}
	if len(f.InitCode) > 0 {
		r.fact("deploys it", fmt.Sprintf("if it is not there: %d bytes for the factory", len(f.InitCode)))
	} else {
		r.note("no-init-code", "it does not say what deploys the account: the account must be on the chain already")
	}
	if f.Selector != executeSelector {
		r.warn("other-function", fmt.Sprintf("it is enabled for the function 0x%x, not for execute", f.Selector), "", "")
	}
	switch {
	case f.EnableSignature == nil:
		r.note("unsigned", "there is no approval of the owner in it: the permission must be installed already")
	default:
		r.fact("owner's approval", fmt.Sprintf("%d bytes", len(f.EnableSignature)))
	}
	if d.Secret() {
		r.warn("secret", "the text contains the session's private key: whoever has it can use the session", "serialised with its key", "treat it as a secret; revoke the session if it was shared")
	}
	known, err := in.sessionSigner(d)
	p, _, err2 := known.Permission()
	switch {
	case err != nil:
		r.wrong("signer", withoutPackage(err), "", wayOut(err))
	case err2 == nil:
		part := in.permission(p)
		part.Facts = part.Facts[1:] // the permission id is the document's
		r.Parts = append(r.Parts, part)
		in.checkOwner(&r, known)
	case known.Context().Signer.Data != nil || d.Secret():
		r.wrong("permission-id", withoutPackage(err2), "changed on its way, or for another session key", wayOut(err2))
	default:
		r.note("signer-unknown", "the text does not say whose it is: give --key and --credential-id of the session's passkey to compare it with its permission id, or hold it against any key: postern grant open FILE --session KEY")
		part := Reading{Kind: "kernel-permission", Title: "what the session key may do, if nobody changed it", Likelihood: Certain}
		in.grantWords(&part, grant.Grant{Policies: f.Policies})
		r.Parts = append(r.Parts, part)
	}
	return r
}

// sessionSigner adds the session's passkey, which the text leaves out, if it is known.
func (in *inspector) sessionSigner(d *approval.Document) (*approval.Document, error) {
	if d.Secret() || in.opt.Key.IsZero() || len(in.opt.CredentialID) == 0 {
		return d, nil
	}
	with, err := d.WithContext(approval.Context{Signer: kernel.WebAuthnSigner(in.opt.Key, kernel.CredentialHash(in.opt.CredentialID))})
	if err != nil {
		return d, err
	}
	return with, nil
}

// likelyNonces is how many of an account's nonces an owner's approval is tried with: it
// begins at 1 and grows with each revocation of everything.
const likelyNonces = 8

// checkOwner says whether the owner approved this for the chain that was given.
func (in *inspector) checkOwner(r *Reading, d *approval.Document) {
	if in.opt.ChainID == nil || d.Fields().EnableSignature == nil {
		return
	}
	owner, err := d.Owner()
	if err != nil {
		return
	}
	r.fact("owner", owner.String())
	for nonce := uint32(1); nonce <= likelyNonces; nonce++ {
		for _, version := range d.Versions() {
			with, err := d.WithContext(approval.Context{ChainID: in.opt.ChainID, Version: version, Nonce: nonce})
			if err != nil {
				continue
			}
			e, err := with.Enable(in.opt.ChainID, nonce)
			if err == nil && with.Verify(e, owner) == nil {
				r.fact("approved for", fmt.Sprintf("chain %s, nonce %d, Kernel %s", in.opt.ChainID, nonce, version))
				return
			}
		}
	}
	r.wrong("owner", fmt.Sprintf("the owner has not approved this for chain %s, as far as its first owner and the nonces 1 to %d go", in.opt.ChainID, likelyNonces),
		"an approval for another chain, or one that was changed", "hold it against the chain: postern grant open FILE --rpc URL")
}

// kernelSessionMembers shows what little is clear of a document that is refused.
func kernelSessionMembers(r *Reading, members map[string]json.RawMessage) {
	var s struct {
		PermissionParams struct {
			PermissionID string `json:"permissionId"`
			Policies     []struct {
				PolicyParams struct {
					Type string `json:"type"`
				} `json:"policyParams"`
			} `json:"policies"`
		} `json:"permissionParams"`
		AccountParams struct {
			AccountAddress string `json:"accountAddress"`
		} `json:"accountParams"`
		PrivateKey json.RawMessage `json:"privateKey"`
	}
	for name, dst := range map[string]any{"permissionParams": &s.PermissionParams, "accountParams": &s.AccountParams, "privateKey": &s.PrivateKey} {
		if raw, ok := members[name]; ok {
			_ = json.Unmarshal(raw, dst) // refused already
		}
	}
	r.fact("account", shown(s.AccountParams.AccountAddress))
	r.fact("permission id", shown(s.PermissionParams.PermissionID))
	var kinds []string
	for i, p := range s.PermissionParams.Policies {
		if i == maxParts {
			break
		}
		kinds = append(kinds, shown(p.PolicyParams.Type))
	}
	r.fact("policies", strings.Join(kinds, ", "))
	if s.PrivateKey != nil {
		r.warn("secret", "the text contains the session's private key: whoever has it can use the session", "serialised with its key", "treat it as a secret; revoke the session if it was shared")
	}
}

// sealedMagic begins an approval of our own form.
const sealedMagic = "postern-approval-"

// sealedApproval explains an approval of our own form, as far as it can be read without
// its passphrase.
func (in *inspector) sealedApproval(b []byte) (Reading, bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(b), []byte(sealedMagic)) {
		return Reading{}, false
	}
	r := Reading{Kind: "postern-approval", Title: "Postern: approval of a session key, encrypted", Likelihood: Certain}
	h, err := approval.ReadHeader(b)
	if err != nil {
		r.wrong("refused", withoutPackage(err), "cut, or edited by hand", wayOut(err))
		return r, true
	}
	r.fact("name", shown(h.Name))
	r.fact("account", h.Account.Hex())
	r.fact("chains", chainList(h.Chains))
	r.fact("Kernel", string(h.Version))
	r.fact("permission id", h.Permission.String())
	r.fact("session key", shown(h.Signer))
	r.fact("owner", shown(h.Owner))
	if !h.Expires.IsZero() {
		r.fact("ends", h.Expires.Format(time.RFC3339))
	}
	for i, line := range h.Words {
		if i == maxWords {
			break
		}
		r.fact(fmt.Sprintf("words %d", i+1), shown(line))
	}
	if h.Secret {
		r.warn("secret", "it contains the session's private key: whoever has file and passphrase can use the session", "granted with --with-key", "treat both as secrets")
	}
	r.note("unproved", "that is what it says of itself in front; postern grant open proves it")
	return r, true
}

func chainList(ids []*big.Int) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return strings.Join(list, ", ")
}
