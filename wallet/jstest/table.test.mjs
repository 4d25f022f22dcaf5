// How an account verifies is read from it: hints fit, what would be cheaper is offered, and what is signed is said.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { el, node, open, passkey, press, problem, refuse, restart, until, view, wait } from './stage.js';

const state = await open();
after(() => restart(state)); // nobody waits for receipts any more
const { encodeCall, keccak } = await import('../page/abi.js');
const { encodeExecute, signerBytes } = await import('../page/account.js');
const { concat, fromHex, toBase64url, toBigInt, toHex, uint, utf8 } = await import('../page/bytes.js');
const { deedOf, probe, summary, useTable } = await import('../page/deeds.js');
const { enter, refresh } = await import('../page/home.js');
const hints = await import('../page/hints.js');
const { NONE, PRECOMPILE, hintsLength, pathOf } = await import('../page/path.js');
const { COST, beatsFrom, offers, paysAfter, price } = await import('../page/table.js');
const { entryPoint, fromWire, hash } = await import('../page/userop.js');
const { RpcError } = await import('../page/rpc.js');

const TO = '0x' + '22'.repeat(20);
const P256VERIFY = '0x' + '100'.padStart(40, '0');
const selector = (signature) => toHex(keccak(utf8(signature)).slice(0, 4));
const PATH = selector('p256Path(bytes)');

/** What the account answers; and whether the chain has P256VERIFY. */
let path = NONE;
/** @type {boolean | 'liar'} who takes every signature for good */ let native = false;

/** P256VERIFY, by what has hints when it is valid. */
function verifies(data) {
  const b = fromHex(data);
  return hints.noTable(b.slice(0, 32), b.slice(32, 96), { x: b.slice(96, 128), y: b.slice(128) }) ? toHex(uint(1, 32)) : '0x';
}

function chain() {
  node.replies.eth_call = async ([{ to, data }], usual) => {
    if (to === P256VERIFY) return native === 'liar' ? toHex(uint(1, 32)) : native ? verifies(data) : '0x';
    if (data.startsWith(PATH)) return typeof path === 'function' ? path(to) : toHex(uint(path, 32));
    if (data.startsWith(selector('getSigners(uint64,uint64)'))) return toHex(encodeCall('x(bytes[])', [signerBytes(state.session.account.signer)]).slice(4));
    return usual();
  };
}

/** A new account, signed in, on the chain unless told, as if in a new tab. */
async function account({ deployed = true } = {}) {
  sessionStorage.clear();
  Object.assign(node, { nonce: 0n, sent: [], mined: {}, replies: {}, code: {} });
  chain();
  restart(state);
  await press('create-form', 'submit');
  await press('test');
  assert.equal(view(), 'account', problem());
  if (deployed) node.code[state.session.account.address] = '0xfe';
  await refresh();
}

async function transfer() {
  el('to').value = TO;
  el('amount').value = '0.1';
  await press('send-form', 'submit');
  assert.equal(view(), 'review', problem());
}

test('what tables cost is what Go says', () => {
  const { tables } = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));
  assert.deepEqual(COST, Object.fromEntries(tables.map(({ format, ...cost }) => [format, cost])));
});

test('when a table pays', () => {
  for (const [format, from] of [[0x12, NONE], [0x13, NONE], [0x13, 0x12], [0x13, 0x11]]) {
    const spent = (n, f) => (f === from ? 0 : price(f, from)) + n * COST[f].verify;
    const n = paysAfter(format, from);
    assert.ok(spent(n, format) <= spent(n, from) && spent(n - 1, format) > spent(n - 1, from), `${format} ${from}`);
  }
  const all = (n, f) => COST[f].build + n * COST[f].verify;
  const n = beatsFrom(0x13, 0x12);
  assert.ok(all(n, 0x13) <= all(n, 0x12) && all(n - 1, 0x13) > all(n - 1, 0x12));
  for (const [from, formats] of [[NONE, [0x12, 0x13]], [0x11, [0x12, 0x13]], [0x12, [0x13]], [0x13, []], [0x14, []]]) {
    assert.deepEqual(offers(from, 1n).map((o) => o.format), formats);
  }
  assert.match(offers(NONE, 10n ** 9n)[0].text, /A table of 1 KB costs about 0\.000515 ETH once, makes every payment about 0\.000026 ETH cheaper and has paid for itself after 20 payments\.$/);
  assert.match(offers(NONE, undefined)[1].text, /about 1,150,000 gas once, .* about 34,000 gas cheaper .* after 34 payments\. It is the better choice from 90 payments on\.$/);
});

