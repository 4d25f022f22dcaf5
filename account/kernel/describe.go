// What an account's calls mean, for the person who approves them.

package kernel

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/passkey"
)

var (
	_ account.Describer = (*Account)(nil)
	_ account.Warner    = (*Account)(nil)
	_ account.Warner    = DangerDelegating{}
)

// What a person has to know before approving.
const (
	warnUnknown   = "a call of the account to itself can change who controls it"
	warnOwner     = "whoever has the new owner's key can then do everything with the account: be sure whose it is"
	warnOldOwner  = "; unless the old validator is uninstalled in the same operation, its owner's signatures of messages stay valid, and a validator that the account had before keeps the owner it had then"
	warnValidator = "whoever this validator obeys can then do everything with the account, without the owner"
	warnAccess    = "it may then do what its policies let it, without asking again"
	warnModule    = "the module can take everything that its kind lets it take: be sure who wrote it"
	warnUpgrade   = "the new code can take everything of this account and lock you out"
	warnPolicies  = "what its policies allow is not known: it may be everything"
	warnDelegate  = "the foreign code runs as the account itself: it can take everything and put another code in the account's place"
	warnRevoked   = "Kernel 0.3.3 takes no messages from a root that was installed under a lower nonce: unless the root is installed again in the same operation, the account signs none from then on"
	warnMessages  = "messages that these permissions signed stay valid until each is uninstalled"
	warnModuleKey = "it tells the account's validator who the owner is"
)

// DescribeCall implements [account.Describer] for the account's calls to itself and to its
// root validator. What can be read in two ways is not described.
func (a *Account) DescribeCall(c account.Call) (string, bool) {
	words := ""
	switch {
	case c.To == a.address:
		words = a.selfWords(c.Data)
	case c.To == a.validator && c.To != (common.Address{}):
		words = a.validatorWords(c.Data)
	}
	if words == "" {
		return "", false
	}
	if c.Value != nil && c.Value.Sign() > 0 {
		words += ", sending " + account.Ether(c.Value) + " of the chain's coin with it"
	}
	return words, true
}

// WarnCall implements [account.Warner].
func (a *Account) WarnCall(c account.Call) string {
	switch {
	case len(c.Data) == 0 || c.To == (common.Address{}):
		return ""
	case c.To == a.validator:
		if begins(c.Data, []*abi.Method{onInstall, onUninstall}) {
			return warnModuleKey + ": " + warnOwner
		}
		return ""
	case c.To != a.address:
		return ""
	}
	return a.selfWarning(c.Data)
}

// WarnCall implements [account.Warner]: foreign code that runs as the account.
func (t DangerDelegating) WarnCall(account.Call) string { return warnDelegate }

// DescribeCall implements [account.Describer].
func (t DangerDelegating) DescribeCall(c account.Call) (string, bool) {
	return fmt.Sprintf("run the code of %s as this account itself, with %s", c.To, payload(c.Data)), true
}

// selfArgs reads a call of one of the account's functions strictly.
func selfArgs(data []byte) (*abi.Method, []any) {
	for _, m := range []*abi.Method{
		installModule, uninstallModule, installValidations, uninstallValidation, grantAccess, changeRootValidator,
		setDefaultValidator, upgradeTo, invalidateNonce,
	} {
		if !bytes.HasPrefix(data, m.ID) {
			continue
		}
		if args, err := abiargs.Method(m, data); err == nil {
			return m, args
		}
	}
	return nil, nil
}

func (a *Account) selfWords(data []byte) string {
	if isForeignGrant(data) && !a.Version().AtLeast(V033) {
		e, err := Decode(data)
		if err != nil {
			return ""
		}
		data = e.Calls[0].Data // this one code is known
	}
	m, args := selfArgs(data)
	switch m {
	case installModule:
		return fmt.Sprintf("install the %s %s with %s", moduleKind(args[0]), args[1], payload(args[2].([]byte)))
	case uninstallModule:
		return fmt.Sprintf("uninstall the %s %s with %s", moduleKind(args[0]), args[1], payload(args[2].([]byte)))
	case installValidations:
		return a.installWords(args)
	case uninstallValidation:
		return "revoke " + a.validationWords(args[0].([21]byte))
	case grantAccess:
		return a.accessWords(args)
	case changeRootValidator:
		return fmt.Sprintf("give this account to %s%s", a.ownerWords(args[0].([21]byte), args[2].([]byte)), hookWords(args[1].(common.Address)))
	case setDefaultValidator:
		return "give this account to " + a.ownerWords(ValidatorID(args[0].(common.Address)), args[1].([]byte))
	case upgradeTo:
		to := args[0].(common.Address)
		if d, ok := ByImplementation(to); ok {
			return "have this account run Kernel " + string(d.Version)
		}
		return fmt.Sprintf("replace the code of this account by %s, whose author then controls it", to)
	case invalidateNonce:
		return fmt.Sprintf("revoke all permissions and validators beside the owner that were granted under a nonce below %d, and all approvals that were not used yet", args[0])
	}
	return ""
}

