// Package rescuepage builds wallet/rescue.html: one file that opens an account
// without any server of ours. It is made of the wallet's own modules, bundled and
// not minified, so that it can be read, and of noble's, somewhat shortened; nothing
// in it is fetched when it runs.
//
// The contracts' addresses in it are those of package contracts. After they or a
// module have changed, write it anew at the root of the module:
//
//	go run ./internal/rescuepage/cmd
package rescuepage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/rescue"
	"github.com/postern-dev/postern/userop"
)

// File is where the page is kept, from the root of the module.
const File = "wallet/rescue.html"

// Limit is more than the page may ever have, in bytes.
const Limit = 300_000

// Build makes the page of the sources below root.
func Build(ctx context.Context, root string) ([]byte, error) {
	set, err := artifacts.Open(ctx, artifacts.Options{})
	if err != nil {
		return nil, err
	}
	script, err := bundle(root, set)
	if err != nil {
		return nil, err
	}
	style, err := styles(root)
	if err != nil {
		return nil, err
	}
	data, err := deployments()
	if err != nil {
		return nil, err
	}
	cadence, err := flowScripts()
	if err != nil {
		return nil, err
	}
	licence, err := noblesLicence(set)
	if err != nil {
		return nil, err
	}
	page, err := os.ReadFile(filepath.Join(root, "wallet/rescue/page.html"))
	if err != nil {
		return nil, err
	}
	icon, err := os.ReadFile(filepath.Join(root, "wallet/page/icon.svg"))
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		mark string
		with []byte
	}{
		{"{{policy}}", []byte(policy(script, style))},
		{"{{icon}}", []byte("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(icon))},
		{"{{licence}}", licence},
		{"{{deployments}}", data},
		{"{{flow}}", cadence},
		{"{{style}}", style},
		{"{{script}}", script}, // last: whatever it has in it stays as it is
	} {
		if n := bytes.Count(page, []byte(part.mark)); n == 0 || n > 1 && part.mark != "{{icon}}" {
			return nil, fmt.Errorf("rescuepage: page.html has %s %d times", part.mark, n)
		}
		page = bytes.ReplaceAll(page, []byte(part.mark), part.with)
	}
	if len(page) > Limit {
		return nil, fmt.Errorf("rescuepage: the page has %d bytes, more than %d", len(page), Limit)
	}
	return page, nil
}

// policy allows the one script and the one style, and requests to the addresses that a person types.
func policy(script, style []byte) string {
	hash := func(b []byte) string {
		sum := sha256.Sum256(b)
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) +
		"; img-src data:; connect-src https: http://localhost:* http://127.0.0.1:*" +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// styles are the wallet's and the page's own.
func styles(root string) ([]byte, error) {
	out := []byte("\n")
	for _, name := range []string{"wallet/page/style.css", "wallet/rescue/style.css"} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	if bytes.Contains(out, []byte("</")) {
		return nil, errors.New("rescuepage: a style ends its own element")
	}
	return out, nil
}

// Deployment is a pair of contracts as the page gets it, for one EntryPoint.
type Deployment struct {
	EntryPoint        string `json:"entryPoint"` // version
	Factory           string `json:"factory"`
	Implementation    string `json:"implementation"`
	ProxyInitCodeHash string `json:"proxyInitCodeHash"`
}

// deployments are our contracts as package contracts computes them, newest final EntryPoint first.
func deployments() ([]byte, error) {
	var all []Deployment
	for _, ep := range []userop.EntryPoint{userop.V08, userop.V09, userop.V07} {
		d, err := contracts.ForEntryPoint(ep)
		if err != nil {
			return nil, err
		}
		all = append(all, Deployment{EntryPoint: ep.Version(), Factory: d.Factory.Hex(), Implementation: d.Implementation.Hex(),
			ProxyInitCodeHash: contracts.ProxyInitCodeHash(d.Implementation).Hex()})
	}
	return json.MarshalIndent(all, "", "  ")
}

// FlowScripts are the scripts that the page runs on Flow: those of package flow and of postern rescue.
type FlowScripts struct {
	Add       string            `json:"add"`
	Revoke    string            `json:"revoke"`
	Available string            `json:"available"`
	Reserve   uint64            `json:"reserve"`  // stays behind, in units of 10⁻⁸ FLOW
	Transfer  map[string]string `json:"transfer"` // by the chain's name
}

func flowScripts() ([]byte, error) {
	add, _, err := flow.AddKeys(flow.AccountKey{Curve: flow.P256, Hash: flow.SHA2})
	if err != nil {
		return nil, err
	}
	revoke, _ := flow.RevokeKey(0)
	all := FlowScripts{Add: string(add), Revoke: string(revoke), Available: rescue.FlowAvailable, Reserve: rescue.FlowReserve, Transfer: map[string]string{}}
	for _, chain := range rescue.FlowChains() {
		script, err := rescue.FlowTransfer(chain)
		if err != nil {
			return nil, err
		}
		all.Transfer[chain] = string(script)
	}
	return json.MarshalIndent(all, "", "  ") // with < as \u003c, which cannot end its element
}

func noblesLicence(set *artifacts.Set) ([]byte, error) {
	from, err := set.FS("@noble/curves")
	if err != nil {
		return nil, err
	}
	b, err := fs.ReadFile(from, "LICENSE")
	if err != nil {
		return nil, err
	}
	if bytes.Contains(b, []byte("--")) {
		return nil, errors.New("rescuepage: the licence cannot stand in a comment")
	}
	return bytes.TrimSpace(b), nil
}

// bundle is the page's script: modules of the wallet and of noble, one after the other.
func bundle(root string, set *artifacts.Set) ([]byte, error) {
	dir, err := filepath.Abs(filepath.Join(root, "wallet"))
	if err != nil {
		return nil, err
	}
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{"./rescue/main.js"}, AbsWorkingDir: dir,
		Bundle: true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsInline, TreeShaking: api.TreeShakingTrue, LogLevel: api.LogLevelSilent,
		Plugins: []api.Plugin{noble(set), plain()},
	})
	if len(r.Errors) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(r.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	if len(r.Warnings) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(r.Warnings, api.FormatMessagesOptions{}), "\n"))
	}
	if len(r.OutputFiles) != 1 {
		return nil, fmt.Errorf("rescuepage: %d files in the place of one", len(r.OutputFiles))
	}
	// A module without imports and exports is a script once its names are its own: not indented, which saves 14 kB.
	script := slices.Concat([]byte("\n\"use strict\";\n(() => {\n"), r.OutputFiles[0].Contents, []byte("})();\n"))
	if bytes.Contains(bytes.ToLower(script), []byte("</script")) || bytes.Contains(script, []byte("<!--")) {
		return nil, errors.New("rescuepage: the script ends its own element")
	}
	return script, nil
}

