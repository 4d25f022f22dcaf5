// Guardians against what package account/guardian says (testdata/guardians.json).
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { concat, fromHex, toBase64url, toBigInt, toHex, uint, utf8 } = await import('../page/bytes.js');
const { signerBytes } = await import('../page/account.js');
const { ORDER, sha256 } = await import('../page/assertion.js');
const g = await import('../page/guardians.js');
const { setupWords, words } = await import('../page/guardianwords.js');
const file = await import('../page/guardianfile.js');
const stop = await import('../page/guardianstop.js');

const v = JSON.parse(readFileSync(new URL('../testdata/guardians.json', import.meta.url), 'utf8'));
const chainId = BigInt(v.chainId);
const here = { chainId, module: v.module };

/** @param {any} s */
const setup = (s) => ({ ...s, tiers: s.tiers.map((t) => ({ threshold: BigInt(t.threshold), delay: t.delay, guardians: t.guardians.map((x) => ({ signer: fromHex(x.signer), weight: BigInt(x.weight) })) })) });

test('setups are put in order, encoded, hashed, said and refused as in Go', () => {
  assert.ok(v.setups.length > 25);
  for (const [i, x] of v.setups.entries()) {
    const s = g.sorted(setup(x.setup));
    assert.equal(toHex(g.encodeSetup(s)), x.sorted, `setup ${i}`);
    assert.equal(toHex(g.configHash(s)), x.hash, `setup ${i}`);
    if (!x.problems.some(([, why]) => why.startsWith('the weights'))) assert.deepEqual(setupWords(s), x.words, `setup ${i}`); // Go's sum wraps there
    const found = g.problems(s, v.account, v.signers.map((b) => fromHex(b)), { module: v.module, verifier: v.verifier });
    assert.deepEqual(found.map((p) => [p.field, p.why.replaceAll('’', "'")]), x.problems.map(([f, why]) => [f, why.replace(/: there is no contract.*/, '')]), `setup ${i}`);
    if (x.install) assert.equal(toHex(g.install(v.module, s)), x.install, `setup ${i}`);
    if (x.schedule) assert.equal(toHex(g.schedule(s)), x.schedule, `setup ${i}`);
    assert.deepEqual(g.parseSetup(g.encodeSetup(s)), s, `setup ${i}`);
  }
});

test('a setup in another encoding is refused, and none makes the reader run away', () => {
  const good = g.encodeSetup(g.sorted(setup(v.setups[0].setup)));
  for (let at = 0; at < good.length; at += 3) {
    for (const flip of [1, 0x80]) {
      const bad = good.slice();
      bad[at] ^= flip;
      try {
        assert.deepEqual(g.encodeSetup(g.parseSetup(bad)), bad);
      } catch (e) {
        assert.equal(e.name, 'MalformedError', `${at}: ${e}`);
      }
    }
  }
  for (const cut of [0, 31, 32, 33, good.length - 32, good.length - 1]) assert.throws(() => g.parseSetup(good.subarray(0, cut)), { name: 'MalformedError' });
  assert.throws(() => g.parseSetup(new Uint8Array([...good, ...new Uint8Array(32)])), { name: 'MalformedError' });
});

test('messages have the digest, the typed data and the words that Go gives them', async () => {
  for (const [i, x] of v.messages.entries()) {
    const { message } = await file.parse(v.files[i].text, here);
    assert.equal(message.kind, x.kind);
    assert.equal(toHex(g.digest(message, chainId, v.module)), x.digest, `message ${i}`);
    assert.deepEqual(JSON.parse(g.typedData(message, chainId, v.module)), JSON.parse(x.typedData), `message ${i}`);
    assert.deepEqual(words(message), x.words, `message ${i}`);
    assert.notEqual(toHex(g.digest(message, 1n, v.module)), x.digest);
  }
});

test('files survive, and what they come to is what Go makes of them', async () => {
  for (const [i, x] of v.files.entries()) {
    const c = await file.parse(x.text, here);
    assert.deepEqual(JSON.parse(file.serialize(c)), JSON.parse(x.text), `file ${i}`);
    assert.equal(file.standing(c).ready, x.ready, `file ${i}`);
    if (x.call) assert.equal(toHex(g.transaction(c.message, c.setup, c.approvals, c.newSigner)), x.call, `file ${i}`);
  }
});

