package webauthn_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// known is an account whose paths were read.
func known(t *testing.T, members []webauthn.Member, threshold uint64, paths map[webauthn.Signer]P) *webauthn.Account {
	t.Helper()
	addr := common.Address{0xac}
	chain := oracle{Chain: coded{}, call: func(_ common.Address, data []byte) ([]byte, error) {
		for s, p := range paths {
			if bytes.Equal(data, contracts.P256Path(s.Bytes())) {
				return word(byte(p)), nil
			}
		}
		m, err := contracts.AccountABI.MethodById(data)
		if err != nil {
			return nil, err
		}
		switch m.Name {
		case "accountId":
			return m.Outputs.Pack("postern.webauthnaccount.1.0")
		case "entryPoint":
			return m.Outputs.Pack(userop.V08.Address())
		case "threshold":
			return m.Outputs.Pack(threshold)
		case "getSigners":
			var list [][]byte
			for _, m := range members {
				list = append(list, m.Signer.Bytes())
			}
			return m.Outputs.Pack(list)
		case "signerWeight":
			args := must[[]any](t)(m.Inputs.Unpack(data[4:]))
			for _, x := range members {
				if bytes.Equal(x.Signer.Bytes(), args[0].([]byte)) {
					return m.Outputs.Pack(x.Weight)
				}
			}
		}
		return nil, &userop.Revert{}
	}}
	return must[*webauthn.Account](t)(webauthn.At(t.Context(), chain, addr))
}

func pathsOf(a *webauthn.Account) map[webauthn.Signer]P {
	out := map[webauthn.Signer]P{}
	for _, m := range a.Members() {
		if p, ok := a.P256Path(m.Signer); ok {
			out[m.Signer] = p
		}
	}
	return out
}

func TestATableChangesHandsTogetherWithTheKey(t *testing.T) {
	old, young, other := newDevice(t, "old").signer(t, 1), newDevice(t, "young").signer(t, 1), newDevice(t, "other").signer(t, 0)
	key := addressSigner(t, 1)
	for name, c := range map[string]struct {
		paths map[webauthn.Signer]P
		to    webauthn.Signer
		table p256table.Format // of the new passkey; 0: no call
		after map[webauthn.Signer]P
	}{
		"a table of 1k": {map[webauthn.Signer]P{old: P(p256table.Format1k), other: seal.PathNone}, young, p256table.Format1k,
			map[webauthn.Signer]P{young: P(p256table.Format1k), other: seal.PathNone}},
		"the other one's table stays": {map[webauthn.Signer]P{old: P(p256table.Format16k), other: P(p256table.Format512)}, young, p256table.Format16k,
			map[webauthn.Signer]P{young: P(p256table.Format16k), other: P(p256table.Format512)}},
		"no table": {map[webauthn.Signer]P{old: seal.PathNone, other: P(p256table.Format4k)}, young, 0,
			map[webauthn.Signer]P{young: seal.PathNone, other: P(p256table.Format4k)}},
		"P256VERIFY": {map[webauthn.Signer]P{old: seal.PathPrecompile, other: seal.PathPrecompile}, young, 0,
			map[webauthn.Signer]P{young: seal.PathPrecompile, other: seal.PathPrecompile}},
		"a key in place of a passkey": {map[webauthn.Signer]P{old: P(p256table.Format4k), other: seal.PathNone}, key, 0,
			map[webauthn.Signer]P{other: seal.PathNone}},
		"a contract that does not say": {nil, young, 0, map[webauthn.Signer]P{}},
	} {
		t.Run(name, func(t *testing.T) {
			acct := known(t, []webauthn.Member{{Signer: old, Weight: 3}, {Signer: other, Weight: 1}}, 3, c.paths)
			calls, after, err := acct.Rotate(old, c.to)
			if err != nil {
				t.Fatal(err)
			}
			pack := func(method string, args ...any) account.Call {
				return account.Call{To: acct.Address(), Data: must[[]byte](t)(contracts.AccountABI.Pack(method, args...))}
			}
			want := []account.Call{pack("addSigners", [][]byte{c.to.Bytes()}, []uint64{3})}
			if c.table != 0 {
				want = append(want, account.Call{To: acct.Address(), Data: contracts.UseTable(c.to.Bytes(), c.table)})
			}
			want = append(want, pack("removeSigners", [][]byte{old.Bytes()}))
			if !reflect.DeepEqual(calls, want) {
				t.Errorf("calls %x\nwant  %x", calls, want)
			}
			if after.Weight(c.to) != 3 || after.Weight(old) != 0 || !reflect.DeepEqual(pathsOf(after), c.after) {
				t.Errorf("afterwards %v, want %v", pathsOf(after), c.after)
			}
			if p, ok := after.P256Path(old); ok {
				t.Errorf("the old passkey is verified by %s", p)
			}
			if !reflect.DeepEqual(pathsOf(acct), pathsOf(known(t, acct.Members(), 3, c.paths))) {
				t.Error("the account itself has changed")
			}
		})
	}
	acct := known(t, webauthn.Members(old), 1, nil)
	if _, _, err := acct.Rotate(young, other); !errors.Is(err, webauthn.ErrNotMember) {
		t.Errorf("from a stranger: %v", err)
	}
	if _, _, err := acct.Rotate(old, old); !errors.Is(err, webauthn.ErrMember) {
		t.Errorf("to itself: %v", err)
	}
}

