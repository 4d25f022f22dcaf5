package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// jsonDocument recognises JSON by its members.
func (in *inspector) jsonDocument(b []byte) (Reading, bool) {
	text := bytes.TrimSpace(b)
	if len(text) < 2 || text[0] != '{' && text[0] != '[' {
		return Reading{}, false
	}
	if text[0] == '[' {
		return in.jsonList(text)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return in.brokenJSON(b, err)
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := members[n]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("jsonrpc"), has("method", "params"), has("error"), has("code", "message"):
		return in.rpc(members)
	case has("response"):
		return in.ceremony(text, members)
	case has("cred"):
		return in.inside(members["cred"], "passkey server request", "cred")
	case has("options", "userId"):
		return in.inside(members["options"], "passkey server reply", "options")
	case has("clientDataJSON"):
		return in.looseParts(members)
	case has("type", "challenge"), has("challenge", "origin"):
		r := in.explainClientData(b, "")
		if len(in.opt.Challenge) > 0 {
			in.checkChallenge(&r, assertionParts{clientData: b})
		}
		return r, true
	case has("sender", "callData"), has("sender", "nonce"), has("sender", "initCode"):
		return in.operationJSON(members, nil), true
	case has("format", "op", "chainId"):
		return in.prepared(members)
	case has("format", "prepared"):
		return in.inside(members["prepared"], "operation file", "prepared")
	case has("format", "kind", "setup", "message"):
		return in.recoveryFile(text, members)
	case has("format", "digest", "typedData"):
		return in.inside(members["typedData"], "request to the owner", "typedData")
	case has("primaryType", "domain", "message"):
		if r, ok := in.guardianTypedData(text, members); ok {
			return r, true
		}
		return in.kernelTypedData(members)
	case has("userOperation"):
		return in.operationReply(members)
	case has("userOpHash", "success"):
		return in.receipt(members), true
	case has("rp", "user"), has("pubKeyCredParams"):
		return in.options(text, true), true
	case has("challenge"):
		return in.options(text, false), true
	case has("permissionParams"):
		return in.kernelSession(text, members), true
	case has("kty"):
		var k struct{ X, Y, Crv string }
		if json.Unmarshal(text, &k) == nil {
			return in.jwk(k.X, k.Y, k.Crv), true
		}
	}
	return Reading{}, false
}

// inside explains one member of an envelope.
func (in *inspector) inside(raw json.RawMessage, title, member string) (Reading, bool) {
	part, ok := in.part(raw)
	if !ok {
		return Reading{}, false
	}
	part.Title = title + ": " + part.Title
	part.fact("taken from", member)
	return part, true
}

// jsonList is a list of parameters: [operation, entryPoint].
func (in *inspector) jsonList(text []byte) (Reading, bool) {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil || len(list) == 0 {
		return Reading{}, false
	}
	return in.params(list)
}

func (in *inspector) params(list []json.RawMessage) (Reading, bool) {
	var members map[string]json.RawMessage
	if len(list) == 0 || json.Unmarshal(list[0], &members) != nil || members["sender"] == nil {
		return Reading{}, false
	}
	var ep userop.EntryPoint
	var text string
	if len(list) > 1 && json.Unmarshal(list[1], &text) == nil && common.IsHexAddress(text) {
		ep, _ = userop.EntryPointByAddress(common.HexToAddress(text))
	}
	r := in.operationJSON(members, ep)
	if len(list) == 1 {
		return r, true
	}
	if ep != nil {
		r.fact("sent to", fmt.Sprintf("%s = EntryPoint %s", shown(text), ep.Version()))
		if in.opt.EntryPoint != nil && in.opt.EntryPoint != ep {
			r.wrong("entry-point", fmt.Sprintf("it is sent to EntryPoint %s, not to %s", ep.Version(), in.opt.EntryPoint.Version()), "", "")
		}
	} else {
		r.warn("entry-point", "it is sent to "+shown(text)+", which is no EntryPoint's canonical address", "a private deployment, or a wrong address", "")
	}
	return r, true
}

// brokenJSON explains text that is nearly one of the known documents.
func (in *inspector) brokenJSON(b []byte, err error) (Reading, bool) {
	if b[0] != '{' {
		return Reading{}, false
	}
	if bytes.Contains(b, []byte(`"webauthn.`)) && !bytes.Contains(b, []byte(`"response"`)) {
		return in.explainClientData(b, ""), true
	}
	for _, mark := range []string{`"sender"`, `"response"`, `"challenge"`, `"jsonrpc"`, `"error"`, `"rawId"`, `"callData"`} {
		if bytes.Contains(b, []byte(mark)) {
			r := Reading{Kind: "json", Title: "JSON that does not parse", Likelihood: Likely}
			where := ""
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				where = fmt.Sprintf(" (byte %d of %d)", syntax.Offset, len(b))
			}
			r.wrong("json", strings.TrimPrefix(err.Error(), "json: ")+where, "cut, or edited by hand", "copy the whole text again")
			return r, true
		}
	}
	return Reading{}, false
}

// prepared explains an operation that was saved on its way (account.Prepared).
func (in *inspector) prepared(members map[string]json.RawMessage) (Reading, bool) {
	var s struct {
		ChainID    *hexutil.Big    `json:"chainId"`
		EntryPoint *common.Address `json:"entryPoint"`
		Op         map[string]json.RawMessage
		Hash       common.Hash
	}
	for name, dst := range map[string]any{"chainId": &s.ChainID, "entryPoint": &s.EntryPoint, "op": &s.Op, "hash": &s.Hash} {
		if json.Unmarshal(members[name], dst) != nil && members[name] != nil {
			return Reading{}, false
		}
	}
	if s.Op["sender"] == nil || s.EntryPoint == nil {
		return Reading{}, false
	}
	inner := *in
	if inner.opt.ChainID == nil {
		inner.opt.ChainID = (*big.Int)(s.ChainID)
	}
	ep, _ := userop.EntryPointByAddress(*s.EntryPoint)
	r := inner.operationJSON(s.Op, ep)
	r.Title = "prepared operation: " + r.Title
	r.fact("chain id", number((*big.Int)(s.ChainID)))
	r.fact("hash when prepared", s.Hash.Hex())
	return r, true
}

// options explains the options of a ceremony.
func (in *inspector) options(text []byte, create bool) Reading {
	if create {
		r := Reading{Kind: "creation-options", Title: "options of navigator.credentials.create()", Likelihood: Certain}
		o, err := passkey.ParseCreationOptions(text)
		if err != nil {
			r.refused("options", err)
			return r
		}
		r.fact("relying party", shown(o.RP.ID)+" "+shown(o.RP.Name))
		r.fact("user handle", hexOf(o.User.ID))
		r.fact("challenge", hexOf(o.Challenge))
		return r
	}
	r := Reading{Kind: "request-options", Title: "options of navigator.credentials.get()", Likelihood: Likely}
	o, err := passkey.ParseRequestOptions(text)
	if err != nil {
		r.refused("options", err)
		return r
	}
	r.fact("relying party", shown(o.RPID))
	r.fact("challenge", hexOf(o.Challenge))
	return r
}
