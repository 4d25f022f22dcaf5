// Session keys as the pages make them, against what grant, account/kernel and seal say
// (testdata/grant.json) of everything that ZeroDev's SDK wrote for package grant, and more.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { concat, fromHex, toHex, utf8 } = await import('../page/bytes.js');
const { keccak } = await import('../page/abi.js');
const { checksum } = await import('../page/account.js');
const kernel = await import('../page/kernel.js');
const { entry, parseEntry } = await import('../page/policies.js');
const { parseCall } = await import('../page/functions.js');
const { check } = await import('../page/policychecks.js');
const { refusal } = await import('../page/policydecide.js');
const { words } = await import('../page/policywords.js');
const { parse, serialize } = await import('../page/approval.js');

const go = JSON.parse(readFileSync(new URL('../testdata/grant.json', import.meta.url), 'utf8'));
for (const v of [...go.grants, ...go.decisions]) v.entries = v.policies.map((i) => go.pool[i]);
const finding = (f) => `${f.refused ? 'refused' : 'warning'} ${f.code} ${f.policy} ${f.permission}`;
const grantOf = (v) => ({ policies: v.entries.map((e) => parseEntry(fromHex(e))), flag: v.flag });
const permissionOf = (v) => ({ policies: v.entries.map((e) => fromHex(e)), signer: { contract: v.signer, data: fromHex(v.key) }, flag: v.flag });
const keyOf = (kind, hex) => {
  const b = fromHex(hex);
  return kind.endsWith('ECDSA') || kind === 'ecdsa' ? { kind: 'ecdsa', owner: checksum(hex), multi: kind.startsWith('multi') } : { kind: 'passkey', x: b.slice(0, 32), y: b.slice(32, 64), credentialHash: b.slice(64), multi: kind.startsWith('multi') };
};

test('every policy is read, and written to the same bytes', () => {
  for (const v of go.grants) assert.deepEqual(grantOf(v).policies.map((p) => toHex(entry(p))), v.entries);
  assert.ok(go.grants.length > 180);
});

test('the words are Go’s', () => {
  for (const v of go.grants) {
    const g = grantOf(v);
    assert.deepEqual(words(g), v.words);
    assert.deepEqual(words({ ...g, tokens: go.tokens, zone: go.zone }), v.inZone ?? v.words);
  }
});

test('the traps are those that Go names', () => {
  const seen = new Set();
  for (const v of go.grants) {
    const found = check({ ...grantOf(v), tokens: go.tokens }, { now: go.now, account: go.account, protected: go.protected, signer: v.signer, portable: true });
    assert.deepEqual(found.map(finding), v.findings, JSON.stringify(v.words));
    for (const f of found) {
      assert.ok(f.what && f.way);
      seen.add(f.code);
    }
  }
  assert.ok(seen.size > 30, `${seen.size} kinds of them`);
});

test('what the policies will say is what Go predicts', () => {
  const seen = { allowed: 0, refused: 0, late: 0, rules: 0 };
  for (const v of go.decisions) {
    const limit = BigInt(v.gas);
    const op = { sender: go.account, nonce: 0n, callData: v.callData, callGasLimit: limit, verificationGasLimit: limit, preVerificationGas: limit, maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 0n, signature: '0x', paymaster: v.paymaster };
    const r = refusal(grantOf(v), v.left.map((l) => ({ ...l, allowed: BigInt(l.allowed) })), go.now, op);
    assert.equal(r === undefined, v.allowed, JSON.stringify(v));
    seen[v.allowed ? 'allowed' : v.due ? 'refused' : 'late']++;
    if (v.allowed || !v.due) continue;
    assert.deepEqual([r.policy, r.permission ?? -1, r.rule ?? -1], [v.policy, v.permission, v.rule], JSON.stringify(v));
    if (v.rule >= 0) seen.rules++;
    assert.ok(r.what && r.way);
  }
  assert.ok(Math.min(...Object.values(seen)) > 4, JSON.stringify(seen));
});

