package relyingparty

import (
	"errors"

	"github.com/postern-dev/postern/passkey"
)

// loginOptions issues request options for any discoverable credential.
func (s *Server) loginOptions(c *ceremony) (any, error) {
	challenge, err := s.issue(c, purposeLogin, digest16{})
	if err != nil {
		return nil, err
	}
	o := passkey.NewRequestOptions(c.rp.ID, challenge)
	o.Timeout = uint32(s.cfg.TTL.Milliseconds())
	o.UserVerification = c.rp.userVerification()
	return o, nil
}

// loginVerify checks an assertion and answers with the key that the credential was
// registered with.
func (s *Server) loginVerify(c *ceremony) (any, error) {
	a, handle, err := parseAssertion(c.body.Cred)
	if err != nil {
		return nil, refuse(codeCredential, err)
	}
	n, err := s.redeem(c, purposeLogin, a.ClientData.Challenge)
	if err != nil {
		return nil, err
	}
	cred, err := s.cfg.Store.Credential(c.ctx, c.rp.ID, a.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, refuse(codeUnknown, nil)
	case err != nil:
		return nil, refuse(codeUnavailable, err)
	}
	if err := a.Verify(cred.Key, c.rp.rule(a.ClientData.Challenge)); err != nil {
		return nil, refuse(codeVerification, err)
	}
	if !cred.answersTo(a.UserHandle) || !cred.answersToText(handle) {
		return nil, refuse(codeHandleMismatch, nil)
	}

	use, events, refusal := assess(cred, a.AuthData.Flags, a.AuthData.SignCount, c.rp.BackupDrift, c.now)
	use.Discoverable = len(a.UserHandle) > 0 || handle != "" // options name no credential
	what := Commit{Events: events}
	if refusal == nil {
		what.Use = &use
	}
	if err := s.commit(c, a.ClientData.Challenge, n, what); err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	reply := loginVerifyReply{
		Verification: verification{Verified: true, Info: &authenticationInfo{NewCounter: use.SignCount}},
		PubKey:       b64.EncodeToString(cred.Key.SPKI()),
		UserID:       b64.EncodeToString(cred.Handle),
	}
	if c.body.List {
		reply.ListToken = s.listToken(c, n, cred.ID)
	}
	return reply, nil
}
