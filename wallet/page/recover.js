// @ts-check
/**
 * The public keys that could have made a signature (SEC 1, section 4.1.6). Loaded
 * only when somebody signs in, for it brings noble's curve arithmetic; every key
 * found is put to the browser's own verification before it is believed.
 */
import { weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { ORDER, sha256, signedBytes, verify } from './assertion.js';
import { concat, toBigInt, uint } from './bytes.js';

/** @typedef {import('./assertion.js').Key} Key @typedef {import('./assertion.js').Signed} Signed */

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

/** P-256: SEC 2, section 2.4.2. */
export const Point = weierstrass({
  p: P,
  n: ORDER,
  h: 1n,
  a: P - 3n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  Gx: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  Gy: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
});

/**
 * One to four keys; the true one is among them. Two signatures over different
 * bytes have only that one in common.
 * @param {Signed} a @returns {Promise<Key[]>}
 */
export async function recover(a) {
  const { Fn, BASE } = Point;
  const h = toBigInt(await sha256(await signedBytes(a)));
  const r = toBigInt(a.signature.subarray(0, 32));
  const inverse = Fn.inv(r);
  const u1 = Fn.create(-h * inverse);
  const u2 = Fn.create(toBigInt(a.signature.subarray(32)) * inverse);
  const keys = [];
  for (const x of r + ORDER < P ? [r, r + ORDER] : [r]) {
    for (const sign of [2, 3]) {
      try {
        const Q = BASE.mulAddUnsafe(u1, Point.fromBytes(concat(Uint8Array.of(sign), uint(x, 32))), u2).toBytes(false);
        const key = { x: Q.slice(1, 33), y: Q.slice(33) };
        if (await verify(a, key)) keys.push(key);
      } catch {
        // no point has this x, or the sum is infinity
      }
    }
  }
  return keys;
}
