package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/postern-dev/postern/internal/inspect"
)

// printReport writes a report for a person: the first reading in full, others after it.
func printReport(w io.Writer, r *inspect.Report, from string) {
	p := painter(w)
	fmt.Fprintf(w, "%s\n", p.dim(fmt.Sprintf("input: %d bytes, written as %s%s", r.Bytes, r.Encoding, plain(from))))
	for i, reading := range r.Readings {
		switch {
		case i == 0 && len(r.Readings) > 1:
			fmt.Fprintf(w, "\nmost plausible (%s):\n", reading.Likelihood)
		case i > 0:
			fmt.Fprintf(w, "\nor (%s):\n", reading.Likelihood)
		}
		printReading(w, p, reading, 0)
	}
	fmt.Fprintln(w)
	switch n := count(r.Readings[0], inspect.Error); {
	case n == 0 && len(r.Readings) > 1 && r.Readings[0].Likelihood != inspect.Certain:
		fmt.Fprintln(w, p.green("nothing wrong found, if it is what it looks like most"))
	case n == 0:
		fmt.Fprintln(w, p.green("nothing wrong found"))
	case n == 1:
		fmt.Fprintln(w, p.red("1 thing is wrong"))
	default:
		fmt.Fprintln(w, p.red(fmt.Sprintf("%d things are wrong", n)))
	}
}

func printReading(w io.Writer, p paint, r inspect.Reading, depth int) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(w, "%s%s\n", indent, p.bold(plain(r.Title)))
	width := 0
	for _, f := range r.Facts {
		if n := len(f.Name); n > width && n <= 24 {
			width = n
		}
	}
	for _, f := range r.Facts {
		fmt.Fprintf(w, "%s  %-*s  %s\n", indent, width, plain(f.Name), plain(f.Value))
	}
	for _, f := range r.Findings {
		mark := map[inspect.Severity]string{inspect.Error: p.red("wrong:"), inspect.Warning: p.yellow("beware:"), inspect.Note: "note:"}[f.Severity]
		fmt.Fprintf(w, "%s  %s %s\n", indent, mark, plain(f.Message))
		if f.Source != "" {
			fmt.Fprintf(w, "%s    likely: %s\n", indent, plain(f.Source))
		}
		if f.Hint != "" {
			fmt.Fprintf(w, "%s    way out: %s\n", indent, plain(f.Hint))
		}
	}
	for _, part := range r.Parts {
		printReading(w, p, part, depth+1)
	}
}

// count counts findings of a severity in a reading and its parts.
func count(r inspect.Reading, s inspect.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	for _, part := range r.Parts {
		n += count(part, s)
	}
	return n
}
