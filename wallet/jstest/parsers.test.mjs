// The page's parsers and what people type: strict, bounded, in words.
import './noble.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { MalformedError, concat, fromBase64url, fromHex, toBase64url, toBigInt, toHex, uint } = await import('../page/bytes.js');
const { ORDER, attestedAuthData, findings, parseAuthData, parseClientData, parseSignature, readCbor } = await import('../page/assertion.js');
const { decodeBytesArray, encode, word } = await import('../page/abi.js');
const { addressHandle, checksum, decodeExecute, parseHandle, passkeySigner, saltHandle, signerBytes } = await import('../page/account.js');
const { atMost, chainName, ether, explain, parseAddress, parseEther, roughly } = await import('../page/words.js');
const { summary } = await import('../page/deeds.js');
const { entryPoint, fromWire } = await import('../page/userop.js');
const { CeremonyError } = await import('../page/ceremony.js');
const { RpcError } = await import('../page/rpc.js');

const { passkeys } = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));
const real = passkeys[0].assertions[0].assertion.response;
const authData = fromBase64url(real.authenticatorData);
const clientData = fromBase64url(real.clientDataJSON);
const der = fromBase64url(real.signature);
const attestation = fromBase64url(passkeys[0].registration.response.attestationObject);

const utf8 = (s) => new TextEncoder().encode(s);
const malformed = (f, why) => assert.throws(f, MalformedError, why);

/** A random source that is the same every time. */
function dice(seed) {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x % n;
  };
}

test('hex and base64url go there and back, and refuse the rest', () => {
  const roll = dice(7);
  for (let i = 0; i < 300; i++) {
    const b = Uint8Array.from({ length: roll(70) }, () => roll(256));
    assert.deepEqual(fromHex(toHex(b)), b);
    assert.deepEqual(fromBase64url(toBase64url(b)), b);
  }
  for (const bad of ['', 'ab', '0xa', '0xzz', '0X00', null, 7]) malformed(() => fromHex(bad));
  for (const bad of ['a', 'aa==', 'a+', 'a/', 'QQ=', 'QR', ' QQ', null]) malformed(() => fromBase64url(bad), String(bad));
  assert.throws(() => uint(256n, 1), RangeError);
  assert.throws(() => uint(-1n, 8), RangeError);
});

test('no parser does more than throw MalformedError, whatever it is given', () => {
  const roll = dice(1);
  const parsers = [[parseAuthData, authData], [parseAuthData, attestedAuthData(attestation)], [attestedAuthData, attestation], [parseSignature, der], [parseClientData, clientData], [(b) => readCbor(b), attestation]];
  for (const [parse, good] of parsers) {
    parse(good);
    for (let i = 0; i < 400; i++) {
      let b = Uint8Array.from(good);
      if (roll(3) === 0) b = b.slice(0, roll(b.length));
      else if (roll(4) === 0) b = concat(b, Uint8Array.of(roll(256)));
      else for (let k = roll(3); k >= 0; k--) b[roll(b.length)] = roll(256);
      try {
        parse(b);
      } catch (e) {
        assert.ok(e instanceof MalformedError, `${parse.name}: ${e}`);
      }
    }
  }
});

test('hostile CBOR lengths allocate nothing and end', () => {
  for (const hex of ['0x5affffffff', '0x9affffffff', '0xbaffffffff', '0x5bffffffffffffffff', '0x9f', '0x818181818181', '0xa2010201', '0x7f']) malformed(() => readCbor(fromHex(hex)), hex);
});

