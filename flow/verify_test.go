package flow_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// sponsored is a transaction of which an account signs the payload and another one the envelope.
func sponsored() *flow.Transaction {
	user, sponsor := flow.Address{0xf8, 0xd6, 7: 1}, flow.Address{7: 9}
	return &flow.Transaction{
		Script: []byte("transaction { prepare(a: &Account) {} }"), GasLimit: 100,
		ProposalKey: flow.ProposalKey{Address: user, SequenceNumber: 7}, Payer: sponsor, Authorizers: []flow.Address{user},
	}
}

func TestVerifyIsWhatNodesDo(t *testing.T) {
	tx := sponsored()
	user := tx.ProposalKey.Address
	message, err := tx.Message(user)
	if err != nil {
		t.Fatal(err)
	}
	s := flowtest.NewSigner("user")
	key := flow.Passkey(s.Public(), flow.WeightThreshold)
	for _, c := range append(flowtest.WebAuthn(), flowtest.Plain()...) {
		signature, extension := c.Make(s, message)
		one := flow.Signature{Address: user, Signature: signature, Extension: extension}
		err := tx.VerifySignature(one, flow.RolePayload, key, nil)
		if !errors.Is(err, c.Cause) || (c.Cause == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.Name, err, c.Cause)
		}
		var e *flow.Error
		if err != nil && (!errors.As(err, &e) || e.Hint() == "") {
			t.Errorf("%s: no way out of %v", c.Name, err)
		}
		revoked := key
		revoked.Revoked = true
		if err := tx.VerifySignature(one, flow.RolePayload, revoked, nil); !errors.Is(err, flow.ErrRevoked) {
			t.Errorf("%s: by a revoked key: %v", c.Name, err)
		}
	}
}

