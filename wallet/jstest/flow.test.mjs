// Flow's transactions against what package flow says (testdata/flow.json), and in words.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, utf8 } = await import('../page/bytes.js');
const f = await import('../page/flow/transaction.js');
const { KNOWN, shown } = await import('../page/flow/words.js');
const { parse } = await import('../page/flow/read.js');
const { keyNames, locking, revoking } = await import('../page/flow/keys.js');
const { handed } = await import('../page/flow/together.js');
const { packed } = await import('../page/grant/share.js');

const v = JSON.parse(readFileSync(new URL('../testdata/flow.json', import.meta.url), 'utf8'));
const bytes = (hex) => fromHex('0x' + hex);
const transaction = (x) => ({ script: utf8(x.script), args: x.args.map(utf8), block: bytes(x.block), gas: x.gas, account: bytes(x.account), key: x.key, sequence: BigInt(x.sequence) });

test('messages, extensions, transactions and ids are as in Go', async () => {
  assert.ok(v.transactions.length >= 8);
  for (const [i, x] of v.transactions.entries()) {
    const t = transaction(x);
    if (x.message) assert.equal(f.digits(f.message(t)), x.message, `transaction ${i}`);
    assert.equal(f.digits(await f.challenge(f.message(t))), x.challenge, `transaction ${i}`);
    const a = { signature: bytes(x.signature), authenticatorData: bytes(x.authenticatorData), clientDataJSON: bytes(x.clientDataJSON) };
    assert.equal(f.digits(f.extension(a)), x.extension, `transaction ${i}`);
    const { bytes: all, id } = f.whole(t, a);
    if (x.whole) assert.equal(f.digits(all), x.whole, `transaction ${i}`);
    assert.equal(id, x.id, `transaction ${i}`);
  }
  for (const p of v.proofs) assert.equal(f.digits(f.proofMessage(p.app, bytes(p.account), bytes(p.nonce))), p.message);
});

const together = (x) => ({
  t: { script: utf8(x.script), args: [], block: bytes(x.block), gas: 1000, account: bytes(x.account), key: x.key, sequence: BigInt(x.sequence), ...(x.payer === x.account ? {} : { payer: bytes(x.payer) }) },
  signatures: x.signatures.map((a) => ({ key: a.key, signature: bytes(a.signature), authenticatorData: bytes(a.authenticatorData), clientDataJSON: bytes(a.clientDataJSON) })),
});

test('several keys and another payer sign as in Go, in whatever order they come', () => {
  assert.equal(v.together.length, 6);
  for (const [i, x] of v.together.entries()) {
    const { t, signatures } = together(x);
    assert.equal(f.sponsored(t), x.payer !== x.account, `transaction ${i}`);
    assert.equal(f.digits(f.message(t)), x.message, `transaction ${i}`);
    assert.equal(f.digits(f.gathered(t, signatures).bytes), x.part, `transaction ${i}`);
    const all = f.gathered(t, signatures.toReversed(), x.paid ? { key: x.payerKey, signature: bytes(x.paid) } : undefined);
    assert.equal(f.digits(all.bytes), x.whole, `transaction ${i}`);
    assert.equal(all.id, x.id, `transaction ${i}`);
    assert.throws(() => f.gathered(t, [...signatures, signatures[0]]), /signed twice/);
    for (const hex of [x.part, x.whole]) {
      const read = parse(bytes(hex));
      assert.equal(f.digits(f.gathered(read.t, read.signatures, read.paid).bytes), hex, `transaction ${i}`);
    }
    assert.equal(parse(bytes(x.whole)).paid?.key, x.paid ? x.payerKey : undefined);
  }
});

test('what is handed over is read strictly', async () => {
  for (const x of v.together) {
    const good = bytes(x.whole);
    for (const way of [x.whole, '0x' + x.whole, x.whole.replace(/(.{60})/g, '$1\n'), await packed(btoa(x.whole), []), 'https://wallet.example/flow#sign=' + (await packed(btoa(x.whole), []))]) {
      assert.equal(await handed(way), x.whole);
    }
    for (let n = 0; n < good.length; n++) assert.throws(() => parse(good.subarray(0, n)), { name: 'MalformedError' }, `cut off at ${n}`);
    assert.throws(() => parse(Uint8Array.of(...good, 0)), { name: 'MalformedError' });
    for (let n = 0; n < good.length; n++) { // whatever is read is written again to the same bytes
      const b = good.slice();
      b[n] ^= 1 << n % 8;
      let read;
      try {
        read = parse(b);
      } catch (e) {
        assert.equal(e.name, 'MalformedError', `${n}: ${e.stack}`);
        continue;
      }
      assert.equal(f.digits(f.gathered(read.t, read.signatures, read.paid).bytes), f.digits(b), `byte ${n}`);
    }
  }
  for (const bad of ['', 'zz', 'z.', 'z.AAAA', 'c0', 'ff'.repeat(40), 'c3c0c0c0']) await assert.rejects(async () => parse(bytes(await handed(bad))), undefined, bad);
});

