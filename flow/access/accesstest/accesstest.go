// Package accesstest gives tests and demonstrations a Flow chain: the emulator that interop/flow builds, or, where there
// is none, what the emulator said when the exchange was recorded.
package accesstest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access/tape"
)

// Directory is the environment variable that names where interop/flow's programs are.
const Directory = "POSTERN_FLOW"

// Emulator is a running emulator.
type Emulator struct {
	URL     string
	Service flow.Address // its service account, with one key of weight 1000

	stdin io.WriteCloser
	lines chan []byte // of its output
	cmd   *exec.Cmd
}

// Start starts the emulator in a directory; the service account has the given key, with SHA2_256. It ends with Stop, or
// when this process does.
func Start(ctx context.Context, dir string, service [64]byte) (*Emulator, error) {
	cmd := exec.Command(filepath.Join(dir, "emulator"), hex.EncodeToString(service[:]))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &Emulator{stdin: stdin, cmd: cmd, lines: make(chan []byte, 1)}
	go func() {
		defer close(e.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			e.lines <- bytes.Clone(scanner.Bytes())
		}
	}()
	select {
	case b := <-e.lines:
		var said struct{ REST, Service string }
		if err := json.Unmarshal(b, &said); err != nil {
			e.Stop()
			return nil, fmt.Errorf("emulator: %s%s", b, complaints.Bytes())
		}
		e.URL = said.REST
		if e.Service, err = flow.ParseAddress(said.Service); err != nil {
			e.Stop()
			return nil, err
		}
		return e, nil
	case <-ctx.Done():
		e.Stop()
		return nil, ctx.Err()
	}
}

// Mine has the emulator make empty blocks.
func (e *Emulator) Mine(ctx context.Context, blocks int) error {
	if _, err := fmt.Fprintln(e.stdin, blocks); err != nil {
		return err
	}
	select {
	case b, ok := <-e.lines:
		if !ok {
			return errors.New("the emulator ended: build it anew, interop/flow/build.sh")
		}
		var said struct{ Height uint64 }
		if err := json.Unmarshal(b, &said); err != nil || said.Height < uint64(blocks) {
			return fmt.Errorf("emulator: %s", b)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends the emulator.
func (e *Emulator) Stop() {
	e.stdin.Close()
	done := make(chan struct{})
	go func() {
		for range e.lines { // Wait closes the pipe
		}
		e.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		e.cmd.Process.Kill()
		<-done
	}
}

// Tape is a recorded exchange with the emulator.
type Tape = tape.Tape

// Read reads a tape.
func Read(file string) (*Tape, error) { return tape.Read(file) }
