// Where keys live: what they are lost with and stolen with.

package recovery

// holders are the devices and places of a key, each with what it is in.
func (d *deriver) holders(s *Signer) (out []set, known bool) {
	for _, f := range []Fact[[]string]{s.Devices, s.Places} {
		if f.Relied() {
			known = true
			for _, id := range f.Value {
				out = append(out, d.id(id))
			}
		}
	}
	return out, known
}

// nowhere are the kinds of domains that a key may be in if nobody says where it is.
var nowhere = map[KeyKind][]DomainKind{
	KindPasskey:  {DomainDevice, DomainCustody},
	KindHot:      {DomainDevice, DomainCustody},
	KindHardware: {DomainDevice, DomainCustody},
	KindSeed:     {DomainDevice, DomainCustody, DomainCloud},
	KindPerson:   {DomainDevice, DomainCustody, DomainCloud},
	KindContract: {DomainDevice, DomainCustody, DomainCloud},
}

// hidden are the domains that hold a key of which nobody says where it is: 0 where that
// is read in the best way, or where it is somewhere else altogether.
func (d *deriver) hidden(s *Signer) set {
	if is(s.Apart) {
		return 0
	}
	about, counted := AboutDevices, "lost and stolen with every device that is described"
	if s.Kind == KindPerson || s.Kind == KindContract {
		about, counted = AboutApart, "lost and stolen with every device, place and cloud account that is described"
	}
	if d.unknown(Assumption{About: about, Signer: s.ID, Counted: counted}) {
		return 0
	}
	return d.could(nowhere[s.Kind]...)
}

// anyOf makes each atom of a set a hole of its own.
func anyOf(s set) []hole {
	if s == 0 {
		return nil
	}
	return []hole{{s}}
}

// key derives a signer that is no passkey: each copy is enough to sign and to steal.
func (d *deriver) key(s *Signer, p *party) {
	at, known := d.holders(s)
	if s.Kind == KindPerson && !is(s.Apart) {
		// The person is known; what the person's key shares with the others is not.
		apart := d.hidden(s)
		p.holes = append(p.holes, anyOf(apart)...)
		if !known {
			at = []set{0}
		}
		for _, h := range at {
			p.means = append(p.means, means{needs: h | apart})
			p.holes = append(p.holes, anyOf(h)...)
		}
		if apart == 0 && !s.Cloud.Relied() { // in the best case there is a copy elsewhere
			p.means = append(p.means, means{0, "use a copy that is kept elsewhere"})
		}
		d.backup(s, p)
		return
	}
	if !known {
		h := d.hidden(s)
		at = []set{h}
	}
	for _, h := range at {
		p.means = append(p.means, means{needs: h})
		p.holes = append(p.holes, anyOf(h)...)
	}
	d.backup(s, p)
}

// backup derives a copy of a plain key in a cloud account.
func (d *deriver) backup(s *Signer, p *party) {
	switch {
	case s.Cloud.Relied() && s.Cloud.Value != "":
		secret, holes := d.cloud(s.Cloud.Value)
		p.means = append(p.means, means{d.id(s.Cloud.Value) | secret, "fetch the copy from " + d.label(s.Cloud.Value)})
		p.holes = append(p.holes, holes...)
	case s.Cloud.Relied() || is(s.Apart) || s.Kind != KindHot && s.Kind != KindSeed:
	case d.unknown(Assumption{About: AboutCloud, Signer: s.ID, Counted: "stolen with every cloud account, and no copy to fetch from any"}):
		p.means = append(p.means, means{0, "fetch the copy from its cloud account"})
	default:
		p.holes = append(p.holes, anyOf(d.could(DomainCloud))...)
	}
}

func (d *deriver) label(id string) string { return d.m.domains[d.at[id]].Label() }

// cloud is what a cloud account asks for on a new device, and how its keys are stolen.
func (d *deriver) cloud(id string) (secret set, holes []hole) {
	c := d.a.Domains[d.at[id]]
	sealed := func() bool {
		return is(c.Sealed) || !c.Sealed.Relied() && d.unknown(Assumption{About: AboutSealed, Domain: id, Counted: "who takes it over has its passkeys without the secret"})
	}
	if c.Secret.Relied() {
		if secret = d.id(c.Secret.Value); secret != 0 && sealed() {
			return secret, []hole{{d.id(id), secret}}
		}
		return secret, []hole{{d.id(id)}}
	}
	if !d.unknown(Assumption{About: AboutSecret, Domain: id, Counted: "nothing comes back from it once any secret is forgotten"}) {
		secret = d.could(DomainSecret)
	}
	if sealed() && secret == 0 {
		return 0, nil // sealed by a secret that nobody has named: in the best case it is never taken
	}
	return secret, []hole{{d.id(id)}}
}

