// What is signed on the rescue page and may be on its way: one guard an account, whichever account is open.
import { el, node, press, problem, set, until, view } from './stage.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

set('rescue/page.html');
const html = readFileSync(new URL('../rescue.html', import.meta.url), 'utf8');
el('flow-scripts').textContent = /id="flow-scripts">([^<]*)</.exec(html)[1];

const { toHex } = await import('../page/bytes.js');
const { checksum, decodeExecute, encodeExecute } = await import('../page/account.js');
const { fromWire, hash } = await import('../page/userop.js');
const { parseAddress } = await import('../page/flow/transaction.js');
const { Access } = await import('../rescue/access.js');
const { clearFlow, openFlow } = await import('../rescue/flow.js');
const { flowKey } = await import('../rescue/holders.js');
const { Node } = await import('../rescue/node.js');
const { drop, enter } = await import('../rescue/send.js');
const { begin, beginFlow, hold, session } = await import('../rescue/session.js');

const [ONE, TWO, SAFE] = ['11', '22', '33'].map((b) => checksum('0x' + b.repeat(20)));

/** An account that signs with nothing, which this stage's chain takes. @param {string} address */
const account = (address) => ({
  title: 'account', version: '0.8', address, deployed: true, execute: ({ to, value, data }) => encodeExecute(to, value, data), parse: decodeExecute, digest: hash,
  approval: async () => ({ stub: '0x' + '00'.repeat(65), seal: async () => new Uint8Array(65) }),
});
const open = async (address) => {
  hold({ words: 'a key', prompts: false, keys: [], origin: '', forget() {} });
  await enter(account(address));
};
const leave = () => {
  drop();
  hold();
};
async function review() {
  [el('to').value, el('amount').value] = [SAFE, '0.1'];
  await press('send-form', 'submit');
}
const chain = (rpcUrl, id = 31337n) => begin(new Node({ rpcUrl, bundlerUrl: rpcUrl, deployments: [] }, id));

test('an operation stays under way while others are opened, and is sent again by whichever node is open', async () => {
  const asked = [];
  const before = globalThis.fetch;
  globalThis.fetch = (url, init) => {
    asked.push(url);
    return before(url, init);
  };
  Object.assign(node.code, { [ONE]: '0x01', [TWO]: '0x01' });
  node.replies.eth_sendUserOperation = () => { throw new Error('cut'); };
  chain('/first');
  await open(ONE);
  assert.equal(el('held').hidden, true);
  await review();
  assert.equal(view(), 'review', problem());
  await press('sign');
  assert.match(problem(), /did not confirm/);
  assert.equal(el('sign').textContent, 'Send again');
  await press('review-back');
  const [sent] = node.sent;

  // The same account once more, by another signer; another account; and the first again, at another node.
  await open(ONE);
  assert.match(el('held-text').textContent, /transfer of 0\.1 ETH .* nothing else is sent/);
  await review();
  assert.match(problem(), /still on its way/);
  assert.equal(view(), 'account');
  await open(TWO);
  assert.equal(el('held').hidden, true);
  await review();
  assert.equal(view(), 'review', problem());
  leave();
  chain('/second', 1n);
  await open(ONE);
  assert.equal(el('held').hidden, true, 'of another chain');
  leave();
  chain('/third');
  await open(ONE);
  await review();
  assert.match(problem(), /still on its way/);
  assert.equal(node.sent.length, 1);

  node.replies = {};
  const then = asked.length;
  await press('held-again');
  assert.deepEqual(node.sent[1], sent);
  assert.equal(view(), 'done');
  node.mined[toHex(hash(fromWire(sent), session().node.entryPoint, 31337n))] = { success: true };
  await until(() => el('done-title').textContent === '0.1 ETH sent');
  assert.deepEqual(new Set(asked.slice(then)), new Set(['/third']));
  await press('done-back');
  assert.equal(el('held').hidden, true);
  await review();
  assert.equal(view(), 'review', problem());
  leave();
  globalThis.fetch = before;
});

test('a receipt that comes while another account is open is found when the first is opened again', async () => {
  node.mined = {};
  chain('/first');
  await open(TWO);
  let answer;
  node.replies.eth_getUserOperationReceipt = () => new Promise((ready) => (answer = ready));
  await review();
  await press('sign');
  assert.equal(view(), 'done');
  await until(() => answer);
  const late = answer;
  const opHash = toHex(hash(fromWire(node.sent.at(-1)), session().node.entryPoint, 31337n));
  node.mined[opHash] = { success: true };
  await open(ONE);
  late({ userOpHash: opHash, receipt: { transactionHash: '0x' + 'ab'.repeat(32) } });
  await new Promise((f) => setTimeout(f, 30));
  assert.equal(el('held').hidden, true);
  assert.doesNotMatch(el('status').textContent, /is on the chain/);
  node.replies.eth_getUserOperationReceipt = () => null;
  await open(TWO);
  assert.equal(el('held').hidden, false);
  node.replies = {};
  await until(() => el('held').hidden);
  leave();
});

test('a balance that comes when the account is not open any more touches nothing', async () => {
  let answer;
  node.replies.eth_getBalance = () => new Promise((ready) => (answer = ready));
  chain('/first');
  const opening = open(ONE);
  await until(() => answer);
  leave();
  beginFlow(new Access('https://one.example', 'flow-emulator'));
  el('balance').textContent = 'another';
  answer('0x1');
  await opening;
  assert.equal(el('balance').textContent, 'another');
  node.replies = {};
});

