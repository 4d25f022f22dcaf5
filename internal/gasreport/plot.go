// docs/gas.svg: gas of a signature against bytes per key. Everybody's figures are those of the report.

package gasreport

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The picture, in its own units.
const (
	width, height = 1000.0, 640.0
	left, right   = 74.0, 976.0 // of the area with the points
	top, bottom   = 116.0, 566.0
	none          = 112.0 // where no bytes are: the logarithm of 0 is nowhere
	first, last   = 392.0, 800.0
	radius        = 5.5
)

// Both scales are logarithmic.
const (
	minGas, maxGas     = 5_000, 500_000
	minBytes, maxBytes = 64, 16_384
)

func atGas(gas float64) float64 {
	return bottom - (bottom-top)*math.Log(gas/minGas)/math.Log(maxGas/minGas)
}

func atBytes(bytes float64) float64 {
	if bytes == 0 {
		return none
	}
	return first + (last-first)*math.Log(bytes/minBytes)/math.Log(maxBytes/minBytes)
}

// mark is a point and what is written at it.
type mark struct {
	x, y  float64
	class string // of the point: ours, ours bare, peer, peer quoted
	name  string
	gas   uint64
	label box // of name and figure
}

// box is a text with the place it takes.
type box struct {
	x, y   float64 // of the text's base line
	anchor string  // start, middle, end
	text   string
	class  string
}

const lineHeight = 17.0

// bounds are the text's edges, generously.
func (b box) bounds() (x0, y0, x1, y1 float64) {
	w := 6.9 * float64(len([]rune(b.text)))
	x0 = b.x
	switch b.anchor {
	case "middle":
		x0 -= w / 2
	case "end":
		x0 -= w
	}
	return x0, b.y - 11, x0 + w, b.y + 4
}

// draw makes the picture.
func draw(r *Report) ([]byte, error) {
	marks, err := layOut(r)
	if err != nil {
		return nil, err
	}
	p := new(picture)
	p.frame()
	p.axes()
	p.precompile(r)
	p.line("hinted", path(marks, "ours"))
	p.line("unhinted", path(marks, "ours bare"))
	for _, name := range lineNames(marks) {
		p.text(name)
	}
	for _, m := range marks {
		p.point(m)
	}
	p.legend()
	return p.end(), nil
}

// path is the way through our points of a class, by bytes.
func path(marks []mark, class string) (points [][2]float64) {
	for _, m := range marks {
		if m.class == class && m.x > none {
			points = append(points, [2]float64{m.x, m.y})
		}
	}
	slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	return points
}

// shown are the rows that are points: one of each verifier, and not the precompile, which is a line.
func shown(row Row) bool {
	return row.Kind == Raw && !row.Precompile && (!row.Ours || row.Key != "") && row.Name != safesFCL
}

// safesFCL is FCL compiled by Safe: the same point as FCL.
const safesFCL = "FCL, as Safe deploys it"

// lineNames say what our lines are, right of their ends.
func lineNames(marks []mark) (names []box) {
	for _, line := range []struct {
		class, text string
		dy          float64
	}{{"ours", "table and hint", 10}, {"ours bare", "table", 0}} {
		if points := path(marks, line.class); len(points) > 0 {
			end := points[len(points)-1]
			names = append(names, box{end[0] + 26, end[1] + line.dy, "start", line.text, line.class})
		}
	}
	return names
}

func layOut(r *Report) ([]mark, error) {
	var marks []mark
	for _, row := range r.Rows {
		if !shown(row) {
			continue
		}
		gas, ok := row.Gas[Osaka]
		if !ok || gas.Mean < minGas || gas.Mean > maxGas || row.KeyBytes != 0 && row.KeyBytes < minBytes {
			return nil, fmt.Errorf("%s does not fit the picture", row.Name)
		}
		m := mark{x: atBytes(float64(row.KeyBytes)), y: atGas(float64(gas.Mean)), class: "peer", name: row.Name, gas: gas.Mean}
		switch {
		case row.Ours && row.Hint:
			m.class = "ours"
		case row.Ours:
			m.class = "ours bare"
		case row.Quoted:
			m.class = "peer quoted"
		}
		marks = append(marks, m)
	}
	for i := range marks {
		marks[i].place()
	}
	spread(marks)
	return marks, nil
}

// place writes a label beside its point: ours of tables above or below, so that the lines stay free; all others right of it.
func (m *mark) place() {
	text := fmt.Sprintf("%s  %s", strings.TrimSuffix(m.name, ", no precompile"), number(m.gas))
	m.label = box{m.x + 12, m.y + 4, "start", text, m.class}
	if m.x == none || m.class == "peer" || m.class == "peer quoted" {
		return
	}
	m.label = box{m.x, m.y + 22, "middle", number(m.gas), m.class}
	if m.class == "ours bare" {
		m.label.y = m.y - 12
	}
}

// spread moves the labels of the points without bytes apart, as little as possible: groups that touch are centred on
// where their points are.
func spread(marks []mark) {
	var column []*mark
	for i := range marks {
		if marks[i].x == none {
			column = append(column, &marks[i])
		}
	}
	slices.SortFunc(column, func(a, b *mark) int { return cmp.Compare(a.y, b.y) })
	type group struct {
		members []*mark
		middle  float64
	}
	var groups []group
	for _, m := range column {
		groups = append(groups, group{[]*mark{m}, m.label.y})
		for n := len(groups); n > 1; n = len(groups) {
			a, b := groups[n-2], groups[n-1]
			reach := lineHeight * float64(len(a.members)+len(b.members)) / 2
			if b.middle-a.middle >= reach {
				break
			}
			all := slices.Concat(a.members, b.members)
			sum := 0.0
			for _, m := range all {
				sum += m.y + 4
			}
			groups = append(groups[:n-2], group{all, sum / float64(len(all))})
		}
	}
	for _, g := range groups {
		for i, m := range g.members {
			m.label.y = g.middle + lineHeight*(float64(i)-float64(len(g.members)-1)/2)
		}
	}
}
