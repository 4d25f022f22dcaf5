// Drills against what postern drill report says (testdata/drills.json), and in the page's own words.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, toHex } = await import('../page/bytes.js');
const g = await import('../page/guardians.js');
const file = await import('../page/guardianfile.js');
const drills = await import('../page/guardiandrills.js');

const v = JSON.parse(readFileSync(new URL('../testdata/drills.json', import.meta.url), 'utf8'));
const here = { chainId: 31337n, module: v.module };
const read = (text = JSON.stringify(v.log)) => drills.parseLog(text, here, v.account);
const current = g.parseSetup(fromHex(v.setup));
const time = (/** @type {string | undefined} */ t) => (t ? Date.parse(t) / 1000 : undefined);

test('a record is read, judged and written as postern drill report does', async () => {
  assert.ok(v.reports.length >= 20);
  const log = await read();
  assert.deepEqual(JSON.parse(drills.serializeLog(log)), v.log);
  for (const x of v.reports) {
    const newest = log.findLast((c) => drills.dateOf(c) <= x.now + drills.AHEAD);
    const setup = x.current ? current : newest.setup;
    const r = drills.report(log, setup, x.now);
    const where = `${x.now} ${x.current}`;
    assert.equal(r.ok, x.report.ok, where);
    assert.deepEqual(r.guardians.map((y) => [toHex(y.signer), y.last, y.lately, y.unverified]), x.report.guardians.map((y) => [y.signer, time(y.last), y.lately, !!y.unverified]), where);
    assert.deepEqual(r.tiers.map((t) => [t.weight, t.threshold, t.majority, t.reached]), x.report.tiers.map((t) => [BigInt(t.weight), BigInt(t.threshold), BigInt(t.majority), t.reached]), where);
    assert.deepEqual(r.drills.map((d) => [d.date, d.signed, d.asked, d.bad, d.future, d.current]), x.report.drills.map((d) => [time(d.date), d.signed, d.asked, d.badSignatures ?? 0, !!d.inTheFuture, d.currentSetup]), where);
    assert.equal(r.newest, newest && drills.dateOf(newest), where);
  }
});

test('a signature that only the chain can verify counts as the chain says', async () => {
  const log = await read();
  const now = v.reports[0].now;
  const setup = log[0].setup;
  const safe = (/** @type {drills.Judge} */ judge) => {
    const r = drills.report(log, setup, now, judge);
    const x = r.guardians.find((y) => y.signer.length === 20 && toHex(y.signer).endsWith('c0de5'));
    return [x.lately, x.unverified, r.drills[0].bad, r.tiers[1].reached];
  };
  assert.deepEqual(safe(() => undefined), [false, true, 0, false]);
  assert.deepEqual(safe(() => true), [true, false, 0, true]);
  assert.deepEqual(safe(() => false), [false, false, 1, false]);
});

test('a record in which anything was changed is refused', async () => {
  /** @param {(o: any) => void} change */
  const changed = (change) => {
    const o = structuredClone(v.log);
    change(o);
    return read(JSON.stringify(o));
  };
  for (const [name, change] of Object.entries({
    format: (o) => { o.format = file.FORMAT; },
    more: (o) => { o.more = 1; },
    list: (o) => { o.drills = {}; },
    date: (o) => { o.drills[0].message.date++; },
    signature: (o) => { const a = o.drills[0].approvals; [a[0].signature, a[1].signature] = [a[1].signature, a[0].signature]; },
    stranger: (o) => { o.drills[0].approvals[0].signer = v.account; },
    account: (o) => { o.drills[1].message.account = v.module; },
    long: (o) => { o.drills = Array.from({ length: drills.MOST + 1 }, () => o.drills[2]); },
  })) {
    // A key's signature that is no key's may be a contract's: it is open then, and counts for nobody.
    const log = await changed(change).catch((e) => assert.equal(e.name, 'MalformedError', name));
    if (!log) continue;
    assert.ok(['date', 'signature'].includes(name), name);
    assert.equal(drills.report(log, current, v.reports[0].now).drills[0].signed, 0, name);
  }
  for (const text of ['', '{}', 'null', '[]', JSON.stringify(v.log).slice(0, -1)]) await assert.rejects(read(text), { name: 'MalformedError' });
  await assert.rejects(drills.parseLog(JSON.stringify(v.log), here, v.module), { name: 'MalformedError', message: /another account/ });
  await assert.rejects(drills.parseLog(JSON.stringify(v.log), { ...here, chainId: 1n }, v.account), { name: 'MalformedError' });
});

/** A drill of that date that nobody has signed. @param {number} date */
const asked = (date, setup = current) => ({ ...here, setup, message: { kind: 'drill', account: v.account, nonce: 0n, date, configHash: g.configHash(setup) }, approvals: [] });

