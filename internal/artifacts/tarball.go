package artifacts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits on what a tarball may unpack to. The largest pinned one has 1361 entries and 7.5 MB.
const (
	maxEntries  = 2000
	maxUnpacked = 32 << 20 // bytes, all entries together
	maxFile     = 4 << 20  // bytes, one used file
)

// content is the used files of one package.
type content struct{ files map[string][]byte }

// unpack reads the used files of a tarball. npm tarballs hold everything below one top folder,
// usually "package/". Links, absolute paths and ".." are refused wherever they stand.
func unpack(p *pin, tarball []byte) (*content, error) {
	zr, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, fmt.Errorf("not a gzip file: %w", err)
	}
	tr := tar.NewReader(&limited{r: zr, left: maxUnpacked})
	c := &content{files: make(map[string][]byte, len(p.Files))}
	for n := 0; ; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return c, c.complete(p)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
		if n >= maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := checkEntry(h); err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if _, used := p.Files[name]; !used {
			continue
		}
		if h.Size > maxFile {
			return nil, fmt.Errorf("%s has %d bytes, more than %d", name, h.Size, maxFile)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if err := c.add(p, name, data); err != nil {
			return nil, err
		}
	}
}

func checkEntry(h *tar.Header) error {
	if h.Typeflag != tar.TypeReg {
		return fmt.Errorf("entry %q is of type %q, not a plain file", h.Name, h.Typeflag)
	}
	if path.IsAbs(h.Name) || path.Clean(h.Name) != h.Name || strings.HasPrefix(h.Name, "..") || strings.ContainsAny(h.Name, "\\\x00") {
		return fmt.Errorf("entry name %q leaves the package", h.Name)
	}
	return nil
}

// add takes one file after checking its hash.
func (c *content) add(p *pin, name string, data []byte) error {
	if _, twice := c.files[name]; twice {
		return fmt.Errorf("%s stands twice in the archive", name)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != p.Files[name] {
		return fmt.Errorf("%w: %s has SHA-256 %s, want %s", ErrIntegrity, name, got, p.Files[name])
	}
	c.files[name] = data
	return nil
}

func (c *content) complete(p *pin) error {
	for name := range p.Files {
		if _, ok := c.files[name]; !ok {
			return fmt.Errorf("%s is missing", name)
		}
	}
	return nil
}

// limited fails, unlike io.LimitReader, when more than left bytes are there.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("unpacks to more than %d bytes", maxUnpacked)
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	return n, err
}
