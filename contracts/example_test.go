package contracts_test

import (
	"fmt"
	"log"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// The address of an account is known as soon as its passkey is, without a chain.
func ExampleDeployment_Address() {
	deployment, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		log.Fatal(err)
	}
	key, err := passkey.ParseRaw(generator())
	if err != nil {
		log.Fatal(err)
	}
	signer, err := seal.PasskeySigner(key, seal.RequireUV)
	if err != nil {
		log.Fatal(err)
	}
	start := contracts.Params{
		Signers:   [][]byte{signer.Bytes()},
		Weights:   []uint64{1},
		Threshold: 1,
		Salt:      [32]byte{1},
	}
	address, err := deployment.Address(start)
	if err != nil {
		log.Fatal(err)
	}
	create, err := deployment.CreateAccount(start) // the operation's factory data
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(address), "bytes of address,", len(create), "of factory data")
	// Output: 20 bytes of address, 388 of factory data
}
