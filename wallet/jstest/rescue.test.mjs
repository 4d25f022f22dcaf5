// The rescue page's own arithmetic: exported passkeys as package passkey/exported reads them, calls and transactions as Go writes them.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const { fromHex, toBase64url, toHex, MalformedError } = await import('../page/bytes.js');
const { parseExport, forget } = await import('../rescue/exported.js');
const { assertion, flagsFor, originOf, p256 } = await import('../rescue/p256key.js');
const { verify } = await import('../page/assertion.js');

const folder = new URL('../../passkey/exported/testdata/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8'));
const read = (name) => new Uint8Array(readFileSync(new URL(name, folder)));

for (const g of golden.files) {
  test(`${g.file} is read as Go reads it`, () => {
    const { format, passkeys, left } = parseExport(read(g.file));
    assert.equal(format, g.format);
    assert.deepEqual(passkeys.map((p) => ({
      credentialId: toBase64url(p.id), rpId: p.rpId, name: p.name, userHandle: p.handle ? toBase64url(p.handle) : '', publicKey: toHex(p.key.x) + toHex(p.key.y).slice(2),
    })), g.passkeys.map(({ userName, userDisplayName, ...p }) => ({ ...p, name: userName || userDisplayName })).map(({ credentialId, rpId, name, userHandle, publicKey }) => ({ credentialId, rpId, name, userHandle, publicKey })));
    assert.deepEqual(left.map((l) => l.where), g.left.map((l) => l.where));
    forget(passkeys);
    assert.ok(passkeys.every((p) => p.secret.every((v) => v === 0)));
  });
}

