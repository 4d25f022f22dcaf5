package tableserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/p256table"
)

func line(k p256table.Key) string {
	x, y := k.X(), k.Y()
	return fmt.Sprintf(`{"x":"0x%x","y":"%x"}`+"\n", x, y)
}

func raw(k p256table.Key) []byte {
	x, y := k.X(), k.Y()
	return append(x[:], y[:]...)
}

func post(t testing.TB, url, kind, accept string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest("POST", url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return do(t, r)
}

// event is a line of the reply, or a frame.
type event struct {
	Reply
	Index    int
	Error    *refusal
	Progress *struct{ Tables, Refused int }
	End      *struct{ Tables, Refused int }
}

func lines(t testing.TB, body []byte) (out []event) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	for {
		var e event
		if err := dec.Decode(&e); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%v in %.200s", err, body)
		}
		out = append(out, e)
	}
}

func frames(t testing.TB, f p256table.Format, body []byte) (out []event) {
	t.Helper()
	for n := 0; len(body) > 0; n++ {
		e, kind := event{Index: n}, body[0]
		body = body[1:]
		switch kind {
		case FrameTable:
			e.Code, body = "0x"+hex.EncodeToString(body[:f.Size()]), body[f.Size():]
		case FrameRefused, FrameBroken:
			size := binary.BigEndian.Uint16(body)
			if err := json.Unmarshal(body[2:2+size], &e.Error); err != nil {
				t.Fatal(err)
			}
			body = body[2+size:]
		case FrameEnd:
			e.End = &struct{ Tables, Refused int }{int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))}
			body = body[8:]
		default:
			t.Fatalf("a frame of kind %d", kind)
		}
		out = append(out, e)
	}
	return out
}

func TestManyTablesInEveryForm(t *testing.T) {
	server, _ := serve(t, Config{})
	const count = 30
	var text strings.Builder
	var bin bytes.Buffer
	for n := range count {
		if n == 7 { // off the curve
			text.WriteString("\n \r\n" + strings.Replace(line(key(t, n)), "0x", "0x0000", 1)[:0] + fmt.Sprintf(`{"x":"%064x","y":"%064x","name":"ignored"}`, 1, 1) + "\r\n")
			bin.Write(append(bytes.Repeat([]byte{0}, 63), 1))
			continue
		}
		text.WriteString(line(key(t, n)))
		bin.Write(raw(key(t, n)))
	}
	for _, f := range []p256table.Format{p256table.Format1k, p256table.FCL} {
		for _, kind := range []string{linesType, binaryType} {
			for _, accept := range []string{"", linesType, binaryType} {
				body := io.Reader(strings.NewReader(strings.TrimSuffix(text.String(), "\n"))) // the last line feed may be missing
				if kind == binaryType {
					body = bytes.NewReader(bin.Bytes())
				}
				reply, got := post(t, server.URL+"/v1/tables?format="+f.String(), kind, accept, body)
				want := accept
				if want == "" {
					want = kind
				}
				if reply.StatusCode != 200 || reply.Header.Get("Content-Type") != want || reply.Header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s to %s: %s %v", kind, accept, reply.Status, reply.Header)
				}
				events := []event(nil)
				if want == linesType {
					events = lines(t, got)
				} else {
					events = frames(t, f, got)
				}
				if len(events) != count+1 || events[count].End == nil || events[count].End.Tables != count-1 || events[count].End.Refused != 1 {
					t.Fatalf("%s to %s: %d events, the last %+v", kind, accept, len(events), events[len(events)-1])
				}
				for n, e := range events[:count] {
					if n == 7 {
						if e.Error == nil || e.Error.Code != "off_curve" || e.Code != "" {
							t.Errorf("the bad key: %+v", e)
						}
						continue
					}
					code, err := hex.DecodeString(strings.TrimPrefix(e.Code, "0x"))
					if err != nil || e.Index != n || p256table.Verify(f, key(t, n), code) != nil {
						t.Errorf("%s to %s: table %d is %d or another key's", kind, accept, n, e.Index)
					}
				}
			}
		}
	}
}

func TestALongStreamSaysHowFarItIs(t *testing.T) {
	server, _ := serve(t, Config{})
	k := line(key(t, 1))
	_, body := post(t, server.URL+"/v1/tables?format=512", linesType, "", strings.NewReader(strings.Repeat(k, 2500)))
	var progress []int
	for _, e := range lines(t, body) {
		if e.Progress != nil {
			progress = append(progress, e.Progress.Tables+e.Progress.Refused)
		}
	}
	if fmt.Sprint(progress) != "[1000 2000]" {
		t.Errorf("progress is %v", progress)
	}
}

