package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/tableserver"
)

// manyInfo is what --json says of many tables.
type manyInfo struct {
	Format  string `json:"format"`
	Tables  int    `json:"tables"`
	Refused int    `json:"refused"`
	File    string `json:"file"`
}

// writeNew writes a file that must not be there: nothing is overwritten.
func writeNew(path string, b []byte) error {
	f, err := createNew(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

func createNew(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, failf("exists", "choose another name or remove it", "%s is there already", path)
	}
	return f, err
}

// buildMany streams keys in and tables out; only a few are in memory at a time.
func (c *call) buildMany(ctx context.Context, f p256table.Format, keys, out string, asJSON bool) (err error) {
	in, size := c.stdin, int64(0)
	if keys != "-" {
		file, err := os.Open(keys)
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = file
	}
	to := c.stdout
	if out != "" {
		file, err := createNew(out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		to = file
	}
	read := &countedReader{r: in}
	bar := newProgress(c.stderr, size)
	w, info := bufio.NewWriterSize(to, 64<<10), manyInfo{Format: f.String(), File: out}
	var broken error
	err = p256table.NewPool(0).Stream(ctx, f, keyLines(ctx, read, &broken), func(r p256table.Result) error {
		if r.Err != nil {
			info.Refused++
			bar.clear()
			fmt.Fprintf(c.stderr, "key %d: %s\n", r.Index+1, plain(sentence(r.Err)))
			return nil
		}
		info.Tables++
		bar.show(read.n.Load(), info.Tables)
		x, y := r.Key.X(), r.Key.Y()
		line, err := json.Marshal(tableserver.Reply{Format: f.String(), X: hexutil.Encode(x[:]), Y: hexutil.Encode(y[:]), Code: hexutil.Encode(r.Code)})
		if err != nil {
			return err
		}
		_, err = w.Write(append(line, '\n'))
		return err
	})
	bar.clear()
	if err := errors.Join(err, w.Flush(), broken); err != nil {
		return tableError(err)
	}
	if asJSON {
		if err := printJSON(c.stdout, info); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.stderr, "%d tables, %d keys refused\n", info.Tables, info.Refused)
	}
	if info.Refused > 0 {
		return errWrong
	}
	return nil
}

// keyLines reads a key per line, in either form; empty lines and those that start with # are passed
// over. What ends the reading early is left in broken. Nothing ends a read that waits for a terminal,
// so it is left to itself when ctx ends.
func keyLines(ctx context.Context, r io.Reader, broken *error) iter.Seq2[p256table.Key, error] {
	found, done := make(chan string), make(chan error, 1)
	go func() {
		defer close(found)
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 4<<10)
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if line == "" || line[0] == '#' {
				continue
			}
			select {
			case found <- line:
			case <-ctx.Done():
				done <- nil
				return
			}
		}
		done <- lines.Err()
	}()
	return func(yield func(p256table.Key, error) bool) {
		for {
			select {
			case line, more := <-found:
				if !more {
					if err := <-done; err != nil {
						*broken = fmt.Errorf("read the keys: %w", err)
					}
					return
				}
				if !yield(parseKeyLine(line)) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func parseKeyLine(line string) (p256table.Key, error) {
	words := strings.Fields(line)
	if line[0] == '{' {
		var v struct{ X, Y string }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			return p256table.Key{}, errors.New("the line is not the JSON of a key")
		}
		words = []string{v.X, v.Y}
	}
	if len(words) != 2 {
		return p256table.Key{}, errors.New("the line is not x and y")
	}
	return p256table.ParseKey(words[0], words[1])
}
