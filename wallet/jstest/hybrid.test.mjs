// MetaMask's Hybrid account as the page computes it, against what MetaMask's own kit
// made and the real contracts accepted (testdata/hybrid.json).
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { concat, fromBase64url, fromHex, toBigInt, toHex, uint, utf8 } = await import('../page/bytes.js');
const { attestedAuthData, parseAuthData, parseSignature } = await import('../page/assertion.js');
const { entryPoint, fromWire, hash, toWire } = await import('../page/userop.js');
const hybrid = await import('../page/hybrid.js');
const { addressOf, generate, sign, signer, valid } = await import('../page/secp256k1.js');

const kit = JSON.parse(readFileSync(new URL('../testdata/hybrid.json', import.meta.url), 'utf8'));
const go = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));
const d = { ...hybrid.V130, factory: kit.factory, implementation: kit.implementation };
const ep = entryPoint('0.7');
const chainId = BigInt(kit.chainId);
const key = hybrid.passkeyKey(fromBase64url(kit.credential.id), { x: fromHex(kit.credential.x), y: fromHex(kit.credential.y) });
const ops = Object.fromEntries(kit.ops.map((o) => [o.label, { ...o, op: fromWire(o.userOperation) }]));
const secret = fromHex(kit.account.ownerKey);

test('the address and the call to the factory are the kit’s', () => {
  const a = hybrid.account(d, { owner: kit.account.owner, salt: new Uint8Array(32) });
  assert.equal(a.address, kit.account.address);
  assert.equal(a.factoryData, kit.account.factoryArgs.factoryData);
});

test('the tutorial’s rebuilt account is another one, with the same bytes as the kit’s', () => {
  const a = hybrid.account(d, { owner: kit.rebuilt.owner, salt: new Uint8Array(32), keys: [key] });
  assert.equal(a.address, kit.rebuilt.address);
  assert.equal(a.factoryData, kit.rebuilt.factoryData);
  assert.notEqual(a.address, kit.account.address);
});

test('addresses at MetaMask’s own deployment equal account/hybrid', () => {
  assert.equal(go.metaMask.accounts.length, 3);
  for (const v of go.metaMask.accounts) {
    const keys = (v.keys ?? []).map((k, i) => hybrid.passkeyKey(fromHex(v.credentials[i]), { x: fromHex(k).slice(0, 32), y: fromHex(k).slice(32) }));
    const a = hybrid.account(hybrid.V130, { owner: v.owner, salt: fromHex(v.salt), keys });
    assert.equal(a.address, v.address);
    assert.equal(a.factoryData, v.factoryData);
  }
});

test('any other parameter is another address', () => {
  const seen = new Set();
  for (const [dd, p] of [
    [d, {}], [d, { salt: uint(1, 32) }], [d, { owner: hybrid.ZERO }], [d, { keys: [key] }], [d, { keys: [{ ...key, x: key.y }] }],
    [{ ...d, factory: hybrid.V130.factory }, {}], [{ ...d, implementation: hybrid.V130.implementation }, {}],
  ]) seen.add(hybrid.account(dd, { owner: kit.account.owner, salt: new Uint8Array(32), ...p }).address);
  assert.equal(seen.size, 7);
});

test('a passkey’s name is a text, and its hash that of the text', () => {
  assert.equal(key.keyId, kit.credential.keyId);
  assert.equal(toHex(key.hash), kit.credential.keyIdHash);
  assert.deepEqual(hybrid.credentialId(key.keyId), fromBase64url(kit.credential.id));
  for (const odd of [undefined, '', '0x', 'my key', '0xff', '0x3d3d', '0x7A', key.keyId.slice(0, -1)]) assert.equal(hybrid.credentialId(odd), undefined, odd);
});

test('digests and operation hashes are the kit’s', () => {
  for (const o of kit.ops) {
    assert.equal(toHex(hybrid.digest(ops[o.label].op, ep, chainId)), o.signedTypedDataHash, o.label);
    assert.equal(toHex(hash(ops[o.label].op, ep, chainId)), o.userOpHash, o.label);
  }
});

test('any change to an operation, the chain or the EntryPoint changes what is signed', () => {
  const op = { ...ops['4-deploy-ecdsa'].op, paymaster: kit.factory, paymasterVerificationGasLimit: 1n, paymasterPostOpGasLimit: 2n, paymasterData: '0x0102' };
  const before = toHex(hybrid.digest(op, ep, chainId));
  for (const [k, x] of Object.entries(op)) {
    if (k === 'signature') continue;
    const changed = { ...op, [k]: typeof x === 'bigint' ? x ^ 1n : x.slice(0, -1) + (x.endsWith('0') ? '1' : '0') };
    assert.notEqual(toHex(hybrid.digest(changed, ep, chainId)), before, k);
  }
  assert.notEqual(toHex(hybrid.digest(op, ep, 1n)), before);
  assert.notEqual(toHex(hybrid.digest(op, entryPoint('0.8'), chainId)), before);
});

