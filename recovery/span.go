// Durations in words.

package recovery

import (
	"fmt"
	"strconv"
	"strings"
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

// ParseSpan reads what [Span] writes: numbers and units from days to seconds, at most once
// each, the larger first. What it reads is at most 100 years.
func ParseSpan(text string) (time.Duration, bool) {
	if text == "at once" {
		return 0, true
	}
	words := strings.Fields(text)
	if len(words) == 0 || len(words)%2 != 0 || len(words) > 8 {
		return 0, false
	}
	total, last := time.Duration(0), 100*365*day+1
	for i := 0; i < len(words); i += 2 {
		n, err := strconv.ParseUint(words[i], 10, 32)
		unit := map[string]time.Duration{"day": day, "hour": time.Hour, "minute": time.Minute, "second": time.Second}[strings.TrimSuffix(words[i+1], "s")]
		if err != nil || unit == 0 || unit >= last || n > uint64(100*365*day/unit) {
			return 0, false
		}
		last = unit
		total += time.Duration(n) * unit
	}
	return total, total > 0 && total <= 100*365*day
}
