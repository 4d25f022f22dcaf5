// Flow on the rescue page: addresses, keys, transactions and their words, and the bounds of what a node says.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, toHex, utf8 } = await import('../page/bytes.js');
const f = await import('../rescue/flowaccount.js');
const k = await import('../rescue/flowkeys.js');
const { Access, AccessError, quoted } = await import('../rescue/access.js');
const { flowKey } = await import('../rescue/holders.js');
const t = await import('../page/flow/transaction.js');

const html = readFileSync(new URL('../rescue.html', import.meta.url), 'utf8');
const scripts = JSON.parse(/id="flow-scripts">([^<]*)</.exec(html)[1]);
const vectors = JSON.parse(readFileSync(new URL('../testdata/flow.json', import.meta.url), 'utf8'));
const bytes = (hex) => fromHex('0x' + hex);

// Contracts and service accounts of the three networks.
const KNOWN = {
  'flow-mainnet': ['1654653399040a61', 'f233dcee88fe0abe', 'e467b9dd11fa00df', 'f919ee77447b7497'],
  'flow-testnet': ['7e60df042a9c0868', '9a0766d93b6608b7', '8c5303eaa26202d6', '912d5440f7e3769e'],
  'flow-emulator': ['f8d6e0586b0a20c7', 'ee82856bf20e2aa6', '0ae53cb6e3f42a79', 'e5a8b7f23e8b548f'],
};

test('an address says its network, and two wrong bits are noticed', () => {
  for (const [chain, addresses] of Object.entries(KNOWN)) {
    for (const a of addresses) {
      assert.equal(f.networkOf(bytes(a)), chain, a);
      assert.equal(t.digits(f.parseFlow(` 0x${a.toUpperCase()} `, chain)), a);
      for (const other of Object.keys(KNOWN)) if (other !== chain) assert.throws(() => f.parseFlow(a, other), /and the node is of/);
      for (let i = 0; i < 64; i++) {
        for (let j = 0; j < i; j++) {
          const b = bytes(a);
          for (const bit of [i, j]) b[bit >> 3] ^= 1 << (bit & 7);
          assert.equal(f.networkOf(b), '', `${a} ${i} ${j}`);
        }
      }
    }
  }
  assert.equal(f.networkOf(new Uint8Array(8)), '');
  for (const bad of ['', '0x', '0x12', 'f8d6e0586b0a20c', 'f8d6e0586b0a20c70', 'g8d6e0586b0a20c7', '0xf8d6e0586b0a20c8']) assert.throws(() => f.parseFlow(bad, 'flow-emulator'), Error, bad);
});

test('ids are those of package flow, with one signature or several in any order', () => {
  for (const x of vectors.transactions) {
    const tx = { script: utf8(x.script), args: x.args.map(utf8), block: bytes(x.block), gas: x.gas, account: bytes(x.account), key: x.key, sequence: BigInt(x.sequence) };
    const one = { key: x.key, signature: bytes(x.signature), extension: bytes(x.extension) };
    assert.equal(f.complete(tx, [one]).id, x.id);
    const plain = { key: x.key + 1, signature: one.signature };
    assert.equal(f.complete(tx, [plain, one]).id, f.complete(tx, [one, plain]).id);
    assert.deepEqual(f.complete(tx, [plain, one]).signatures.map((s) => s.key), [x.key, x.key + 1]);
    assert.notEqual(f.complete(tx, [plain]).id, f.complete(tx, [one]).id);
  }
});

const account = bytes('f8d6e0586b0a20c7');
const transaction = ({ script, args }) => ({ script: utf8(script), args: args.map((a) => utf8(JSON.stringify(a))), block: new Uint8Array(32), gas: 9999, account, key: 0, sequence: 7n });

