package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/journeys/stand"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/userop"
	"github.com/postern-dev/postern/wallet"
)

// place is where the guided page is walked: our own chain and bundler, or Anvil
// and Alto, neither of them ours.
type place struct {
	origin string
	// fund gives an account ether from outside the page; nil: the page's faucet does.
	fund func(t *testing.T, address string)
}

// origin is where our own stack serves.
func origin(t *testing.T) string {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	return stack.Origin()
}

// places runs a walk on each.
func places(t *testing.T, walk func(t *testing.T, at place)) {
	t.Run("devnet", func(t *testing.T) { walk(t, place{origin: origin(t)}) })
	t.Run("anvil and alto", func(t *testing.T) {
		if skipped != "" {
			t.Skip(skipped)
		}
		at, err := foreign.get(t.Context())
		if errors.Is(err, stand.ErrMissing) && os.Getenv("CI") == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		walk(t, at)
	})
}

// standPlace is the page on Anvil and Alto, started when the first walk wants it.
type standPlace struct {
	once  sync.Once
	place place
	err   error
	close []func() error // in the order they were opened
}

var foreign standPlace

func (s *standPlace) get(ctx context.Context) (place, error) {
	s.once.Do(func() { s.err = s.start(context.WithoutCancel(ctx)) })
	return s.place, s.err
}

// end closes what was started, last opened first.
func (s *standPlace) end() error {
	var errs []error
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	return errors.Join(errs...)
}

func (s *standPlace) start(ctx context.Context) error {
	running, err := stand.Start(ctx, "osaka")
	if err != nil {
		return err
	}
	s.close = append(s.close, running.Close)
	anvil, err := rpc.DialContext(ctx, running.RPC)
	if err != nil {
		return err
	}
	s.close = append(s.close, func() error { anvil.Close(); return nil })

	set, err := artifacts.Open(ctx, artifacts.Options{})
	if err != nil {
		return err
	}
	hashes, err := set.FS("@noble/hashes")
	if err != nil {
		return err
	}
	curves, err := set.FS("@noble/curves")
	if err != nil {
		return err
	}
	page, err := wallet.New(wallet.Vendor{Hashes: hashes, Curves: curves})
	if err != nil {
		return err
	}
	binding, err := server.Listen(ctx, "localhost:0")
	if err != nil {
		return err
	}
	s.close = append(s.close, binding.Close)
	store, err := sqlite.Open(ctx, sqlite.Ephemeral)
	if err != nil {
		return err
	}
	s.close = append(s.close, store.Close)
	quiet := slog.New(slog.DiscardHandler)
	passkeys, err := relyingparty.New(relyingparty.Config{
		RelyingParties: []relyingparty.RelyingParty{{ID: "localhost", Name: "Postern", Origins: []string{binding.Origin()}}},
		Store:          store, Log: quiet,
	})
	if err != nil {
		return err
	}
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		return err
	}
	srv, err := server.New(binding, server.Config{
		Page: page, RPC: router{running}, Passkeys: passkeys, Log: quiet,
		Wallet: server.WalletConfig{
			ChainID: running.ChainID, RPID: "localhost", RPName: "Postern",
			EntryPoint:        server.EntryPointConfig{Version: d.EntryPoint.Version(), Address: d.EntryPoint.Address().Hex()},
			Factory:           d.Factory.Hex(),
			Implementation:    d.Implementation.Hex(),
			ProxyInitCodeHash: contracts.ProxyInitCodeHash(d.Implementation).Hex(),
			RPCURL:            "/rpc", PasskeyURL: "/passkeys",
			Hybrid: server.Hybrid130(), PaymasterURL: "/rpc",
		},
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(serving) }()
	s.close = append(s.close, func() error { stop(); return <-served })
	s.place = place{origin: binding.Origin(), fund: func(t *testing.T, address string) {
		t.Helper()
		ten := (*hexutil.Big)(new(big.Int).Mul(big.NewInt(10), big.NewInt(1e18)))
		if err := anvil.CallContext(t.Context(), nil, "anvil_setBalance", common.HexToAddress(address), ten); err != nil {
			t.Fatal(err)
		}
	}}
	return nil
}

// router sends each JSON-RPC request to whom it is for.
type router struct{ stand *stand.Stand }

func (r router) url(method string) string {
	switch {
	case strings.HasPrefix(method, "pm_"):
		return r.stand.Paymaster
	case strings.Contains(method, "UserOperation"), strings.HasPrefix(method, "pimlico_"):
		return r.stand.Bundler
	}
	return r.stand.RPC
}

func (r router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.pass(w, req); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

func (r router) pass(w http.ResponseWriter, req *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		return err
	}
	var call struct{ Method string }
	if err := json.Unmarshal(body, &call); err != nil {
		return fmt.Errorf("one JSON-RPC request is wanted: %w", err)
	}
	ctx, cancel := context.WithTimeout(req.Context(), time.Minute)
	defer cancel()
	on, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url(call.Method), bytes.NewReader(body))
	if err != nil {
		return err
	}
	on.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(on)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	_, err = io.Copy(w, reply.Body)
	return err
}
