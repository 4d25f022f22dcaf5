package bundler_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// Look before anyone is asked to sign.
func ExampleProbe() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	chain, err := bundler.NewChain("https://rpc.example.com/v1/KEY", bundler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	b, err := bundler.Dial("https://bundler.example.com/KEY", bundler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	can, err := bundler.Probe(ctx, chain, b)
	if err != nil {
		log.Fatal(err) // says who could not be asked, without the key
	}
	fmt.Println("P256VERIFY", can.P256)
	for _, problem := range can.Problems {
		fmt.Println(problem)
	}
}

// Send an approved operation and wait for it. Sending again is harmless.
func ExampleClient_Send() {
	var op *userop.Op // from account.Prepared.Finish
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := bundler.Dial("http://localhost:8080/rpc", bundler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	hash, err := b.Send(ctx, op, userop.V08)
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := b.Wait(ctx, hash)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Success, receipt.ActualGasUsed)
}

// A refusal says why and what to do.
func ExampleRPCError() {
	server := httptest.NewServer(ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":-32500,"message":"AA21 didn't pay prefund"}}`))
	defer server.Close()
	b, err := bundler.Dial(server.URL, bundler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = b.EstimateGas(context.Background(), sample(), userop.V08)
	var refusal *bundler.RPCError
	if errors.As(err, &refusal) {
		fmt.Println(refusal)
		fmt.Println("hint:", refusal.Hint())
	}
	// Output:
	// eth_estimateUserOperationGas: AA21 didn't pay prefund
	// hint: send native currency to the account, lower the limits or the fee, or use a paymaster
}
