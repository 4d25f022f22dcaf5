package relyingparty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
)

// Config of a Server. The field comments are the manual; New checks it once.
type Config struct {
	// RelyingParties are the RP IDs served here, at least one. A request finds its own
	// by rpID in the body, else by its Origin, else there must be only one.
	RelyingParties []RelyingParty

	// Store keeps credentials and used challenges. Required. The caller closes it.
	Store Store

	// Secrets seal challenges, 32 random bytes each. The first seals, all of them open:
	// to rotate, put the new one in front and drop the old one after TTL. Replicas
	// share them. Empty: one random secret, so challenges die with the process.
	Secrets [][]byte

	// SecretsNow is asked instead of Secrets, each time: for secrets that change while servers run, such as
	// postgres.Store.Secrets. An error refuses the request as unavailable. Nil: Secrets.
	SecretsNow func(context.Context) ([][]byte, error)

	// TTL is how long a challenge lives. Zero: 5 minutes. At most 1 hour.
	TTL time.Duration

	// CrossSite: pages live on another site than this server (not only another
	// subdomain). The binding cookie is then sent as SameSite=None; Partitioned, which
	// needs HTTPS. False: SameSite=Lax.
	CrossSite bool

	// DangerNoBinding drops the cookie that binds a challenge to the browser that
	// asked for it, for clients without a cookie jar. A signed assertion caught on its
	// way can then be spent from elsewhere. False: the cookie is required.
	DangerNoBinding bool

	// Tenant keeps servers apart that share Secrets and Store: a challenge of one is refused
	// by the others. Passkeys are kept per RP ID, as authenticators keep them, so tenants
	// with the same RP ID have the same passkeys. Empty: a tenant like any other.
	Tenant string

	// Headers are the request headers that pages may send beside Content-Type, in any case
	// of letters: what CORS allows. Nil: whatever a page asks for, since no header means
	// anything here unless Admit looks at it.
	Headers []string

	// Admit is asked before anything is done for a request, with its headers, after the
	// origin was checked and the limits were spent; a preflight carries no headers of the
	// page and is not asked about. An error refuses the request and goes to the log, so it
	// must not repeat a secret. Nil: everybody.
	Admit func(context.Context, http.Header) error

	// OnEvent hears of every event after it is on the audit trail, before the request is
	// answered: hand it on, do not wait. A passkey that is no longer backed up
	// (EventBackupState), that may have a copy (EventCounterRegressed), or whose
	// eligibility changed is something to tell its owner. Nil: nobody is told.
	OnEvent func(context.Context, Event)

	// Limits bound requests per client and over all.
	Limits Limits

	// ClientIP says who is asking, for limits and the log. Nil: the peer's address.
	// Behind a proxy, take it from a header the proxy always overwrites.
	ClientIP func(remoteAddr string, header func(string) string) netip.Addr

	// Providers names AAGUIDs before the built-in table does; see provider.Load. Nil: the
	// built-in table alone.
	Providers *provider.Table

	// Log gets one line per request: route, outcome, request id, never a challenge,
	// a cookie or a key. Nil: slog.Default().
	Log *slog.Logger

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func checkSecrets(secrets [][]byte) error {
	for i, s := range secrets {
		if len(s) != 32 {
			return badConfig("secret %d has %d bytes, want 32", i, len(s))
		}
	}
	return nil
}

// checkSealing checks what seals challenges and nonces, and how long they live.
func checkSealing(secrets [][]byte, now func(context.Context) ([][]byte, error), ttl *time.Duration) error {
	if err := checkSecrets(secrets); err != nil {
		return err
	}
	switch {
	case now != nil && len(secrets) != 0:
		return badConfig("Secrets and SecretsNow")
	case *ttl == 0:
		*ttl = 5 * time.Minute
	case *ttl < 0 || *ttl > time.Hour:
		return badConfig("TTL %s is not within 0 and 1h", *ttl)
	}
	return nil
}

// RelyingParty is one RP ID and the pages allowed to use it.
type RelyingParty struct {
	// ID is the RP ID, a domain in lower case such as "example.com" or "localhost".
	// Losing the domain loses its passkeys.
	ID string

	// Name is shown by some authenticators. Empty: ID.
	Name string

	// Origins that may use it, exact: "https://wallet.example.com",
	// "http://localhost:8080". At least one; HTTPS unless localhost. Never taken from
	// the request.
	Origins []string

	// BackupDrift: what a login does when the signed backup-eligible flag (BE) is not the
	// registered one. The flag is fixed at creation, yet synced passkeys that turn from 0
	// to 1 exist. Zero, DriftRefuse: the login is refused. DriftAllowUpgrade: 0→1 passes
	// and is stored. Either way it stands on the audit trail.
	BackupDrift passkey.DriftPolicy

	// DangerSkipUserVerification accepts assertions without UV: whoever holds the
	// device can sign. False: UV is asked for and required.
	DangerSkipUserVerification bool
}

// Limits are token buckets. Zero values mean the defaults, rate.Inf no limit.
type Limits struct {
	PerClient      rate.Limit // requests per second; zero: 10
	PerClientBurst int        // zero: 40
	Global         rate.Limit // requests per second over all clients; zero: 2000
	GlobalBurst    int        // zero: 4000
	Clients        int        // clients remembered at once, about 100 bytes each; zero: 16384
}

func (l Limits) withDefaults() Limits {
	def := func(v *rate.Limit, d rate.Limit) {
		if *v == 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.PerClient, 10)
	defInt(&l.PerClientBurst, 40)
	def(&l.Global, 2000)
	defInt(&l.GlobalBurst, 4000)
	defInt(&l.Clients, 16384)
	return l
}

// ErrConfig is wrapped by every error of New about its Config.
var ErrConfig = errors.New("relyingparty: bad configuration")

func badConfig(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

func (c Config) check() (Config, error) {
	if c.Store == nil {
		return c, badConfig("no store")
	}
	if len(c.RelyingParties) == 0 {
		return c, badConfig("no relying party")
	}
	if err := checkSealing(c.Secrets, c.SecretsNow, &c.TTL); err != nil {
		return c, err
	}
	seen := map[string]bool{}
	c.RelyingParties = slices.Clone(c.RelyingParties)
	for i := range c.RelyingParties {
		rp, err := c.RelyingParties[i].check()
		if err != nil {
			return c, err
		}
		if seen[rp.ID] {
			return c, badConfig("RP ID %q stands twice", rp.ID)
		}
		seen[rp.ID] = true
		c.RelyingParties[i] = rp
	}
	if c.Headers != nil {
		c.Headers = append([]string{"content-type"}, c.Headers...)
		for i, name := range c.Headers {
			if !isHeaderName(name) {
				return c, badConfig("%q is no header name", name)
			}
			c.Headers[i] = strings.ToLower(name)
		}
	}
	l := c.Limits.withDefaults()
	if l.PerClient < 0 || l.Global < 0 || l.PerClientBurst < 1 || l.GlobalBurst < 1 || l.Clients < 1 {
		return c, badConfig("negative limit")
	}
	c.Limits = l
	if c.ClientIP == nil {
		c.ClientIP = peerAddr
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

func (rp RelyingParty) check() (RelyingParty, error) {
	if rp.ID == "" || rp.ID != strings.ToLower(rp.ID) || strings.ContainsAny(rp.ID, ":/@ ") {
		return rp, badConfig("RP ID %q is not a domain in lower case", rp.ID)
	}
	if _, err := netip.ParseAddr(rp.ID); err == nil {
		return rp, badConfig("RP ID %q is an IP address; browsers accept domains only", rp.ID)
	}
	if rp.Name == "" {
		rp.Name = rp.ID
	}
	if rp.BackupDrift > passkey.DriftAllowUpgrade {
		return rp, badConfig("unknown backup drift policy %d", rp.BackupDrift)
	}
	if len(rp.Origins) == 0 {
		return rp, badConfig("RP ID %q has no origin", rp.ID)
	}
	for _, o := range rp.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || o != u.Scheme+"://"+u.Host || o != strings.ToLower(o) {
			return rp, badConfig("origin %q is not scheme://host[:port] in lower case", o)
		}
		local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
		if u.Scheme != "https" && (u.Scheme != "http" || !local) {
			return rp, badConfig("origin %q needs https", o)
		}
	}
	rp.Origins = slices.Clone(rp.Origins)
	return rp, nil
}

func peerAddr(remoteAddr string, _ func(string) string) netip.Addr {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		host = remoteAddr
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}
