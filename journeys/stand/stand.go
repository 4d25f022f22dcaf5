// Package stand starts interop/js/stand/stand.mjs: Anvil with the EntryPoints and MetaMask's own
// contracts at their canonical addresses, the bundler Alto and a paymaster, none of them ours. It
// is for tests: start with [Start] and end with [Stand.Close].
//
// Promised: everything listens on loopback only, and no process outlives Close or this one. Not
// promised: that the stand can be had. Where Node or the npm packages are missing, the error
// matches [ErrMissing] and names what to do.
package stand

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
)

// ErrMissing says that this machine lacks what the stand is made of.
var ErrMissing = errors.New("the stand of Anvil and Alto is not to be had here")

// patience bounds the start: Alto alone takes up to eight seconds.
const patience = 90 * time.Second

// maxLine bounds the line in which the stand tells its addresses.
const maxLine = 64 << 10

// Stand is a running stand.
type Stand struct {
	ChainID   uint64          `json:"chainId"`
	RPC       string          `json:"rpc"`
	Bundler   string          `json:"bundler"`
	Paymaster string          `json:"paymaster"`
	FunderKey hexutil.Bytes   `json:"funderKey"` // worth nothing elsewhere
	Token     *common.Address `json:"token"`     // an ERC-20 that the paymaster takes

	process *exec.Cmd
	stdin   io.Closer
	log     *tail
	ended   chan error // the process's end, once

	mu     sync.Mutex // one transaction of the funder at a time
	client *ethclient.Client
}

// Start starts a stand under the rules of a hard fork, "osaka" or "prague", and returns when
// everything answers. The context bounds the start only.
func Start(ctx context.Context, hardfork string) (_ *Stand, err error) {
	script, err := find()
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("%w: install Node: %w", ErrMissing, err)
	}
	s := &Stand{process: exec.Command(node, script, "--hardfork", hardfork), log: &tail{}, ended: make(chan error, 1)}
	s.process.Env = append(os.Environ(), "DO_NOT_TRACK=1")
	s.process.Stderr = s.log
	stdin, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("stand: start %s: %w", script, err)
	}
	lines := make(chan []byte, 1)
	go func() {
		r := bufio.NewReaderSize(stdout, maxLine)
		line, _ := r.ReadSlice('\n')
		lines <- bytes.Clone(line)
		_, _ = io.Copy(io.Discard, r)
		s.ended <- s.process.Wait()
	}()
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("stand: %w\n%s", err, s.log), s.Close())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case line := <-lines:
		err = s.read(line)
	case <-ctx.Done():
		err = fmt.Errorf("it did not say where it is: %w", ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	s.client, err = ethclient.DialContext(ctx, s.RPC)
	return s, err
}

// read takes the line in which the stand says where it is; nothing of it may lead off this machine.
func (s *Stand) read(line []byte) error {
	if err := json.Unmarshal(line, s); err != nil {
		return fmt.Errorf("it said %q: %w", line, err)
	}
	for _, at := range []string{s.RPC, s.Bundler, s.Paymaster} {
		u, err := url.Parse(at)
		if err != nil {
			return err
		}
		if u.Scheme != "http" || u.Hostname() != "127.0.0.1" {
			return fmt.Errorf("%q is not on loopback", at)
		}
	}
	if _, err := crypto.ToECDSA(s.FunderKey); err != nil {
		return fmt.Errorf("the funder's key: %w", err)
	}
	return nil
}

// Close ends the stand and waits until its processes are gone.
func (s *Stand) Close() error {
	if s.client != nil {
		s.client.Close()
	}
	_ = s.stdin.Close()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Kill} {
		select {
		case err := <-s.ended:
			s.ended <- err
			return nil
		case <-time.After(10 * time.Second):
			_ = s.process.Process.Signal(sig)
		}
	}
	return fmt.Errorf("stand: process %d does not end", s.process.Process.Pid)
}

// find looks for the script from the working directory upwards.
func find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("%w: there is no go.mod above the working directory", ErrMissing)
		}
		dir = up
	}
	js := filepath.Join(dir, "interop", "js")
	for _, needed := range []string{"node_modules/@pimlico/alto", "stand/stand.mjs"} {
		if _, err := os.Stat(filepath.Join(js, filepath.FromSlash(needed))); err != nil {
			return "", fmt.Errorf("%w: interop/js lacks %s; run `npm ci` in interop/js", ErrMissing, needed)
		}
	}
	return filepath.Join(js, "stand", "stand.mjs"), nil
}

// tail keeps the end of what a process writes.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailSize = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if n := len(t.end); n > tailSize {
		t.end = append(t.end[:0], t.end[n-tailSize:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
