package artifacts

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// parseBytecode returns the creation code of a module dist/bytecode/<name>.mjs as solc wrote it: hex without
// 0x, with placeholders of 40 characters where libraries' addresses belong. The module is one constant and its
// export, and nothing else.
func parseBytecode(module []byte, name string) (string, error) {
	code, ok := bytes.CutPrefix(module, []byte("const bytecode = \"0x"))
	code, ok2 := bytes.CutSuffix(code, []byte("\";\nexport {\n  bytecode\n};\n//# sourceMappingURL="+name+".mjs.map"))
	if !ok || !ok2 {
		return "", fmt.Errorf("%w: a bytecode module of another form", ErrMalformed)
	}
	return string(code), nil
}

// link puts a library's address wherever code calls it. The placeholder is the beginning of the hash of
// the library's full name, so an address cannot get into another library's place.
func link(code, library string, address common.Address) (string, error) {
	placeholder := "__$" + hex.EncodeToString(crypto.Keccak256([]byte(library)))[:34] + "$__"
	linked := strings.ReplaceAll(code, placeholder, hex.EncodeToString(address[:]))
	if linked == code {
		return "", fmt.Errorf("%w: the code does not call %s", ErrMalformed, library)
	}
	return linked, nil
}

// What solc 0.8.23 writes around the hash of the metadata file: a CBOR map with "ipfs" and a multihash of 32
// bytes, then "solc" and the version.
var (
	beforeMetadata = []byte("\xa2\x64ipfs\x58\x22\x12\x20")
	afterMetadata  = []byte("\x64solc\x43\x00\x08\x17\x00\x33")
)

// setMetadata replaces the hash of the metadata file, which the compiler puts behind the code and which
// changes with every comment and path of the sources.
func setMetadata(code []byte, hash common.Hash) error {
	at := bytes.Index(code, beforeMetadata)
	if at < 0 || bytes.LastIndex(code, beforeMetadata) != at {
		return fmt.Errorf("%w: not exactly one metadata hash", ErrMalformed)
	}
	at += len(beforeMetadata)
	if len(code)-at < len(hash) || !bytes.HasPrefix(code[at+len(hash):], afterMetadata) {
		return fmt.Errorf("%w: metadata of another compiler", ErrMalformed)
	}
	copy(code[at:], hash[:])
	return nil
}

// decode turns code without placeholders into bytes, and nothing else.
func decode(code string) ([]byte, error) {
	b, err := hex.DecodeString(code)
	if err == nil && len(b) == 0 {
		err = errors.New("none at all")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: creation code that is not linked, or no hex: %w", ErrMalformed, err)
	}
	return b, nil
}
