package tableserver

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/postern-dev/postern/p256table"
)

// Config of a Server. The zero value serves.
type Config struct {
	// Default is the format for requests that name none. Zero: p256table.Format4k.
	Default p256table.Format

	// Workers is how many cores build at once. Zero: all that Go uses.
	Workers int

	// MaxKeys is the most keys of one POST. Each takes up to 300 bytes while it waits. Zero: 10,000.
	MaxKeys int

	// MaxStreams is how many POSTs run at once; one more is told to come back. Zero: 16.
	MaxStreams int

	// MaxRequests is the same for GETs. Zero: 256.
	MaxRequests int

	// Stall is how long a client of a POST may send or take nothing before it is given up. Zero:
	// 30 seconds.
	Stall time.Duration

	// Log gets a line per POST. Nil: slog.Default().
	Log *slog.Logger
}

// Server is the HTTP handler. It holds nothing that must be closed. How long a client may take to
// send headers is for the http.Server in front of it (ReadHeaderTimeout).
type Server struct {
	cfg     Config
	pool    *p256table.Pool
	mux     *http.ServeMux
	gets    chan struct{} // a place for each GET under way
	streams chan struct{} // and for each POST
}

var _ http.Handler = (*Server)(nil)

// New checks the configuration and makes a Server.
func New(cfg Config) (*Server, error) {
	if cfg.Workers < 0 || cfg.MaxKeys < 0 || cfg.MaxStreams < 0 || cfg.MaxRequests < 0 || cfg.Stall < 0 {
		return nil, errors.New("tableserver: a limit is below zero")
	}
	cfg.Default = or(cfg.Default, p256table.Format4k)
	if cfg.Default.Size() == 0 {
		return nil, errors.New("tableserver: the default format is " + cfg.Default.String())
	}
	cfg.Workers = or(cfg.Workers, runtime.GOMAXPROCS(0))
	cfg.MaxKeys = or(cfg.MaxKeys, 10_000)
	cfg.MaxStreams = or(cfg.MaxStreams, 16)
	cfg.MaxRequests = or(cfg.MaxRequests, 256)
	cfg.Stall = or(cfg.Stall, 30*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	s := &Server{
		cfg: cfg, pool: p256table.NewPool(cfg.Workers), mux: http.NewServeMux(),
		gets: make(chan struct{}, cfg.MaxRequests), streams: make(chan struct{}, cfg.MaxStreams),
	}
	s.mux.HandleFunc("GET /v1/tables/{x}/{y}", limited(s.gets, s.table))
	s.mux.HandleFunc("GET /precompute/{x}/{y}", limited(s.gets, s.precompute))
	s.mux.HandleFunc("POST /v1/tables", limited(s.streams, s.many))
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
	})
	for path, allowed := range map[string]string{"/v1/tables": "POST", "/v1/tables/{x}/{y}": "GET, HEAD", "/precompute/{x}/{y}": "GET, HEAD"} {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { other(w, r, allowed) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { refuse(w, errNotFound) })
	return s, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// ServeHTTP implements [http.Handler]. Pages of any origin may ask: nothing here is anybody's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// limited takes a place for as long as the request lasts.
func limited(places chan struct{}, serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, errBusy)
			return
		}
		if err := serve(w, r); err != nil {
			refuse(w, err)
		}
	}
}

// other answers methods that a path has not; OPTIONS is a browser's question before a POST.
func other(w http.ResponseWriter, r *http.Request, allowed string) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", allowed)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, If-None-Match")
		w.Header().Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Allow", allowed)
	refuse(w, errMethod)
}

// format is what the query asks for.
func (s *Server) format(r *http.Request) (p256table.Format, error) {
	names, given := r.URL.Query()["format"]
	if !given {
		return s.cfg.Default, nil
	}
	if len(names) != 1 {
		return 0, refusal{http.StatusBadRequest, "bad_format", "format is given more than once", "give it once"}
	}
	return p256table.ParseFormat(names[0])
}
