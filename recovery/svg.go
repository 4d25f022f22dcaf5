// A report as a picture: signers by failure domains.

package recovery

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// palette is the colours of a mode. Every mark also has a shape of its own.
type palette struct {
	ground, edge, ink, faint, grid, band              string
	works, recoverable, contested, locked, stolen, on string
}

// The picture brings its own ground, so that it is legible wherever it is shown.
var (
	light = palette{"#ffffff", "#d8dee4", "#1f2328", "#59636e", "#e3e8ee", "#f6f8fa", "#1a7f37", "#0969da", "#9a6700", "#6639ba", "#cf222e", "#ffffff"}
	dark  = palette{"#0d1117", "#30363d", "#e6edf3", "#9198a1", "#262c34", "#151b23", "#3fb950", "#58a6ff", "#d29922", "#a371f7", "#ff7b72", "#0d1117"}
)

const shapes = `text{font:13px system-ui,-apple-system,"Segoe UI","Liberation Sans","DejaVu Sans",sans-serif}
.title{font-size:19px;font-weight:600}.head{font-weight:600}.small{font-size:11.5px}.q{font-size:10px;font-weight:700}
.grid{stroke-width:1}.lost{stroke-width:1.6}.taken{stroke-width:1.4;stroke-linejoin:round}.guess{stroke-dasharray:2.4 2}.icon{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
`

// css colours what the shapes left bare.
func (p palette) css() string {
	return strings.NewReplacer("{ground}", p.ground, "{edge}", p.edge, "{ink}", p.ink, "{faint}", p.faint, "{grid}", p.grid, "{band}", p.band,
		"{works}", p.works, "{recoverable}", p.recoverable, "{contested}", p.contested, "{locked}", p.locked, "{stolen}", p.stolen, "{on}", p.on).Replace(
		`text{fill:{ink}}.ground{fill:{ground};stroke:{edge}}.band{fill:{band}}.grid{stroke:{grid}}text.faint{fill:{faint}}
.lost{fill:{ink};stroke:{ink}}.ring{fill:none}.taken{fill:{stolen};stroke:{stolen}}.guess{fill:{ground}}text.qlost{fill:{ink}}text.qtaken{fill:{stolen}}
.works{fill:{works}}.recoverable{fill:{recoverable}}.contested{fill:{contested}}.locked{fill:{locked}}.stolen{fill:{stolen}}.icon{stroke:{on}}.dot{fill:{on}}
`)
}

// Sizes of the picture, in pixels.
const (
	margin    = 24.0
	nameWidth = 236.0
	column    = 46.0
	row       = 34.0
	sideWidth = 216.0
	longName  = 34  // characters; longer ones are cut
	nameChar  = 7.6 // of a signer's name, on the wide side
	titleLine = 22.0
)

// drawing is an SVG document that is being written.
type drawing struct {
	b             bytes.Buffer
	r             *Report
	cols          []DomainReport
	left, top     float64 // of the first cell
	width, height float64
}

// SVG is the report as a picture: a row for each signer, a column for each domain, and
// what the loss of each leads to. It is light or dark as its viewer is.
func (r *Report) SVG() []byte {
	d := &drawing{r: r}
	d.cols = slices.Clone(r.Domains)
	slices.SortStableFunc(d.cols, func(x, y DomainReport) int { return domainOrder(x) - domainOrder(y) })
	d.layout()
	d.frame()
	d.heads()
	y := d.top
	for _, g := range d.groups() {
		d.text(margin, y+22, "small faint", "start", g.title)
		y += row - 4
		for _, s := range g.signers {
			d.signer(s, y)
			y += row
		}
	}
	d.sums(y + 10)
	d.legend(d.height - 62)
	d.add("</svg>")
	return d.b.Bytes()
}

func domainOrder(d DomainReport) int {
	return slices.Index(append(slices.Clone(domainKinds), DomainKey), d.Kind)*2 + map[bool]int{true: 1}[d.Assumed]
}

type group struct {
	title   string
	signers []SignerReport
}

// groups are the signers by the first route that they are a member of, each once.
func (d *drawing) groups() (out []group) {
	seen := map[string]bool{}
	for _, route := range d.r.account.Routes {
		g := group{title: routeTitle(route)}
		for _, s := range d.r.Signers {
			if !seen[s.ID] && slices.Contains(s.Routes, route.ID) {
				seen[s.ID] = true
				g.signers = append(g.signers, s)
			}
		}
		if len(g.signers) > 0 {
			out = append(out, g)
		}
	}
	rest := group{title: "sign for nothing"}
	for _, s := range d.r.Signers {
		if !seen[s.ID] {
			rest.signers = append(rest.signers, s)
		}
	}
	if len(rest.signers) > 0 {
		out = append(out, rest)
	}
	return out
}

