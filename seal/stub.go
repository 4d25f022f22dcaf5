// What signatures for gas estimation are made of, whatever their layout.

package seal

import (
	"bytes"
	"math"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// StubLimits says how long the parts of an assertion may get that its client
// chooses, in bytes. Every byte costs 16 gas of calldata, so tell what is known:
// the zero value fits every client we know at the price of some 8,000 gas.
type StubLimits struct {
	// Origin is the length of the longest origin, "https://wallet.example".
	// 0 means 128.
	Origin int
	// TopOrigin is the length of the longest origin of a page that embeds the
	// wallet; -1 if the wallet is never embedded. 0 means 128.
	TopOrigin int
	// PackageName is the length of the longest package name of an Android
	// client; -1 if clients are browsers that write the specification's own
	// member order. 0 means 64.
	PackageName int
	// AuthData is the length of the authenticator data: 37 and its extensions.
	// 0 means 37; at most 255.
	AuthData int
}

// chromiumNote is a member that Chromium adds to client data at random.
const chromiumNote = `"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"`

// stubSignature is in range, has a low s and no zero byte, and is such that r/s
// mod n has no zero in base 4: arithmetic that takes two bits at a time and skips
// zeros, as OpenZeppelin's does, then skips none, whatever the hash, and costs its
// maximum.
var stubSignature = passkey.Signature{
	R: common.HexToHash("0x4451e89e53fbb43ce807be782144e15f22e97cecc43bfd867ae4d4674c72806f"),
	S: common.HexToHash("0x5555555555555555555555555555555555555555555555555555555555555555"),
}

// stubClientData is client data of the greatest length within the limits, cut
// around the challenge's text, and where its type stands.
func stubClientData(limits StubLimits) (prefix, suffix string, typeIndex int, err error) {
	origin, topOrigin, packageName := limit(limits.Origin, 128), limit(limits.TopOrigin, 128), limit(limits.PackageName, 64)
	if max(origin, topOrigin, packageName) > math.MaxUint16 {
		return "", "", 0, malformed("stub", "client data longer than %d bytes", math.MaxUint16)
	}
	var members []string
	if packageName > 0 {
		members = append(members, `"androidPackageName":"`+strings.Repeat("p", packageName)+`"`)
	}
	members = append(members, `"origin":"`+strings.Repeat("o", origin)+`"`, `"crossOrigin":false`)
	if topOrigin > 0 {
		members = append(members, `"topOrigin":"`+strings.Repeat("t", topOrigin)+`"`)
	}
	members = append(members, chromiumNote)
	rest := strings.Join(members, ",")
	if packageName == 0 {
		return fixedPrefix, `",` + rest + `}`, 1, nil
	}
	// Android clients may write any order: all that can stand before the challenge does.
	return "{" + rest + "," + typeMember + "," + challengeKey, `"}`, len(rest) + 2, nil
}

// stubAuthData has the greatest length within the limits and no zero byte.
func stubAuthData(limits StubLimits, flags passkey.Flags) ([]byte, error) {
	if limits.AuthData > math.MaxUint8 {
		return nil, malformed("stub", "authenticator data of %d bytes, at most %d", limits.AuthData, math.MaxUint8)
	}
	b := bytes.Repeat([]byte{0x55}, max(37, limits.AuthData))
	b[32] = byte(flags)
	return b, nil
}

// abiSlack is how many bytes stubs of ABI layouts are longer than the longest
// client data within the limits: the words that hold offsets, lengths and indices
// can have eight more non-zero bytes in a real signature, at 12 gas each.
const abiSlack = 8

// stubAssertion has the greatest length within the limits and slack bytes more,
// every flag that an assertion may have, and no zero byte.
func stubAssertion(limits StubLimits, slack int) (*passkey.Assertion, error) {
	flags := passkey.FlagUP | passkey.FlagUV | passkey.FlagBE | passkey.FlagBS
	authData, err := stubAuthData(limits, flags)
	if err != nil {
		return nil, err
	}
	limits.Origin = limit(limits.Origin, 128) + slack
	prefix, suffix, typeIndex, err := stubClientData(limits)
	if err != nil {
		return nil, err
	}
	challenge := bytes.Repeat([]byte{0x55}, 32)
	return &passkey.Assertion{
		AuthData: passkey.AuthenticatorData{Raw: authData, Flags: flags},
		ClientData: passkey.ClientData{
			Raw: joinChallenge([]byte(prefix), common.Hash(challenge), []byte(suffix)), Type: passkey.TypeGet, Challenge: challenge,
			TypeOffset: typeIndex, ChallengeOffset: len(prefix),
		},
		Signature: stubSignature,
	}, nil
}

func limit(n, standard int) int {
	if n == 0 {
		return standard
	}
	return max(n, 0)
}
