// Command p256addresses writes contracts/src/P256Addresses.sol: where the verifiers of P-256 signatures and the factory
// of tables are on every chain, as constants for Solidity. Run it at the root of the module:
//
//	go run ./internal/p256addresses
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
)

// path is from the root of the module.
const path = "contracts/src/P256Addresses.sol"

func main() {
	if err := os.WriteFile(path, source(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "p256addresses:", err)
		os.Exit(1)
	}
}

// source is the file.
func source() []byte {
	var b bytes.Buffer
	b.WriteString(`// SPDX-License-Identifier: MIT
// Written by internal/p256addresses. Do not edit: run ` + "`go run ./internal/p256addresses`" + `.
pragma solidity ^0.8.28;

// Where the P-256 verifiers and the factory of tables are: by CREATE2 from the deterministic deployment proxy
// 0x4e59b44847b379578588920cA78FbF26c0B4956C with salt zero, the same on every chain.

`)
	constant := func(name string, a common.Address) {
		fmt.Fprintf(&b, "address constant %s = %s;\n", name, a.Hex())
	}
	constant("P256_TABLE_512", contracts.P256Table512.Address)
	constant("P256_TABLE_1K", contracts.P256Table1k.Address)
	constant("P256_TABLE_4K", contracts.P256Table4k.Address)
	constant("P256_TABLE_16K", contracts.P256Table16k.Address)
	constant("P256_NO_TABLE", contracts.P256NoTable.Address)
	constant("P256_PLAIN", contracts.P256Plain.Address)
	constant("P256_SLOW", contracts.P256Slow)
	constant("P256_TABLE_FACTORY", contracts.P256TableFactory.Address)
	fmt.Fprintf(&b, "\n// keccak256 of the code that creates a table.\nbytes32 constant P256_TABLE_INIT_CODE_HASH = %s;\n",
		crypto.Keccak256Hash(contracts.TableInitCode()))
	return b.Bytes()
}
