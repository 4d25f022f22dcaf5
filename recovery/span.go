// Durations in words.

package recovery

import (
	"fmt"
	"time"
)

const day = 24 * time.Hour

// Span says a duration in the largest units that fit, at most two: "7 days", "1 day 12 hours".
func Span(d time.Duration) string {
	if d <= 0 {
		return "at once"
	}
	out, left := "", d
	parts := 0
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := left / u.of
		if n == 0 || parts == 2 {
			continue
		}
		left -= n * u.of
		parts++
		if out != "" {
			out += " "
		}
		out += fmt.Sprintf("%d %s", n, u.name)
		if n != 1 {
			out += "s"
		}
	}
	if out == "" {
		return "less than a second"
	}
	return out
}
