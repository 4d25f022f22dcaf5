package zerodev

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// File is what an operator writes about projects; see ParseFile.
type File struct {
	Plain    Project
	Projects map[string]Project
}

var headerName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// ParseFile reads JSON such as
//
//	{
//	  "headers": ["x-app-version"],
//	  "projects": {
//	    "my-app": {"headers": ["x-app-version"], "key": {"header": "x-api-key", "values": ["…"]}},
//	    "another-app": {}
//	  }
//	}
//
// in which all members may be missing. The outer headers are those of the plain routes. The
// header of a key needs not be listed again; any one of the values passes.
func ParseFile(text []byte) (File, error) {
	var in struct {
		Headers  []string `json:"headers"`
		Projects map[string]struct {
			Headers []string `json:"headers"`
			Key     *struct {
				Header string   `json:"header"`
				Values []string `json:"values"`
			} `json:"key"`
		} `json:"projects"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return File{}, badConfig("something follows the object")
	}
	f := File{Plain: Project{Headers: in.Headers}, Projects: map[string]Project{}}
	for id, p := range in.Projects {
		project := Project{Headers: p.Headers}
		if p.Key != nil {
			for _, v := range p.Key.Values {
				if !visible(v) {
					return File{}, badConfig("project %q: a key is 1 to 1024 visible ASCII characters", id)
				}
			}
			if len(p.Key.Values) == 0 {
				return File{}, badConfig("project %q: a key has no value", id)
			}
			project.Headers = append(project.Headers, p.Key.Header)
			project.Check = APIKey(p.Key.Header, p.Key.Values...)
		}
		f.Projects[id] = project
	}
	return f, f.check()
}

func (f File) check() error {
	names := f.Plain.Headers
	for id, p := range f.Projects {
		if err := checkID(id); err != nil {
			return err
		}
		names = append(names[:len(names):len(names)], p.Headers...)
	}
	for _, name := range names {
		if !headerName.MatchString(name) {
			return badConfig("%q is no header name", name)
		}
	}
	return nil
}

// visible: what a header can carry without being changed on the way. A space may stand
// inside, as in "Bearer …".
func visible(s string) bool {
	if strings.TrimSpace(s) != s {
		return false
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 1024
}
