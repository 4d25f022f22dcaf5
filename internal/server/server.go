package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/flow/access"
)

// Page is the wallet: a handler that knows its paths.
type Page interface {
	http.Handler
	Paths() []string
}

// Config of a Server. The field comments are the manual.
type Config struct {
	// Page is served at its paths, "/" among them. Required.
	Page Page

	// Wallet is what /config.json tells the page.
	Wallet WalletConfig

	// RPC answers POST /rpc, Passkeys everything under /passkeys/ (without that prefix).
	// Required. Both also see CORS preflights.
	RPC, Passkeys http.Handler

	// Chain is read to say what would lock or lose an account, at /audit. Nil: nothing is there.
	Chain account.Chain

	// Flow is a Flow chain beside it, for the page at /flow. Nil: there is none.
	Flow *Flow

	// Origins are further web origins, exact, whose pages may POST: "http://localhost:5173".
	Origins []string

	// Ready says for /readyz whether requests can be served. Nil: always.
	Ready func(context.Context) error

	// Log gets one line per failed request. Nil: slog.Default().
	Log *slog.Logger
}

// WalletConfig is /config.json: public values only.
type WalletConfig struct {
	ChainID           uint64           `json:"chainId"`
	RPID              string           `json:"rpId"`
	RPName            string           `json:"rpName"`
	EntryPoint        EntryPointConfig `json:"entryPoint"`
	Factory           string           `json:"factory"`
	Implementation    string           `json:"implementation"`
	ProxyInitCodeHash string           `json:"proxyInitCodeHash"`
	RPCURL            string           `json:"rpcUrl"`
	PasskeyURL        string           `json:"passkeyUrl"`
	Faucet            bool             `json:"faucet"`

	// Hybrid is MetaMask's framework on this chain. Nil: not there.
	Hybrid *HybridConfig `json:"hybrid,omitempty"`
	// Kernel is ZeroDev's account. Nil: the page offers no session keys.
	Kernel *KernelConfig `json:"kernel,omitempty"`
	// PaymasterURL speaks ERC-7677. Empty: nobody pays for others.
	PaymasterURL string `json:"paymasterUrl,omitempty"`
	// Recovery is the module by which guardians recover accounts; whether it is on the chain
	// the page asks the chain. Empty: the page offers no guardians.
	Recovery string `json:"recovery,omitempty"`
	// AuditURL says what would lock or lose an account. Empty: the page cannot tell.
	AuditURL string `json:"auditUrl,omitempty"`
	// Flow is the Flow chain that this server speaks to. Nil: the page at /flow says so.
	Flow *FlowConfig `json:"flow,omitempty"`
}

// FlowConfig is what the page at /flow is told.
type FlowConfig struct {
	URL      string `json:"url"`      // of what the page asks, with a slash at the end
	Network  string `json:"network"`  // "flow-emulator"
	Accounts bool   `json:"accounts"` // the server makes accounts and pays for them

	// Scripts are what the page can put together; it knows them by their hashes.
	Scripts FlowScripts `json:"scripts"`

	// Sponsor pays the fees of transactions that others sign. Nil: nobody does.
	Sponsor *FlowSponsor `json:"sponsor,omitempty"`
}

// FlowSponsor is who pays, and for what.
type FlowSponsor struct {
	Address string   `json:"address"`
	Gas     uint64   `json:"gas"`     // the highest gas limit
	Scripts []string `json:"scripts"` // SHA-256 of each, in hexadecimal
}

// FlowScripts are package flow's transactions for keys, in Cadence.
type FlowScripts struct {
	Add    string `json:"add"`
	Revoke string `json:"revoke"`
}

// HybridConfig names MetaMask's contracts. The page has the canonical addresses
// itself and refuses others.
type HybridConfig struct {
	Version           string           `json:"version"`
	EntryPoint        EntryPointConfig `json:"entryPoint"`
	Factory           string           `json:"factory"`
	Implementation    string           `json:"implementation"`
	Stateless         string           `json:"stateless"` // code of EIP-7702 accounts
	DelegationManager string           `json:"delegationManager"`
	P256              string           `json:"p256"` // library that verifies P-256 where the chain does not
}

// Hybrid130 is framework 1.3.0 at MetaMask's own addresses.
func Hybrid130() *HybridConfig {
	d := hybrid.V130()
	return &HybridConfig{
		Version:    d.Version,
		EntryPoint: EntryPointConfig{Version: d.EntryPoint.Version(), Address: d.EntryPoint.Address().Hex()},
		Factory:    d.Factory.Hex(), Implementation: d.Implementation.Hex(), Stateless: d.Stateless.Hex(),
		DelegationManager: d.DelegationManager.Hex(), P256: d.P256.Hex(),
	}
}

