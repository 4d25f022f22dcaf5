package guardians_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/userop"
)

func plain(t *testing.T) *kernel.Account {
	return must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V033, Root: kernel.ECDSA{Owner: addressOf(t, "owner")}}))
}

func TestSetupsThatNobodyOrAnybodyCouldUseAreRefused(t *testing.T) {
	acct := plain(t)
	if _, err := guardians.Install(acct, family(t)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(s *guardians.Setup){
		"nobody":             func(s *guardians.Setup) { s.Guardians = nil },
		"17":                 func(s *guardians.Setup) { s.Guardians = make([]guardians.Guardian, 17) },
		"no delay":           func(s *guardians.Setup) { s.Delay = 0 },
		"a short delay":      func(s *guardians.Setup) { s.Delay = day - time.Second },
		"a delay of years":   func(s *guardians.Setup) { s.Delay = 731 * day },
		"half seconds":       func(s *guardians.Setup) { s.Delay += time.Millisecond },
		"the account":        func(s *guardians.Setup) { s.Guardians[0].Address = acct.Address() },
		"zero":               func(s *guardians.Setup) { s.Guardians[0].Address = common.Address{} },
		"the list's end":     func(s *guardians.Setup) { s.Guardians[0].Address = common.MaxAddress },
		"twice":              func(s *guardians.Setup) { s.Guardians[0] = s.Guardians[1] },
		"weight 0":           func(s *guardians.Setup) { s.Guardians[0].Weight = 0 },
		"weight 2^24":        func(s *guardians.Setup) { s.Guardians[0].Weight = 1 << 24 },
		"weights of 2^24":    func(s *guardians.Setup) { s.Guardians[0].Weight = 1<<24 - 1 },
		"threshold 0":        func(s *guardians.Setup) { s.Threshold = 0 },
		"threshold 4":        func(s *guardians.Setup) { s.Threshold = 4 },
		"messages not known": func(s *guardians.Setup) { s.DangerMessages = false },
	} {
		s := family(t)
		change(&s)
		_, err := guardians.Install(acct, s)
		if e, ok := errors.AsType[*guardians.SetupError](err); !ok || e.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := guardians.Change(acct.Address(), s); err == nil {
			t.Errorf("%s: a change", name)
		}
	}
	old := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V024, Root: kernel.ECDSA{Owner: addressOf(t, "owner")}}))
	if _, err := guardians.Install(old, family(t)); !errors.As(err, new(*kernel.UnsupportedError)) {
		t.Errorf("Kernel 0.2.4: %v", err)
	}
}

func TestProposalsAreHashedAndSignedAsTheContractDoes(t *testing.T) {
	acct, chain := plain(t), big.NewInt(31337)
	nonce := new(big.Int).Lsh(guardians.NonceKey(3), 64)
	p := must[*guardians.Proposal](t)(guardians.Propose(acct, kernel.ECDSA{Owner: addressOf(t, "new")}, nonce))
	var data apitypes.TypedData
	if err := json.Unmarshal(must[[]byte](t)(p.TypedData(chain)), &data); err != nil {
		t.Fatal(err)
	}
	hash, _, err := apitypes.TypedDataAndHash(data)
	if err != nil || p.Digest(chain) != common.BytesToHash(hash) {
		t.Errorf("digest %s, typed data %x: %v", p.Digest(chain), hash, err)
	}
	others := map[common.Hash]string{p.Hash(): "itself"}
	for name, q := range map[string]*guardians.Proposal{
		"nonce": must[*guardians.Proposal](t)(guardians.Propose(acct, p.Owner, new(big.Int).Add(nonce, big.NewInt(1)))),
		"owner": must[*guardians.Proposal](t)(guardians.Propose(acct, kernel.ECDSA{Owner: addressOf(t, "other")}, nonce)),
	} {
		if others[q.Hash()] != "" {
			t.Errorf("another %s has the hash of %s", name, others[q.Hash()])
		}
		others[q.Hash()] = name
	}
	for name, bad := range map[string]struct {
		owner kernel.Validator
		nonce *big.Int
	}{
		"another validator":      {kernel.MultiChainECDSA{Owner: addressOf(t, "new")}, nonce},
		"no owner":               {nil, nonce},
		"no nonce":               {p.Owner, nil},
		"the root's own nonce":   {p.Owner, new(big.Int)},
		"another one's sequence": {p.Owner, new(big.Int).Lsh(kernel.KeyOf(kernel.ModeDefault, kernel.ValidatorID(common.Address{1}), 0).Int(), 64)},
	} {
		if _, err := guardians.Propose(acct, bad.owner, bad.nonce); err == nil {
			t.Errorf("%s is proposed", name)
		}
	}
}

