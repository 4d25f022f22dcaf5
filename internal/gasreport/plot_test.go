package gasreport

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func committed(t *testing.T) *Report {
	t.Helper()
	b, err := os.ReadFile("../../" + Figures)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// texts are all the boxes of a plot, and its points.
func texts(t *testing.T, r *Report) (boxes []box, marks []mark) {
	t.Helper()
	marks, err := layOut(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		boxes = append(boxes, m.label)
	}
	return append(boxes, lineNames(marks)...), marks
}

func TestLabelsOfThePlotDoNotOverlap(t *testing.T) {
	boxes, marks := texts(t, committed(t))
	if len(boxes) < 12 {
		t.Fatalf("%d labels", len(boxes))
	}
	for i, a := range boxes {
		x0, y0, x1, y1 := a.bounds()
		if x0 < left || x1 > width || y0 < top || y1 > bottom {
			t.Errorf("%q leaves the picture: %.0f..%.0f, %.0f..%.0f", a.text, x0, x1, y0, y1)
		}
		for _, b := range boxes[i+1:] {
			if u0, v0, u1, v1 := b.bounds(); x0 < u1 && u0 < x1 && y0 < v1 && v0 < y1 {
				t.Errorf("%q and %q overlap", a.text, b.text)
			}
		}
		for _, m := range marks {
			if m.x > x0 && m.x < x1 && m.y > y0 && m.y < y1 {
				t.Errorf("%q hides the point of %s", a.text, m.name)
			}
		}
	}
}

func TestEveryVerifierWithoutThePrecompileIsInThePlotOnce(t *testing.T) {
	r := committed(t)
	_, marks := texts(t, r)
	found := map[string]int{}
	for _, m := range marks {
		found[m.name]++
	}
	ours, peers := 0, 0
	for _, row := range r.Rows {
		if row.Kind != Raw || row.Precompile || row.Ours && row.Key == "" || row.Name == safesFCL {
			continue
		}
		if found[row.Name] != 1 {
			t.Errorf("%s is in the plot %d times", row.Name, found[row.Name])
		}
		if row.Ours {
			ours++
		} else {
			peers++
		}
	}
	if ours != 10 || peers < 6 {
		t.Errorf("%d of ours and %d others", ours, peers)
	}
}

func TestPointsAreWhereTheScalesSay(t *testing.T) {
	for _, at := range [][2]float64{{atGas(minGas), bottom}, {atGas(maxGas), top}, {atBytes(0), none}, {atBytes(minBytes), first}, {atBytes(maxBytes), last}} {
		if math.Abs(at[0]-at[1]) > 1e-9 {
			t.Errorf("an end of a scale is at %f, not %f", at[0], at[1])
		}
	}
	if d := (atGas(10_000) - atGas(100_000)) * 2; math.Abs(d-(bottom-top)) > 1e-9 {
		t.Errorf("ten times the gas is %f high", d)
	}
	if d := atBytes(1024) - atBytes(512); math.Abs(d-(atBytes(16384)-atBytes(8192))) > 1e-9 {
		t.Error("doubled bytes are not equally far")
	}
}

func TestThePlotIsWellFormedAndAlwaysTheSame(t *testing.T) {
	svg, err := draw(committed(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := draw(committed(t))
	if err != nil || !bytes.Equal(svg, again) {
		t.Fatal("drawn otherwise", err)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("%!")) {
		t.Error("a number is none")
	}
}

// Text of every class is legible on the ground of both modes: contrast of 4.5 (WCAG 2, AA).
func TestColoursAreLegibleInLightAndDark(t *testing.T) {
	for _, p := range []palette{light, dark} {
		ground := luminance(t, p.ground)
		for name, colour := range map[string]string{"ink": p.ink, "faint": p.faint, "ours": p.ours, "peer": p.peer} {
			c := luminance(t, colour)
			if contrast := (max(c, ground) + .05) / (min(c, ground) + .05); contrast < 4.5 {
				t.Errorf("%s %s on %s: contrast %.1f", name, colour, p.ground, contrast)
			}
			if n := strings.Count(p.css(), colour); n == 0 {
				t.Errorf("%s is not used", name)
			}
		}
		if left := regexp.MustCompile(`:\{|#\W`).FindString(p.css()); left != "" {
			t.Errorf("a colour is left out: %q", left)
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 24)
	if err != nil || len(hex) != 7 {
		t.Fatal(hex, err)
	}
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		c := float64(v>>(16-8*i)&0xff) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
