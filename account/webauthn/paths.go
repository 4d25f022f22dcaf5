// How an account verifies the signatures of its passkeys: read from the chain, because the contract decides.

package webauthn

import (
	"context"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// P256Path is how signatures of a passkey are verified: by P256VERIFY, by the
// key's table of some format, or without a table.
type P256Path = seal.P256Path

// unhinted is taken where nothing better is known: no hints are used on it.
const unhinted = seal.PathPrecompile

// P256Path is how the account verified the signatures of a passkey when [At] read
// it. ok is false where that is not known: for other signers, for an account from
// [New], and for a contract of a version that does not say.
func (a *Account) P256Path(s Signer) (path P256Path, ok bool) {
	path, ok = a.paths[s]
	return path, ok
}

// readPaths asks for the paths of all passkeys among the members.
func readPaths(ctx context.Context, ch account.Chain, addr common.Address, members []Member) map[Signer]P256Path {
	asked := make([]answer, len(members))
	each(len(members), func(i int) { asked[i] = askPath(ctx, ch, addr, members[i].Signer) })
	out := map[Signer]P256Path{}
	for i, m := range members {
		if asked[i].known {
			out[m.Signer] = asked[i].path
		}
	}
	return out
}

// answer is what an account says of one passkey.
type answer struct {
	path   P256Path
	known  bool
	nobody bool // nothing is at the address
}

// askPath takes every answer that is none – of another version of the contract, of
// a node that fails – for "not known": a path is worth gas and nothing else.
func askPath(ctx context.Context, ch account.Chain, addr common.Address, s Signer) answer {
	if _, _, ok := s.Passkey(); !ok {
		return answer{}
	}
	out, err := ch.Call(ctx, addr, contracts.P256Path(s.Bytes()))
	if err != nil {
		return answer{}
	}
	b, err := contracts.ParseP256Path(out)
	if err != nil {
		return answer{nobody: len(out) == 0}
	}
	return answer{path: P256Path(b), known: true}
}

// FirstPath is the path of the passkeys of an account that does not exist yet: by
// P256VERIFY if the implementation knows it, else if the chain does, else without
// a table.
func (a *Account) FirstPath(ctx context.Context, ch account.Chain) P256Path {
	if has, err := read[bool](reader{ctx, ch, a.deployment.Implementation}, "hasPrecompile"); err == nil {
		// Anybody may have had the implementation itself ask again, which counts for no account.
		if code, err := ch.Code(ctx, a.deployment.Implementation); has && err == nil {
			if first, ok := a.deployment.FirstPrecompile(code); ok {
				has = first
			}
		}
		return pathOf(has)
	}
	if prober, ok := ch.(account.P256Prober); ok {
		if has, err := prober.HasP256(ctx); err == nil {
			return pathOf(has)
		}
	}
	return seal.PathNone
}

func pathOf(precompile bool) P256Path {
	if precompile {
		return seal.PathPrecompile
	}
	return seal.PathNone
}

// P256Paths implements [account.P256Pather]: it asks the account how it verifies
// each approver's signature now. For an account that is not there yet, it is how
// it will.
func (a *Authority) P256Paths(ctx context.Context, ch account.Chain) []byte {
	asked := make([]answer, len(a.approvers))
	each(len(asked), func(i int) { asked[i] = askPath(ctx, ch, a.account.address, a.approvers[i].Signer()) })
	unborn := sync.OnceValue(func() P256Path { return a.account.FirstPath(ctx, ch) })
	out := make([]byte, len(asked))
	for i, x := range asked {
		switch {
		case x.known:
			out[i] = byte(x.path)
		case x.nobody && a.account.create != nil:
			out[i] = byte(unborn())
		default:
			out[i] = byte(unhinted)
		}
	}
	return out
}

// OnP256Paths implements [account.P256Pather]: the authority whose stub and
// approvals are for these paths.
func (a *Authority) OnP256Paths(paths []byte) (account.Authority, error) {
	out, err := a.onPaths(paths)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// On returns the authority whose approvals carry the hints that fit the account as
// the chain has it now. [account.Prepare] does it by itself; it is for messages.
func (a *Authority) On(ctx context.Context, ch account.Chain) *Authority {
	out, err := a.onPaths(a.P256Paths(ctx, ch))
	if err != nil {
		return a // P256Paths gives no others
	}
	return out
}

func (a *Authority) onPaths(paths []byte) (*Authority, error) {
	if len(paths) != len(a.approvers) {
		return nil, fmt.Errorf("webauthn: %d P-256 paths for %d approvers", len(paths), len(a.approvers))
	}
	out := *a
	out.paths = make([]P256Path, len(paths))
	for i, b := range paths {
		var err error
		if out.paths[i], err = seal.ParseP256Path(b); err != nil {
			return nil, fmt.Errorf("webauthn: %w", err)
		}
	}
	return &out, out.makeStub()
}

// atOnce bounds the questions that a node is asked at the same time.
const atOnce = 8

// each runs f for 0 to n-1, some at once.
func each(n int, f func(int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			f(i)
			<-slots
		})
	}
	wg.Wait()
}
