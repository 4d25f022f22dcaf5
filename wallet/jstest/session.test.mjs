// What the guided page keeps, and what it lets go.
import './noble.js';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

const storage = () => {
  const kept = new Map();
  return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, String(v)), removeItem: (k) => void kept.delete(k), all: () => [...kept.values()].join() };
};
const { addressOf } = await import('../page/secp256k1.js');
const { toHex } = await import('../page/bytes.js');
const { adopt, forgetOwner, hold, holdNext, holdOwner, leave, openHere, remembered, restore, session } = await import('../page/backup/session.js');

beforeEach(() => {
  Object.assign(globalThis, { localStorage: storage(), sessionStorage: storage() });
  leave();
});
const key = (n) => new Uint8Array(32).fill(n);
const A = { address: '0x' + 'aA'.repeat(20), owner: addressOf(key(1)), salt: '0x' + '00'.repeat(32), moved: false, sent: true, eoa: false };

test('a key that is lost is overwritten, and gone from the tab', () => {
  const secret = key(1);
  holdOwner(secret);
  assert.ok(sessionStorage.all().includes(toHex(key(1))));
  assert.ok(!localStorage.all().includes(toHex(key(1))));
  forgetOwner();
  assert.deepEqual(secret, key(0));
  assert.ok(!sessionStorage.all().includes(toHex(key(1))));
  restore();
  assert.equal(session.owner, undefined);
  assert.equal(session.lost, addressOf(key(1)));
});

test('leaving overwrites the key and the next one, and remembers nothing', () => {
  const [secret, next] = [key(1), key(2)];
  holdOwner(secret);
  holdNext(next);
  hold(A);
  leave();
  assert.deepEqual([secret, next], [key(0), key(0)]);
  assert.equal(sessionStorage.all() + localStorage.all(), '');
});

test('the next owner’s key becomes the owner’s when the chain names it, and not before', () => {
  holdOwner(key(1));
  holdNext(key(2));
  assert.equal(adopt(addressOf(key(1))), false);
  assert.equal(session.owner?.address, addressOf(key(1)));
  restore(); // a reload in between
  assert.equal(adopt(addressOf(key(2))), true);
  restore();
  assert.equal(session.owner?.address, addressOf(key(2)));
  assert.equal(session.next, undefined);
});

test('a tab’s account comes before the browser’s; what is malformed is nothing', () => {
  hold(A);
  localStorage.setItem('postern.backup.account', JSON.stringify({ ...A, address: '0x' + '11'.repeat(20) }));
  assert.deepEqual(remembered(), A);
  sessionStorage.removeItem('postern.backup.account');
  assert.equal(openHere(), undefined);
  assert.equal(remembered()?.address, '0x' + '11'.repeat(20));
  for (const bad of ['', '{', 'null', '{}', '{"address":"0x12"}', JSON.stringify({ ...A, owner: 7 }), JSON.stringify({ ...A, salt: '0x' })]) {
    localStorage.setItem('postern.backup.account', bad);
    assert.equal(remembered(), undefined, bad);
  }
});

test('without storage everything works until the page is closed', () => {
  Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new Error('forbidden'); }, configurable: true });
  try {
    holdOwner(key(1));
    hold(A);
    assert.equal(session.owner?.address, addressOf(key(1)));
    assert.deepEqual(remembered(), A); // the other one is allowed
    leave();
  } finally {
    Object.defineProperty(globalThis, 'sessionStorage', { value: storage(), writable: true, configurable: true });
  }
});
