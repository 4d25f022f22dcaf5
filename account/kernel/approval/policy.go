// The policies of the SDK's document: policyParams.

package approval

import (
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/grant"
)

// maxPolicies is Kernel's, whose last entry is the signer.
const maxPolicies = 253

// readPolicies keeps of each policy the bytes that it is installed with, and what
// its contract reads in them. That decides, not the name that the document gives
// it: a gas policy at the address of the sudo policy allows everything.
func (d *Document) readPolicies(f *fields, list int) {
	items := f.items(list)
	if len(items) > maxPolicies {
		f.fail(list, wayAgain, "%d policies, Kernel takes %d", len(items), maxPolicies)
		return
	}
	for _, item := range items {
		params := f.need(f.is(item, object), "policyParams", object)
		if f.err != nil {
			return
		}
		stated := readPolicy(f, params)
		if f.err != nil {
			return
		}
		entry, err := grant.KernelEntry(stated)
		if err != nil {
			f.refused(params, err)
			return
		}
		read, err := grant.DecodeKernelEntry(entry)
		if err != nil {
			f.refused(params, err)
			return
		}
		name(read, stated)
		d.entries = append(d.entries, entry)
		d.fields.Policies = append(d.fields.Policies, read)
	}
}

// refused puts a refusal of package grant in its place.
func (f *fields) refused(i int, err error) {
	way := wayAgain
	if h, ok := err.(interface{ Hint() string }); ok {
		way = h.Hint()
	}
	f.fail(i, way, "%s", strings.TrimPrefix(err.Error(), "grant: "))
}

// name gives a policy that was read from its bytes what the bytes do not say.
func name(read, stated grant.Policy) {
	r, ok1 := read.(*grant.Call)
	s, ok2 := stated.(*grant.Call)
	if !ok1 || !ok2 {
		return
	}
	for i := range r.Permissions {
		r.Permissions[i].Function = s.Permissions[i].Function
		for j := range r.Permissions[i].Rules {
			r.Permissions[i].Rules[j].Slice = s.Permissions[i].Rules[j].Slice
		}
	}
}

// readPolicy reads the parameters that the SDK's to…Policy functions take.
func readPolicy(f *fields, i int) grant.Policy {
	base := grant.Base{Flags: readFlag(f, i), Address: f.address(f.may(i, "policyAddress", text))}
	kind := f.need(i, "type", text)
	switch k := grant.Kind(f.plain(kind)); k {
	case grant.KindCall:
		return readCall(f, i, base)
	case grant.KindGas:
		return &grant.Gas{
			Base: base, Allowed: f.uint(f.get(i, "allowed"), 128, true),
			EnforcePaymaster: f.truth(i, "enforcePaymaster"), Paymaster: f.address(f.may(i, "allowedPaymaster", text)),
		}
	case grant.KindRateLimit:
		return readRate(f, i, base)
	case grant.KindTimestamp:
		return &grant.Timestamp{
			Base:       base,
			ValidAfter: f.small(f.get(i, "validAfter"), 48, true), ValidUntil: f.small(f.get(i, "validUntil"), 48, true),
		}
	case grant.KindSignatureCaller:
		p := &grant.SignatureCaller{Base: base}
		for _, c := range f.items(f.need(i, "allowedCallers", array)) {
			p.Callers = append(p.Callers, f.address(f.is(c, text)))
		}
		return p
	case grant.KindSudo:
		return &grant.Sudo{Base: base}
	default:
		if kind != 0 {
			f.fail(kind, "the SDK knows call, gas, rate-limit, timestamp, signature-caller and sudo", "there is no policy %.40q", string(k))
		}
		return &grant.Sudo{Base: base}
	}
}

func (f *fields) truth(i int, name string) bool {
	v, _ := f.boolean(i, name)
	return v
}

func readFlag(f *fields, i int) (flag grant.Flag) {
	if b := f.bytes(f.may(i, "policyFlag", text), 2); len(b) == 2 {
		flag = grant.Flag(b[0])<<8 | grant.Flag(b[1])
	}
	return flag
}

func readRate(f *fields, i int, base grant.Base) grant.Policy {
	p := &grant.RateLimit{
		Base:     base,
		Interval: f.small(f.get(i, "interval"), 48, false), Count: f.small(f.need(i, "count", number), 48, false),
		StartAt: f.small(f.get(i, "startAt"), 48, false),
	}
	once, reset := (&grant.RateLimit{}).Contract(), (&grant.RateLimit{Reset: true}).Contract()
	switch base.Address {
	case common.Address{}, once:
	case reset:
		p.Reset = true
	default:
		f.fail(f.get(i, "policyAddress"), "use "+once.Hex()+", or "+reset.Hex()+" with reset", "the SDK knows no rate limit at %s", base.Address)
	}
	return p
}

