// Writing the SDK's JSON.

package approval

import (
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// writer writes JSON. Only names need escapes: see quoted.
type writer struct {
	b     []byte
	comma bool
}

func (w *writer) sep() {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
}

func (w *writer) begin(c byte) {
	w.sep()
	w.b, w.comma = append(w.b, c), false
}

func (w *writer) end(c byte) { w.b, w.comma = append(w.b, c), true }

func (w *writer) open()  { w.begin('{') }
func (w *writer) close() { w.end('}') }

func (w *writer) name(s string) *writer {
	w.text(s)
	w.b, w.comma = append(w.b, ':'), false
	return w
}

func (w *writer) text(s string) {
	w.sep()
	w.b = append(append(append(w.b, '"'), s...), '"')
}

// number writes what needs no quotes.
func (w *writer) number(b []byte) {
	w.sep()
	w.b = append(w.b, b...)
}

func (w *writer) uint(n uint64)   { w.number(strconv.AppendUint(nil, n, 10)) }
func (w *writer) bool(b bool)     { w.number(strconv.AppendBool(nil, b)) }
func (w *writer) hex(b []byte)    { w.text(hexutil.Encode(b)) }
func (w *writer) list(f func())   { w.begin('['); f(); w.end(']') }
func (w *writer) object(f func()) { w.open(); f(); w.close() }

// document writes what serializePermissionAccount and its sister for several chains
// write.
func (w *writer) document(p kernel.Permission, g grant.Grant, a *kernel.Account, signature []byte, o Options) error {
	var err error
	w.object(func() {
		w.name("permissionParams").object(func() {
			w.name("policies").list(func() {
				for _, policy := range g.Policies {
					w.object(func() {
						w.name("policyParams").object(func() {
							if e := w.policy(policy); err == nil {
								err = e
							}
						})
					})
				}
			})
			id := p.ID()
			w.name("permissionId").hex(id[:])
		})
		w.name("action").object(func() {
			w.name("selector").hex(executeSelector[:])
			w.name("address").hex(make([]byte, common.AddressLength))
		})
		w.name("validityData").object(func() {
			w.name("validAfter").uint(0)
			w.name("validUntil").uint(0)
		})
		w.name("accountParams").object(func() {
			w.name("initCode").text(initCode(a))
			w.name("accountAddress").text(a.Address().Hex())
		})
		if !o.PreInstalled {
			w.name("enableSignature").hex(signature)
		}
		if o.PrivateKey != nil {
			w.name("privateKey").hex(o.PrivateKey)
		}
		if o.EIP7702 != nil {
			w.name("eip7702Auth").authorization(o.EIP7702)
		}
		if !o.MultiChain {
			w.name("isPreInstalled").bool(o.PreInstalled)
		}
	})
	return err
}

// initCode is the factory's call data in the SDK's letters: it joins texts, so that
// the checksums of the root validator's address and of a secp256k1 owner's stay in
// them.
func initCode(a *kernel.Account) string {
	_, data := a.Factory()
	out := hexutil.Encode(data)
	mixed := []common.Address{a.RootContract()}
	if init := a.Root().InitData(); len(init) == common.AddressLength {
		mixed = append(mixed, common.Address(init))
	}
	for _, m := range mixed {
		out = strings.ReplaceAll(out, hexutil.Encode(m[:])[2:], m.Hex()[2:])
	}
	return out
}

// policy writes policyParams as the SDK's to…Policy makes them of the least that it
// can be given.
func (w *writer) policy(policy grant.Policy) error {
	w.name("type").text(string(policy.Kind()))
	flag := policy.Flag()
	flags := []byte{byte(flag >> 8), byte(flag)}
	if p, ok := policy.(*grant.Call); ok {
		return w.call(p, flags)
	}
	address := policy.Contract().Hex()
	if r, ok := policy.(*grant.RateLimit); ok && r.Reset {
		// The SDK compares texts, and its own constant is in small letters.
		contract := r.Contract()
		address = hexutil.Encode(contract[:])
	}
	w.name("policyAddress").text(address)
	w.name("policyFlag").hex(flags)
	switch p := policy.(type) {
	case *grant.Gas:
		allowed := "0"
		if p.Allowed != nil {
			allowed = p.Allowed.String()
		}
		w.name("allowed").text(allowed)
		w.name("enforcePaymaster").bool(p.EnforcePaymaster)
		w.name("allowedPaymaster").text(p.Paymaster.Hex())
	case *grant.RateLimit:
		w.name("interval").uint(p.Interval)
		w.name("count").uint(p.Count)
		w.name("startAt").uint(p.StartAt)
	case *grant.Timestamp:
		w.name("validAfter").uint(p.ValidAfter)
		w.name("validUntil").uint(p.ValidUntil)
	case *grant.SignatureCaller:
		w.name("allowedCallers").list(func() {
			for _, c := range p.Callers {
				w.text(c.Hex())
			}
		})
	case *grant.Sudo:
	default:
		return refuse("policies", "use the policies that the SDK knows", "the SDK's document has no place for a policy of the contract %s, which is not in its table", policy.Contract())
	}
	return nil
}

func (w *writer) call(p *grant.Call, flags []byte) error {
	version := p.Version
	if version == "" {
		version = grant.CallLatest
	}
	w.name("policyVersion").text(string(version))
	if p.Address != (common.Address{}) && p.Address != (&grant.Call{Version: version}).Contract() {
		return refuse("policies", "use one of the contracts that are known", "nothing is known of a call policy at %s", p.Address)
	}
	w.name("policyFlag").hex(flags)
	w.name("permissions").list(func() {
		for i := range p.Permissions {
			w.object(func() { w.permission(&p.Permissions[i], version == grant.Call001) })
		}
	})
	return nil
}

func (w *writer) permission(p *grant.Permission, single bool) {
	w.name("target").text(p.Target.Hex())
	if f := p.Function; f != nil && f.Selector() == p.Selector {
		w.name("abi").list(func() { w.object(func() { w.function(f) }) })
		w.name("functionName").text(f.Name)
	}
	w.name("callType").hex([]byte{byte(p.CallType)})
	w.name("selector").hex(p.Selector[:])
	limit := "0"
	if p.ValueLimit != nil {
		limit = p.ValueLimit.String()
	}
	w.name("valueLimit").text(limit)
	w.name("rules").list(func() {
		for _, r := range p.Rules {
			w.object(func() { w.rule(r, single) })
		}
	})
}

func (w *writer) rule(r grant.Rule, single bool) {
	w.name("params")
	if single && len(r.Params) == 1 {
		w.hex(r.Params[0][:])
	} else {
		w.list(func() {
			for _, word := range r.Params {
				w.hex(word[:])
			}
		})
	}
	w.name("offset").uint(r.Offset)
	w.name("condition").uint(uint64(r.Condition))
	if r.Condition == grant.SliceEqual && r.Slice != nil {
		w.name("slice").hex(r.Slice)
	}
}

// function writes an entry of a contract's interface, for the words of whoever
// opens the document. The SDK passes it on.
func (w *writer) function(f *grant.Function) {
	w.name("type").text("function")
	w.name("name").quoted(f.Name)
	w.name("stateMutability").text("nonpayable")
	w.name("inputs").list(func() {
		for _, p := range f.Params {
			w.object(func() { w.parameter(p.Name, p.Type) })
		}
	})
	w.name("outputs").list(func() {})
}

// parameter writes a canonical type, tuples as components.
func (w *writer) parameter(name, typ string) {
	if name != "" {
		w.name("name").quoted(name)
	}
	inner, rest, tuple := splitTuple(typ)
	if !tuple {
		w.name("type").quoted(typ)
		return
	}
	w.name("type").text("tuple" + rest)
	w.name("components").list(func() {
		for _, t := range inner {
			w.object(func() { w.parameter("", t) })
		}
	})
}

// splitTuple takes (a,(b,c))[2] apart into a, (b,c) and [2].
func splitTuple(typ string) (inner []string, rest string, ok bool) {
	if typ == "" || typ[0] != '(' {
		return nil, "", false
	}
	depth, from := 0, 1
	for i := range len(typ) {
		switch typ[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if (typ[i] == ',' && depth == 1 || depth == 0) && i > from {
			inner = append(inner, typ[from:i])
			from = i + 1
		}
		if depth == 0 {
			return inner, typ[i+1:], true
		}
	}
	return nil, "", false
}
