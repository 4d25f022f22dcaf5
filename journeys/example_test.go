package journeys_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/journeys"
)

// Any chain with the contracts and any bundler can be walked: the stand says where
// they are and who pays.
func ExampleRun() {
	env := journeys.Env{
		Stand: journeys.Stand{
			RPC: "http://127.0.0.1:8545", Bundler: "http://127.0.0.1:4337", Paymaster: "http://127.0.0.1:3000",
			Fund: func(ctx context.Context, to common.Address) (common.Hash, error) {
				return common.Hash{}, fmt.Errorf("send some coins to %s", to)
			},
		},
		Only: []string{"backup_signer"},
	}
	err := journeys.Run(context.Background(), env, func(s journeys.Step) { fmt.Println(s.Name, s.OK, s.MS) })
	if err != nil {
		log.Fatal(err)
	}
}
