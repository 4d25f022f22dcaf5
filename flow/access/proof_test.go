package access_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

// What is no proof is none for package flow and none for the chain, and to FCL's own contract no passkey's proof is one.
func TestNoProofsOnChain(t *testing.T) {
	w := newWorld(t)
	one, two, bare, gone := flowtest.NewSigner("one"), flowtest.NewSigner("two"), flowtest.NewSigner("bare"), flowtest.NewSigner("gone")
	signers := []*flowtest.Signer{one, two, bare, gone}
	keys := func(first, second uint16) []flow.AccountKey {
		return []flow.AccountKey{flow.Passkey(one.Public(), first), flow.Passkey(two.Public(), second), flow.Passkey(bare.Public(), 1000), flow.Passkey(gone.Public(), 1000)}
	}
	account, other := w.create(keys(999, 1)...), w.create(keys(999, 1)...)
	script, arguments := flow.RevokeKey(3)
	tx := w.of(script, arguments, account)
	tx.ProposalKey.KeyIndex = 2
	if _, err := w.send(tx, signs{account: account, key: 2, signer: bare, how: plain}); err != nil {
		t.Fatal(err)
	}
	const app, nonce = "app.example", "a nonce of thirty-two bytes, once"
	policy := flow.Policy{Assertion: passkey.Rule{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}}
	// of makes a proof of one thing, with signatures that were made for another.
	of := func(p flow.Proof, tag string, madeFor flow.Proof, by ...uint32) *flow.Proof {
		m, err := madeFor.Message()
		if err != nil {
			t.Fatal(err)
		}
		clear(m[:32])
		copy(m, tag)
		for _, k := range by {
			s, how := flow.Signature{Address: p.Address, KeyIndex: k}, plain
			if k < 2 {
				how = usual
			}
			s.Signature, s.Extension = how.Make(signers[k], m)
			p.Signatures = append(p.Signatures, s)
		}
		return &p
	}
	mine := flow.Proof{App: app, Address: account, Nonce: []byte(nonce)}
	theirs, elsewhere, earlier := mine, mine, mine
	theirs.Address, elsewhere.App, earlier.Nonce = other, "other.example", []byte("a nonce of thirty-two bytes, past")
	for _, c := range []struct {
		name  string
		proof *flow.Proof
		want  error // nil: it is a proof
		local bool  // no script is made of it
	}{
		{"weights of 999 and 1", of(mine, flow.TagAccountProof, mine, 0, 1), nil, false},
		{"a weight of 999", of(mine, flow.TagAccountProof, mine, 0), flow.ErrProof, false},
		{"a key of 999 twice", of(mine, flow.TagAccountProof, mine, 0, 0), flow.ErrProof, false},
		{"a revoked key", of(mine, flow.TagAccountProof, mine, 3), flow.ErrRevoked, false},
		{"a revoked key beside a good one", of(mine, flow.TagAccountProof, mine, 2, 3), flow.ErrRevoked, false},
		{"a key that is not there", func() *flow.Proof {
			p := of(mine, flow.TagAccountProof, mine, 2)
			p.Signatures[0].KeyIndex = 4
			return p
		}(), flow.ErrProof, false},
		{"nobody", of(mine, flow.TagAccountProof, mine), flow.ErrProof, false},
		{"for another app", of(mine, flow.TagAccountProof, elsewhere, 2), flow.ErrSignature, false},
		{"for another account with the same keys", of(mine, flow.TagAccountProof, theirs, 2), flow.ErrSignature, false},
		{"for an earlier nonce", of(mine, flow.TagAccountProof, earlier, 2), flow.ErrSignature, false},
		{"as a user's message", of(mine, flow.TagUserMessage, mine, 2), flow.ErrSignature, false},
		{"as a transaction", of(mine, flow.TagTransaction, mine, 2), flow.ErrSignature, false},
		{"passkeys, for another app", of(mine, flow.TagAccountProof, elsewhere, 0, 1), flow.ErrChallenge, true},
		{"passkeys, for another account", of(mine, flow.TagAccountProof, theirs, 0, 1), flow.ErrChallenge, true},
		{"passkeys, as a user's message", of(mine, flow.TagUserMessage, mine, 0, 1), flow.ErrChallenge, true},
	} {
		a, err := w.Account(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.proof.Verify(a.Keys, policy); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		script, arguments, err := c.proof.Script()
		if c.local {
			if !errors.Is(err, c.want) || script != nil {
				t.Errorf("%s: a script is made: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Script(t.Context(), script, arguments)
		if err != nil || v.Text != fmt.Sprint(c.want == nil) {
			t.Errorf("%s: the chain says %+v, %v", c.name, v, err)
		}
	}
	// As FCL's contract asks a key: the message, under its tag, with no place for an extension.
	for k, want := range []string{0: "false", 2: "true"} {
		if want == "" {
			continue
		}
		p := of(mine, flow.TagAccountProof, mine, uint32(k))
		m, err := p.Message()
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Script(t.Context(), []byte(asFCL), [][]byte{flow.Addr(account).JSON(), flow.Int(int64(k)).JSON(),
			flow.Text(hex.EncodeToString(p.Signatures[0].Signature)).JSON(), flow.Text(hex.EncodeToString(m[32:])).JSON()})
		if err != nil || v.Text != want {
			t.Errorf("key %d by FCL's rules: %+v, %v", k, v, err)
		}
	}
}

const asFCL = `access(all) fun main(a: Address, key: Int, signature: String, message: String): Bool {
    let k = getAccount(a).keys.get(keyIndex: key)!
    return k.publicKey.verify(
        signature: signature.decodeHex(), signedData: message.decodeHex(),
        domainSeparationTag: "FCL-ACCOUNT-PROOF-V0.0", hashAlgorithm: k.hashAlgorithm
    )
}`
