package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

func TestFinishRefusesWhatDoesNotFit(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	stranger := newOwner(t)
	stranger.device = softkey.New(softkey.WithSeed([]byte("stranger")))
	if _, err := stranger.device.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), origin); err != nil {
		t.Fatal(err)
	}
	stranger.id = stranger.device.Credentials()[0].ID
	p := o.prepare(t, w)
	good := o.approve(t, p.Challenge())
	quirk := func(q softkey.Quirks) account.Approval {
		o.device.SetQuirks(q)
		defer o.device.SetQuirks(softkey.Quirks{})
		return o.approve(t, p.Challenge())
	}
	cases := map[string]struct {
		a     account.Approval
		cause error
	}{
		"nothing":           {account.Approval{}, account.ErrWrongKind},
		"the wrong kind":    {account.Approval{ECDSA: make([]byte, 65)}, account.ErrWrongKind},
		"two answers":       {account.Approval{Assertion: good.Assertion, ECDSA: make([]byte, 65)}, nil},
		"another key":       {stranger.approve(t, p.Challenge()), nil},
		"no user verified":  {quirk(softkey.Quirks{NoUV: true}), passkey.ErrUserVerification},
		"no user present":   {quirk(softkey.Quirks{NoUP: true}), passkey.ErrUserPresence},
		"another challenge": {quirk(softkey.Quirks{Challenge: make([]byte, 32)}), passkey.ErrChallenge},
		"another origin":    {quirk(softkey.Quirks{Origin: "https://evil.example"}), passkey.ErrOrigin},
		"another site":      {quirk(softkey.Quirks{RPID: "evil.example"}), passkey.ErrRPID},
		"another ceremony":  {quirk(softkey.Quirks{WrongType: true}), passkey.ErrPurpose},
		"a bogus signature": {quirk(softkey.Quirks{BogusSignature: true}), passkey.ErrSignature},
		"several of one":    {account.Approval{Parts: []account.Approval{good}}, account.ErrWrongKind},
	}
	for name, c := range cases {
		_, err := p.Finish(c.a)
		e, ok := errors.AsType[*account.ApprovalError](err)
		if !ok || (c.cause != nil && !errors.Is(err, c.cause)) {
			t.Errorf("%s: got %v", name, err)
		} else if e.Hint() == "" || e.Who == "" {
			t.Errorf("%s: no hint or nobody", name)
		}
		if p.Sealed() {
			t.Fatalf("%s: sealed", name)
		}
	}
	if _, err := p.Send(t.Context()); !errors.Is(err, account.ErrNotSealed) {
		t.Errorf("sent without an approval: %v", err)
	}
	op, err := p.Finish(good)
	if err != nil || !p.Sealed() || len(op.Signature) == 0 {
		t.Fatalf("a good approval: %v", err)
	}
	op.Signature[0] ^= 1 // a copy
	if string(p.Op().Signature) == string(op.Signature) {
		t.Error("Finish hands out its own memory")
	}
}

func TestSendTwiceIsOneOperation(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	for range 3 {
		if h, err := p.Send(t.Context()); err != nil || h != p.Hash() {
			t.Fatalf("%s, %v", h, err)
		}
	}
	w.include(p)
	n := len(w.sent)
	if _, err := p.Send(t.Context()); err != nil || len(w.sent) != n {
		t.Errorf("an operation with a receipt was sent again: %v", err)
	}
}

