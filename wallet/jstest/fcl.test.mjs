// The page that apps open through FCL, without a browser: who is heard, who is answered, what is refused and what is shown.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, utf8 } = await import('../page/bytes.js');
const { MAX_GAS, digits, rlp } = await import('../page/flow/transaction.js');
const { decode } = await import('../page/flow/decode.js');
const { View, answerable } = await import('../page/flow/fclview.js');
const { composite, loggedIn, proofOf, sameNetwork, signableOf } = await import('../page/flow/fclrequest.js');
const { described, fromWhere, named } = await import('../page/flow/fclwords.js');

const APP = 'https://app.example';

/** A window of the wallet and the app's that opened it. */
function windows() {
  const opener = { closed: false, sent: [], postMessage: (message, to) => opener.sent.push({ message, to }) };
  let listen;
  const own = { opener, addEventListener: (type, f) => type === 'message' && (listen = f) };
  const view = new View(own);
  return { view, opener, say: (data, origin = APP, source = opener) => listen({ data, origin, source }) };
}
const asks = (more = {}) => ({ type: 'FCL:VIEW:READY:RESPONSE', body: { a: 1 }, service: { type: 'authn' }, config: { client: { network: 'local' } }, ...more });
const soon = (promise) => Promise.race([promise, new Promise((ready) => setTimeout(ready, 20, 'nothing'))]);

test('the opener alone is heard, once, and its origin alone is answered', async () => {
  const { view, opener, say } = windows();
  const request = view.request();
  assert.deepEqual(opener.sent.splice(0), [{ message: { type: 'FCL:VIEW:READY' }, to: '*' }]);
  assert.throws(() => view.approve({}), /has gone/); // nobody has asked
  for (const [data, origin, source] of [
    [asks(), 'https://evil.example', {}], [asks(), APP, null], [null], ['FCL:VIEW:READY:RESPONSE'], [7], [{}], [asks({ type: 'FCL:FRAME:READY:RESPONSE' })], [{ jsonrpc: '2.0', method: 'fcl:sign' }],
  ]) say(data, origin, source);
  assert.equal(await soon(request), 'nothing');
  say(asks());
  assert.deepEqual(await request, { origin: APP, type: 'authn', body: { a: 1 }, network: 'local' });
  say(asks({ body: 'another' }));
  say(asks({ body: 'another' }), 'https://evil.example'); // it has gone elsewhere
  view.approve({ addr: '0x1' });
  assert.deepEqual(opener.sent, [{ message: { type: 'FCL:VIEW:RESPONSE', f_type: 'PollingResponse', f_vsn: '1.0.0', status: 'APPROVED', reason: null, data: { addr: '0x1' } }, to: APP }]);
  for (const again of [() => view.approve({}), () => view.decline('no'), () => view.close()]) assert.throws(again, /has its answer/);
  assert.equal(opener.sent.length, 1);
});

test('no is said with a reason, to nobody if the app has gone', async () => {
  const { view, opener, say } = windows();
  const request = view.request();
  say(asks());
  await request;
  view.decline('The user said no.');
  assert.equal(opener.sent[1].message.status, 'DECLINED');
  assert.equal(opener.sent[1].message.reason, 'The user said no.');
  assert.equal(opener.sent[1].to, APP);

  const left = windows();
  const other = left.view.request();
  left.say(asks());
  await other;
  left.opener.closed = true;
  assert.equal(left.view.gone, true);
  assert.throws(() => left.view.approve({}), /has gone/);
  assert.equal(left.opener.sent.length, 1);
  await assert.rejects(new View({ opener: null, addEventListener() {} }).request(), /No app has opened/);
  await assert.rejects(new View({ opener: { closed: true }, addEventListener() {} }).request(), /No app has opened/);
});

test('whoever has no origin that can be answered is not listened to', async () => {
  for (const good of [APP, 'http://localhost:5173', 'http://127.0.0.1:1', 'https://xn--bcher-kva.example']) assert.equal(answerable(good), true, good);
  for (const bad of ['null', '', '*', 'file://', 'data:', 'chrome-extension://abc', 'https://app.example/', 'HTTPS://app.example', 'https://app.example:443', {}]) {
    assert.equal(answerable(bad), false, String(bad));
    const { view, opener, say } = windows();
    const request = view.request();
    say(asks(), bad);
    await assert.rejects(request, /where it is from/);
    assert.throws(() => view.decline('no'), /has gone/);
    assert.equal(opener.sent.length, 1);
  }
});

