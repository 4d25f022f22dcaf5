//go:build linux

package rescue

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/postern-dev/postern/passkey"
)

// virtualKey is a FIDO2 security key for libfido2's own programs: CTAP 2.0 (§6, §8) with a
// client PIN, spoken over a pseudo terminal in the place of a hidraw device, which takes neither
// a kernel module nor root.
type virtualKey struct {
	Path string
	t    *testing.T
	pty  *os.File

	mu          sync.Mutex
	pin         string // "": it has none, and cannot verify its user
	credentials []virtualCredential
	touches     int
	broken      func(command byte, reply []byte) []byte // a way to misbehave

	agreement *ecdh.PrivateKey
	token     []byte
	more      []virtualCredential // of getNextAssertion
	request   map[any]any
	verified  bool
}

type virtualCredential struct {
	id, handle   []byte
	rpID         string
	discoverable bool
	key          *ecdsa.PrivateKey
}

func (c virtualCredential) public() passkey.PublicKey {
	k, err := passkey.NewPublicKey(&c.key.PublicKey)
	if err != nil {
		panic(err)
	}
	return k
}

func newVirtualKey(t *testing.T, pin string) *virtualKey {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	ioctl := func(fd uintptr, request uintptr, arg unsafe.Pointer) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %x: %v", request, errno)
		}
	}
	var number, unlock int32
	ioctl(master.Fd(), syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(master.Fd(), syscall.TIOCGPTN, unsafe.Pointer(&number))
	v := &virtualKey{Path: fmt.Sprintf("/dev/pts/%d", number), t: t, pty: master, pin: pin, token: make([]byte, 16)}
	rand.Read(v.token)
	slave, err := os.OpenFile(v.Path, os.O_RDWR|syscall.O_NOCTTY, 0) // stays open: no hang-up between two programs
	if err != nil {
		t.Fatal(err)
	}
	var raw syscall.Termios
	ioctl(slave.Fd(), syscall.TCGETS, unsafe.Pointer(&raw))
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	raw.Cflag = raw.Cflag&^syscall.CSIZE&^syscall.PARENB | syscall.CS8
	raw.Cc[syscall.VMIN], raw.Cc[syscall.VTIME] = 1, 0
	ioctl(slave.Fd(), syscall.TCSETS, unsafe.Pointer(&raw))
	if v.agreement, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		v.serve()
	}()
	t.Cleanup(func() {
		slave.Close() // the master's reads end with it
		<-stopped
		master.Close()
	})
	return v
}

func (v *virtualKey) add(rpID string, handle []byte, discoverable bool) virtualCredential {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		v.t.Fatal(err)
	}
	c := virtualCredential{id: make([]byte, 48), handle: handle, rpID: rpID, discoverable: discoverable, key: key}
	rand.Read(c.id)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.credentials = append(v.credentials, c)
	return c
}

// serve speaks CTAPHID (§8.1): packets of 64 bytes, of which hidraw's write has one more in front.
func (v *virtualKey) serve() {
	var message []byte
	var command byte
	var want int
	packet := make([]byte, 65)
	for {
		for n := 0; n < len(packet); {
			k, err := v.pty.Read(packet[n:])
			if err != nil {
				return
			}
			n += k
		}
		channel, p := packet[1:5], packet[5:]
		if p[0]&0x80 != 0 {
			command, want = p[0]&0x7f, int(binary.BigEndian.Uint16(p[1:3]))
			message = append([]byte(nil), p[3:]...)
		} else {
			message = append(message, p[1:]...)
		}
		if len(message) < want {
			continue
		}
		message = message[:want]
		switch command {
		case 0x06: // INIT: a channel; CBOR and no U2F
			v.reply(channel, command, append(bytes.Clone(message[:8]), 1, 2, 3, 4, 2, 1, 0, 0, 0x0c))
		case 0x10: // CBOR
			v.mu.Lock()
			out := v.command(message[0], message[1:])
			if v.broken != nil {
				out = v.broken(message[0], out)
			}
			v.mu.Unlock()
			v.reply(channel, command, out)
		case 0x11: // CANCEL
		default:
			v.reply(channel, 0x3f, []byte{0x01})
		}
	}
}

func (v *virtualKey) reply(channel []byte, command byte, message []byte) {
	first := true
	for sequence := byte(0); first || len(message) > 0; {
		packet := append(make([]byte, 0, 64), channel...)
		if first {
			packet = append(packet, command|0x80, byte(len(message)>>8), byte(len(message)))
		} else {
			packet = append(packet, sequence)
			sequence++
		}
		n := min(cap(packet)-len(packet), len(message))
		packet, message, first = append(packet, message[:n]...), message[n:], false
		v.pty.Write(packet[:64])
	}
}

// command answers one CTAP command: a status byte and CBOR.
func (v *virtualKey) command(command byte, parameters []byte) []byte {
	switch command {
	case 0x04: // getInfo
		options := cborMap{"rk": true, "up": true}
		if v.pin != "" {
			options["clientPin"] = true
		}
		return ok(cborMap{1: []any{"FIDO_2_0"}, 3: make([]byte, 16), 4: options, 5: 1200, 6: []any{1}})
	case 0x02: // getAssertion
		v.request, _ = uncbor(parameters).(map[any]any)
		return v.assertion()
	case 0x08: // getNextAssertion
		if len(v.more) == 0 {
			return []byte{0x30}
		}
		c := v.more[0]
		v.more = v.more[1:]
		return ok(v.sign(c))
	case 0x06:
		m, _ := uncbor(parameters).(map[any]any)
		return v.clientPIN(m)
	}
	return []byte{0x01}
}

