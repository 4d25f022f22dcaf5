// The description of an account: what an audit begins with.

package recovery

import "time"

// Limits of a description. Within them every result is exact, or an error says that it
// would not be.
const (
	MaxSigners = 24 // signers and guardians
	MaxDomains = 24 // those that are described; unknowns add a few of their own
	MaxRoutes  = 8
)

// Account is who controls an account, and what is known of where the keys live.
type Account struct {
	Name    string   `json:"name,omitempty"`    // for people
	Kind    string   `json:"kind,omitempty"`    // "WebAuthnAccount", "MetaMask Hybrid 1.3.0", …: for people
	Address string   `json:"address,omitempty"` // as its chain writes it
	Source  Source   `json:"source"`            // who vouches for signers, thresholds and delays
	Signers []Signer `json:"signers"`           // signers and guardians; routes say which is what
	Domains []Domain `json:"domains"`
	Routes  []Route  `json:"routes"`
	// Ways are how an operation reaches the chain: by a bundler every day, by any
	// funded key in an emergency. Empty: nothing can stand between.
	Ways []Way `json:"ways,omitempty"`
	// Can is what the account kind lets its owner change; it bounds the advice.
	Can []Ability `json:"can,omitempty"`
	// Urgent says what has to be known before anything else: that the account is frozen, or
	// that somebody can take it now. It changes nothing that is computed.
	Urgent []string `json:"urgent,omitempty"`
	// Supposed are changes that are described as if they were made, in words; nobody has made
	// them. It changes nothing that is computed, and every report says it first.
	Supposed []string `json:"supposed,omitempty"`
	// Notes say what else somebody who reads a report should know of the account, such as
	// who may act for it within limits. They change nothing.
	Notes []string `json:"notes,omitempty"`
}

// Ability is something an account kind offers.
type Ability string

// The abilities.
const (
	CanAddPasskey Ability = "add-passkey" // as a further signer
	CanAddKey     Ability = "add-key"     // a secp256k1 key or a contract as a further signer
	CanThreshold  Ability = "threshold"   // m of n signers
	CanGuardians  Ability = "guardians"   // recovery by others after a delay
)

// KeyKind is what a signer is.
type KeyKind string

// The kinds of signers.
const (
	KindPasskey  KeyKind = "passkey"  // a WebAuthn credential, wherever it lives
	KindHot      KeyKind = "hot-key"  // a private key in software: an extension, a file
	KindHardware KeyKind = "hardware" // a private key in a hardware wallet
	KindSeed     KeyKind = "seed"     // a phrase or a key on paper
	KindPerson   KeyKind = "person"   // a key of somebody else of which only the holder is known
	KindContract KeyKind = "contract" // another account; Quorum says who is behind it
)

// Signer is one signer or guardian.
type Signer struct {
	ID   string  `json:"id"`             // unique in the account
	Name string  `json:"name,omitempty"` // for people; ID if empty
	Kind KeyKind `json:"kind"`
	// AnyKind says that only its holder knows what kind of key it is: Kind is what is
	// counted until somebody states another one.
	AnyKind bool `json:"anyKind,omitempty"`
	// Key is its address or public key as text: two signers with one Key are one key.
	Key     string   `json:"key,omitempty"`
	Passkey *Passkey `json:"passkey,omitempty"` // what ceremonies have shown of a passkey
	// Rules are what the account asks of the passkey's flags, wherever it is a signer.
	Rules []Rule `json:"rules,omitempty"`
	// Quorum of a contract; its members are signers of this description.
	Quorum *Quorum `json:"quorum,omitempty"`

	// Where it lives. Values are IDs of domains.
	Cloud   Fact[string]   `json:"cloud"`   // the account that syncs it; a stated "" is none
	Devices Fact[[]string] `json:"devices"` // all devices that hold it
	Places  Fact[[]string] `json:"places"`  // where it is kept: a drawer, a safe, a person
	RPID    Fact[string]   `json:"rpId"`    // the RP ID's domain, of a passkey
	// Apart says that it lives in none of the domains described here except those that
	// are named for it: a guardian's own phone and cloud account.
	Apart Fact[bool] `json:"apart"`
	// Exportable says that it can be moved to another manager (credential exchange, an
	// export), also when its RP ID's domain is gone.
	Exportable Fact[bool] `json:"exportable"`
	// Roaming says that it is in a security key that any program can ask (CTAP).
	Roaming Fact[bool] `json:"roaming"`
	// Gone says that it can no longer sign: lost, dead, destroyed.
	Gone    Fact[bool] `json:"gone"`
	LastUse time.Time  `json:"lastUse,omitzero"` // last time it is known to have signed
	// Refused are uses that a passkey server did not let in, as it tells: no sighting is kept of them.
	Refused []Change `json:"refused,omitempty"`
}