test('an account without one of its keys', () => {
  const keys = (...weights) => weights.map((weight, index) => ({ index, weight, revoked: weight < 0 }));
  const whole = keys(1000, 500, 500);
  assert.deepEqual(locking(whole), { locked: false, weight: 2000, caution: '' });
  const both = locking(whole, 0);
  assert.equal(both.locked, false);
  assert.match(both.caution, /^key 1 and key 2 must not be lost: when one of them is gone, nobody/);
  assert.equal(locking(keys(500, 500), 1).locked, true);
  assert.equal(locking(keys(1000), 0).locked, true);
  assert.equal(locking(keys(1000, -1), 0).locked, true);
  assert.match(locking(keys(1000, 500), 1).caution, /^key 0 must not be lost: without it, nobody/);
  assert.equal(locking(keys(500, 500, 500)).caution, '');
  assert.match(locking(keys(1000, 500)).caution, /^key 0 must/);
  assert.equal(keyNames([1, 2, 3], 'or'), 'key 1, key 2, or key 3');
  assert.match(`${revoking(keys(500, 500), 1).dead.message} ${revoking(keys(500, 500), 1).dead.way}`, /^Key 1 is needed\. The other keys weigh 500 together/);
  assert.match(revoking(whole, 0, 0).dead.message, /^Key 0 would revoke itself/);
  assert.deepEqual(revoking(whole, 0, 1), { caution: `Afterwards ${both.caution}` });
  assert.deepEqual(revoking(whole, 1), { caution: 'Afterwards key 0 must not be lost: without it, nobody can use the account, ever. Add another passkey, kept elsewhere.' });
  assert.deepEqual(revoking(keys(1000, 1000, 1000), 0), { caution: '' });
});

test('known scripts are said in words, with what they bring', async () => {
  assert.deepEqual(KNOWN, v.scripts);
  const [create, add, revoke] = await Promise.all(v.transactions.slice(0, 3).map((x) => shown(transaction(x))));
  assert.equal(create.title, 'Create another account');
  assert.deepEqual(create.cautions, []);
  assert.equal(add.title, 'Add a key to your account');
  assert.match(add.rows[0][1], /^[0-9a-f]{128} on P-256 with SHA2_256, weight 1000 of 1000$/);
  assert.match(add.cautions[0], /everything with your account/);
  assert.equal(revoke.title, 'Revoke key 3 of your account');
  assert.equal(revoke.revokes, 3);
  assert.equal(add.revokes, undefined);
});

test('one changed byte of a script, or arguments that are not its own, are shown as unknown', async () => {
  const add = transaction(v.transactions[1]);
  const changed = { ...add, script: add.script.slice() };
  changed.script[20] ^= 1;
  const text = (i, from, to) => add.args.map((b, n) => (n === i ? utf8(new TextDecoder().decode(b).replace(from, to)) : b));
  for (const [name, t] of Object.entries({
    'a changed script': changed,
    'too few columns': { ...add, args: add.args.slice(1) },
    'no arguments': { ...add, args: [] },
    'another type': { ...add, args: text(1, 'UInt8', 'UInt16') },
    'a curve that is not known': { ...add, args: text(1, '"1"', '"9"') },
    'half a weight': { ...add, args: text(3, '1000.0', '1000.5') },
    'more members': { ...add, args: text(0, '{"type":"String"', '{"more":1,"type":"String"') },
    'no JSON': { ...add, args: text(0, '{', '[') },
    'a script of somebody': transaction(v.transactions[3]),
  })) {
    const said = await shown(t);
    assert.match(said.title, /does not know/, name);
    assert.match(said.cautions[0], /cannot tell what it does/, name);
    assert.deepEqual(said.rows.map((r) => r[1]), [said.hash, ...t.args.map((b) => new TextDecoder().decode(b))], name);
  }
  const half = await shown({ ...add, args: text(3, '1000.0', '999.0') });
  assert.match(half.cautions[0], /Together with another key.*Add only what is yours/); // two of them, or one beside a stolen one, take the account
  assert.match(half.rows[0][1], /weight 999 of 1000/);
  assert.match(half.rows[1][1], /nothing alone/);
});

test('what is not seen in a script is said', async () => {
  const script = (text) => shown({ ...transaction(v.transactions[3]), script: utf8(text) });
  assert.equal((await script('transaction {\n\t// ä\r\n}')).cautions.length, 1);
  for (const hidden of ['\u202e', '\u2066', '\u200b', '\u2028', '\0', '\u{e0041}']) {
    assert.match((await script(`transaction { ${hidden} }`)).cautions[1], /not seen/, JSON.stringify(hidden));
  }
});

test('addresses have at most 16 digits', () => {
  assert.equal(f.digits(f.parseAddress(' 0xf8d6e0586b0a20c7 ')), 'f8d6e0586b0a20c7');
  assert.equal(f.digits(f.parseAddress('1')), '0000000000000001');
  for (const bad of ['', '0x', 'g', '0x' + '1'.repeat(17), undefined]) assert.throws(() => f.parseAddress(bad), undefined, String(bad));
});
