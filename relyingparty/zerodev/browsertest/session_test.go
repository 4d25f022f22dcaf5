package browsertest

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
)

//go:embed session.html
var sessionHTML []byte

// sdkApplication serves a page with ZeroDev's packages in one script, as bundle.mjs writes it.
func sdkApplication(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(modules, "@zerodev", "permissions", "_cjs", "index.js")); err != nil {
		missing(t, "@zerodev/permissions is missing; run npm ci in interop/js")
	}
	var bundle, complaint bytes.Buffer
	node := exec.CommandContext(t.Context(), "node", "bundle.mjs", modules, "viem", "viem/account-abstraction", "@zerodev/sdk", "@zerodev/webauthn-key", "@zerodev/permissions", "@zerodev/permissions/signers")
	node.Stdout, node.Stderr = &bundle, &complaint
	switch err := node.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		missing(t, "Node is not installed")
	case err != nil:
		t.Fatalf("bundle.mjs: %v\n%s", err, &complaint)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(sessionHTML)
	})
	mux.HandleFunc("/bundle.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(bundle.Bytes())
	})
	return listen(t, func(string) http.Handler { return mux })
}

// A passkey that the unmodified client registered in one profile acts for an account from
// another: Postern's grant, opened by the unmodified packages, signed in Chromium, taken by
// Kernel on the chain, and refused there when it asks for more.
func TestTheUnmodifiedPackagesActWithASessionKey(t *testing.T) {
	app := sdkApplication(t)
	server := passkeyServer(t, app)
	browser := chromium(t)

	// 1. A chain with Kernel, whose endpoint the application may ask.
	stand, err := kernelstand.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	net, err := stand.Start(t.Context(), devnet.Config{Origins: []string{app}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	rpc := listen(t, func(string) http.Handler { return net.RPCHandler() })

	// 2. The application's user makes a passkey.
	first, second := newProfile(t, browser, app), newProfile(t, browser, app)
	made := first.client("Register", server, nil)
	id, err := hex.DecodeString(strings.TrimPrefix(made.AuthenticatorIDHash, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	signer := kernel.WebAuthnSigner(made.publicKey(t), common.BytesToHash(id))

	// 3. The owner of an account grants it something: ether for one address, three times.
	owner, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	version := stand.Versions[len(stand.Versions)-1]
	acct, err := kernel.New(kernel.Config{Version: version, Root: kernel.ECDSA{Owner: crypto.PubkeyToAddress(owner.PublicKey)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Faucet(t.Context(), acct.Address(), big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	to := common.HexToAddress("0x00000000000000000000000000000000DeaDBeef")
	g := grant.Grant{Policies: []grant.Policy{
		&grant.Call{Permissions: []grant.Permission{{Target: to, ValueLimit: big.NewInt(5)}}},
		&grant.RateLimit{Count: 2},
		&grant.Timestamp{ValidUntil: uint64(time.Now().Add(time.Hour).Unix())},
		&grant.SignatureCaller{},
	}}
	target := session.Target{Chain: accounttest.NodeChain{Node: net.Client().Client()}, ChainID: net.ChainID(), Account: acct}
	pending, err := session.NewPending(t.Context(), []session.Target{target}, kernel.OwnerApprover{}, signer, g, session.ForSDK())
	if err != nil {
		t.Fatal(err)
	}
	challenge := pending.Challenge()
	sig, err := crypto.Sign(challenge.Digest[:], owner)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := pending.Finish(account.Approval{ECDSA: sig})
	if err != nil {
		t.Fatal(err)
	}
	text, err := documents[0].Serialize()
	if err != nil {
		t.Fatal(err)
	}

	// 4. In the second profile, to which the passkey was synced, the application acts: the first
	// operation creates the account and installs the key, the second uses it, the third is one too many.
	first.syncTo(second)
	for i, want := range []bool{true, true, false} {
		got := second.operate(server, rpc, string(text), string(version), []request{{To: to.Hex(), Value: fmt.Sprint(i + 1), Data: "0x"}})
		switch {
		case got.Account != "" && !strings.EqualFold(got.Account, acct.Address().Hex()):
			t.Fatalf("the packages act for %s, the grant is of %s", got.Account, acct.Address())
		case got.Success != want:
			t.Fatalf("operation %d: %+v", i+1, got)
		}
	}
	balance, err := net.Client().BalanceAt(t.Context(), to, nil)
	if err != nil || balance.Cmp(big.NewInt(3)) != 0 {
		t.Errorf("%s has %v wei, %v", to, balance, err)
	}
}

type request struct {
	To    string `json:"to"`
	Value string `json:"value"`
	Data  string `json:"data"`
}

type outcome struct {
	Account string
	Success bool
	Threw   string
}

// operate has the application's code make one operation.
func (p *profile) operate(server, rpc, document, version string, calls []request) (o outcome) {
	p.t.Helper()
	parameters, err := json.Marshal(map[string]any{"passkeyName": "Alice’s phone", "passkeyServerUrl": server})
	if err != nil {
		p.t.Fatal(err)
	}
	list, err := json.Marshal(calls)
	if err != nil {
		p.t.Fatal(err)
	}
	p.eval(fmt.Sprintf("operate(%s, %q, %q, %q, %s)", parameters, rpc, document, version, list), &o)
	return o
}
