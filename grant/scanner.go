// Words of an expression.

package grant

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type token struct {
	text   string // a quoted text keeps its opening quote
	column int    // from 1, in characters
}

// scanner walks over the words of an expression: names and numbers, operators,
// brackets, quoted texts.
type scanner struct {
	tokens []token
	at     int
	last   int // column behind the end
}

const symbols = "()[],=<>!:*."

func newScanner(text string) (*scanner, error) {
	if len(text) > maxExpression {
		return nil, fail("expression", "split it into several permissions", "%d bytes, more than %d", len(text), maxExpression)
	}
	s := &scanner{}
	column := 1
	for i := 0; i < len(text); {
		start := i
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			column++
			continue
		case c == '"':
			end := strings.IndexByte(text[i+1:], '"')
			if end < 0 {
				return nil, &Error{Column: column, Field: "expression", What: "a quoted text does not end", Way: `close it with "`}
			}
			i += end + 1 // the closing quote is not kept
			s.tokens = append(s.tokens, token{text[start:i], column})
			i++
			column += utf8.RuneCountInString(text[start:i])
			continue
		case strings.IndexByte("=<>!", c) >= 0 && i+1 < len(text) && text[i+1] == '=':
			i += 2
		case c == '.' && (i == 0 || !wordByte(text[i-1])), c != '.' && strings.IndexByte(symbols, c) >= 0:
			i++
		case wordByte(c):
			for i < len(text) && (wordByte(text[i]) || text[i] == '.') {
				i++
			}
		default:
			r, _ := utf8.DecodeRuneInString(text[i:])
			return nil, &Error{Column: column, Field: "expression", What: fmt.Sprintf("the character %q means nothing here", r), Way: "use plain letters, digits and the operators = != < <= > >= in"}
		}
		s.tokens = append(s.tokens, token{text[start:i], column})
		column += i - start
	}
	s.last = column
	return s, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isName(s string) bool {
	return s != "" && (s[0] == '_' || s[0] == '$' || s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z') && !strings.Contains(s, ".")
}

// peek is "" at the end.
func (s *scanner) peek() string {
	if s.at < len(s.tokens) {
		return s.tokens[s.at].text
	}
	return ""
}

func (s *scanner) next() string {
	t := s.peek()
	s.at++
	return t
}

func (s *scanner) back() *scanner {
	s.at--
	return s
}

func (s *scanner) column() int {
	if s.at < len(s.tokens) {
		return s.tokens[s.at].column
	}
	return s.last
}

func (s *scanner) fail(way, format string, args ...any) error {
	return &Error{Column: s.column(), Field: "expression", What: fmt.Sprintf(format, args...), Way: way}
}

func (s *scanner) expect(want string) error {
	if got := s.next(); got != want {
		return s.back().fail("write "+want, "expected %q, found %q", want, got)
	}
	return nil
}

func (s *scanner) name(what string) (string, error) {
	n := s.next()
	if !isName(n) {
		return "", s.back().fail("write a name of letters and digits", "expected %s, found %q", what, n)
	}
	return n, nil
}

func (s *scanner) end() error {
	if s.at < len(s.tokens) {
		return s.fail("leave it out, or join conditions with and", "%q after the end", s.peek())
	}
	return nil
}
