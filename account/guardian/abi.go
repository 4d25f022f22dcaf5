// The module's functions and events.

package guardian

import "github.com/postern-dev/postern/contracts"

var moduleABI = contracts.RecoveryABI

// Module is the address of the recovery module of WebAuthnAccounts, the same on every
// chain.
var Module = contracts.WebAuthnAccountRecovery
