package passkey

import "strings"

// Flags is byte 32 of the authenticator data (§6.1). It is signed by the credential.
type Flags byte

// The bits of Flags. Bits 0x02 and 0x20 are reserved and ignored.
const (
	FlagUP Flags = 0x01 // user present
	FlagUV Flags = 0x04 // user verified
	FlagBE Flags = 0x08 // backup eligible; fixed when the credential is made
	FlagBS Flags = 0x10 // backed up now; may change, and needs BE
	FlagAT Flags = 0x40 // attested credential data follows
	FlagED Flags = 0x80 // extension data follows
)

// UP reports user presence.
func (f Flags) UP() bool { return f&FlagUP != 0 }

// UV reports user verification.
func (f Flags) UV() bool { return f&FlagUV != 0 }

// BE reports backup eligibility.
func (f Flags) BE() bool { return f&FlagBE != 0 }

// BS reports the backup state.
func (f Flags) BS() bool { return f&FlagBS != 0 }

// AT reports that attested credential data follows.
func (f Flags) AT() bool { return f&FlagAT != 0 }

// ED reports that extension data follows.
func (f Flags) ED() bool { return f&FlagED != 0 }

var flagNames = [8]string{"UP", "RFU1", "UV", "BE", "BS", "RFU2", "AT", "ED"}

// String lists the bits that are set, lowest first, e.g. "UP|UV|BE"; "none" if there are none.
func (f Flags) String() string {
	var set []string
	for i, name := range flagNames {
		if f>>i&1 != 0 {
			set = append(set, name)
		}
	}
	if set == nil {
		return "none"
	}
	return strings.Join(set, "|")
}
