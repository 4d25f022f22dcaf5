// @ts-check
/**
 * Numbers that are hard to find and easy to check: sent beside a signature, they
 * let a chain without P256VERIFY check it for less gas. Loaded only where an
 * account is verified that way. What is computed here is what Go's package
 * p256hint computes, digit for digit.
 *
 * Nobody has to trust hints: the chain checks each, and wrong ones cost gas and
 * are never believed. Nothing here is secret, and nothing here takes constant time.
 */
import { ORDER as N } from './assertion.js';
import { concat, toBigInt, uint } from './bytes.js';

/** @typedef {import('./assertion.js').Key} Key @typedef {[bigint, bigint, bigint]} Point Jacobian; z = 0 at infinity */

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
/** @type {Point} SEC 2, section 2.4.2. */
const G = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n, 1n];
/** @type {Point} */ const INFINITY = [1n, 1n, 0n];

/** The remainder that is not negative. @param {bigint} a @param {bigint} m */
const mod = (a, m) => (a %= m) < 0n ? a + m : a;

/** 1/a modulo m; 0 if there is none. @param {bigint} a @param {bigint} m */
function invert(a, m) {
  let [u, v, x, y] = [mod(a, m), m, 1n, 0n];
  while (u > 1n) {
    const q = v / u;
    [u, v, x, y] = [v - q * u, u, y - q * x, x];
  }
  return u ? mod(x, m) : 0n;
}

/** @param {Point} u @returns {Point} */
function double([x, y, z]) {
  const zz = z * z % P;
  const yy = y * y % P;
  const s = 4n * x * yy % P;
  const m = 3n * (x - zz) * (x + zz) % P;
  const x3 = mod(m * m - 2n * s, P);
  return [x3, mod(m * (s - x3) - 8n * yy * yy, P), 2n * y * z % P];
}

/** @param {Point} u @param {Point} v @returns {Point} */
function add(u, v) {
  if (!u[2]) return v;
  if (!v[2]) return u;
  const [zz1, zz2] = [u[2] * u[2] % P, v[2] * v[2] % P];
  const [x1, x2] = [u[0] * zz2 % P, v[0] * zz1 % P];
  const [y1, y2] = [u[1] * v[2] % P * zz2 % P, v[1] * u[2] % P * zz1 % P];
  const h = mod(x2 - x1, P);
  const r = mod(y2 - y1, P);
  if (!h) return r ? INFINITY : double(u);
  const hh = h * h % P;
  const hhh = h * hh % P;
  const t = x1 * hh % P;
  const x3 = mod(r * r - hhh - 2n * t, P);
  return [x3, mod(r * (t - x3) - y1 * hhh, P), u[2] * v[2] % P * h % P];
}

/** aG + bQ, two bits of both at a time. @param {bigint} a @param {bigint} b @param {Point} q */
function sum(a, b, q) {
  const table = [INFINITY];
  for (let i = 1; i < 16; i++) table.push(i % 4 ? add(table[i - 1], G) : add(table[i - 4], q));
  let out = INFINITY;
  for (let at = 254n; at >= 0n; at -= 2n) {
    out = add(double(double(out)), table[Number((a >> at & 3n) | (b >> at & 3n) << 2n)]);
  }
  return out;
}

/** @param {Point} u @returns {Point} with z = 1; of infinity, noughts */
function affine([x, y, z]) {
  const i = invert(z, P);
  return [x * i * i % P, y * i * i % P * i % P, 1n];
}

/**
 * The shortest a > 0 and b with a·u = b modulo n: both below 2^128, not both even
 * and if possible none. Lagrange's reduction, then small combinations of its two vectors.
 * @param {bigint} u @returns {[bigint, bigint]}
 */
function halfSize(u) {
  let v = [0n, N];
  let w = [1n, u];
  const dot = (/** @type {bigint[]} */ x, /** @type {bigint[]} */ y) => x[0] * y[0] + x[1] * y[1];
  for (;;) {
    const length = 2n * dot(w, w);
    const twice = 2n * dot(v, w) + dot(w, w);
    const k = (twice - mod(twice, length)) / length;
    const rest = [v[0] - k * w[0], v[1] - k * w[1]];
    const reduced = dot(rest, rest) >= dot(w, w);
    [v, w] = [w, rest];
    if (reduced) break;
  }
  /** @type {[bigint, bigint]} */ let best = [0n, 0n];
  let fewest = 2;
  for (let i = -3n; i <= 3n; i++) {
    for (let j = 0n; j <= 3n; j++) {
      let a = i * v[0] + j * w[0];
      let b = i * v[1] + j * w[1];
      if (a < 0n) [a, b] = [-a, -b];
      if (!a || !b || a >> 128n || (b < 0n ? -b : b) >> 128n) continue;
      const even = Number(a & 1n ^ 1n) + Number(b & 1n ^ 1n);
      if (even < fewest) [best, fewest] = [[a, b], even];
    }
  }
  return best;
}

/** The denominator of 3(x, y): t(3xt² - M²) with t = 2y, M = 3x² - 3. @param {Point} u */
function tripleDenominator([x, y]) {
  const t = 2n * y;
  const m = 3n * (x * x - 1n) % P;
  return t * (3n * x * t * t - m * m) % P;
}

/** Inverses of what divides in the sums ±Q ± R of the two points and their triples; undefined if one is another. @param {Point} q @param {Point} r */
function inverses(q, r) {
  const i1 = invert(tripleDenominator(q) * tripleDenominator(r), P);
  const [[q3], [r3]] = [q, r].map((u) => affine(add(double(u), u)));
  const i2 = invert((r[0] - q[0]) * (r[0] - q3) % P * ((r3 - q[0]) * (r3 - q3) % P), P);
  return i1 && i2 ? [i1, i2] : undefined;
}

/** 1/s modulo the group's order, for the verifiers with a table. @param {Uint8Array} signature r‖s */
export const inverse = (signature) => uint(invert(toBigInt(signature.subarray(32)), N), 32);

/**
 * The four words for the verifier without a table, 128 bytes: w ‖ yR ‖ i1 ‖ i2.
 * Undefined for a signature that is not valid, and for the hardly existing valid ones that have none.
 * @param {Uint8Array} digest 32 bytes @param {Uint8Array} signature r‖s @param {Key} key
 */
export function noTable(digest, signature, key) {
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map(toBigInt);
  if (!r || !s || r >= N || s >= N) return undefined;
  const w = invert(s, N);
  const u2 = r * w % N;
  /** @type {Point} */ let q = [toBigInt(key.x), toBigInt(key.y), 1n];
  const nonce = sum(toBigInt(digest) * w % N, u2, q);
  const [x, y] = affine(nonce);
  if (x !== r) return undefined; // infinity has come out as 0, which no r is
  const [a, b] = halfSize(u2);
  if (b < 0n) q = [q[0], P - q[1], 1n];
  const both = inverses(q, [x, P - y, 1n]);
  return both && concat(...[a * w % N, P - y, ...both].map((v) => uint(v, 32)));
}
