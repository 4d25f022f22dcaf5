package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/flow"
)

// flowScript is what a script of package flow does, and what its arguments say; nil where they are no arguments of it.
type flowScript struct {
	words string
	say   func(arguments []flow.Value) []Fact
}

// flowScripts are the scripts of package flow.
func flowScripts() map[flow.ScriptHash]flowScript {
	key := flow.AccountKey{Curve: flow.P256, Hash: flow.SHA2}
	out := map[flow.ScriptHash]flowScript{}
	if script, _, err := flow.CreateAccount(key); err == nil {
		out[flow.HashScript(script)] = flowScript{"creates an account, which the authorizer pays for", newFlowAccount}
	}
	if script, _, err := flow.AddKeys(key); err == nil {
		out[flow.HashScript(script)] = flowScript{"adds keys to the authorizer's account", newFlowKeys}
	}
	script, _ := flow.RevokeKey(0)
	out[flow.HashScript(script)] = flowScript{"revokes a key of the authorizer's account", revokedFlowKey}
	return out
}

// flowDeed is what a transaction does, if its script is one of package flow with arguments that it takes.
func flowDeed(t *flow.Transaction) (words string, facts []Fact) {
	known, found := flowScripts()[flow.HashScript(t.Script)]
	if !found {
		return "", nil
	}
	var arguments []flow.Value
	for _, a := range t.Arguments {
		v, err := flow.ParseValue(a)
		if err != nil {
			return "", nil
		}
		arguments = append(arguments, v)
	}
	if facts = known.say(arguments); facts == nil {
		return "", nil
	}
	return known.words, facts
}

func newFlowAccount(arguments []flow.Value) []Fact {
	facts, weight := flowKeyFacts(arguments)
	if facts != nil && weight < flow.WeightThreshold {
		facts = append(facts, Fact{"caution", fmt.Sprintf("nobody will be able to use the account: its keys weigh %d together, and %d are needed", weight, flow.WeightThreshold)})
	}
	return facts
}

// newFlowKeys warns of light keys, too: a second one makes them heavy enough.
func newFlowKeys(arguments []flow.Value) []Fact {
	facts, weight := flowKeyFacts(arguments)
	switch {
	case facts == nil:
		return nil
	case weight >= flow.WeightThreshold:
		return append(facts, Fact{"caution", "what is added can do everything with the account: add only what is yours"})
	}
	return append(facts, Fact{"caution", "together with other keys, what is added can do everything with the account: add only what is yours"})
}

// flowKeyFacts reads the four columns of keys as package flow writes them, and adds up the weights.
func flowKeyFacts(columns []flow.Value) (facts []Fact, weight int) {
	if len(columns) != 4 {
		return nil, 0
	}
	for i, kind := range []string{"String", "UInt8", "UInt8", "UFix64"} {
		c := columns[i]
		if c.Type != "Array" || len(c.Items) == 0 || len(c.Items) != len(columns[0].Items) || slices.ContainsFunc(c.Items, func(v flow.Value) bool { return v.Type != kind }) {
			return nil, 0
		}
	}
	for i, public := range columns[0].Items {
		curve := map[string]flow.Curve{"1": flow.P256, "2": flow.Secp256k1}[columns[1].Items[i].Text]
		hash := map[string]flow.HashAlgorithm{"1": flow.SHA2, "3": flow.SHA3}[columns[2].Items[i].Text]
		whole, rest, _ := strings.Cut(columns[3].Items[i].Text, ".")
		w, err := strconv.Atoi(whole)
		key, wrong := flow.ParsePublic(public.Text)
		if curve == "" || hash == "" || err != nil || strings.Trim(rest, "0") != "" || w > flow.WeightThreshold || wrong != nil {
			return nil, 0
		}
		k := flow.AccountKey{Public: key}
		facts = append(facts, Fact{"key", fmt.Sprintf("%s, %s with %s, weight %d of %d", k.PublicHex(), curve, hash, w, flow.WeightThreshold)})
		weight += w
	}
	return facts, weight
}

func revokedFlowKey(arguments []flow.Value) []Fact {
	if len(arguments) != 1 || arguments[0].Type != "Int" {
		return nil
	}
	n, err := strconv.ParseUint(arguments[0].Text, 10, 32)
	if err != nil {
		return nil
	}
	return []Fact{{"key", fmt.Sprintf("number %d, which can then never sign for the account again", n)}}
}
