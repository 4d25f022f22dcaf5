package p256gen

// opcode is one instruction by what it does to the stack.
type opcode struct {
	code      byte
	pop, push int
	ends      bool // nothing runs after it
}

// opcodes are the instructions the programs use; PUSH, DUP and SWAP are written otherwise.
var opcodes = map[string]opcode{
	"STOP": {0x00, 0, 0, true},
	"ADD":  {0x01, 2, 1, false}, "MUL": {0x02, 2, 1, false}, "SUB": {0x03, 2, 1, false}, "DIV": {0x04, 2, 1, false}, "MOD": {0x06, 2, 1, false},
	"ADDMOD": {0x08, 3, 1, false}, "MULMOD": {0x09, 3, 1, false},
	"LT": {0x10, 2, 1, false}, "GT": {0x11, 2, 1, false}, "EQ": {0x14, 2, 1, false}, "ISZERO": {0x15, 1, 1, false},
	"AND": {0x16, 2, 1, false}, "OR": {0x17, 2, 1, false}, "XOR": {0x18, 2, 1, false}, "NOT": {0x19, 1, 1, false},
	"BYTE": {0x1a, 2, 1, false}, "SHL": {0x1b, 2, 1, false}, "SHR": {0x1c, 2, 1, false}, "SAR": {0x1d, 2, 1, false},
	"KECCAK256": {0x20, 2, 1, false}, "ADDRESS": {0x30, 0, 1, false}, "CALLER": {0x33, 0, 1, false}, "CALLVALUE": {0x34, 0, 1, false},
	"CALLDATALOAD": {0x35, 1, 1, false}, "CALLDATASIZE": {0x36, 0, 1, false}, "CALLDATACOPY": {0x37, 3, 0, false},
	"CODESIZE": {0x38, 0, 1, false}, "CODECOPY": {0x39, 3, 0, false}, "EXTCODESIZE": {0x3b, 1, 1, false}, "EXTCODECOPY": {0x3c, 4, 0, false},
	"RETURNDATASIZE": {0x3d, 0, 1, false}, "RETURNDATACOPY": {0x3e, 3, 0, false}, "EXTCODEHASH": {0x3f, 1, 1, false},
	"POP": {0x50, 1, 0, false}, "MLOAD": {0x51, 1, 1, false}, "MSTORE": {0x52, 2, 0, false}, "MSTORE8": {0x53, 2, 0, false},
	"JUMP": {0x56, 1, 0, true}, "JUMPI": {0x57, 2, 0, false}, "GAS": {0x5a, 0, 1, false},
	"TLOAD": {0x5c, 1, 1, false}, "TSTORE": {0x5d, 2, 0, false}, "MCOPY": {0x5e, 3, 0, false}, "PUSH0": {0x5f, 0, 1, false},
	"CREATE2": {0xf5, 4, 1, false}, "STATICCALL": {0xfa, 6, 1, false},
	"RETURN": {0xf3, 2, 0, true}, "REVERT": {0xfd, 2, 0, true}, "INVALID": {0xfe, 0, 0, true},
}