test('the owner’s signatures are the kit’s, byte for byte', () => {
  assert.equal(addressOf(secret), kit.account.owner);
  let seen = 0;
  for (const label of ['4-deploy-ecdsa', '6-addKey']) {
    const digest = fromHex(ops[label].signedTypedDataHash);
    assert.equal(toHex(sign(digest, secret)), ops[label].userOperation.signature);
    assert.equal(signer(digest, fromHex(ops[label].userOperation.signature)), kit.account.owner);
    assert.notEqual(signer(uint(seen++, 32), fromHex(ops[label].userOperation.signature)), kit.account.owner);
  }
  assert.equal(seen, 2);
});

test('secrets: fresh ones are keys and differ; nought and the order are none', () => {
  assert.notEqual(addressOf(generate()), addressOf(generate()));
  for (const [hex, ok] of [['01', true], ['00', false], ['fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', false], ['fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140', true]]) {
    assert.equal(valid(fromHex('0x' + hex.padStart(64, '0'))), ok, hex);
  }
  assert.equal(valid(new Uint8Array(31).fill(1)), false);
});

const assertion = (a) => ({ authenticatorData: fromHex(a.authenticatorData), clientDataJSON: utf8(a.clientDataJSON), signature: parseSignature(fromHex(a.der)) });

test('the passkey’s signatures are the kit’s, byte for byte, and stubs are never shorter', () => {
  const stub = hybrid.passkeyStub(key.hash, 'http://localhost:5173');
  let seen = 0;
  for (const o of kit.ops.filter((o) => o.assertion)) {
    const sealed = toHex(hybrid.sealPasskey(key.hash, assertion(o.assertion)));
    assert.equal(sealed, o.userOperation.signature, o.label);
    assert.ok(sealed.length < stub.length);
    seen++;
  }
  assert.equal(seen, 4);
});

test('stubs and seals equal seal.MetaMaskWebAuthnStub, MetaMaskECDSAStub and MetaMaskWebAuthn', () => {
  assert.equal(hybrid.OWNER_STUB, go.metaMask.ownerStub);
  assert.equal(hybrid.passkeyStub(fromHex(go.metaMask.keyIdHash), go.metaMask.origin), go.metaMask.passkeyStub);
  assert.notEqual(signer(uint(7, 32), fromHex(hybrid.OWNER_STUB)), kit.account.owner);
  let seen = 0;
  for (const p of go.passkeys) {
    const { credential } = parseAuthData(attestedAuthData(fromBase64url(p.registration.response.attestationObject)));
    for (const a of p.assertions) {
      const r = a.assertion.response;
      const signed = { authenticatorData: fromBase64url(r.authenticatorData), clientDataJSON: fromBase64url(r.clientDataJSON), signature: parseSignature(fromBase64url(r.signature)) };
      const sealed = toHex(hybrid.sealPasskey(hybrid.passkeyKey(credential.id, credential.key).hash, signed));
      assert.equal(sealed, a.metaMask, p.name);
      assert.ok(sealed.length <= go.metaMask.passkeyStub.length);
      seen++;
    }
  }
  assert.ok(seen >= 12);
});

const ACTIONS = {
  '4-deploy-ecdsa': (a) => a.kind === 'send' && a.value === 0n,
  '6-addKey': (a) => a.kind === 'addKey' && a.keyId === key.keyId && a.x === toBigInt(key.x) && a.y === toBigInt(key.y),
  '7-passkey-send': (a) => a.kind === 'send' && a.value === 1n && a.to === '0x000000000000000000000000000000000000dEaD',
  '8-passkey-transferOwnership': (a) => a.kind === 'owner',
  '7b-passkey-batch': undefined, '9-newOwner-removeKey': undefined,
};

test('calls are the kit’s, and read back as what they do; others are refused', () => {
  for (const [label, expected] of Object.entries(ACTIONS)) {
    const { callData } = ops[label].op;
    const action = hybrid.decodeAction(callData);
    if (!expected) {
      assert.equal(action, undefined, label);
      continue;
    }
    assert.ok(action && expected(action), `${label}: ${JSON.stringify(action, (_, v) => String(v))}`);
    assert.equal(hybrid.encodeAction(action), callData, label);
    for (const bent of [callData + '00', callData.slice(0, -2), callData.slice(0, 10) + 'f' + callData.slice(11)]) assert.equal(hybrid.decodeAction(bent), undefined, label);
  }
  assert.deepEqual(hybrid.decodeAction('0x'), { kind: 'create' });
});