func TestBadBodiesAreRefusedWithTheReason(t *testing.T) {
	server, _ := serve(t, Config{MaxKeys: 5})
	good, bad := line(key(t, 1)), `{"x":"`+strings.Repeat("0", 64)+`","y":"`+strings.Repeat("0", 64)+`"}`+"\n"
	unsized := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) } // no Content-Length
	for name, c := range map[string]struct {
		kind   string
		body   io.Reader
		status int
		last   string // code in the last line, or the whole reply's
	}{
		"not JSON":                 {linesType, unsized("hello\n"), 400, "bad_body"},
		"an array":                 {linesType, unsized("[1]\n"), 400, "bad_body"},
		"no y":                     {linesType, unsized(`{"x":"00"}`), 400, "bad_body"},
		"numbers":                  {linesType, unsized(`{"x":1,"y":2}`), 400, "bad_body"},
		"a long line":              {linesType, unsized(strings.Repeat(" ", 600) + good), 400, "bad_body"},
		"an endless line":          {linesType, unsized(strings.Repeat("x", 1<<20)), 400, "bad_body"},
		"rubbish later":            {linesType, unsized(good + "hello\n" + good), 200, "bad_body"},
		"bad keys alone":           {linesType, unsized(bad + bad), 400, ""},
		"a bad key first":          {linesType, unsized(bad + good), 200, ""},
		"nothing":                  {linesType, unsized(""), 200, ""},
		"too many":                 {linesType, unsized(strings.Repeat(good, 6)), 200, "too_many_keys"},
		"as many as there may be":  {linesType, unsized(strings.Repeat(good, 5)), 200, ""},
		"far too many":             {linesType, strings.NewReader(strings.Repeat(good, 30)), 413, "too_many_keys"},
		"too many bytes":           {binaryType, bytes.NewReader(bytes.Repeat(raw(key(t, 1)), 6)), 413, "too_many_keys"},
		"part of a key, announced": {binaryType, bytes.NewReader(raw(key(t, 1))[:63]), 400, "bad_body"},
		"a key and a part":         {binaryType, bytes.NewReader(append(raw(key(t, 1)), 1)), 400, "bad_body"},
		"part of a key":            {binaryType, unsized(string(raw(key(t, 1))[:63])), 400, "bad_body"},
		"another type":             {"application/json", unsized(good), 415, "unsupported_media_type"},
		"no type":                  {"", unsized(good), 415, "unsupported_media_type"},
	} {
		reply, body := post(t, server.URL+"/v1/tables?format=512", c.kind, linesType, c.body)
		events := lines(t, body)
		if len(events) == 0 {
			t.Errorf("%s: %s and no word", name, reply.Status)
			continue
		}
		last := events[len(events)-1]
		if reply.StatusCode != c.status || (last.Error == nil) != (c.last == "") || last.Error != nil && last.Error.Code != c.last || (last.End == nil) == (c.last == "") {
			t.Errorf("%s: %s, %.300s", name, reply.Status, body)
		}
	}
	if reply, body := post(t, server.URL+"/v1/tables?format=3k", linesType, "", strings.NewReader(good)); reply.StatusCode != 400 || code(t, body) != "bad_format" {
		t.Errorf("an unknown format: %s", reply.Status)
	}
	if reply, body := post(t, server.URL+"/v1/tables", linesType, "text/csv", strings.NewReader(good)); reply.StatusCode != 406 || code(t, body) != "not_acceptable" {
		t.Errorf("an unknown reply: %s", reply.Status)
	}
}