func routeTitle(r Route) string {
	even, total := true, uint64(0)
	for _, m := range r.Members {
		even = even && m.Weight == r.Members[0].Weight
		total += m.Weight
	}
	needs := fmt.Sprintf("weight %d of %d", r.Threshold, total)
	if even && len(r.Members) > 0 && r.Members[0].Weight == 1 {
		needs = fmt.Sprintf("%d of %d", r.Threshold, len(r.Members))
	}
	title := upper(r.Label()) + ": " + needs
	if r.Delay > 0 {
		title += ", after " + Span(r.Delay)
	}
	return title
}

func (d *drawing) layout() {
	longest := 0
	for _, c := range d.cols {
		longest = max(longest, utf8.RuneCountInString(cut(c.Label)))
	}
	d.top = margin + 66 + titleLine + 20*float64(len(d.verdict())-1) + 5.2*float64(longest) + 22
	names := 0
	for _, x := range d.r.Signers {
		names = max(names, utf8.RuneCountInString(cut(x.Label)))
	}
	d.left = margin + max(nameWidth, nameChar*float64(names)+12)
	rows, heads := float64(len(d.r.Signers)), float64(len(d.groups()))
	d.height = d.top + rows*row + heads*(row-4) + 10 + 2*row + 96
	d.width = max(d.left+float64(len(d.cols))*column+sideWidth+margin, 960)
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

func (d *drawing) text(x, y float64, class, anchor, text string) {
	if anchor != "start" {
		anchor = `" text-anchor="` + anchor
	} else {
		anchor = ""
	}
	d.add(`<text x="%.1f" y="%.1f" class="%s%s">%s</text>`, x, y, class, anchor, html.EscapeString(text))
}

// cut shortens a name.
func cut(s string) string { return cutTo(s, longName) }

func cutTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// verdict is broken into lines that fit.
func (d *drawing) verdict() (out []string) {
	for _, s := range d.r.Verdict() {
		line := ""
		for _, word := range strings.Fields(s) {
			if utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > 118 {
				out, line = append(out, line), ""
			}
			line = strings.TrimSpace(line + " " + word)
		}
		out = append(out, cutTo(line, 124))
	}
	return out
}

func (d *drawing) frame() {
	name, more := d.r.titleParts()
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`, d.width, d.height, d.width, d.height,
		html.EscapeString(d.r.title()+". "+strings.Join(d.r.Verdict(), " ")))
	d.add("<style>\n%s%s@media (prefers-color-scheme:dark){\n%s}\n</style>", shapes, light.css(), dark.css())
	d.add(`<rect x=".5" y=".5" width="%.0f" height="%.0f" rx="10" class="ground"/>`, d.width-1, d.height-1)
	d.text(margin, margin+14, "title", "start", cutTo(name, 70))
	if more != "" {
		d.text(margin, margin+14+titleLine, "faint", "start", cutTo(more, 118))
	}
	for i, line := range d.verdict() {
		d.text(margin, margin+40+titleLine+20*float64(i), "", "start", line)
	}
}

func (d *drawing) x(i int) float64 { return d.left + column*(float64(i)+.5) }

// heads names the columns, and bands every other one.
func (d *drawing) heads() {
	bottom := d.height - 96
	for i, c := range d.cols {
		if i%2 == 0 {
			d.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="band"/>`, d.x(i)-column/2, d.top-6, column, bottom-d.top+6)
		}
		class := "head"
		if c.Assumed {
			class = "faint"
		}
		d.add(`<text transform="translate(%.1f %.1f) rotate(-45)" class="%s">%s</text>`, d.x(i)+2, d.top-14, class, html.EscapeString(cut(c.Label)))
	}
	d.text(d.left+column*float64(len(d.cols))+18, d.top-14, "small faint", "start", "if lost")
	d.text(d.left+column*float64(len(d.cols))+122, d.top-14, "small faint", "start", "if stolen")
}

func (d *drawing) signer(s SignerReport, y float64) {
	d.line(y)
	d.text(margin, y+15, "head", "start", cutTo(s.Label, 30))
	kind := kindWords[s.Kind]
	if s.Kind == KindPasskey {
		kind += ", " + strings.Split(s.Class, ",")[0]
	}
	d.text(margin, y+29, "small faint", "start", cutTo(kind, 38))
	for i, c := range d.cols {
		at := slices.IndexFunc(d.r.Links, func(l Link) bool { return l.Signer == s.ID && l.Domain == c.ID })
		if at < 0 {
			continue
		}
		d.link(d.x(i), y+row/2, d.r.Links[at], s.Label, c.Label)
	}
	x := d.left + column*float64(len(d.cols)) + 26
	d.state(x, y+row/2, s.IfLost, false, s.Label+" is lost")
	d.text(x+14, y+row/2+4, "small", "start", s.IfLost.String())
	d.state(x+104, y+row/2, s.IfStolen, false, s.Label+" is stolen")
	d.text(x+118, y+row/2+4, "small", "start", s.IfStolen.String())
}

func (d *drawing) line(y float64) {
	d.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="grid"/>`, margin, y, d.width-margin, y)
}
