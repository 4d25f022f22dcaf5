//go:build unix

package postgrestest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// port names the socket, and is listened at by nobody.
const port = "5432"

// Server is a PostgreSQL of its own, on a Unix socket, with a password.
type Server struct {
	URL string // of its database postgres, for its superuser

	t       testing.TB
	bin     string
	dir     string
	durable bool
	process *exec.Cmd
	log     *bytes.Buffer
}

// Start begins a server that ends with the test. With fsync off it is fast, and for tests
// that do not kill it; durable is as people run it.
func Start(t testing.TB, durable bool) *Server {
	t.Helper()
	s := begin(t, durable)
	t.Cleanup(s.remove)
	return s
}

func begin(t testing.TB, durable bool) *Server {
	t.Helper()
	bin := programs()
	if bin == "" {
		t.Skipf("SKIPPED: there is no PostgreSQL: install it (Debian: apt-get install postgresql), or name one by %s", Variable)
	}
	// Not t.TempDir, whose parent only root may enter. The path is short: a socket's must be.
	dir, err := os.MkdirTemp("", "postern-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, bin: bin, dir: dir, durable: durable}
	password := rand.Text()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if who := unprivileged(); who != nil {
		for _, path := range []string{dir, file} {
			if err := os.Chown(path, int(who.Uid), int(who.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := s.command("initdb", "--pgdata", s.data(), "--username", "owner", "--pwfile", file, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--no-locale", "--no-sync").CombinedOutput()
	if err != nil {
		os.RemoveAll(dir)
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("owner", password), Path: "/postgres", RawQuery: url.Values{"host": {dir}, "port": {port}}.Encode()} // not PGPORT's
	s.URL = u.String()
	s.Run()
	return s
}

// programs is the directory of the newest PostgreSQL here.
func programs() string {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // as Debian has it
	if len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return filepath.Dir(found[len(found)-1])
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if who := unprivileged(); who != nil {
		cmd.SysProcAttr.Credential = who
	}
	endWithUs(cmd.SysProcAttr)
	return cmd
}

// Run starts a server that was stopped or killed, and waits until it answers.
func (s *Server) Run() {
	s.t.Helper()
	fsync := "off"
	if s.durable {
		fsync = "on"
	}
	// What a killed one has left may hold the directory for a moment.
	var last string
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(100 * time.Millisecond) {
		s.log = &bytes.Buffer{}
		s.process = s.command("postgres", "-D", s.data(), "-k", s.dir, "-p", port, "-c", "listen_addresses=", "-c", "fsync="+fsync,
			"-c", "max_connections=100", "-c", "shared_buffers=32MB")
		s.process.Stdout, s.process.Stderr = s.log, s.log
		if err := s.process.Start(); err != nil {
			s.t.Fatal(err)
		}
		if s.answers() {
			return
		}
		_ = s.process.Process.Kill() // it has not come up
		_ = s.process.Wait()
		last = s.log.String()
	}
	s.t.Fatalf("PostgreSQL does not start:\n%s", last)
}

func (s *Server) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if conn, err := pgx.Connect(ctx, s.URL); err == nil {
			conn.Close(ctx)
			return true
		}
		if syscall.Kill(s.process.Process.Pid, 0) != nil || exited(s.process.Process.Pid) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// exited: it is there only because nobody has waited for it.
func exited(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false // no such file system: the time decides
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(after, "Z")
}

// Kill ends the server as a power cut of its machine's would end its processes: at once.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.process.Wait() // killed
}

// Stop ends the server in order; connections are cut.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGINT); err != nil {
		s.t.Fatal(err)
	}
	_ = s.process.Wait()
}

// remove ends it and forgets everything. It says nothing: the test has.
func (s *Server) remove() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Signal(syscall.SIGINT)
		_ = s.process.Wait()
	}
	os.RemoveAll(s.dir)
}

// Demote has a server that was stopped follow another from its next start on, though there is none.
func (s *Server) Demote() {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// Follow begins a second server that copies this one as it writes, and ends with the test.
func (s *Server) Follow(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "postern-pg-")
	if err != nil {
		t.Fatal(err)
	}
	if who := unprivileged(); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	out := &Server{t: t, bin: s.bin, dir: dir, durable: s.durable, URL: strings.ReplaceAll(s.URL, url.QueryEscape(s.dir), url.QueryEscape(dir))}
	t.Cleanup(func() {
		if out.process == nil {
			os.RemoveAll(dir)
			return
		}
		out.remove()
	})
	said, err := out.command("pg_basebackup", "--pgdata", out.data(), "--dbname", s.URL, "--write-recovery-conf", "--checkpoint", "fast").CombinedOutput()
	if err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, said)
	}
	out.Run()
	return out
}

// Database names another database of the server.
func (s *Server) Database(url string) string {
	path := url[strings.LastIndex(url, "/postern_test_"):]
	name, _, _ := strings.Cut(path, "?")
	return strings.Replace(s.URL, "/postgres?", name+"?", 1)
}

// Dump is what pg_dump makes of a database, and Restore brings into another.
func (s *Server) Dump(url string) []byte {
	s.t.Helper()
	out, err := s.command("pg_dump", "--no-owner", url).Output()
	if err != nil {
		s.t.Fatalf("pg_dump: %v", err)
	}
	return out
}

// Restore runs a dump.
func (s *Server) Restore(url string, dump []byte) {
	s.t.Helper()
	cmd := s.command("psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", url)
	cmd.Stdin = bytes.NewReader(dump)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("psql: %v\n%s", err, out)
	}
}
