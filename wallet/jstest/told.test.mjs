// What the page tells the audit of passkeys: all that is read there, and never more than the server takes.
import './noble.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { told } = await import('../page/recovery/chain.js');

const MOST = 64 << 10; // of a request to /audit
const uses = (n) => Array.from({ length: n }, (_, i) => ({ at: '2026-01-02T03:04:05.000Z', flags: i % 2 ? 'UP|UV|BE|BS' : 'UP|UV|BE', signCount: i }));
const story = (n) => Array.from({ length: n }, () => ({ at: '2026-01-02T03:04:05.000Z', kind: 'use', what: 'it is no longer backed up: it is on one device only now (BS 1→0)' }));
const passkey = (n, history, events) => ({ rpId: 'wallet.example', id: `${n}`.padStart(22, 'A'), pubkey: 'M'.repeat(122), name: 'Phone', class: 'syncable, discoverable', examples: 'Apple Passwords', created: '2026-01-02T03:04:05.000Z', transports: ['internal'], history: uses(history), changes: story(events), events: story(events) });
const size = (x) => new TextEncoder().encode(JSON.stringify({ account: '0x' + '22'.repeat(20), ...x })).length;

test('stories in words stay here, and everything else is told', () => {
  const kept = { format: 'postern-passkeys-1', passkeys: [passkey(1, 3, 4)] };
  const before = structuredClone(kept);
  const { changes, events, class: _, examples, ...read } = kept.passkeys[0];
  assert.deepEqual(told(kept), { format: kept.format, passkeys: [read] });
  assert.deepEqual(kept, before, 'the page still shows them');
});

for (const [name, n, history, facts] of [['a long list', 16, 65, undefined], ['few passkeys with long stories', 2, 65, undefined], ['a long list, and many facts', 16, 65, { text: 'é'.repeat(20_000) }]]) {
  test(`${name} fits into what the server takes`, () => {
    const kept = { format: 'postern-passkeys-1', passkeys: Array.from({ length: n }, (_, i) => passkey(i, history, 256)) };
    assert.ok(size({ facts, passkeys: kept }) > MOST);
    const passkeys = told(kept, facts);
    assert.ok(size({ facts, passkeys }) <= MOST, `${size({ facts, passkeys })} bytes`);
    assert.equal(passkeys.passkeys.length, n);
    for (const [i, p] of passkeys.passkeys.entries()) assert.deepEqual(p.history.at(-1), kept.passkeys[i].history.at(-1));
  });
}
