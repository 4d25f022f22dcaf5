package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgressSaysHowMuchIsDone(t *testing.T) {
	for want, got := range map[string]string{
		"[" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "]  50%  2000 tables, 1000 per second": progressLine(500, 1000, 2000, 2*time.Second),
		"[" + strings.Repeat("#", 30) + "] 100%  1 tables, 1 per second":                                 progressLine(2000, 1000, 1, time.Second),
		"7 tables, 7000 per second": progressLine(99, 0, 7, 0),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestOnlyATerminalGetsProgress(t *testing.T) {
	var b strings.Builder
	p := newProgress(&b, 10)
	p.show(5, 1)
	p.clear()
	if b.Len() != 0 {
		t.Errorf("%q", b.String())
	}
}
