package journeys

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// The relying party of all journeys: the wallet page on this machine.
const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

// page is where passkeys are made and asked for.
type page struct{ rpID, origin string }

// home is the page of nearly all journeys.
var home = page{rpID, origin}

// user is a person with a device and, in time, an account.
type user struct {
	device     *softkey.Authenticator
	page       page // where its passkey is asked
	credential []byte
	made       *passkey.Registration // what its registration showed; nil for who found the passkey again
	key        passkey.PublicKey

	account   *webauthn.Account
	signer    webauthn.Signer // the passkey as the account knows it
	authority *webauthn.Authority
}

// create is [page.create] at home.
func create(device *softkey.Authenticator, h webauthn.Handle, name string) (*user, *passkey.Registration, error) {
	return home.create(device, h, name)
}

// create makes a passkey on a device with the user handle h, as the page's
// navigator.credentials.create() does, and verifies the registration.
func (p page) create(device *softkey.Authenticator, h webauthn.Handle, name string) (*user, *passkey.Registration, error) {
	challenge := randomBytes(32)
	options, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: p.rpID, Name: "Postern"},
		passkey.User{ID: h.Bytes(), Name: name, DisplayName: name}, challenge))
	if err != nil {
		return nil, nil, err
	}
	answer, err := device.Create(options, p.origin)
	if err != nil {
		return nil, nil, fmt.Errorf("journeys: create a passkey: %w", err)
	}
	r, err := passkey.ParseRegistration(answer)
	if err != nil {
		return nil, nil, err
	}
	if err := r.Verify(p.rule(challenge)); err != nil {
		return nil, nil, err
	}
	return &user{device: device, page: p, credential: r.ID, key: r.Key(), made: r}, r, nil
}

// ask is [page.ask] at home.
func ask(device *softkey.Authenticator) (webauthn.Ceremony, error) { return home.ask(device) }

// ask asks the device for an assertion of any passkey of this site, as a page
// does that knows nothing yet.
func (p page) ask(device *softkey.Authenticator) (webauthn.Ceremony, error) {
	challenge := randomBytes(32)
	options, err := json.Marshal(passkey.NewRequestOptions(p.rpID, challenge))
	if err != nil {
		return webauthn.Ceremony{}, err
	}
	answer, err := device.Get(options, p.origin)
	if err != nil {
		return webauthn.Ceremony{}, fmt.Errorf("journeys: sign in: %w", err)
	}
	a, err := passkey.ParseAssertion(answer)
	return webauthn.Ceremony{Assertion: a, Rule: p.rule(challenge)}, err
}

func (p page) rule(challenge []byte) passkey.Rule {
	return passkey.Rule{RPID: p.rpID, Origins: []string{p.origin}, Challenge: challenge, UserVerification: passkey.Required}
}

// takes sets the user's account, of which the passkey must be a signer.
func (u *user) takes(a *webauthn.Account, s webauthn.Signer) error {
	auth, err := a.Authority(webauthn.PasskeyApprover{
		Passkey: s, RPID: u.page.rpID, Origins: []string{u.page.origin}, Credential: u.credential,
		Limits: seal.StubLimits{PackageName: -1}, // the software authenticator writes as a desktop browser does
	})
	if err != nil {
		return err
	}
	u.account, u.signer, u.authority = a, s, auth
	return nil
}

// approve answers a challenge as the person does who agrees.
func (u *user) approve(c account.Challenge) (account.Approval, error) {
	options, err := json.Marshal(passkey.NewRequestOptions(c.Rule.RPID, c.Digest[:], c.Credentials...))
	if err != nil {
		return account.Approval{}, err
	}
	answer, err := u.device.Get(options, u.page.origin)
	if err != nil {
		return account.Approval{}, fmt.Errorf("journeys: approve: %w", err)
	}
	a, err := passkey.ParseAssertion(answer)
	return account.Approval{Assertion: a}, err
}

// hand is the user's account in the user's hand.
func (u *user) hand() hand { return hand{u.account, u.authority, u.approve} }

// newUser is a person with a fresh passkey and its account, not deployed yet.
func newUser(d contracts.Deployment) (*user, error) {
	salt := [32]byte(randomBytes(32))
	u, _, err := create(softkey.New(), webauthn.SaltHandle(salt), "Ada")
	if err != nil {
		return nil, err
	}
	return u, u.opens(d, salt)
}

// opens gives the user the account of the passkey and salt.
func (u *user) opens(d contracts.Deployment, salt [32]byte) error {
	a, err := webauthn.ForPasskey(d, u.key, salt)
	if err != nil {
		return err
	}
	return u.takes(a, a.Members()[0].Signer)
}

// fundedUser is a newUser whose account has money.
func (w *walker) fundedUser(ctx context.Context) (*user, error) {
	u, err := newUser(w.deployment)
	if err != nil {
		return nil, err
	}
	_, err = w.fund(ctx, u.account.Address())
	return u, err
}

// randomAddress is one that nobody has used.
func randomAddress() common.Address { return common.BytesToAddress(randomBytes(20)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// milliEther is n thousandths of an ether in wei.
func milliEther(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e15)) }

var errNotTheSame = errors.New("journeys: another account was found than the one that was made")
