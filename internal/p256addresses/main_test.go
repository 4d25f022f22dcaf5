package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheCommittedAddressesAreThoseOfTheContracts(t *testing.T) {
	file, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, source()) {
		t.Errorf("%s is stale: go run ./internal/p256addresses", path)
	}
}