func TestTablesAreForPasskeysOfTheAccountInFormatsThatThereAre(t *testing.T) {
	s, stranger, key := newDevice(t, "mine").signer(t, 1), newDevice(t, "stranger").signer(t, 1), addressSigner(t, 1)
	acct := known(t, webauthn.Members(s, key), 1, map[webauthn.Signer]P{s: seal.PathNone})
	for _, f := range append([]p256table.Format{0}, formats...) {
		calls, err := acct.UseTable(s, f)
		if err != nil {
			t.Fatal(err)
		}
		open := must[account.Call](t)(webauthn.TableCall(acct.Address(), s, f))
		if len(calls) != 1 || !reflect.DeepEqual(calls[0], open) || open.To != acct.Address() || !bytes.Equal(open.Data, contracts.UseTable(s.Bytes(), f)) {
			t.Errorf("%s: %x and %x", f, calls, open)
		}
		_, after, err := acct.Change(webauthn.Change{Tables: []webauthn.Table{{Signer: s, Format: f}}})
		if err != nil || pathsOf(after)[s] != P(f) {
			t.Errorf("%s: afterwards %v, %v", f, pathsOf(after), err)
		}
	}
	native := known(t, webauthn.Members(s), 1, map[webauthn.Signer]P{s: seal.PathPrecompile})
	if _, after, err := native.Change(webauthn.Change{Tables: []webauthn.Table{{Signer: s, Format: p256table.Format1k}}}); err != nil || pathsOf(after)[s] != seal.PathPrecompile {
		t.Errorf("with P256VERIFY, a table makes it %v, %v", pathsOf(after), err)
	}
	for name, c := range map[string]struct {
		t    webauthn.Table
		want error
	}{
		"a stranger's passkey": {webauthn.Table{Signer: stranger, Format: p256table.Format1k}, webauthn.ErrNotMember},
		"a secp256k1 key":      {webauthn.Table{Signer: key, Format: p256table.Format1k}, webauthn.ErrNoPasskey},
		"FCL's format":         {webauthn.Table{Signer: s, Format: p256table.FCL}, nil},
		"format 1":             {webauthn.Table{Signer: s, Format: 1}, nil},
	} {
		calls, err := acct.UseTable(c.t.Signer, c.t.Format)
		if err == nil || calls != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", name, calls, err)
		}
		if _, err := webauthn.TableCall(acct.Address(), c.t.Signer, c.t.Format); (err == nil) != (c.want == webauthn.ErrNotMember) {
			t.Errorf("%s, for anybody: %v", name, err)
		}
	}
	if _, _, err := acct.Change(webauthn.Change{Tables: []webauthn.Table{{Signer: s}, {Signer: s, Format: p256table.Format1k}}}); !errors.Is(err, webauthn.ErrTwice) {
		t.Errorf("two tables of one passkey: %v", err)
	}
	if p := webauthn.ProbeCall(acct.Address()); p.To != acct.Address() || !bytes.Equal(p.Data, contracts.ProbePrecompile()) {
		t.Errorf("the probe is %x", p)
	}
}