for (const [name, on, kind, want] of [
  ['P256VERIFY', PRECOMPILE, 2, () => undefined],
  ['no table', NONE, 5, (digest, signature, signer) => hints.noTable(digest, signature, signer)],
  ['a table of 1 KB', 0x12, 5, (_, signature) => hints.inverse(signature)],
  ['a table of 16 KB', 0x14, 5, (_, signature) => hints.inverse(signature)],
  ['a contract that does not say', () => refuse('execution reverted', 3), 2, () => undefined],
  ['a contract that answers nonsense', () => toHex(uint(0x77, 32)), 2, () => undefined],
]) {
  test(`a signature by ${name} carries the hints that fit`, async () => {
    path = on;
    await account();
    /** @type {string} */ let stub;
    node.replies.eth_estimateUserOperationGas = ([op], usual) => ((stub = op.signature), usual());
    await transfer();
    await press('sign');
    assert.equal(view(), 'done', problem());
    const sealed = fromHex(node.sent.at(-1).signature);
    assert.equal(sealed[0], kind);
    assert.ok(stub.length >= toHex(sealed).length);
    const { signer } = state.session.account;
    const signature = sealed.slice(66, 130);
    const authData = sealed.slice(131, 131 + sealed[130]);
    const suffixLength = Number(toBigInt(sealed.slice(131 + sealed[130], 133 + sealed[130])));
    const suffix = sealed.slice(133 + sealed[130], 133 + sealed[130] + suffixLength);
    const rest = sealed.slice(133 + sealed[130] + suffixLength);
    const client = concat(utf8(`{"type":"webauthn.get","challenge":"${toBase64url(new Uint8Array(passkey.asked.challenge))}`), suffix);
    const sha256 = async (b) => new Uint8Array(await crypto.subtle.digest('SHA-256', b));
    const expected = want(await sha256(concat(authData, await sha256(client))), signature, signer);
    assert.equal(toHex(rest), expected ? toHex(concat(uint(expected.length, 1), expected)) : '0x');
    assert.equal(fromHex(stub)[0], expected ? 6 : 3, 'the stub is estimated as another kind');
    assert.equal(expected?.length ?? 0, typeof on === 'number' ? hintsLength(on) : 0);
  });
}

test('an account that is not there yet does what its implementation does', async () => {
  path = () => '0x';
  await account({ deployed: false });
  const ask = (answer) => {
    const before = node.replies.eth_call;
    node.replies.eth_call = ([{ to, data }], usual) => (data === selector('hasPrecompile()') ? (assert.equal(to, state.chain.config.implementation), answer()) : before([{ to, data }], usual));
    return pathOf(state.chain, state.session.account);
  };
  assert.equal(await ask(() => toHex(uint(1, 32))), PRECOMPILE);
  assert.equal(await ask(() => toHex(uint(0, 32))), NONE);
  assert.equal(await ask(() => '0x'), undefined);
  assert.equal(await ask(() => refuse('execution reverted', 3)), undefined);
  await assert.rejects(ask(() => { throw new Error('the line is cut'); }), RpcError);
});