test('files are merged when they are about the same, and not otherwise', async () => {
  const [empty, first, second] = await Promise.all([0, 1, 2].map((i) => file.parse(v.files[i].text, here)));
  assert.equal(file.standing(empty).ready, false);
  await file.merge(empty, first);
  await file.merge(empty, second);
  await file.merge(empty, first);
  assert.equal(empty.approvals.length, 2);
  assert.equal(file.standing(empty).ready, true);
  await assert.rejects(file.merge(empty, await file.parse(v.files[5].text, here)), { name: 'MalformedError' });
});

test('a file in which anything was changed is refused', async () => {
  const x = v.files[3]; // a passkey, the new one and a key
  /** @param {(o: any) => void} change */
  const changed = (change) => {
    const o = JSON.parse(x.text);
    change(o);
    return file.parse(JSON.stringify(o), here);
  };
  const flip = (/** @type {string} */ h, at = 10) => h.slice(0, at) + (h[at] === '0' ? '1' : '0') + h.slice(at + 1);
  for (const [name, change] of Object.entries({
    format: (o) => { o.format = 'postern-recovery-2'; },
    kind: (o) => { o.kind = 'freeze'; },
    chain: (o) => { o.chainId = '1'; },
    module: (o) => { o.module = v.account; },
    another: (o) => { o.more = 1; },
    inside: (o) => { o.message.more = 1; },
    deadline: (o) => { o.message.deadline += 1; },
    nonce: (o) => { o.message.nonce = '0' + o.message.nonce; },
    tier: (o) => { o.message.tier = 7; },
    account: (o) => { o.message.account = v.module; },
    config: (o) => { o.message.configHash = flip(o.message.configHash); },
    setup: (o) => { o.setup = flip(o.setup, 194); },
    nobody: (o) => { o.message.replaces = []; },
    passkey: (o) => { o.newSigner.signature = flip(o.newSigner.signature, 20); },
    origin: (o) => { o.newSigner.signature = flip(o.newSigner.signature, o.newSigner.signature.length - 8); },
    cut: (o) => { o.newSigner.signature = o.newSigner.signature.slice(0, -2); },
    stranger: (o) => { o.approvals[0].signer = o.message.newSigner; o.approvals[0].signature = o.newSigner.signature; },
    twice: (o) => { o.approvals.push(o.approvals[0]); },
    list: (o) => { o.approvals = {}; },
  })) await assert.rejects(changed(change), { name: 'MalformedError' }, name);
  for (const text of ['', '{}', 'null', '[]', '{"format":"postern-recovery-1"}', x.text.slice(0, -1), x.text + 'x', ' '.repeat(500_000)]) await assert.rejects(file.parse(text, here), { name: 'MalformedError' });
  assert.ok(await changed(() => {}));
});

test('weights decide, and one guardian alone neither stops nor freezes', async () => {
  const ready = await Promise.all(v.files.map(async (x) => [JSON.parse(x.text).kind, file.standing(await file.parse(x.text, here)).ready]));
  assert.deepEqual(ready.filter(([kind]) => kind !== 'recover').map(([, r]) => r), [true, true, false, true, true, false]);
});

test('a majority is more than half, and never less than the threshold', () => {
  const tier = (threshold, ...weights) => ({ threshold, delay: g.DAY, guardians: weights.map((weight) => ({ signer: new Uint8Array(20), weight })) });
  assert.equal(g.majority(tier(1n, 1n, 1n, 1n, 1n)), 3n);
  assert.equal(g.majority(tier(1n, 1n)), 1n);
  assert.equal(g.majority(tier(4n, 1n, 1n, 1n, 1n)), 4n);
  assert.equal(g.majority(tier(1n, 5n, 2n)), 4n);
});

test('a message for other guardians than those in the file is refused, whoever has signed', async () => {
  const o = JSON.parse(v.files[0].text);
  assert.equal(o.approvals.length, 0);
  o.message.configHash = '0x' + '11'.repeat(32);
  await assert.rejects(file.parse(JSON.stringify(o), here), { name: 'MalformedError', message: /guardians/ });
});