func TestOnlyGuardiansApproveAndOnlyOfThis(t *testing.T) {
	acct, chain, setup := plain(t), big.NewInt(31337), family(t)
	p := must[*guardians.Proposal](t)(guardians.Propose(acct, kernel.ECDSA{Owner: addressOf(t, "new")}, new(big.Int).Lsh(guardians.NonceKey(3), 64)))
	sign := func(name string, id *big.Int) guardians.Signed {
		c := must[account.Challenge](t)(guardians.Ask(addressOf(t, name), p, id))
		return guardians.Signed{Guardian: addressOf(t, name), Signature: must[[]byte](t)(crypto.Sign(c.Digest[:], keyOf(t, name)))}
	}
	mother := sign("mother", chain)
	if _, err := guardians.Approve(setup, p, chain, mother, sign("friend", chain)); err != nil {
		t.Fatal(err)
	}
	forged := mother
	forged.Signature = slices.Clone(mother.Signature)
	forged.Signature[3] ^= 1
	for name, list := range map[string][]guardians.Signed{
		"nobody": nil, "a stranger": {sign("stranger", chain)}, "one twice": {mother, mother}, "a bit": {forged}, "another chain": {sign("mother", big.NewInt(1))},
	} {
		if _, err := guardians.Approve(setup, p, chain, list...); err == nil {
			t.Errorf("%s", name)
		}
	}
	// who carries it out signs this operation only
	auth := guardians.NewAuthority(p, addressOf(t, "mother"))
	op := &userop.Op{Sender: acct.Address(), Nonce: p.Nonce, CallData: must[[]byte](t)(acct.EncodeCalls([]account.Call{p.Call()}))}
	for _, n := range []**big.Int{&op.CallGasLimit, &op.VerificationGasLimit, &op.PreVerificationGas, &op.MaxFeePerGas, &op.MaxPriorityFeePerGas} {
		*n = big.NewInt(1)
	}
	if c, err := auth.Challenge(op, chain); err != nil || c.Address != addressOf(t, "mother") {
		t.Errorf("%+v, %v", c, err)
	}
	for _, change := range []func(o *userop.Op){
		func(o *userop.Op) { o.Nonce = big.NewInt(1) }, func(o *userop.Op) { o.Sender = common.Address{1} }, func(o *userop.Op) { o.CallData = []byte{1} },
	} {
		other := op.Clone()
		change(other)
		if _, err := auth.Challenge(other, chain); !errors.Is(err, account.ErrChanged) {
			t.Errorf("another operation: %v", err)
		}
	}
}

// empty is a chain without contracts, or one that does not answer.
type empty struct {
	account.Chain
	err error
}

func (e empty) Code(context.Context, common.Address) ([]byte, error) { return nil, e.err }

func TestAChainWithoutTheContractsIsSaid(t *testing.T) {
	down := errors.New("down")
	if err := guardians.Available(t.Context(), empty{}); !errors.As(err, new(*guardians.SetupError)) {
		t.Errorf("%v", err)
	}
	if err := guardians.Available(t.Context(), empty{err: down}); !errors.Is(err, down) {
		t.Errorf("%v", err)
	}
	if s, err := guardians.At(t.Context(), empty{}, common.Address{1}); err != nil || len(s.Guardians) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := guardians.At(t.Context(), empty{err: down}, common.Address{1}); !errors.Is(err, down) {
		t.Errorf("%v", err)
	}
}
