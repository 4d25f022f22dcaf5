// What a person states of an account's keys: the file that package recovery reads.
import './noble.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const kept = new Map();
globalThis.localStorage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, x) => void kept.set(k, String(x)), removeItem: (k) => void kept.delete(k) };
const { any, asked, file, keep, load, named, none, parse, state, stated } = await import('../page/recovery/facts.js');

const known = [{ id: 'icloud', kind: 'cloud', label: 'Ann’s Apple account' }, { id: 'localhost', kind: 'rp-id', label: 'localhost' }];

test('an answer brings its domain, and takes it along when it goes', () => {
  const f = none();
  assert.equal(any(f), false);
  state(f, 'signer', 'phone', 'devices', [named(f, 'devices', 'My phone', known), named(f, 'devices', '  my   laptop ', known)]);
  assert.deepEqual(file(f), {
    version: 1, domain: [{ id: 'device-my-phone', kind: 'device', name: 'My phone' }, { id: 'device-my-laptop', kind: 'device', name: 'my laptop' }],
    signer: [{ id: 'phone', devices: ['device-my-phone', 'device-my-laptop'] }],
  });
  assert.equal(named(f, 'devices', 'MY PHONE', known), 'device-my-phone');
  state(f, 'signer', 'phone', 'devices', undefined);
  assert.deepEqual(file(f), { version: 1 });
});

test('a domain that the account has is named by its own ID, and says its kind', () => {
  const f = none();
  state(f, 'signer', 'phone', 'cloud', named(f, 'cloud', 'ann’s apple account', known));
  assert.deepEqual(file(f), { version: 1, domain: [{ id: 'icloud', kind: 'cloud' }], signer: [{ id: 'phone', cloud: 'icloud' }] });
  state(f, 'domain', 'icloud', 'secret', named(f, 'secret', '!!!', known), 'cloud');
  assert.deepEqual(f.domain, [{ id: 'icloud', kind: 'cloud', secret: 'secret-new' }, { id: 'secret-new', kind: 'secret', name: '!!!' }]);
  assert.equal(stated(f, 'domain', 'icloud', 'secret'), 'secret-new');
  assert.equal(stated(f, 'domain', 'nothing', 'secret'), undefined);
});

test('two names that come to one ID stay two', () => {
  const f = none();
  const ids = ['a b', 'a-b', 'a.b'].map((n) => named(f, 'cloud', n, known));
  assert.equal(new Set(ids).size, 3);
});

test('what questions ask for', () => {
  assert.deepEqual(asked({ about: 'sync', signer: 'x', words: '', counted: '' }), { of: 'signer', id: 'x', field: 'cloud' });
  assert.deepEqual(asked({ about: 'sealed', domain: 'icloud', words: '', counted: '' }), { of: 'domain', id: 'icloud', field: 'sealed' });
  assert.equal(asked({ about: 'something new', signer: 'x', words: '', counted: '' }), undefined);
});

test('answers are kept by account, and nothing else is read', () => {
  const f = none();
  state(f, 'signer', 'phone', 'apart', true);
  keep('0xAB', f);
  assert.deepEqual(load('0xab'), f);
  assert.deepEqual(load('0xcd'), none());
  keep('0xAB', none());
  assert.equal(kept.size, 0);
  for (const text of ['', 'null', '[]', '{}', '{"version":2}', '{"version":1,"route":[]}', '{"version":1,"signer":[1]}', '{"version":1,"signer":{}}', '{"version":1,"domain":' + JSON.stringify(Array(65).fill({ id: 'x' })) + '}']) assert.equal(parse(text), undefined, text.slice(0, 40));
});
