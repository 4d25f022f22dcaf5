package softkey

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/postern-dev/postern/passkey"
)

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

// Create answers PublicKeyCredentialCreationOptionsJSON on a page of the given origin with
// RegistrationResponseJSON. It refuses with *DOMException what a browser would refuse.
func (a *Authenticator) Create(optionsJSON []byte, origin string) (registrationJSON []byte, err error) {
	o, err := passkey.ParseCreationOptions(optionsJSON)
	if err != nil {
		return nil, refuse("TypeError", "%v", err)
	}
	rpID, err := scope(o.RP.ID, origin)
	if err != nil {
		return nil, err
	}
	if len(o.PubKeyCredParams) > 0 && !slices.Contains(o.PubKeyCredParams, passkey.CredentialParameter{Type: "public-key", Alg: -7}) {
		return nil, refuse("NotSupportedError", "none of the algorithms is supported; this authenticator has ES256 (-7)")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	sel := o.AuthenticatorSelection
	if sel == nil {
		sel = &passkey.AuthenticatorSelection{}
	}
	if sel.AuthenticatorAttachment != "" && sel.AuthenticatorAttachment != a.config.attachment {
		return nil, refuse("NotAllowedError", "no authenticator with attachment %q", sel.AuthenticatorAttachment)
	}
	verified, err := a.verifyUser(sel.UserVerification)
	if err != nil {
		return nil, err
	}
	for _, d := range o.ExcludeCredentials {
		if a.find(d.ID, rpID) != nil {
			return nil, refuse("InvalidStateError", "the authenticator already holds one of the excluded credentials")
		}
	}
	c, err := a.make(rpID)
	if err != nil {
		return nil, err
	}
	c.userHandle, c.userName = o.User.ID, o.User.Name
	// residentKey is decisive; requireResidentKey only matters without it (§5.4.4).
	c.discoverable = sel.ResidentKey == "required" || sel.ResidentKey == "preferred" || sel.ResidentKey == "" && sel.RequireResidentKey

	clientData := a.quirks.clientData(passkey.TypeCreate, o.Challenge, origin)
	flags := a.quirks.flags(verified, a.config.eligible, a.config.backedUp, passkey.FlagAT)
	authData := a.authData(c, rpID, flags)
	if flags.AT() {
		authData = append(authData, a.config.aaguid[:]...)
		authData = binary.BigEndian.AppendUint16(authData, uint16(len(c.id)))
		authData = append(append(authData, c.id...), c.public.COSE()...)
	}
	object, err := a.attest(c, o.Attestation, authData, clientData)
	if err != nil {
		return nil, err
	}
	if c.discoverable { // one per user and relying party (§6.3.2)
		a.creds = slices.DeleteFunc(a.creds, func(old *credential) bool {
			return old.discoverable && old.rpID == rpID && bytes.Equal(old.userHandle, c.userHandle)
		})
	}
	a.creds = append(a.creds, c)

	results := map[string]any{}
	if o.Extensions["credProps"] == true {
		results["credProps"] = map[string]any{"rk": c.discoverable}
	}
	return json.Marshal(created{
		AuthenticatorAttachment: a.config.attachment, ClientExtensionResults: results,
		ID: b64(append(bytes.Clone(c.id), a.quirks.IDSuffix...)), RawID: b64(c.id), Type: "public-key",
		Response: createdResponse{AttestationObject: b64(object), AuthenticatorData: b64(authData), ClientDataJSON: b64(clientData),
			PublicKey: b64(c.public.SPKI()), PublicKeyAlgorithm: -7, Transports: append([]string{}, a.config.transports...)},
	})
}

// Get answers PublicKeyCredentialRequestOptionsJSON on a page of the given origin with
// AuthenticationResponseJSON. It refuses with *DOMException what a browser would refuse.
func (a *Authenticator) Get(optionsJSON []byte, origin string) (assertionJSON []byte, err error) {
	o, err := passkey.ParseRequestOptions(optionsJSON)
	if err != nil {
		return nil, refuse("TypeError", "%v", err)
	}
	rpID, err := scope(o.RPID, origin)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	verified, err := a.verifyUser(o.UserVerification)
	if err != nil {
		return nil, err
	}
	c := a.choose(o, rpID)
	if c == nil {
		return nil, refuse("NotAllowedError", "no credential for %s among those that were asked for", rpID)
	}
	authData, clientData, der, err := a.assert(c, rpID, o.Challenge, origin, verified)
	if err != nil {
		return nil, err
	}
	r := gotResponse{AuthenticatorData: b64(authData), ClientDataJSON: b64(clientData), Signature: b64(der)}
	if c.discoverable {
		r.UserHandle = b64(c.userHandle)
	}
	return json.Marshal(got{
		AuthenticatorAttachment: a.config.attachment, ClientExtensionResults: map[string]any{},
		ID: b64(append(bytes.Clone(c.id), a.quirks.IDSuffix...)), RawID: b64(c.id), Response: r, Type: "public-key",
	})
}

// Sign makes an assertion without options and without a browser's checks of rpID and origin:
// any pair may be given. Quirks that parsers refuse are returned as the parser's error.
func (a *Authenticator) Sign(credentialID, challenge []byte, rpID, origin string) (*passkey.Assertion, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.creds, func(c *credential) bool { return bytes.Equal(c.id, credentialID) })
	if i < 0 {
		return nil, refuse("NotAllowedError", "no credential with ID 0x%x", credentialID)
	}
	c := a.creds[i]
	authData, clientData, der, err := a.assert(c, rpID, challenge, origin, !a.config.cannotVerify)
	if err != nil {
		return nil, err
	}
	assertion, err := passkey.NewAssertion(bytes.Clone(c.id), authData, clientData, der)
	if err != nil {
		return nil, err
	}
	assertion.Attachment = a.config.attachment
	if c.discoverable {
		assertion.UserHandle = bytes.Clone(c.userHandle)
	}
	return assertion, nil
}

