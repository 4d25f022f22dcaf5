package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// A MetaMask Hybrid account knows a passkey by a hash of its name, and the name is a
// text: "0x" and the hex of the credential ID's base64url text. It looks like bytes,
// so it gets hashed as bytes; then the account says no and does not say why.

const (
	keyIDSource = "the key id looks like bytes and is a text: \"0x\" and the hex of the credential id's base64url text"
	keyIDHint   = "hash the characters of the text as they are, with 0x; seal.MetaMaskKeyID and seal.MetaMaskKeyIDHash do it"
)

// keyIDForm is a way to make a key id hash of a credential's ID.
type keyIDForm struct {
	of   string
	hash common.Hash
}

// keyIDForms lists the right way first and the mistakes that are made after it.
func keyIDForms(id []byte) []keyIDForm {
	text := base64.RawURLEncoding.EncodeToString(id)
	name := seal.MetaMaskKeyID(id)
	keccak := func(s string) common.Hash { return crypto.Keccak256Hash([]byte(s)) }
	return []keyIDForm{
		{"the key id", seal.MetaMaskKeyIDHash(name)},
		{"the credential id's raw bytes", crypto.Keccak256Hash(id)},
		{"the credential id's base64url text (the key id's hex, decoded)", keccak(text)},
		{"the hex of the credential id's raw bytes, with 0x", keccak("0x" + hex.EncodeToString(id))},
		{"the hex of the credential id's raw bytes, without 0x", keccak(hex.EncodeToString(id))},
		{"the key id without its 0x", keccak(name[2:])},
		{"the key id in upper case", keccak("0x" + strings.ToUpper(name[2:]))},
		{"the key id, turned into hex once more", keccak("0x" + hex.EncodeToString([]byte(name)))},
		{"the key id of the credential id in padded base64url", keccak("0x" + hex.EncodeToString([]byte(base64.URLEncoding.EncodeToString(id))))},
		{"the key id of the credential id in base64", keccak("0x" + hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString(id))))},
		{"the key id's SHA-256, where keccak256 is asked for", sha256.Sum256([]byte(name))},
		{"the credential id's SHA-256", sha256.Sum256(id)},
	}
}

// keyIDForm finds how a hash was made of the credential ID that was given.
func (in *inspector) keyIDForm(hash common.Hash) (keyIDForm, bool) {
	if len(in.opt.CredentialID) > 0 {
		for _, f := range keyIDForms(in.opt.CredentialID) {
			if f.hash == hash {
				return f, true
			}
		}
	}
	return keyIDForm{}, false
}

// keyIDHash explains the key id hash that begins a MetaMask signature.
func (in *inspector) keyIDHash(r *Reading, hash common.Hash) {
	r.fact("key id hash", hash.Hex())
	listed := in.opt.KeyIDHash
	if listed != nil && *listed != hash {
		text := "the signature names another key than the account's " + listed.Hex()
		if f, ok := in.keyIDForm(*listed); ok {
			text += ", which is the hash of " + f.of
		}
		source, hint := "another key, or its id hashed in another form", "put the account's hash there (getKeyIdHashes lists them)"
		if f, ok := in.keyIDForm(hash); ok {
			source = "it is the hash of " + f.of
			if f.of != "the key id" {
				hint = keyIDHint
			}
		}
		r.wrong("key-id", text, source, hint)
		return
	}
	if len(in.opt.CredentialID) == 0 {
		r.note("key-id", "the hash is keccak256 of a text, \"0x\" and the hex of the credential id's base64url text: give --credential-id to compare")
		return
	}
	in.keyIDFormFound(r, hash, listed != nil)
}

// keyIDFormFound says how the hash follows from the credential ID that was given.
func (in *inspector) keyIDFormFound(r *Reading, hash common.Hash, listed bool) {
	name := seal.MetaMaskKeyID(in.opt.CredentialID)
	f, ok := in.keyIDForm(hash)
	right := seal.MetaMaskKeyIDHash(name)
	switch {
	case ok && f.hash == right:
		r.fact("key id", shown(name))
	case ok && listed:
		r.warn("key-id-registered", "the account knows the key by the hash of "+f.of+"; MetaMask's kit looks for "+right.Hex(), keyIDSource,
			"signatures must carry this hash; to use the kit, add the key again under "+shown(name))
	case ok:
		r.wrong("key-id", "it is the hash of "+f.of+"; the account knows the key by "+right.Hex(), keyIDSource, keyIDHint)
	case listed:
		r.note("key-id", "the account knows the key by this hash, which does not follow from the given credential id")
	default:
		r.wrong("key-id", "the signature names another key than the given credential, "+right.Hex(), "two passkeys were mixed up, or the key was registered under another name", "getKeyIdHashes lists the account's")
	}
}

