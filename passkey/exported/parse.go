package exported

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

// Parse reads a file of exported passkeys in any format. Passkeys that cannot sign for an
// account – another algorithm, a broken key – do not keep the others from being read; they are
// listed in File.Left. A file without any that can is refused with ErrNoPasskey, one that is
// encrypted with ErrEncrypted. The result does not refer to data.
func Parse(data []byte) (*File, error) {
	doc, err := document(data)
	if err != nil {
		return nil, err
	}
	root, err := doc.object()
	if err != nil {
		return nil, err
	}
	p := parser{seen: map[passkey.PublicKey]bool{}}
	switch {
	case root["accounts"] != nil && root["version"] != nil:
		p.file.Format, err = CXF, p.cxf(root)
	case root["encrypted"] != nil:
		p.file.Format, err = Bitwarden, p.bitwarden(root)
	case root["relyingParty"] != nil && root["privateKey"] != nil:
		p.file.Format, err = KeePassXC, p.add("", root, (*reading).keepassxc)
	default:
		err = refuse(ErrFormat, "", "the credential exchange format, a Bitwarden export or a KeePassXC .passkey file", "")
	}
	if err == nil && len(p.file.Passkeys) == 0 {
		err = p.none()
	}
	if err != nil {
		p.file.Wipe()
		return nil, err
	}
	return &p.file, nil
}

type parser struct {
	file File
	seen map[passkey.PublicKey]bool
}

// none says that no passkey can be used, and why the first of those that are there cannot.
func (p *parser) none() error {
	e := refuse(ErrNoPasskey, "", "a passkey with a P-256 key", "password managers export passkeys only when asked to, and hardware keys never: see whether the right entry was exported")
	if len(p.file.Left) > 0 {
		l := p.file.Left[0]
		e.Seen = strconv.Itoa(len(p.file.Left)) + " that cannot: " + l.Cause.Error()
	}
	return e
}

// cxf walks accounts, items and credentials (CXF 1.0 §3). Unknown members and types are ignored,
// as the format asks.
func (p *parser) cxf(root map[string]value) error {
	version, err := root["version"].object()
	if err != nil {
		return at("version", err)
	}
	if major := string(version["major"]); major != "1" && major != "0" {
		return &passkey.Error{Cause: ErrFormat, Where: "version.major", Seen: shown(major), Want: "1"}
	}
	return inEach("accounts", root["accounts"], func(place string, account map[string]value) error {
		return inEach(place+".items", account["items"], func(place string, item map[string]value) error {
			return inEach(place+".credentials", item["credentials"], func(place string, c map[string]value) error {
				if string(c["type"]) != `"passkey"` {
					return nil
				}
				return p.add(place, c, (*reading).cxf)
			})
		})
	})
}

func (p *parser) bitwarden(root map[string]value) error {
	if string(root["encrypted"]) != "false" {
		hint := "it opens for the account that exported it only: export once more, as .json or password protected"
		if string(root["passwordProtected"]) == "true" {
			hint = "give the password that was chosen for this export"
		}
		return refuse(ErrEncrypted, "encrypted", "false", hint)
	}
	return inEach("items", root["items"], func(place string, item map[string]value) error {
		if item["login"] == nil || item["login"].isNull() {
			return nil
		}
		login, err := item["login"].object()
		if err != nil {
			return at(place+".login", err)
		}
		return inEach(place+".login.fido2Credentials", login["fido2Credentials"], func(place string, c map[string]value) error {
			return p.add(place, c, (*reading).bitwarden)
		})
	})
}

// inEach walks an array of objects and says where a refusal happened.
func inEach(place string, v value, f func(place string, members map[string]value) error) error {
	err := v.elements(func(i int, e value) error {
		here := place + "[" + strconv.Itoa(i) + "]"
		members, err := e.object()
		if err != nil {
			return at(here, err)
		}
		return f(here, members)
	})
	if e, ok := err.(*passkey.Error); ok && e.Where == "" { // no array
		return at(place, err)
	}
	return err
}

// reading is one passkey as it is read.
type reading struct {
	Passkey
	scalar [32]byte
}

// add reads one passkey and keeps it, or why it was left out.
func (p *parser) add(place string, members map[string]value, read func(*reading, map[string]value) error) error {
	if len(p.file.Passkeys)+len(p.file.Left) >= MaxPasskeys {
		return refuse(passkey.ErrTooLarge, place, strconv.Itoa(MaxPasskeys)+" passkeys at most", "")
	}
	var r reading
	defer func() { clear(r.scalar[:]) }()
	if err := read(&r, members); err != nil {
		p.file.Left = append(p.file.Left, Left{Where: place, RPID: r.RPID, UserName: r.UserName, Cause: err})
		return nil
	}
	if p.seen[r.Key] {
		return nil
	}
	p.seen[r.Key] = true
	kept := r.Passkey
	kept.secret = keep(r.scalar)
	p.file.Passkeys = append(p.file.Passkeys, &kept)
	return nil
}