test('EIP-7702 authorizations hash as viem’s do, and what the page makes verifies', async () => {
  const { authorizationHash, authorize, delegateOf } = await import('../page/authorization.js');
  const signed = (a) => concat(fromHex(a.r), fromHex(a.s), Uint8Array.of(27 + Number(a.yParity)));
  assert.equal(kit.authorizations.length, 2);
  for (const a of kit.authorizations) assert.equal(signer(authorizationHash(BigInt(a.chainId), a.address, BigInt(a.nonce)), signed(a)), a.signer);
  const hashes = new Set();
  for (const [id, nonce] of [[1n, 0n], [127n, 1n], [128n, 127n], [31337n, 128n], [31337n, 256n], [(1n << 64n) - 1n, (1n << 64n) - 1n]]) {
    const a = authorize(id, hybrid.V130.stateless, nonce, secret);
    const digest = authorizationHash(id, a.address, nonce);
    hashes.add(toHex(digest));
    assert.equal(signer(digest, signed(a)), kit.account.owner);
    assert.deepEqual([BigInt(a.chainId), BigInt(a.nonce)], [id, nonce]);
    const op = { ...ops['7-passkey-send'].op, eip7702Auth: a };
    assert.deepEqual(fromWire(toWire(op)), op);
    assert.throws(() => hash(op, entryPoint('0.8'), 1n), /0\.7/);
  }
  assert.equal(hashes.size, 6);
  for (const [id, nonce] of [[0n, 0n], [1n << 64n, 0n], [1n, -1n]]) assert.throws(() => authorize(id, hybrid.V130.stateless, nonce, secret), RangeError);
  assert.equal(delegateOf(fromHex('0xef0100' + '11'.repeat(20))), '0x' + '11'.repeat(20));
  for (const other of ['0x', '0xef0100', '0xef0101' + '11'.repeat(20), '0xef0100' + '11'.repeat(21)]) assert.equal(delegateOf(fromHex(other)), undefined);
});

test('an authorization to estimate gas with is nobody’s, and as long as a real one', async () => {
  const { authorizationHash, authorize, unsigned } = await import('../page/authorization.js');
  const real = authorize(31337n, hybrid.V130.stateless, 7n, secret);
  const stub = unsigned(31337n, hybrid.V130.stateless, 7n);
  assert.deepEqual({ ...real, r: 0, s: 0, yParity: 0 }, { ...stub, r: 0, s: 0, yParity: 0 });
  assert.deepEqual([stub.r.length, stub.s.length], [66, 66]);
  const by = signer(authorizationHash(31337n, stub.address, 7n), concat(fromHex(stub.r), fromHex(stub.s), Uint8Array.of(27 + Number(stub.yParity))));
  assert.notEqual(by, kit.account.owner);
  assert.match(by, /^0x/); // of somebody: bundlers that recover a signer find one
});

test('what is read from an operation is what it does, or nothing', async () => {
  Object.assign(globalThis, { location: { origin: 'http://localhost:8080' } });
  const { Gator } = await import('../page/backup/chain.js');
  const config = { chainId: 31337, rpId: 'localhost', rpName: '', entryPoint: { version: '0.8', address: '' }, factory: '', implementation: '', proxyInitCodeHash: '', rpcUrl: '/rpc', passkeyUrl: '/passkeys', hybrid: hybrid.V130 };
  const chain = await Gator.open(config);
  const made = { ...ops['4-deploy-ecdsa'].op, callData: '0x' };
  assert.equal(chain.read(made).sentence, 'Create the account');
  const { factory, factoryData, ...there } = made;
  assert.throws(() => chain.read(there), /already/);
  assert.throws(() => chain.read(ops['7b-passkey-batch'].op), /nothing else/);
  for (const k of ['version', 'factory', 'implementation']) await assert.rejects(Gator.open({ ...config, hybrid: { ...hybrid.V130, [k]: '0x11' } }), new RegExp(k));
});

test('an account of a key’s own address signs under another name', () => {
  const { op } = ops['7-passkey-send'];
  assert.notEqual(toHex(hybrid.digest(op, ep, chainId, 'EIP7702StatelessDeleGator')), toHex(hybrid.digest(op, ep, chainId)));
  assert.equal(toHex(hybrid.digest(fromWire(go.metaMask.stateless.op), ep, 31337n, 'EIP7702StatelessDeleGator')), go.metaMask.stateless.digest);
});
