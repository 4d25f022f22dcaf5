package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "versions of postern, Go and go-ethereum",
		usage:   "[--json]",
		about:   "Prints what this binary was built from.",
		run:     runVersion,
	}
}

type versions struct {
	Postern  string `json:"postern"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Ethereum string `json:"goEthereum"`
}

func runVersion(_ context.Context, c *call) error {
	fs := c.newFlags()
	asJSON := fs.Bool("json", false, "print one JSON object")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	v := readVersions()
	if *asJSON {
		return printJSON(c.stdout, v)
	}
	fmt.Fprintf(c.stdout, "postern %s", v.Postern)
	if v.Revision != "" {
		fmt.Fprintf(c.stdout, " (%s)", v.Revision)
	}
	fmt.Fprintf(c.stdout, "\n%s %s\ngo-ethereum %s\n", v.Go, v.Platform, v.Ethereum)
	return nil
}

// readVersions reads what the Go toolchain wrote into the binary.
func readVersions() versions {
	v := versions{Postern: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Ethereum: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Postern = info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/ethereum/go-ethereum" {
			v.Ethereum = dep.Version
		}
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			v.Revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Revision += ", changed"
		}
	}
	return v
}