// Label is the signer's name for people.
func (s Signer) Label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.ID
}

// somebody reports a signer that has a will of its own.
func (s Signer) somebody() bool {
	return s.Kind == KindPerson || s.Kind == KindContract && s.Quorum == nil
}

// DomainKind is what a domain is.
type DomainKind string

// The kinds of domains, in the order in which they are shown.
const (
	DomainDevice    DomainKind = "device"
	DomainCloud     DomainKind = "cloud"     // an account that syncs passkeys: of a platform or a password manager
	DomainSecret    DomainKind = "secret"    // what its owner must know: passcode, recovery PIN, master password
	DomainEcosystem DomainKind = "ecosystem" // a maker's world of devices and accounts
	DomainRPID      DomainKind = "rp-id"     // the domain name that passkeys are bound to
	DomainVendor    DomainKind = "vendor"    // who runs app and server
	DomainCustody   DomainKind = "custody"   // a place or a person that keeps something
	DomainBundler   DomainKind = "bundler"
	DomainChain     DomainKind = "chain"
	DomainKey       DomainKind = "key" // one key behind several signers; only the audit makes these
)

// Domain is what is lost as a whole, or taken over as a whole.
type Domain struct {
	ID   string     `json:"id"`
	Name string     `json:"name,omitempty"` // for people; ID if empty
	Kind DomainKind `json:"kind"`
	// In are the domains that this one is lost and taken over with: a device and a cloud
	// account in an ecosystem, an RP ID's domain at its vendor.
	In []string `json:"in,omitempty"`
	// Group is the provider of a cloud account as the table of AAGUIDs names it.
	Group string `json:"group,omitempty"`
	// Secret is the domain of what brings a cloud account's passkeys to a new device.
	Secret Fact[string] `json:"secret"` // a stated "" is none
	// Offline says that devices keep a cloud account's passkeys when it is locked or lost.
	Offline Fact[bool] `json:"offline"`
	// Sealed says that who takes over a cloud account has no passkeys without the secret.
	Sealed Fact[bool] `json:"sealed"`
	// Assumed says that the audit made it up for something that is not known.
	Assumed bool `json:"assumed,omitempty"`

	// fresh is one that advice makes: nothing that is there already is in it, known or unknown.
	fresh bool
}

// Label is the domain's name for people.
func (d Domain) Label() string {
	if d.Name != "" {
		return d.Name
	}
	return d.ID
}

// Quorum is met when its members' weights reach the threshold.
type Quorum struct {
	Threshold uint64   `json:"threshold"`
	Members   []Member `json:"members"`
}

// Member is a signer and its weight.
type Member struct {
	Signer string `json:"signer"`
	Weight uint64 `json:"weight"`
}

// Any is a quorum of threshold signers that count the same.
func Any(threshold uint64, signers ...string) Quorum {
	q := Quorum{Threshold: threshold}
	for _, s := range signers {
		q.Members = append(q.Members, Member{s, 1})
	}
	return q
}

// Use is what a route is for.
type Use string

// The uses.
const (
	Operate Use = "operate" // full control, every day
	Recover Use = "recover" // bringing in a new signer
)

// Route is a way to control of the account.
type Route struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // for people; ID if empty
	Use  Use    `json:"use"`
	Quorum
	// Delay is how long it takes from the quorum's word to control; 0 is at once.
	Delay  time.Duration `json:"delay"`
	Expiry time.Duration `json:"expiry,omitempty"` // after the delay; 0 is never
	// Cancel are the quorums that may stop it during the delay.
	Cancel []Quorum `json:"cancel,omitempty"`
}

// Label is the route's name for people.
func (r Route) Label() string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID
}

// Way is one way to do something.
type Way struct {
	Needs []string `json:"needs"` // domains, all of them
	// Rescue says what has to be done where it is no everyday way; "" if it is.
	Rescue string `json:"rescue,omitempty"`
}
