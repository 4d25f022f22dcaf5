package main

import (
	"errors"
	"flag"
	"net/url"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey"
)

// signerFlags say who approves beside the account's first passkey, where the account asks for several.
type signerFlags struct {
	keys, with repeated
	here       keysHere // opened
}

func (f *signerFlags) flags(fs *flag.FlagSet) {
	fs.Var(&f.keys, "key", "development key `file` (postern key new); again for each further signer whose key is here, also one of an EOA")
	fs.Var(&f.with, "with", "a further `signer` that approves elsewhere, later: an address, or CREDENTIAL-ID:PUBLIC-KEY, with @ORIGIN if that is another one; may be repeated")
}

// open reads the keys. The first is the passkey of the account, the others approve beside it.
func (f *signerFlags) open(spec *accountSpec) error {
	for i, path := range f.keys {
		if i == 0 {
			key, err := openKeyFile(path)
			if err != nil {
				return err
			}
			spec.fromKey(key)
			f.here = append(f.here, key)
			continue
		}
		key, co, err := openCoSigner(path)
		if err != nil {
			return err
		}
		f.here, spec.Signers = append(f.here, key), append(spec.Signers, co)
	}
	for _, text := range f.with {
		co, err := spec.parseElsewhere(text)
		if err != nil {
			return err
		}
		spec.Signers = append(spec.Signers, co)
	}
	return nil
}

// read reads the keys that are to approve of an operation that is made.
func (f *signerFlags) read() error {
	if len(f.with) > 0 {
		return usageError("--with is for the making of an operation", "who approves of a prepared one stands in its file")
	}
	for _, path := range f.keys {
		key, _, err := openCoSigner(path)
		if err != nil {
			return err
		}
		f.here = append(f.here, key)
	}
	return nil
}

// A coSigner is a further signer that approves of an operation.
type coSigner struct {
	Address *common.Address `json:"address,omitempty"` // of a secp256k1 key, or
	Passkey *passkeySigner  `json:"passkey,omitempty"`
}

// openCoSigner reads a key of either sort.
func openCoSigner(path string) (localSigner, coSigner, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, coSigner{}, err
	}
	if key, err := parseOwnerKey(text); err == nil {
		a := key.address()
		return key, coSigner{Address: &a}, nil
	}
	key, err := parseKeyFile(path, text)
	if err != nil {
		return nil, coSigner{}, err
	}
	ref := passkeyRef{credential: key.credential.ID, public: key.credential.Key}
	return key, coSigner{Passkey: &passkeySigner{ref.credentialText(), ref.public.String(), key.file.RPID, []string{key.file.Origin}}}, nil
}

// parseElsewhere reads what --with names. A passkey is of the first one's site unless its origin says another.
func (s *accountSpec) parseElsewhere(text string) (coSigner, error) {
	name, origin, other := strings.Cut(text, "@")
	if strings.HasPrefix(name, "0x") && !strings.Contains(name, ":") {
		if a, err := parseAddress("--with", name); err != nil || other {
			return coSigner{}, usageError("--with is no signer: "+clip(text), "an address, or CREDENTIAL-ID:PUBLIC-KEY and @ORIGIN; a key that is here: --key FILE once more")
		} else {
			return coSigner{Address: &a}, nil
		}
	}
	ref, err := parsePasskeyRef(name)
	if err != nil {
		return coSigner{}, err
	}
	p := &passkeySigner{ref.credentialText(), ref.public.String(), s.RPID, s.Origins}
	if other {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return coSigner{}, usageError("--with names no origin after the @: "+clip(origin), "for example @https://second.example; its host is the RP ID")
		}
		p.RPID, p.Origins = u.Hostname(), []string{origin}
	}
	if p.RPID == "" || len(p.Origins) == 0 {
		return coSigner{}, usageError("the site of the passkey of --with is missing", "CREDENTIAL-ID:PUBLIC-KEY@ORIGIN, such as @https://second.example")
	}
	return coSigner{Passkey: p}, nil
}

func (s coSigner) approver(acct *webauthn.Account) (webauthn.Approver, error) {
	switch {
	case s.Address != nil && s.Passkey == nil:
		return webauthn.KeyApprover{Address: *s.Address}, nil
	case s.Passkey != nil && s.Address == nil:
		return s.Passkey.of(acct)
	}
	return nil, failf("bad-file", "make it again with: postern op build", "the prepared operation does not say who else approves")
}

// of is the passkey as a signer of Postern's account.
func (s *passkeySigner) of(acct *webauthn.Account) (webauthn.Approver, error) {
	key, err := parseKey(s.PublicKey)
	if err != nil {
		return nil, err
	}
	return passkeyApprover(acct, key, s.RPID, s.Origins, s.CredentialID)
}

func passkeyApprover(acct *webauthn.Account, key passkey.PublicKey, rpID string, origins []string, id string) (webauthn.Approver, error) {
	var credential []byte
	if id != "" {
		var err error
		if credential, err = parseCredentialID(id); err != nil {
			return nil, err
		}
	}
	signer, ok := signerOf(acct, key)
	if !ok {
		return nil, failf("not-a-signer", "give the public key of one of the account's passkeys: postern account show "+acct.Address().Hex(), "%s is no signer of the account %s", account.ShortKey(key), acct.Address())
	}
	return webauthn.PasskeyApprover{Passkey: signer, RPID: rpID, Origins: origins, Credential: credential}, nil
}

// tooLight tells who is to be named where those who are do not suffice.
func tooLight(acct *webauthn.Account, err error) error {
	e, ok := errors.AsType[*webauthn.WeightError](err)
	if !ok {
		return err
	}
	return failf("no-quorum", "name further signers: --key FILE once more for a key that is here, --with SIGNER for one elsewhere; who signs: postern account show "+acct.Address().Hex(),
		"who is named weighs %d, and the account asks for %d", e.Weight, e.Threshold)
}

// keysHere are keys on this machine, of one signer or of several.
type keysHere []localSigner

// approve implements [localSigner]. Of several signers each key answers for its own; the others stay
// unanswered.
func (k keysHere) approve(c account.Challenge) (account.Approval, error) {
	parts := []account.Challenge{c}
	if c.Kind == account.KindSeveral {
		parts = c.Parts
	} else if len(k) == 1 {
		return k[0].approve(c)
	}
	out := account.Approval{Parts: make([]account.Approval, len(parts))}
	for _, key := range k {
		asked := -1
		for i, part := range parts {
			if answers(key, part) && out.Parts[i].IsZero() {
				asked = i
			}
		}
		if asked < 0 {
			return account.Approval{}, failf("not-a-signer", "give each key once, and those only for whom it was prepared", "one of the keys is not asked to approve of this")
		}
		var err error
		if out.Parts[asked], err = key.approve(parts[asked]); err != nil {
			return account.Approval{}, err
		}
	}
	return out, nil
}

// answers reports whether the key is the one that is asked.
func answers(key localSigner, c account.Challenge) bool {
	switch k := key.(type) {
	case *devKey:
		return c.Kind == account.KindWebAuthn && c.Key == k.credential.Key
	case *ownerKey:
		return c.Kind == account.KindECDSA && c.Address == k.address()
	}
	return false
}

// passkeys reports whether there are only passkeys.
func (k keysHere) passkeys() bool {
	return !slices.ContainsFunc(k, func(s localSigner) bool { _, eoa := s.(*ownerKey); return eoa })
}
