// Approvals of the layout "postern v1" for gas estimation.

package seal

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// PosternPasskeyStub is an approval that is never shorter than a real one by
// this signer within the limits, and takes the account through the whole of its
// verification, which it fails. signer must be a passkey.
func PosternPasskeyStub(signer Signer, limits StubLimits) (PosternApproval, error) {
	_, rule, ok := signer.Passkey()
	if !ok {
		return PosternApproval{}, malformed("stub", "the signer is no passkey")
	}
	authData, err := stubAuthData(limits, stubFlags(rule))
	if err != nil {
		return PosternApproval{}, err
	}
	prefix, suffix, typeIndex, err := stubClientData(limits)
	if err != nil {
		return PosternApproval{}, err
	}
	a := PosternApproval{
		Kind:      PosternKindPasskey,
		Signer:    signer,
		Signature: stubSignature,
		AuthData:  authData,
		TypeIndex: typeIndex,
		Prefix:    []byte(prefix),
		Suffix:    []byte(suffix),
	}
	if prefix != fixedPrefix {
		a.Kind = PosternKindPasskeyGeneral
	}
	if err := a.check("stub"); err != nil {
		return PosternApproval{}, err
	}
	return a, nil
}

// PosternECDSAStub is a secp256k1 approval in range that does not verify.
func PosternECDSAStub(signer common.Address) (PosternApproval, error) {
	return PosternECDSA(signer, append(bytes.Repeat([]byte{0x55}, 64), 27))
}

// stubFlags satisfies a rule, with as many bits set as it can.
func stubFlags(r Rule) passkey.Flags {
	f := passkey.FlagUP
	if r.UV() != passkey.Forbidden {
		f |= passkey.FlagUV
	}
	if r.BE() != passkey.Forbidden {
		f |= passkey.FlagBE
		if r.BS() != passkey.Forbidden {
			f |= passkey.FlagBS
		}
	}
	return f
}
