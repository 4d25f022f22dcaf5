// Permissions in call data, wherever they stand in it.

package session

import (
	"bytes"
	"encoding/binary"

	"github.com/postern-dev/postern/account/kernel"
)

// permissionsIn finds what may be enable data of permissions in call data, wherever
// it stands: operations come to the EntryPoint in many wrappings. What is found has
// the id of its contents; whether the account has it is another question.
func permissionsIn(input []byte) []kernel.Permission {
	var out []kernel.Permission
	first, budget := word(32), maxParsed
	for at := 0; budget > 0 && len(out) < maxPermissions; at++ {
		i := bytes.Index(input[at:], first)
		if i < 0 {
			break
		}
		at += i
		size := sizeOfArray(input[at:])
		if size == 0 {
			continue
		}
		budget -= size
		if p, err := kernel.ParseEnableData(input[at : at+size]); err == nil {
			out = append(out, p)
			at += size - 1
		}
	}
	return out
}

// maxIDs is how many ids are taken from one transaction that it does not prove.
const maxIDs = 64

// idsIn finds what may be validation ids of permissions: a word that begins with 2
// and the id. They are for installations whose data is written in a way of its own.
func idsIn(input []byte) (out []kernel.PermissionID) {
	for at := 0; len(out) < maxIDs; at++ {
		i := bytes.IndexByte(input[at:], byte(kernel.TypePermission))
		if at += i; i < 0 || at+32 > len(input) {
			break
		}
		if id := kernel.PermissionID(input[at+1:]); id != (kernel.PermissionID{}) && zero(input[at+5:at+32]) {
			out = append(out, id)
		}
	}
	return out
}

// sizeOfArray is how many bytes b begins with that are abi.encode(bytes[]) of 1 to
// 254 entries, as it is written; 0 if they are not.
func sizeOfArray(b []byte) int {
	n, ok := small(b, 32)
	if !ok || n == 0 || n > 254 || len(b) < 64+32*n {
		return 0
	}
	at := 32 * n
	for i := range n {
		offset, ok := small(b, 64+32*i)
		if !ok || offset != at {
			return 0
		}
		length, ok := small(b, 64+at)
		if !ok {
			return 0
		}
		at += 32 + (length+31)&^31
	}
	if 64+at > len(b) {
		return 0
	}
	return 64 + at
}

// small reads a word that is a number below maxInput.
func small(b []byte, at int) (int, bool) {
	if at < 0 || at+32 > len(b) || !zero(b[at:at+24]) {
		return 0, false
	}
	n := binary.BigEndian.Uint64(b[at+24:])
	return int(n), n < maxInput
}

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24, 32), n) }