func TestSendTellsFailuresApart(t *testing.T) {
	boom := errors.New("boom")
	cases := map[string]struct {
		answer func(*world, common.Hash) (common.Hash, error)
		want   func(error) bool
	}{
		"already known": {func(_ *world, h common.Hash) (common.Hash, error) { return common.Hash{}, errors.New("Already known") },
			func(err error) bool { return err == nil }},
		"AA25, but it is our own": {func(w *world, h common.Hash) (common.Hash, error) {
			w.receipts[h] = &account.Receipt{UserOpHash: h, Sender: w.sent[0].Sender}
			return common.Hash{}, errors.New("AA25 invalid account nonce")
		}, func(err error) bool { return err == nil }},
		"AA25, and the chain shows another": {func(w *world, h common.Hash) (common.Hash, error) {
			w.nonce, w.events = big.NewInt(1), []*account.Receipt{{UserOpHash: common.Hash{7}, Nonce: new(big.Int)}}
			return common.Hash{}, errors.New("AA25 invalid account nonce")
		}, is(func(e *account.NonceUsedError) bool {
			return errors.Is(e, account.ErrNonceUsed) && e.Current.Int64() == 1 && e.Nonce.Sign() == 0 && e.By == common.Hash{7}
		})},
		"AA25, and the chain shows ours": {func(w *world, h common.Hash) (common.Hash, error) {
			w.nonce, w.events = big.NewInt(1), []*account.Receipt{{UserOpHash: h, Nonce: new(big.Int)}}
			return common.Hash{}, errors.New("AA25 invalid account nonce")
		}, func(err error) bool { return err == nil }},
		"AA25, and the chain shows neither": {func(w *world, h common.Hash) (common.Hash, error) {
			w.nonce = big.NewInt(1)
			return common.Hash{}, errors.New("AA25 invalid account nonce")
		}, is(func(e *account.UnclearError) bool {
			return !errors.Is(e, account.ErrNonceUsed) && strings.Contains(e.Error(), "may have run") && e.Hint() != ""
		})},
		"AA25, but the chain calls the nonce free": {func(w *world, h common.Hash) (common.Hash, error) {
			return common.Hash{}, errors.New("AA25 invalid account nonce")
		}, is(func(e *account.UnclearError) bool {
			return !errors.Is(e, account.ErrNonceUsed) && strings.Contains(e.Error(), "may have run")
		})},
		"AA10, but the node shows no account": {func(w *world, h common.Hash) (common.Hash, error) {
			return common.Hash{}, errors.New("AA10 sender already constructed")
		}, is(func(e *account.UnclearError) bool { return !errors.Is(e, account.ErrNonceUsed) })},
		"AA10 after somebody deployed it": {func(w *world, h common.Hash) (common.Hash, error) {
			w.code[w.sent[0].Sender] = true
			return common.Hash{}, errors.New("AA10 sender already constructed")
		}, is(func(e *account.DeployedMeanwhileError) bool { return errors.Is(e, account.ErrNonceUsed) })},
		"another hash": {func(w *world, h common.Hash) (common.Hash, error) { return common.Hash{1}, nil },
			is(func(e *account.HashMismatchError) bool { return e.Got == common.Hash{1} })},
		"anything else": {func(w *world, h common.Hash) (common.Hash, error) { return common.Hash{}, boom },
			func(err error) bool { return errors.Is(err, boom) && !errors.Is(err, account.ErrNonceUsed) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			p := o.sealed(t, w)
			w.send = func(h common.Hash) (common.Hash, error) { return c.answer(w, h) }
			if _, err := p.Send(t.Context()); !c.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWaitLivesThroughAnOutage(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.set(func() { w.down = errors.New("connection refused") })
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want the time-out and its reason", err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		w.set(func() { w.down = nil })
		w.include(p)
	}()
	if r, err := p.Wait(t.Context()); err != nil || !r.Success {
		t.Errorf("%v, %v", r, err)
	}
}

func TestWaitNoticesThatAnotherOperationTookTheNonce(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.ran(common.Hash{7})
	if _, err := p.Wait(t.Context()); !errors.Is(err, account.ErrDropped) {
		t.Errorf("got %v", err)
	}
}

func TestWaitFindsTheOperationBeforeTheBundlerDoes(t *testing.T) {
	for name, down := range map[string]error{"behind": nil, "down": errors.New("connection refused")} {
		w, o := newWorld(), newOwner(t)
		p := o.sealed(t, w)
		w.ran(p.Hash())
		w.set(func() { w.down = down })
		if r, err := p.Wait(t.Context()); err != nil || r.UserOpHash != p.Hash() {
			t.Errorf("bundler %s: %+v, %v", name, r, err)
		}
	}
}

// Without logs nobody can tell who took a nonce: the receipt gets its time, and
// then nothing is claimed.
func TestWaitClaimsNothingWithoutLogs(t *testing.T) {
	for _, late := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			c := w.client()
			c.Chain = struct{ account.Chain }{c.Chain}
			p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
				t.Fatal(err)
			}
			w.set(func() { w.nonce = big.NewInt(1) })
			start := time.Now()
			if late {
				go func() {
					time.Sleep(25 * time.Second)
					w.include(p)
				}()
			}
			r, err := p.Wait(t.Context())
			switch {
			case late && (err != nil || r == nil):
				t.Errorf("a receipt after 25 seconds: %v", err)
			case !late && (!is(func(e *account.UnclearError) bool { return e.Hash == p.Hash() })(err) || errors.Is(err, account.ErrDropped)):
				t.Errorf("no receipt: %v", err)
			case !late && time.Since(start) < 30*time.Second:
				t.Errorf("gave up after %s", time.Since(start))
			}
		})
	}
}

