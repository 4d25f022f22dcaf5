package artifacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxMetadata = 1 << 20 // bytes of a registry's description of one version

// fetcher downloads tarballs from the configured registry.
type fetcher struct {
	config  *config
	timeout time.Duration
	client  *http.Client
}

// errStatus is an HTTP answer that is not 200.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("HTTP status %d", int(e)) }

// fetch downloads a tarball from where registries keep it, or, when it is not there, from where
// the registry's metadata says. The bytes are not checked yet.
func (f *fetcher) fetch(ctx context.Context, p *pin) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	registry := f.config.registry(p.scope())
	tarball, err := f.get(ctx, registry+p.Name+"/-/"+p.base()+"-"+p.Version+".tgz", p.Size)
	var status errStatus
	if errors.As(err, &status) && status == http.StatusNotFound {
		var other string
		if other, err = f.tarballURL(ctx, registry, p); err == nil {
			tarball, err = f.get(ctx, other, p.Size)
		}
	}
	if err != nil {
		return nil, &Error{Kind: ErrUnavailable, Package: p.String(), Err: err,
			Hint: "run once with network, or pass --artifacts DIR with its tarball (`npm pack " + p.String() + "`)"}
	}
	return tarball, nil
}

func (f *fetcher) tarballURL(ctx context.Context, registry string, p *pin) (string, error) {
	data, err := f.get(ctx, registry+strings.Replace(p.Name, "/", "%2f", 1)+"/"+p.Version, maxMetadata)
	if err != nil {
		return "", fmt.Errorf("asking the registry for %s: %w", p, err)
	}
	var meta struct {
		Dist struct{ Tarball string }
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return "", fmt.Errorf("asking the registry for %s: %w", p, err)
	}
	u, err := url.Parse(meta.Dist.Tarball)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("registry names no tarball for %s", p)
	}
	return u.String(), nil
}

// get reads at most limit bytes and one more, so that a reply of another size shows as such.
func (f *fetcher) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token := f.config.token(req.URL); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %w", req.URL.Redacted(), errStatus(resp.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", req.URL.Redacted(), err)
	}
	return data, nil
}

// checkRedirect follows a registry to its storage, but never from https down to http.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("more than 5 redirects")
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return errors.New("redirect from https to " + req.URL.Scheme)
	}
	return nil
}
