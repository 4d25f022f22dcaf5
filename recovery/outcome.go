// What an event leads to.

package recovery

import "time"

// State is what an account is in after an event. Worse states are greater.
type State uint8

// The states.
const (
	Works       State = iota // its owner goes on as before
	Recoverable              // its owner gets back in
	Contested                // somebody else can begin to take it, and its owner can stop that in time
	Locked                   // nobody gets in
	Stolen                   // somebody else has it and nobody can stop that
)

var stateNames = [...]string{"works", "recoverable", "contested", "locked", "stolen"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// MarshalText makes a state a word in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Outcome is a state and how it comes to it.
type Outcome struct {
	State State `json:"state"`
	// By are the signers who bring the owner in, and Route the way they take.
	Route string        `json:"route,omitempty"`
	By    []string      `json:"by,omitempty"`
	Delay time.Duration `json:"delay,omitempty"` // until the owner is in again
	Steps []string      `json:"steps,omitempty"` // what has to be done that is not done every day
	// Attack is the route of somebody else, and Within the time to stop it.
	Attack string        `json:"attack,omitempty"`
	Within time.Duration `json:"within,omitempty"`
	// Replace are signers that somebody else can use, or that are lost: the owner should
	// replace them.
	Replace []string `json:"replace,omitempty"`
	// Perhaps are signers of which that is not known.
	Perhaps []string `json:"perhaps,omitempty"`
}