// moody is a chain whose answers about receipts come from a list; then it agrees.
type moody struct {
	*worldChain
	answers []error
	asked   int
}

func (m *moody) Confirm(context.Context, *account.Receipt, userop.EntryPoint) error {
	if m.asked++; m.asked <= len(m.answers) {
		return m.answers[m.asked-1]
	}
	return nil
}

// flickering is a bundler that forgets each third receipt.
type flickering struct {
	account.Bundler
	asked int
}

func (f *flickering) Receipt(ctx context.Context, hash common.Hash) (*account.Receipt, error) {
	if f.asked++; f.asked%3 == 0 {
		return nil, nil
	}
	return f.Bundler.Receipt(ctx, hash)
}

func TestOnlyDenialsInARowCount(t *testing.T) {
	for name, answer := range map[string]error{"the node is down": context.DeadlineExceeded, "the bundler takes it back": errNotThere} {
		synctest.Test(t, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			c := w.client()
			m := &moody{worldChain: (*worldChain)(w)}
			for range 30 {
				m.answers = append(m.answers, answer)
			}
			c.Chain = m
			if errors.Is(answer, errNotThere) {
				c.Bundler = &flickering{Bundler: c.Bundler}
			}
			p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
				t.Fatal(err)
			}
			r := &account.Receipt{UserOpHash: p.Hash(), Sender: p.Op().Sender, Success: true}
			w.set(func() { w.receipts[p.Hash()] = r })
			if _, err := p.Wait(t.Context()); err != nil {
				t.Errorf("%s: %v after %d questions", name, err, m.asked)
			}
		})
	}
}

// doubting is a chain that does not bear out receipts at first.
type doubting struct {
	*worldChain
	denials int
}

var errNotThere = errors.New("no such event")

func (d *doubting) Confirm(context.Context, *account.Receipt, userop.EntryPoint) error {
	if d.denials--; d.denials >= 0 {
		return errNotThere
	}
	return nil
}

func TestWaitBelievesTheChainAndNotTheBundler(t *testing.T) {
	for denials, ok := range map[int]bool{0: true, 3: true, 1 << 20: false} {
		w, o := newWorld(), newOwner(t)
		c := w.client()
		c.Chain = &doubting{(*worldChain)(w), denials}
		p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
			t.Fatal(err)
		}
		w.include(p)
		synctest.Test(t, func(t *testing.T) {
			r, err := p.Wait(t.Context())
			if ok != (err == nil) || ok != (r != nil) || !ok && !errors.Is(err, errNotThere) {
				t.Errorf("denied %d times: %v, %v", denials, r, err)
			}
		})
	}
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	w.include(p)
	w.receipts[p.Hash()].UserOpHash = common.Hash{1}
	if _, err := p.Wait(t.Context()); !is(func(e *account.HashMismatchError) bool { return e.Got == common.Hash{1} })(err) {
		t.Errorf("a receipt of another operation: %v", err)
	}
}