// KernelConfig names ZeroDev's contracts for EntryPoint 0.7. The page has the
// canonical addresses itself and refuses others; whether they are on the chain it
// asks the chain.
type KernelConfig struct {
	MetaFactory string          `json:"metaFactory"`
	Versions    []KernelVersion `json:"versions"` // newest first
}

// KernelVersion is one version of Kernel.
type KernelVersion struct {
	Version        string `json:"version"`
	Factory        string `json:"factory"`
	Implementation string `json:"implementation"`
}

// Kernel is what every chain has that has Kernel 3, from 0.3.1 on: before, the
// account cannot change its owner.
func Kernel() *KernelConfig {
	var k KernelConfig
	for _, d := range slices.Backward(kernel.Deployments()) {
		if d.Version.AtLeast(kernel.V031) {
			k.MetaFactory = d.MetaFactory.Hex()
			k.Versions = append(k.Versions, KernelVersion{string(d.Version), d.Factory.Hex(), d.Implementation.Hex()})
		}
	}
	return &k
}

// EntryPointConfig names the EntryPoint that the page's accounts use.
type EntryPointConfig struct {
	Version string `json:"version"`
	Address string `json:"address"`
}

const (
	maxHeader    = 16 << 10
	maxTarget    = 2 << 10
	shutdownTime = 3 * time.Second
)

// Server serves one origin on the listeners of a Binding.
type Server struct {
	binding *Binding
	http    *http.Server
}

// New wires the routes. The Server closes the binding when Serve returns.
func New(b *Binding, cfg Config) (*Server, error) {
	if cfg.Page == nil || cfg.RPC == nil || cfg.Passkeys == nil {
		return nil, errors.New("server: page, RPC and passkey handlers are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Ready == nil {
		cfg.Ready = func(context.Context) error { return nil }
	}
	config, err := json.Marshal(cfg.Wallet)
	if err != nil {
		return nil, fmt.Errorf("server: wallet configuration: %w", err)
	}
	gate := newGate(b, cfg.Origins, cfg.Log, routes(cfg, config))
	return &Server{binding: b, http: &http.Server{
		Handler:           gate,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      90 * time.Second, // estimating gas may take a while
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(httpLog{cfg.Log}, "", 0),
	}}, nil
}

// Serve answers until ctx ends, then lets requests on their way finish for a moment.
// It returns nil after an orderly end.
func (s *Server) Serve(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, l := range s.binding.Listeners {
		group.Go(func() error {
			if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("server: serve %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-groupCtx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err := s.http.Shutdown(stop); err != nil {
			return s.http.Close() // whoever is still connected has had the time there is
		}
		return nil
	})
	return group.Wait()
}

// httpLog passes net/http's own complaints to the log, at a level that nobody
// has to read.
type httpLog struct{ log *slog.Logger }

func (d httpLog) Write(p []byte) (int, error) {
	d.log.Debug("http", "message", string(p))
	return len(p), nil
}

// routes is the map of the origin.
func routes(cfg Config, walletConfig []byte) http.Handler {
	mux := http.NewServeMux()
	for _, path := range cfg.Page.Paths() {
		if path == "/" {
			path = "/{$}"
		}
		mux.Handle(path, get(cfg.Page))
	}
	mux.Handle("/config.json", get(constant(walletConfig)))
	mux.Handle("/healthz", get(constant([]byte(`{"ok":true}`))))
	mux.Handle("/readyz", get(readiness(cfg)))
	mux.Handle("/rpc", cfg.RPC)
	if cfg.Chain != nil {
		var node *access.Client
		if cfg.Flow != nil {
			node = cfg.Flow.Access
		}
		mux.Handle(auditPath, newAuditor(cfg.Chain, node).handler())
	}
	if cfg.Flow != nil {
		mux.Handle(flowPath, newFlowAPI(*cfg.Flow))
	}
	mux.Handle("/passkeys/", http.StripPrefix("/passkeys", cfg.Passkeys))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound.write(w) })
	return mux
}

func get(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			readOnly.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func constant(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(body) // a reader that has gone is not our failure
	})
}

func readiness(cfg Config) http.Handler {
	ok := constant([]byte(`{"ok":true}`))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := cfg.Ready(ctx); err != nil {
			cfg.Log.Warn("not ready", "cause", err)
			notReady.write(w)
			return
		}
		ok.ServeHTTP(w, r)
	})
}
