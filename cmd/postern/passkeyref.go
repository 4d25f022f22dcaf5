package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
)

// A passkeyRef is a passkey as the command line names it.
type passkeyRef struct {
	name       string // of the file
	credential []byte
	public     passkey.PublicKey
	provider   string // who keeps it, as far as its registration says
}

const passkeyRefHint = "a key file (postern key new), a JSON file with the passkey's id and publicKey as viem gives them, " +
	"a file with the reply of navigator.credentials.create(), or CREDENTIAL-ID:PUBLIC-KEY"

// key is the passkey as a key of a MetaMask account.
func (r passkeyRef) key() hybrid.Key { return hybrid.PasskeyKey(r.credential, r.public) }

func (r passkeyRef) credentialText() string {
	return base64.RawURLEncoding.EncodeToString(r.credential)
}

// parsePasskeyRef reads CREDENTIAL-ID:PUBLIC-KEY or the file of that name.
func parsePasskeyRef(arg string) (passkeyRef, error) {
	if isKeyText(arg) {
		return passkeyRef{}, keyTyped("the passkey")
	}
	info, err := os.Stat(arg)
	if err != nil || !info.Mode().IsRegular() {
		id, key, isPair := strings.Cut(arg, ":")
		if !isPair || strings.ContainsAny(id, `/\.`) {
			return passkeyRef{}, failf("no-file", "give "+passkeyRefHint, "there is no passkey file %s", clip(arg))
		}
		return passkeyOf(id, key)
	}
	f, err := os.Open(arg)
	if err != nil {
		return passkeyRef{}, err
	}
	defer f.Close()
	ref, err := readPasskeyRef(f, arg)
	ref.name = arg
	return ref, err
}

func parsePasskeyRefs(args []string) ([]passkeyRef, error) {
	out := make([]passkeyRef, len(args))
	for i, arg := range args {
		var err error
		if out[i], err = parsePasskeyRef(arg); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readPasskeyRef reads a passkey in one of the forms that there are.
func readPasskeyRef(r io.Reader, name string) (passkeyRef, error) {
	text, err := readBounded(r)
	if err != nil {
		return passkeyRef{}, err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(text, &m); err != nil {
		return passkeyRef{}, failf("bad-passkey", "give "+passkeyRefHint, "%s holds no passkey", clip(name))
	}
	member := func(name string) (s string) {
		if json.Unmarshal(m[name], &s) != nil {
			return ""
		}
		return s
	}
	switch {
	case member("format") != "":
		dev, err := openKeyFile(name) // nobody else may be able to read it
		if err != nil {
			return passkeyRef{}, err
		}
		return passkeyRef{credential: dev.credential.ID, public: dev.credential.Key, provider: "software key"}, nil
	case m["response"] != nil:
		reg, err := passkey.ParseRegistration(text)
		if err != nil {
			return passkeyRef{}, failf("bad-passkey", "for everything that is wrong with it: postern inspect "+name, "%s is no reply of navigator.credentials.create(): %w", clip(name), err)
		}
		out := passkeyRef{credential: reg.ID, public: reg.Key()}
		if a := reg.AuthData.Credential; a != nil {
			if p, ok := provider.Lookup(a.AAGUID); ok {
				out.provider = p.Name
			}
		}
		return out, nil
	case m["id"] != nil && m["publicKey"] != nil:
		return passkeyOf(member("id"), member("publicKey"))
	}
	return passkeyRef{}, failf("bad-passkey", "give "+passkeyRefHint, "%s holds no passkey", clip(name))
}

func passkeyOf(id, key string) (passkeyRef, error) {
	credential, err := parseCredentialID(id)
	if err != nil {
		return passkeyRef{}, err
	}
	public, err := parseKey(key)
	if err != nil {
		f := explain(err)
		f.Message = strings.Replace(f.Message, "--key is no", "this is no", 1)
		return passkeyRef{}, f
	}
	return passkeyRef{credential: credential, public: public}, nil
}
