package guardians_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
)

func TestCallsAboutGuardiansAreSaidInWords(t *testing.T) {
	plain := plain(t)
	acct := guardians.Account{Account: plain}
	install := must[[]account.Call](t)(guardians.Install(plain, family(t)))
	leave := must[[]account.Call](t)(guardians.Uninstall(plain))
	change := must[account.Call](t)(guardians.Change(plain.Address(), family(t)))
	veto := must[account.Call](t)(guardians.Veto(common.Hash{7}))
	p := must[*guardians.Proposal](t)(guardians.Propose(plain, kernel.ECDSA{Owner: addressOf(t, "new")}, new(big.Int).Lsh(guardians.NonceKey(0), 64)))
	const together = "Guardians who weigh 2 together can give the account a new owner after 7 days: "
	for _, c := range []struct {
		call           account.Call
		words, warning string
	}{
		{install[0], "let operations that guardians have approved of change the owner", ""},
		{install[1], "let guardians recover this account: " + together, "enough of these guardians can sign messages for the account at once"},
		{change, "put other guardians in the place of those that guard this account: " + together, "enough of these guardians can sign messages for the account at once"},
		{veto, "stop the recovery 0x0700000000000000000000000000000000000000000000000000000000000000 for good", ""},
		{leave[0], "do without guardians", ""},
		{leave[1], "remove the recovery action", ""},
		{p.Call(), "recover this account: have the owner's validator obey the key " + addressOf(t, "new").Hex(), "it tells the account's validator who the owner is"},
	} {
		words, ok := acct.DescribeCall(c.call)
		if warning := acct.WarnCall(c.call); !ok || !strings.HasPrefix(words, c.words) || !strings.HasPrefix(warning, c.warning) || (c.warning == "") != (warning == "") {
			t.Errorf("%q, %q: want %q, %q", words, warning, c.words, c.warning)
		}
		// what is not exactly that is said by Kernel's own words, or not at all
		for i := range c.call.Data {
			other := c.call
			other.Data = slices.Clone(c.call.Data)
			if other.Data[i] ^= 0x80; i == len(other.Data)-1 {
				other.Data = append(c.call.Data[:i:i], 0, 0)
			}
			if got, ok := acct.DescribeCall(other); ok && got == words {
				t.Fatalf("with another byte %d: %q", i, got)
			}
		}
		paying := c.call
		paying.Value = big.NewInt(1)
		if got, ok := acct.DescribeCall(paying); ok && got == words {
			t.Errorf("%q sends value", got)
		}
	}
	plainly := account.Call{To: plain.Address(), Data: bytes.Repeat([]byte{1}, 4)}
	if acct.WarnCall(plainly) != plain.WarnCall(plainly) {
		t.Error("an unknown call is not warned of as before")
	}
}

func FuzzDescribeCall(f *testing.F) {
	plain := must[*kernel.Account](f)(kernel.New(kernel.Config{Version: kernel.V033, Root: kernel.ECDSA{Owner: addressOf(f, "owner")}}))
	acct := guardians.Account{Account: plain}
	for _, c := range must[[]account.Call](f)(guardians.Install(plain, family(f))) {
		f.Add(true, c.Data)
	}
	f.Add(false, must[account.Call](f)(guardians.Change(plain.Address(), family(f))).Data)
	f.Fuzz(func(t *testing.T, self bool, data []byte) {
		c := account.Call{To: guardians.Validator, Data: data}
		if self {
			c.To = plain.Address()
		}
		words, ok := acct.DescribeCall(c)
		if ok == (words == "") {
			t.Fatalf("%q, %v", words, ok)
		}
		acct.WarnCall(c)
	})
}