test('what is signed is said from the transaction itself, and nothing else is signed', async () => {
  const to = bytes('0ae53cb6e3f42a79');
  const say = (deed) => f.told(transaction(deed), scripts, 'flow-emulator');
  const transfer = f.deeds.transfer(scripts, 'flow-emulator', to, 1n);
  const said = await say(transfer);
  assert.equal(said.title, 'Send 0.00000001 FLOW');
  assert.deepEqual(said.rows[0], ['To', '0x0ae53cb6e3f42a79', 'code']);
  assert.equal((await say(f.deeds.transfer(scripts, 'flow-emulator', to, 123_456_789_012n))).title, 'Send 1234.56789012 FLOW');
  assert.equal((await say(f.deeds.revoke(scripts, 3))).done, 'Key 3 is revoked');
  const added = await say(f.deeds.add(scripts, { public: 'ab'.repeat(64), curve: 2, hash: 3, weight: 500 }));
  assert.match(added.rows[0][1], /on secp256k1 with SHA3_256, weight 500 of 1000$/);
  for (const [name, deed] of Object.entries({
    'another network’s transfer': f.deeds.transfer(scripts, 'flow-mainnet', to, 1n),
    'a changed script': { ...transfer, script: transfer.script.replace('amount: amount', 'amount: 1.0') },
    'a third argument': { ...transfer, args: [transfer.args[0], { ...transfer.args[1], more: 1 }] },
    'another amount': { ...transfer, args: [{ type: 'UFix64', value: '1.0' }, transfer.args[1]] },
    'another type': { ...transfer, args: [{ type: 'Fix64', value: '1.00000000' }, transfer.args[1]] },
    'too few': { ...transfer, args: transfer.args.slice(0, 1) },
  })) await assert.rejects(say(deed), Error, name);
});

const key = (index, more = {}) => ({ index, public: 'ab'.repeat(64), curve: 'ECDSA_P256', hash: 'SHA2_256', weight: 500, sequence: 0n, revoked: false, ...more });

test('as few signers as suffice, the heaviest first', () => {
  const signers = [key(0, { weight: 300 }), key(1, { weight: 500 }), key(2, { weight: 500 }), key(3, { weight: 100 })].map((k) => ({ holder: {}, key: k }));
  assert.deepEqual(f.enough(signers).map((s) => s.key.index), [1, 2]);
  assert.equal(f.weigh(f.enough(signers.slice(0, 2))), 800);
});

test('a plain key signs on the curve and with the hash that the account says', async () => {
  for (let i = 0; i < 8; i++) {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    secret[0] = i % 2 ? 0 : 0x7f;
    const holder = flowKey(secret.slice());
    for (const curve of ['ECDSA_P256', 'ECDSA_secp256k1']) {
      for (const hash of ['SHA2_256', 'SHA3_256']) {
        const own = key(4, { public: holder.plain.publicOf(curve), curve, hash });
        assert.equal(f.keysOf({ keys: [own] }, holder).length, 1);
        assert.equal(f.keysOf({ keys: [{ ...own, hash: 'KMAC128' }, { ...own, revoked: true }, { ...own, weight: 0 }, { ...own, curve: 'BLS_BLS12_381' }] }, holder).length, 0);
        const s = await f.sign(transaction(f.deeds.revoke(scripts, 1)), { holder, key: own });
        assert.equal(s.signature.length, 64);
        assert.equal(s.extension, undefined);
        if (curve === 'ECDSA_P256' && hash === 'SHA2_256') { // as the browser verifies it: the message in the place of authenticatorData
          const m = t.message(transaction(f.deeds.revoke(scripts, 1)));
          const p = await crypto.subtle.importKey('raw', bytes('04' + own.public), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
          assert.ok(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, p, s.signature, m));
        }
      }
    }
  }
});

// By RFC 6979 alone the same secret has the same nonce on both curves, and two signatures of one digest
// are two equations for it and the secret: a node that lists keys on both could have them.
test('a secret that signs on two curves has two nonces', () => {
  const number = (b) => BigInt(toHex(b));
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const digest = crypto.getRandomValues(new Uint8Array(32));
  secret[0] = digest[0] = 0x11; // below both orders
  const [d, h] = [secret, digest].map(number);
  const inverse = (a, n) => {
    let [r, s, x, y] = [a, n, 1n, 0n];
    while (s) [r, s, x, y] = [s, r % s, y, x - (r / s) * y];
    return x;
  };
  const orders = { ECDSA_P256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, ECDSA_secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n };
  const holder = flowKey(secret.slice());
  const nonces = Object.entries(orders).flatMap(([curve, n]) => {
    const b = holder.plain.sign(digest, curve);
    const k = ((((h + number(b.subarray(0, 32)) * d) * inverse(number(b.subarray(32)), n)) % n) + n) % n;
    return [k, n - k]; // as s was made low, or not
  });
  assert.equal(new Set(nonces).size, 4);
});