func (v *virtualKey) clientPIN(m map[any]any) []byte {
	switch m[2] {
	case 1: // retries
		return ok(cborMap{3: 8})
	case 2: // key agreement
		p := v.agreement.PublicKey().Bytes()
		return ok(cborMap{1: cborMap{1: 2, 3: -25, -1: 1, -2: p[1:33], -3: p[33:]}})
	case 5: // token by PIN, protocol one
		theirs, _ := m[3].(map[any]any)
		x, _ := theirs[-2].([]byte)
		y, _ := theirs[-3].([]byte)
		public, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x...), y...))
		if err != nil {
			return []byte{0x02}
		}
		z, err := v.agreement.ECDH(public)
		if err != nil {
			return []byte{0x02}
		}
		shared := sha256.Sum256(z)
		block, _ := aes.NewCipher(shared[:])
		given, _ := m[6].([]byte)
		if len(given) != 16 {
			return []byte{0x02}
		}
		hash := make([]byte, 16)
		cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(hash, given)
		if want := sha256.Sum256([]byte(v.pin)); !bytes.Equal(hash, want[:16]) {
			return []byte{0x31} // PIN invalid
		}
		sealed := make([]byte, 16)
		cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(sealed, v.token)
		return ok(cborMap{2: sealed})
	}
	return []byte{0x3e}
}

func (v *virtualKey) assertion() []byte {
	v.verified = false
	hash, _ := v.request[2].([]byte)
	if param, given := v.request[6].([]byte); given {
		mac := hmac.New(sha256.New, v.token)
		mac.Write(hash)
		if !bytes.Equal(param, mac.Sum(nil)[:16]) {
			return []byte{0x33}
		}
		v.verified = true
	}
	options, _ := v.request[5].(map[any]any)
	if options["uv"] == true {
		return []byte{0x2c} // it has no reader of fingerprints
	}
	list, listed := v.request[3].([]any)
	v.more = nil
	for i := len(v.credentials) - 1; i >= 0; i-- {
		c := v.credentials[i]
		if c.rpID != v.request[1] {
			continue
		}
		if !listed && c.discoverable {
			v.more = append(v.more, c)
		}
		for _, entry := range list {
			d, _ := entry.(map[any]any)
			if id, _ := d["id"].([]byte); bytes.Equal(id, c.id) {
				v.more = append(v.more, c)
			}
		}
	}
	if len(v.more) == 0 {
		return []byte{0x2e} // no credentials
	}
	if !(v.verified || v.pin == "") && !listed {
		return []byte{0x36} // PIN required
	}
	v.touches++
	n := len(v.more)
	c := v.more[0]
	v.more = v.more[1:]
	reply := v.sign(c)
	if n > 1 {
		reply[5] = n
	}
	return ok(reply)
}

func (v *virtualKey) sign(c virtualCredential) cborMap {
	flags := passkey.FlagUP
	if v.verified {
		flags |= passkey.FlagUV
	}
	rp := sha256.Sum256([]byte(c.rpID))
	authData := append(rp[:], byte(flags), 0, 0, 0, byte(v.touches))
	hash, _ := v.request[2].([]byte)
	digest := sha256.Sum256(append(bytes.Clone(authData), hash...))
	signature, err := ecdsa.SignASN1(rand.Reader, c.key, digest[:])
	if err != nil {
		panic(err)
	}
	out := cborMap{1: cborMap{"id": c.id, "type": "public-key"}, 2: authData, 3: signature}
	if len(c.handle) > 0 {
		out[4] = cborMap{"id": c.handle}
	}
	return out
}

func ok(m cborMap) []byte { return append([]byte{0}, m.encode()...) }

// cborMap is a map in CTAP2's canonical CBOR (§6): keys by length, then by bytes.
type cborMap map[any]any

func (m cborMap) encode() []byte {
	var keys []string
	values := map[string][]byte{}
	for k, x := range m {
		key := string(encodeCBOR(k))
		keys, values[key] = append(keys, key), encodeCBOR(x)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	out := cborHead(5, len(keys))
	for _, k := range keys {
		out = append(append(out, k...), values[k]...)
	}
	return out
}

func cborHead(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 256:
		return []byte{major<<5 | 24, byte(n)}
	}
	return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
}

func encodeCBOR(x any) []byte {
	switch x := x.(type) {
	case int:
		if x < 0 {
			return cborHead(1, -1-x)
		}
		return cborHead(0, x)
	case []byte:
		return append(cborHead(2, len(x)), x...)
	case string:
		return append(cborHead(3, len(x)), x...)
	case []any:
		out := cborHead(4, len(x))
		for _, e := range x {
			out = append(out, encodeCBOR(e)...)
		}
		return out
	case bool:
		if x {
			return []byte{0xf5}
		}
		return []byte{0xf4}
	case cborMap:
		return x.encode()
	}
	panic(fmt.Sprintf("no CBOR for %T", x))
}

// uncbor reads what libfido2 sends, which is trusted here.
func uncbor(b []byte) any {
	x, _ := uncborNext(b)
	return x
}

func uncborNext(b []byte) (any, []byte) {
	major, n := b[0]>>5, int(b[0]&0x1f)
	b = b[1:]
	switch n {
	case 24:
		n, b = int(b[0]), b[1:]
	case 25:
		n, b = int(b[0])<<8|int(b[1]), b[2:]
	}
	switch major {
	case 0:
		return n, b
	case 1:
		return -1 - n, b
	case 2:
		return b[:n:n], b[n:]
	case 3:
		return string(b[:n]), b[n:]
	case 4:
		out := make([]any, n)
		for i := range out {
			out[i], b = uncborNext(b)
		}
		return out, b
	case 5:
		out := map[any]any{}
		for range n {
			var k, x any
			k, b = uncborNext(b)
			x, b = uncborNext(b)
			out[k] = x
		}
		return out, b
	}
	return n == 21, b // 0xf4, 0xf5
}