func TestResumeGoesOnWhereItStopped(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.prepare(t, w)
	again := func(p *account.Prepared) *account.Prepared {
		t.Helper()
		saved, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := account.Resume(saved, w.client(), o.acct, o.auth)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := json.Marshal(q); err != nil || string(twice) != string(saved) {
			t.Errorf("saved again it differs (%v):\n%s\n%s", err, saved, twice)
		}
		if q.Hash() != p.Hash() || q.Challenge().Digest != p.Challenge().Digest || q.Summary().String() != p.Summary().String() {
			t.Error("hash, challenge or summary differ")
		}
		return q
	}
	approval := o.approve(t, p.Challenge())
	p = again(p)
	if _, err := p.Finish(approval); err != nil {
		t.Fatal(err)
	}
	p = again(p)
	if !p.Sealed() {
		t.Fatal("the approval is lost")
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.include(p)
	p = again(p)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 1 {
		t.Errorf("sent %d times", len(w.sent))
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestResumeRefusesWhatWasChanged(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	fields := func(change func(m map[string]any)) []byte {
		var m map[string]any
		if err := json.Unmarshal(saved, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	call := func(m map[string]any) map[string]any { return m["calls"].([]any)[0].(map[string]any) }
	op := func(m map[string]any) map[string]any { return m["op"].(map[string]any) }
	cases := map[string][]byte{
		"a call's value":  fields(func(m map[string]any) { call(m)["value"] = "0x1" }),
		"a call's target": fields(func(m map[string]any) { call(m)["to"] = "0x00000000000000000000000000000000f00dcaff" }),
		"the hash":        fields(func(m map[string]any) { m["hash"] = common.Hash{1}.Hex() }),
		"the chain":       fields(func(m map[string]any) { m["chainId"] = "0x1" }),
		"the EntryPoint":  fields(func(m map[string]any) { m["entryPoint"] = "0x0000000071727De22E5E9d8BAf0edAc6f37da032" }),
		"the nonce":       fields(func(m map[string]any) { op(m)["nonce"] = "0x9" }),
		"a fee":           fields(func(m map[string]any) { op(m)["maxFeePerGas"] = "0xffffffff" }),
		"a limit":         fields(func(m map[string]any) { op(m)["callGasLimit"] = "0xfffff" }),
		"the sender":      fields(func(m map[string]any) { op(m)["sender"] = "0x00000000000000000000000000000000f00dcafe" }),
		"the callData":    fields(func(m map[string]any) { op(m)["callData"] = "0x" }),
		"the format":      fields(func(m map[string]any) { m["format"] = "postern/prepared/2" }),
		"no calls":        fields(func(m map[string]any) { m["calls"] = []any{} }),
		"another member":  fields(func(m map[string]any) { m["more"] = 1 }),
		"no JSON":         []byte("{"),
		"trailing bytes":  append(append([]byte{}, saved...), "{}"...),
		"nothing":         nil,
		"too much":        []byte(strings.Repeat(" ", 2<<20)),
	}
	for name, data := range cases {
		if q, err := account.Resume(data, w.client(), o.acct, o.auth); err == nil {
			t.Errorf("%s: accepted: %v", name, q)
		} else if !errors.Is(err, account.ErrChanged) && !errors.Is(err, account.ErrSaved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := w.client()
	c.ChainID = big.NewInt(5)
	if _, err := account.Resume(saved, c, o.acct, o.auth); !is(func(*account.WrongChainError) bool { return true })(err) {
		t.Errorf("another chain: %v", err)
	}
}

func FuzzResume(f *testing.F) {
	f.Add([]byte(`{"format":"postern/prepared/1","chainId":"0x7a69","entryPoint":"0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108","hash":"0x00","calls":[{"to":"0x00000000000000000000000000000000f00dcafe","value":"0x1","data":"0x"}],"op":{},"sealed":false,"sent":false}`))
	t := &testing.T{}
	w, o := newWorld(), newOwner(t)
	if p, err := account.Prepare(context.Background(), w.client(), o.acct, o.auth, []account.Call{{To: friend}}); err == nil {
		b, _ := json.Marshal(p)
		f.Add(b)
	}
	paying := newWorld()
	paying.token = &worldToken{balance: tokenCost, allowance: new(big.Int)}
	c := paying.client()
	c.Paymaster = newTokenSponsor()
	if p, err := account.Prepare(context.Background(), c, o.acct, pretender{o.auth}, []account.Call{{To: friend}}); err == nil {
		b, _ := json.Marshal(p)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := account.Resume(data, w.client(), o.acct, o.auth)
		if err != nil {
			if p != nil {
				t.Error("a failed parse returns something")
			}
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := account.Resume(again, w.client(), o.acct, o.auth); err != nil || q.Hash() != p.Hash() {
			t.Errorf("does not round-trip: %v", err)
		}
	})
}
