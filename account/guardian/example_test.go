package guardian_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// A recovery key on paper: one guardian, who has to wait for a week.
func ExampleSimple() {
	paper := common.HexToAddress("0xcA11000000000000000000000000000000000001")
	acct := common.HexToAddress("0xacc0000000000000000000000000000000000001")
	setup, err := guardian.Simple(paper, 7*24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	call, err := guardian.Install(acct, setup) // a call of the account; account.Prepare does the rest
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call.To == acct)
	for _, w := range setup.Words() {
		fmt.Println(w)
	}
	// Output:
	// true
	// Tier 1: one guardian can bring in a new signer after 7 days: the key 0xCA11000000000000000000000000000000000001.
	// The account's owner can stop it all that time with any quorum of its own signers.
	// A proposal that nobody executes dies 30 days after its delay.
	// A change of guardians, or leaving, takes 8 days.
	// Guardians cannot freeze the account.
}

// Two of three guardians pass a file on to each other, and anyone sends what comes of it.
func ExampleCollect() {
	names := []string{"mother", "brother", "friend", "new key", "lost key"}
	signers := map[string]seal.Signer{}
	sign := map[string]func(account.Challenge) account.Approval{}
	for _, name := range names {
		key, err := crypto.ToECDSA(crypto.Keccak256([]byte(name)))
		if err != nil {
			fmt.Println(err)
			return
		}
		if signers[name], err = seal.AddressSigner(crypto.PubkeyToAddress(key.PublicKey)); err != nil {
			fmt.Println(err)
			return
		}
		sign[name] = func(c account.Challenge) account.Approval {
			sig, _ := crypto.Sign(c.Digest[:], key)
			return account.Approval{ECDSA: sig}
		}
	}
	setup := guardian.Setup{Expiry: 14 * day, ChangeDelay: 10 * day, Tiers: []guardian.Tier{{Threshold: 2, Delay: 7 * day, Guardians: []guardian.Guardian{
		{Signer: signers["mother"], Weight: 1}, {Signer: signers["brother"], Weight: 1}, {Signer: signers["friend"], Weight: 1}}}}}.Sorted()
	chainID := big.NewInt(1)
	// On a chain: state, err := guardian.At(ctx, chain, account), and state.Recovery(…).
	r := guardian.Recovery{Account: common.HexToAddress("0xacc0000000000000000000000000000000000001"), NewSigner: signers["new key"], Replaces: []seal.Signer{signers["lost key"]},
		Nonce: new(big.Int).Lsh(big.NewInt(1), 64), Deadline: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), ConfigHash: setup.Hash()}
	c, err := guardian.Collect(chainID, setup, r)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"new key", "friend", "mother"} {
		ask, err := guardian.Ask(guardian.Approver{Signer: signers[name]}, c.Message(), chainID)
		if err != nil {
			fmt.Println(err)
			return
		}
		a, err := ask.Finish(sign[name](ask.Challenge())) // verified here
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := c.Add(a); err != nil {
			fmt.Println(err)
			return
		}
		file, _ := json.Marshal(c) // goes to the next one
		if c, err = guardian.ParseCollected(file); err != nil {
			fmt.Println(err)
			return
		}
		s := c.Status()
		fmt.Printf("%s: %d of %d, ready: %v\n", name, s.Weight, s.Threshold, s.Ready)
	}
	call, err := c.Call()
	fmt.Println(call.To == guardian.Module, err)
	// Output:
	// new key: 0 of 2, ready: false
	// friend: 1 of 2, ready: false
	// mother: 2 of 2, ready: true
	// true <nil>
}
