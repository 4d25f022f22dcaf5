package contracts_test

import (
	"bytes"
	"testing"

	"github.com/postern-dev/postern/contracts"
)

func TestP256EnginesAreWhereTheirAddressesSay(t *testing.T) {
	w := newWorld(t, osaka)
	for _, e := range contracts.P256Engines() {
		w.must(stranger, contracts.Deployer, nil, e.InitCode())
		if !bytes.Equal(w.state.GetCode(e.Address), e.Code()) || len(e.Code()) == 0 {
			t.Errorf("%s is not at %s", e.Name, e.Address)
		}
	}
}
