// Sentences and lists.

package recovery

import (
	"fmt"
	"strings"
)

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(names []string, and string) string {
	switch n := len(names); n {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " " + and + " " + names[n-1]
	}
}

// upper begins a sentence; names stay as they are.
func upper(s string) string {
	for _, article := range []string{"a ", "an ", "the ", "all ", "you ", "your "} {
		if strings.HasPrefix(s, article) {
			return strings.ToUpper(s[:1]) + s[1:]
		}
	}
	return s
}

// sentence begins a sentence that does not begin with a name.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// stop ends a sentence.
func stop(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
