// A new passkey counts only when it has done what signing in will ask of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, open, passkey, press, problem, restart, view } from './stage.js';

const state = await open();

async function created() {
  restart(state);
  await press('create-form', 'submit');
  assert.equal(view(), 'prove', problem());
}

test('the proof asks as signing in does, and takes nothing less than the user handle', async (t) => {
  await created();
  for (const [name, bend, says] of [
    ['no user handle', () => (passkey.forgetful = true), /did not give back what finds the account again.*another place/],
    ['another user handle', () => (passkey.answer = (r) => (r.response.userHandle = new Uint8Array(33).buffer, r)), /another account/],
    ['another passkey', () => (passkey.answer = (r) => (r.rawId = Uint8Array.of(9).buffer, r)), /another passkey/],
  ]) {
    await t.test(name, async () => {
      bend();
      await press('test');
      assert.match(problem(), says);
      assert.equal(state.session, undefined);
      assert.equal(localStorage.length, 0);
      assert.deepEqual(passkey.asked.allowCredentials, []);
      passkey.forgetful = false;
      passkey.answer = (r) => r;
    });
  }
  await press('test');
  assert.equal(view(), 'account', problem());
});

test('a registration that fails on its way is tried again with the same passkey', async () => {
  let failures = 1;
  node.replies.verify = () => {
    if (failures-- > 0) throw new Error('the line is cut');
    return { verified: true };
  };
  await created();
  await press('test');
  assert.match(problem(), /passkey works.*Try again/);
  const { prompts } = passkey;
  await press('test');
  assert.equal(view(), 'account', problem());
  assert.equal(passkey.prompts, prompts, 'a passkey that is proven is not asked again');

  node.replies.verify = () => ({ error: { code: 'challenge_used', message: 'used' } });
  await created();
  await press('test');
  assert.match(problem(), /did not accept the passkey.*Start over/);
  delete node.replies.verify;
});

test('of two occasions at once, one offer is fetched: the server ties it to this browser with its first answer', async () => {
  await created(); // which has used the offer up
  restart(state);
  const { keepOffer } = await import('../page/create.js');
  const real = globalThis.fetch;
  let asked = 0;
  globalThis.fetch = (url, init) => (asked += url.endsWith('/register/options') ? 1 : 0, real(url, init));
  try {
    keepOffer();
    keepOffer();
    await created();
    assert.equal(asked, 1);
  } finally {
    globalThis.fetch = real;
  }
});