// hybridSignerCall recognises what changes the signers of a MetaMask Hybrid account.
func (in *inspector) hybridSignerCall(b []byte) (Reading, bool) {
	var shape string
	r := Reading{Kind: "account-call", Likelihood: Certain}
	switch [4]byte(b[:4]) {
	case [4]byte(crypto.Keccak256([]byte("transferOwnership(address)"))):
		owner, ok := addressWord(b[4:])
		if !ok {
			return Reading{}, false
		}
		r.Title = "transferOwnership: another owner"
		r.fact("new owner", common.Address(owner).Hex())
		return r, true
	case [4]byte(crypto.Keccak256([]byte("renounceOwnership()"))):
		r.Title = "renounceOwnership: no owner any more"
		return r, len(b) == 4
	case [4]byte(crypto.Keccak256([]byte("addKey(string,uint256,uint256)"))):
		shape, r.Title = "dww", "addKey (MetaMask Hybrid)"
	case [4]byte(crypto.Keccak256([]byte("removeKey(string)"))):
		shape, r.Title = "d", "removeKey (MetaMask Hybrid)"
	default:
		return Reading{}, false
	}
	f, err := abituple.Decode(b[4:], shape)
	if err != nil {
		return Reading{}, false
	}
	in.keyID(&r, f[0].Data)
	if shape == "dww" {
		key, err := passkey.ParseRaw(append(f[1].Word[:], f[2].Word[:]...))
		if err != nil {
			r.refused("not-on-curve", err)
			offCurve(&r)
		} else {
			in.keyFacts(&r, key)
		}
	}
	return r, true
}

// keyID explains a key's name on chain.
func (in *inspector) keyID(r *Reading, name []byte) {
	r.fact("key id", show(name))
	r.fact("key id hash", crypto.Keccak256Hash(name).Hex())
	if id, ok := credentialOf(name); ok {
		r.fact("credential id", base64URL(id))
		if len(in.opt.CredentialID) > 0 && !bytes.Equal(id, in.opt.CredentialID) {
			r.wrong("key-id", "it names another credential than the given one", "two passkeys were mixed up", "the given one is "+shown(seal.MetaMaskKeyID(in.opt.CredentialID)))
		}
		return
	}
	message := "the key id is not \"0x\" and the hex of a credential id's base64url text, as MetaMask's kit makes and looks for it"
	if f, ok := in.keyIDForm(crypto.Keccak256Hash(name)); ok {
		message += ": it is " + f.of
	}
	r.warn("key-id-form", message, keyIDSource, "any name works as long as signatures carry its hash, but the kit will not find the key")
}

// credentialOf reads a credential's ID out of a key's name on chain.
func credentialOf(name []byte) ([]byte, bool) {
	digits, ok := bytes.CutPrefix(name, []byte("0x"))
	if !ok {
		return nil, false
	}
	text, err := hex.DecodeString(string(digits))
	if err != nil {
		return nil, false
	}
	id, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	return id, err == nil && len(id) > 0 && seal.MetaMaskKeyID(id) == string(name)
}

// credentialID recognises bytes that were written in base64url and are as long as the
// credential ids of large providers: 16 bytes (Google, 1Password) or 20 (Apple).
func credentialID(b []byte) (Reading, bool) {
	if len(b) != 16 && len(b) != 20 {
		return Reading{}, false
	}
	r := Reading{Kind: "credential-id", Title: "credential id of a passkey, as it seems", Likelihood: Likely}
	name := seal.MetaMaskKeyID(b)
	r.fact("bytes", hexOf(b))
	r.fact("key id of a MetaMask account", shown(name))
	r.fact("key id hash", seal.MetaMaskKeyIDHash(name).Hex())
	return r, true
}

// metaMaskKeyID recognises a key id whose hex was decoded: base64url text of a usual
// credential ID, which random bytes never are.
func (in *inspector) metaMaskKeyID(b []byte) (Reading, bool) {
	if len(b) < base64.RawURLEncoding.EncodedLen(16) || len(b) > base64.RawURLEncoding.EncodedLen(passkey.MaxCredentialID) {
		return Reading{}, false
	}
	id, ok := credentialOf(fmt.Appendf(nil, "0x%x", b))
	if !ok {
		return Reading{}, false
	}
	r := Reading{Kind: "metamask-key-id", Title: "MetaMask key id: the base64url text of a credential id", Likelihood: Likely}
	in.keyID(&r, []byte(seal.MetaMaskKeyID(id)))
	r.note("text", "the account hashes the text with its 0x, not these bytes")
	return r, true
}
