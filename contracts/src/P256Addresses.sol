// SPDX-License-Identifier: MIT
// Written by internal/p256addresses. Do not edit: run `go run ./internal/p256addresses`.
pragma solidity ^0.8.28;

// Where the P-256 verifiers and the factory of tables are: by CREATE2 from the deterministic deployment proxy
// 0x4e59b44847b379578588920cA78FbF26c0B4956C with salt zero, the same on every chain.

address constant P256_TABLE_512 = 0xA798A0070322704946EACd859B223694c82d3c7c;
address constant P256_TABLE_1K = 0x6638711F0dBA579bF362984c784Cf4E34e8240e0;
address constant P256_TABLE_4K = 0xF74b7CA1A695B24E02048E8456715A064A7736DA;
address constant P256_TABLE_16K = 0x78c7F9fDf7dC2fc9c2499CD89CFe185BE338CEf9;
address constant P256_NO_TABLE = 0xfFA7Ac45c462fF214167Bc44f106b9bBAB764E1B;
address constant P256_PLAIN = 0xaFb223faB14B7E8E938810C6a03807C7685e3eCA;
address constant P256_SLOW = 0x42f71efabB161dC32DF2DE6e9B05468B314E4eb8;
address constant P256_TABLE_FACTORY = 0x5caad589a5b9FC5D424d4c60eFf262E393d22e88;

// keccak256 of the code that creates a table.
bytes32 constant P256_TABLE_INIT_CODE_HASH = 0x9a4a46255df7452b2b6c5ceab618701c7a87784f30d037fb510750fa29a4064f;
