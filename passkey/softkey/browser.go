package softkey

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/postern-dev/postern/passkey"
)

// The browser's part: refusals, JSON forms, scope, and the choice of a credential.

// DOMException is how a browser says no. Name is what pages look at: NotAllowedError,
// InvalidStateError, NotSupportedError, ConstraintError, SecurityError or TypeError.
type DOMException struct{ Name, Message string }

func (e *DOMException) Error() string { return e.Name + ": " + e.Message }

func refuse(name, format string, args ...any) error {
	return &DOMException{name, fmt.Sprintf(format, args...)}
}

// created and got are toJSON()'s members in the order that WebIDL gives them: by name.
type created struct {
	AuthenticatorAttachment string          `json:"authenticatorAttachment,omitempty"`
	ClientExtensionResults  map[string]any  `json:"clientExtensionResults"`
	ID                      string          `json:"id"`
	RawID                   string          `json:"rawId"`
	Response                createdResponse `json:"response"`
	Type                    string          `json:"type"`
}

type createdResponse struct {
	AttestationObject  string   `json:"attestationObject"`
	AuthenticatorData  string   `json:"authenticatorData"`
	ClientDataJSON     string   `json:"clientDataJSON"`
	PublicKey          string   `json:"publicKey"`
	PublicKeyAlgorithm int      `json:"publicKeyAlgorithm"`
	Transports         []string `json:"transports"`
}

type got struct {
	AuthenticatorAttachment string         `json:"authenticatorAttachment,omitempty"`
	ClientExtensionResults  map[string]any `json:"clientExtensionResults"`
	ID                      string         `json:"id"`
	RawID                   string         `json:"rawId"`
	Response                gotResponse    `json:"response"`
	Type                    string         `json:"type"`
}

type gotResponse struct {
	AuthenticatorData string `json:"authenticatorData"`
	ClientDataJSON    string `json:"clientDataJSON"`
	Signature         string `json:"signature"`
	UserHandle        string `json:"userHandle,omitempty"`
}

var b64 = base64.RawURLEncoding.EncodeToString

// verifyUser decides UV from what the options ask for.
func (a *Authenticator) verifyUser(requirement string) (bool, error) {
	if requirement == "required" && a.config.cannotVerify {
		return false, refuse("NotAllowedError", "user verification is required and this authenticator has none")
	}
	return !a.config.cannotVerify && requirement != "discouraged", nil
}

func (a *Authenticator) find(id []byte, rpID string) *credential {
	for _, c := range a.creds {
		if c.rpID == rpID && bytes.Equal(c.id, id) {
			return c
		}
	}
	return nil
}

// choose picks the credential that answers: among those that are allowed, or discoverable ones
// if none is named, the selected one, otherwise the newest.
func (a *Authenticator) choose(o *passkey.RequestOptions, rpID string) *credential {
	var best *credential
	for _, c := range a.creds {
		named := slices.ContainsFunc(o.AllowCredentials, func(d passkey.Descriptor) bool { return bytes.Equal(d.ID, c.id) })
		if c.rpID != rpID || !named && (len(o.AllowCredentials) > 0 || !c.discoverable) {
			continue
		}
		if bytes.Equal(c.id, a.selected) {
			return c
		}
		best = c
	}
	return best
}

// scope checks as a browser does that a page of this origin may use the RP ID (§5.1.3),
// without a list of public suffixes: a single label is refused unless it is localhost.
func scope(rpID, origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || u.Scheme+"://"+u.Host != origin {
		return "", refuse("SecurityError", "%q is no origin", origin)
	}
	host := u.Hostname()
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "", refuse("SecurityError", "%q is no secure context", origin)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", refuse("SecurityError", "an IP address is no RP ID; use a domain or localhost")
	}
	if rpID == "" {
		rpID = host
	}
	if rpID != host && (!strings.HasSuffix(host, "."+rpID) || !strings.Contains(rpID, ".") && rpID != "localhost") {
		return "", refuse("SecurityError", "RP ID %q does not belong to origin %q", rpID, origin)
	}
	return rpID, nil
}
