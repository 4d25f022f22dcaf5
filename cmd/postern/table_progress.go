package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// countedReader counts what was read; n may be looked at meanwhile.
type countedReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// progress is a line that is written over and over, on a terminal only.
type progress struct {
	w     io.Writer // nil: nobody looks
	total int64     // bytes of input; 0: not known
	begun time.Time
	last  time.Time
}

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{total: total, begun: time.Now()}
	if f, ok := w.(*os.File); ok && isTerminal(f) && os.Getenv("TERM") != "dumb" {
		p.w = w
	}
	return p
}

// show says how much of the input was read and how many tables are done, ten times a second.
func (p *progress) show(read int64, tables int) {
	if now := time.Now(); p.w != nil && now.Sub(p.last) > 100*time.Millisecond {
		p.last = now
		fmt.Fprintf(p.w, "\r\x1b[K%s", progressLine(read, p.total, tables, now.Sub(p.begun)))
	}
}

// clear makes room for other text.
func (p *progress) clear() {
	if p.w != nil && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.last = time.Time{}
	}
}

func progressLine(read, total int64, tables int, spent time.Duration) string {
	const width = 30
	line := fmt.Sprintf("%d tables, %.0f per second", tables, float64(tables)/max(spent.Seconds(), 0.001))
	if total <= 0 {
		return line
	}
	part := min(float64(read)/float64(total), 1)
	full := int(part * width)
	return fmt.Sprintf("[%s%s] %3.0f%%  %s", strings.Repeat("#", full), strings.Repeat(".", width-full), 100*part, line)
}
