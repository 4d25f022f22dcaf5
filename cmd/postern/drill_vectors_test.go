// The page for recovery keeps and judges drills in JavaScript as postern drill report does. This
// file writes what Go says to wallet/testdata/drills.json; wallet/jstest compares.

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

var updateDrills = flag.Bool("update", false, "write wallet/testdata/drills.json anew")

const (
	drillsFile  = "../../wallet/testdata/drills.json"
	drillRPID   = "localhost"
	drillOrigin = "http://localhost:8080"
)

type drillVectors struct {
	Generator string              `json:"generator"`
	Module    string              `json:"module"`
	Account   string              `json:"account"`
	Setup     hexutil.Bytes       `json:"setup"` // that the chain has, after the drills
	Log       drillLogFile        `json:"log"`
	Reports   []drillReportVector `json:"reports"`
}

type drillReportVector struct {
	Now     int64    `json:"now"`
	Current bool     `json:"current"` // of the chain's setup; else of the newest drill's
	Report  *drilled `json:"report"`
}

// driller is a guardian with a key, a passkey, or, without either, a contract.
type driller struct {
	signer  seal.Signer
	key     []byte
	passkey *softkey.Authenticator
}

func keyDriller(t *testing.T, name string) driller {
	t.Helper()
	secret := crypto.Keccak256([]byte(name))
	key, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.AddressSigner(crypto.PubkeyToAddress(key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return driller{signer: s, key: secret}
}

func passkeyDriller(t *testing.T) driller {
	t.Helper()
	k := softkey.New(softkey.WithSeed([]byte("drill")))
	options, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: drillRPID, Name: "Postern"}, passkey.User{ID: []byte{1}, Name: "p", DisplayName: "p"}, make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Create(options, drillOrigin); err != nil {
		t.Fatal(err)
	}
	s, err := seal.PasskeySigner(k.Credentials()[0].Key, seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	return driller{signer: s, passkey: k}
}

// approve signs a drill; a contract says anything.
func (d driller) approve(t *testing.T, m guardian.Drill, chain *big.Int) guardian.Approval {
	t.Helper()
	if d.key == nil && d.passkey == nil {
		return guardian.Approval{Signer: d.signer, Signature: []byte{1, 2, 3}}
	}
	ask, err := guardian.Ask(guardian.Approver{Signer: d.signer, RPID: drillRPID, Origins: []string{drillOrigin}}, m, chain)
	if err != nil {
		t.Fatal(err)
	}
	digest := m.Digest(chain)
	var answer account.Approval
	if d.key != nil {
		key, err := crypto.ToECDSA(d.key)
		if err != nil {
			t.Fatal(err)
		}
		answer.ECDSA, err = crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
	} else if answer.Assertion, err = d.passkey.Sign(d.passkey.Credentials()[0].ID, digest[:], drillRPID, drillOrigin); err != nil {
		t.Fatal(err)
	}
	a, err := ask.Finish(answer)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func goDrills(t *testing.T) drillVectors {
	t.Helper()
	a, b, c, p := keyDriller(t, "a"), keyDriller(t, "b"), keyDriller(t, "c"), passkeyDriller(t)
	contract, err := seal.ParseSigner(common.HexToAddress("0x00000000000000000000000000000000000c0de5").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	safe := driller{signer: contract}
	day := 24 * time.Hour
	tier := func(threshold uint64, delay time.Duration, who ...driller) guardian.Tier {
		out := guardian.Tier{Threshold: threshold, Delay: delay}
		for i, g := range who {
			out.Guardians = append(out.Guardians, guardian.Guardian{Signer: g.signer, Weight: uint64(i + 1)})
		}
		return out
	}
	first := guardian.Setup{Expiry: 30 * day, ChangeDelay: 8 * day, Tiers: []guardian.Tier{tier(3, 7*day, a, b, p), tier(1, 30*day, safe)}}.Sorted()
	second := guardian.Setup{Expiry: 30 * day, ChangeDelay: 8 * day, Tiers: []guardian.Tier{tier(3, 7*day, a, p, c), tier(1, 30*day, safe)}}.Sorted()
	acct, chain := common.HexToAddress("0x00000000000000000000000000000000000acc00"), big.NewInt(31337)
	start := time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
	log := &drillLog{}
	for _, x := range []struct {
		setup guardian.Setup
		date  time.Time
		signs []driller
	}{
		{first, start.Add(200 * day), []driller{p}},
		{first, start, []driller{a, b, safe}},
		{second, start.Add(230 * day), nil},
		{second, start.Add(900 * day), []driller{c, a}},
	} {
		m := guardian.Drill{Account: acct, Nonce: new(big.Int).Lsh(big.NewInt(2), 64), Date: x.date, ConfigHash: x.setup.Hash()}
		col, err := guardian.Collect(chain, x.setup, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range x.signs {
			if err := col.Add(g.approve(t, m, chain)); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.add(col); err != nil {
			t.Fatal(err)
		}
	}
	data, err := second.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out := drillVectors{Generator: "go test ./cmd/postern -run TestDrillVectors -update", Module: guardian.Module.Hex(), Account: acct.Hex(), Setup: data, Log: drillLogFile{Format: drillsFormat}}
	for _, d := range log.drills {
		text, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out.Log.Drills = append(out.Log.Drills, text)
	}
	for _, now := range []time.Duration{0, 180 * day, 180*day + time.Second, 200 * day, 229 * day, 240 * day, 380 * day, 381 * day, 899 * day, 901 * day} {
		for _, current := range []bool{false, true} {
			var setup *guardian.Setup
			if current {
				setup = &second
			}
			at := start.Add(now)
			r, err := log.report(t.Context(), setup, nil, nil, at, 180*day)
			if err != nil {
				t.Fatal(err)
			}
			out.Reports = append(out.Reports, drillReportVector{at.Unix(), current, r})
		}
	}
	return out
}

func TestDrillVectors(t *testing.T) {
	want, err := json.MarshalIndent(goDrills(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *updateDrills {
		if err := os.WriteFile(drillsFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(drillsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what Go says; write it anew with -update", drillsFile)
	}
}