test('types of hostile requests are taken for texts, and are short', async () => {
  for (const [more, type] of [[{ service: { type: 'x'.repeat(10_000) } }, 'x'.repeat(40)], [{ service: null }, 'undefined'], [{ service: 7, config: null }, 'undefined'], [{ service: { type: {} } }, '[object Object]']]) {
    const { view, say } = windows();
    const request = view.request();
    say(asks(more));
    assert.equal((await request).type, type);
  }
});

test('proofs are asked for in full, and for the app’s own site', () => {
  const nonce = 'Ab'.repeat(32);
  assert.equal(proofOf(undefined, APP), undefined);
  assert.equal(proofOf({ data: {} }, APP), undefined);
  for (const app of [APP, APP + '/shop', 'An app', 'HTTPS://APP.example']) assert.deepEqual(proofOf({ appIdentifier: app, nonce }, APP), { app, nonce: fromHex('0x' + nonce) });
  for (const [body, why] of [
    [{ nonce }, /does not name itself/], [{ appIdentifier: APP }, /nonce/], [{ appIdentifier: '', nonce }, /name itself/], [{ appIdentifier: 'x'.repeat(1025), nonce }, /name itself/], [{ appIdentifier: [APP], nonce }, /name itself/],
    [{ appIdentifier: 'a\u202eb', nonce }, /not seen/], [{ appIdentifier: 'https://bank.example\u200b', nonce }, /not seen/], [{ appIdentifier: 'a\nb', nonce }, /not seen/],
    [{ appIdentifier: APP, nonce: 'ab'.repeat(31) }, /nonce/], [{ appIdentifier: APP, nonce: nonce + 'a' }, /nonce/], [{ appIdentifier: APP, nonce: '0x' + nonce }, /nonce/], [{ appIdentifier: APP, nonce: 'ab'.repeat(1025) }, /nonce/], [{ appIdentifier: APP, nonce: 7 }, /nonce/],
    [{ appIdentifier: 'https://bank.example', nonce }, /another site/], [{ appIdentifier: ' http://app.example ', nonce }, /another site/], [{ appIdentifier: 'https://app.example:444', nonce }, /another site/], [{ appIdentifier: 'https://app.example@bank.example', nonce }, /another site/],
  ]) assert.throws(() => proofOf(body, APP), { name: 'Trouble', message: why }, JSON.stringify(body));
  assert.deepEqual(named(APP, APP), []);
  assert.match(named('An app', APP)[0], /“An app” is what the app calls itself/);
});

test('an app on another network is told so', () => {
  for (const [theirs, ours] of [['local', 'flow-emulator'], ['emulator', 'flow-emulator'], ['testnet', 'flow-testnet'], ['', 'flow-mainnet'], ['flow-mainnet', 'flow-mainnet']]) sameNetwork(theirs, ours);
  assert.throws(() => sameNetwork('testnet', 'flow-emulator'), /The app is on testnet, and this wallet is on emulator/);
});

const v = JSON.parse(readFileSync(new URL('../testdata/flow_messages.json', import.meta.url), 'utf8'));

/** A Signable as FCL writes it about a message. */
function signable(hex, addr, keyId) {
  const t = decode(fromHex('0x' + hex));
  const args = t.texts.map((x) => JSON.parse(x));
  return {
    f_type: 'Signable', f_vsn: '1.0.1', message: hex, addr, keyId, data: {}, interaction: { whatever: 1 },
    roles: { proposer: t.proposer.address === addr && t.proposer.key === keyId, payer: t.payer === addr, authorizer: t.authorizers.includes(addr), param: false },
    cadence: t.text, args,
    voucher: {
      cadence: t.text, refBlock: digits(t.block), computeLimit: t.gas, arguments: args,
      proposalKey: { address: '0x' + t.proposer.address, keyId: t.proposer.key, sequenceNum: Number(t.proposer.sequence) }, payer: '0x' + t.payer, authorizers: t.authorizers.map((a) => '0x' + a),
      payloadSigs: t.signatures.map((s) => ({ address: '0x' + s.address, keyId: s.key, sig: digits(s.signature), ...(s.extension ? { extensionData: digits(s.extension) } : {}) })).reverse(),
      envelopeSigs: [],
    },
  };
}
const eight = (n) => new Uint8Array(8).fill(n);
const [ME, YOU] = ['0101010101010101', '0202020202020202'];
const TAG = fromHex('0x' + v.read[0].message.slice(0, 64));
const made = (item) => digits(TAG) + digits(rlp(item));
const payload = [utf8('transaction(n: Int) {}'), [utf8('{"type":"Int","value":"1"}')], new Uint8Array(32).fill(3), BigInt(MAX_GAS), eight(1), 5n, 9n, eight(2), [eight(1)]];
const alone = payload.with(7, eight(1));
const asked = (change = (s) => s) => change(structuredClone(signable(made(payload), ME, 5)));

