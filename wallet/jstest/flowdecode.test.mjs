// The reader of what apps want signed on Flow, against what package flow reads (testdata/flow_messages.json).
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { concat, fromHex, utf8 } = await import('../page/bytes.js');
const { digits, rlp } = await import('../page/flow/transaction.js');
const { MAX_MESSAGE, decode, signers } = await import('../page/flow/decode.js');

const v = JSON.parse(readFileSync(new URL('../testdata/flow_messages.json', import.meta.url), 'utf8'));
const bytes = (hex) => fromHex('0x' + hex);

test('payloads and envelopes are read as in Go', () => {
  assert.ok(v.read.length >= 10 && v.read.some((r) => r.kind === 'payload') && v.read.some((r) => r.signatures.length > 2));
  for (const [i, { message: m, ...r }] of v.read.entries()) {
    const t = decode(bytes(m));
    assert.deepEqual({
      kind: t.kind, script: t.text, args: t.texts, block: digits(t.block), gas: t.gas, proposer: t.proposer.address, key: t.proposer.key, sequence: String(t.proposer.sequence), payer: t.payer, authorizers: t.authorizers,
      signatures: t.signatures.map((s) => ({ address: s.address, key: s.key, signature: digits(s.signature), extension: s.extension ? digits(s.extension) : '' })),
    }, r, `message ${i}`);
  }
});

test('what Go refuses is refused; what is refused besides cannot be shown', () => {
  assert.ok(v.refused.length > 100 && v.taken.length > 5);
  for (const m of v.refused) assert.throws(() => decode(bytes(m)), { name: 'MalformedError' }, m.slice(64, 120));
  let read = 0;
  for (const m of v.taken) {
    try {
      decode(bytes(m));
      read++;
    } catch (e) {
      assert.match(e.message, /UTF-8|the gas limit/, m.slice(64, 120));
    }
  }
  assert.ok(read > 2);
});

const TAG = bytes(v.read[0].message).subarray(0, 32);
const eight = (n) => new Uint8Array(8).fill(n);
const payload = (change = {}) => Object.values({ script: utf8('t'), args: [], block: new Uint8Array(32), gas: 1n, proposer: eight(1), key: 0n, sequence: 0n, payer: eight(2), authorizers: [eight(1)], ...change });
const message = (item) => concat(TAG, rlp(item));

test('more than a person could look at is refused', () => {
  assert.equal(decode(message(payload())).kind, 'payload');
  for (const [name, change, why] of [
    ['gas that nodes do not take', { gas: 10000n }, /gas limit/],
    ['a script that is no text', { script: Uint8Array.of(0xff, 0xfe) }, /UTF-8/],
    ['a script behind a mark that is not seen', { script: utf8('\ufefft') }, /UTF-8/],
    ['an argument that is no text', { args: [Uint8Array.of(0xc3, 0x28)] }, /argument 1/],
    ['many arguments', { args: Array(257).fill(utf8('1')) }, /arguments/],
    ['very many arguments', { args: Array(100_000).fill(utf8('1')) }, /too many parts/],
    ['many authorizers', { authorizers: Array(257).fill(eight(1)) }, /authorizers/],
    ['a number with zeros in front', { sequence: Uint8Array.of(0, 1) }, /sequence/],
    ['a key beyond 32 bits', { key: 1n << 32n }, /key/],
    ['an address of 7 bytes', { payer: new Uint8Array(7) }, /payer/],
    ['a list for a script', { script: [] }, /./],
    ['a list in the arguments', { args: [[]] }, /argument/],
  ]) assert.throws(() => decode(message(payload(change))), { name: 'MalformedError', message: why }, name);
  assert.throws(() => decode(new Uint8Array(MAX_MESSAGE + 1)), /too long/);
  assert.throws(() => decode(concat(TAG, new Uint8Array(100_000).fill(0xc1))), { name: 'MalformedError' });
  assert.throws(() => decode(concat(utf8('FLOW-V0.0-user'), new Uint8Array(18), rlp(payload()))), /domain tag/);
  assert.throws(() => decode(concat(utf8('FCL-ACCOUNT-PROOF-V0.0'), new Uint8Array(10), rlp(payload()))), /domain tag/);
});