/** A passkey of this test, and an approval by it with these flags. */
async function person(rule) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const signer = signerBytes({ x: raw.slice(1, 33), y: raw.slice(33), rule });
  const sign = async (challenge, flags) => {
    const authenticatorData = concat(new Uint8Array(32), Uint8Array.of(flags), new Uint8Array(4));
    const clientDataJSON = utf8(`{"type":"webauthn.get","challenge":"${toBase64url(challenge)}","origin":"http://localhost","crossOrigin":false}`);
    const s = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, concat(authenticatorData, await sha256(clientDataJSON))));
    const high = toBigInt(s.subarray(32)) > ORDER / 2n;
    return file.byPasskey(signer, { authenticatorData, clientDataJSON, signature: high ? concat(s.slice(0, 32), uint(ORDER - toBigInt(s.subarray(32)), 32)) : s });
  };
  return { signer, sign };
}

test('one heavy guardian is not two, and a passkey signs as its rule says', async () => {
  const [heavy, light] = [await person(1), await person(1 | (2 << 2))]; // verified; the other never synced as well
  const setup_ = g.sorted({ expiry: 30 * g.DAY, changeDelay: 9 * g.DAY, freeze: 8 * g.DAY, tiers: [{ threshold: 1n, delay: 7 * g.DAY, guardians: [{ signer: heavy.signer, weight: 5n }, { signer: light.signer, weight: 1n }] }] });
  const message = { kind: 'freeze', account: v.account, tier: 0, nonce: 7n, deadline: 1_900_000_000, configHash: g.configHash(setup_) };
  const c = { ...here, setup: setup_, message, approvals: [] };
  const hash = g.digest(message, chainId, v.module);
  for (const flags of [0x01, 0x04, 0x00]) await assert.rejects(async () => file.add(c, await heavy.sign(hash, flags)), { name: 'MalformedError' }, `flags ${flags}`);
  await file.add(c, await heavy.sign(hash, 0x1d));
  assert.equal(file.standing(c).weight, 5n);
  assert.equal(file.standing(c).ready, false);
  assert.equal(file.standing(c).few, true);
  await assert.rejects(async () => file.add(c, await light.sign(hash, 0x0d)), { name: 'MalformedError' });
  await assert.rejects(async () => file.add(c, await light.sign(new Uint8Array(32), 0x05)), { name: 'MalformedError' });
  await file.add(c, await light.sign(hash, 0x05));
  assert.equal(file.standing(c).ready, true);
  assert.deepEqual((await file.parse(file.serialize(c), here)).approvals, c.approvals);
});

