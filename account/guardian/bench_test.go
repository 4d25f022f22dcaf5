package guardian_test

import (
	"encoding/json"
	"testing"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

func BenchmarkParseCollected(b *testing.B) {
	s := family(b)
	r := recoveryOf(b, s)
	c := collect(b, s, r)
	add(b, c, sign(b, key(b, "brother"), "brother", r), sign(b, r.NewSigner, "new phone", r), sign(b, passkeyOf(b, "friend", seal.RequireUV), "friend", r))
	data := must[[]byte](b)(json.Marshal(c))
	for b.Loop() {
		must[*guardian.Collected](b)(guardian.ParseCollected(data))
	}
}