test('signables of proposers, authorizers and payers are read from their message', () => {
  for (const [hex, addr, key, roles] of [
    [made(payload), ME, 5, { proposes: true, pays: false, authorizes: true }], [made([payload, [[0n, 5n, new Uint8Array(64), Uint8Array.of(1, 2)]]]), YOU, 0, { proposes: false, pays: true, authorizes: false }], [made([alone, []]), ME, 5, { proposes: true, pays: true, authorizes: true }],
    [made([alone, []]), ME, 6, { proposes: true, pays: true, authorizes: true }],
  ]) {
    const s = signableOf(signable(hex, addr, key));
    assert.deepEqual([s.address, s.key, s.roles, digits(s.message)], [addr, key, roles, hex]);
  }
  const prefixed = asked((s) => ({ ...s, addr: '0x' + s.addr, f_vsn: '1.0.0', message: s.message.toUpperCase() }));
  assert.equal(signableOf(prefixed).address, ME);
});

test('whatever disagrees with the message is refused, with a reason', () => {
  const voucher = (more) => (s) => ({ ...s, voucher: { ...s.voucher, ...more } });
  const proposal = (more) => (s) => voucher({ proposalKey: { ...s.voucher.proposalKey, ...more } })(s);
  for (const [change, why] of [
    [(s) => ({ ...s, f_type: 'UserSignature' }), /something else/], [(s) => ({ ...s, f_vsn: '2.0.0' }), /something else/], [() => null, /something else/], [() => 'Signable', /something else/], [() => [], /something else/],
    [(s) => ({ ...s, message: '0x' + s.message }), /no message/], [(s) => ({ ...s, message: '' }), /no message/], [(s) => ({ ...s, message: [s.message] }), /no message/], [(s) => ({ ...s, message: 'ab'.repeat(1_500_001) }), /no message/],
    [(s) => ({ ...s, message: s.message + '00' }), /no transaction/], [(s) => ({ ...s, message: digits(utf8('FLOW-V0.0-user')) + '00'.repeat(18) + 'c0' }), /no transaction/],
    [(s) => ({ ...s, addr: 7 }), /no address/], [(s) => ({ ...s, addr: 'x' }), /no address/], [(s) => ({ ...s, addr: '03'.repeat(8) }), /signs nothing/],
    [(s) => ({ ...s, addr: YOU, keyId: 0 }), /asked to sign as if it did not/], [(s) => ({ ...s, keyId: '5' }), /name a key/], [(s) => ({ ...s, keyId: -1 }), /name a key/], [(s) => ({ ...s, keyId: 2 ** 32 }), /name a key/], [(s) => ({ ...s, keyId: 6 }), /something else than what it is/],
    [(s) => ({ ...s, roles: undefined }), /something else than what it is/], [(s) => ({ ...s, roles: { ...s.roles, payer: true } }), /something else than/], [(s) => ({ ...s, roles: { ...s.roles, authorizer: false } }), /something else than/],
    [(s) => ({ ...s, cadence: s.cadence + ' ' }), /request’s script/], [(s) => ({ ...s, cadence: undefined }), /request’s script/], [(s) => ({ ...s, cadence: { toString: () => s.cadence } }), /request’s script/],
    [(s) => ({ ...s, args: [] }), /request’s arguments/], [(s) => ({ ...s, args: [{ type: 'Int', value: '2' }] }), /request’s arguments/], [(s) => ({ ...s, args: [{ value: '1', type: 'Int' }] }), /request’s arguments/], [(s) => ({ ...s, args: { length: 1 } }), /request’s arguments/], [(s) => ({ ...s, args: [1n] }), /request’s arguments/],
    [(s) => ({ ...s, voucher: null }), /no voucher/], [voucher({ cadence: '' }), /voucher’s script/], [voucher({ arguments: [{}] }), /voucher’s arguments/], [voucher({ refBlock: '04'.repeat(32) }), /reference block/], [voucher({ computeLimit: 10 }), /gas limit/],
    [proposal({ address: YOU }), /voucher’s proposer/], [proposal({ keyId: 0 }), /proposal key/], [proposal({ sequenceNum: 10 }), /sequence number/], [voucher({ proposalKey: undefined }), /voucher’s proposer/],
    [voucher({ payer: ME }), /voucher’s payer/], [voucher({ authorizers: [] }), /authorizers/], [voucher({ authorizers: [YOU] }), /authorizer/], [voucher({ authorizers: 'x' }), /authorizers/],
  ]) assert.throws(() => signableOf(asked(change)), { name: 'Trouble', message: why }, String(change));

  const paid = () => structuredClone(signable(made([payload, [[0n, 5n, new Uint8Array(64), Uint8Array.of(1, 2)]]]), YOU, 0));
  for (const sigs of [undefined, [], [{ ...paid().voucher.payloadSigs[0], sig: '01'.repeat(64) }], [{ ...paid().voucher.payloadSigs[0], extensionData: '0103' }], [{ ...paid().voucher.payloadSigs[0], keyId: 6 }], [null]]) {
    assert.throws(() => signableOf({ ...paid(), voucher: { ...paid().voucher, payloadSigs: sigs } }), { name: 'Trouble' }, JSON.stringify(sigs));
  }
  const envelope = signable(made([payload, []]), ME, 5); // the payer's message, for somebody who does not pay
  assert.throws(() => signableOf(envelope), /asked to sign as if it did\./);
});