test('nobody has agreed by a signature that is not his', async () => {
  const [friend, next] = [await person(1), await person(1)];
  const key = new Uint8Array(20).fill(7);
  const setup_ = g.sorted({ expiry: 30 * g.DAY, changeDelay: 9 * g.DAY, freeze: 0, tiers: [{ threshold: 2n, delay: 7 * g.DAY, guardians: [{ signer: friend.signer, weight: 1n }, { signer: key, weight: 1n }] }] });
  const message = { kind: 'recover', account: v.account, tier: 0, newSigner: next.signer, table: 0, credentialIdHash: new Uint8Array(32), replaces: [new Uint8Array(20).fill(9)], nonce: 7n, deadline: 1_900_000_000, configHash: g.configHash(setup_) };
  const begin = () => ({ ...here, setup: setup_, message, approvals: [] });
  const hash = g.digest(message, chainId, v.module);
  // A path to somewhere makes nothing true of what a passkey did not sign.
  const path = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(200)];
  const good = await friend.sign(hash, 0x05);
  for (const bad of [{ ...good, proof: path }, { signer: friend.signer, signature: new Uint8Array(0), proof: path }, { ...(await next.sign(hash, 0x05)), proof: path }]) {
    await assert.rejects(async () => file.add(begin(), bad), { name: 'MalformedError' });
  }
  // What it did sign counts: the root of a tree, as in Go.
  const first = await file.parse(v.files[0].text, here);
  assert.equal(toHex(g.approved(g.digest(first.message, chainId, v.module), v.tree.proof.map((p) => fromHex(p)), v.module)), v.tree.digest);
  const root = g.approved(hash, path, v.module);
  assert.notDeepEqual(root, hash);
  const c = begin();
  await file.add(c, { ...(await friend.sign(root, 0x05)), proof: path });
  await file.add(c, { ...(await next.sign(root, 0x05)), proof: path });
  assert.equal(file.standing(c).works, true);
  // A key's signature that is none, which a contract might take: nobody says that it agreed, and the real one takes its place.
  await file.add(c, { signer: key, signature: new Uint8Array(65).fill(1), proof: [] });
  const at = (/** @type {Uint8Array} */ s) => file.standing(c).list.find((x) => toHex(x.signer) === toHex(s));
  assert.deepEqual([at(key).approved, at(key).open, at(friend.signer).open], [true, true, false]);
  const d = begin();
  d.newSigner = { signer: next.signer, signature: new Uint8Array(0), proof: [] };
  d.approvals = [{ signer: friend.signer, signature: new Uint8Array(0), proof: [] }];
  await file.add(d, good);
  await file.add(d, await next.sign(hash, 0x05));
  assert.deepEqual([d.approvals.length, d.approvals[0] === good, file.standing(d).works], [1, true, true]);
});

test('the owner’s signature against every recovery is asked for, said, sent and passed on as in Go', () => {
  const x = v.stop;
  const s = { ...here, account: v.account, nonce: BigInt(x.nonce), signature: fromHex(x.signature) };
  assert.equal(toHex(g.cancelAll(v.account, s.nonce, chainId, v.module)), x.digest);
  assert.equal(toHex(stop.challenge(s)), x.signed);
  assert.deepEqual(stop.words(s), x.words);
  assert.equal(toHex(stop.transaction(s)), x.call);
  assert.equal(stop.epoch(s.nonce | 5n), s.nonce);
  assert.deepEqual(stop.parse(stop.serialize(s), here), s);
  assert.deepEqual(stop.parse(stop.serialize(s).toLowerCase().replace('chainid', 'chainId'), here), s); // as the command line writes it
  /** @param {(o: any) => void} change */
  const changed = (change) => {
    const o = JSON.parse(stop.serialize(s));
    change(o);
    return JSON.stringify(o);
  };
  for (const [name, change] of Object.entries({
    format: (o) => { o.format = file.FORMAT; },
    chain: (o) => { o.chainId = '1'; },
    module: (o) => { o.module = v.account; },
    account: (o) => { o.account = o.account.slice(0, -2); },
    counter: (o) => { o.nonce = String(BigInt(o.nonce) + 1n); },
    negative: (o) => { o.nonce = '-18446744073709551616'; },
    large: (o) => { o.nonce = String(1n << 112n); },
    number: (o) => { o.nonce = 0; },
    unsigned: (o) => { o.signature = '0x'; },
    more: (o) => { o.more = 1; },
    less: (o) => { delete o.signature; },
  })) assert.throws(() => stop.parse(changed(change), here), { name: 'MalformedError' }, name);
  for (const text of ['', '{}', 'null', '[]', stop.serialize(s).slice(0, -1), ' '.repeat(30_000)]) assert.throws(() => stop.parse(text, here), { name: 'MalformedError' });
});

test('a setup that no contract’s code has room for is refused', () => {
  const many = (n, size) => g.sorted({ expiry: 30 * g.DAY, changeDelay: 9 * g.DAY, freeze: 0, tiers: [0, 1].map((i) => ({ threshold: 1n, delay: (7 + i) * g.DAY, guardians: Array.from({ length: n }, (_, j) => ({ signer: new Uint8Array(size).fill(16 * (i + 1) + j), weight: 1n })) })) });
  const why = (s) => g.problems(s, v.account, [], { module: v.module }).map((p) => p.why);
  assert.deepEqual(why(many(16, 1024)), ['it does not fit into a contract’s code']);
  assert.deepEqual(why(many(9, 1024)), []);
});
