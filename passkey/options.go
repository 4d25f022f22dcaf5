package passkey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Base64URL is a byte string that JSON carries as unpadded base64url.
type Base64URL []byte

// MarshalText encodes without padding.
func (b Base64URL) MarshalText() ([]byte, error) { return []byte(base64url.EncodeToString(b)), nil }

// UnmarshalText refuses padding, other alphabets and non-zero spare bits.
func (b *Base64URL) UnmarshalText(text []byte) (err error) {
	*b, err = appendBase64(nil, text, "")
	return err
}

// CreationOptions is PublicKeyCredentialCreationOptionsJSON (§5.1, §5.4): its JSON is what
// PublicKeyCredential.parseCreationOptionsFromJSON() takes.
type CreationOptions struct {
	RP                     RelyingParty            `json:"rp"`
	User                   User                    `json:"user"`
	Challenge              Base64URL               `json:"challenge"`
	PubKeyCredParams       []CredentialParameter   `json:"pubKeyCredParams"`
	Timeout                uint32                  `json:"timeout,omitempty"` // milliseconds
	ExcludeCredentials     []Descriptor            `json:"excludeCredentials,omitempty"`
	AuthenticatorSelection *AuthenticatorSelection `json:"authenticatorSelection,omitempty"`
	Hints                  []string                `json:"hints,omitempty"`
	Attestation            string                  `json:"attestation,omitempty"`
	AttestationFormats     []string                `json:"attestationFormats,omitempty"`
	Extensions             map[string]any          `json:"extensions,omitempty"`
}

// RequestOptions is PublicKeyCredentialRequestOptionsJSON (§5.1, §5.5): its JSON is what
// PublicKeyCredential.parseRequestOptionsFromJSON() takes.
type RequestOptions struct {
	Challenge        Base64URL      `json:"challenge"`
	Timeout          uint32         `json:"timeout,omitempty"` // milliseconds
	RPID             string         `json:"rpId,omitempty"`
	AllowCredentials []Descriptor   `json:"allowCredentials,omitempty"`
	UserVerification string         `json:"userVerification,omitempty"`
	Hints            []string       `json:"hints,omitempty"`
	Extensions       map[string]any `json:"extensions,omitempty"`
}

// RelyingParty is the site that asks.
type RelyingParty struct {
	ID   string `json:"id,omitempty"` // the page's own domain if empty
	Name string `json:"name"`
}

// User is the account that a passkey is made for. ID is the user handle, 1 to 64 bytes that
// say nothing about the person.
type User struct {
	ID          Base64URL `json:"id"`
	Name        string    `json:"name"`
	DisplayName string    `json:"displayName"`
}

// CredentialParameter offers a key algorithm.
type CredentialParameter struct {
	Type string `json:"type"`
	Alg  int64  `json:"alg"`
}

// Descriptor names a credential.
type Descriptor struct {
	Type       string    `json:"type"`
	ID         Base64URL `json:"id"`
	Transports []string  `json:"transports,omitempty"`
}

// AuthenticatorSelection says which authenticators may answer (§5.4.4). The words are
// "required", "preferred" and "discouraged".
type AuthenticatorSelection struct {
	AuthenticatorAttachment string `json:"authenticatorAttachment,omitempty"`
	ResidentKey             string `json:"residentKey,omitempty"`
	RequireResidentKey      bool   `json:"requireResidentKey,omitempty"`
	UserVerification        string `json:"userVerification,omitempty"`
}

// defaultTimeout is §15.1's recommendation for ceremonies with user verification: 5 minutes.
const defaultTimeout = 300_000

// NewCreationOptions offers what runs an account: a discoverable ES256 passkey with user
// verification and no attestation. Change the fields for anything else.
func NewCreationOptions(rp RelyingParty, user User, challenge []byte) *CreationOptions {
	return &CreationOptions{
		RP: rp, User: user, Challenge: challenge, Timeout: defaultTimeout,
		PubKeyCredParams:       []CredentialParameter{{"public-key", -7}},
		AuthenticatorSelection: &AuthenticatorSelection{ResidentKey: "required", RequireResidentKey: true, UserVerification: "required"},
		Attestation:            "none",
		Extensions:             map[string]any{"credProps": true},
	}
}

// NewRequestOptions asks for an assertion with user verification by any of the credentials, or
// by any discoverable passkey if none is named.
func NewRequestOptions(rpID string, challenge []byte, credentialIDs ...[]byte) *RequestOptions {
	o := &RequestOptions{Challenge: challenge, Timeout: defaultTimeout, RPID: rpID, UserVerification: "required"}
	for _, id := range credentialIDs {
		o.AllowCredentials = append(o.AllowCredentials, Descriptor{Type: "public-key", ID: id})
	}
	return o
}

const maxOptionsJSON = 64 << 10

// ParseCreationOptions reads the JSON form and checks what a browser would refuse.
func ParseCreationOptions(b []byte) (*CreationOptions, error) {
	o := new(CreationOptions)
	if err := parseOptions(b, o); err != nil {
		return nil, err
	}
	switch {
	case len(o.Challenge) == 0:
		return nil, badOptions("no challenge", "a challenge")
	case len(o.User.ID) == 0 || len(o.User.ID) > maxUserHandle:
		return nil, badOptions(fmt.Sprintf("user.id of %d bytes", len(o.User.ID)), "1 to 64 bytes")
	}
	return o, nil
}

// ParseRequestOptions reads the JSON form and checks what a browser would refuse.
func ParseRequestOptions(b []byte) (*RequestOptions, error) {
	o := new(RequestOptions)
	if err := parseOptions(b, o); err != nil {
		return nil, err
	}
	if len(o.Challenge) == 0 {
		return nil, badOptions("no challenge", "a challenge")
	}
	return o, nil
}

// parseOptions is strict about the JSON before encoding/json, which is not, fills o.
func parseOptions(b []byte, o any) error {
	s := scanner{b: b, where: "options"}
	if err := s.begin(maxOptionsJSON); err != nil {
		return err
	}
	if c := s.peek(); c != '{' {
		return badOptions(byteName(c, s.i < len(b)), "an object")
	}
	if err := s.skip(0); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	if name, found := miscased(b); found {
		return badOptions("member "+quote(name), "names in the case that browsers expect")
	}
	if err := json.Unmarshal(b, o); err != nil {
		return badOptions(quote(err.Error()), "options as the Web Authentication API defines them")
	}
	return nil
}

func badOptions(seen, want string) error {
	return &Error{Cause: ErrOptions, Where: "options", Seen: seen, Want: want}
}

// optionNames are the members that a browser knows. encoding/json would also take them in
// another case, which a browser ignores.
var optionNames = []string{
	"alg", "allowCredentials", "attestation", "attestationFormats", "authenticatorAttachment",
	"authenticatorSelection", "challenge", "displayName", "excludeCredentials", "extensions", "hints",
	"id", "name", "pubKeyCredParams", "requireResidentKey", "residentKey", "rp", "rpId", "timeout",
	"transports", "type", "user", "userVerification",
}

// miscased finds a member of valid JSON whose name differs from an option only in case.
func miscased(b []byte) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err != nil {
			return "", false
		}
		name, ok := t.(string)
		if !ok || slices.Contains(optionNames, name) || !followedByColon(b[d.InputOffset():]) {
			continue
		}
		if slices.ContainsFunc(optionNames, func(known string) bool { return strings.EqualFold(known, name) }) {
			return name, true
		}
	}
}

// followedByColon tells a member's name from a value.
func followedByColon(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}
