package access_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/flow/access/tape"
	"github.com/postern-dev/postern/flow/flowtest"
)

// says is a node that answers every request alike.
func says(t *testing.T, status int, reply string) *access.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(reply))
	}))
	t.Cleanup(s.Close)
	c, err := access.New(s.URL+"/", access.WithPoll(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHostileReplies(t *testing.T) {
	ctx := t.Context()
	asks := map[string]func(c *access.Client) error{
		"block":   func(c *access.Client) error { _, err := c.LatestBlock(ctx); return err },
		"account": func(c *access.Client) error { _, err := c.Account(ctx, flow.Address{7: 1}); return err },
		"key":     func(c *access.Client) error { _, err := c.Key(ctx, flow.Address{7: 1}, 0); return err },
		"script":  func(c *access.Client) error { _, err := c.Script(ctx, nil, nil); return err },
		"result":  func(c *access.Client) error { _, err := c.Result(ctx, flow.Identifier{}); return err },
	}
	for name, ask := range asks {
		for _, reply := range []string{"", "null", "[]", "[[]]", "7", `"x"`, `"AAAA"`, "<html>", `{"status":"Great"}`, `[{"header":{"id":"zz"}}]`,
			`{"index":"-1"}`, `{"index":"0","weight":"70000","sequence_number":"0"}`, `{"address":"0000000000000002"}`,
			`{"address":"0000000000000001","balance":"0","keys":[{"index":"0","weight":"1","sequence_number":"0","public_key":"0x04"}]}`,
			`{"events":[{"payload":"e30="}]}`, `{"events":[{"payload":"!"}]}`, `{"status":"Sealed","block_id":"zz"}`} {
			err := ask(says(t, http.StatusOK, reply))
			if name == "result" && (reply == "null" || reply == `{"index":"-1"}` || strings.HasPrefix(reply, `{"index":"0"`) || strings.HasPrefix(reply, `{"address"`)) {
				continue // members that are not there say that nothing is known
			}
			var e *access.Error
			if !errors.As(err, &e) || e.Cause != access.ErrReply || e.Hint() == "" {
				t.Errorf("%s: %q: %v", name, reply, err)
			}
		}
		for status, cause := range map[int]error{400: access.ErrRefused, 404: access.ErrNotFound, 500: access.ErrRefused, 302: access.ErrRefused} {
			err := ask(says(t, status, `{"code":1,"message":"no"}`))
			if name == "result" && status == 404 {
				if err != nil {
					t.Errorf("a result that nobody knows yet: %v", err)
				}
				continue
			}
			if !errors.Is(err, cause) {
				t.Errorf("%s: %d: %v", name, status, err)
			}
		}
		if err := ask(says(t, 200, strings.Repeat(" ", 17<<20))); !errors.Is(err, access.ErrTooLarge) {
			t.Errorf("%s: endless: %v", name, err)
		}
	}
	long := says(t, 400, strings.Repeat("x", 1<<20))
	if _, err := long.LatestBlock(ctx); err == nil || len(err.Error()) > 3_000 {
		t.Error("the whole of a long message is passed on")
	}
}

func TestTheNodeHasToTakeTheSameTransaction(t *testing.T) {
	s := flowtest.NewSigner("user")
	a := flow.Address{7: 1}
	tx := &flow.Transaction{Script: []byte("transaction {}"), ProposalKey: flow.ProposalKey{Address: a}, Payer: a}
	if _, err := says(t, 200, "{}").Send(t.Context(), tx); !errors.Is(err, flow.ErrRole) {
		t.Errorf("not signed: %v", err)
	}
	m, err := tx.Message(a)
	if err != nil {
		t.Fatal(err)
	}
	signature, extension := usual.Make(s, m)
	if err := tx.Sign(flow.Signature{Address: a, Signature: signature, Extension: extension}); err != nil {
		t.Fatal(err)
	}
	lost := *tx
	lost.EnvelopeSignatures = []flow.Signature{tx.EnvelopeSignatures[0]}
	lost.EnvelopeSignatures[0].Extension = nil
	id := func(t flow.Identifier) string { return `{"id":"` + t.String() + `"}` }
	if _, err := says(t, 200, id(lost.ID())).Send(t.Context(), tx); !errors.Is(err, access.ErrOtherID) {
		t.Errorf("the extension was lost: %v", err)
	}
	if got, err := says(t, 200, id(tx.ID())).Send(t.Context(), tx); err != nil || got != tx.ID() {
		t.Errorf("%s, %v", got, err)
	}
	for _, e := range []struct {
		message string
		cause   error
	}{
		{"transaction with ID x has already been submitted", nil},
		{"transaction is expired: ref_height=1 final_height=2", access.ErrExpired},
		{"the transaction signature has invalid extension data", access.ErrExtension},
		{"failed to parse transaction Cadence script: transaction { has already been submitted", access.ErrInvalid},
	} {
		if _, err := says(t, 400, `{"message":"`+e.message+`"}`).Send(t.Context(), tx); !errors.Is(err, e.cause) {
			t.Errorf("%s: %v", e.message, err)
		}
	}
}

// What a node may say otherwise a minute later, and what it has said for good.
func TestRefusalsThatPass(t *testing.T) {
	for _, c := range []struct {
		status int
		words  string
		passes bool
	}{
		{500, "", true}, {502, "<html>", true}, {503, "busy", true}, {429, "too many requests", true}, {408, "", true},
		{400, "no", false}, {403, "no", false}, {404, "no", false}, {413, "no", false},
		{500, "the transaction signature has invalid extension data", false}, {500, "transaction is expired: ref_height=1", false},
		{500, "Invalid Flow request: failed to parse transaction Cadence script: Parsing failed", false},
		{500, "Invalid Flow request: transaction compute limit (0) exceeds the maximum compute limit (9999)", false},
		{500, "transaction gas limit (0) is not in the acceptable range (min: 1, max: 9999)", false},
		{500, "transaction byte size (1600000) exceeds the maximum byte size allowed for a transaction (1500000)", false},
		{500, "Invalid Flow request: transaction is missing required fields: [ReferenceBlockID]", false},
		{500, "Invalid Flow request: duplicated signature for key (address: f8d6e0586b0a20c7, index: 0)", false},
		{500, "authorizer signature on either payload or envelope is missing: missing signature is from account 01cf0e2f2f715450", false},
		{500, "Invalid Flow request: unrelated account signature from address: 01cf0e2f2f715450", false},
		{500, "the cryptographic signature within the transaction signature has an invalid format: Address: f8", false},
		{500, "Invalid Flow request: unknown reference block", true},
	} {
		_, err := says(t, c.status, c.words).LatestBlock(t.Context())
		var e *access.Error
		if !errors.As(err, &e) || e.Temporary() != c.passes {
			t.Errorf("%d %s: %v", c.status, c.words, err)
		}
	}
	if e := (&access.Error{Cause: access.ErrUnreachable}); !e.Temporary() {
		t.Error("a node that cannot be reached")
	}
}

func TestResultsAreReadWhole(t *testing.T) {
	for reply, want := range map[string]error{
		`{"status":"Sealed","status_code":0,"error_message":""}`:                                               nil,
		`{"status":"Sealed","status_code":1,"error_message":"[Error Code: 1007] sequence"}`:                    access.ErrSequence,
		`{"status":"Sealed","status_code":1,"error_message":"[Error Code: 1009] [Error Code: 1007] envelope"}`: access.ErrSignature,
		`{"status":"Sealed","status_code":1,"error_message":"[Error Code: 1055] weights"}`:                     access.ErrWeight,
		`{"status":"Sealed","status_code":1,"error_message":"[Error Code: 1006] proposal"}`:                    access.ErrSignature,
		`{"status":"Sealed","status_code":1,"error_message":"[Error Code: 1008] payload"}`:                     access.ErrSignature,
		`{"status":"Sealed","status_code":1,"error_message":"anything"}`:                                       access.ErrFailed,
		`{"status":"Sealed","status_code":1,"error_message":""}`:                                               access.ErrFailed,
		`{"status":"Sealed","execution":"Failure","status_code":0,"error_message":""}`:                         access.ErrFailed,
		`{"status":"Expired","status_code":0,"error_message":""}`:                                              access.ErrExpired,
	} {
		if _, err := says(t, 200, reply).Wait(t.Context(), flow.Identifier{}); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: %v", reply, err)
		}
	}
	id := strings.Repeat("ab", 32)
	r, err := says(t, 200, `{"block_id":"`+id+`","status":"Sealed","computation_used":"17"}`).Result(t.Context(), flow.Identifier{1})
	if err != nil || r.ID != (flow.Identifier{1}) || r.Block.String() != id || r.Computed != 17 || !r.Done() || r.Err() != nil {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := says(t, 200, `{"status":"Pending"}`).Wait(ctx, flow.Identifier{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("pending for ever: %v", err)
	}
	// A node that is out of order for a while is asked again; one that refuses is not.
	for status, asked := range map[int]int{503: 3, 429: 3, 408: 3, 400: 1} {
		count := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if count++; count < 3 {
				w.WriteHeader(status)
				return
			}
			w.Write([]byte(`{"status":"Sealed","status_code":0,"error_message":""}`))
		}))
		c, err := access.New(s.URL, access.WithPoll(time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Wait(t.Context(), flow.Identifier{})
		if s.Close(); count != asked || (err == nil) != (asked == 3) || r.Done() != (err == nil) {
			t.Errorf("%d: asked %d times, %+v, %v", status, count, r, err)
		}
	}
	nobody, err := access.New("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.LatestBlock(t.Context()); !errors.Is(err, access.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	for _, bad := range []string{"", "localhost:80", "ftp://x", "http://", "http://x?y=1"} {
		if _, err := access.New(bad); !errors.Is(err, access.ErrURL) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The node's key is the one that was asked for, and a script without arguments says that it has none.
func TestWhatIsAskedAndAnswered(t *testing.T) {
	key := `{"index":"1","weight":"1","sequence_number":"0","public_key":"0x` + strings.Repeat("04", 64) + `"}`
	if k, err := says(t, 200, key).Key(t.Context(), flow.Address{7: 1}, 1); err != nil || k.Index != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := says(t, 200, key).Key(t.Context(), flow.Address{7: 1}, 0); !errors.Is(err, access.ErrReply) {
		t.Errorf("another key: %v", err)
	}
	said := &tape.Tape{Exchanges: []tape.Exchange{{
		Request: "POST /v1/scripts?block_height=sealed", Body: `{"script":"eA==","arguments":[]}`, Status: 200, Reply: []byte(`"eyJ0eXBlIjoiVm9pZCJ9"`),
	}}}
	c, err := access.New("http://node.invalid", access.WithHTTP(&http.Client{Transport: said.Play()}))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Script(t.Context(), []byte("x"), nil); err != nil || v.Type != "Void" {
		t.Errorf("%+v, %v", v, err)
	}
}

// answers is a transport that gives every request the same reply.
type answers struct {
	status int
	reply  []byte
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a.reply)), Request: r}, nil
}

// FuzzReplies: whatever a node says, it is read or refused by a typed error.
func FuzzReplies(f *testing.F) {
	tapes, err := filepath.Glob("testdata/*.json")
	if err != nil || len(tapes) == 0 {
		f.Fatal(err)
	}
	for _, file := range tapes {
		tape, err := accesstest.Read(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range tape.Exchanges[:10] {
			f.Add(x.Status, []byte(x.Reply))
		}
	}
	f.Add(200, []byte(`{"publicKey":"x","accounts":[{"address":"0x01cf0e2f2f715450","keyId":1}]}`))
	f.Add(200, []byte(askedFor))
	f.Add(200, []byte(`{"id":"`+strings.Repeat("ab", 32)+`"}`))
	f.Add(404, []byte(`{"code":404,"message":"not found"}`))
	f.Add(500, []byte(`{"code":500,"message":"transaction is expired: ref_height=1 final_height=2"}`))
	signer := flowtest.NewSigner("user")
	tx := &flow.Transaction{Script: []byte("transaction {}"), ProposalKey: flow.ProposalKey{Address: flow.Address{7: 1}}, Payer: flow.Address{7: 1}}
	m, err := tx.Message(tx.Payer)
	if err != nil {
		f.Fatal(err)
	}
	one := flow.Signature{Address: tx.Payer}
	one.Signature, one.Extension = usual.Make(signer, m)
	if err := tx.Sign(one); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, reply []byte) {
		transport := answers{status, reply}
		c, err := access.New("http://node.invalid", access.WithHTTP(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		_, block := c.LatestBlock(ctx)
		a, account := c.Account(ctx, flow.Address{7: 1})
		if string(reply) == askedFor && status == 200 && (account != nil || len(a.Keys) != 1 || a.Keys[0].Weight != 1000) {
			t.Errorf("%+v, %v", a, account)
		}
		id, sent := c.Send(ctx, tx)
		if id != tx.ID() {
			t.Errorf("another id: %s", id)
		}
		_, key := c.Key(ctx, flow.Address{7: 1}, 0)
		_, script := c.Script(ctx, nil, nil)
		_, result := c.Result(ctx, flow.Identifier{})
		_, one := c.Block(ctx, flow.Identifier{})
		_, chain := c.Chain(ctx)
		i, err := access.NewIndexer("http://indexer.invalid", access.WithHTTP(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		_, found := i.Accounts(ctx, [64]byte{})
		for _, err := range []error{block, account, sent, key, script, result, one, chain, found} {
			var e *access.Error
			if err != nil && (!errors.As(err, &e) || e.Hint() == "") {
				t.Errorf("%d %q: %v", status, reply, err)
			}
		}
	})
}

// askedFor is the account that is asked for, so that its keys are read.
const askedFor = `{"address":"0000000000000001","balance":"100000","keys":[{"index":"0","public_key":"0x` +
	`6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5` +
	`","signing_algorithm":"ECDSA_P256","hashing_algorithm":"SHA2_256","sequence_number":"7","weight":"1000","revoked":false}]}`