// coded is a chain where every address has code.
type coded struct{ account.Chain }

func (coded) Code(context.Context, common.Address) ([]byte, error) { return []byte{0xfe}, nil }

func TestTablesAreSaidInWordsAndHarmNobody(t *testing.T) {
	s, key := newDevice(t, "words").signer(t, 1), addressSigner(t, 1)
	acct := known(t, webauthn.Members(s, key), 1, nil)
	call := func(signer []byte, f p256table.Format) account.Call {
		return account.Call{To: acct.Address(), Data: contracts.UseTable(signer, f)}
	}
	for want, c := range map[string]account.Call{
		"verify signatures of " + webauthn.Name(s) + " by its table of 1k, and build that if it is not there": call(s.Bytes(), p256table.Format1k),
		"verify signatures of " + webauthn.Name(s) + " without a table":                                       call(s.Bytes(), 0),
		"find out whether this chain verifies passkeys natively":                                              webauthn.ProbeCall(acct.Address()),
	} {
		if words, ok := acct.DescribeCall(c); !ok || words != want {
			t.Errorf("%q, want %q", words, want)
		}
		if warning := acct.WarnCall(c); warning != "" {
			t.Errorf("%s: a warning of %q", want, warning)
		}
	}
	long := call(s.Bytes(), p256table.Format1k)
	long.Data = append(long.Data, 0)
	for name, c := range map[string]account.Call{
		"a secp256k1 key":  call(key.Bytes(), p256table.Format1k),
		"no signer":        call([]byte{1, 2, 3}, p256table.Format1k),
		"a format of FCL":  call(s.Bytes(), p256table.FCL),
		"format 1":         call(s.Bytes(), 1),
		"a byte more":      long,
		"another contract": {To: common.Address{1}, Data: call(s.Bytes(), p256table.Format1k).Data},
	} {
		if words, ok := acct.DescribeCall(c); ok {
			t.Errorf("%s: described as %q", name, words)
		}
	}
}

func TestAnAccountThatWasThereIsNoneToBeCreated(t *testing.T) {
	dev := newDevice(t, "there")
	s := dev.signer(t, 1)
	acct := known(t, webauthn.Members(s), 1, map[webauthn.Signer]P{s: seal.PathNone})
	auth := must[*webauthn.Authority](t)(acct.Authority(dev.approver(s)))
	empty := oracle{call: func(common.Address, []byte) ([]byte, error) { return nil, nil }}
	if got := auth.P256Paths(t.Context(), empty); !bytes.Equal(got, []byte{byte(seal.PathPrecompile)}) {
		t.Errorf("a node that answers nothing: path %x", got)
	}
	// What At has read is what its authority's approvals are written for.
	c := auth.SignHash(big.NewInt(1), common.Hash{1})
	sig := must[[]byte](t)(c.Finish(must[account.Approval](t)(dev.approve(c.Challenge()))))
	if n := hintsIn(t, sig)[s]; n != 128 {
		t.Errorf("%d bytes of hints", n)
	}
	nobody := oracle{Chain: coded{}, call: func(_ common.Address, data []byte) ([]byte, error) {
		m := must[*abi.Method](t)(contracts.AccountABI.MethodById(data))
		return m.Outputs.Pack(map[string]any{"accountId": "postern.webauthnaccount.1.1.0", "entryPoint": userop.V08.Address(),
			"threshold": uint64(1), "getSigners": [][]byte{}}[m.Name])
	}}
	if _, err := webauthn.At(t.Context(), nobody, common.Address{1}); !is(func(*webauthn.NotOursError) bool { return true })(err) {
		t.Errorf("an account without signers: %v", err)
	}
}
