// Hints equal those of package p256hint, and there are none where there is nothing to hint at.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { concat, fromHex, toBigInt, toHex, uint } = await import('../page/bytes.js');
const { inverse, noTable } = await import('../page/hints.js');
const { ORDER } = await import('../page/assertion.js');
const { vectors } = JSON.parse(readFileSync(new URL('../../p256hint/testdata/vectors.json', import.meta.url), 'utf8'));
const hints = vectors.filter((v) => v.w);
const { p256 } = await import('@noble/curves/nist.js');

const read = (v) => ({ digest: fromHex(v.h), signature: concat(fromHex(v.r), fromHex(v.s)), key: { x: fromHex(v.x), y: fromHex(v.y) } });

test('hints equal p256hint.For and p256hint.Inverse', () => {
  assert.ok(hints.length >= 20 && vectors.length > hints.length);
  for (const v of vectors) {
    const { digest, signature, key } = read(v);
    const got = noTable(digest, signature, key);
    assert.equal(got && toHex(got), v.w ? toHex(concat(...[v.w, v.yR, v.i1, v.i2].map((w) => fromHex(w, 32)))) : undefined, v.name);
    if (v.inverse) assert.equal(toHex(inverse(signature)), v.inverse, v.name);
  }
});

test('what is not valid has no hints', () => {
  const { digest, signature, key } = read(hints[0]);
  const flip = (b, at) => b.map((v, i) => (i === at ? v ^ 1 : v));
  assert.ok(noTable(digest, signature, key));
  for (const at of [0, 31]) assert.equal(noTable(flip(digest, at), signature, key), undefined);
  for (const at of [0, 31, 32, 63]) assert.equal(noTable(digest, flip(signature, at), key), undefined);
  assert.equal(noTable(digest, signature, { x: key.x, y: flip(key.y, 31) }), undefined);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const zero = new Uint8Array(32);
  for (const bad of [zero, uint(ORDER, 32), uint(ORDER + 1n, 32), new Uint8Array(32).fill(255)]) {
    assert.equal(noTable(digest, concat(bad, s), key), undefined);
    assert.equal(noTable(digest, concat(r, bad), key), undefined);
  }
});

const { BASE, Fn } = p256.Point;

/** A valid signature whose nonce is this point, by a key found to fit. */
function contrived(nonce, s = 12345n, h = 999n) {
  const { x } = nonce.toAffine();
  const r = x % ORDER;
  const q = nonce.multiply(s).subtract(BASE.multiply(h)).multiply(Fn.inv(r)).toAffine();
  return { digest: uint(h, 32), signature: concat(uint(r, 32), uint(s, 32)), key: { x: uint(q.x, 32), y: uint(q.y, 32) } };
}

/** A valid signature by the secret d with the nonce k. */
function signed(d, k, h) {
  const r = BASE.multiply(k).toAffine().x % ORDER;
  const q = BASE.multiply(d).toAffine();
  return { digest: uint(h, 32), signature: concat(uint(r, 32), uint(Fn.create(Fn.inv(k) * (h + r * d)), 32)), key: { x: uint(q.x, 32), y: uint(q.y, 32) } };
}

const hinted = ({ digest, signature, key }) => noTable(digest, signature, key);
const valid = ({ digest, signature, key }) => p256.verify(signature, digest, concat(Uint8Array.of(4), key.x, key.y), { prehash: false, lowS: false });

test('valid signatures that have no hints', () => {
  // x of the nonce is r + n: only numbers from n up to the field's order are.
  let wrapped;
  for (let x = ORDER + 1n; !wrapped; x++) {
    try {
      wrapped = contrived(p256.Point.fromBytes(concat(Uint8Array.of(2), uint(x, 32))));
    } catch {
      // no point has this x
    }
  }
  assert.ok(valid(wrapped));
  assert.equal(hinted(wrapped), undefined);
  // The nonce is the key, its negative, three times it, or a third of it.
  const d = 0x1234567n;
  for (const k of [d, ORDER - d, 3n * d, ORDER - 3n * d, Fn.create(d * Fn.inv(3n))]) {
    assert.ok(valid(signed(d, k, 77n)), String(k));
    assert.equal(hinted(signed(d, k, 77n)), undefined, String(k));
  }
});

test('sums that pass through equal points and through infinity', () => {
  // Keys near G, where the table of small sums meets itself, and digests that leave one part out.
  for (const d of [1n, 2n, 3n, ORDER - 1n, ORDER - 2n, ORDER - 3n, Fn.inv(2n), Fn.inv(3n)]) {
    for (const h of [0n, 1n, 5n, ORDER]) {
      const s = signed(d, 0xabcdefn, h);
      assert.ok(valid(s));
      assert.equal(hinted(s)?.length, 128, `${d} ${h}`);
    }
  }
});

test('what the verifier checks of hints', () => {
  const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  for (const v of hints) {
    const { digest, signature, key } = read(v);
    const [w, y] = [0, 32].map((at) => toBigInt(noTable(digest, signature, key).subarray(at, at + 32)));
    const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32))];
    const [a, b] = [w * s % ORDER, w * r % ORDER];
    assert.ok(a > 0n && a >> 128n === 0n && (b < ORDER - b ? b : ORDER - b) >> 128n === 0n);
    p256.Point.fromAffine({ x: r, y }).assertValidity();
    assert.ok(y < P);
  }
});
