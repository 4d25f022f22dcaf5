// @ts-check
/** The little of Solidity's ABI that the page needs: encode calls, read words and byte arrays back. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { MalformedError, concat, fromHex, toBigInt, uint, utf8 } from './bytes.js';

/** @param {Uint8Array} b */
export const keccak = (b) => keccak_256(b);

/** Types: address, bool, uintN, bytesN, bytes, string, and T[] of these.
 * @param {string[]} types @param {any[]} values @returns {Uint8Array} */
export function encode(types, values) {
  if (types.length !== values.length) throw new TypeError('types and values differ in number');
  /** @type {Uint8Array[]} */ const heads = [];
  /** @type {Uint8Array[]} */ const tails = [];
  let offset = 32 * types.length;
  types.forEach((type, i) => {
    const body = encodeOne(type, values[i]);
    if (type === 'bytes' || type === 'string' || type.endsWith('[]')) {
      heads.push(uint(offset, 32));
      tails.push(body);
      offset += body.length;
    } else heads.push(body);
  });
  return concat(...heads, ...tails);
}

/** @param {string} type @param {any} value @returns {Uint8Array} */
function encodeOne(type, value) {
  if (type.endsWith('[]')) return concat(uint(value.length, 32), encode(value.map(() => type.slice(0, -2)), value));
  if (type === 'bytes') {
    const b = toBytes(value);
    return concat(uint(b.length, 32), b, new Uint8Array(-b.length & 31));
  }
  if (type === 'string') return encodeOne('bytes', utf8(value));
  if (type === 'bool') return uint(value ? 1 : 0, 32);
  const size = /^bytes(\d+)$/.exec(type);
  if (size) return concat(toBytes(value, Number(size[1])), new Uint8Array(32 - Number(size[1])));
  if (type === 'address') return concat(new Uint8Array(12), toBytes(value, 20));
  const bits = /^uint(\d+)$/.exec(type);
  if (!bits) throw new TypeError('no encoding for ' + type);
  return concat(new Uint8Array(32 - Number(bits[1]) / 8), uint(value, Number(bits[1]) / 8));
}

/** @param {Uint8Array | string} value @param {number} [length] */
function toBytes(value, length) {
  const b = value instanceof Uint8Array ? value : fromHex(value);
  if (length !== undefined && b.length !== length) throw new TypeError(`${b.length} bytes where ${length} belong`);
  return b;
}

/** A call: `encodeCall('execute(bytes32,bytes)', mode, data)`.
 * @param {string} signature @param {...any} values */
export function encodeCall(signature, ...values) {
  const list = signature.slice(signature.indexOf('(') + 1, -1);
  return concat(keccak(utf8(signature)).slice(0, 4), encode(list ? list.split(',') : [], values));
}

/** The word at `index` of a reply, as a number. @param {Uint8Array} reply @param {number} [index] */
export function word(reply, index = 0) {
  const at = 32 * index;
  if (reply.length < at + 32) throw new MalformedError('the reply is too short');
  return toBigInt(reply.subarray(at, at + 32));
}

/** The bytes that the word at `index` points to. @param {Uint8Array} reply @param {number} [index] */
export function bytesAt(reply, index = 0) {
  const item = reply.subarray(offset(reply, index));
  const body = item.slice(32, 32 + offset(item, 0));
  if (toBigInt(item.subarray(0, 32)) !== BigInt(body.length)) throw new MalformedError('the reply is too short');
  return body;
}

/** A reply `(bytes[])`; every length is checked against what is there. @param {Uint8Array} reply @returns {Uint8Array[]} */
export function decodeBytesArray(reply) {
  const list = reply.subarray(offset(reply, 0));
  const count = offset(list, 0, 32);
  const items = list.subarray(32);
  return Array.from({ length: count }, (_, i) => bytesAt(items, i));
}

/** A word that counts bytes (or items of `size` bytes) that must be there.
 * @param {Uint8Array} b @param {number} index @param {number} [size] */
function offset(b, index, size = 1) {
  const n = word(b, index);
  if (n * BigInt(size) > BigInt(b.length)) throw new MalformedError('the reply points outside itself');
  return Number(n);
}