test('permission ids and enable data are Go’s', () => {
  for (const v of go.grants) {
    const p = permissionOf(v);
    assert.equal(toHex(kernel.permissionId(p)), v.id);
    const data = kernel.enableData(p);
    assert.equal(toHex(keccak(data)), v.enableHash);
    assert.deepEqual(kernel.enableData(kernel.parseEnableData(data)), data);
  }
});

test('what a person writes of a call is what Go makes of it', () => {
  for (const v of go.expressions) {
    if (v.refused) {
      assert.throws(() => parseCall(v.text, v.target, go.tokens), /\.$/, v.text);
      continue;
    }
    const q = parseCall(v.text, v.target, go.tokens);
    const p = { kind: 'call', version: '0.0.5', flag: 0, contract: '0x85770b902D1e503D5f5141d9eaC16d0d08eEaDd2', permissions: [q] };
    assert.equal(q.selector, v.selector, v.text);
    assert.equal(toHex(entry(p)), v.entry, v.text);
    assert.equal(words({ policies: [{ ...p, permissions: [{ ...q, target: parseEntry(entry(p)).permissions[0].target }] }], tokens: go.tokens })[0], v.words, v.text);
    assert.deepEqual(check({ policies: [p], tokens: go.tokens }).map(finding), v.findings, v.text);
  }
});

test('a policy that is cut, longer or changed is another one, or none', () => {
  for (const v of go.grants) {
    for (const e of v.entries) {
      const b = fromHex(e);
      const opaque = parseEntry(b).kind === 'unknown';
      if (opaque) continue;
      for (const bad of [b.slice(0, -1), concat(b, Uint8Array.of(0)), b.slice(0, 21)]) assert.throws(() => parseEntry(bad), /polic/);
      for (let i = 22; i < b.length; i += 97) {
        const changed = b.slice();
        changed[i] ^= 0x80;
        try {
          assert.equal(toHex(entry(parseEntry(changed))), toHex(changed));
        } catch (error) {
          assert.equal(error.name, 'MalformedError', String(error));
        }
      }
    }
  }
});

test('accounts, what their owners sign, and how they revoke are Go’s', () => {
  for (const v of go.kernel.accounts) {
    const root = keyOf(v.kind, v.key);
    const a = kernel.account(v.version, root, BigInt(v.index));
    assert.equal(a.address, v.address);
    assert.equal(a.factory, v.factory);
    assert.equal(a.factoryData, v.factoryData);
    const back = kernel.parseFactoryData(v.factoryData);
    assert.equal(back.address, v.address);
    assert.equal(kernel.validatorOf(back.root), kernel.validatorOf(root));
    assert.equal(kernel.rootKey(root), BigInt(v.rootKey));
    const p = permissionOf(go.grants[v.grant]);
    const id = kernel.permissionId(p);
    assert.equal(kernel.permissionKey(id, false, v.lane), BigInt(v.useKey));
    assert.equal(kernel.permissionKey(id, true, v.lane), BigInt(v.enableKey));
    const e = kernel.enable(a, BigInt(v.chainId), v.nonce, p);
    assert.equal(toHex(e.digest), v.digest);
    assert.deepEqual(JSON.parse(e.json), JSON.parse(v.typedData));
    assert.equal(kernel.uninstall(id, p.policies.length), v.uninstall);
    assert.deepEqual(kernel.parseUninstall(v.uninstall), { id, policies: p.policies.length });
    assert.equal(kernel.invalidate(v.nonce + 1), v.invalidate);
  }
});

test('an account’s creation that was changed is not taken for one', () => {
  const data = fromHex(go.kernel.accounts[0].factoryData);
  for (let i = 0; i < data.length; i += 3) {
    const changed = data.slice();
    changed[i] ^= 1;
    const made = kernel.parseFactoryData(toHex(changed));
    assert.notEqual(made?.address, go.kernel.accounts[0].address, `byte ${i}`);
  }
  for (const short of ['0x', '0xc5265d5d', toHex(data.slice(0, 200)), toHex(concat(data, new Uint8Array(32)))]) assert.equal(kernel.parseFactoryData(short), undefined);
});

