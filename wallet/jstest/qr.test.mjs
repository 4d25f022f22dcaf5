// QR codes against those of npm's qr 0.7.0 (MIT OR Apache-2.0), whose decoder read them: one hash
// over texts of many lengths, the largest among them, with every mask.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

const { MOST, qr } = await import('../page/qr.js');

const text = (n) => Array.from({ length: n }, (_, i) => String.fromCharCode(97 + ((i * 7 + n) % 26))).join('');

test('codes are those of another maker', () => {
  const hash = createHash('sha256');
  for (const n of [1, 5, 17, 18, 53, 100, 106, 107, 230, 231, 500, 1000, 1500, 2000, 2953]) {
    for (let mask = 0; mask < 8; mask++) hash.update(qr(text(n), mask).map((r) => r.map(Number).join('')).join('\n') + '\n');
  }
  assert.equal(hash.digest('hex'), '32bac2118232044b7e0a2efa26b50b9070308b3baad4a07d52ccee876c04236d');
});

test('the mask is one of the eight, and the largest code holds what is said', () => {
  const best = qr('postern').map(String).join();
  assert.ok(Array.from({ length: 8 }, (_, m) => qr('postern', m).map(String).join()).includes(best));
  assert.equal(qr(text(MOST), 0).length, 177);
  assert.throws(() => qr(text(MOST + 1)), RangeError);
});
