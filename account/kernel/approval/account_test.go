package approval_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/userop"
)

func TestADelegatedKeysAccount(t *testing.T) {
	key := secret("owner")
	address := crypto.PubkeyToAddress(key.PublicKey)
	a, err := kernel.Attach(address, kernel.V033, kernel.ECDSA{Owner: address})
	if err != nil {
		t.Fatal(err)
	}
	auth := &userop.Authorization{ChainID: big.NewInt(1), Address: token, Nonce: 7, YParity: 1, R: big.NewInt(1), S: big.NewInt(1)}
	hash, err := auth.SigHash()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := crypto.Sign(hash[:], key)
	if err != nil {
		t.Fatal(err)
	}
	auth.R, auth.S, auth.YParity = new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:64]), sig[64]
	d := owners(t)[0].grantFor(t, a, five(t), kernel.ECDSASigner(common.Address{1}), approval.Options{EIP7702: auth}, 1)[0]
	text, _ := d.Serialize()
	f := parse(t, string(text)).Fields()
	if f.InitCode != nil || f.EIP7702 == nil || !reflect.DeepEqual(f.EIP7702, auth) {
		t.Errorf("%+v", f.EIP7702)
	}
	if who, err := f.EIP7702.Authority(); err != nil || who != address {
		t.Errorf("signed by %s: %v", who, err)
	}
	if v := fmt.Sprintf(`"v":"%d"`, 27+auth.YParity); !strings.Contains(decoded(t, string(text)), v) {
		t.Error("v is not written")
	} else if _, err := approval.Parse(encoded(strings.Replace(decoded(t, string(text)), v, fmt.Sprintf(`"v":"%d"`, 28-auth.YParity), 1))); err == nil {
		t.Error("v and yParity contradict each other")
	}
	if d.Derived() || len(d.Versions()) != 0 {
		t.Error("an account without init code proves no owner")
	}
	again, err := d.Account()
	if err != nil || again.Address() != address || again.Root() != a.Root() {
		t.Error(err)
	}
}

// The owner of an account may have changed: its init code is then not its own any
// more, and only the chain can tell who the owner is.
func TestAnAccountWhoseOwnerHasChanged(t *testing.T) {
	all := owners(t)
	was, is := all[0], all[2]
	made := was.account(t, kernel.V033)
	now, err := kernel.Attach(made.Address(), kernel.V033, is.root)
	if err != nil {
		t.Fatal(err)
	}
	signer := kernel.ECDSASigner(common.Address{1})
	d := is.grantFor(t, now, five(t), signer, approval.Options{}, 1)[0]
	text, _ := d.Serialize()
	bare := parse(t, string(text))
	if _, err := bare.Account(); err == nil {
		t.Error("without anything, the account is known")
	}
	known, err := bare.WithContext(approval.Context{Version: kernel.V033, Owner: is.root, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := known.Account(); err != nil || a.Address() != made.Address() || a.Root() != is.root {
		t.Errorf("%v", err)
	}
	// The SDK writes the init code that the new owner would make another account of.
	theirs, err := kernel.New(kernel.Config{Root: is.root})
	if err != nil {
		t.Fatal(err)
	}
	_, code := theirs.Factory()
	odd, err := approval.Parse(encoded(strings.Replace(decoded(t, string(text)), `"initCode":"0x"`, `"initCode":"0x`+hex.EncodeToString(code)+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if odd.Derived() {
		t.Error("another account's init code proves this one's owner")
	}
	if odd, err = odd.WithContext(approval.Context{Version: kernel.V033}); err != nil {
		t.Fatal(err)
	}
	if a, err := odd.Account(); err != nil || a.Address() != made.Address() || a.Root() != is.root {
		t.Error(err)
	} else if factory, _ := a.Factory(); factory != (common.Address{}) {
		t.Error("it can be deployed, elsewhere")
	}
}

// Init code of another shape – with a hook, with a permission as the root, of
// another factory – proves nothing about the owner.
func TestInitCodeOfAnotherShapeNamesNoOwner(t *testing.T) {
	o := owners(t)[0]
	d := o.grantFor(t, o.account(t, kernel.V033), five(t), kernel.ECDSASigner(common.Address{1}), approval.Options{}, 1)[0]
	text := decoded(t, string(must(d.Serialize())))
	code := d.Fields().InitCode
	_, rest, ok := strings.Cut(text, `"initCode":"`)
	if !ok {
		t.Fatal("no init code")
	}
	written := rest[:strings.IndexByte(rest, '"')]
	with := func(b []byte) *approval.Document {
		other := parse(t, string(encoded(strings.Replace(text, written, "0x"+hex.EncodeToString(b), 1))))
		return must(other.WithContext(approval.Context{Version: kernel.V033}))
	}
	if a, err := with(code).Account(); err != nil || a.Root() != o.root {
		t.Fatal(err)
	}
	// deployWithFactory: selector, factory, offset, index, length; then initialize: selector, root, hook, …
	call := 4 + 4*32
	for what, at := range map[string]int{
		"selector": 0, "root's kind": call + 4, "hook": call + 4 + 63, "the other selector": call, "offset": 4 + 63,
	} {
		b := bytes.Clone(code)
		b[at] ^= 2
		other := with(b)
		if other.Derived() {
			t.Errorf("another %s, and it makes the same account", what)
		}
		a, err := other.Account()
		if err == nil {
			t.Errorf("another %s, and the owner is %s", what, a.Root())
			continue
		}
		hinted(t, err, what)
	}
	for what, at := range map[string]int{"factory": 4 + 31, "index": 4 + 95, "owner": call + 4 + 6*32 + 5} {
		b := bytes.Clone(code)
		b[at] ^= 2
		other := with(b)
		a, err := other.Account()
		if other.Derived() || len(other.Versions()) != 0 {
			t.Errorf("another %s, and it makes the same account", what)
		}
		if err != nil {
			t.Errorf("another %s: the account may have changed since: %v", what, err)
		} else if factory, _ := a.Factory(); factory != (common.Address{}) {
			t.Errorf("another %s, and it can be deployed", what)
		}
	}
}