// noble finds the pinned packages where the import map of the wallet does: in the checked artifacts, and nothing anywhere else.
func noble(set *artifacts.Set) api.Plugin {
	const space = "noble"
	return api.Plugin{Name: "noble", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^@noble/`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: a.Path, Namespace: space}, nil
		})
		b.OnResolve(api.OnResolveOptions{Filter: `^\.`, Namespace: space}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: path.Join(path.Dir(a.Importer), a.Path), Namespace: space}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: space}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			scope, rest, _ := strings.Cut(a.Path, "/")
			name, file, _ := strings.Cut(rest, "/")
			from, err := set.FS(scope + "/" + name)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			content, err := fs.ReadFile(from, file)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			return uncommented(string(content), true)
		})
	}}
}

// plain reads the wallet's own modules without their comments, of which the bundler would keep some, here and there.
func plain() api.Plugin {
	return api.Plugin{Name: "plain", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `\.js$`, Namespace: "file"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			content, err := os.ReadFile(a.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			return uncommented(string(content), false)
		})
	}}
}

// uncommented is a module without comments but those on its licence; short: in fewer statements, but with all its names.
func uncommented(content string, short bool) (api.OnLoadResult, error) {
	r := api.Transform(content, api.TransformOptions{MinifyWhitespace: true, MinifySyntax: short, Target: api.ES2022, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsInline, LogLevel: api.LogLevelSilent})
	if len(r.Errors) > 0 {
		return api.OnLoadResult{}, errors.New(strings.Join(api.FormatMessages(r.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	text := string(r.Code)
	return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
}
