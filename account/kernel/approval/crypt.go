// Encryption at rest, by a passphrase: age (age-encryption.org/v1).

package approval

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// workFactor is scrypt's, as a power of two: what OWASP recommends, 128 MiB and a
// third of a second for each guess. maxWorkFactor bounds what a hostile file can
// make us spend.
const (
	workFactor    = 17
	maxWorkFactor = 18
)

// PassphraseError says that a passphrase is not that of a file.
type PassphraseError struct{ Empty bool }

func (e *PassphraseError) Error() string {
	if e.Empty {
		return "approval: there is no passphrase"
	}
	return "approval: the passphrase is not the one of this file, or the file was changed"
}

// Hint implements [account.Hinter].
func (e *PassphraseError) Hint() string {
	if e.Empty {
		return "give one: whoever has an approval with a private key can act for the account"
	}
	return "ask whoever sealed it for the passphrase, or for the file again"
}

func encrypt(body, passphrase []byte, logN int) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, &PassphraseError{Empty: true}
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(logN)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // before it, the last of it is not written
		return nil, err
	}
	return out.Bytes(), nil
}

func decrypt(b, passphrase []byte) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, &PassphraseError{Empty: true}
	}
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(b), identity)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		return nil, &PassphraseError{}
	}
	if err != nil {
		return nil, refuse("body", wayFile, "%v", err)
	}
	body := bytes.NewBuffer(make([]byte, 0, len(b)))
	if _, err := io.Copy(body, r); err != nil {
		clear(body.Bytes())
		return nil, refuse("body", wayFile, "it was changed after it was sealed, or cut off")
	}
	return body.Bytes(), nil
}

// armored is the text form of what is encrypted: PEM, as age has it.
func armored(b []byte) []byte {
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	w.Write(b) // a buffer does not fail
	w.Close()
	return out.Bytes()
}

func unarmored(b []byte) ([]byte, error) {
	out, err := io.ReadAll(armor.NewReader(bytes.NewReader(b)))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(armored(out), b) {
		return nil, errors.New("it is not in the form in which age writes it")
	}
	return out, nil
}
