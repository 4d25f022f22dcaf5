// @ts-check
/** EIP-7702: a key's word that its own address may run a contract's code, on one chain, once. */
import { keccak } from './abi.js';
import { concat, fromHex, toHex, uint } from './bytes.js';
import { sign } from './secp256k1.js';
import { R, S } from './userop.js';

/** @typedef {{chainId: string, address: string, nonce: string, yParity: string, r: string, s: string}} Authorization as on the wire */

/** A number in RLP: no leading zeros. @param {bigint} n */
function number(n) {
  const hex = n.toString(16);
  const b = n ? fromHex('0x' + hex.padStart(hex.length + (hex.length & 1), '0')) : new Uint8Array();
  return b.length === 1 && b[0] < 0x80 ? b : concat(uint(0x80 + b.length, 1), b);
}

/** What is signed: keccak256(0x05 ‖ rlp([chain id, address, nonce])). @param {bigint} chainId @param {string} delegate @param {bigint} nonce of the key's address */
export function authorizationHash(chainId, delegate, nonce) {
  const list = concat(number(chainId), uint(0x80 + 20, 1), fromHex(delegate, 20), number(nonce));
  return keccak(concat(Uint8Array.of(5), uint(0xc0 + list.length, 1), list)); // both numbers are short, and so is the list
}

/** @param {bigint} chainId never 0, which would hold on every chain @param {string} delegate @param {bigint} nonce @param {Uint8Array} secret @returns {Authorization} */
export function authorize(chainId, delegate, nonce, secret) {
  if (chainId < 1n || chainId >= 1n << 64n || nonce < 0n || nonce >= 1n << 64n) throw new RangeError('no such chain or nonce');
  const signature = sign(authorizationHash(chainId, delegate, nonce), secret);
  return wire(chainId, delegate, nonce, signature);
}

/** To estimate gas with, before anybody has signed: by somebody whom nobody knows. @param {bigint} chainId @param {string} delegate @param {bigint} nonce */
export const unsigned = (chainId, delegate, nonce) => wire(chainId, delegate, nonce, concat(R, S, Uint8Array.of(27)));

/** @param {bigint} chainId @param {string} address @param {bigint} nonce @param {Uint8Array} signature @returns {Authorization} */
function wire(chainId, address, nonce, signature) {
  const hex = (/** @type {bigint} */ n) => '0x' + n.toString(16);
  return { chainId: hex(chainId), address, nonce: hex(nonce), yParity: hex(BigInt(signature[64] - 27)), r: toHex(signature.subarray(0, 32)), s: toHex(signature.subarray(32, 64)) };
}

/** The contract that an address has let its code be; undefined if its code is something else. @param {Uint8Array} code */
export function delegateOf(code) {
  return code.length === 23 && toHex(code).startsWith('0xef0100') ? toHex(code.slice(3)) : undefined;
}