func (r *reading) cxf(m map[string]value) error {
	if err := r.texts(m, "rpId", "username", "userDisplayName", "userHandle"); err != nil {
		return err
	}
	if err := r.credential(m, func(name string, text []byte) ([]byte, error) { return bytes64(name, text) }); err != nil {
		return err
	}
	return r.private(m, "key")
}

func (r *reading) bitwarden(m map[string]value) error {
	if err := r.texts(m, "rpId", "userName", "userDisplayName", "userHandle"); err != nil {
		return err
	}
	for _, f := range [][2]string{{"keyType", "public-key"}, {"keyAlgorithm", "ECDSA"}, {"keyCurve", "P-256"}} {
		if err := oneOf(m, f[0], f[1]); err != nil {
			return err
		}
	}
	if err := r.credential(m, bitwardenID); err != nil {
		return err
	}
	return r.private(m, "keyValue")
}

func (r *reading) keepassxc(m map[string]value) error {
	if err := r.texts(m, "relyingParty", "username", "", "userHandle"); err != nil {
		return err
	}
	if err := r.credential(m, func(name string, text []byte) ([]byte, error) { return bytes64(name, text) }); err != nil {
		return err
	}
	text, err := required(m, "privateKey")
	if err != nil {
		return err
	}
	if len(text) != len(m["privateKey"])-len(`""`) { // a copy, without the escapes of its line ends
		defer clear(text)
	}
	if r.Key, err = pkcs8PEM(text, &r.scalar); err != nil {
		return at("privateKey", err)
	}
	return nil
}

// bitwardenID reads the three forms of Bitwarden's credential ids: a GUID, "b64." and base64url,
// and base64url alone.
func bitwardenID(name string, text []byte) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(text, []byte("b64.")); ok {
		return bytes64(name, rest)
	}
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		id, err := hex.DecodeString(strings.ReplaceAll(string(text), "-", ""))
		if err == nil && len(id) == 16 {
			return id, nil
		}
	}
	return bytes64(name, text)
}

// texts reads what names the passkey.
func (r *reading) texts(m map[string]value, rpID, user, display, handle string) error {
	id, err := required(m, rpID)
	if err != nil {
		return err
	}
	if err := checkRPID(rpID, id); err != nil {
		return err
	}
	r.RPID = string(id)
	for _, f := range []struct {
		name string
		to   *string
	}{{user, &r.UserName}, {display, &r.UserDisplayName}} {
		text, err := optional(m, f.name)
		if err != nil {
			return err
		}
		if len(text) > maxName || !utf8.Valid(text) {
			return refuse(passkey.ErrMember, f.name, fmt.Sprintf("%d bytes at most", maxName), "")
		}
		*f.to = string(text)
	}
	text, err := optional(m, handle)
	if err != nil || len(text) == 0 {
		return err
	}
	if r.UserHandle, err = bytes64(handle, text); err != nil {
		return err
	}
	if len(r.UserHandle) > 64 {
		return refuse(passkey.ErrMember, handle, "64 bytes at most", "")
	}
	return nil
}

func (r *reading) credential(m map[string]value, decode func(string, []byte) ([]byte, error)) error {
	text, err := required(m, "credentialId")
	if err != nil {
		return err
	}
	if r.CredentialID, err = decode("credentialId", text); err != nil {
		return err
	}
	if n := len(r.CredentialID); n == 0 || n > passkey.MaxCredentialID {
		return refuse(passkey.ErrMember, "credentialId", "1 to 1023 bytes", "")
	}
	return nil
}

func (r *reading) private(m map[string]value, name string) error {
	text, err := required(m, name)
	if err != nil {
		return err
	}
	der, err := bytes64(name, text)
	if err != nil {
		return err
	}
	defer clear(der)
	if r.Key, err = pkcs8(der, &r.scalar); err != nil {
		return at(name, err)
	}
	return nil
}

// checkRPID takes the domains that an RP ID can be: lower case, in ASCII.
func checkRPID(name string, id []byte) error {
	ok := len(id) <= maxRPID && id[0] != '.' && id[0] != '-' && id[len(id)-1] != '.'
	for _, c := range id {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.')
	}
	if !ok {
		return &passkey.Error{Cause: passkey.ErrMember, Where: name, Seen: shown(string(id)), Want: "a domain in lower case"}
	}
	return nil
}