test('public keys and weights that people type', () => {
  const { publicKey, secret } = k.freshKey();
  assert.match(secret, /^[0-9a-f]{64}$/);
  for (const typed of [publicKey, '0x' + publicKey, '04' + publicKey, '0x04' + publicKey.toUpperCase(), publicKey.replace(/(.{32})/g, '$1\n ')]) assert.equal(k.parsePublic(typed, 1), publicKey);
  const wrong = publicKey.slice(0, -1) + (publicKey.endsWith('0') ? '1' : '0');
  assert.throws(() => k.parsePublic(wrong, 1), /no key of P-256/);
  for (const bad of ['', '0x', 'zz', publicKey.slice(2), publicKey + '00', '02' + publicKey]) assert.throws(() => k.parsePublic(bad, 1), Error, bad);
  assert.equal(k.parseWeight(' 500 '), 500);
  for (const bad of ['', '0', '1001', '-1', '1.5', 'x', '99999']) assert.throws(() => k.parseWeight(bad), /1 to 1000/);
  assert.deepEqual(k.kinds.map(([v]) => k.kindOf(v)), [{ curve: 1, hash: 1 }, { curve: 1, hash: 3 }, { curve: 2, hash: 1 }, { curve: 2, hash: 3 }]);
});

/** A node that answers so. */
async function told(value, ask, status = 200) {
  const before = globalThis.fetch;
  const said = (url) => (typeof value === 'function' ? value(url) : value);
  globalThis.fetch = async (url) => new Response(typeof said(url) === 'string' ? said(url) : JSON.stringify(said(url)), { status });
  try {
    return await ask(new Access('https://node.example', 'flow-emulator', 'https://indexer.example'));
  } finally {
    globalThis.fetch = before;
  }
}

const wire = (more = {}) => ({ index: '0', public_key: '0x' + 'ab'.repeat(64), signing_algorithm: 'ECDSA_P256', hashing_algorithm: 'SHA2_256', sequence_number: '18446744073709551615', weight: '1000', revoked: false, ...more });
const whole = (more = {}) => ({ address: 'f8d6e0586b0a20c7', balance: '18446744073709551615', keys: [wire()], ...more });

test('an account is read strictly', async () => {
  const a = await told(whole(), (n) => n.account(account));
  assert.deepEqual([a.balance, a.keys[0].sequence, a.keys[0].public], [2n ** 64n - 1n, 2n ** 64n - 1n, 'ab'.repeat(64)]);
  const odd = { balances: [1, '-1', '01', '1e3', '18446744073709551616', '', null], keys: [null, {}, [null], [wire(), wire()]] };
  for (const balance of odd.balances) await assert.rejects(told(whole({ balance }), (n) => n.account(account)), AccessError, String(balance));
  for (const keys of odd.keys) await assert.rejects(told(whole({ keys }), (n) => n.account(account)), AccessError, JSON.stringify(keys));
  for (const bad of [{ index: '4294967296' }, { index: 0 }, { weight: '1001' }, { sequence_number: '18446744073709551616' }, { revoked: 'false' }, { public_key: '0xzz' }, { public_key: undefined }, { signing_algorithm: 1 }]) {
    await assert.rejects(told(whole({ keys: [wire(bad)] }), (n) => n.account(account)), AccessError, JSON.stringify(bad));
  }
  for (const bad of ['', 'null', '[]', '7', '"x"', '{"address":"f8d6e0586b0a20c7","address":"f8d6e0586b0a20c7","balance":"1","keys":[]}', '\ufeff{}']) await assert.rejects(told(bad, (n) => n.account(account)), AccessError, bad);
  await assert.rejects(told(whole({ address: '0ae53cb6e3f42a79' }), (n) => n.account(account)), AccessError);
});

