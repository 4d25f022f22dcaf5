// ceremony.js alone, with a browser made of a few lines: which outcome is named what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CeremonyError, create, get, obstacle } from '../page/ceremony.js';
import { toBase64url } from '../page/bytes.js';

/** A browser whose credentials behave as told. */
function browser(credentials, secure = true) {
  globalThis.isSecureContext = secure;
  globalThis.PublicKeyCredential = function PublicKeyCredential() {};
  Object.defineProperty(globalThis, 'navigator', { value: { credentials: { get: credentials, create: credentials } }, configurable: true });
}

let now = 0; // what the page reads its clock at, whatever else this machine does
performance.now = () => now;
const fails = (name, after = 0) => async () => {
  now += after;
  throw new DOMException('said the browser', name);
};
const never = ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))));
const ask = { rpId: 'localhost', challenge: new Uint8Array(32) };
const options = { rp: { id: 'localhost', name: 'P' }, user: { id: toBase64url(new Uint8Array(33)), name: 'a', displayName: 'a' }, challenge: toBase64url(new Uint8Array(32)) };

const outcome = (promise) => promise.then(() => 'done', (e) => {
  assert.ok(e instanceof CeremonyError, String(e));
  return e.kind;
});

test('outcomes are told apart', async () => {
  browser(fails('NotAllowedError', 200));
  assert.equal(await outcome(get(ask)), 'cancelled');
  browser(fails('NotAllowedError'));
  assert.equal(await outcome(get(ask)), 'refused');
  browser(fails('NotAllowedError', 60_000));
  assert.equal(await outcome(get({ ...ask, timeout: 60_000 })), 'timeout', 'the browser’s own clock');
  browser(never);
  assert.equal(await outcome(get({ ...ask, timeout: 30 })), 'timeout', 'our clock');
  assert.equal(await outcome(get({ ...ask, signal: AbortSignal.timeout(20) })), 'aborted');
  assert.equal(await outcome(get({ ...ask, signal: AbortSignal.abort() })), 'aborted');
  browser(async () => null);
  assert.equal(await outcome(get(ask)), 'cancelled');
  for (const [name, kind] of [['SecurityError', 'domain'], ['NotSupportedError', 'unsupported'], ['ConstraintError', 'unverified'], ['UnknownError', 'failed'], ['InvalidStateError', 'exists']]) {
    browser(fails(name));
    assert.equal(await outcome(create({ options })), kind);
  }
  browser(fails('InvalidStateError'));
  assert.equal(await outcome(get(ask)), 'failed', 'nothing is excluded in get()');
});

test('a browser without passkeys, and a page without TLS, are named before anything is asked', async () => {
  browser(() => assert.fail('asked'), false);
  assert.equal(obstacle(), 'insecure');
  assert.equal(await outcome(get(ask)), 'insecure');
  browser(() => assert.fail('asked'));
  delete globalThis.PublicKeyCredential;
  assert.equal(await outcome(create({ options })), 'unsupported');
});

test('the browser is asked before the first await, as Safari demands', () => {
  let asked = 0;
  browser(() => {
    asked++;
    return Promise.resolve(null);
  });
  get(ask).catch(() => {});
  create({ options }).catch(() => {});
  assert.equal(asked, 2);
});

test('creation asks for a discoverable, verified ES256 passkey, whatever the server says', async () => {
  let seen;
  browser(async (o) => {
    seen = o.publicKey;
    return null;
  });
  await outcome(create({ name: 'Mine', options: { ...options, pubKeyCredParams: [{ type: 'public-key', alg: -257 }], authenticatorSelection: { residentKey: 'discouraged', userVerification: 'discouraged' } } }));
  assert.deepEqual(seen.pubKeyCredParams, [{ type: 'public-key', alg: -7 }]);
  assert.equal(seen.authenticatorSelection.residentKey, 'required');
  assert.equal(seen.authenticatorSelection.userVerification, 'required');
  assert.equal(seen.user.name, 'Mine');
  assert.equal(seen.user.id.length, 33);
});

test('malformed options are an error of their own kind, not a silent prompt', async () => {
  browser(() => assert.fail('asked'));
  assert.equal(await outcome(create({ options: { ...options, challenge: 'no+base64url' } })), 'failed');
});

test('an assertion comes back as bytes', async () => {
  const response = { authenticatorData: new Uint8Array([1]).buffer, clientDataJSON: new Uint8Array([2]).buffer, signature: new Uint8Array([3]).buffer, userHandle: new ArrayBuffer(0) };
  browser(async () => ({ rawId: new Uint8Array([9]).buffer, response }));
  const got = await get(ask);
  assert.deepEqual([...got.id, ...got.authenticatorData, ...got.clientDataJSON, ...got.der], [9, 1, 2, 3]);
  assert.equal(got.userHandle, undefined);
});
