// @ts-check
/** An ordinary transaction of an ordinary key (EIP-1559), and the call that carries an operation to the EntryPoint. */
import { encode, keccak } from '../page/abi.js';
import { concat, fromHex, toBigInt, toHex, uint, utf8 } from '../page/bytes.js';
import { pack } from '../page/userop.js';

/** @typedef {import('../page/userop.js').UserOp} UserOp */

const HANDLE_OPS = keccak(utf8('handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)')).slice(0, 4);

/** Calldata for EntryPoint 0.7 to 0.9: one operation, and who gets its fee. @param {UserOp} op @param {string} beneficiary */
export function handleOps(op, beneficiary) {
  const p = pack(op);
  const tuple = encode(
    ['address', 'uint256', 'bytes', 'bytes', 'bytes32', 'uint256', 'bytes32', 'bytes', 'bytes'],
    [op.sender, op.nonce, p.initCode, p.callData, p.accountGasLimits, op.preVerificationGas, p.gasFees, p.paymasterAndData, op.signature]);
  return concat(HANDLE_OPS, uint(64, 32), encode(['address'], [beneficiary]), uint(1, 32), uint(32, 32), tuple);
}

/** RLP of bytes. @param {Uint8Array} b */
const string = (b) => (b.length === 1 && b[0] < 0x80 ? b : concat(prefix(0x80, b.length), b));

/** RLP of a list. @param {Uint8Array[]} items */
function list(items) {
  const body = concat(...items);
  return concat(prefix(0xc0, body.length), body);
}

/** @param {number} kind @param {number} length */
function prefix(kind, length) {
  if (length < 56) return Uint8Array.of(kind + length);
  const size = minimal(BigInt(length));
  return concat(Uint8Array.of(kind + 55 + size.length), size);
}

/** A number without zeros in front. @param {bigint} n */
function minimal(n) {
  const hex = n.toString(16);
  return n ? fromHex('0x' + hex.padStart(hex.length + (hex.length & 1), '0')) : new Uint8Array();
}

/**
 * @typedef {{chainId: bigint, nonce: bigint, maxPriorityFeePerGas: bigint, maxFeePerGas: bigint, gas: bigint, to: string, data: Uint8Array}} Transaction that sends no ether; fees in wei
 * @param {Transaction} t @param {(digest: Uint8Array) => Uint8Array} sign of the key: r ‖ s ‖ v
 */
export function signed(t, sign) {
  const fields = [...[t.chainId, t.nonce, t.maxPriorityFeePerGas, t.maxFeePerGas, t.gas].map((n) => string(minimal(n))), string(fromHex(t.to, 20)), string(new Uint8Array()), string(t.data), list([])];
  const s = sign(keccak(concat(Uint8Array.of(2), list(fields))));
  const raw = concat(Uint8Array.of(2), list([...fields, string(minimal(BigInt(s[64] - 27))), string(minimal(toBigInt(s.subarray(0, 32)))), string(minimal(toBigInt(s.subarray(32, 64))))]));
  return { raw: toHex(raw), hash: toHex(keccak(raw)) };
}
