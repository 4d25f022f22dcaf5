package softkey

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/postern-dev/postern/passkey"
)

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