test('what an owner signed is known, alone and with others, and nothing else is', async () => {
  const { signedBy } = await import('../page/grant/opening.js');
  assert.equal(go.kernel.approvals.length, 10);
  for (const v of go.kernel.approvals) {
    const root = keyOf(v.kind, v.key);
    const [digest, signature] = [fromHex(v.digest), fromHex(v.signature)];
    assert.ok(await signedBy(root, digest, signature), v.kind);
    const other = digest.slice();
    other[31] ^= 1;
    assert.ok(!await signedBy(root, other, signature), `${v.kind}: another digest`);
    for (const bad of [signature.slice(0, -1), concat(signature, Uint8Array.of(0)), new Uint8Array(), new Uint8Array(65)]) assert.ok(!await signedBy(root, digest, bad), v.kind);
    for (let i = 0; i < signature.length; i += 7) {
      const changed = signature.slice();
      changed[i] ^= 1;
      assert.ok(!await signedBy(root, digest, changed), `${v.kind}: byte ${i}`);
    }
    const stranger = v.kind.toLowerCase().endsWith('ecdsa') ? { ...root, owner: checksum(go.account) } : { ...root, x: root.y };
    assert.ok(!await signedBy(stranger, digest, signature), `${v.kind}: somebody else`);
    if (v.kind === 'multiECDSA' && signature.length > 65) assert.ok(!await signedBy({ ...root, multi: false }, digest, signature), 'a validator that knows no trees');
  }
});

test('calls are written as Go does, and nothing else is read', () => {
  for (const v of go.kernel.calls) {
    const calls = v.calls.map((c) => ({ ...c, value: BigInt(c.value) }));
    assert.equal(kernel.execute(calls), v.data);
    assert.deepEqual(kernel.parseExecute(v.data), calls);
    for (const bad of [v.data.slice(0, -2), v.data + '00', v.data.replace('e9ae5c53', 'e9ae5c54'), v.data.slice(0, 12) + '01' + v.data.slice(14)]) assert.equal(kernel.parseExecute(bad), undefined);
  }
});

test('a passkey’s signature is sealed as Go does, alone and with the approval', () => {
  for (const v of go.kernel.seals) {
    const a = { authenticatorData: fromHex(v.authenticatorData), clientDataJSON: utf8(v.clientDataJSON), signature: fromHex(v.signature) };
    const sealed = kernel.sealPasskey(a, v.precompiled);
    assert.equal(toHex(sealed), v.sealed);
    assert.deepEqual(kernel.parsePasskey(sealed), a);
    assert.equal(toHex(kernel.useFirst(permissionOf(go.grants[v.grant]), fromHex(v.approval), sealed)), v.first);
    assert.equal(toHex(kernel.personal(fromHex(v.challenge))), v.personal);
    const stub = kernel.stubPasskey(v.origin, v.precompiled);
    assert.ok(stub.length >= v.stubLength && stub.length > sealed.length, `${stub.length}, Go ${v.stubLength}`);
    for (let i = 0; i < sealed.length; i += 5) {
      const changed = sealed.slice();
      changed[i] ^= 1;
      try {
        assert.notDeepEqual(kernel.parsePasskey(changed), a);
      } catch (error) {
        assert.ok(['MalformedError', 'RangeError'].includes(error.name), String(error));
      }
    }
  }
});

test('Kernel takes no client data that begins otherwise', () => {
  const v = go.kernel.seals[0];
  const clientDataJSON = utf8(v.clientDataJSON.replace('{', '{"androidPackageName":"x",'));
  assert.throws(() => kernel.sealPasskey({ authenticatorData: fromHex(v.authenticatorData), clientDataJSON, signature: fromHex(v.signature) }, false), /order that Kernel does not take/);
});

