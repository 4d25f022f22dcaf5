package account

import (
	"errors"
	"testing"
)

func TestWhatBundlersSayOfAnOperationTheyHave(t *testing.T) {
	for text, want := range map[string][2]bool{
		"Already known": {true, true},
		"UserOperation already exists in the mempool":                          {true, true},
		"an operation with the same sender and nonce already exists":           {true, false},
		"already known nonce: replacement underpriced":                         {true, false},
		"AA24 signature error":                                                 {false, false},
		"the fee is too low; nothing is known already, and nothing like it is": {false, false},
	} {
		if got := [2]bool{MayBeKnown(errors.New(text)), isKnown(errors.New(text))}; got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
	if MayBeKnown(nil) {
		t.Error("no error")
	}
}
