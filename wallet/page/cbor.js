// @ts-check
/** A reader for the part of CBOR that authenticators speak: definite lengths, depth 4, nothing allocated on a length's word. */
import { MalformedError } from './bytes.js';

/**
 * @param {Uint8Array} b @param {number} [at] @param {number} [depth]
 * @returns {{value: any, end: number}} `end` is the first byte after the item
 */
export function readCbor(b, at = 0, depth = 0) {
  const major = b[at] >> 5;
  const info = b[at] & 31;
  const wide = info < 24 ? 0 : [1, 2, 4][info - 24];
  if (at >= b.length || depth > 4 || wide === undefined || at + 1 + wide > b.length) throw new MalformedError('CBOR is cut off, too deep or of an unknown kind');
  let end = at + 1 + wide;
  let n = info;
  if (wide) n = b.subarray(at + 1, end).reduce((sum, v) => sum * 256 + v, 0);
  if (major < 2) return { value: major ? -1 - n : n, end };
  if (major === 7 && info >= 20 && info <= 22) return { value: [false, true, null][info - 20], end };
  if (major > 5 || n > b.length - end) throw new MalformedError('CBOR is cut off or of an unknown kind');
  if (major < 4) {
    const body = b.slice(end, end + n);
    return { value: major === 2 ? body : new TextDecoder('utf-8', { fatal: true }).decode(body), end: end + n };
  }
  const next = () => {
    const item = readCbor(b, end, depth + 1);
    end = item.end;
    return item.value;
  };
  if (major === 4) {
    const list = [];
    while (n-- > 0) list.push(next());
    return { value: list, end };
  }
  const map = new Map();
  while (n-- > 0) {
    const key = next();
    if (map.has(key)) throw new MalformedError('CBOR names a member twice');
    map.set(key, next());
  }
  return { value: map, end };
}