test('what is offered: nothing by P256VERIFY, a table without, a larger one with', async () => {
  for (const [on, title, says, buttons] of [
    [PRECOMPILE, 'How your passkey is checked', /This chain checks passkeys by itself: about 7,000 gas/, 0],
    [NONE, 'Make payments cheaper', /your account calculates: about 69,000 gas .* makes that less\.$/, 2],
    [0x12, 'Make payments cheaper', /with a table made from its public key \(1 KB\): about 42,000 gas/, 1],
    [0x13, 'How your passkey is checked', /\(4 KB\): about 35,000 gas/, 0],
  ]) {
    path = on;
    await account();
    assert.equal(el('check-box').hidden, false);
    assert.equal(el('check-title').textContent, title);
    assert.match(el('check-how').textContent, says);
    assert.equal(el('offers').hidden ? 0 : el('offers').kids.length, buttons, String(on));
  }
  path = NONE;
  await account({ deployed: false });
  assert.match(el('check-how').textContent, /can be built once your account is on the chain/);
  assert.equal(el('offers').kids.length, 0);
  path = () => refuse('execution reverted', 3);
  await account();
  assert.equal(el('check-box').hidden, true);
});

test('offers stay in place while nothing changes, and nobody else sees them', async () => {
  path = NONE;
  await account();
  const [first] = el('offers').kids;
  await refresh();
  node.replies.eth_gasPrice = () => '0x3b9aca00';
  await refresh();
  assert.equal(el('offers').kids[0], first, 'replaced under the finger');
  assert.match(first.textContent, /0\.000515 ETH/);
  for (const [on, hidden] of [[PRECOMPILE, true], [NONE, false]]) {
    path = on;
    await refresh();
    assert.equal(el('offers').hidden, hidden);
    assert.equal(el('offers').kids.length, 2);
  }
  await enter({ ...state.session, account: { ...state.session.account, shared: true } });
  await refresh();
  assert.equal(el('offers').kids.length, 0, 'this passkey alone cannot approve');
});

test('an answer about one account is not shown for another', async () => {
  path = 0x13;
  await account();
  const first = state.session;
  path = (to) => (to === first.account.address ? wait(60).then(() => toHex(uint(NONE, 32))) : toHex(uint(PRECOMPILE, 32)));
  const late = refresh();
  await enter({ ...first, account: { ...first.account, address: TO } });
  await refresh();
  await late;
  assert.match(el('check-how').textContent, /by itself: about 7,000/);
  assert.equal(el('offers').hidden, true);

  // Or while the price of gas is asked for.
  await enter({ ...first });
  await refresh();
  path = (to) => toHex(uint(to === first.account.address ? NONE : PRECOMPILE, 32));
  node.replies.eth_gasPrice = () => wait(60).then(() => '0x1');
  const later = refresh();
  await wait(30);
  await enter({ ...first, account: { ...first.account, address: TO } });
  await refresh();
  await later;
  assert.match(el('check-how').textContent, /by itself: about 7,000/);
});

test('the same passkey in two accounts builds for the one on view', async () => {
  path = NONE;
  await account();
  const [first] = el('offers').kids;
  node.code[TO] = '0xfe';
  await enter({ ...state.session, account: { ...state.session.account, address: TO } });
  await refresh();
  assert.notEqual(el('offers').kids[0], first);
  await take(0);
  await press('sign');
  assert.equal(deedOf(fromWire(node.sent.at(-1))).kind, 'table');
  assert.equal(node.sent.at(-1).sender, TO);
});

/** Clicks the nth offer. */
async function take(n) {
  const { busy } = await import('../page/task.js');
  el('offers').kids[n].kids[1].handlers.click();
  await until(() => !busy());
}