func (a *Account) selfWarning(data []byte) string {
	m, args := selfArgs(data)
	switch m {
	case installModule:
		if args[0].(*big.Int).Cmp(big.NewInt(int64(ModuleValidator))) == 0 {
			return warnValidator + a.holeWords(args[1].(common.Address))
		}
		return warnModule
	case installValidations:
		return a.installWarning(args)
	case grantAccess:
		if args[2] == true {
			return warnAccess
		}
		return ""
	case changeRootValidator:
		return warnOwner + warnOldOwner + a.holeWords(ValidationID(args[0].([21]byte)).Validator())
	case setDefaultValidator:
		return warnOwner + a.holeWords(args[0].(common.Address))
	case upgradeTo:
		return a.upgradeWarning(args[0].(common.Address))
	case invalidateNonce:
		if a.Version().AtLeast(V033) {
			return warnRevoked
		}
		return warnMessages
	case uninstallModule, uninstallValidation:
		return ""
	}
	if isForeignGrant(data) && !a.Version().AtLeast(V033) {
		return warnAccess
	}
	return warnUnknown
}

// installWords says what installValidations installs.
func (a *Account) installWords(args []any) string {
	ids, data := args[0].([][21]byte), args[2].([][]byte)
	configs, _ := args[1].([]struct {
		Nonce uint32         `json:"nonce"`
		Hook  common.Address `json:"hook"`
	})
	if len(ids) != len(configs) || len(ids) != len(data) || len(ids) == 0 {
		return ""
	}
	var list []string
	for i, id := range ids {
		v := ValidationID(id)
		words := ""
		switch {
		case v == ValidatorID(a.validator):
			words = "install the owner's validator anew, obeying " + a.ownerWords(v, data[i])
		case v.Type() == TypeValidator:
			words = "install beside the owner " + a.ownerWords(v, data[i])
		case v.Type() == TypePermission:
			words = a.permissionWords(v.Permission(), data[i])
		default:
			return ""
		}
		list = append(list, words+hookWords(configs[i].Hook))
	}
	return strings.Join(list, "; ")
}

func (a *Account) installWarning(args []any) string {
	ids, data := args[0].([][21]byte), args[2].([][]byte)
	if len(ids) != len(data) {
		return warnUnknown
	}
	var warnings []string
	for i, id := range ids {
		switch v := ValidationID(id); v.Type() {
		case TypePermission:
			p, err := ParseEnableData(data[i])
			if err != nil {
				return warnUnknown
			}
			if err := p.Check(); err != nil {
				warnings = append(warnings, err.Error())
			}
			if p.ID() != v.Permission() {
				warnings = append(warnings, fmt.Sprintf("its id %s is not that of what it contains, %s: the chain does not look", v.Permission(), p.ID()))
			}
			g := grantOf(p)
			if len(g.Policies) != len(p.Policies) {
				warnings = append(warnings, warnPolicies)
				continue
			}
			for _, f := range grant.Check(g, grant.Facts{Account: a.address, Signer: p.Signer.Contract, Owner: a.validator, Permission: v.Permission()}) {
				warnings = append(warnings, f.Error())
			}
		case TypeValidator:
			if v == ValidatorID(a.validator) {
				warnings = append(warnings, warnOwner+a.holeWords(v.Validator()))
			} else {
				warnings = append(warnings, warnValidator+a.holeWords(v.Validator()))
			}
		default:
			return warnUnknown
		}
	}
	return strings.Join(warnings, "; ")
}

// upgradeWarning is of other code than a later version's: what [Account.Upgrade] refuses.
func (a *Account) upgradeWarning(to common.Address) string {
	d, ok := ByImplementation(to)
	switch {
	case !ok:
		return warnUpgrade
	case d.EntryPoint != a.EntryPoint():
		return fmt.Sprintf("the account would answer EntryPoint %s alone, and read its owner elsewhere than where it is kept: it can lock you out", d.EntryPoint.Version())
	case d.Version.Compare(a.Version()) <= 0:
		return fmt.Sprintf("Kernel %s is not later than what the account runs, and its faults are known", d.Version)
	}
	return ""
}

// holeWords ends a warning with the known hole of a validator's contract.
func (a *Account) holeWords(contract common.Address) string {
	if e := holeOf(a.Version(), contract); e != nil {
		return "; " + strings.TrimPrefix(e.Error(), "kernel: ") + ": " + e.Hint()
	}
	return ""
}

