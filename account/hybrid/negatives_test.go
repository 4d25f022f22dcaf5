package hybrid_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// TestNegativesOfTheKit: what the real contract answered to the capture's broken
// signatures, it answers here, and CheckSignature says the same with a cause.
func TestNegativesOfTheKit(t *testing.T) {
	causes := map[string]error{
		"high-s": seal.ErrHighS, "responseTypeLocation 0": seal.ErrIndex, "responseTypeLocation 1000": seal.ErrIndex,
		"unknown keyIdHash": hybrid.ErrNotSigner, "suffix changed": passkey.ErrSignature, "wrong hash": passkey.ErrSignature,
		"truncated": seal.ErrTruncated, "64 bytes": seal.ErrTruncated, "no UP": passkey.ErrUserPresence, "BS without BE": passkey.ErrBackupState,
	}
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, rules)
		for _, name := range captures {
			g := readGolden[captureFile](t, name)
			acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: g.Account.Owner,
				Keys: []hybrid.Key{g.Credential.key(t)}, Salt: crypto.Keccak256Hash([]byte(name))}))
			deploy(t, b, acct)
			for _, n := range g.Negatives {
				onChain := must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, n.Hash, n.Signature))
				_, err := acct.CheckSignature(n.Hash, n.Signature)
				if want := n.Result == "0x1626ba7e"; onChain != want || (err == nil) != want {
					t.Errorf("%s: %s: the contract says %v, the check here %v, the capture %s", name, n.Name, onChain, err, n.Result)
				}
				if cause := causes[n.Name]; cause != nil && !errors.Is(err, cause) {
					t.Errorf("%s: %s is refused because %v, not because %v", name, n.Name, err, cause)
				} else if cause == nil && err != nil {
					t.Errorf("%s: no cause is expected of %q", name, n.Name)
				}
			}
			if valid := must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, g.EIP1271.Hash, g.EIP1271.Signature)); !valid {
				t.Errorf("%s: the kit's ERC-1271 signature is refused", name)
			}
		}
	}
}

