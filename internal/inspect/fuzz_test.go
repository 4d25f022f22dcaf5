package inspect_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// FuzzInspect asserts what the package promises for any input: an error or a report
// with a reading, the same each time, that can be printed, in bounded time.
func FuzzInspect(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if decoded, err := inspect.ParseBytes(string(b[:len(b)-1])); err == nil {
			f.Add(decoded)
		}
	}
	f.Add(sealed(f, common.Hash{1}, softkey.Quirks{}))
	message, err := flowTransaction(f).Message(flow.Address{0xf8, 7: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	guardians := newCircle(f)
	f.Add(guardians.signed(f, guardians.recovery(f)))
	typed, err := guardians.recovery(f).TypedData(big.NewInt(10))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(typed)
	_, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("user"), message)
	f.Add(extension)
	for _, p := range []seal.P256Path{seal.PathNone, 0x13} {
		a := approval(f, common.Hash{1}, softkey.Quirks{}).WithHints(p, common.Hash{1})
		account, err := seal.Postern(a)
		if err != nil {
			f.Fatal(err)
		}
		verifier, err := seal.VerifierSignature(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(account)
		f.Add(verifier)
		f.Add(erc7913(f, account[1:65], common.Hash{1}, verifier))
	}
	f.Add([]byte("execution reverted: AA23 reverted 0x5b7812d4"))
	f.Add([]byte("\x22\x02\x66\xb6"))
	account := common.HexToAddress("0x1111111111111111111111111111111111111111")
	known := inspect.Options{Challenge: make([]byte, 32), RPID: rpID, Origins: []string{origin}, ChainID: big.NewInt(1), EntryPoint: userop.V08, Account: &account,
		CredentialID: []byte("credential"), KeyIDHash: &common.Hash{1}}
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, opt := range []inspect.Options{{}, known} {
			start := time.Now()
			r, err := inspect.Inspect(input, opt)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%d bytes took %s", len(input), took)
			}
			if (err == nil) != (r != nil) {
				t.Fatalf("report %v and error %v", r, err)
			}
			if err != nil {
				continue
			}
			if len(r.Readings) == 0 {
				t.Error("a report without a reading")
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
			if again, _ := inspect.Inspect(input, opt); !reflect.DeepEqual(r, again) {
				t.Error("another report for the same input")
			}
		}
	})
}
