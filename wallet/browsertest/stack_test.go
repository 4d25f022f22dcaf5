package browsertest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postern-dev/postern/internal/server"
)

var (
	shots      = flag.String("shots", "", "directory to keep screenshots in; empty: a temporary one")
	readmeShot = flag.Bool("readme-shot", false, "write docs/wallet.png and docs/backup.png anew")
)

// What all walks share: the stack on a free port and one browser process. Each
// walk has its own profile in it.
var (
	stack   *server.Stack
	browser context.Context
	skipped string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path, ok := chromium()
	if !ok {
		skipped = "Chromium is not installed (Debian: apt-get install chromium)"
		if os.Getenv("CI") != "" {
			fmt.Fprintln(os.Stderr, "browsertest:", skipped)
			return 1
		}
		fmt.Fprintln(os.Stderr, "SKIPPED browsertest:", skipped)
		return m.Run()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := server.Start(ctx, server.UpConfig{Listen: "localhost:0"})
	if err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: start the stack:", err)
		return 1
	}
	stack = s
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()

	profile, err := os.MkdirTemp("", "postern-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "browsertest:", err)
		return 1
	}
	defer os.RemoveAll(profile)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en-US"))
	allocator, stopAllocator := chromedp.NewExecAllocator(ctx, options...)
	defer stopAllocator()
	b, stopBrowser := chromedp.NewContext(allocator)
	defer stopBrowser()
	if err := chromedp.Do(b); err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: start Chromium:", err)
		return 1
	}
	browser = b

	code := m.Run()
	stopBrowser()
	cancel()
	if err := kernels.close(); err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: the stack with Kernel ended with:", err)
		code = 1
	}
	if err := foreign.end(); err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: the stand ended with:", err)
		code = 1
	}
	if err := <-served; err != nil {
		fmt.Fprintln(os.Stderr, "browsertest: the stack ended with:", err)
		code = 1
	}
	return code
}

func chromium() (string, bool) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// shotDir is where screenshots of this test go.
func shotDir(t *testing.T) string {
	t.Helper()
	dir := *shots
	if dir == "" {
		return t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