// TestWhatADeviceGetsWrongIsRefusedHereAndOnChain has an authenticator misbehave:
// before sealing it is refused with a cause, and what is sealed past the check is
// refused by the contract – but for what the contract does not look at.
func TestWhatADeviceGetsWrongIsRefusedHereAndOnChain(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	dev := newDevice(t, "negatives")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{dev.key}}))
	deploy(t, b, acct)
	auth := must[*hybrid.Authority](t)(acct.Authority(dev.approver()))
	lax := dev.approver()
	lax.DangerSkipUserVerification = true
	laxAuth := must[*hybrid.Authority](t)(acct.Authority(lax))
	m := auth.DangerSignHash(common.Hash{1, 2, 3})
	for name, c := range map[string]struct {
		quirks  softkey.Quirks
		cause   error
		onChain bool // the contract accepts it: only the check here protects
		lax     bool // accepted where user verification may be left out
	}{
		"good":                          {softkey.Quirks{}, nil, true, true},
		"no user presence":              {softkey.Quirks{ClearFlags: passkey.FlagUP}, passkey.ErrUserPresence, false, false},
		"no user verification":          {softkey.Quirks{ClearFlags: passkey.FlagUV}, passkey.ErrUserVerification, true, true},
		"backed up but not eligible":    {softkey.Quirks{SetFlags: passkey.FlagBS, ClearFlags: passkey.FlagBE}, passkey.ErrBackupState, false, false},
		"high s, which is brought down": {softkey.Quirks{HighS: true}, nil, true, true},
		"another member order":          {softkey.Quirks{ReverseMembers: true}, nil, true, true},
		"an Android app":                {softkey.Quirks{AndroidPackageName: "com.example"}, nil, true, true},
		"another signature":             {softkey.Quirks{BogusSignature: true}, passkey.ErrSignature, false, false},
		"another challenge":             {softkey.Quirks{Challenge: make([]byte, 32)}, passkey.ErrChallenge, false, false},
		"a registration's type":         {softkey.Quirks{WrongType: true}, passkey.ErrPurpose, false, false},
		// The contract knows neither origin nor relying party.
		"another origin":        {softkey.Quirks{Origin: "https://evil.example"}, passkey.ErrOrigin, true, false},
		"another relying party": {softkey.Quirks{RPID: "evil.example"}, passkey.ErrRPID, true, false},
		"embedded elsewhere":    {softkey.Quirks{EmbeddedIn: "https://evil.example"}, passkey.ErrTopOrigin, true, false},
	} {
		dev.SetQuirks(c.quirks)
		a, err := dev.approve(m.Challenge())
		if err != nil { // what no parser lets through
			if !errors.Is(err, c.cause) || c.onChain {
				t.Errorf("%s: %v, want %v", name, err, c.cause)
			}
			continue
		}
		if err := m.Challenge().Verify(a); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v, want %v", name, err, c.cause)
		}
		if _, err := m.Finish(a); (err == nil) != (c.cause == nil) {
			t.Errorf("%s: sealed: %v", name, err)
		}
		if _, err := laxAuth.DangerSignHash(common.Hash{1, 2, 3}).Finish(a); (err == nil) != c.lax {
			t.Errorf("%s, user verification left out: %v", name, err)
		}
		sig, err := auth.Seal(nil, a)
		if err != nil {
			if c.onChain {
				t.Errorf("%s: %v", name, err)
			}
			continue // no bytes to show to the contract
		}
		if got := must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, common.Hash{1, 2, 3}, sig)); got != c.onChain {
			t.Errorf("%s: the contract says %v", name, got)
		}
	}
	dev.SetQuirks(softkey.Quirks{})

	good := must[[]byte](t)(auth.Seal(nil, must[account.Approval](t)(dev.approve(m.Challenge()))))
	for name, sig := range map[string][]byte{
		"nothing": {}, "one byte": {1}, "65 zeros": make([]byte, 65), "96 zeros": make([]byte, 96), "huge": make([]byte, 1<<16),
		"without its last word": good[:len(good)-32], "lengths that lie": bytes.Replace(good, []byte{0, 0, 0, 0, 0, 0, 0, 0, 37}, []byte{0xff, 0, 0, 0, 0, 0, 0, 0, 37}, 1),
	} {
		if _, err := acct.CheckSignature(common.Hash{1, 2, 3}, sig); err == nil {
			t.Errorf("%s passes", name)
		}
		if must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, common.Hash{1, 2, 3}, sig)) {
			t.Errorf("%s: the contract accepts it", name)
		}
	}
	// The contract reads past padding and trailing bytes; here nothing is read in two ways.
	if _, err := acct.CheckSignature(common.Hash{1, 2, 3}, append(bytes.Clone(good), make([]byte, 32)...)); err == nil {
		t.Error("a padded signature passes")
	}
}

// TestTheSameSignatureIsValidForEveryAccountOfTheKey shows the weakness that
// Message.Warning names.
func TestTheSameSignatureIsValidForEveryAccountOfTheKey(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	dev, owner := newDevice(t, "siblings"), newKey("siblings")
	var accounts []*hybrid.Account
	for i := range byte(2) {
		acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key}, Salt: [32]byte{i}}))
		if _, err := acct.IsValidSignature(t.Context(), b.chain, common.Hash{}, nil); !errors.Is(err, hybrid.ErrNoAccount) {
			t.Errorf("before it is there: %v", err)
		}
		deploy(t, b, acct)
		accounts = append(accounts, acct)
	}
	for _, by := range []struct {
		approver hybrid.Approver
		approve  approve
	}{{dev.approver(), dev.approve}, {hybrid.OwnerApprover{Address: addressOf(owner)}, approveECDSA(owner)}} {
		m := must[*hybrid.Authority](t)(accounts[0].Authority(by.approver)).SignText([]byte("I agree"))
		sig := must[[]byte](t)(m.Finish(must[account.Approval](t)(by.approve(m.Challenge()))))
		for i, acct := range accounts {
			if !must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, m.Challenge().Digest, sig)) {
				t.Errorf("account %d refuses it; if that is so, the warning is wrong", i)
			}
			if _, err := acct.CheckSignature(m.Challenge().Digest, sig); err != nil {
				t.Errorf("account %d: %v", i, err)
			}
			if must[bool](t)(acct.IsValidSignature(t.Context(), b.chain, common.Hash{9}, sig)) {
				t.Errorf("account %d accepts it for another text", i)
			}
		}
		if m.Warning() == "" || m.Warning() == must[*hybrid.Authority](t)(accounts[0].Authority(by.approver)).DangerSignHash(common.Hash{}).Warning() {
			t.Errorf("warning %q", m.Warning())
		}
	}
}
