package rescue_test

import (
	"fmt"

	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/rescue"
)

// Before the loss: what remains of an account when its wallet's domain is gone?
func ExampleOutlooks() {
	phone := recovery.Signer{ID: "phone", Kind: recovery.KindPasskey, RPID: recovery.Known("wallet.example", recovery.Signed),
		Exportable: recovery.Known(false, recovery.Stated), Roaming: recovery.Known(false, recovery.Stated)}
	account := &recovery.Account{
		Signers: []recovery.Signer{phone},
		Domains: []recovery.Domain{{ID: "wallet.example", Kind: recovery.DomainRPID}},
		Routes:  []recovery.Route{{ID: "own", Use: recovery.Operate, Quorum: recovery.Any(1, "phone")}},
		Can:     []recovery.Ability{recovery.CanAddKey},
	}
	for _, o := range rescue.Outlooks(account) {
		fmt.Println(o.Words)
		for _, p := range o.Prepare {
			fmt.Println("-", p)
		}
	}
	// Output:
	// Without wallet.example, vendor and bundler rescue is impossible: the account is locked for ever.
	// - add a secp256k1 key that is kept off line
}
