package inspect

import (
	"encoding/json"
	"strings"
)

// kernelSession explains a serialised approval of a Kernel session key.
func (in *inspector) kernelSession(members map[string]json.RawMessage) Reading {
	r := Reading{Kind: "kernel-session", Title: "ZeroDev Kernel: serialised approval of a session key", Likelihood: Certain}
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
		PrivateKey string `json:"privateKey"`
	}
	for name, dst := range map[string]any{"permissionParams": &s.PermissionParams, "accountParams": &s.AccountParams, "privateKey": &s.PrivateKey} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, dst) != nil {
			r.wrong("member", name+" has an unknown form", "", "")
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
	if len(kinds) == 0 || strings.Contains(strings.Join(kinds, ","), "sudo") {
		r.warn("unrestricted", "nothing limits this session key", "no policies, or the sudo policy", "give it call, gas and time policies")
	}
	if s.PrivateKey != "" {
		r.warn("secret", "the text contains the session's private key: whoever has it can use the session", "serialised with its key", "treat it as a secret; revoke the session if it was shared")
	}
	return r
}
