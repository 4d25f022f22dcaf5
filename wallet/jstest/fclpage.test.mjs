// The page that apps open through FCL, as a whole: what revokes keys is refused where it leaves the account without owner.
import { el, passkey, press, set, until, view } from './stage.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { utf8 } = await import('../page/bytes.js');
const { digits, rlp } = await import('../page/flow/transaction.js');

const APP = 'https://app.example';
const OWN = '01'.repeat(8);
const revoke = JSON.parse(readFileSync(new URL('../testdata/flow.json', import.meta.url), 'utf8')).transactions[2];
const TAG = JSON.parse(readFileSync(new URL('../testdata/flow_messages.json', import.meta.url), 'utf8')).read[0].message.slice(0, 64);

/** What FCL would have a key sign: the revocation of another one. @param {number} gone @param {number} by */
function signable(gone, by) {
  const args = [{ type: 'Int', value: String(gone) }];
  const block = new Uint8Array(32);
  const own = new Uint8Array(8).fill(1);
  const message = TAG + digits(rlp([[utf8(revoke.script), args.map((a) => utf8(JSON.stringify(a))), block, 100n, own, BigInt(by), 9n, own, [own]], []]));
  return {
    f_type: 'Signable', f_vsn: '1.0.1', message, addr: OWN, keyId: by, roles: { proposer: true, payer: true, authorizer: true }, cadence: revoke.script, args,
    voucher: { cadence: revoke.script, refBlock: digits(block), computeLimit: 100, arguments: args, proposalKey: { address: OWN, keyId: by, sequenceNum: 9 }, payer: OWN, authorizers: [OWN], payloadSigs: [], envelopeSigs: [] },
  };
}

const key = (index, weight, more = {}) => ({ index, public: String(index).padStart(2, '0').repeat(64), curve: 'ECDSA_P256', hash: 'SHA2_256', weight, sequence: '9', revoked: false, ...more });

let visits = 0;
/** Opens the page as an app does that wants a signature of this account. @param {object[]} keys @param {object} body @returns {Promise<any[]>} what the app hears */
async function asked(keys, body) {
  set('page/fcl.html');
  const heard = [];
  const opener = { closed: false, postMessage: (message, to) => heard.push({ ...message, to }) };
  let listen;
  Object.assign(globalThis, {
    window: { opener, close() {}, addEventListener: (type, f) => type === 'message' && (listen = f) },
    addEventListener() {},
    setInterval: () => 0, // nobody closes the app's window here
    fetch: async (url) => ({
      status: 200,
      text: async () => JSON.stringify(url.endsWith('config.json') ? { rpId: 'localhost', flow: { url: '/flow/', network: 'flow-emulator', accounts: false, scripts: {} } } : { address: OWN, balance: '0', block: '00'.repeat(32), keys }),
    }),
  });
  await import(`../page/flow/fcl.js?${visits++}`);
  listen({ source: opener, origin: APP, data: { type: 'FCL:VIEW:READY:RESPONSE', body, service: { type: 'authz' }, config: { client: { network: 'local' } } } });
  await until(() => view() !== 'start');
  return heard;
}

const now = performance.now.bind(performance);

test('an app’s transaction that would leave the account to nobody is refused, and the app is told why', async () => {
  for (const [keys, why] of [
    [[key(0, 1000, { revoked: true }), key(3, 1000)], /^Key 3 is needed\. .*weigh 0 together/],
    [[key(0, 999), key(3, 1000)], /^Key 3 is needed\. .*weigh 999 together/],
    [[key(0, 500), key(2, 499), key(1, 1000, { revoked: true }), key(3, 1000)], /^Key 3 is needed\. .*weigh 999 together/],
    [[key(0, 1000), key(3, 1000)], /^Key 3 would revoke itself\. Sign with another key/],
  ]) {
    const heard = await asked(keys, signable(3, 3));
    assert.equal(view(), 'refused', el('review-title').textContent);
    assert.match(`${el('refused-title').textContent} ${el('refused-way').textContent}`, why);
    assert.equal(heard.length, 1);
    performance.now = () => now() + 1000; // it takes no click at once
    await press('refuse');
    performance.now = now;
    assert.equal(view(), 'done');
    assert.deepEqual([heard.length, heard[1].status, heard[1].reason, heard[1].to], [2, 'DECLINED', el('refused-title').textContent, APP]);
  }
  assert.equal(passkey.prompts, 0);
});

test('a key that the others can do without is revoked, and what must not be lost then is said', async () => {
  await asked([key(0, 1000), key(3, 999)], signable(3, 0));
  assert.equal(view(), 'review', el('refused-title').textContent);
  assert.match(el('cautions').textContent, /^Afterwards key 0 must not be lost/);
  await asked([key(0, 1000), key(2, 1000), key(3, 1000)], signable(3, 0));
  assert.equal(view(), 'review', el('refused-title').textContent);
  assert.equal(el('cautions').hidden, true);
});
