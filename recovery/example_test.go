package recovery_test

import (
	"fmt"
	"time"

	"github.com/postern-dev/postern/recovery"
)

// An account with one passkey, described by a program: what locks it, what loses it, and
// what to do about that.
func Example() {
	own := recovery.Any(1, "phone passkey")
	account := &recovery.Account{
		Name: "Savings",
		Domains: []recovery.Domain{
			{ID: "phone", Kind: recovery.DomainDevice},
			{ID: "Apple account", Kind: recovery.DomainCloud},
			{ID: "wallet.example", Kind: recovery.DomainRPID},
		},
		Signers: []recovery.Signer{{
			ID: "phone passkey", Kind: recovery.KindPasskey,
			Devices: recovery.Known([]string{"phone"}, recovery.Stated),
			Cloud:   recovery.Known("Apple account", recovery.Stated),
			RPID:    recovery.Known("wallet.example", recovery.Attested),
		}},
		Routes: []recovery.Route{{ID: "own", Use: recovery.Operate, Quorum: own}},
		Can:    []recovery.Ability{recovery.CanGuardians},
	}
	report, err := recovery.Audit(account)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range report.Verdict() {
		fmt.Println(line)
	}
	fmt.Println("Ask:", report.Questions[0].Words)
	fmt.Println("Do:", report.Advice[0].Words)

	// The choice is made: what is left?
	next, err := recovery.Audit(report.Advice[0].After())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(next.Verdict()[0])
	fmt.Println(next.Verdict()[1])
	lost := next.Outcome([]string{"phone passkey"}, nil)
	fmt.Println("The passkey is lost:", lost.State, "after", recovery.Span(lost.Delay))
	// Output:
	// 3 single losses lock it: Apple account, wallet.example or phone passkey.
	// 4 single compromises lose it: phone, Apple account, wallet.example or phone passkey.
	// 4 facts are not known and counted pessimistically; 4 events could turn out better than said here.
	// Ask: Do devices keep their passkeys when Apple account is locked?
	// Do: Add a recovery key on paper that takes effect after 7 days unless you cancel, kept in a place that nothing else here is in.
	// This is not the account as it is, but as it would be after this: Add a recovery key on paper that takes effect after 7 days unless you cancel, kept in a place that nothing else here is in.
	// No single loss locks it; it takes 2 at once.
	// The passkey is lost: recoverable after 7 days
}

// What only the user knows comes from a file.
func ExampleFile_Apply() {
	fromChain := &recovery.Account{
		Signers: []recovery.Signer{{ID: "0xabc", Kind: recovery.KindHot}},
		Routes:  []recovery.Route{{ID: "owner", Use: recovery.Operate, Quorum: recovery.Any(1, "0xabc")}},
	}
	file, err := recovery.ParseFile([]byte(`
version = 1

[[domain]]
id = "the safe"
kind = "custody"

[[signer]]
id = "0xabc"
name = "Owner key"
kind = "seed"
places = ["the safe"]
cloud = false
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	account, err := file.Apply(fromChain)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := recovery.Audit(account)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range report.Rows {
		fmt.Printf("%s: %s\n", row.Words, report.OutcomeWords(row))
	}
	// Output:
	// the safe is lost: LOCKED: nobody gets in
	// the safe falls into other hands: STOLEN
	// Owner key is lost: LOCKED: nobody gets in
	// Owner key is stolen: STOLEN
}

// A passkey's history: changes that its owner should hear of.
func ExamplePasskey_Changes() {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	p := &recovery.Passkey{Uses: []recovery.Sighting{{When: day, Flags: 0x1d}, {When: day.AddDate(0, 1, 0), Flags: 0x0d}}}
	for _, c := range p.Changes() {
		fmt.Println(c.When.Format(time.DateOnly), c.What)
	}
	// Output:
	// 2026-06-01 it is no longer backed up: it is on one device only now (BS 1→0)
}

// What a passkey server keeps comes from its reply to the passkey's owner, and goes to the
// signer with the same key.
func ExampleWithPasskeys() {
	kept, err := recovery.ParseKept([]byte(`{"format": "postern-passkeys-1", "passkeys": [{
		"rpId": "wallet.example", "id": "AQID",
		"pubkey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q",
		"history": [
			{"at": "2026-01-02T10:00:00Z", "flags": "UP|UV|BE|BS", "signCount": 0},
			{"at": "2026-03-04T10:00:00Z", "flags": "UP|UV|BE", "signCount": 0}]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	account := &recovery.Account{
		Source: recovery.Chain,
		Signers: []recovery.Signer{{
			ID: "phone", Kind: recovery.KindPasskey,
			Key: "0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
		}},
		Routes: []recovery.Route{{ID: "own", Use: recovery.Operate, Quorum: recovery.Any(1, "phone")}},
	}
	phone := recovery.WithPasskeys(account, kept...).Signers[0]
	fmt.Println("Bound to", phone.RPID.Value, "-", phone.RPID.Source)
	fmt.Println("It is", phone.Class().Words())
	for _, c := range phone.Passkey.Changes() {
		fmt.Println(c.When.Format("2006-01-02"), c.What)
	}
	// Output:
	// Bound to wallet.example - signed
	// It is syncable, discoverable or not: unknown
	// 2026-03-04 it is no longer backed up: it is on one device only now (BS 1→0)
}
