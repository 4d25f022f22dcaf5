// @ts-check
/** Bytes and their two spellings: hex with 0x for people and chains, base64url for WebAuthn. No imports. */

/** @typedef {`0x${string}`} Hex */

/** Bytes that are not what they should be. */
export class MalformedError extends Error {
  name = 'MalformedError';
}

/** @param {Uint8Array} b @returns {Hex} */
export function toHex(b) {
  let s = '';
  for (const v of b) s += v.toString(16).padStart(2, '0');
  return `0x${s}`;
}

/** Strict: 0x, an even number of digits, and `length` bytes where that is given.
 * @param {unknown} text @param {number} [length] @returns {Uint8Array<ArrayBuffer>} */
export function fromHex(text, length) {
  if (typeof text !== 'string' || !/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) throw new MalformedError('not hex: ' + String(text).slice(0, 20));
  const out = new Uint8Array((text.length - 2) / 2);
  if (length !== undefined && out.length !== length) throw new MalformedError(`${out.length} bytes where ${length} belong`);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.substr(2 + 2 * i, 2), 16);
  return out;
}

/** A quantity of JSON-RPC. @param {unknown} text @param {string} what for the error */
export function quantity(text, what) {
  if (typeof text !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(text)) throw new MalformedError(`${what} is not a quantity`);
  return BigInt(text);
}

/** @param {Uint8Array} b without padding */
export function toBase64url(b) {
  let s = '';
  for (const v of b) s += String.fromCharCode(v);
  return btoa(s).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Strict: no padding, no other alphabet, no stray bits at the end.
 * @param {unknown} text @returns {Uint8Array<ArrayBuffer>} */
export function fromBase64url(text) {
  if (typeof text !== 'string' || !/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new MalformedError('not base64url');
  const out = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  if (toBase64url(out) !== text) throw new MalformedError('not canonical base64url');
  return out;
}

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/** Big endian, exactly `length` bytes; refuses what does not fit.
 * @param {bigint | number} value @param {number} length */
export function uint(value, length) {
  const v = BigInt(value);
  if (v < 0n || v >> BigInt(8 * length)) throw new RangeError(`${v} does not fit ${length} bytes`);
  return fromHex('0x' + v.toString(16).padStart(2 * length, '0'));
}

/** @param {Uint8Array} b big endian */
export function toBigInt(b) {
  return b.length ? BigInt(toHex(b)) : 0n;
}

/** @param {string} text */
export const utf8 = (text) => new TextEncoder().encode(text);
