package main

import (
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// signedDrill is a drill of that date, signed by the only guardian.
func signedDrill(t *testing.T, date time.Time) *guardian.Collected {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("guardian")))
	if err != nil {
		t.Fatal(err)
	}
	setup, err := guardian.Simple(crypto.PubkeyToAddress(key.PublicKey), 7*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	m := guardian.Drill{Account: common.Address{1}, Nonce: new(big.Int), Date: date, ConfigHash: setup.Hash()}
	col, err := guardian.Collect(big.NewInt(1), setup, m)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := seal.AddressSigner(crypto.PubkeyToAddress(key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	ask, err := guardian.Ask(guardian.Approver{Signer: signer}, m, big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	digest := ask.Challenge().Digest
	sig, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ask.Finish(account.Approval{ECDSA: sig})
	if err == nil {
		err = col.Add(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	return col
}

// Whoever dates a drill ahead makes nobody look more alive than they are.
func TestADrillOfTheFutureDoesNotCount(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	half := 180 * 24 * time.Hour
	for name, c := range map[string]struct {
		dates []time.Time
		ok    bool
		last  string
	}{
		"today":               {[]time.Time{now}, true, now.Format(time.RFC3339)},
		"long ago":            {[]time.Time{now.Add(-half - time.Second)}, false, now.Add(-half - time.Second).Format(time.RFC3339)},
		"just in time":        {[]time.Time{now.Add(-half)}, true, now.Add(-half).Format(time.RFC3339)},
		"long ago and future": {[]time.Time{now.AddDate(1, 0, 0), now.AddDate(-1, 0, 0)}, false, now.AddDate(-1, 0, 0).Format(time.RFC3339)},
		"in any order":        {[]time.Time{now.AddDate(0, -1, 0), now.AddDate(-1, 0, 0)}, true, now.AddDate(0, -1, 0).Format(time.RFC3339)},
	} {
		log := &drillLog{}
		for _, d := range c.dates {
			if err := log.add(signedDrill(t, d)); err != nil {
				t.Fatal(err)
			}
		}
		out, err := log.report(t.Context(), nil, nil, nil, now, half)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if g := out.Guardians[0]; out.OK != c.ok || g.Lately != c.ok || g.Last != c.last || out.Tiers[0].Reached != c.ok {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if _, err := (&drillLog{drills: []*guardian.Collected{signedDrill(t, now.AddDate(1, 0, 0))}}).report(t.Context(), nil, nil, nil, now, half); err == nil {
		t.Error("a report of the future alone")
	}
}

// A log keeps the newest, and reads what it has written.
func TestALogOfDrillsKeepsTheNewest(t *testing.T) {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	log := &drillLog{}
	for i := range maxDrills + 3 {
		if err := log.add(signedDrill(t, start.Add(time.Duration(i)*time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "drills.json")
	if err := log.write(path); err != nil {
		t.Fatal(err)
	}
	again, err := (&call{}).readDrillLog(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.drills); n != maxDrills || !drillOf(again.drills[0]).Date.Equal(start.Add(3*time.Hour)) {
		t.Errorf("%d drills from %v", n, drillOf(again.drills[0]).Date)
	}
	if err := again.add(again.drills[0]); err != nil || len(again.drills) != maxDrills {
		t.Errorf("one twice: %d, %v", len(again.drills), err)
	}
}
