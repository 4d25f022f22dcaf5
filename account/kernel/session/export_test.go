package session

// What the tests of this package look into.
var (
	PermissionsIn = permissionsIn
	IDsIn         = idsIn
	Clock         = clock
)

// MaxTransactions is how many transactions are read.
const MaxTransactions = maxTransactions
