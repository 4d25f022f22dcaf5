package inspect

func (in *inspector) posternSignature(b []byte) (Reading, bool) { return Reading{}, false }
func (in *inspector) posternSigner(b []byte) (Reading, bool)    { return Reading{}, false }
func (in *inspector) posternCall(b []byte) (Reading, bool)      { return Reading{}, false }
