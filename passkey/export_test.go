package passkey

// Parts that tests of package passkey_test reach.
var RecoverKeys = recoverKeys

// SlowClientData is the path that does not try the common serialisation first.
func SlowClientData(b []byte) (ClientData, error) { return slowClientData(b, nil) }

// FastClientData is the path that knows only the common serialisation.
func FastClientData(b []byte) (ClientData, bool) { return fastClientData(b, nil) }
