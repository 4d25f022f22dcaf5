package artifacts

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS returns the ES modules of a package, for example FS("@noble/hashes"): its .js files and
// LICENSE, unmodified, and nothing else. Files can be sought in, so http.FileServerFS serves them.
func (s *Set) FS(pkg string) (fs.FS, error) {
	for name, c := range s.packages {
		if at := strings.LastIndexByte(name, '@'); name[:at] == pkg {
			if _, modules := c.files["index.js"]; modules {
				return moduleFS(c.files), nil
			}
		}
	}
	return nil, fmt.Errorf("artifacts: modules of %s: %w", pkg, ErrNotPinned)
}

// moduleFS is a read-only file system in memory: slash path → bytes.
type moduleFS map[string][]byte

func (m moduleFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := m[name]; ok {
		return &memFile{entry{path.Base(name), int64(len(data)), false}, bytes.NewReader(data)}, nil
	}
	if entries := m.list(name); len(entries) > 0 {
		return &memDir{entry{path.Base(name), 0, true}, entries}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// list is a folder's entries, sorted by name.
func (m moduleFS) list(dir string) []fs.DirEntry {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	seen := map[string]entry{}
	for name, data := range m {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if first, _, deeper := strings.Cut(rest, "/"); deeper {
				seen[first] = entry{first, 0, true}
			} else {
				seen[rest] = entry{rest, int64(len(data)), false}
			}
		}
	}
	entries := make([]fs.DirEntry, 0, len(seen))
	for _, e := range seen {
		entries = append(entries, fs.FileInfoToDirEntry(e))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return e.size }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Sys() any                   { return nil }
func (e entry) Stat() (fs.FileInfo, error) { return e, nil }
func (e entry) Close() error               { return nil }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type memFile struct {
	entry
	*bytes.Reader
}

// Size is the file's, not the rest of the reader's.
func (f *memFile) Size() int64 { return f.entry.size }

type memDir struct {
	entry
	left []fs.DirEntry
}

func (d *memDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

func (d *memDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.left)
	} else if len(d.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.left))
	out := d.left[:n]
	d.left = d.left[n:]
	return out, nil
}