// A client that sends all keys before it reads anything gets its tables: the reply is larger than
// all buffers between the two.
func TestAClientMaySendEverythingBeforeItReads(t *testing.T) {
	server, _ := serve(t, Config{})
	const count = 4000
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	k := line(key(t, 1))
	fmt.Fprintf(conn, "POST /v1/tables?format=4k HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", linesType, count*len(k))
	if _, err := io.WriteString(conn, strings.Repeat(k, count)); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil || !bytes.HasSuffix(body, fmt.Appendf(nil, `{"end":{"tables":%d,"refused":0}}`+"\n", count)) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestAClientThatStallsIsGivenUp(t *testing.T) {
	server, log := serve(t, Config{Stall: 50 * time.Millisecond, MaxStreams: 1})
	for name, send := range map[string]func(net.Conn){
		"sends nothing more": func(conn net.Conn) {
			fmt.Fprintf(conn, "POST /v1/tables?format=512 HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 6400\r\n\r\n%s", linesType, line(key(t, 1)))
		},
		"takes nothing": func(conn net.Conn) {
			all := strings.Repeat(line(key(t, 1)), 5000)
			fmt.Fprintf(conn, "POST /v1/tables?format=16k HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", linesType, len(all), all)
		},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		before := strings.Count(log.String(), "\n")
		send(conn)
		for begun := time.Now(); strings.Count(log.String(), "\n") == before; time.Sleep(time.Millisecond) {
			if time.Since(begun) > 30*time.Second {
				t.Fatalf("a client that %s holds its place", name)
			}
		}
		conn.Close()
	}
}

// A long computation outlives the time that the client had for its body. FCL's table of the generator
// itself takes the slow road.
func TestAClientThatOnlyWaitsIsNotStalling(t *testing.T) {
	server, _ := serve(t, Config{Stall: 500 * time.Millisecond, Workers: 1})
	g, err := p256table.ParseKey("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	reply, body := post(t, server.URL+"/v1/tables?format=fcl", binaryType, "", bytes.NewReader(bytes.Repeat(raw(g), 2000)))
	if end := []byte{FrameEnd, 0, 0, 2000 >> 8, 2000 & 0xff, 0, 0, 0, 0}; reply.StatusCode != 200 || !bytes.HasSuffix(body, end) {
		t.Errorf("%s, %d bytes", reply.Status, len(body))
	}
	if spent := time.Since(begun); spent < 700*time.Millisecond {
		t.Errorf("it took %v only: the test tests nothing", spent)
	}
}

// The server's own end does not wait for a client in the middle of its body.
func TestTheEndOfTheServerEndsAStream(t *testing.T) {
	log := &logBuffer{}
	s, err := New(Config{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	server := httptest.NewUnstartedServer(s)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/tables?format=512 HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 64000\r\n\r\n%s", binaryType, bytes.Repeat(raw(key(t, 1)), 16))
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the stream has begun
		t.Log(err)
	}
	end()
	for begun := time.Now(); !strings.Contains(log.String(), "built="); time.Sleep(time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("it goes on")
		}
	}
}

func TestACancelledRequestStopsTheWork(t *testing.T) {
	server, log := serve(t, Config{Workers: 1, MaxStreams: 1})
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	all := strings.Repeat(line(key(t, 1)), 10_000)
	r, _ := http.NewRequestWithContext(ctx, "POST", server.URL+"/v1/tables?format=16k", strings.NewReader(all))
	r.Header.Set("Content-Type", linesType)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, reply.Body, 100_000); err != nil {
		t.Fatal(err)
	}
	cancel()
	reply.Body.Close()
	begun := time.Now()
	for !strings.Contains(log.String(), "built=") {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("it goes on")
		}
		time.Sleep(time.Millisecond)
	}
	var built int
	_, after, _ := strings.Cut(log.String(), "built=")
	fmt.Sscan(after, &built)
	if built == 0 || built > 9000 || strings.Contains(log.String(), `error=""`) {
		t.Errorf("%d tables built for a client that left: %s", built, log)
	}
	// The place is free again and nothing is left behind.
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		reply, body := post(t, server.URL+"/v1/tables", binaryType, "", bytes.NewReader(raw(key(t, 1))))
		if reply.StatusCode == 200 && len(body) > 4000 {
			break
		}
		if reply.StatusCode != 503 || time.Since(begun) > 30*time.Second {
			t.Fatalf("the next request: %s", reply.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for begun := time.Now(); runtime.NumGoroutine() > before+2; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// However much a stream carries, only a little of it is in memory.
func TestMemoryIsBounded(t *testing.T) {
	server, _ := serve(t, Config{})
	const count = 5000 // 82 MB
	body := bytes.NewReader(bytes.Repeat(raw(key(t, 1)), count))
	r, _ := http.NewRequest("POST", server.URL+"/v1/tables?format=16k", body)
	r.Header.Set("Content-Type", binaryType)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	n, most := int64(0), uint64(0)
	for err == nil {
		var got int64
		got, err = io.CopyN(io.Discard, reply.Body, 1<<20)
		n += got
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapInuse)
	}
	if n < count*16450 || err != io.EOF {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if limit := before.HeapInuse + 24<<20; most > limit {
		t.Errorf("%d MB in use, %d before", most>>20, before.HeapInuse>>20)
	}
}

func TestMoreRequestsThanThereArePlacesForAreToldToComeBack(t *testing.T) {
	s, err := New(Config{MaxStreams: 1, MaxRequests: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r.Header.Set("Content-Type", binaryType)
		s.ServeHTTP(w, r)
		return w
	}
	get := func() *http.Request { return httptest.NewRequest("GET", "/v1/tables/"+path(key(t, 1)), nil) }
	post := func() *http.Request {
		return httptest.NewRequest("POST", "/v1/tables", bytes.NewReader(raw(key(t, 1))))
	}
	s.gets <- struct{}{}
	s.streams <- struct{}{}
	for _, r := range []*http.Request{get(), post()} {
		if w := ask(r); w.Code != 503 || code(t, w.Body.Bytes()) != "busy" || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s while all are taken: %d", r.Method, w.Code)
		}
	}
	<-s.gets
	<-s.streams
	for range 2 { // places come back
		for _, r := range []*http.Request{get(), post()} {
			if w := ask(r); w.Code != 200 {
				t.Errorf("%s: %d", r.Method, w.Code)
			}
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte(line(key(f, 1))))
	f.Add([]byte("{}\n{"))
	f.Add([]byte("\n\r\n   \n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(body), 32<<10)
		for n := 0; ; n++ {
			e, err := nextLine(r)
			if err != nil {
				return
			}
			if n > len(body) || (e.err == nil) == (e.key == p256table.Key{}) {
				t.Fatalf("%+v after %d", e, n)
			}
			if e.err == nil {
				again, err := parseLine([]byte(line(e.key)))
				if err != nil || again.key != e.key {
					t.Fatal("a key is not read back")
				}
			}
		}
	})
}
