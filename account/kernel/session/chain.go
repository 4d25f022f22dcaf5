// What an account and its modules say, read strictly: every answer has one form.

package session

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

func selector(signature string) []byte { return crypto.Keccak256([]byte(signature))[:4] }

// reader reads one account.
type reader struct {
	chain account.Chain
	addr  common.Address
}

// words asks a view function, whose arguments are words, for exactly n words.
func (r reader) words(ctx context.Context, n int, to common.Address, signature string, args ...[]byte) ([]common.Hash, error) {
	data := selector(signature)
	for _, a := range args {
		data = append(data, a...)
	}
	out, err := r.chain.Call(ctx, to, data)
	if err != nil {
		return nil, fmt.Errorf("session: ask %s for %s: %w", to, signature, err)
	}
	if len(out) != 32*n {
		return nil, fmt.Errorf("%w: %s of %s has %d bytes instead of %d", ErrAnswer, signature, to, len(out), 32*n)
	}
	words := make([]common.Hash, n)
	for i := range words {
		words[i] = common.Hash(out[32*i:])
	}
	return words, nil
}

// number reads an unsigned number of at most that many bits.
func number(w common.Hash, bits int) (uint64, error) {
	n := w.Big()
	if n.BitLen() > bits {
		return 0, fmt.Errorf("%w: %s is no number of %d bits", ErrAnswer, w, bits)
	}
	return n.Uint64(), nil
}

func truth(w common.Hash) (bool, error) {
	n, err := number(w, 1)
	return n == 1, err
}

func addressIn(w common.Hash) (common.Address, error) {
	if [12]byte(w[:12]) != [12]byte{} {
		return common.Address{}, fmt.Errorf("%w: %s is no address", ErrAnswer, w)
	}
	return common.Address(w[12:]), nil
}

func left(b []byte) []byte { return common.RightPadBytes(b, 32) }

func addressWord(a common.Address) []byte { return common.LeftPadBytes(a[:], 32) }

// record is what an account keeps of a permission, and of itself.
type record struct {
	account *kernel.Account // as the chain has it; as it will be before deployment
	version kernel.Version
	nonce   uint32 // the account's currentNonce
	kernel.Installed

	// Of a permission that was never installed: what its owner approved, and that the
	// approval was for an earlier nonce.
	enable kernel.Enable
	void   bool
	// born says that the account's deployment will install it.
	born bool
}

// record reads an account that is deployed.
func (r reader) record(ctx context.Context, id kernel.PermissionID) (rec record, err error) {
	err = together(
		func() (err error) {
			if rec.account, err = kernel.At(ctx, r.chain, r.addr); err == nil {
				rec.version = rec.account.Version()
			}
			return err
		},
		func() (err error) {
			rec.nonce, err = kernel.CurrentNonce(ctx, r.chain, r.addr)
			return err
		},
		func() (err error) {
			rec.Installed, err = kernel.ReadInstalled(ctx, r.chain, r.addr, id.Validation())
			return err
		},
	)
	return rec, err
}

// matches compares what the account has installed with what a document contains.
func (r record) matches(p kernel.Permission) error {
	differs := func(what string, want, found any) error {
		return &MismatchError{What: what, Want: fmt.Sprint(want), Found: fmt.Sprint(found)}
	}
	switch {
	case r.Signer != p.Signer.Contract:
		return differs("the signer's contract in the account", p.Signer.Contract, r.Signer)
	case r.Flag != p.Flag:
		return differs("the permission's flag in the account", p.Flag, r.Flag)
	case len(r.Policies) != len(p.Policies):
		return differs("the number of policies in the account", len(p.Policies), len(r.Policies))
	case r.Hook != common.Address{}:
		return differs("the permission's hook in the account", "none", r.Hook)
	}
	for i, e := range p.Policies {
		if found := r.Policies[i]; !bytes.HasPrefix(e, found[:]) {
			return differs(fmt.Sprintf("policy %d in the account", i+1), hexutil.Encode(e[:len(found)]), hexutil.Encode(found[:]))
		}
	}
	return nil
}

// blockTime is that of the latest block where the chain says it; 0 if it does not.
func blockTime(ctx context.Context, ch account.Chain) (uint64, error) {
	node, ok := ch.(account.Node)
	if !ok {
		return 0, nil
	}
	var head *struct {
		Timestamp hexutil.Uint64 `json:"timestamp"`
	}
	if err := node.CallContext(ctx, &head, "eth_getBlockByNumber", "latest", false); err != nil {
		return 0, fmt.Errorf("session: read the latest block: %w", err)
	}
	if head == nil || head.Timestamp == 0 || uint64(head.Timestamp) >= 1<<48 {
		return 0, fmt.Errorf("%w: a block without a time", ErrAnswer)
	}
	return uint64(head.Timestamp), nil
}

// together runs fns at once, waits for all, and returns the first error in order.
func together(fns ...func() error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(fns))
	for i, f := range fns {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// deployed says whether there is code at the account's address.
func (r reader) deployed(ctx context.Context) (bool, error) {
	code, err := r.chain.Code(ctx, r.addr)
	if err != nil {
		return false, fmt.Errorf("session: read the code of %s: %w", r.addr, err)
	}
	return len(code) > 0, nil
}

// decimals asks the tokens that the grant calls in which units they count: whoever
// wrote it may say another thing. What does not answer is no token here.
func (r reader) decimals(ctx context.Context, g grant.Grant) map[common.Address]uint8 {
	out := map[common.Address]uint8{}
	for _, t := range g.Tokens {
		called := slices.ContainsFunc(g.Policies, func(p grant.Policy) bool {
			c, ok := p.(*grant.Call)
			return ok && slices.ContainsFunc(c.Permissions, func(q grant.Permission) bool { return q.Target == t.Address })
		})
		if !called {
			continue
		}
		if w, err := r.words(ctx, 1, t.Address, "decimals()"); err == nil {
			if n, err := number(w[0], 8); err == nil {
				out[t.Address] = uint8(n)
			}
		}
	}
	return out
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// present refuses a permission with a contract that the chain does not have: its
// installation would revert, or install what nobody knows.
func (r reader) present(ctx context.Context, p kernel.Permission) error {
	contracts := map[common.Address]string{p.Signer.Contract: "signer"}
	for i, e := range p.Policies {
		contracts[common.Address(e[2:22])] = fmt.Sprintf("policy %d", i+1)
	}
	var reads []func() error
	for addr, what := range contracts {
		reads = append(reads, func() error {
			code, err := r.chain.Code(ctx, addr)
			switch {
			case err != nil:
				return fmt.Errorf("session: read the code of the %s: %w", what, err)
			case len(code) == 0:
				return &MissingError{What: what, Contract: addr}
			}
			return nil
		})
	}
	return together(reads...)
}

// checkCode asks for the very code of the public networks of all that a permission and
// its account rest on.
func checkCode(ctx context.Context, ch account.Chain, a *kernel.Account, p kernel.Permission) error {
	if err := a.CheckCode(ctx, ch); err != nil {
		return err
	}
	contracts := []common.Address{p.Signer.Contract}
	for _, e := range p.Policies {
		contracts = append(contracts, common.Address(e[2:22]))
	}
	return kernel.CheckCode(ctx, ch, contracts...)
}
