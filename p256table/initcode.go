package p256table

import "fmt"

// InitCode is creation code that deploys exactly code, for CREATE or CREATE2 by anybody: ten bytes
// that copy and return what follows them. It suits formats read from an address that the reader
// itself keeps, such as FCL's. Tables at the addresses that Postern's verifiers derive come from
// the table factory, which computes them and takes no bytes.
func InitCode(code []byte) ([]byte, error) {
	const most = 24576 // EIP-170
	if len(code) == 0 || len(code) > most {
		return nil, &Error{Cause: ErrNoTable, Where: "length", Seen: fmt.Sprintf("%d bytes", len(code))}
	}
	return append([]byte{
		0x61, byte(len(code) >> 8), byte(len(code)), // PUSH2 length
		0x80,       // DUP1
		0x60, 0x0a, // PUSH1 10, where code starts
		0x5f, // PUSH0
		0x39, // CODECOPY
		0x5f, // PUSH0
		0xf3, // RETURN
	}, code...), nil
}
