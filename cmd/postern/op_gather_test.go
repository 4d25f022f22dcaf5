package main

import (
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

// What stands in a file as an approval counts only as what it is: of this operation, of a signer that is asked.
func TestApprovalsInAFileAreVerified(t *testing.T) {
	dir := t.TempDir()
	dev, err := createKeyFile(dir+"/dev.json", "localhost", "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	eoa, err := createOwnerFile(dir + "/eoa.json")
	if err != nil {
		t.Fatal(err)
	}
	several := func(digest [32]byte) account.Challenge {
		return account.Challenge{Kind: account.KindSeveral, Digest: digest, Parts: []account.Challenge{
			{Kind: account.KindWebAuthn, Digest: digest, Key: dev.credential.Key, Credentials: [][]byte{dev.credential.ID},
				Rule: passkey.Rule{RPID: "localhost", Origins: []string{"http://localhost:8080"}, Challenge: digest[:]}},
			{Kind: account.KindECDSA, Digest: digest, Address: crypto.PubkeyToAddress(eoa.key.PublicKey)},
		}}
	}
	c := several([32]byte{1})
	all, err := keysHere{eoa, dev}.approve(c)
	if err != nil {
		t.Fatal(err)
	}
	var f opFile
	f.keep(c, all)
	got, err := f.given(c)
	if err != nil || len(f.Approvals) != 2 || got.Parts[0].Assertion == nil || got.Parts[1].ECDSA == nil || c.Verify(got) != nil {
		t.Fatalf("%d approvals, %v", len(f.Approvals), err)
	}
	bad := func(name string, f opFile, c account.Challenge) {
		if _, err := f.given(c); explain(err).Code != "bad-file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad("of another operation", f, several([32]byte{2}))
	bad("more than signers", opFile{Approvals: append(f.Approvals, f.Approvals[0])}, c)
	bad("nothing", opFile{Approvals: []opApproval{{}}}, c)
	for i := range f.Approvals {
		changed := opFile{Approvals: append([]opApproval{}, f.Approvals...)}
		sig := append([]byte{}, changed.Approvals[i].Signature...)
		sig[len(sig)-8] ^= 1
		changed.Approvals[i].Signature = sig
		bad("another signature", changed, c)
	}
	if _, err := (keysHere{dev, dev}).approve(c); err == nil {
		t.Error("a key that is given twice has approved twice")
	}
	stranger, err := createOwnerFile(dir + "/stranger.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (keysHere{stranger}).approve(c); explain(err).Code != "not-a-signer" {
		t.Errorf("a stranger: %v", err)
	}
	parts := make([]account.Approval, 2)
	if err := place(parts, c, account.Approval{ECDSA: make([]byte, 65)}); !errors.Is(err, account.ErrBadECDSA) {
		t.Errorf("the cause is %v", err)
	}
}