test('a document is read as it was written, and what is in it is what was signed', () => {
  for (const v of go.grants) {
    const { policies } = grantOf(v);
    if (v.flag || policies.some((p) => p.kind === 'unknown')) continue;
    const approval = { policies, permissionId: fromHex(v.id), account: go.kernel.accounts[0].address, initCode: go.kernel.accounts[0].factoryData, signature: fromHex(go.kernel.seals[0].approval) };
    const text = serialize(approval);
    const back = parse(` ${text}\n`);
    assert.deepEqual(back.policies.map((p) => toHex(entry(p))), v.entries);
    assert.deepEqual({ ...back, policies: 0 }, { ...approval, policies: 0 });
    assert.equal(serialize(back), text);
  }
});

test('documents that are none are named, without their secrets', () => {
  const v = go.grants.find((g) => !g.flag && g.entries.length === 1);
  const good = JSON.parse(atob(serialize({ policies: grantOf(v).policies, permissionId: fromHex(v.id), account: go.kernel.accounts[0].address, initCode: '0x', signature: fromHex('0x' + '11'.repeat(65)), privateKey: fromHex('0x' + '22'.repeat(32)) })));
  const bad = (change) => {
    const json = structuredClone(good);
    change(json);
    return btoa(JSON.stringify(json));
  };
  assert.equal(parse(btoa(JSON.stringify(good))).privateKey.length, 32);
  for (const [text, says] of [
    ['', /no document/], ['x', /base64/], ['AAAA', /no approval/], [btoa('null'), /policies/], [btoa('[]'), /policies/], [btoa(JSON.stringify(good)).slice(0, 400), /no approval/], ['A'.repeat(400_004), /too long/],
    [bad((j) => { j.permissionParams.policies = {}; }), /policies/], [bad((j) => { j.permissionParams.policies = Array(254).fill(j.permissionParams.policies[0]); }), /policies/],
    [bad((j) => { j.permissionParams.permissionId = '0x1234'; }), /permissionId/], [bad((j) => { j.permissionParams.policies[0] = null; }), /policy 1/],
    [bad((j) => { j.permissionParams.policies[0].policyParams.policyAddress = '0x' + '12'.repeat(20); }), /policy 1/], [bad((j) => { j.permissionParams.policies[0].policyParams.type = 'constructor'; }), /policy 1/],
    [bad((j) => { j.permissionParams.policies[0].policyParams.policyVersion = '9'; }), /policy 1/], [bad((j) => { j.accountParams.accountAddress = '0x12'; }), /accountAddress/],
    [bad((j) => { delete j.accountParams; }), /accountAddress/], [bad((j) => { delete j.enableSignature; }), /enableSignature/], [bad((j) => { j.privateKey = '0x3333333333'; }), /privateKey/],
    [bad((j) => { j.permissionParams.policies[0].policyParams = { type: 'timestamp', validAfter: 0, validUntil: 2 ** 48 }; }), /policy 1/], [bad((j) => { j.permissionParams.policies[0].policyParams = { type: 'gas', allowed: String(2n ** 128n) }; }), /policy 1/],
    [bad((j) => { j.permissionParams.policies[0].policyParams = { type: 'rate-limit', interval: 1.5, count: 1 }; }), /policy 1/], [bad((j) => { j.permissionParams.policies[0].policyParams = { type: 'gas', allowed: '-1' }; }), /policy 1/],
    [bad((j) => { j.eip7702Auth = {}; }), /7702/], [bad((j) => { j.action.selector = '0x12345678'; }), /execute/], [bad((j) => { j.action.hook = { address: '0x' + '12'.repeat(20) }; }), /execute/],
  ]) {
    assert.throws(() => parse(text), (e) => e.name === 'MalformedError' && says.test(e.message) && !/3333333333/.test(e.message + e.cause), String(says));
  }
});
