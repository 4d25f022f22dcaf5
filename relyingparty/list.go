package relyingparty

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-dev/postern/recovery"
)

// A list token is a sealed note like a challenge, with the credential ID behind it. It
// says that this passkey has signed in this browser, and when.
const (
	listContext = "postern passkey list v1"
	maxTokens   = 16
	maxToken    = 2 << 10 // characters
)

// listToken is for the passkey that has just signed the challenge n; "" where the store
// has nothing to list, or where there is nothing to seal it with at the moment.
func (s *Server) listToken(c *ceremony, n note, id []byte) string {
	if _, ok := s.cfg.Store.(Lister); !ok {
		return ""
	}
	ring, err := s.sealing.ring(c.ctx)
	if err != nil {
		return ""
	}
	n.purpose, n.issued, n.subject = purposeList, c.now, digest16{}
	return b64.EncodeToString(ring.sealBytes(listContext, append(n.marshal(), id...)))
}

// credentials shows what is kept of the passkeys whose list tokens are sent.
func (s *Server) credentials(c *ceremony) (any, error) {
	texts, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(texts) > maxTokens*(maxToken+2) {
		return nil, refuse(codeListToken, nil)
	}
	tokens := strings.Split(texts, ",")
	if len(tokens) > maxTokens {
		return nil, refuse(codeListToken, fmt.Errorf("%d tokens", len(tokens)))
	}
	lister := s.cfg.Store.(Lister) // the route is there for such stores only
	var seen []string
	var kept []recovery.Kept
	for _, t := range tokens {
		rp, id, err := s.redeemList(c, strings.TrimSpace(t))
		if err != nil {
			return nil, err
		}
		if name := rp.ID + "/" + string(id); slices.Contains(seen, name) {
			continue
		} else {
			seen = append(seen, name)
		}
		cred, err := s.cfg.Store.Credential(c.ctx, rp.ID, id)
		if err == nil {
			var record *Record
			if record, err = lister.Record(c.ctx, rp.ID, id); err == nil {
				kept = append(kept, cred.Kept(record, s.cfg.Providers))
				continue
			}
		}
		if errors.Is(err, ErrNotFound) {
			return nil, refuse(codeUnknown, nil)
		}
		return nil, refuse(codeUnavailable, err)
	}
	text, err := recovery.KeptJSON(kept)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(text), nil
}

// redeemList opens a token and holds it against this request.
func (s *Server) redeemList(c *ceremony, token string) (*RelyingParty, []byte, error) {
	if len(token) > maxToken {
		return nil, nil, refuse(codeListToken, nil)
	}
	sealed, err := b64.DecodeString(token)
	if err != nil || b64.EncodeToString(sealed) != token {
		return nil, nil, refuse(codeListToken, errors.New("not base64url"))
	}
	ring, err := s.sealing.ring(c.ctx)
	if err != nil {
		return nil, nil, err
	}
	plain, err := ring.openBytes(listContext, sealed)
	if err != nil || len(plain) <= notePlain {
		return nil, nil, refuse(codeListToken, err)
	}
	n, id := unmarshalNote(plain), plain[notePlain:]
	epoch, err := s.cfg.Store.Epoch(c.ctx)
	if err != nil {
		return nil, nil, refuse(codeUnavailable, err)
	}
	origin := c.r.Header.Get("Origin")
	for i := range s.cfg.RelyingParties {
		rp := &s.cfg.RelyingParties[i]
		if s.rpDigest(rp) != n.rp {
			continue
		}
		// A page's own GET names no origin: its cookie is that of one of the RP's.
		origins := rp.Origins
		if origin != "" {
			if !slices.Contains(origins, origin) {
				return nil, nil, refuse(codeOrigin, nil)
			}
			origins = []string{origin}
		}
		err := refuse(codeListToken, nil)
		for _, o := range origins {
			want := note{purpose: purposeList, issued: c.now, epoch: epoch, rp: n.rp, binding: s.binding(c.r, o)}
			if err = n.check(want, s.cfg.TTL); err == nil {
				return rp, id, nil
			}
		}
		code := codeListToken
		if r := (*Refusal)(nil); errors.As(err, &r) && r.Code == codeChallengeExpired {
			code = codeListExpired
		}
		return nil, nil, refuse(code, err)
	}
	return nil, nil, refuse(codeListToken, nil)
}