test('signatures are strict DER and come out with low s', () => {
  const plain = parseSignature(der);
  assert.ok(toBigInt(plain.subarray(32)) <= ORDER / 2n);
  const [r, s] = [plain.subarray(0, 32), ORDER - toBigInt(plain.subarray(32))];
  const int = (b) => concat(Uint8Array.of(2, b.length), b);
  const pad = (b) => (b[0] & 0x80 ? concat(Uint8Array.of(0), b) : b[0] ? b : b.slice(b.findIndex((v) => v)));
  const make = (...ints) => {
    const body = concat(...ints.map(int));
    return concat(Uint8Array.of(0x30, body.length), body);
  };
  assert.deepEqual(parseSignature(make(pad(r), pad(uint(s, 32)))), plain, 'high s is brought down');
  malformed(() => parseSignature(make(pad(r), Uint8Array.of(0))), 's = 0');
  malformed(() => parseSignature(make(pad(r), pad(uint(ORDER, 32)))), 's = n');
  malformed(() => parseSignature(make(concat(Uint8Array.of(0), pad(r)), pad(uint(s, 32)))), 'padding');
  malformed(() => parseSignature(concat(der, Uint8Array.of(0))), 'trailing byte');
  malformed(() => parseSignature(concat(Uint8Array.of(0x30, 0x81, der[1]), der.subarray(2))), 'long form');
});

test('client data is cut around the challenge, and refused where no contract could put it together', () => {
  const c = parseClientData(clientData);
  assert.equal(new TextDecoder().decode(concat(c.prefix, utf8(toBase64url(c.challenge)), c.suffix)), new TextDecoder().decode(clientData));
  assert.ok(new TextDecoder().decode(c.prefix).endsWith('"challenge":"'));
  for (const bad of ['', '{}', '[]', 'null', '{"type":"webauthn.get"}', '{"type": "webauthn.get","challenge":"AA","origin":"o"}', '{"type":"webauthn.get","challenge":"A=","origin":"o"}']) malformed(() => parseClientData(utf8(bad)), bad);
  malformed(() => parseClientData(utf8('{"type":"webauthn.get","challenge":"AA","origin":"o","x":{"challenge":"AA"}}')), 'two places for the challenge');
});

test('everything wrong with an assertion is found', () => {
  const good = { challenge: fromHex(passkeys[0].assertions[0].challenge), rpIdHash: authData.slice(0, 32), origin: 'http://localhost:8080' };
  const a = { authenticatorData: authData, clientDataJSON: clientData };
  assert.deepEqual(findings(a, good), []);
  const flags = Uint8Array.from(authData);
  flags[32] = 0;
  const all = findings({ ...a, authenticatorData: flags }, { challenge: new Uint8Array(32), rpIdHash: new Uint8Array(32), origin: 'https://evil.example', type: 'webauthn.create' });
  assert.equal(all.length, 6, all.join(' '));
});

test('BS without BE is refused', () => {
  const b = Uint8Array.from(authData);
  b[32] = 0x15;
  malformed(() => parseAuthData(b));
});

test('user handles go there and back', () => {
  const salt = new Uint8Array(32).fill(7);
  assert.deepEqual(parseHandle(saltHandle(salt)), { kind: 'salt', salt });
  const address = checksum('0x' + '5a'.repeat(20));
  assert.deepEqual(parseHandle(addressHandle(address)), { kind: 'address', address });
  for (const bad of [undefined, new Uint8Array(), new Uint8Array(33), saltHandle(salt).slice(1), concat(saltHandle(salt), Uint8Array.of(0)), Uint8Array.of(2)]) assert.equal(parseHandle(bad), undefined);
});

test('signers go there and back', () => {
  const s = { x: new Uint8Array(32).fill(1), y: new Uint8Array(32).fill(2), rule: 1 };
  assert.deepEqual(passkeySigner(signerBytes(s)), s);
  assert.equal(passkeySigner(new Uint8Array(20)), undefined);
  assert.equal(passkeySigner(new Uint8Array(85)), undefined);
});

test('replies of a node are read within their bounds', () => {
  const list = [new Uint8Array(85).fill(3), new Uint8Array(20).fill(4), new Uint8Array()];
  assert.deepEqual(decodeBytesArray(encode(['bytes[]'], [list])), list);
  const reply = encode(['bytes[]'], [list]);
  for (let i = 0; i < reply.length; i++) {
    const b = Uint8Array.from(reply);
    b[i] ^= 0xff;
    try {
      assert.ok(decodeBytesArray(b).length <= 3);
    } catch (e) {
      assert.ok(e instanceof MalformedError, String(e));
    }
  }
  malformed(() => word(new Uint8Array(31)));
});

