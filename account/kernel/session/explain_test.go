package session

import (
	"errors"
	"fmt"
	"testing"

	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

func TestWhatTheChainSaid(t *testing.T) {
	s := &Session{grant: grant.Grant{Policies: []grant.Policy{&grant.Timestamp{}, &grant.Call{}, &grant.RateLimit{}}}}
	failed := func(i byte) []byte { return append(append([]byte{}, policyFailed...), append(make([]byte, 31), i)...) }
	for name, c := range map[string]struct {
		err    error
		policy int // -2: not explained
	}{
		"a policy":            {userop.DecodeRevert(failed(2)), 2},
		"no such policy":      {userop.DecodeRevert(failed(3)), -2},
		"cut":                 {userop.DecodeRevert(failed(2)[:20]), -2},
		"a rule":              {userop.DecodeRevert(selector("CallViolatesValueRule()")), 1},
		"the account":         {userop.DecodeRevert(selector("InvalidNonce()")), -1},
		"in a bundler's text": {fmt.Errorf("AA23 reverted 0x%x", failed(0)), 0},
		"a rule in text":      {fmt.Errorf("AA23 reverted 0x%x", selector("RateLimited()")), 2},
		"something else":      {errors.New("AA23 reverted 0x12345678"), -2},
		"an address":          {errors.New("0x0000000071727de22e5e9d8baf0edac6f37da032 has no code"), -2},
		"nothing":             {errors.New("down"), -2},
	} {
		err := s.explain(c.err)
		e, ok := errors.AsType[*ChainRefusedError](err)
		if ok != (c.policy != -2) || ok && (e.Policy != c.policy || e.What == "" || !errors.Is(err, c.err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.explain(nil) != nil {
		t.Error("nothing is explained")
	}
}

// Two policies of a kind revert alike: which of them did cannot be told.
func TestOneOfTwoPoliciesIsNotGuessed(t *testing.T) {
	s := &Session{grant: grant.Grant{Policies: []grant.Policy{&grant.Call{}, &grant.RateLimit{}, &grant.Call{Version: grant.Call004}}}}
	for signature, want := range map[string]int{"CallViolatesValueRule()": -1, "RateLimited()": 1} {
		e, ok := errors.AsType[*ChainRefusedError](s.explain(userop.DecodeRevert(selector(signature))))
		if !ok || e.Policy != want || e.What == "" {
			t.Errorf("%s: %+v", signature, e)
		}
	}
}
