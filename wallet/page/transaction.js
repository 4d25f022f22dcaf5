// @ts-check
/** An ordinary transaction of an ordinary key (EIP-1559). */
import { keccak } from './abi.js';
import { concat, fromHex, toBigInt, toHex } from './bytes.js';
import { sign } from './secp256k1.js';

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
export function sealed(t, sign) {
  const fields = [...[t.chainId, t.nonce, t.maxPriorityFeePerGas, t.maxFeePerGas, t.gas].map((n) => string(minimal(n))), string(fromHex(t.to, 20)), string(new Uint8Array()), string(t.data), list([])];
  const s = sign(keccak(concat(Uint8Array.of(2), list(fields))));
  const raw = concat(Uint8Array.of(2), list([...fields, string(minimal(BigInt(s[64] - 27))), string(minimal(toBigInt(s.subarray(0, 32)))), string(minimal(toBigInt(s.subarray(32, 64))))]));
  return { raw: toHex(raw), hash: toHex(keccak(raw)) };
}

/** @param {Transaction} t @param {Uint8Array} secret */
export const signed = (t, secret) => sealed(t, (digest) => sign(digest, secret));
