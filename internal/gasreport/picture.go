// Writing the picture as SVG.

package gasreport

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// palette is the colours of a mode.
type palette struct{ ground, edge, ink, faint, grid, ours, peer string }

// The picture brings its own ground, so that it is legible wherever it is shown.
var (
	light = palette{"#ffffff", "#d8dee4", "#1f2328", "#59636e", "#eaeef2", "#0550ae", "#8c5a2b"}
	dark  = palette{"#0d1117", "#30363d", "#e6edf3", "#9198a1", "#1f252d", "#58a6ff", "#d9a066"}
)

const shapes = `text{font:12.5px system-ui,-apple-system,"Segoe UI","Liberation Sans","DejaVu Sans",sans-serif;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.title{font-size:19px;font-weight:600}text.ours{font-weight:600}text.bare{font-weight:400}
circle{stroke-width:1.8}polyline{fill:none;stroke-width:2}.unhinted{stroke-dasharray:4 4;stroke-width:1.4}
.leader{stroke-width:.8}.precompile{stroke-dasharray:7 4}.break{fill:none}
`

// css colours what the shapes left bare.
func (p palette) css() string {
	return strings.NewReplacer("{ground}", p.ground, "{edge}", p.edge, "{ink}", p.ink, "{faint}", p.faint, "{grid}", p.grid, "{ours}", p.ours, "{peer}", p.peer).Replace(
		`text{fill:{ink};stroke:{ground}}.ground{fill:{ground};stroke:{edge}}.gap{fill:{ground}}.grid{stroke:{grid}}.axis,.break,.leader,.precompile{stroke:{faint}}text.faint{fill:{faint}}
text.ours{fill:{ours}}circle.ours{fill:{ours};stroke:{ours}}polyline{stroke:{ours}}text.peer{fill:{peer}}circle.peer{fill:{peer};stroke:{peer}}circle.bare,circle.quoted{fill:{ground}}
`)
}

// picture is an SVG document that is being written.
type picture struct{ b bytes.Buffer }

func (p *picture) add(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *picture) text(b box) {
	anchor := ""
	if b.anchor != "start" {
		anchor = fmt.Sprintf(` text-anchor="%s"`, b.anchor)
	}
	p.add(`<text x="%.1f" y="%.1f"%s class="%s" xml:space="preserve">%s</text>`, b.x, b.y, anchor, b.class, html.EscapeString(b.text))
}

const (
	title    = "What verifying one P-256 signature costs, where the chain has no precompile"
	subtitle = "Gas of the call alone, mean of all signatures, by Osaka's rules. Both scales are logarithmic."
)

func (p *picture) frame() {
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`, width, height, width, height, title)
	p.add("<style>\n%s%s@media (prefers-color-scheme:dark){\n%s}\n</style>", shapes, light.css(), dark.css())
	p.add(`<rect x=".5" y=".5" width="%g" height="%g" rx="10" class="ground"/>`, width-1, height-1)
	p.text(box{24, 36, "start", title, "title"})
	p.text(box{24, 58, "start", subtitle, "faint"})
}

func (p *picture) axes() {
	for _, gas := range []uint64{5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000} {
		y := atGas(float64(gas))
		p.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="grid"/>`, left, y, right, y)
		p.text(box{left - 8, y + 4, "end", number(gas), "faint"})
	}
	p.add(`<line x1="%g" y1="%g" x2="%g" y2="%g" class="axis"/>`, left, bottom, right, bottom)
	tick := func(x float64, text string) {
		p.add(`<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" class="axis"/>`, x, bottom, x, bottom+6)
		p.text(box{x, bottom + 22, "middle", text, "faint"})
	}
	tick(none, "none")
	for bytes := uint64(minBytes); bytes <= maxBytes; bytes *= 2 {
		tick(atBytes(float64(bytes)), number(bytes))
	}
	// From nothing to 64 bytes there is no scale.
	x := first - 44
	p.add(`<path d="M%g %g l5 -10 h7 l-10 20 h-7z" class="gap"/>`, x, bottom)
	p.add(`<path d="M%g %g l10 -20 M%g %g l10 -20" class="break"/>`, x-5, bottom+10, x+2, bottom+10)
	p.text(box{(left + right) / 2, bottom + 48, "middle", "bytes of code on the chain for each key", "faint"})
}

// precompile is a line: where it is, nothing else matters.
func (p *picture) precompile(r *Report) {
	for _, row := range r.Rows {
		if row.Kind == Raw && row.By == standard {
			y := atGas(float64(row.Gas[Osaka].Mean))
			p.add(`<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" class="precompile"/>`, left, y, right, y)
			p.text(box{right - 6, y - 8, "end", fmt.Sprintf("%s  %s: where a chain has it, nothing else is asked", row.Name, number(row.Gas[Osaka].Mean)), "faint"})
		}
	}
}

func (p *picture) line(class string, points [][2]float64) {
	var b bytes.Buffer
	for _, at := range points {
		fmt.Fprintf(&b, "%.1f,%.1f ", at[0], at[1])
	}
	p.add(`<polyline class="%s" points="%s"/>`, class, bytes.TrimSpace(b.Bytes()))
}

func (p *picture) point(m mark) {
	if d := m.label.y - 4 - m.y; m.label.anchor == "start" && (d > 3 || d < -3) {
		p.add(`<path d="M%.1f %.1f L%.1f %.1f" class="leader"/>`, m.x+radius, m.y, m.label.x-2, m.label.y-4)
	}
	p.add(`<circle cx="%.1f" cy="%.1f" r="%g" class="%s"/>`, m.x, m.y, radius, m.class)
	p.text(m.label)
}

func (p *picture) legend() {
	entries := []struct{ class, text string }{
		{"ours", "Postern, with a hint"}, {"ours bare", "Postern, without"},
		{"peer", "others, from npm, the same signatures"}, {"peer quoted", "others, measured elsewhere"},
	}
	x := 24.0
	for _, e := range entries {
		p.add(`<circle cx="%.1f" cy="78" r="%g" class="%s"/>`, x+6, radius, e.class)
		p.text(box{x + 18, 82, "start", e.text, "faint"})
		x += 42 + 6.8*float64(len(e.text))
	}
}

func (p *picture) end() []byte {
	p.add("</svg>")
	return p.b.Bytes()
}
