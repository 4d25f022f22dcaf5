package relyingparty

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds requests per client and over all, in memory of a fixed size: when the
// younger of two generations of clients is full, the older one is forgotten.
type limiter struct {
	cfg    Limits
	global *rate.Limiter

	mu           sync.Mutex
	young, older map[netip.Prefix]*rate.Limiter // guarded by mu
}

func newLimiter(cfg Limits) *limiter {
	return &limiter{
		cfg:    cfg,
		global: rate.NewLimiter(cfg.Global, cfg.GlobalBurst),
		young:  map[netip.Prefix]*rate.Limiter{},
	}
}

// allow spends one request. A client that is over its own share does not eat into the
// global one.
func (l *limiter) allow(client netip.Addr, now time.Time) bool {
	return l.of(clientKey(client)).AllowN(now, 1) && l.global.AllowN(now, 1)
}

func (l *limiter) of(key netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.young[key]; ok {
		return b
	}
	b, ok := l.older[key]
	if !ok {
		b = rate.NewLimiter(l.cfg.PerClient, l.cfg.PerClientBurst)
	}
	if len(l.young) >= (l.cfg.Clients+1)/2 {
		l.young, l.older = map[netip.Prefix]*rate.Limiter{}, l.young
	}
	l.young[key] = b
	return b
}

// clientKey takes an IPv6 network of 64 bits for one client.
func clientKey(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits) // the zero prefix collects unknown addresses
	return p
}
