// What somebody pasted as the one who is to get a session key.
import './noble.js';
import './stage.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { fromHex, toBase64url, concat } = await import('../page/bytes.js');
const { parseRequest, requestOf } = await import('../page/grant/request.js');

// A key of P-256 whose base64url begins as an address does.
const key = fromHex('0xd31ec7294fa6639c1ad063e1b7577a427da084d785a02c012fecbe569981dd983c93a55215f45575e99b6ce5293f5577888d6786b7d0e8c53a0d06c067d2c7b1');
const asked = { x: key.slice(0, 32), y: key.slice(32), credentialHash: new Uint8Array(32).fill(7) };

test('a request that begins with 0x is a request', async () => {
  const text = requestOf(asked);
  assert.match(text, /^0x/);
  const passkey = { kind: 'passkey', ...asked };
  assert.deepEqual(await parseRequest(text), passkey);
  assert.deepEqual(await parseRequest(` http://localhost:8080/grant#for=${text}\n`), passkey);
});

test('an address is one, and what is neither is refused with its reason', async () => {
  const owner = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  assert.deepEqual(await parseRequest(owner), { kind: 'ecdsa', owner });
  await assert.rejects(parseRequest(owner + '0'), /40 digits after 0x; this has 41/);
  await assert.rejects(parseRequest(toBase64url(key)), /only the digits/);
  await assert.rejects(parseRequest(''), /Paste the request/);
  await assert.rejects(parseRequest(toBase64url(concat(key.fill(9, 32), asked.credentialHash))), /not on the curve/);
});