test('what Go refuses is refused', () => {
  const files = readdirSync(new URL('refused/', folder));
  assert.deepEqual(golden.refused.map((r) => r.file.replace(/^refused\//, '')).sort(), files.sort());
  for (const f of files) assert.throws(() => parseExport(read('refused/' + f)), MalformedError, f);
});

test('flags are those that Go sets', () => {
  for (const { uv, be, bs, flags } of golden.flags) assert.equal(flagsFor(uv | be << 2 | bs << 4), flags);
});

test('assertions are Go’s, byte for byte', async () => {
  assert.ok(golden.assertions.length);
  for (const a of golden.assertions) {
    const p = parseExport(read(a.file)).passkeys[a.passkey];
    const rule = Array.from({ length: 27 }, (_, i) => i % 3 | (Math.floor(i / 3) % 3) << 2 | Math.floor(i / 9) << 4).find((r) => flagsFor(r) === a.flags);
    const made = await assertion(p.secret, p.rpId, hex(a.challenge), rule);
    assert.equal(new TextDecoder().decode(made.clientDataJSON), a.clientDataJSON);
    assert.deepEqual(made.authenticatorData, hex(a.authenticatorData));
    assert.deepEqual(made.signature, hex(a.signature));
    assert.ok(await verify(made, p.key));
  }
  assert.equal(originOf('localhost'), 'http://localhost');
});

const hex = (text) => fromHex(text.startsWith('0x') ? text : '0x' + text);

test('no byte of a private key’s frame can change unseen', () => {
  const json = JSON.parse(new TextDecoder().decode(read('keepassxc.passkey')));
  const der = new Uint8Array(Buffer.from(json.privateKey.replace(/-----.*?-----|\s/g, ''), 'base64'));
  const first = p256(der.slice());
  assert.equal(first.secret.length, 32);
  for (let i = 0; i < der.length; i++) {
    for (const bit of [1, 0x10, 0x80]) {
      const changed = der.slice();
      changed[i] ^= bit;
      let got;
      try {
        got = p256(changed);
      } catch (e) {
        assert.ok(e instanceof MalformedError, `${i}: ${e}`);
        continue;
      }
      assert.equal(got, undefined, `byte ${i}`); // another algorithm
    }
    assert.throws(() => p256(der.slice(0, i)), MalformedError, `cut at ${i}`);
  }
  assert.throws(() => p256(Uint8Array.of(...der, 0)), MalformedError);
});

const vectors = JSON.parse(readFileSync(new URL('../testdata/rescue.json', import.meta.url), 'utf8'));
const { handleOps } = await import('../rescue/handleops.js');
const { sealed } = await import('../page/transaction.js');
const { sign } = await import('../page/secp256k1.js');
const { fromWire } = await import('../page/userop.js');
const { hybridExecute, hybridParse } = await import('../rescue/accounts.js');
const { checksum } = await import('../page/account.js');
const { aaCode, doubts } = await import('../rescue/relay.js');
const { inUnits, parseUnits, tokenTransfer } = await import('../rescue/node.js');

test('bundles equal userop.HandleOps', () => {
  for (const v of vectors.bundles) assert.equal(toHex(handleOps(fromWire(v.op), v.beneficiary)), v.data, v.version);
});

test('transactions equal go-ethereum’s', () => {
  for (const v of vectors.transactions) {
    const n = (k) => BigInt(v[k]);
    const t = { chainId: n('chainId'), nonce: n('nonce'), maxPriorityFeePerGas: n('maxPriorityFeePerGas'), maxFeePerGas: n('maxFeePerGas'), gas: n('gas'), to: v.to, data: fromHex(v.data) };
    assert.deepEqual(sealed(t, (digest) => sign(digest, fromHex(v.key))), { raw: v.raw, hash: v.hash }, `${v.data.length / 2 - 1} bytes`);
  }
});

test('Hybrid calls equal account/hybrid’s, and are read back', () => {
  for (const v of vectors.calls) {
    const c = { to: checksum(v.to), value: BigInt(v.value), data: v.data };
    assert.equal(hybridExecute(c), v.callData);
    assert.deepEqual(hybridParse(v.callData), c);
    for (let cut = 2; cut < v.callData.length; cut += 64) assert.equal(hybridParse(v.callData.slice(0, cut)), undefined);
    assert.equal(hybridParse(v.callData + '00'), undefined);
  }
});

test('the EntryPoint’s codes are found wherever nodes put them', () => {
  const revert = '0x220266b6' + '0'.repeat(64) + '40'.padStart(64, '0') + '14'.padStart(64, '0') + Buffer.from('AA24 signature error').toString('hex').padEnd(64, '0');
  assert.equal(aaCode({ message: 'execution reverted', data: revert }), 'AA24');
  assert.equal(aaCode({ message: 'execution reverted', data: { data: revert } }), 'AA24');
  assert.equal(aaCode({ message: 'execution reverted: FailedOp(0, "AA23 reverted")' }), 'AA23');
  for (const e of [undefined, {}, { data: 7 }, { message: 'x', data: '0x' }, { data: 'zz' }, { data: '0x123' }]) assert.equal(aaCode(e), undefined);
});

test('amounts of tokens are read and written without rounding', () => {
  for (const [text, decimals, units] of [['1', 0, 1n], ['0.5', 6, 500000n], ['.000001', 6, 1n], ['12345678901234567890.1', 18, 12345678901234567890100000000000000000n]]) {
    assert.equal(parseUnits(text, decimals), units);
    assert.equal(parseUnits(inUnits(units, decimals), decimals), units);
  }
  for (const [text, decimals] of [['', 6], ['0', 6], ['1.5', 0], ['0,5', 6], ['1e3', 6], ['-1', 6], ['0x10', 6], ['.', 6], ['0.0000001', 6], ['9'.repeat(61), 6]]) assert.throws(() => parseUnits(text, decimals), /./, text);
  assert.equal(inUnits(0n, 18), '0');
  assert.equal(tokenTransfer('0x' + '11'.repeat(20), 1n).slice(0, 10), '0xa9059cbb');
});

test('an export that does not say that it is plain is taken for encrypted', () => {
  const json = JSON.parse(new TextDecoder().decode(read('bitwarden.json')));
  for (const encrypted of [true, 'no', 0, null]) {
    assert.throws(() => parseExport(new TextEncoder().encode(JSON.stringify({ ...json, encrypted }))), /encrypted/, String(encrypted));
  }
});

test('damaged files are read or refused, and nothing else happens', () => {
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 0x7fffffff) % n;
  for (const { file } of golden.files) {
    const whole = read(file);
    for (let i = 0; i < 150; i++) {
      const b = whole.slice(random(4) ? 0 : random(whole.length), random(4) ? whole.length : random(whole.length));
      for (let k = random(4); k-- > 0 && b.length;) b[random(b.length)] = random(256);
      try {
        parseExport(b);
      } catch (e) {
        assert.ok(e instanceof MalformedError, `${file} ${i}: ${e.stack}`);
      }
    }
  }
});

test('a holder signs for its own key and for no other', async () => {
  const holders = await import('../rescue/holders.js');
  const [a, b] = parseExport(read('cxf.json')).passkeys;
  const challenge = new Uint8Array(32).fill(7);
  const h = holders.exported(a);
  assert.ok(await verify(await h.assert(challenge, a.key, 1), a.key));
  await assert.rejects(h.assert(challenge, b.key, 1), /not by this account/);
  assert.throws(() => h.sign(challenge), TypeError);
  h.forget();
  await assert.rejects(h.assert(challenge, a.key, 1));
  const secret = new Uint8Array(32).fill(3);
  const k = holders.key(secret);
  const { signer } = await import('../page/secp256k1.js');
  assert.equal(signer(challenge, k.sign(challenge)), k.address);
  k.forget();
  assert.throws(() => k.sign(challenge));
  assert.ok(secret.every((v) => v === 0));
});

test('an export is opened by its password, as Go opens it', async () => {
  const { isSealed, openSealed } = await import('../rescue/sealed.js');
  const file = read('bitwarden-sealed.json');
  assert.ok(isSealed(file) && !isSealed(read('bitwarden.json')) && !isSealed(read('refused/zip.json')));
  const plain = await openSealed(file, 'correct horse');
  const { format, passkeys } = parseExport(plain);
  assert.deepEqual([format, passkeys.length], ['bitwarden', 1]);
  for (const wrong of ['', 'Correct horse', 'correct horse ']) await assert.rejects(openSealed(file, wrong), /password is wrong/);
  const json = JSON.parse(new TextDecoder().decode(file));
  const [iv, sealed, mac] = json.data.slice(2).split('|');
  for (const [change, says] of [
    [{ kdfType: 1 }, /Argon2id/], [{ kdfType: undefined }, /Argon2id/], [{ kdfIterations: 4999 }, /bounds/], [{ kdfIterations: 10_000_001 }, /bounds/], [{ kdfIterations: '5000' }, /bounds/],
    [{ kdfIterations: 5001 }, /password is wrong/], [{ salt: 'AAAA' }, /password is wrong/], [{ salt: '' }, /missing/], [{ data: undefined }, /missing/],
    [{ data: `4.${iv}|${sealed}|${mac}` }, /iv\|ciphertext/], [{ data: `2.${iv}|${sealed}` }, /iv\|ciphertext/], [{ data: `2.${iv.slice(0, -1)}|${sealed}|${mac}` }, /base64/],
    [{ data: `2.${iv}|${sealed}|${iv}` }, /iv\|ciphertext/], [{ data: `2.${iv}|AAAA|${mac}` }, /iv\|ciphertext/], [{ data: `2.${'A'.repeat(22)}==|${sealed}|${mac}` }, /password is wrong/],
  ]) await assert.rejects(openSealed(new TextEncoder().encode(JSON.stringify({ ...json, ...change })), 'correct horse'), says, JSON.stringify(change).slice(0, 60));
});

test('a fee that a node makes up for whoever makes the block is pointed out', () => {
  const gwei = 10n ** 9n;
  const carrier = (tip) => ({ chainId: 1n, nonce: 0n, gas: 900_000n, to: '0x' + '11'.repeat(20), maxPriorityFeePerGas: tip, maxFeePerGas: 60n * gwei + tip });
  const ether = 10n ** 18n;
  assert.deepEqual(doubts(carrier(2n * gwei), ether), []);
  assert.deepEqual(doubts(carrier(50n * gwei), 0n), []); // of a token
  assert.match(doubts(carrier(100n * gwei), 0n).join(), /0\.09 ETH beyond the base fee/);
  assert.match(doubts(carrier(2n * gwei), gwei).join(), /more than the amount/);
});
