// The key that signed decides whose account is shown; the node's word does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { el, node, open, passkey, press, problem, restart, view } from './stage.js';

const state = await open();
const { fresh, saltHandle, signerBytes } = await import('../page/account.js');
const { encode, keccak } = await import('../page/abi.js');
const { equal, toHex, utf8 } = await import('../page/bytes.js');
const { parseSignature } = await import('../page/assertion.js');
const { recover } = await import('../page/recover.js');

const salt = new Uint8Array(32).fill(9);
const own = fresh(state.chain.config, passkey, salt);
const selector = (signature) => toHex(keccak(utf8(signature)).slice(0, 4));

function begin() {
  Object.assign(node, { nonce: 0n, code: {}, replies: {}, sent: [] });
  localStorage.clear();
  sessionStorage.clear();
  passkey.handle = saltHandle(salt);
  passkey.answer = (r) => r;
  restart(state);
}

/** Puts an account on the chain, as the node tells it. */
function deploy({ address, signer }, { rule = signer.rule, threshold = 1n, weight = 1n } = {}) {
  node.code[address] = '0xfe';
  node.replies.eth_call = ([{ to, data }], usual) => {
    if (to !== address) return usual();
    if (data === selector('threshold()')) return toHex(encode(['uint64'], [threshold]));
    if (data.startsWith(selector('signerWeight(bytes)'))) return toHex(encode(['uint64'], [weight]));
    return toHex(encode(['bytes[]'], [[signerBytes({ ...signer, rule })]]));
  };
}

/** A node that says "deployed" of the account of the other key that fits the first signature. */
function lie() {
  let phantom;
  passkey.answer = async (r) => {
    if (phantom) return r;
    const signed = { authenticatorData: new Uint8Array(r.response.authenticatorData), clientDataJSON: new Uint8Array(r.response.clientDataJSON), signature: parseSignature(new Uint8Array(r.response.signature)) };
    const other = (await recover(signed)).find((k) => !equal(k.x, passkey.x));
    phantom = fresh(state.chain.config, other, salt);
    deploy(phantom);
    return r;
  };
  return () => phantom.address;
}

test('what only the node says is no address to receive at', async () => {
  begin();
  const phantom = lie();
  await press('signin');
  assert.equal(view(), 'account', problem());
  assert.notEqual(phantom(), own.address);
  assert.doesNotMatch(el('address').textContent, /0x[0-9a-fA-F]{40}/);
  for (const id of ['copy', 'faucet-box']) assert.equal(el(id).hidden, true, id);
  assert.equal(el('confirm-box').hidden, false);
  assert.equal(localStorage.length, 0, 'nor is it remembered');

  await press('confirm');
  assert.equal(el('address').textContent, own.address, problem());
  assert.match(el('status').textContent, /another account/);
  assert.equal(el('confirm-box').hidden, true);
  assert.equal(el('copy').hidden, false);
});

test('a transfer out of such an account is not sent', async () => {
  begin();
  lie();
  await press('signin');
  el('to').value = '0x' + '22'.repeat(20);
  el('amount').value = '0.1';
  await press('send-form', 'submit');
  assert.equal(view(), 'review', problem());
  await press('sign');
  assert.match(problem(), /not by this account’s key/);
  assert.deepEqual(node.sent, []);
});

test('a true account is confirmed by its next signature, or by the button', async () => {
  for (const confirm of [() => press('confirm'), async () => {
    el('to').value = '0x' + '22'.repeat(20);
    el('amount').value = '0.1';
    await press('send-form', 'submit');
    await press('sign');
    assert.equal(view(), 'done', problem());
  }]) {
    begin();
    deploy(own);
    const { prompts } = passkey;
    await press('signin');
    assert.equal(passkey.prompts, prompts + 1);
    assert.equal(el('copy').hidden, true);
    await confirm();
    assert.equal(el('address').textContent, own.address);
    assert.equal(el('copy').hidden, false);
    assert.equal(localStorage.getItem('postern.last'), own.address);
  }

  // What this browser has shown before needs no second signature.
  restart(state);
  await press('signin');
  assert.equal(el('address').textContent, own.address);
  assert.equal(el('confirm-box').hidden, true);
});

test('a passkey that was added again under another rule signs under that rule', async () => {
  begin();
  deploy(own, { rule: 5 });
  await press('signin');
  assert.equal(view(), 'account', problem());
  assert.equal(state.session.account.signer.rule, 5);
});

test('an account that needs more than this passkey says so', async () => {
  begin();
  deploy(own, { threshold: 2n });
  await press('signin');
  assert.equal(view(), 'account', problem());
  assert.equal(el('shared').hidden, false);
  el('to').value = '0x' + '22'.repeat(20);
  el('amount').value = '0.1';
  await press('send-form', 'submit');
  assert.match(problem(), /cannot approve/);

  begin();
  deploy(own, { threshold: 2n, weight: 2n });
  await press('signin');
  assert.equal(el('shared').hidden, true);
});

test('a passkey that was removed says so', async () => {
  begin();
  deploy({ ...own, signer: { ...own.signer, x: own.signer.y } });
  await press('signin');
  assert.match(problem(), /may no longer sign/);
});
