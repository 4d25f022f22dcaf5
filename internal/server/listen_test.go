package server

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

func take(t *testing.T, address string) *Binding {
	t.Helper()
	b, err := Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestItListensOnBothLoopbackAddressesAtOnePort(t *testing.T) {
	b := take(t, "localhost:0")
	if b.Port == 0 || len(b.Listeners)+len(b.Missing) != 2 {
		t.Fatalf("%+v", b)
	}
	for _, l := range b.Listeners {
		addr := l.Addr().(*net.TCPAddr)
		if !addr.IP.IsLoopback() || addr.Port != int(b.Port) {
			t.Errorf("listens on %s", addr)
		}
		c, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Error(err)
			continue
		}
		c.Close()
	}
	if !strings.HasPrefix(b.Origin(), "http://localhost:") {
		t.Errorf("origin %s", b.Origin())
	}
}

func TestOneAddressAloneIsTakenWhenAsked(t *testing.T) {
	if b := take(t, "127.0.0.1:0"); len(b.Listeners) != 1 || !strings.HasPrefix(b.Origin(), "http://localhost:") {
		t.Fatalf("%+v", b)
	}
}

func TestAnAddressFamilyThatIsMissingIsPassedOverAndNamed(t *testing.T) {
	b, err := bind(t.Context(), []string{"127.0.0.1", "192.0.2.1"}, 0) // the second is no address of this machine
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if len(b.Listeners) != 1 || len(b.Missing) != 1 || !strings.HasPrefix(b.Missing[0], "192.0.2.1: ") {
		t.Fatalf("%+v", b)
	}
	if _, err := bind(t.Context(), []string{"192.0.2.1"}, 0); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Fatalf("got %v", err)
	}
}

func TestABusyPortIsNamedWithAWayOut(t *testing.T) {
	for _, holder := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", holder)
		if err != nil {
			t.Logf("%s: %v", holder, err) // no IPv6 on this machine
			continue
		}
		defer l.Close()
		address := l.Addr().String()
		_, port, _ := net.SplitHostPort(address)
		_, err = Listen(t.Context(), "localhost:"+port)
		var e *Error
		if !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		if e.Code() != "port-busy" || !strings.Contains(e.Error(), address) || !strings.Contains(e.Hint(), "--listen") {
			t.Fatalf("code %s, message %s, hint %s", e.Code(), e, e.Hint())
		}
		// Nothing was left open: the other family's port is free again.
		for _, other := range []string{"127.0.0.1:" + port, "[::1]:" + port} {
			if other == address {
				continue
			}
			l, err := net.Listen("tcp", other)
			if errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("%s is still held", other)
			}
			if err == nil {
				l.Close()
			}
		}
	}
}

func TestOnlyLoopbackAddressesAreTaken(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:80", "localhost", "localhost:http", "localhost:70000", "localhost:-1", "8080"} {
		_, err := Listen(t.Context(), address)
		var e *Error
		if !errors.As(err, &e) || e.Code() != "bad-listen" || e.Hint() == "" {
			t.Errorf("%s: got %v", address, err)
		}
	}
}