test('what is not written in the shortest way is refused', () => {
  const written = (change, head = (n) => [0xf8, n]) => {
    const parts = payload().map((part) => rlp(part));
    for (const [i, b] of Object.entries(change)) parts[i] = Uint8Array.from(b);
    const body = concat(...parts);
    return concat(TAG, Uint8Array.from(head(body.length)), body);
  };
  assert.equal(decode(written({})).gas, 1);
  for (const [name, m] of Object.entries({
    'a byte with a length': written({ 3: [0x81, 1] }), 'a short length in the long form': written({ 0: [0xb8, 1, 0x74] }), 'a list’s short length in the long form': written({ 1: [0xf8, 0] }),
    'a length with zeros in front': written({}, (n) => [0xf9, 0, n]), 'nought as a byte': written({ 5: [0] }), 'something after it': concat(written({}), Uint8Array.of(0x80)), 'a list after it': concat(written({}), Uint8Array.of(0xc0)),
  })) assert.throws(() => decode(m), { name: 'MalformedError' }, name);
});

test('signatures are of signers, in their order', () => {
  const one = (who, key, ...more) => [BigInt(who), BigInt(key), new Uint8Array(64), ...more];
  const envelope = (signed) => message([payload(), signed]);
  assert.equal(decode(envelope([one(0, 0), one(0, 1, Uint8Array.of(1)), one(1, 0)])).signatures.length, 3);
  for (const [name, signed] of Object.entries({
    'of nobody': [one(2, 0)], 'twice': [one(0, 0), one(0, 0)], 'keys turned round': [one(0, 1), one(0, 0)], 'signers turned round': [one(1, 0), one(0, 0)],
    'a plain extension': [one(0, 0, Uint8Array.of(0))], 'no extension, and room for it': [one(0, 0, new Uint8Array())], 'five parts': [one(0, 0, Uint8Array.of(1), Uint8Array.of(1))], 'no list': [new Uint8Array(3)],
  })) assert.throws(() => decode(envelope(signed)), { name: 'MalformedError' }, name);
  assert.deepEqual(signers({ proposer: { address: '0'.repeat(16) }, payer: 'b', authorizers: ['a', 'b', 'a'] }), ['b', 'a']);
});

// What one changed, lost or added byte makes of a message is refused, or is what would be signed, whole.
test('damaged messages are refused, or read as what they are', () => {
  let n = 1;
  const random = (most) => { n = (Math.imul(n, 1103515245) + 12345) >>> 0; return (n >>> 8) % most; };
  let read = 0;
  for (const { message: hex } of v.read.filter((r) => r.message.length < 4000)) {
    const good = bytes(hex);
    for (let i = 0; i < 300; i++) {
      const at = 32 + random(good.length - 32);
      const bad = [
        () => good.with(at, random(256)), () => concat(good.subarray(0, at), good.subarray(at + 1)), () => concat(good.subarray(0, at), Uint8Array.of(random(256)), good.subarray(at)),
      ][random(3)]();
      let t;
      try {
        t = decode(bad);
      } catch (e) {
        assert.equal(e.name, 'MalformedError', digits(bad));
        continue;
      }
      read++;
      const whole = [t.script, t.args, t.block, BigInt(t.gas), bytes(t.proposer.address), BigInt(t.proposer.key), t.proposer.sequence, bytes(t.payer), t.authorizers.map(bytes)];
      const all = signers(t);
      const signed = t.signatures.map((s) => [BigInt(all.indexOf(s.address)), BigInt(s.key), s.signature, ...(s.extension ? [s.extension] : [])]);
      assert.equal(digits(message(t.kind === 'payload' ? whole : [whole, signed])), digits(bad));
    }
  }
  assert.ok(read > 100, `${read} were read`);
});
