package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"postern": main})
}

// tests are this program's run as tests, not as postern in a script.
type tests struct{ *testing.M }

func (m tests) Run() int {
	os.Unsetenv(storeVariable) // a developer's own; tests set theirs
	return m.M.Run()
}

// Scripts are typed as a user would. Commands of their own:
//
//	chain             take the EntryPoint bytecode from this machine's cache; [chain] tells if it is there
//	ready URL         wait until the server answers
//	answer FILE       a JSON-RPC server that gives the answers of FILE by method; sets $URL
//	passkey new       a passkey elsewhere; sets $PUBLIC_KEY, $CREDENTIAL_ID, $SALT and $ADDRESS, its account on 0.7
//	passkey get IN OUT [quirk]  what a browser makes of the request in a prepared file
//	readme SECTION FILE [PAGE]  write the shell commands of a section of README, or of a page in docs/, for the chain at $PORT
//	member FILE NAME VAR  set $VAR to a text in a JSON object
//	owner KEY [FILE]  an owner whose wallet is elsewhere: sets $OWNER, and $SIGNATURE of the typed data, or text, in FILE
//	flow              what wallets and apps have of Flow, and an access node: see flowFiles
//	flownode          a chain of Flow with an account that pays: see flowChain
//	kernel [alone]    two chains with ZeroDev's Kernel: sets $POSTERN_RPC, $OTHER_RPC and the version $KERNEL; [kernel] tells if they are there; alone: the first is this script's own, where it may skip days
func TestScripts(t *testing.T) {
	cache := sync.OnceValues(fillCache)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			port, err := freePort()
			if err != nil {
				return err
			}
			e.Setenv("PORT", strconv.Itoa(port))
			e.Setenv("TERM", "dumb")
			shared, err := filepath.Abs("../../internal/inspect/testdata")
			e.Setenv("DATA", shared)
			e.Setenv("ROOT", filepath.Join(shared, "../../.."))
			e.Values[deviceKey{}] = softkey.New(softkey.WithSeed([]byte("elsewhere")))
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"chain": func(ts *testscript.TestScript, _ bool, _ []string) {
				dir, err := cache()
				ts.Check(err)
				ts.Setenv("POSTERN_CACHE", dir)
			},
			"ready":    ready1,
			"answer":   answer,
			"passkey":  passkeyElsewhere,
			"owner":    ownerElsewhere,
			"kernel":   kernelChain,
			"flow":     flowFiles,
			"flownode": flowChain,
			"readme":   readmeCommands,
			"member":   jsonMember,
		},
		Condition: func(name string) (bool, error) {
			var err error
			switch name {
			case "chain":
				_, err = cache()
			case "kernel":
				_, err = kernelChains()
			default:
				return false, fmt.Errorf("unknown condition %q", name)
			}
			if err != nil {
				t.Logf("SKIPPED: contracts are not to be had here: %v", err)
			}
			return err == nil, nil
		},
	})
}

