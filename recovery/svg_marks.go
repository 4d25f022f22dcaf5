// The marks of the picture.

package recovery

import (
	"fmt"
	"html"
	"strings"
)

var tieWords = map[Tie]string{TieSure: "goes with", TieAssumed: "may go with", TieRescue: "needs another way without"}

// link draws how a signer hangs on a domain: a disc for loss, a triangle for theft; dashed
// with a question mark what is only assumed.
func (d *drawing) link(x, y float64, l Link, signer, domain string) {
	var words []string
	if l.Lost != "" {
		words = append(words, fmt.Sprintf("%s %s %s when that is lost", signer, tieWords[l.Lost], domain))
	}
	if l.Stolen != "" {
		words = append(words, fmt.Sprintf("%s %s %s when that is taken over", signer, tieWords[l.Stolen], domain))
	}
	d.add(`<g><title>%s</title>`, html.EscapeString(strings.Join(words, "; ")))
	left, right := x-10, x+10
	if l.Lost == "" || l.Stolen == "" {
		left, right = x, x
	}
	switch l.Lost {
	case TieSure:
		d.add(`<circle cx="%.1f" cy="%.1f" r="6.6" class="lost"/>`, left, y)
	case TieRescue:
		d.add(`<circle cx="%.1f" cy="%.1f" r="6.2" class="lost ring"/>`, left, y)
	case TieAssumed:
		d.add(`<circle cx="%.1f" cy="%.1f" r="7" class="lost guess"/>`, left, y)
		d.text(left, y+3.6, "q qlost", "middle", "?")
	}
	switch l.Stolen {
	case TieSure:
		d.add(`<path d="M%.1f %.1fl7.4 12.6h-14.8z" class="taken"/>`, right, y-7)
	case TieAssumed:
		d.add(`<path d="M%.1f %.1fl8.4 14.4h-16.8z" class="taken guess"/>`, right, y-8.6)
		d.text(right, y+4.4, "q qtaken", "middle", "?")
	}
	d.add("</g>")
}

// state draws what happens: each state has a shape of its own.
func (d *drawing) state(x, y float64, s State, doubt bool, words string) {
	d.add(`<g><title>%s</title><circle cx="%.1f" cy="%.1f" r="10" class="%s"/>`, html.EscapeString(words+": "+s.String()), x, y, s)
	path := map[State]string{
		Works:       "m-4.6 .4l3.2 3.4l6 -7",
		Recoverable: "m-4.4 .6a4.4 4.4 0 1 1 1.6 3.4m-1.6 -3.4l-1.6 -2.6m1.6 2.6l2.8 -1.2",
		Contested:   "m0 -5.2v5.4m0 3.9v.2",
		Locked:      "m-4.2 -.6h8.4v5.2h-8.4zm1.6 0v-2a2.6 2.6 0 0 1 5.2 0v2",
		Stolen:      "m-3.8 -3.8l7.6 7.6m0 -7.6l-7.6 7.6",
	}[s]
	d.add(`<path d="M%.1f %.1f%s" class="icon"/>`, x, y, path)
	if doubt {
		d.text(x+11, y-5, "q qlost", "start", "?")
	}
	d.add("</g>")
}

// sums are the two rows at the bottom: what the loss and the takeover of a domain lead to.
func (d *drawing) sums(y float64) {
	d.line(y)
	d.text(margin, y+21, "head", "start", "If it is lost")
	d.line(y + row)
	d.text(margin, y+row+21, "head", "start", "If somebody takes it over")
	for i, c := range d.cols {
		d.state(d.x(i), y+row/2, c.IfLost, c.BestLost != nil, c.Label+" is lost")
		if c.IfTaken != nil {
			d.state(d.x(i), y+row*1.5, *c.IfTaken, c.BestTaken != nil, c.Label+" is taken over")
		}
	}
	d.line(y + 2*row)
}

func (d *drawing) legend(y float64) {
	x := margin + 8
	for _, s := range []struct {
		state State
		words string
	}{{Works, "still works"}, {Recoverable, "recoverable"}, {Contested, "must be stopped in time"}, {Locked, "locked out"}, {Stolen, "stolen"}} {
		d.state(x, y, s.state, false, s.words)
		d.text(x+15, y+4, "small", "start", s.words)
		x += 38 + 6.4*float64(len(s.words))
	}
	x, y = margin+8, y+32
	for _, l := range []struct {
		link  Link
		words string
	}{{Link{Lost: TieSure}, "lost with it"}, {Link{Lost: TieRescue}, "another way is left"}, {Link{Stolen: TieSure}, "stolen with it"}, {Link{Lost: TieAssumed}, "not known, counted as lost with it"}, {Link{Stolen: TieAssumed}, "not known, counted as stolen with it"}} {
		d.link(x, y, l.link, "A signer", "a domain")
		d.text(x+15, y+4, "small", "start", l.words)
		x += 38 + 6.2*float64(len(l.words))
	}
}
