package audit_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

var update = flag.Bool("update", false, "write docs/audit.svg and audit/testdata/demo.txt")

// device is a passkey, with what a passkey server keeps of it.
type device struct {
	*softkey.Authenticator
	rpID string
	kept recovery.Kept
}

func newDevice(t *testing.T, seed, rpID string, opts ...softkey.Option) *device {
	t.Helper()
	d := &device{softkey.New(append(opts, softkey.WithSeed([]byte(seed)))...), rpID, recovery.Kept{}}
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: rpID}, passkey.User{ID: make([]byte, 16), Name: "Ann", DisplayName: "Ann"}, make([]byte, 32))
	reg := must[*passkey.Registration](t)(passkey.ParseRegistration(must[[]byte](t)(d.Create(must[[]byte](t)(json.Marshal(options)), "https://"+rpID))))
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	facts := recovery.Registered(reg, made, nil)
	d.kept = recovery.Kept{RPID: rpID, ID: reg.ID, Key: reg.Key(), Facts: *facts, Created: made}
	return d
}

func (d *device) signer(t *testing.T) webauthn.Signer {
	return must[webauthn.Signer](t)(webauthn.Passkey(d.kept.Key, webauthn.FirstRule))
}

// run has a passkey approve of a call of its account.
func (d *device) run(t *testing.T, b *bench, acct *webauthn.Account, call account.Call) {
	t.Helper()
	auth := must[*webauthn.Authority](t)(acct.Authority(webauthn.PasskeyApprover{Passkey: d.signer(t), RPID: d.rpID, Origins: []string{"https://" + d.rpID}, Credential: d.kept.ID}))
	relay := &account.Relayer{Node: b.chain, Chain: b.chain, Key: must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(crypto.Keccak256([]byte("relay"))))}
	for _, a := range []common.Address{relay.From(), acct.Address()} {
		if err := b.net.Faucet(t.Context(), a, big.NewInt(1e18)); err != nil {
			t.Fatal(err)
		}
	}
	p := must[*account.Prepared](t)(account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: relay}, acct, auth, []account.Call{call}))
	digest := p.Challenge().Digest
	must[any](t)(p.Finish(account.Approval{Assertion: must[*passkey.Assertion](t)(d.Sign(d.kept.ID, digest[:], d.rpID, "https://"+d.rpID))}))
	must[any](t)(p.Send(t.Context()))
	if r := must[*account.Receipt](t)(p.Wait(t.Context())); !r.Success {
		t.Fatalf("it reverted: %s", r.Reason)
	}
}

// The picture of the README: Ann's account on a chain, with two passkeys under two RP IDs
// and guardians in two tiers; what her passkey servers keep; and what she says herself.
func TestThePictureOfTheDemoAccountIsTrue(t *testing.T) {
	b := newBench(t)
	model := func(id string) softkey.Option {
		return softkey.WithAAGUID(must[passkey.AAGUID](t)(passkey.ParseAAGUID(id)))
	}
	phone := newDevice(t, "Ann's phone", "wallet.example", softkey.WithBackup(true, true), model("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"))
	key := newDevice(t, "Ann's security key", "ann.example", softkey.WithBackup(false, false), softkey.WithTransports("usb", "nfc"), model("2fc0579f-8113-47ea-b116-bb5a8db9202a"))
	acct := must[*webauthn.Account](t)(webauthn.New(must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09)), webauthn.Members(phone.signer(t), key.signer(t)), 1, [32]byte{6}))
	person := func(name string) guardian.Guardian {
		address := common.BytesToAddress(crypto.Keccak256([]byte(name)))
		return guardian.Guardian{Signer: must[seal.Signer](t)(seal.AddressSigner(address)), Weight: 1}
	}
	install := must[account.Call](t)(guardian.Install(acct.Address(), guardian.Setup{Expiry: 14 * day, ChangeDelay: 8 * day, Tiers: []guardian.Tier{
		{Threshold: 2, Delay: 7 * day, Guardians: []guardian.Guardian{person("Mum"), person("Bob"), person("Carol")}},
		{Threshold: 1, Delay: 30 * day, Guardians: []guardian.Guardian{person("Notary")}},
	}}.Sorted()))
	phone.run(t, b, acct, install)

	a := read(t, b.chain, acct.Address())
	f := must[*recovery.File](t)(recovery.ParseFile(must[[]byte](t)(os.ReadFile("testdata/demo.toml"))))
	ann := must[*recovery.Account](t)(f.Apply(recovery.WithPasskeys(&a, phone.kept, key.kept)))
	ann.Name, ann.Address = "Ann's account", "" // the address moves with each change of the contract
	r := must[*recovery.Report](t)(recovery.Audit(ann))
	if notes := audit.Unread(*ann); len(notes) != 1 || !strings.HasPrefix(notes[0], "Modules ") {
		t.Errorf("unread: %q", notes)
	}
	for path, want := range map[string][]byte{"../docs/audit.svg": r.SVG(), "testdata/demo.txt": []byte(strings.Join(r.Words(), "\n") + "\n")} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, want) {
			t.Errorf("%s is not what the audit of the demo account says: go test ./audit -run Picture -update writes it", path)
		}
	}
	for event, want := range map[string]recovery.State{
		"rp-id-lost:wallet.example": recovery.Works, "vendor-gone:vendor": recovery.Works, "device-lost:iphone": recovery.Works,
		"all-devices-lost-and-secrets-forgotten": recovery.Recoverable,
	} {
		found := false
		for _, row := range r.Rows {
			if row.ID == event {
				found = true
				if row.Outcome.State != want {
					t.Errorf("%s: %s, want %s", event, row.Outcome.State, want)
				}
			}
		}
		if !found {
			t.Errorf("no row %s", event)
		}
	}
}