// fillCache returns the cache directory once the packages are in it.
func fillCache() (string, error) {
	if _, err := artifacts.Open(context.Background(), artifacts.Options{}); err != nil {
		return "", err
	}
	if dir := os.Getenv("POSTERN_CACHE"); dir != "" {
		return dir, nil
	}
	base, err := os.UserCacheDir()
	return filepath.Join(base, "postern", "npm"), err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func ready1(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(20 * time.Second); ; {
		reply, err := http.Get(args[0])
		if err == nil {
			err = reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			ts.Fatalf("%s does not answer: %v", args[0], err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// answer serves {"eth_chainId":{"result":"0x1"},…}; "" answers every other method, and a
// text in place of an object is sent as it is.
func answer(ts *testscript.TestScript, _ bool, args []string) {
	var replies map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &replies))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.NewDecoder(r.Body).Decode(&request) != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		reply, ok := replies[request.Method]
		if !ok {
			reply = replies[""]
		}
		var text string
		if json.Unmarshal(reply, &text) == nil {
			_, _ = fmt.Fprint(w, text)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		body := strings.TrimPrefix(strings.TrimSpace(string(reply)), "{")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s`, request.ID, body)
	}))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
}

type deviceKey struct{}

const (
	elsewhere       = "example.org"
	elsewhereOrigin = "https://example.org"
)

// passkeyElsewhere plays the browser of a person whose passkey is on another device.
func passkeyElsewhere(ts *testscript.TestScript, _ bool, args []string) {
	device := ts.Value(deviceKey{}).(*softkey.Authenticator)
	switch args[0] {
	case "new":
		salt := make([]byte, 32)
		options, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: elsewhere, Name: "Example"},
			passkey.User{ID: append([]byte{1}, salt...), Name: "a", DisplayName: "A"}, make([]byte, 32)))
		ts.Check(err)
		_, err = device.Create(options, elsewhereOrigin)
		ts.Check(err)
		ts.Setenv("PUBLIC_KEY", device.Credentials()[0].Key.String())
		ts.Setenv("CREDENTIAL_ID", base64.RawURLEncoding.EncodeToString(device.Credentials()[0].ID))
		ts.Setenv("SALT", fmt.Sprintf("0x%x", salt))
		d, err := contracts.ForEntryPoint(userop.V07)
		ts.Check(err)
		acct, err := webauthn.ForPasskey(d, device.Credentials()[0].Key, [32]byte{})
		ts.Check(err)
		ts.Setenv("ADDRESS", acct.Address().Hex())
	case "get":
		var file struct {
			Request  json.RawMessage
			Requests map[string]json.RawMessage
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &file))
		if file.Request == nil {
			file.Request = file.Requests[elsewhere]
		}
		device.SetQuirks(softkey.Quirks{})
		if len(args) > 3 {
			device.SetQuirks(map[string]softkey.Quirks{
				"no-uv": {NoUV: true}, "phished": {Origin: "https://example.com"}, "long-der": {LongFormDER: true},
			}[args[3]])
		}
		reply, err := device.Get(file.Request, elsewhereOrigin)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), reply, 0o600))
	default:
		ts.Check(errors.New("passkey new|get"))
	}
}

// ownerElsewhere plays the wallet of the owner. It computes the digest of the typed data
// on its own.
func ownerElsewhere(ts *testscript.TestScript, _ bool, args []string) {
	key, err := parseOwnerKey([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Setenv("OWNER", key.String())
	if len(args) == 1 {
		return
	}
	var file struct {
		TypedData *apitypes.TypedData
		Personal  hexutil.Bytes
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &file))
	digest := crypto.Keccak256(fmt.Appendf(nil, "\x19Ethereum Signed Message:\n%d", len(file.Personal)), file.Personal)
	if file.TypedData != nil {
		digest, _, err = apitypes.TypedDataAndHash(*file.TypedData)
		ts.Check(err)
	}
	sig, err := crypto.Sign(digest, key.key)
	ts.Check(err)
	sig[64] += 27
	ts.Setenv("SIGNATURE", hexutil.Encode(sig))
}

// readmeCommands joins the shell blocks of a section. All that is changed is the port.
func readmeCommands(ts *testscript.TestScript, _ bool, args []string) {
	page := "README.md"
	if len(args) > 2 {
		page = filepath.Join("docs", args[2])
	}
	text, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), page))
	ts.Check(err)
	_, section, found := strings.Cut(string(text), "\n## "+args[0]+"\n")
	if !found {
		ts.Fatalf("%s has no section %q", page, args[0])
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var script strings.Builder
	for rest := section; ; {
		_, block, found := strings.Cut(rest, "```sh\n")
		if !found {
			break
		}
		block, rest, _ = strings.Cut(block, "```")
		script.WriteString(block)
	}
	commands := strings.ReplaceAll(script.String(), "localhost:8080", "localhost:"+ts.Getenv("PORT"))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(commands), 0o600))
}

func jsonMember(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
	text, ok := object[args[1]].(string)
	if !ok {
		ts.Fatalf("%s has no text %q", args[0], args[1])
	}
	ts.Setenv(args[2], text)
}