test('blocks, amounts and states are read strictly', async () => {
  const block = (more) => [{ header: { id: 'ab'.repeat(32), height: '7', ...more } }];
  const { id, height } = await told(block(), (n) => n.block());
  assert.deepEqual([toHex(id), height], ['0x' + 'ab'.repeat(32), 7n]);
  assert.equal((await told(block(), (n) => n.block(id))).height, 7n);
  await assert.rejects(told(block({ id: 'cd'.repeat(32) }), (n) => n.block(id)), AccessError);
  for (const bad of [[], [{}], [{ header: {} }], {}, block({ id: 'ab' }), block({ height: 7 }), [1, 2]]) await assert.rejects(told(bad, (n) => n.block()), AccessError, JSON.stringify(bad));
  for (const [latest, over] of [[606, false], [607, false], [608, true]]) assert.equal(await told((url) => block({ height: url.includes('sealed') ? String(latest) : '7' }), (n) => n.expired(id)), over);
  const amount = (v) => JSON.stringify(Buffer.from(typeof v === 'string' ? v : JSON.stringify(v)).toString('base64'));
  assert.equal(await told(amount({ type: 'UFix64', value: '12.00000001' }), (n) => n.units('script')), 1_200_000_001n);
  for (const bad of [{ type: 'Fix64', value: '1.00000000' }, { type: 'UFix64', value: '1.0' }, { type: 'UFix64', value: '-1.00000000' }, { type: 'UFix64' }, 'x']) await assert.rejects(told(amount(bad), (n) => n.units('script')), AccessError, JSON.stringify(bad));
  await assert.rejects(told('"***"', (n) => n.units('script')), AccessError);
  const state = (more) => ({ status: 'Sealed', status_code: 0, error_message: '', execution: 'Success', block_id: '', ...more });
  assert.equal((await told(state(), (n) => n.result('ab'))).failure, '');
  for (const failed of [{ status_code: 1 }, { error_message: '[Error Code: 1007] x' }, { execution: 'Failure' }]) assert.notEqual((await told(state(failed), (n) => n.result('ab'))).failure, '', JSON.stringify(failed));
  for (const bad of [{ status: 'sealed' }, { status: undefined }, { status_code: '0' }, { error_message: 7 }]) await assert.rejects(told(state(bad), (n) => n.result('ab')), AccessError, JSON.stringify(bad));
});

test('a transaction is sent as it was signed; one that the node has is no error', async () => {
  const tx = transaction(f.deeds.revoke(scripts, 1));
  const held = { t: tx, ...f.complete(tx, [{ key: 0, signature: new Uint8Array(64) }]), noun: '', done: '' };
  await told({ id: held.id }, (n) => n.send(held));
  await told({ code: 400, message: 'transaction x has already been submitted' }, (n) => n.send(held), 400);
  for (const [value, status, kind] of [[{ id: 'ab'.repeat(32) }, 200, 'garbled'], [{ code: 400, message: 'no' }, 400, 'refused'], [{ code: 500, message: 'no' }, 500, 'garbled'], ['<html>', 400, 'garbled'], [[], 200, 'garbled']]) {
    await assert.rejects(told(value, (n) => n.send(held), status), (e) => e.kind === kind, JSON.stringify(value));
  }
  assert.equal(quoted('a\u202eb\u0000\u2028c'.padEnd(900, 'x')).length, 400);
  assert.ok(!/[\u202e\u0000\u2028]/.test(quoted('a\u202eb\u0000\u2028c')));
});

test('what an indexer says is a list of accounts, each once', async () => {
  assert.deepEqual((await told({ accounts: [{ address: '0xf8d6e0586b0a20c7' }, { address: 'f8d6e0586b0a20c7' }] }, (n) => n.known('ab'))).map(t.digits), ['f8d6e0586b0a20c7']);
  assert.deepEqual(await told({ accounts: ['f233dcee88fe0abe', '912d5440f7e3769e', 'f8d6e0586b0a20c8'].map((address) => ({ address })) }, (n) => n.known('ab')), [], 'of other networks, and of none');
  assert.deepEqual(await told({ message: 'x' }, (n) => n.known('ab'), 404), []);
  for (const bad of [{}, { accounts: {} }, { accounts: [1] }, { accounts: [{ address: 'zz' }] }, { accounts: Array(101).fill({ address: 'f8d6e0586b0a20c7' }) }]) await assert.rejects(told(bad, (n) => n.known('ab')), AccessError);
});
