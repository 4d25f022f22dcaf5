package browsertest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	account "github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// An account that wants two signatures gets them on one page, from a file: an exported passkey and a key, in either order.
func TestRescueGathersSeveralSigners(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	dir := shotDir(t)
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		h := newHolding(t)
		address := created(t, ep, 2, seal.RequireUV, h)
		n := newPlainNode(t, stack.Chain().RPCHandler())
		f := fromFile(t, n.URL)
		f.useExported(h.export(t, address))
		f.shows("account")
		f.until("!" + byID("alone") + ".hidden && " + byID("send-form") + ".hidden")
		if got := f.text("alone-text"); !strings.Contains(got, "must weigh 2 together") || !strings.Contains(got, "lack 1") {
			t.Errorf("the page says %q", got)
		}
		if ep == userop.V08 {
			f.shot(dir, "rescue-several")
		}

		// The same once more, a stranger and another account's add nothing; the way back leads to the account.
		f.click("more")
		f.shows("who")
		f.click("exported button")
		f.shows("account")
		f.until("!" + byID("alone") + ".hidden")
		f.click("more")
		f.shows("who")
		stranger, _ := newSecret(t)
		f.useKey(stranger)
		if got := f.problem(); !strings.Contains(got, "may not sign for this account") {
			t.Errorf("of a stranger the page says %q", got)
		}
		f.click("who-back")
		f.shows("account")
		f.until("!" + byID("alone") + ".hidden && " + byID("send-form") + ".hidden")

		f.click("more")
		f.shows("who")
		f.useKey(h.secret)
		f.shows("account")
		f.until(byID("alone") + ".hidden && !" + byID("send-form") + ".hidden")
		f.write("to", recipient)
		f.click("all")
		f.write("payer", stackPayer(t))
		f.click("review-go")
		f.shows("review")
		if got := f.text("review-rows"); !strings.Contains(got, "the exported passkey of second.example") || !strings.Contains(got, "the key of "+h.address.Hex()) || !strings.Contains(got, ", then ") {
			t.Errorf("the review says %q", got)
		}
		if ep == userop.V08 {
			f.shot(dir, "rescue-several-review")
		}
		f.lands("1 ETH sent")
		if left := balance(t, address.Hex()); left.Sign() != 0 {
			t.Errorf("%s wei are left", left)
		}
	}
}

// A passkey of this domain signs by a click of its own, whatever the others' order is; of three that may, the two that suffice.
func TestRescueGathersThePasskeyOfTheDomainAndAnother(t *testing.T) {
	p := newTab(t, "")
	p.register()
	der, err := x509.ParsePKCS8PrivateKey(p.credential().PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := passkey.NewPublicKey(&der.(*ecdsa.PrivateKey).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	h := newHolding(t)
	var members []account.Member
	for i, k := range []passkey.PublicKey{public, h.public} {
		s, err := seal.PasskeySigner(k, seal.RequireUV)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, account.Member{Signer: s, Weight: uint64(2 - i)})
	}
	k, err := seal.AddressSigner(h.address)
	if err != nil {
		t.Fatal(err)
	}
	members = append(members, account.Member{Signer: k, Weight: 1})
	address := createdBy(t, userop.V08, 3, members)
	n := newPlainNode(t, stack.Chain().RPCHandler())
	p.openRescue(served(t), "/", n.URL)
	p.write("address", address.Hex())
	p.useExported(h.export(t, common.Address{}))
	p.shows("account")
	p.click("more")
	p.shows("who")
	p.useKey(h.secret)
	p.shows("account")
	p.click("more")
	p.shows("who")
	p.click("passkey-form button")
	p.shows("account")
	p.write("to", recipient)
	p.write("amount", "0.25")
	p.write("payer", stackPayer(t))
	p.click("review-go")
	p.shows("review")
	if got := p.text("review-rows"); !strings.Contains(got, "your passkey of localhost") || strings.Count(got, ", then ") != 1 {
		t.Errorf("the review says %q", got)
	}
	p.click("sign")
	p.until("!" + byID("done") + ".hidden || " + byID("sign") + ".textContent === 'Sign with your passkey (2 of 2)' && !document.querySelector('[aria-disabled=true]')")
	var again bool
	if p.eval(byID("done")+".hidden", &again); again {
		p.click("sign")
	}
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	if got := p.text("done-title"); got != "0.25 ETH sent" {
		t.Errorf("the receipt says %q", got)
	}
	if left := balance(t, address.Hex()); left.Cmp(ether(0.75)) != 0 {
		t.Errorf("%s wei are left", left)
	}
}