test('what is shown comes from the message, and says what the account is', async () => {
  const said = async (hex, addr, key) => described(signableOf(signable(hex, addr, key)), APP, new Uint8Array(32));
  const own = await said(made([alone, []]), ME, 5);
  assert.equal(own.title, 'Run a script that this page does not know');
  assert.match(own.cautions[0], /everything with your account/);
  const row = (d, name) => d.rows.find((r) => r[0] === name)?.[1];
  assert.equal(row(own, 'Asked by'), APP);
  assert.equal(row(own, 'Argument 1'), '{"type":"Int","value":"1"}');
  assert.equal(row(own, 'Your account'), `0x${ME} authorizes it, proposes it, and pays for it`);
  assert.equal(row(own, 'Proposer'), `0x${ME} (yours), key 5, sequence number 9`);
  assert.equal(row(own, 'Most computation'), '9999');
  const paying = await said(made([payload, [[0n, 5n, new Uint8Array(64)]]]), YOU, 0);
  assert.equal(paying.title, 'Pay for a transaction of others');
  assert.deepEqual(paying.cautions, ['Your account does not authorize this. It only pays for it.']);
  assert.ok(paying.details.some(([name, text]) => name === 'Signed already' && text.startsWith('0x' + ME)));
  const hidden = await said(made([alone.with(0, utf8('transaction {\u202e}')), []]), ME, 5);
  assert.match(hidden.cautions[1], /not seen/);

  // A script that is known is in words only if it is about this account, and about no other.
  const flow = JSON.parse(readFileSync(new URL('../testdata/flow.json', import.meta.url), 'utf8'));
  const revoke = flow.transactions[2];
  const parts = (authorizers) => [utf8(revoke.script), revoke.args.map(utf8), new Uint8Array(32), 100n, eight(1), 5n, 9n, eight(2), authorizers];
  assert.equal((await said(made(parts([eight(1)])), ME, 5)).title, 'Revoke key 3 of your account');
  const other = await said(made(parts([eight(3)])), ME, 5);
  assert.equal(other.title, 'Propose a transaction of others');
  assert.deepEqual(other.cautions, ['Your account does not authorize this. It only proposes it.']);
  assert.equal((await said(made(parts([eight(1), eight(3)])), ME, 5)).known, false);
});

test('connections that are not encrypted are named', () => {
  for (const good of [APP, 'http://localhost:1', 'http://127.0.0.1', 'http://[::1]:8', 'http://a.localhost']) assert.deepEqual(fromWhere(good), [], good);
  for (const bad of ['http://app.example', 'http://localhost.example']) assert.match(fromWhere(bad)[0], /not encrypted/, bad);
});

test('answers are as FCL reads them', () => {
  const a = { signature: new Uint8Array(64).fill(1), authenticatorData: new Uint8Array(37), clientDataJSON: utf8('{}') };
  const signature = composite(eight(1), 4, a);
  assert.equal(signature.addr, '0x' + ME);
  assert.equal(signature.keyId, 4);
  assert.equal(signature.signature, '01'.repeat(64));
  assert.match(signature.extensionData, /^01e9a5(?:00){37}827b7d$/);
  const proof = { app: APP, nonce: new Uint8Array(32).fill(7) };
  const answer = loggedIn('https://wallet.example/fcl', eight(1), 4, { proof, signature });
  assert.deepEqual(answer.services.map((s) => [s.type, s.method, s.endpoint]), [['authn', 'POP/RPC', 'https://wallet.example/fcl'], ['authz', 'POP/RPC', 'https://wallet.example/fcl?for=authz'], ['account-proof', 'DATA', undefined]]);
  assert.deepEqual(answer.services[2].data, { f_type: 'account-proof', f_vsn: '1.0.0', address: '0x' + ME, nonce: '07'.repeat(32), signatures: [signature] });
  assert.equal(loggedIn('https://wallet.example/fcl', eight(1), 4).services.length, 2);
});