// assert makes the three signed parts of an assertion.
func (a *Authenticator) assert(c *credential, rpID string, challenge []byte, origin string, verified bool) (authData, clientData, der []byte, err error) {
	clientData = a.quirks.clientData(passkey.TypeGet, challenge, origin)
	flags := a.quirks.flags(verified, a.config.eligible, a.config.backedUp, 0)
	authData = a.authData(c, rpID, flags)
	der, err = a.quirks.sign(c, authData, clientData)
	return authData, clientData, der, err
}

// authData is the fixed part of authenticator data: 37 bytes.
func (a *Authenticator) authData(c *credential, rpID string, flags passkey.Flags) []byte {
	if a.config.counts {
		c.count++
	}
	hash := sha256.Sum256([]byte(cmp.Or(a.quirks.RPID, rpID)))
	return binary.BigEndian.AppendUint32(append(hash[:], byte(flags)), c.count)
}

// attest wraps authenticator data into an attestation object (§6.5.4).
func (a *Authenticator) attest(c *credential, conveyance string, authData, clientData []byte) ([]byte, error) {
	statement := []byte("\x63fmt\x64none\x67attStmt\xa0")
	if a.config.selfAttestation && conveyance != "" && conveyance != "none" {
		der, err := a.quirks.sign(c, authData, clientData)
		if err != nil {
			return nil, err
		}
		statement = append([]byte("\x63fmt\x66packed\x67attStmt\xa2\x63alg\x26\x63sig"), cborBytes(der)...)
	}
	object := append([]byte{0xa3}, statement...)
	object = append(object, "\x68authData"...)
	return append(object, cborBytes(authData)...), nil
}

// cborBytes is a CBOR byte string of up to 65535 bytes.
func cborBytes(b []byte) []byte {
	switch n := len(b); {
	case n < 24:
		return append([]byte{0x40 | byte(n)}, b...)
	case n < 256:
		return append([]byte{0x58, byte(n)}, b...)
	default:
		return append([]byte{0x59, byte(n >> 8), byte(n)}, b...)
	}
}

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

// SignDigest signs a SHA-256 digest as it is, which no browser lets a page do: for vectors and
// for tests of verifiers. It returns strict DER, deterministic (RFC 6979).
func (a *Authenticator) SignDigest(credentialID []byte, digest [32]byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.creds {
		if bytes.Equal(c.id, credentialID) {
			return c.key.Sign(nil, digest[:], crypto.SHA256)
		}
	}
	return nil, refuse("NotAllowedError", "no credential with ID 0x%x", credentialID)
}
