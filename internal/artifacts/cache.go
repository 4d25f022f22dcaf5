package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// cache keeps tarballs in one directory under the names npm gives them. A file in it is a claim,
// not a fact: it is hashed at every open.
type cache struct {
	dir   string
	log   *slog.Logger
	fetch func(context.Context, *pin) ([]byte, error)
}

// load returns a package from the cache, downloading it when it is missing or damaged.
func (c *cache) load(ctx context.Context, p *pin) (*content, error) {
	name := filepath.Join(c.dir, p.Tarball)
	tarball, err := readLimited(name, p.Size)
	switch {
	case err == nil && p.check(tarball) == nil:
		return checked(p, tarball, "")
	case err == nil:
		c.log.Warn("cached package is damaged, downloading it again", "package", p.String(), "file", name)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, c.unusable(p, err)
	}
	start := time.Now()
	if tarball, err = c.fetch(ctx, p); err != nil {
		return nil, err
	}
	content, err := checked(p, tarball, "the registry gave other bytes than npm publishes; try another registry (npm_config_registry), or "+packHint(p))
	if err != nil {
		return nil, err
	}
	if err := writeAtomic(name, tarball); err != nil {
		return nil, c.unusable(p, err)
	}
	c.log.Info("downloaded", "package", p.String(), "bytes", len(tarball), "took", time.Since(start).Round(time.Millisecond))
	return content, nil
}

func (c *cache) unusable(p *pin, err error) error {
	return &Error{Kind: ErrCache, Package: p.String(), Err: err,
		Hint: "set POSTERN_CACHE to a writable directory, or pass --artifacts DIR"}
}

// writeAtomic makes name appear complete or not at all. Two processes writing the same file both
// succeed, with the same bytes.
func writeAtomic(name string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", f.Name(), err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
