package server

import (
	"sync"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
)

// Each server has its own connections; what they share is the database.
func TestAnAccountProofIsGoodOnceOnServersOfOneDatabase(t *testing.T) {
	url := postgrestest.Create(t, postgrestest.Start(t, true).URL, "")
	open := func() relyingparty.Store {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	n := newFlowNode(t)
	servers := []*running{flowServer(t, n, open()), flowServer(t, n, open())}
	user := flowtest.NewSigner("user")
	n.accounts[flowUser.Hex()] = []flow.AccountKey{flow.Passkey(user.Public(), 1000)}
	for i := range 3 {
		given := servers[i%2].flow("nonce", "{}")
		body := proof(t, "Postern", given.Nonce, user, flowtest.WebAuthn()[0])
		var mu sync.Mutex
		count := map[string]int{}
		var wait sync.WaitGroup
		for i := range 12 {
			wait.Go(func() {
				got := servers[i%2].flow("proof", body)
				mu.Lock()
				defer mu.Unlock()
				if got.Verified {
					count["won"]++
				}
				count[got.code]++
			})
		}
		if wait.Wait(); count["won"] != 1 || count["challenge_used"] != 11 {
			t.Errorf("of 12: %v", count)
		}
	}
}