// Flow.

const secrets = [7, 8].map((n) => new Uint8Array(32).fill(n));
const ADDRESSES = ['f8d6e0586b0a20c7', '0ae53cb6e3f42a79']; // of the emulator

/** An access node with one account for each secret. */
function access() {
  const world = { sent: [], refuse: '', cut: false, sequence: 4, result: undefined };
  const keyOf = (i) => ({ index: '0', public_key: flowKey(secrets[i].slice()).plain.publicOf('ECDSA_P256'), signing_algorithm: 'ECDSA_P256', hashing_algorithm: 'SHA2_256', sequence_number: String(world.sequence), weight: '1000', revoked: false });
  globalThis.fetch = async (url, init) => {
    const { pathname } = new URL(url);
    const say = (value, status = 200) => new Response(JSON.stringify(value), { status });
    if (pathname.includes('/accounts/')) {
      const i = ADDRESSES.indexOf(pathname.split('/').at(-1));
      return say({ address: ADDRESSES[i], balance: '1000000000', keys: [keyOf(i), { ...keyOf(i), index: '1', public_key: 'ab'.repeat(64) }] });
    }
    if (pathname.includes('/blocks')) return say([{ header: { id: 'cd'.repeat(32), height: '9' } }]);
    if (pathname.includes('/transaction_results/')) return world.result ? say(world.result) : say({ message: 'unknown' }, 404);
    world.sent.push(init.body);
    if (world.refuse) return say({ code: 400, message: world.refuse }, 400);
    return world.cut ? say('', 502) : say({ id: pathname });
  };
  return world;
}

/** Opens an account as somebody does who holds its key. @param {number} i */
async function openAt(i) {
  const { flow } = session();
  await openFlow(flowKey(secrets[i].slice()), await flow.account(parseAddress(ADDRESSES[i])));
}

/** What the button beside the account's other key does. */
async function revokes() {
  const { busy } = await import('../page/task.js');
  const button = el('flow-keys').kids[1].kids.find((k) => k.handlers);
  button.handlers.click();
  await until(() => !busy());
}

test('a transaction of Flow stays under way while others are opened', async () => {
  const world = access();
  world.cut = true;
  beginFlow(new Access('https://one.example', 'flow-emulator'));
  await openAt(0);
  await revokes();
  assert.equal(view(), 'flow-review', problem());
  await press('flow-sign');
  assert.match(problem(), /may be on its way all the same/);
  await press('flow-review-back');

  await openAt(1);
  assert.equal(el('flow-held').hidden, true);
  await revokes();
  assert.equal(view(), 'flow-review', problem());
  await press('flow-review-back');
  clearFlow();
  beginFlow(new Access('https://two.example', 'flow-emulator'));
  await openAt(0);
  assert.match(el('flow-held-text').textContent, /revocation of key 1 is signed/);
  await revokes();
  assert.match(problem(), /still on its way/);
  assert.equal(view(), 'flow');

  // The no of another node is no answer: the first may have it.
  world.refuse = 'no';
  await press('flow-held-again');
  assert.match(problem(), /may be on its way all the same/);
  await revokes();
  assert.match(problem(), /still on its way/);
  assert.equal(new Set(world.sent).size, 1);
  world.result = { status: 'Sealed', status_code: 0, error_message: '', block_id: '' };
  await until(() => el('flow-held').hidden);
  clearFlow();
});

/** Has the open account's other key revoked; the node takes it. @param {ReturnType<typeof access>} world */
async function taken(world) {
  world.refuse = 'it has already been submitted';
  await revokes();
  await press('flow-sign');
  assert.equal(view(), 'flow-done', problem());
  await press('flow-done-back');
}

test('what a node has taken is asked for when its account is opened again, and no other node’s no ends it', async () => {
  const world = access();
  beginFlow(new Access('https://one.example', 'flow-emulator'));
  await openAt(0);
  await taken(world);
  await openAt(1);
  assert.equal(el('flow-held').hidden, true);
  await openAt(0);
  assert.equal(el('flow-held').hidden, false);
  world.result = { status: 'Sealed', status_code: 0, error_message: '', block_id: '' };
  await until(() => el('flow-held').hidden);

  world.result = undefined;
  await taken(world);
  clearFlow();
  beginFlow(new Access('https://two.example', 'flow-emulator'));
  await openAt(0);
  world.refuse = 'no';
  await press('flow-held-again');
  assert.match(problem(), /may be on its way all the same/);
  assert.equal(el('flow-held').hidden, false);
  world.result = { status: 'Sealed', status_code: 0, error_message: '', block_id: '' };
  await until(() => el('flow-held').hidden);
  clearFlow();
});

test('a no that may be a lie is remembered, too', async () => {
  const world = access();
  world.refuse = 'no';
  beginFlow(new Access('https://one.example', 'flow-emulator'));
  await openAt(0);
  await revokes();
  await press('flow-sign');
  assert.match(problem(), /said no/);
  await press('flow-review-back');
  clearFlow();
  world.sequence = 5;
  await openAt(1);
  await revokes();
  assert.equal(el('flow-cautions').hidden, true);
  await press('flow-review-back');
  await openAt(0);
  await revokes();
  assert.match(el('flow-cautions').textContent, /said no to your revocation of key 1.*both could happen/);
  clearFlow();
});
