// SPDX-License-Identifier: MIT
// Written by internal/p256addresses. Do not edit: run `go run ./internal/p256addresses`.
pragma solidity ^0.8.28;

// Where the P-256 verifiers and the factory of tables are: by CREATE2 from the deterministic deployment proxy
// 0x4e59b44847b379578588920cA78FbF26c0B4956C with salt zero, the same on every chain.

address constant P256_TABLE_512 = 0xc021Aa9794E8Fdf6a31173d672B2b3aA656B7BeF;
address constant P256_TABLE_1K = 0x0f49B4a068bB07F9ef286C70b5B601AdF4e2b3eC;
address constant P256_TABLE_4K = 0x9eEB9444EA08f085EE953F1077c1cF71c60CC667;
address constant P256_TABLE_16K = 0xc8088e216244a2b4cc26811644C811964144D789;
address constant P256_NO_TABLE = 0x6434a39Db37CEC4fc3b179AaFb910B15b4edA15a;
address constant P256_PLAIN = 0xB7332328EA1f485726D3520d35f66147247f4181;
address constant P256_SLOW = 0x42f71efabB161dC32DF2DE6e9B05468B314E4eb8;
address constant P256_TABLE_FACTORY = 0x5caad589a5b9FC5D424d4c60eFf262E393d22e88;

// keccak256 of the code that creates a table.
bytes32 constant P256_TABLE_INIT_CODE_HASH = 0x9a4a46255df7452b2b6c5ceab618701c7a87784f30d037fb510750fa29a4064f;
