package kernel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/userop"
)

// liar is a chain that answers what it is told to.
type liar struct {
	account.Chain  // nil: nothing else is asked
	code           []byte
	implementation common.Address
	answers        map[string][]byte // by function
	reverts, fails string
}

var errNode = errors.New("the node is away")

// fullLiar reads storage too.
type fullLiar struct{ liar }

func (l liar) Code(context.Context, common.Address) ([]byte, error) { return l.code, nil }

func (l liar) Call(_ context.Context, _ common.Address, data []byte) ([]byte, error) {
	for name, answer := range l.answers {
		if bytes.HasPrefix(data, crypto.Keccak256([]byte(name))[:4]) {
			switch {
			case strings.HasPrefix(name, l.reverts+"("):
				return nil, &userop.Revert{}
			case strings.HasPrefix(name, l.fails+"("):
				return nil, errNode
			}
			return answer, nil
		}
	}
	return nil, nil
}

func (l fullLiar) Storage(context.Context, common.Address, common.Hash) (common.Hash, error) {
	return common.BytesToHash(l.implementation[:]), nil
}

func words(list ...[]byte) (out []byte) {
	for _, w := range list {
		out = append(out, common.LeftPadBytes(w, 32)...)
	}
	return out
}

// honest answers as an account of 0.3.3 with an ECDSA root does.
func honest() liar {
	d, _ := kernel.ForVersion(kernel.V033, nil)
	root := kernel.ValidatorID(d.ECDSA)
	id := "kernel.advanced.v0.3.3"
	return liar{
		code:           common.FromHex("0x363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"),
		implementation: d.Implementation,
		answers: map[string][]byte{
			"accountId()":                       append(words([]byte{32}, []byte{byte(len(id))}), common.RightPadBytes([]byte(id), 32)...),
			"rootValidator()":                   common.RightPadBytes(root[:], 32),
			"currentNonce()":                    words([]byte{3}),
			"validNonceFrom()":                  words([]byte{2}),
			"validationConfig(bytes21)":         words([]byte{1}, []byte{1}),
			"isAllowedSelector(bytes21,bytes4)": words([]byte{1}),
			"permissionConfig(bytes4)": append(words([]byte{32}), bytes.Join([][]byte{common.RightPadBytes([]byte{0, 2}, 32), words(target.Bytes(), []byte{96}, []byte{1}),
				common.RightPadBytes([]byte{0, 1, 9}, 32)}, nil)...),
			"ecdsaValidatorStorage(address)": words(target.Bytes()),
		},
	}
}

// TestWhatAnAccountSaysOfItselfIsReadStrictly: every answer of another form is refused
// with its cause, and none of any length makes a panic.
func TestWhatAnAccountSaysOfItselfIsReadStrictly(t *testing.T) {
	id := kernel.PermissionID{1, 2, 3, 4}.Validation()
	look := func(ch account.Chain) error {
		a, err := kernel.At(t.Context(), ch, common.Address{7})
		if err != nil {
			return err
		}
		if a.Root() != (kernel.ECDSA{Owner: target}) || a.Version() != kernel.V033 {
			return fmt.Errorf("the root is %s of Kernel %s", a.Root(), a.Version())
		}
		if n, err := kernel.CurrentNonce(t.Context(), ch, common.Address{7}); err != nil || n != 3 {
			return errors.Join(err, fmt.Errorf("the nonce is %d", n))
		}
		got, err := kernel.ReadInstalled(t.Context(), ch, common.Address{7}, id)
		if err != nil {
			return err
		}
		// Its nonce, 1, is below the account's least valid one, 2.
		if !got.Present || got.Valid || !got.Executes || got.Flag != 2 || got.Signer != target || len(got.Policies) != 1 || got.Policies[0] != [22]byte{0, 1, 9} {
			return fmt.Errorf("installed: %+v", got)
		}
		return nil
	}
	if err := errors.Join(look(honest()), look(fullLiar{honest()})); err != nil {
		t.Fatal(err)
	}
	for least, valid := range map[byte]bool{0: true, 1: true, 2: false} {
		l := honest()
		l.answers["validNonceFrom()"] = words([]byte{least})
		if got := must[kernel.Installed](t)(kernel.ReadInstalled(t.Context(), l, common.Address{7}, id)); got.Valid != valid {
			t.Errorf("the nonce 1 where %d is the least: valid %v", least, got.Valid)
		}
	}
	for name := range honest().answers {
		good := honest().answers[name]
		var bad [][]byte
		for _, n := range []int{0, 1, 31, 33, len(good) - 1, len(good) + 32, 1 << 17} {
			if n != len(good) {
				b := make([]byte, n)
				copy(b, good)
				bad = append(bad, b)
			}
		}
		ones := bytes.Repeat([]byte{0xff}, len(good))
		bad = append(bad, ones)
		for i, b := range bad {
			l := honest()
			l.answers[name] = b
			if err := look(l); err == nil {
				t.Errorf("%s: answer %d of another form is taken: %d bytes", name, i, len(b))
			} else if h, ok := errors.AsType[account.Hinter](err); !ok || h.Hint() == "" {
				t.Errorf("%s: no way out: %v", name, err)
			}
		}
		for i := range good {
			l := honest()
			l.answers[name] = bytes.Clone(good)
			l.answers[name][i] ^= 0x80
			_ = look(l) // some say something else; none panics
		}
		function, _, _ := strings.Cut(name, "(")
		l := honest()
		l.reverts = function
		refused[*kernel.NotKernelError](t, name+" reverts", look(l))
		l.reverts, l.fails = "", function
		if err := look(l); !errors.Is(err, errNode) {
			t.Errorf("%s: the node's failure is called %v", name, err)
		}
	}
}

