// An operation is paid once, whatever becomes of the server's answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { el, node, open, passkey, press, problem, refuse, restart, until, view } from './stage.js';

const state = await open();
const { enter } = await import('../page/home.js');
const TO = '0x' + '22'.repeat(20);

/** A new account, signed in, as if in a new tab. */
async function account() {
  sessionStorage.clear();
  Object.assign(node, { nonce: 0n, sent: [], mined: {}, replies: {} });
  restart(state);
  await press('create-form', 'submit');
  await press('test');
  assert.equal(view(), 'account', problem());
}

async function review(amount = '0.1') {
  el('to').value = TO;
  el('amount').value = amount;
  await press('send-form', 'submit');
}

async function send() {
  await review();
  assert.equal(view(), 'review', problem());
  await press('sign');
}

const cut = () => { throw new Error('the line is cut'); };

// A signature over another sequence's nonce would stay good when the same is paid again in the right one.
for (const nonce of [1n << 64n, (1n << 64n) | 7n, 1n << 255n]) {
  test(`a nonce of another sequence is refused: 0x${nonce.toString(16)}`, async () => {
    await account();
    node.nonce = nonce;
    const { prompts } = passkey;
    await review();
    assert.equal(view(), 'account');
    assert.match(problem(), /another sequence.*nothing was sent/);
    assert.equal(node.sent.length, 0);
    assert.equal(passkey.prompts, prompts);
    node.nonce = (1n << 64n) - 1n;
    await review();
    assert.equal(view(), 'review', problem());
  });
}

test('a nonce of the sequence that was asked for is taken, and of none beside it', async () => {
  const { Chain } = await import('../page/operate.js');
  const { uint } = await import('../page/bytes.js');
  const key = (1n << 192n) - 2n;
  const chain = Object.assign(Object.create(Chain.prototype), { entryPoint: { address: TO, version: '0.8' } });
  for (const [has, good] of [[key, true], [key + 1n, false], [key - 1n, false], [0n, false]]) {
    chain.call = async () => uint((has << 64n) | 5n, 32);
    if (good) assert.equal(await chain.nonce(TO, key), (key << 64n) | 5n);
    else await assert.rejects(chain.nonce(TO, key), { name: 'Trouble' });
  }
});

/** The hash of what was sent last. */
async function lastHash() {
  const { entryPoint, fromWire, hash } = await import('../page/userop.js');
  const { toHex } = await import('../page/bytes.js');
  return toHex(hash(fromWire(node.sent.at(-1)), entryPoint('0.8'), 31337n));
}

for (const [name, answer] of [
  ['already known', () => refuse('Already known', -32602)],
  ['already exists', () => refuse('already exists in the pool')],
  ['refused, though the bundler has it', () => { node.replies.eth_getUserOperationByHash = () => ({ userOperation: {} }); return refuse('rate limit exceeded', -32005); }],
]) {
  test(`a lost answer, then ${name}: it counts as sent`, async () => {
    await account();
    node.replies.eth_sendUserOperation = cut;
    await send();
    assert.match(problem(), /did not confirm.*only once/);
    node.replies.eth_sendUserOperation = answer;
    await press('sign');
    assert.equal(view(), 'done', problem());
    assert.equal(node.sent.length, 2);
    assert.deepEqual(node.sent[0], node.sent[1]);
  });
}

for (const [message, code] of [['rate limit exceeded', -32005], ['internal error', -32603], ['replacement underpriced', -32602], ['AA25 invalid account nonce', -32500], ['AA21 prefund', -32500]]) {
  test(`after a lost answer, "${message}" does not mean that nothing was sent`, async () => {
    await account();
    node.replies.eth_sendUserOperation = cut;
    await send();
    node.replies.eth_sendUserOperation = () => refuse(message, code);
    await press('sign');
    assert.match(problem(), /It may have|may already/);
    assert.doesNotMatch(problem(), /[Nn]othing was sent|was not sent/);

    // Going back and reviewing again does not lead around it.
    node.nonce = 0n;
    await press('review-back');
    await review();
    assert.equal(view(), 'account');
    assert.match(problem(), /still on its way/);
    assert.equal(el('held').hidden, false);
    node.replies.eth_sendUserOperation = (_, usual) => usual();
    const { prompts } = passkey;
    await press('held-again');
    assert.equal(view(), 'done', problem());
    assert.equal(passkey.prompts, prompts);
    assert.deepEqual(node.sent.at(-1), node.sent[0]);
  });
}

test('a first refusal that says nothing definite is no refusal', async () => {
  await account();
  node.replies.eth_sendUserOperation = () => refuse('internal error', -32603);
  await send();
  assert.match(problem(), /It may have/);
  await press('review-back');
  await review();
  assert.match(problem(), /still on its way/);
});

test('a definite refusal lets go', async () => {
  await account();
  node.replies.eth_sendUserOperation = () => refuse('AA24 signature error', -32507);
  await send();
  assert.match(problem(), /did not accept the signature/);
  await press('review-back');
  await review();
  assert.equal(view(), 'review', problem());
  assert.equal(sessionStorage.length, 0);
});