// The role decides which message it is.
func TestASignatureIsForOneRole(t *testing.T) {
	tx := sponsored()
	s := flowtest.NewSigner("user")
	key := flow.Passkey(s.Public(), flow.WeightThreshold)
	user := tx.ProposalKey.Address
	usual := flowtest.WebAuthn()[0]
	sign := func(a flow.Address) flow.Signature {
		m, err := tx.Message(a)
		if err != nil {
			t.Fatal(err)
		}
		signature, extension := usual.Make(s, m)
		return flow.Signature{Address: a, Signature: signature, Extension: extension}
	}
	inside := sign(user)
	if err := tx.Sign(inside); err != nil {
		t.Fatal(err)
	}
	outside := sign(tx.Payer)
	// Nodes go by the list where a signature stands, whoever made it.
	payers, users := inside, outside
	payers.Address, users.Address = tx.Payer, user
	for name, c := range map[string]struct {
		s     flow.Signature
		list  flow.Role
		cause error
	}{
		"payload":                  {inside, flow.RolePayload, nil},
		"envelope":                 {outside, flow.RoleEnvelope, nil},
		"payload, by the payer":    {payers, flow.RolePayload, nil},
		"envelope, by the user":    {users, flow.RoleEnvelope, nil},
		"payload in the envelope":  {inside, flow.RoleEnvelope, flow.ErrChallenge},
		"envelope in the payload":  {users, flow.RolePayload, flow.ErrChallenge},
		"payload, as the payer's":  {payers, flow.RoleEnvelope, flow.ErrChallenge},
		"envelope, as it is there": {outside, flow.RolePayload, flow.ErrChallenge},
		"in no list":               {inside, flow.RoleNone, flow.ErrRole},
		"in an unknown list":       {inside, flow.RoleEnvelope + 1, flow.ErrRole},
		"by somebody else":         {flow.Signature{Address: flow.Address{5}, Signature: inside.Signature}, flow.RolePayload, flow.ErrRole},
		"of the plain scheme":      {flow.Signature{Address: user, Signature: inside.Signature}, flow.RolePayload, flow.ErrSignature},
	} {
		if err := tx.VerifySignature(c.s, c.list, key, nil); !errors.Is(err, c.cause) || (err == nil) != (c.cause == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sha3Key := key
	sha3Key.Hash = flow.SHA3
	if err := tx.VerifySignature(inside, flow.RolePayload, sha3Key, nil); !errors.Is(err, flow.ErrSignature) {
		t.Errorf("key with SHA3-256: %v", err)
	}
	m, _ := tx.Message(user)
	if err := tx.VerifySignature(flow.Signature{Address: user, Signature: s.Sign(sha3.Sum256(m))}, flow.RolePayload, sha3Key, nil); err != nil {
		t.Errorf("plain signature by a key with SHA3-256: %v", err)
	}
	if sha3Key.Fits() == nil || key.Fits() != nil {
		t.Error("a passkey is a key with SHA2-256")
	}
}

func TestOtherCurvesHaveTheirOwnVerifier(t *testing.T) {
	k, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("anything")
	digest := sha256.Sum256(message)
	sig, err := crypto.Sign(digest[:], k)
	if err != nil {
		t.Fatal(err)
	}
	key := flow.AccountKey{Public: [64]byte(crypto.FromECDSAPub(&k.PublicKey)[1:]), Curve: flow.Secp256k1, Hash: flow.SHA2}
	verifier := func(public, signature [64]byte, digest [32]byte) bool {
		return crypto.VerifySignature(append([]byte{4}, public[:]...), digest[:], signature[:])
	}
	s := flow.Signature{Signature: sig[:64]}
	if err := flow.Verify(s, message, key, nil); !errors.Is(err, flow.ErrCurve) {
		t.Errorf("without a verifier: %v", err)
	}
	if err := flow.Verify(s, message, key, verifier); err != nil {
		t.Errorf("%v", err)
	}
	if err := flow.Verify(s, []byte("another"), key, verifier); !errors.Is(err, flow.ErrSignature) {
		t.Errorf("another message: %v", err)
	}
	for name, change := range map[string]func(k *flow.AccountKey){
		"curve": func(k *flow.AccountKey) { k.Curve = "BLS_BLS12_381" },
		"hash":  func(k *flow.AccountKey) { k.Hash = "KECCAK_256" },
		"point": func(k *flow.AccountKey) { k.Curve, k.Public = flow.P256, [64]byte{1} },
	} {
		wrong := key
		change(&wrong)
		if err := flow.Verify(s, message, wrong, verifier); !errors.Is(err, flow.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a wallet signs: the assertion of a browser, through the policy of a sponsor.
func TestAPolicyWantsMoreThanNodes(t *testing.T) {
	tx := sponsored()
	user, sponsor := tx.ProposalKey.Address, tx.Payer
	s := flowtest.NewSigner("user")
	key := flow.Passkey(s.Public(), flow.WeightThreshold)
	message, _ := tx.Message(user)
	policy := flow.Policy{Assertion: passkey.Rule{
		RPID: flowtest.RPID, Origins: []string{flowtest.Origin}, UserVerification: passkey.Required,
	}}
	verdict := func(c flowtest.Case) error {
		signature, extension := c.Make(s, message)
		return policy.Verify(flow.Signature{Address: user, Signature: signature, Extension: extension}, message, key)
	}
	strict := map[string]error{
		"UP and UV": nil, "a counter": nil,
		"UP alone": passkey.ErrUserVerification, "BE": passkey.ErrUserVerification, "BE and BS": passkey.ErrUserVerification,
		"reserved bits": passkey.ErrUserVerification, "ED with bytes": passkey.ErrUserVerification, "AT with bytes that are none": flow.ErrLenient,
		"high s": flow.ErrHighS, "crossOrigin": passkey.ErrTopOrigin, "another origin": passkey.ErrOrigin,
		"members that nobody knows": passkey.ErrOrigin, "members in another order": nil, "no origin": flow.ErrLenient,
		"origin null": flow.ErrLenient, "names in capitals": flow.ErrLenient, "the challenge twice, the right one in capitals": passkey.ErrChallenge,
		"the challenge twice, the last one right": flow.ErrLenient,
		"white space": flow.ErrLenient, "escapes": flow.ErrLenient, "RP ID hash of zeros": passkey.ErrRPID,
		"line feed in the challenge": flow.ErrLenient, "bits after the challenge's end": flow.ErrLenient,
		"no extension": nil, "the scheme's byte": nil,
	}
	seen := 0
	for _, c := range append(flowtest.WebAuthn(), flowtest.Plain()...) {
		err := verdict(c)
		if c.Cause != nil {
			if !errors.Is(err, c.Cause) {
				t.Errorf("%s: nodes refuse it, the policy says %v", c.Name, err)
			}
			continue
		}
		want, known := strict[c.Name]
		if seen++; !known || !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.Name, err, want)
		}
	}
	if seen != len(strict) {
		t.Errorf("%d cases of %d", seen, len(strict))
	}
	if err := (flow.Policy{}).Verify(flow.Signature{Address: user}, message, key); err == nil {
		t.Error("no signature")
	}

	for name, c := range map[string]struct {
		change func(t *flow.Transaction, p *flow.Policy)
		cause  error
	}{
		"as it is":           {func(*flow.Transaction, *flow.Policy) {}, nil},
		"another payer":      {func(t *flow.Transaction, _ *flow.Policy) { t.Payer = user }, flow.ErrRole},
		"sponsor authorizes": {func(t *flow.Transaction, _ *flow.Policy) { t.Authorizers = append(t.Authorizers, sponsor) }, flow.ErrAuthorizer},
		"sponsor proposes":   {func(t *flow.Transaction, _ *flow.Policy) { t.ProposalKey.Address = sponsor }, flow.ErrAuthorizer},
		"an allowed script": {func(t *flow.Transaction, p *flow.Policy) {
			p.Scripts = []flow.ScriptHash{{}, flow.HashScript(t.Script)}
		}, nil},
		"another script":    {func(_ *flow.Transaction, p *flow.Policy) { p.Scripts = []flow.ScriptHash{{}} }, flow.ErrScript},
		"gas within":        {func(_ *flow.Transaction, p *flow.Policy) { p.MaxGas = 100 }, nil},
		"too much gas":      {func(_ *flow.Transaction, p *flow.Policy) { p.MaxGas = 99 }, flow.ErrGasLimit},
		"no gas":            {func(t *flow.Transaction, _ *flow.Policy) { t.GasLimit = 0 }, flow.ErrGasLimit},
		"more gas than any": {func(t *flow.Transaction, _ *flow.Policy) { t.GasLimit = 10_000 }, flow.ErrGasLimit},
		"too long":          {func(_ *flow.Transaction, p *flow.Policy) { p.MaxBytes = 50 }, flow.ErrTooLarge},
	} {
		other, p := *tx, policy
		c.change(&other, &p)
		if err := p.Sponsor(&other, sponsor); !errors.Is(err, c.cause) || (c.cause == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.cause)
		}
	}
}

func TestAnAssertionOfABrowserSigns(t *testing.T) {
	auth := softkey.New()
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: flowtest.RPID, Name: "Wallet"},
		passkey.User{ID: bytes.Repeat([]byte{7}, 16), Name: "ann", DisplayName: "Ann"}, []byte("a challenge that stays the same."))
	raw, err := auth.Create(mustJSON(t, options), flowtest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := passkey.ParseRegistration(raw)
	if err != nil {
		t.Fatal(err)
	}
	tx := sponsored()
	challenge, err := tx.Challenge(tx.ProposalKey.Address)
	if err != nil {
		t.Fatal(err)
	}
	a, err := auth.Sign(auth.Credentials()[0].ID, challenge[:], flowtest.RPID, flowtest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	signature, extension := flow.WebAuthn(a)
	s := flow.Signature{Address: tx.ProposalKey.Address, Signature: signature, Extension: extension}
	if err := tx.VerifySignature(s, flow.RolePayload, flow.Passkey(reg.Key(), 1000), nil); err != nil {
		t.Error(err)
	}
	if err := tx.Sign(s); err != nil {
		t.Error(err)
	}
	if strings.Count(string(tx.Bytes()), "webauthn.get") != 1 {
		t.Error("the assertion is not in the transaction")
	}
}

// A policy wants a low s, on each curve by its own order.
func TestAPolicyWantsALowSOnBothCurves(t *testing.T) {
	k, err := crypto.ToECDSA(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("anything")
	digest := sha256.Sum256(message)
	signature, err := crypto.Sign(digest[:], k)
	if err != nil {
		t.Fatal(err)
	}
	key := flow.AccountKey{Public: [64]byte(crypto.FromECDSAPub(&k.PublicKey)[1:]), Curve: flow.Secp256k1, Hash: flow.SHA2}
	s := flow.Signature{Signature: signature[:64]}
	if err := (flow.Policy{Secp256k1: secp256k1.Verify}).Verify(s, message, key); err != nil {
		t.Errorf("a low s: %v", err)
	}
	s.Signature = bytes.Clone(s.Signature)
	new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(s.Signature[32:])).FillBytes(s.Signature[32:])
	if err := (flow.Policy{Secp256k1: secp256k1.Verify}).Verify(s, message, key); !errors.Is(err, flow.ErrHighS) {
		t.Errorf("a high s: %v", err)
	}
	// Between the halves of the two orders it is low on one curve and high on the other.
	between := make([]byte, 64)
	between[0] = 1
	copy(between[32:], "\x7f\xff\xff\xff\x90")
	taken := func([64]byte, [64]byte, [32]byte) bool { return true }
	if err := (flow.Policy{Secp256k1: taken}).Verify(flow.Signature{Signature: between}, message, key); err != nil {
		t.Errorf("low for secp256k1, high for P-256: %v", err)
	}
}

func FuzzExtension(f *testing.F) {
	s := flowtest.NewSigner("user")
	message := make([]byte, 40)
	for _, c := range flowtest.WebAuthn() {
		_, extension := c.Make(s, message)
		f.Add(extension)
	}
	f.Fuzz(func(t *testing.T, extension []byte) {
		authData, client, err := flow.ParseExtension(extension)
		if err == nil && !bytes.Equal(flow.Extension(authData, client), extension) {
			t.Fatalf("%x", extension)
		}
		one := flow.Signature{Signature: make([]byte, 64), Extension: extension}
		if err := flow.Verify(one, message, flow.Passkey(s.Public(), 1), nil); err == nil {
			t.Fatal("a signature of zeros is good")
		}
	})
}