func TestAccountsThatAreNoneAreRefused(t *testing.T) {
	at := func(change func(*liar)) error {
		l := honest()
		change(&l)
		_, err := kernel.At(t.Context(), fullLiar{l}, common.Address{7})
		return err
	}
	if err := at(func(l *liar) { l.code = nil }); !errors.Is(err, kernel.ErrNoAccount) {
		t.Errorf("no code: %v", err)
	}
	refused[*kernel.NotKernelError](t, "another proxy", at(func(l *liar) { l.code = append(l.code, 0) }))
	refused[*kernel.NotKernelError](t, "another implementation", at(func(l *liar) { l.implementation[0] ^= 1 }))
	refused[*kernel.NotKernelError](t, "no implementation", at(func(l *liar) { l.implementation = common.Address{} }))
	err := at(func(l *liar) { l.code = append(common.FromHex("0xef0100"), target[:]...) })
	refused[*kernel.NotKernelError](t, "an ordinary account", err)
	if e, ok := errors.AsType[*kernel.NotKernelError](err); !ok || !e.EIP7702 {
		t.Error("an ordinary account is not named so")
	}
	for name, root := range map[string]kernel.ValidationID{
		"no root": {}, "a permission": kernel.PermissionID{1}.Validation(), "an unknown type": {9, 1}, "an unknown validator": kernel.ValidatorID(target),
	} {
		err := at(func(l *liar) { l.answers["rootValidator()"] = common.RightPadBytes(root[:], 32) })
		if _, ok := errors.AsType[account.Hinter](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused[*kernel.RootError](t, "a hook", at(func(l *liar) { l.answers["validationConfig(bytes21)"] = words([]byte{1}, target[:]) }))
	if err := at(func(l *liar) { l.answers["ecdsaValidatorStorage(address)"] = words(nil) }); !errors.Is(err, kernel.ErrNoOwner) {
		t.Errorf("nobody owns it: %v", err)
	}
	l := honest()
	l.answers["currentNonce()"] = words(nil)
	if _, err := kernel.CurrentNonce(t.Context(), l, common.Address{7}); err == nil {
		t.Error("the nonce 0 of a contract that is there")
	}
	// What an isValidSignature answers beside the one word is a no.
	for _, answer := range [][]byte{nil, common.FromHex("0x1626ba7e"), append(common.RightPadBytes(common.FromHex("0x1626ba7e"), 32), 0), common.RightPadBytes(common.FromHex("0x1626ba7e01"), 32), words(common.FromHex("0x1626ba7e"))} {
		l.answers["isValidSignature(bytes32,bytes)"] = answer
		if ok, err := kernel.IsValidSignature(t.Context(), l, common.Address{7}, common.Hash{}, nil); ok || err != nil {
			t.Errorf("%x is a yes, %v", answer, err)
		}
	}
	l.answers["isValidSignature(bytes32,bytes)"] = common.RightPadBytes(common.FromHex("0x1626ba7e"), 32)
	if ok, err := kernel.IsValidSignature(t.Context(), l, common.Address{7}, common.Hash{}, nil); !ok || err != nil {
		t.Errorf("the one word is no yes: %v", err)
	}
}