test('a reload and another sign-in find the operation, and a receipt lets it go', async () => {
  await account();
  node.replies.eth_sendUserOperation = cut;
  await send();
  const session = state.session;
  const kept = JSON.stringify(sessionStorage.getItem(`postern.sent.31337.${session.account.address}`));
  assert.match(kept, /callData/);
  restart(state);
  const other = { id: session.id, account: { ...session.account, address: '0x' + '33'.repeat(20) } };
  await enter(other);
  assert.equal(el('held').hidden, true, 'another account waits for nothing');
  restart(state);
  await enter({ ...session });
  await until(() => !el('held').hidden);
  assert.match(el('held').textContent + el('held-text').textContent, /0\.1 ETH/);
  node.mined[await lastHash()] = { success: true };
  await until(() => el('held').hidden);
  assert.match(el('status').textContent, /transfer of 0\.1 ETH is on the chain/);
  assert.equal(sessionStorage.length, 0);
  node.nonce = 1n;
  await review();
  assert.equal(view(), 'review', problem());
});

test('what another operation has overtaken is let go, in words', async () => {
  await account();
  node.replies.eth_sendUserOperation = cut;
  await send();
  await press('review-back');
  node.nonce = 1n;
  node.replies.eth_getUserOperationReceipt = cut;
  await review();
  assert.match(problem(), /still on its way/, 'no news is not the news that there is none');
  delete node.replies.eth_getUserOperationReceipt;
  await review();
  assert.match(problem(), /has run or can never run.*[Cc]heck/);
  await review();
  assert.equal(view(), 'review', problem());
});

test('a stored operation that was tampered with is not believed', async () => {
  await account();
  node.replies.eth_sendUserOperation = cut;
  await send();
  const session = state.session;
  const key = `postern.sent.31337.${session.account.address}`;
  const good = sessionStorage.getItem(key);
  const { heldFor } = await import('../page/outbox.js?reloaded');
  for (const bad of ['{', '{}', 'null', '7', good.replace('"nonce":"0x0"', '"nonce":"0x5"'), good.replace(/"hash":"0x../, '"hash":"0x')]) {
    sessionStorage.setItem(key, bad);
    assert.equal(heldFor(state.chain, session.account.address), undefined, bad);
  }
  sessionStorage.setItem(key, good);
  assert.equal(heldFor(state.chain, session.account.address).unsure, true);
  assert.equal(heldFor(state.chain, '0x' + '33'.repeat(20)), undefined);
});

for (const [name, bend] of [
  ['without a cost', (r) => (delete r.actualGasCost, delete r.actualGasUsed, r)],
  ['that says it failed', (r) => ({ ...r, success: false })],
]) {
  test(`a receipt ${name} is read from the chain's own log`, async () => {
    await account();
    node.replies.eth_getUserOperationReceipt = (_, usual) => { const r = usual(); return r.then((v) => v && bend(v)); };
    await send();
    node.mined[await lastHash()] = { success: true };
    await until(() => /sent$/.test(el('done-title').textContent));
  });
}

for (const [name, method, bend] of [
  ['of another operation', 'eth_getUserOperationReceipt', (r) => ({ ...r, userOpHash: '0x' + '11'.repeat(32) })],
  ['with no transaction', 'eth_getUserOperationReceipt', (r) => ({ ...r, receipt: undefined })],
  ['of a transaction that is not there', 'eth_getTransactionReceipt', () => null],
  ['of a transaction without it', 'eth_getTransactionReceipt', (r) => ({ ...r, logs: [] })],
  ['logged by another contract', 'eth_getTransactionReceipt', (r) => ({ ...r, logs: r.logs.map((l) => ({ ...l, address: TO })) })],
]) {
  test(`a receipt ${name} does not count`, async () => {
    await account();
    let asked = 0;
    node.replies[method] = (_, usual) => usual().then((r) => r && (asked++, bend(r)));
    await send();
    node.mined[await lastHash()] = { success: true };
    await until(() => asked > 1);
    assert.equal(el('done-title').textContent, 'Waiting for the chain');
    delete node.replies[method];
    await until(() => /sent$/.test(el('done-title').textContent));
  });
}

test('odd fees and gas are named, and nothing is signed', async () => {
  for (const [method, reply] of [
    ['pimlico_getUserOperationGasPrice', { standard: { maxFeePerGas: 'lots', maxPriorityFeePerGas: '0x1' } }],
    ['pimlico_getUserOperationGasPrice', {}],
    ['eth_estimateUserOperationGas', { callGasLimit: '0x1', verificationGasLimit: null, preVerificationGas: '0x1' }],
    ['eth_estimateUserOperationGas', null],
    ['eth_getBalance', '-1'],
  ]) {
    await account();
    node.replies[method] = () => reply;
    await review();
    assert.match(problem(), /not well formed.*Nothing was sent/);
  }
});

test('a fee out of proportion is pointed out before signing', async () => {
  await account();
  await review();
  assert.equal(el('cautions').hidden, true, el('cautions').textContent);
  for (const [method, reply, says] of [
    ['pimlico_getUserOperationGasPrice', { standard: { maxFeePerGas: '0x6', maxPriorityFeePerGas: '0x1' } }, /6 times/],
    ['eth_estimateUserOperationGas', { callGasLimit: '0x1', verificationGasLimit: '0x1', preVerificationGas: '0xfffff' }, /preVerificationGas/],
    ['eth_estimateUserOperationGas', { callGasLimit: '0x16345785d8a0000', verificationGasLimit: '0x1', preVerificationGas: '0x1' }, /more than the amount/],
  ]) {
    await press('review-back');
    node.replies[method] = () => reply;
    await review();
    assert.equal(view(), 'review', problem());
    assert.match(el('cautions').textContent, says);
    delete node.replies[method];
  }
});