// passkey derives a WebAuthn credential.
func (d *deriver) passkey(s *Signer, p *party) {
	rp := d.rpID(s)
	at, known := d.holders(s)
	eligible, backed := s.Passkey.Eligible(), s.Passkey.BackedUp()

	// bound: no copy ever leaves the device. A bare BE=0 is only a claim, which the
	// owner's word about the device or about the cloud confirms.
	bound := isNot(eligible) || s.Cloud.Relied() && s.Cloud.Value == "" || is(s.Roaming) || eligible.Source == Claimed && !eligible.Value && known
	// copied: a cloud account holds a copy now.
	copied := !bound && (backed.Relied() && backed.Value || !backed.Relied() && s.Cloud.Relied())
	// single: it is on a device and nowhere else.
	single := bound || backed.Relied() && !backed.Value && eligible.Source != Unknown
	if !copied && !single {
		if d.unknown(Assumption{About: AboutSync, Signer: s.ID, Counted: "lost with its device and with its cloud account"}) {
			copied = true
		}
	}
	var hold set
	if !known {
		hold = d.hidden(s)
		p.holes = append(p.holes, anyOf(hold)...)
	}
	for _, h := range at {
		p.holes = append(p.holes, anyOf(h)...)
	}
	p.holes = append(p.holes, anyOf(rp)...)

	if single {
		all := hold
		for _, h := range at {
			all |= h // it is in one of them
		}
		if !known || len(at) > 0 {
			p.means = []means{{needs: all}}
		}
	}
	if !bound {
		account, secret, keeps, holes := d.account(s)
		p.holes = append(p.holes, holes...)
		switch {
		case single:
		case copied:
			daily := account
			if keeps {
				daily = 0
			}
			for _, h := range at {
				p.means = append(p.means, means{needs: h | daily})
			}
			if !known {
				p.means = append(p.means, means{needs: hold | daily})
			}
			p.means = append(p.means, means{account | secret, d.restore(s)})
		default: // either may be true
			all := hold | account | secret
			for _, h := range at {
				all |= h
			}
			if !known || len(at) > 0 { // stated to be on no device, it may be nowhere
				p.means = []means{{needs: all}}
			}
		}
	}
	d.bind(s, p, rp)
}

func (d *deriver) restore(s *Signer) string {
	if s.Cloud.Relied() && s.Cloud.Value != "" {
		return "sign in to " + d.label(s.Cloud.Value) + " on a new device"
	}
	return "sign in to its cloud account on a new device"
}

// account is the cloud account of a passkey that may have one: the account, its secret,
// whether devices keep copies without it, and how passkeys are stolen from it.
func (d *deriver) account(s *Signer) (account, secret set, keeps bool, holes []hole) {
	if s.Cloud.Relied() {
		id := s.Cloud.Value
		secret, holes = d.cloud(id)
		c := d.a.Domains[d.at[id]]
		keeps = is(c.Offline) || !c.Offline.Relied() && d.unknown(Assumption{About: AboutOffline, Domain: id, Counted: "no device keeps a passkey when it is locked or lost"})
		return d.id(id), secret, keeps, holes
	}
	if is(s.Apart) {
		return 0, 0, true, nil
	}
	claim := ""
	if s.Passkey != nil && !s.Passkey.AAGUID.Relied() {
		claim = s.Passkey.Provider
	}
	if d.unknown(Assumption{About: AboutCloud, Signer: s.ID, Claim: claim, Counted: "lost and stolen with every cloud account that may hold it"}) {
		return 0, 0, true, nil
	}
	account = d.made(unknownDomains[DomainCloud])
	for _, c := range d.a.Domains {
		if c.Kind == DomainCloud && !c.fresh && d.mayHold(c, s) {
			account |= d.id(c.ID)
			if c.Secret.Relied() {
				secret |= d.id(c.Secret.Value)
			}
		}
	}
	return account, secret | d.could(DomainSecret), false, anyOf(account)
}

// mayHold reports whether a cloud account may hold a passkey: an attested model says
// whose it is.
func (d *deriver) mayHold(c Domain, s *Signer) bool {
	return s.Passkey == nil || !s.Passkey.AAGUID.Relied() || s.Passkey.Group == "" || c.Group == "" || c.Group == s.Passkey.Group
}

func (d *deriver) rpID(s *Signer) set {
	if s.RPID.Relied() {
		return d.id(s.RPID.Value)
	}
	if d.unknown(Assumption{About: AboutRPID, Signer: s.ID, Claim: s.RPID.Value, Counted: "lost and stolen with every RP ID"}) {
		return 0
	}
	return d.could(DomainRPID)
}

// bind makes every means need the RP ID's domain, and adds what goes on without it.
func (d *deriver) bind(s *Signer, p *party, rp set) {
	roaming := is(s.Roaming)
	if synced := s.Cloud.Relied() && s.Cloud.Value != ""; !s.Roaming.Relied() && !synced && !is(s.Passkey.Eligible()) && rp != 0 {
		roaming = d.unknown(Assumption{About: AboutRoaming, Signer: s.ID, Counted: "it can be used on its RP ID's own pages only"})
	}
	p.movable = is(s.Exportable)
	if e := s.Passkey.Eligible(); !s.Exportable.Relied() && !is(s.Roaming) && (e.Value || e.Source == Unknown) {
		p.movable = d.unknown(Assumption{About: AboutExportable, Signer: s.ID, Counted: "it cannot leave its manager"})
	}
	var how []string
	if roaming {
		how = append(how, "ask the security key directly (CTAP)")
	}
	if p.movable {
		how = append(how, "export it and sign with the copy")
	}
	for i, w := range p.means { // appends go behind what is ranged over
		if rp == 0 {
			return
		}
		p.means[i].needs |= rp
		for _, h := range how {
			if w.rescue != "" {
				h = w.rescue + ", then " + h
			}
			p.means = append(p.means, means{w.needs, h})
		}
	}
}