// grantOf reads the policies; none if one cannot be read.
func grantOf(p Permission) grant.Grant {
	g := grant.Grant{Flag: grant.Flag(p.Flag)}
	for _, e := range p.Policies {
		policy, err := grant.DecodeKernelEntry(e)
		if err != nil {
			return grant.Grant{}
		}
		g.Policies = append(g.Policies, policy)
	}
	return g
}

// permissionWords are those that grant has for the same permission everywhere.
func (a *Account) permissionWords(id PermissionID, data []byte) string {
	p, err := ParseEnableData(data)
	if err != nil {
		return ""
	}
	g := grantOf(p)
	if len(g.Policies) != len(p.Policies) {
		return fmt.Sprintf("let %s act for this account as the permission %s, under %d policies of which not all can be read", p.Signer, id, len(p.Policies))
	}
	return fmt.Sprintf("let %s act for this account as the permission %s: %s", p.Signer, id, strings.TrimSuffix(strings.Join(grant.Words(g, grant.Style{}), " "), "."))
}

// String says in words whose key it is.
func (s Signer) String() string {
	if key, ok := s.ECDSA(); ok {
		return "the key " + key.Hex()
	}
	if key, _, ok := s.WebAuthn(); ok {
		return account.ShortKey(key)
	}
	return "the signer " + s.Contract.Hex()
}

func (a *Account) accessWords(args []any) string {
	id, selector, allowed := ValidationID(args[0].([21]byte)), args[1].([4]byte), args[2] == true
	may, what := "let", fmt.Sprintf("call the function %#x of this account", selector)
	if !allowed {
		may = "no longer let"
	}
	if selector == executeSelector {
		what = "make calls for this account"
	}
	return fmt.Sprintf("%s %s %s", may, a.validationWords(id), what)
}

func (a *Account) validationWords(id ValidationID) string {
	if id.Type() == TypePermission {
		return "the permission " + id.Permission().String()
	}
	if name := a.validatorName(id.Validator()); name != "" {
		return "the " + name
	}
	return "the validator " + id.Validator().Hex()
}

// ownerWords says who a validator obeys that is installed with the data.
func (a *Account) ownerWords(id ValidationID, data []byte) string {
	name := a.validatorName(id.Validator())
	switch {
	case id.Type() == TypePermission:
		if p, err := ParseEnableData(data); err == nil {
			return fmt.Sprintf("%s, whose signer is %s, under %d policies", a.validationWords(id), p.Signer, len(p.Policies))
		}
		return fmt.Sprintf("%s with %s", a.validationWords(id), payload(data))
	case strings.Contains(name, "ECDSA") && len(data) == common.AddressLength:
		return fmt.Sprintf("the key %s (%s)", common.Address(data), name)
	case strings.Contains(name, "WebAuthn") && len(data) == 96:
		if key, err := passkey.ParseRaw(data[:64]); err == nil {
			return fmt.Sprintf("%s (%s)", account.ShortKey(key), name)
		}
	}
	return fmt.Sprintf("whoever the validator %s obeys with %s", id.Validator(), payload(data))
}

// validatorName is the name of a validator of the table, "" for others.
func (a *Account) validatorName(contract common.Address) string {
	for _, k := range knownValidators(a.Version()) {
		if k.contract == contract {
			return k.name
		}
	}
	return ""
}

// validatorWords describes what the account tells its root validator.
func (a *Account) validatorWords(data []byte) string {
	for _, m := range []*abi.Method{onInstall, onUninstall} {
		args, err := abiargs.Method(m, data)
		switch {
		case err != nil:
		case m == onInstall:
			return "have the owner's validator obey " + a.ownerWords(ValidatorID(a.validator), args[0].([]byte))
		default:
			return "have the owner's validator forget the owner"
		}
	}
	return ""
}

func hookWords(hook common.Address) string {
	if hook == (common.Address{}) || hook == noHook {
		return ""
	}
	return fmt.Sprintf(", watched by the hook %s, which can refuse everything", hook)
}

func moduleKind(n any) string {
	names := []string{"validator", "executor", "fallback handler", "hook", "policy", "signer"}
	if kind := n.(*big.Int); kind.IsInt64() && kind.Int64() >= 1 && kind.Int64() <= int64(len(names)) {
		return names[kind.Int64()-1]
	}
	return fmt.Sprintf("module of type %v", n)
}

func payload(data []byte) string {
	return fmt.Sprintf("%d bytes of data 0x%x", len(data), data[:min(len(data), 64)])
}

// Warnings are what a person should know of the account whatever it does: show them with
// every operation.
func (a *Account) Warnings() []string {
	var list []string
	if a.deployment.Unverified {
		list = append(list, fmt.Sprintf("nobody has seen Postern work with a contract of Kernel %s: try it with an account that holds little", a.Version()))
	}
	if words := a.holeWords(a.validator); words != "" {
		list = append(list, strings.TrimPrefix(words, "; "))
	}
	return list
}
