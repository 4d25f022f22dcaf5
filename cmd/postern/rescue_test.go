package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every command line of docs/rescue.md has the flags and arguments that the program knows: with
// --help behind it, it prints a manual.
func TestTheCommandsOfDocsRescueExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/rescue.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	seen := map[string]bool{}
	for _, b := range blocks {
		for line := range strings.Lines(b[1]) {
			line, _, _ = strings.Cut(line, "#")
			args := strings.Fields(line)
			if len(args) == 0 {
				continue
			}
			if args[0] != "postern" || args[1] != "rescue" {
				t.Errorf("%q is no command of this page", line)
				continue
			}
			seen[args[2]] = true
			var out, said bytes.Buffer
			if code := cli(t.Context(), append(args[1:], "--help"), strings.NewReader(""), &out, &said); code != 0 || !strings.HasPrefix(out.String(), "usage: postern rescue") {
				t.Errorf("%s: exit code %d, %s", line, code, said.String())
			}
		}
	}
	for _, v := range rescueVerbs() {
		if !seen[v.name] && v.name != "send" {
			t.Errorf("docs/rescue.md does not show postern rescue %s", v.name)
		}
	}
}
