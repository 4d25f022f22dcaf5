package artifacts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// fromDir reads one package from a directory the user named: a tarball, or the package unpacked.
func fromDir(dir string, p *pin) (*content, error) {
	for _, name := range []string{p.Tarball, p.base() + "-" + p.Version + ".tgz"} {
		tarball, err := readLimited(filepath.Join(dir, name), p.Size)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &Error{Kind: ErrUnavailable, Package: p.String(), Err: err, Hint: "check --artifacts DIR"}
		}
		return checked(p, tarball, "the file "+name+" in --artifacts is not what npm publishes: "+packHint(p))
	}
	for _, name := range []string{
		p.Name + "@" + p.Version, p.Name + "-" + p.Version, p.base() + "-" + p.Version, p.Name,
		path.Join(p.base()+"-"+p.Version, "package"),
	} {
		root := filepath.Join(dir, filepath.FromSlash(name))
		if version(root) == p.Version {
			return unpacked(root, p)
		}
	}
	return nil, &Error{Kind: ErrUnavailable, Package: p.String(),
		Err:  fmt.Errorf("%s holds neither %s nor the package unpacked", dir, p.Tarball),
		Hint: packHint(p)}
}

// unpacked reads the used files of a package folder. A file that is a link out of the folder is
// refused by os.Root.
func unpacked(folder string, p *pin) (*content, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, &Error{Kind: ErrUnavailable, Package: p.String(), Err: err, Hint: packHint(p)}
	}
	defer root.Close()
	c := &content{files: make(map[string][]byte, len(p.Files))}
	for name := range p.Files {
		data, err := readFrom(root, name)
		if err != nil {
			return nil, &Error{Kind: ErrUnavailable, Package: p.String(), Err: err, Hint: packHint(p)}
		}
		if err := c.add(p, name, data); err != nil {
			return nil, &Error{Kind: ErrIntegrity, Package: p.String(), Err: err, Hint: packHint(p)}
		}
	}
	return c, nil
}

func readFrom(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// version is the version in a folder's package.json, empty when there is none.
func version(folder string) string {
	data, err := readLimited(filepath.Join(folder, "package.json"), maxFile)
	if err != nil {
		return ""
	}
	var manifest struct{ Version string }
	if json.Unmarshal(data, &manifest) != nil {
		return ""
	}
	return manifest.Version
}

// checked is a tarball's content once its hash is right.
func checked(p *pin, tarball []byte, hint string) (*content, error) {
	if err := p.check(tarball); err != nil {
		return nil, &Error{Kind: ErrIntegrity, Package: p.String(), Err: err, Hint: hint}
	}
	c, err := unpack(p, tarball)
	if err != nil {
		return nil, &Error{Kind: ErrMalformed, Package: p.String(), Err: err, Hint: hint}
	}
	return c, nil
}

// readLimited reads a file and at most one byte more than limit, so that a wrong size shows.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

func packHint(p *pin) string {
	return "run `npm pack " + p.String() + "` there and pass the directory with --artifacts DIR"
}