test('a record keeps the newest, each once, with the signatures of all copies', async () => {
  const log = await read();
  const [copy] = await read();
  const signed = [...copy.approvals];
  log[0].approvals = signed.slice(0, 1);
  await drills.record(log, { ...copy, approvals: signed.slice(1) });
  assert.equal(log.length, 4);
  assert.equal(log[0].approvals.length, signed.length);
  for (let i = 0; i < drills.MOST; i++) await drills.record(log, asked(1_900_000_000 + i));
  assert.equal(log.length, drills.MOST);
  assert.equal(drills.dateOf(log[0]), 1_900_000_000);
  assert.equal((await read(drills.serializeLog(log))).length, drills.MOST);
  await assert.rejects(drills.record(log, { ...asked(1), chainId: 1n }), { name: 'MalformedError' });
  await assert.rejects(drills.record(log, { ...asked(1), message: { ...asked(1).message, kind: 'freeze' } }), { name: 'MalformedError' });
});

test('what is overdue, and what could not complete, is said plainly', async () => {
  const one = (/** @type {number} */ n) => new Uint8Array(20).fill(n);
  const setup = (threshold, ...weights) => g.sorted({ expiry: 30 * g.DAY, changeDelay: 9 * g.DAY, freeze: 0, tiers: [{ threshold: BigInt(threshold), delay: 7 * g.DAY, guardians: weights.map((w, i) => ({ signer: one(i + 1), weight: BigInt(w) })) }] });
  const start = 1_900_000_000;
  const two = setup(2, 1, 1, 1);
  /** A drill that these guardians, by their numbers, have signed as the chain says. */
  const held = (date, who, s = two) => ({ ...asked(date, s), approvals: who.map((n) => ({ signer: one(n), signature: Uint8Array.of(1), proof: [] })) });
  const says = (log, days, s = two) => {
    const now = start + days * g.DAY;
    return drills.verdict(drills.report(log, s, now, () => true), now);
  };
  const level = (...x) => says(...x).level;
  assert.deepEqual([level([], 0), says([], 0).words[0]], ['due', 'No drill was held yet. Whether your guardians can sign, nobody has seen.']);
  const fresh = [held(start, [])];
  assert.deepEqual([0, 13, 14, 180, 181].map((d) => level(fresh, d)), ['wait', 'wait', 'alarm', 'alarm', 'alarm']);
  assert.match(says(fresh, 14).words[0], /never answered \(3 of 3\) that a recovery could not complete/);
  assert.match(says(fresh, 181).words[1], /^A drill is overdue: the last one was on 17 March 2030/);
  const enough = [held(start, [1, 2])];
  assert.deepEqual([0, 14, 180, 181].map((d) => level(enough, d)), ['good', 'good', 'good', 'due']);
  assert.match(says(enough, 20).words[0], /The next drill is due on 13 September 2030\.$/);
  assert.match(says(enough, 181).words[0], /^A drill is overdue/);
  const half = [held(start, [2])]; // two are silent, and one is too few
  assert.equal(level(half, 14), 'alarm');
  const again = [held(start, [1, 2]), held(start + 170 * g.DAY, [1])];
  assert.deepEqual([170, 180, 181, 190].map((d) => level(again, d)), ['good', 'good', 'wait', 'due']); // the second has answered once: not silent
  assert.deepEqual(drills.report(again, two, start + 190 * g.DAY, () => true).guardians.map((x) => drills.shown(x)).sort(), [
    ['has never answered, and was asked on 17 March 2030', 'bad'],
    ['showed it last on 17 March 2030, more than half a year ago', 'open'],
    ['showed on 3 September 2030 that they can sign', 'good'],
  ]);
  // Weights decide, not heads.
  const heavy = setup(3, 1, 1, 3);
  assert.equal(level([held(start, [3], heavy)], 20, heavy), 'good');
  assert.equal(level([held(start, [1, 2], heavy)], 20, heavy), 'alarm');
  // Guardians who came later were not asked; a drill of another day is not theirs.
  const more = setup(2, 1, 1, 1, 1);
  assert.match(says([held(start, [3])], 20, setup(3, 1, 1, 1, 1)).words[0], /never asked|never answered/);
  assert.equal(level([held(start, [1, 2])], 20, more), 'good');
  // What nobody could ask the chain about is no silence; what it refuses is.
  const shown = (/** @type {any} */ log, /** @type {number} */ days, /** @type {any} */ judge) => drills.report(log, two, start + days * g.DAY, judge).guardians.map((x) => drills.shown(x)[0]).sort();
  assert.deepEqual(shown([held(start, [1])], 20, () => undefined), ['has never answered, and was asked on 17 March 2030', 'has never answered, and was asked on 17 March 2030', 'has signed what only the chain can check, and it does not confirm that']);
  assert.equal(drills.verdict(drills.report([held(start, [1, 2])], two, start + 20 * g.DAY), start + 20 * g.DAY).level, 'due');
  assert.equal(drills.verdict(drills.report([held(start, [1, 2])], two, start + 20 * g.DAY, () => false), start + 20 * g.DAY).level, 'alarm');
  // A drill of the future is none.
  assert.deepEqual(shown([held(start + 3 * g.DAY, [1])], 0, () => true), ['was never asked', 'was never asked', 'was never asked']);
  assert.equal(level([held(start + 3 * g.DAY, [1, 2])], 0), 'due');
});