func readCall(f *fields, i int, base grant.Base) grant.Policy {
	p := &grant.Call{Base: base, Version: grant.CallVersion(f.plain(f.may(i, "policyVersion", text)))}
	if base.Address == (common.Address{}) {
		if p.Version == "" || p.Contract() == (common.Address{}) {
			f.fail(i, "the versions are 0.0.1 to "+string(grant.CallLatest), "there is no call policy %.20q", string(p.Version))
			return p
		}
	}
	single := p.Contract() == (&grant.Call{Version: grant.Call001}).Contract()
	for _, item := range f.items(f.may(i, "permissions", array)) {
		if f.is(item, object) == 0 {
			break
		}
		p.Permissions = append(p.Permissions, readPermission(f, item, single))
	}
	return p
}

func readPermission(f *fields, i int, single bool) (p grant.Permission) {
	p.Target = f.address(f.need(i, "target", text))
	if b := f.bytes(f.need(i, "callType", text), 1); b != nil {
		p.CallType = grant.CallType(b[0])
	}
	copy(p.Selector[:], f.bytes(f.need(i, "selector", text), 4))
	p.ValueLimit = f.uint(f.get(i, "valueLimit"), 256, true)
	for _, r := range f.items(f.need(i, "rules", array)) {
		if f.is(r, object) == 0 {
			break
		}
		p.Rules = append(p.Rules, readRule(f, r, single))
	}
	readSlices(f, i, p.Rules)
	p.Function = readFunction(f, i, p.Selector)
	return p
}

// readRule takes a rule as it stands. The SDK computes some wrongly: what it wrote
// is what the owner signed.
func readRule(f *fields, i int, single bool) (r grant.Rule) {
	r.Offset = f.small(f.need(i, "offset", number), 64, false)
	condition := f.need(i, "condition", number)
	r.Condition = grant.Condition(f.small(condition, 8, false))
	if r.Condition > grant.SliceEqual {
		f.fail(condition, wayAgain, "there is no condition %d", r.Condition)
	}
	var words []int
	if single {
		words = []int{f.need(i, "params", text)}
	} else {
		words = f.items(f.need(i, "params", array))
	}
	r.Params = make([][32]byte, 0, len(words))
	for _, w := range words {
		var word [32]byte
		copy(word[:], f.bytes(f.is(w, text), 32))
		r.Params = append(r.Params, word)
	}
	// What the hash of a slice is of: ours, the SDK passes it on.
	if s := f.may(i, "slice", text); s != 0 && r.Condition == grant.SliceEqual && len(r.Params) == 3 {
		if b := f.bytes(s, -1); [32]byte(crypto.Keccak256(b)) == r.Params[2] {
			r.Slice = b
		}
	}
	return r
}

// readFunction finds the function that the selector stands for in the interface
// that a document may carry. It is for words only: one that does not have the
// selector is left out.
func readFunction(f *fields, i int, selector [4]byte) *grant.Function {
	list, wanted := f.get(i, "abi"), f.get(i, "functionName")
	if list == 0 || wanted == 0 || f.nodes[list].kind != array || f.nodes[wanted].kind != text {
		return nil
	}
	for c := f.nodes[list].first; c != 0; c = f.nodes[c].next {
		if n := f.get(c, "name"); n == 0 || string(f.raw(n)) != string(f.raw(wanted)) {
			continue
		}
		var b strings.Builder
		b.WriteString(f.plain(wanted))
		if !f.types(&b, f.get(c, "inputs"), 0) {
			continue
		}
		fn, err := grant.ParseFunction(b.String())
		if err == nil && fn.Selector() == selector {
			return fn
		}
	}
	return nil
}

// maxSignature is of a function's text.
const maxSignature = 4 << 10

// types writes a list of parameters as [grant.ParseFunction] reads it. Names that
// are none there are left out.
func (f *fields) types(b *strings.Builder, list, depth int) bool {
	if list == 0 || f.nodes[list].kind != array || depth > 8 {
		return false
	}
	b.WriteByte('(')
	for c, first := f.nodes[list].first, true; c != 0; c, first = f.nodes[c].next, false {
		if !first {
			b.WriteByte(',')
		}
		t := f.get(c, "type")
		if t == 0 || f.nodes[t].kind != text || b.Len() > maxSignature {
			return false
		}
		typ := f.plain(t)
		if rest, tuple := strings.CutPrefix(typ, "tuple"); tuple {
			if !f.types(b, f.get(c, "components"), depth+1) {
				return false
			}
			typ = rest
		}
		b.WriteString(typ)
		if n := f.get(c, "name"); n != 0 && depth == 0 && f.nodes[n].kind == text && isName(f.plain(n)) {
			b.WriteString(" " + f.plain(n))
		}
	}
	b.WriteByte(')')
	return true
}

// isName admits what the expressions of package grant take for a name.
func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
