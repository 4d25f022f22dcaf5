package relyingparty

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// registerOptions issues creation options. Nothing is stored: the user handle, its form
// and the user name are sealed into the challenge.
func (s *Server) registerOptions(c *ceremony) (any, error) {
	handle, form := make([]byte, 16), HandleText
	rand.Read(handle)
	if c.body.UserHandle != "" {
		var err error
		if handle, err = decodeHandle(c.body.UserHandle); err != nil {
			return nil, err
		}
		form = HandleBytes
	}
	challenge, err := s.issue(c, purposeRegister, subjectOf(handle, form, c.body.Username))
	if err != nil {
		return nil, err
	}
	name := c.body.Username
	if name == "" {
		name = c.rp.Name
	}
	o := passkey.NewCreationOptions(passkey.RelyingParty{ID: c.rp.ID, Name: c.rp.Name},
		passkey.User{ID: handle, Name: name, DisplayName: name}, challenge)
	o.Timeout = uint32(s.cfg.TTL.Milliseconds())
	o.AuthenticatorSelection.UserVerification = c.rp.userVerification()
	return registerOptionsReply{
		Options: creationOptions{CreationOptions: o, ExcludeCredentials: []passkey.Descriptor{}},
		UserID:  b64.EncodeToString(handle),
	}, nil
}

// registerVerify checks what the browser created and stores the credential.
func (s *Server) registerVerify(c *ceremony) (any, error) {
	handle, err := decodeHandle(c.body.UserID)
	if err != nil {
		return nil, err
	}
	reg, err := passkey.ParseRegistration(c.body.Cred)
	if err != nil {
		return nil, refuse(codeCredential, err)
	}
	n, err := s.redeem(c, purposeRegister, reg.ClientData.Challenge)
	if err != nil {
		return nil, err
	}
	form, err := formOf(n.subject, handle, c.body.Username)
	if err != nil {
		return nil, err
	}
	if err := reg.Verify(c.rp.rule(reg.ClientData.Challenge)); err != nil {
		return nil, refuse(codeVerification, err)
	}

	cred := &Credential{
		RPID: c.rp.ID, ID: reg.ID, Key: reg.Key(),
		Handle: handle, HandleForm: form, Name: c.body.Username,
		Flags: reg.AuthData.Flags, SignCount: reg.AuthData.SignCount,
		AAGUID: reg.AuthData.Credential.AAGUID, Format: reg.Format,
		Transports: reg.Transports, Attachment: reg.Attachment, Discoverable: reg.Discoverable,
		CreatedAt: c.now,
	}
	if p, ok := s.cfg.Providers.Lookup(cred.AAGUID); ok {
		cred.Provider = p.Name
	}
	err = s.commit(c, reg.ClientData.Challenge, n, Commit{
		Create: cred,
		Events: []Event{{At: c.now, RPID: c.rp.ID, CredentialID: reg.ID, Kind: EventRegistered,
			Detail: fmt.Sprintf("flags %s, attestation %s", cred.Flags, cred.Format),
			Now:    Sighting{Flags: cred.Flags, SignCount: cred.SignCount}}},
	})
	if err != nil {
		return nil, err
	}
	return registerVerifyReply{Verified: true}, nil
}

// subjectOf is the user of a registration: whoever verifies must name the one that
// asked for options.
func subjectOf(handle []byte, form HandleForm, username string) digest16 {
	return digestOf("registration", handle, []byte{byte(form)}, []byte(username))
}

// formOf finds the form of the handle that the options were asked with.
func formOf(subject digest16, handle []byte, username string) (HandleForm, error) {
	for _, form := range []HandleForm{HandleText, HandleBytes} {
		if subjectOf(handle, form, username) == subject {
			return form, nil
		}
	}
	return 0, refuse(codeChallengeSubject, nil)
}

// rpDigest names the relying party, and whose it is, in a challenge.
func (s *Server) rpDigest(rp *RelyingParty) digest16 {
	if s.cfg.Tenant == "" {
		return digestOf("rp", []byte(rp.ID))
	}
	return digestOf("rp of tenant", []byte(rp.ID), []byte(s.cfg.Tenant))
}

// issue seals a challenge for this browser and relying party.
func (s *Server) issue(c *ceremony, p purpose, subject digest16) ([]byte, error) {
	epoch, err := s.cfg.Store.Epoch(c.ctx)
	if err != nil {
		return nil, refuse(codeUnavailable, err)
	}
	ring, err := s.sealing.ring(c.ctx)
	if err != nil {
		return nil, err
	}
	return ring.seal(note{
		purpose: p, issued: c.now, epoch: epoch, rp: s.rpDigest(c.rp),
		binding: s.bind(c.w, c.r, c.origin), subject: subject,
	}), nil
}

// redeem holds the challenge that was signed against this request.
func (s *Server) redeem(c *ceremony, p purpose, challenge []byte) (note, error) {
	epoch, err := s.cfg.Store.Epoch(c.ctx)
	if err != nil {
		return note{}, refuse(codeUnavailable, err)
	}
	ring, err := s.sealing.ring(c.ctx)
	if err != nil {
		return note{}, err
	}
	return ring.redeem(challenge, note{
		purpose: p, issued: c.now, epoch: epoch, rp: s.rpDigest(c.rp),
		binding: s.binding(c.r, c.origin),
	}, s.cfg.TTL)
}

// commit consumes the challenge and writes, once, what the ceremony changed.
func (s *Server) commit(c *ceremony, challenge []byte, n note, what Commit) error {
	what.Token, what.Epoch = sha256.Sum256(challenge), n.epoch
	// Remembered for longer than it lives, so that no request still on its way can
	// outlast the entry.
	what.Expires = n.issued.Add(s.cfg.TTL + 2*clockSkew)
	for i := range what.Events {
		what.Events[i].RequestID = c.id
	}
	switch err := s.cfg.Store.Commit(c.ctx, what); {
	case err == nil:
		if s.cfg.OnEvent != nil {
			for _, e := range what.Events {
				s.cfg.OnEvent(c.ctx, e)
			}
		}
		return nil
	case errors.Is(err, ErrTokenUsed):
		return refuse(codeReplayed, nil)
	case errors.Is(err, ErrEpochEnded):
		return refuse(codeChallengeEpoch, nil)
	case errors.Is(err, ErrCredentialExists):
		return refuse(codeExists, nil)
	case errors.Is(err, ErrNotFound):
		return refuse(codeUnknown, nil)
	default:
		return refuse(codeUnavailable, err)
	}
}

func (rp *RelyingParty) userVerification() string {
	if rp.DangerSkipUserVerification {
		return "preferred"
	}
	return "required"
}

func (rp *RelyingParty) rule(challenge []byte) passkey.Rule {
	rule := passkey.Rule{RPID: rp.ID, Origins: rp.Origins, Challenge: challenge, UserVerification: passkey.Required}
	if rp.DangerSkipUserVerification {
		rule.UserVerification = passkey.Any
	}
	return rule
}
