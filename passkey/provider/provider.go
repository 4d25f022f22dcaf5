// Package provider names the provider behind an AAGUID, for labels in a list of passkeys.
//
// Start with Lookup. An AAGUID is a claim unless attestation was verified, it is absent from
// assertions, and it is stale after a passkey has been exported: show it, decide nothing by it.
// Whether a passkey is synced is said by its flags BE and BS, which are signed; Syncs only says
// what the provider is known to do.
//
// The table here is small on purpose: what the providers publish or spell out in the AAGUID
// itself and several independent sources agree on. Operators add to it with Load.
package provider

import "github.com/postern-dev/postern/passkey"

// Provider is who keeps a passkey.
type Provider struct {
	Name  string // for people, e.g. "Google Password Manager"
	Group string // the company or project: losing the account there loses all its passkeys at once
	Syncs Sync   // whether its passkeys leave the device
}

// Sync says whether a provider copies its passkeys between devices.
type Sync uint8

// Values of Sync.
const (
	SyncUnknown Sync = iota
	SyncYes
	SyncNo
)

func (s Sync) String() string {
	switch s {
	case SyncYes:
		return "yes"
	case SyncNo:
		return "no"
	}
	return "unknown"
}

// Lookup finds a provider in the built-in table. The zero AAGUID names nobody.
func Lookup(id passkey.AAGUID) (Provider, bool) {
	p, ok := builtin[id.String()]
	return p, ok
}

var builtin = map[string]Provider{
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": {"Apple Passwords", "Apple", SyncYes},
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": {"Apple Passwords (managed)", "Apple", SyncYes},
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": {"Google Password Manager", "Google", SyncYes},
	"adce0002-35bc-c60a-648b-0b25f1f05503": {"Chrome on Mac", "Google", SyncNo},
	"08987058-cadc-4b81-b6e1-30de50dcbe96": {"Windows Hello", "Microsoft", SyncNo}, // hardware TPM
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": {"Windows Hello", "Microsoft", SyncNo}, // virtualisation-based
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": {"Windows Hello", "Microsoft", SyncNo}, // software
	"d3452668-01fd-4c12-926c-83a4204853aa": {"Microsoft Password Manager", "Microsoft", SyncYes},
	"53414d53-554e-4700-0000-000000000000": {"Samsung Pass", "Samsung", SyncUnknown}, // ASCII "SAMSUNG"
	"bada5566-a7aa-401f-bd96-45619a55120d": {"1Password", "1Password", SyncYes},
	"d548826e-79b4-db40-a3d8-11116f7e8349": {"Bitwarden", "Bitwarden", SyncYes},
	"531126d6-e717-415c-9320-3d9aa6981239": {"Dashlane", "Dashlane", SyncYes},
	"b84e4048-15dc-4dd0-8640-f4f60813c8af": {"NordPass", "NordPass", SyncYes},
	"0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": {"Keeper", "Keeper", SyncYes},
	"f3809540-7f14-49c1-a8b3-8f813b225541": {"Enpass", "Enpass", SyncUnknown},
	"50726f74-6f6e-5061-7373-50726f746f6e": {"Proton Pass", "Proton", SyncYes},       // ASCII "ProtonPassProton"
	"fdb141b2-5d84-443e-8a35-4698c205a502": {"KeePassXC", "KeePassXC", SyncUnknown},  // a file that its owner may copy
	"2fc0579f-8113-47ea-b116-bb5a8db9202a": {"YubiKey 5 with NFC", "Yubico", SyncNo}, // firmware 5.2 and 5.4
	"ee882879-721c-4913-9775-3dfcce97072a": {"YubiKey 5", "Yubico", SyncNo},          // firmware 5.2 and 5.4
	"01020304-0506-0708-0102-030405060708": {"Chromium virtual authenticator", "test", SyncUnknown},
	"706f7374-6572-6e20-736f-66746b657921": {"Postern software authenticator", "test", SyncUnknown}, // ASCII "postern softkey!"
}
