package artifacts

import (
	"archive/tar"
	"strings"
	"testing"
)

func FuzzUnpack(f *testing.F) {
	good := makeTarball(f, file("package/a.js", "1"))
	f.Add(good)
	f.Add(good[:len(good)-4])
	f.Add(makeTarball(f, tarEntry{"package/a.js", "x", tar.TypeSymlink}))
	f.Fuzz(func(t *testing.T, tarball []byte) {
		c, err := unpack(pinned(tarball, map[string]string{"a.js": "1"}), tarball)
		if err != nil && c != nil && c.complete(&pin{Files: map[string]string{"a.js": ""}}) == nil {
			t.Error("content despite", err)
		}
		if err == nil && string(c.files["a.js"]) != "1" {
			t.Errorf("unpacked %q", c.files)
		}
	})
}

func FuzzNpmrc(f *testing.F) {
	f.Add("registry=https://a.example/\n//a.example/:_authToken=${X}\n")
	f.Add("@s:registry=\"b\"")
	f.Fuzz(func(t *testing.T, text string) {
		c := &config{registries: map[string]string{}, tokens: map[string]string{}}
		c.parse([]byte(text))
		for _, r := range c.registries {
			if !strings.HasSuffix(r, "/") {
				t.Errorf("registry %q", r)
			}
		}
	})
}
