package session_test

import (
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/account/kernel/session"
)

func TestEveryStateIsDocumented(t *testing.T) {
	text := string(must[[]byte](t)(os.ReadFile("../../../docs/grants.md")))
	n := 0
	for s := session.Approved; s.String() != "unknown"; s++ {
		n++
		if !strings.Contains(text, "\n| `"+s.String()+"` | ") {
			t.Errorf("docs/grants.md says nothing about %s", s)
		}
	}
	if n != 7 {
		t.Errorf("%d states", n)
	}
}
