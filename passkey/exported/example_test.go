package exported_test

import (
	"fmt"
	"os"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

// A passkey that a password manager exported answers a challenge, as its own page would have it
// answered.
func ExampleParse() {
	data, err := os.ReadFile("testdata/keepassxc.passkey")
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := exported.Parse(data)
	exported.Wipe(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Wipe()
	p := file.Passkeys[0]
	challenge := make([]byte, 32) // what an account wants signed
	a, err := p.Assert(challenge, exported.Flags(passkey.Required, passkey.Any, passkey.Any))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(file.Format, p.RPID, a.AuthData.Flags)
	fmt.Println(a.Verify(p.Key, passkey.Rule{RPID: p.RPID, Origins: []string{exported.Origin(p.RPID)}, Challenge: challenge}))
	// Output:
	// KeePassXC passkey file wallet.example UP|UV|BE|BS
	// <nil>
}