test('only a single plain call is shown as one', () => {
  for (const bad of ['0x', '0xe9ae5c53', '0x' + 'ff'.repeat(200), '0x' + '00'.repeat(400)]) assert.equal(decodeExecute(bad), undefined);
});

test('amounts', () => {
  for (const [text, wei] of [['1', 10n ** 18n], ['0.1', 10n ** 17n], ['.5', 5n * 10n ** 17n], ['1.', 10n ** 18n], [' 0.000000000000000001 ', 1n], ['12345678', 12345678n * 10n ** 18n]]) {
    assert.equal(parseEther(text), wei);
    assert.equal(parseEther(ether(wei)), wei);
  }
  for (const bad of ['', '0', '0.0', '-1', '1e5', '0x1', '1,5', '1.000,5', '.', '1.2.3', 'one', '0.0000000000000000001', '9'.repeat(40), '٣']) assert.throws(() => parseEther(bad), undefined, bad);
  assert.match(roughly(1n), /^</);
  assert.equal(roughly(0n), '0');
  assert.equal(roughly(1234567890123456789n), '1.234567');
  for (const [wei, text] of [[0n, '0'], [1n, '0.000001'], [10n ** 12n, '0.000001'], [10n ** 12n + 1n, '0.000002'], [10n ** 18n, '1']]) assert.equal(atMost(wei), text);
  assert.equal(ether(-5n * 10n ** 17n), '-0.5');
});

test('addresses', () => {
  const good = '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108';
  for (const text of [good, ` ${good} `, good.toLowerCase(), '0x' + good.slice(2).toUpperCase()]) assert.equal(parseAddress(text), good);
  for (const bad of ['', '4337', '0x12', good + '0', good.replace('D9', 'd9'), '0x' + '0'.repeat(40), '0x' + 'g'.repeat(40), 'vitalik.eth']) assert.throws(() => parseAddress(bad), undefined, bad);
});

test('the summary comes from the operation itself', () => {
  const { accounts, ops } = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));
  const ep = entryPoint('0.8');
  const op = { ...fromWire(ops[13].op), callData: accounts[0].execute };
  assert.throws(() => summary(op, ep, 31337n), /and nothing else/, 'the vector carries data');
  const plain = { ...op, callData: '0xe9ae5c53' + '00'.repeat(32) + '00'.repeat(31) + '40' + '00'.repeat(31) + '34' + '11'.repeat(20) + '00'.repeat(24) + '0de0b6b3a7640000' + '00'.repeat(12) };
  const shown = summary(plain, ep, 31337n);
  assert.equal(shown.sentence, 'Send 1 ETH');
  assert.equal(shown.rows[0][1], checksum('0x' + '11'.repeat(20)));
  assert.equal(shown.rows.at(-1)[1], toBase64url(shown.digest));
  assert.equal(shown.details[0][1], toHex(shown.digest));
  assert.equal(chainName(31337n), 'Development chain (31337)');
});

test('every error has a sentence and a way out', () => {
  for (const kind of ['cancelled', 'timeout', 'aborted', 'refused', 'unsupported', 'insecure', 'domain', 'exists', 'unverified', 'failed']) {
    const w = explain(new CeremonyError(kind));
    assert.ok(w.title && w.way, kind);
  }
  const titles = ['cancelled', 'timeout', 'unsupported', 'exists'].map((k) => explain(new CeremonyError(k)).title);
  assert.equal(new Set(titles).size, 4);
  for (const e of [new RpcError('refused', 'AA21 didn\'t pay prefund', { code: -32500 }), new RpcError('network', 'x'), new MalformedError('x'), new Error('x'), 'x', undefined]) {
    const w = explain(e);
    assert.ok(w.title && w.way);
  }
});
