// The page's arithmetic against what the Go packages say (testdata/vectors.json).
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { fromBase64url, fromHex, toHex } = await import('../page/bytes.js');
const { entryPoint, fromWire, hash, seal, stub, toWire } = await import('../page/userop.js');
const { checksum, decodeExecute, encodeExecute, fresh } = await import('../page/account.js');
const { attestedAuthData, parseAuthData, parseClientData, parseSignature, verify } = await import('../page/assertion.js');
const { NONE, hinter, hintsLength } = await import('../page/path.js');
const { recover } = await import('../page/recover.js');

const vectors = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));

test('operation hashes equal userop.Hash', () => {
  for (const v of vectors.ops) assert.equal(toHex(hash(fromWire(v.op), entryPoint(v.version), BigInt(v.chainId))), v.hash);
});

test('the wire JSON survives', () => {
  for (const v of vectors.ops) assert.deepEqual(toWire(fromWire(v.op)), Object.fromEntries(Object.entries(v.op).map(([k, x]) => [k, x.toLowerCase()])));
});

test('any change to an operation changes its hash', () => {
  const v = vectors.ops[4]; // with a paymaster
  const ep = entryPoint(v.version);
  const op = fromWire(v.op);
  const before = toHex(hash(op, ep, 1n));
  for (const [k, x] of Object.entries(op)) {
    if (k === 'signature') continue;
    const changed = { ...op, [k]: typeof x === 'bigint' ? x ^ 1n : x.slice(0, -1) + (x.endsWith('0') ? '1' : '0') };
    if (x !== '0x') assert.notEqual(toHex(hash(changed, ep, 1n)), before, k);
  }
  assert.notEqual(toHex(hash(op, ep, 2n)), before);
});

test('addresses and calls equal contracts.Deployment', () => {
  for (const v of vectors.accounts) {
    const account = fresh(v, { x: fromHex(v.x), y: fromHex(v.y) }, fromHex(v.salt));
    assert.equal(account.address, v.address);
    assert.equal(account.factoryData, v.factoryData);
    assert.equal(encodeExecute(v.to, BigInt(v.value), v.data), v.execute);
    assert.deepEqual(decodeExecute(v.execute), { to: checksum(v.to), value: BigInt(v.value), data: v.data });
  }
});

test('checksums equal common.Address.Hex', () => {
  for (const a of vectors.addresses) assert.equal(checksum(a.toLowerCase()), a);
});

for (const v of vectors.passkeys) {
  test(`a passkey, ${v.name}: attestation, recovery and seal equal passkey and seal`, async () => {
    const attested = parseAuthData(attestedAuthData(fromBase64url(v.registration.response.attestationObject)));
    assert.equal(toHex(attested.credential.key.x), v.x);
    assert.equal(toHex(attested.credential.key.y), v.y);
    assert.equal(attested.credential.aaguid, v.aaguid);
    const signer = { ...attested.credential.key, rule: 1 };
    const keys = [];
    for (const s of v.assertions) {
      const r = s.assertion.response;
      const assertion = {
        authenticatorData: fromBase64url(r.authenticatorData),
        clientDataJSON: fromBase64url(r.clientDataJSON),
        signature: parseSignature(fromBase64url(r.signature)),
      };
      assert.equal(toHex(parseClientData(assertion.clientDataJSON).challenge), s.challenge);
      assert.ok(await verify(assertion, signer));
      const found = (await recover(assertion)).map((k) => toHex(k.x) + toHex(k.y).slice(2));
      assert.deepEqual([...found].sort(), [...s.candidates].sort());
      assert.equal(toHex(seal(signer, assertion)), s.sealed);
      for (const [i, path] of [NONE, 0x13].entries()) {
        assert.equal(toHex(seal(signer, assertion, await (await hinter(path))(assertion, signer))), s.hinted[i]);
      }
      keys.push(found);
    }
    assert.deepEqual(keys[0].filter((k) => keys[1].includes(k)), [v.x + v.y.slice(2)], 'two assertions settle the key');
  });
}

test('stubs equal seal.PosternPasskeyStub and are as long as any seal', () => {
  for (const v of vectors.stubs) assert.equal(toHex(stub({ x: fromHex(v.x), y: fromHex(v.y), rule: v.rule }, v.origin, hintsLength(v.path))), v.stub);
  const longest = (pick) => Math.max(...vectors.passkeys.flatMap((p) => p.assertions.map((a) => pick(a).length)));
  const real = { 0x01: longest((a) => a.sealed), 0x00: longest((a) => a.hinted[0]), 0x12: longest((a) => a.hinted[1]) };
  for (const v of vectors.stubs) assert.ok(v.stub.length >= real[v.path]);
});