test('a table is reviewed in words, signed, and in use after its receipt', async () => {
  path = NONE;
  await account();
  el('to').value = 'half a form';
  await take(1);
  assert.equal(view(), 'review', problem());
  assert.equal(el('review-title').textContent, 'Build a table of 4 KB');
  assert.match(el('review-rows').textContent, /multiples of your passkey’s public key.*Nothing else changes.*Network fee, at most/);
  assert.doesNotMatch(el('review-rows').textContent, /Amount|Leaves your account/);
  await press('sign');
  assert.equal(view(), 'done', problem());
  const { address, signer } = state.session.account;
  assert.equal(node.sent.at(-1).callData, encodeExecute(address, 0n, useTable(signer, 0x13)));
  assert.equal(el('to').value, 'half a form');

  // Its fate is not known: after a reload it is found again, in words.
  const held = { ...state.session };
  restart(state);
  await enter(held);
  assert.match(el('held-text').textContent, /^Your operation that builds a table is signed/);
  await transfer().catch(() => {});
  assert.match(problem(), /Your operation that builds a table is still on its way/);

  node.mined[toHex(hash(fromWire(node.sent.at(-1)), entryPoint('0.8'), 31337n))] = { success: true };
  path = 0x13;
  await until(() => el('held').hidden);
  await until(() => /4 KB/.test(el('check-how').textContent));
  assert.match(el('status').textContent, /operation that builds a table is on the chain/);
});

test('a table that fails says so', async () => {
  path = NONE;
  await account();
  await take(0);
  await press('sign');
  node.mined[toHex(hash(fromWire(node.sent.at(-1)), entryPoint('0.8'), 31337n))] = { success: false };
  await until(() => el('done-title').textContent === 'The operation failed');
  assert.match(el('done-rows').textContent, /The contract refused\. Only the fee was paid\./);
});

test('once the chain has P256VERIFY, that is offered and no table', async () => {
  path = NONE;
  native = true;
  const real = Date.now;
  Date.now = () => real() + 3_600_000; // what was asked long ago is asked again
  try {
    await account();
    assert.equal(el('offers').kids.length, 1);
    assert.match(el('offers').textContent, /learnt to check passkeys by itself/);
    await take(0);
    assert.equal(el('review-title').textContent, 'Use the chain’s own check', problem());
    await press('sign');
    assert.equal(node.sent.at(-1).callData, encodeExecute(state.session.account.address, 0n, probe()));

    native = 'liar';
    Date.now = () => real() + 7_200_000;
    await account();
    assert.equal(el('offers').kids.length, 2, 'what takes bad signatures is no P256VERIFY');
  } finally {
    Date.now = real;
    native = false;
  }
});

test('what an operation does is read from its own bytes, or it is not signed', () => {
  const signer = { x: passkey.x, y: passkey.y, rule: 1 };
  const read = (callData) => deedOf({ sender: TO, callData });
  assert.deepEqual(read(encodeExecute(TO, 0n, useTable(signer, 0x12))), { kind: 'table', signer, format: 0x12 });
  assert.deepEqual(read(encodeExecute(TO, 0n, probe())), { kind: 'probe' });
  assert.equal(read(encodeExecute(TO, 5n)).kind, 'send');
  const data = useTable(signer, 0x12);
  for (const bad of [
    encodeExecute('0x' + '33'.repeat(20), 0n, data), // another contract
    encodeExecute(TO, 1n, data), // money as well
    encodeExecute(TO, 0n, useTable(signer, 0)), // no table
    encodeExecute(TO, 0n, useTable(signer, 0x21)),
    encodeExecute(TO, 0n, data + '00'),
    encodeExecute(TO, 0n, data.slice(0, -2)),
    encodeExecute(TO, 0n, data.replace('0100' + toHex(signer.x).slice(2), '0200' + toHex(signer.x).slice(2))), // another kind of signer
    encodeExecute(TO, 0n, '0x00000000' + data.slice(10)), // another function
    encodeExecute(TO, 0n, probe() + '00'),
    encodeExecute('0x' + '33'.repeat(20), 0n, probe()),
    toHex(encodeCall('execute(bytes32,bytes)', new Uint8Array(32).fill(1), fromHex('0x'))),
    '0x', '0x12345678',
  ]) {
    assert.equal(read(bad), undefined, bad);
    const op = { sender: TO, nonce: 0n, callData: bad, callGasLimit: 0n, verificationGasLimit: 0n, preVerificationGas: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, signature: '0x' };
    assert.throws(() => summary(op, entryPoint('0.8'), 1n), /and nothing else/);
  }
});
