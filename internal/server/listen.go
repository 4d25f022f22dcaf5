package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// DefaultListen is where `postern up` is found.
const DefaultListen = "localhost:8080"

// Binding is one port taken on the loopback addresses, before anything is served.
type Binding struct {
	Port      uint16
	Listeners []net.Listener
	Missing   []string // loopback addresses that this machine does not offer, and why
}

// Close releases the port; a listener that was served has been closed already.
func (b *Binding) Close() error {
	var errs []error
	for _, l := range b.Listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Origin is the web origin of the port, the only one that is ever shown: passkeys need
// a name, and an IP address is none.
func (b *Binding) Origin() string { return "http://" + hostPort(b.Port) }

func hostPort(port uint16) string {
	if port == 80 {
		return "localhost"
	}
	return "localhost:" + strconv.Itoa(int(port))
}

// Listen takes a port: "localhost:8080" or ":8080" on 127.0.0.1 and ::1 both (the
// second may be missing on this machine), a loopback address alone, or port 0 for any
// free one. Other addresses are refused: pages served there could use no passkey, and
// strangers the faucet.
func Listen(ctx context.Context, address string) (*Binding, error) {
	if address == "" {
		address = DefaultListen
	}
	hosts, port, err := parseListen(address)
	if err != nil {
		return nil, failure("bad-listen", "give a loopback address and a port: --listen "+DefaultListen, "cannot listen on %q: %w", address, err)
	}
	const attempts = 20 // a free port of one family may be taken in the other
	for i := 0; ; i++ {
		b, err := bind(ctx, hosts, port)
		if err == nil {
			return b, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, failure("bad-listen", "use this machine's loopback: --listen localhost:0", "cannot listen on %s: %w", address, err)
		}
		if port != 0 || i == attempts {
			var op *net.OpError
			taken := address
			if errors.As(err, &op) && op.Addr != nil {
				taken = op.Addr.String()
			}
			return nil, failure("port-busy", "end the program that holds it, or take a free port: --listen localhost:0", "%s is already in use: %w", taken, syscall.EADDRINUSE)
		}
	}
}

func parseListen(address string) (hosts []string, port uint16, err error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, 0, errors.New("it is not host:port")
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, 0, fmt.Errorf("%q is no port number", portText)
	}
	if host == "" || host == "localhost" {
		return []string{"127.0.0.1", "::1"}, uint16(n), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return nil, 0, fmt.Errorf("%q is not localhost", host)
	}
	return []string{host}, uint16(n), nil
}

// bind takes the port on all hosts or on none. Only an address family that the machine
// lacks is passed over, and only when another host is left.
func bind(ctx context.Context, hosts []string, port uint16) (b *Binding, err error) {
	b = &Binding{Port: port}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	var absent error
	for _, host := range hosts {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(b.Port))))
		if missingFamily(err) {
			absent = err
			b.Missing = append(b.Missing, fmt.Sprintf("%s: %v", host, errors.Unwrap(err)))
			continue
		}
		if err != nil {
			return b, err
		}
		b.Listeners = append(b.Listeners, l)
		b.Port = l.Addr().(*net.TCPAddr).AddrPort().Port()
	}
	if len(b.Listeners) == 0 {
		return b, absent
	}
	return b, nil
}

func missingFamily(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPROTONOSUPPORT)
}
