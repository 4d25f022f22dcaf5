package account

import (
	"context"
	"fmt"
)

// P256Pather is an ability of authorities whose approvals are cheaper to verify
// when they are written for the way in which the contract verifies P-256
// signatures at the time: with hints that fit it. The contract decides which way
// that is, and hints only save gas: what a node says of it, and what becomes of it
// until the operation runs, can change what verifying costs and never its result.
type P256Pather interface {
	// P256Paths asks the chain for the paths, one byte per approver. Where the chain
	// does not say, it is a path on which no hints are used.
	P256Paths(ctx context.Context, ch Chain) []byte
	// OnP256Paths returns the authority whose stub and approvals are for these
	// paths.
	OnP256Paths(paths []byte) (Authority, error)
}

// maxPaths bounds what is read from a saved operation.
const maxPaths = 1024

func readPaths(ctx context.Context, ch Chain, auth Authority) []byte {
	p, ok := auth.(P256Pather)
	if !ok {
		return nil
	}
	return p.P256Paths(ctx, ch)
}

// onPaths is the authority for paths that were read from a chain or, of a saved
// operation, then.
func onPaths(auth Authority, paths []byte) (Authority, error) {
	if len(paths) == 0 {
		return auth, nil
	}
	p, ok := auth.(P256Pather)
	if !ok || len(paths) > maxPaths {
		return nil, fmt.Errorf("%w: its approvals are written in another way", ErrChanged)
	}
	return p.OnP256Paths(paths)
}
