// Flow's transactions against what package flow says (testdata/flow.json), and in words.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, utf8 } = await import('../page/bytes.js');
const f = await import('../page/flow/transaction.js');
const { KNOWN, shown } = await import('../page/flow/words.js');

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

test('known scripts are said in words, with what they bring', async () => {
  assert.deepEqual(KNOWN, v.scripts);
  const [create, add, revoke] = await Promise.all(v.transactions.slice(0, 3).map((x) => shown(transaction(x))));
  assert.equal(create.title, 'Create another account');
  assert.deepEqual(create.cautions, []);
  assert.equal(add.title, 'Add a key to your account');
  assert.match(add.rows[0][1], /^[0-9a-f]{128} on P-256 with SHA2_256, weight 1000 of 1000$/);
  assert.match(add.cautions[0], /everything with your account/);
  assert.equal(revoke.title, 'Revoke key 3 of your account');
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
  assert.deepEqual(half.cautions, []);
  assert.match(half.rows[0][1], /weight 999 of 1000/);
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
