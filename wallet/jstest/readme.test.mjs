// The code in the README runs as it stands.
import './noble.js';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

test('the README approves an operation', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const dir = mkdtempSync(join(tmpdir(), 'postern-readme-'));
  const file = join(dir, 'readme.mjs');
  writeFileSync(file, /```js\n(.*?)```/s.exec(readme)[1].replaceAll("from './", `from '${new URL('../page/', import.meta.url)}`));
  let approve;
  try {
    ({ approve } = await import(pathToFileURL(file).href));
  } finally {
    rmSync(dir, { recursive: true });
  }
  const { passkeys, ops } = JSON.parse(readFileSync(new URL('../testdata/vectors.json', import.meta.url), 'utf8'));
  const { fromBase64url, fromHex } = await import('../page/bytes.js');
  const response = Object.fromEntries(Object.entries(passkeys[0].assertions[0].assertion.response).map(([k, v]) => [k, fromBase64url(v).buffer]));
  globalThis.isSecureContext = true;
  globalThis.PublicKeyCredential = function PublicKeyCredential() {};
  globalThis.location = { hostname: 'localhost' };
  Object.defineProperty(globalThis, 'navigator', { value: { credentials: { get: async () => ({ rawId: new ArrayBuffer(1), response }) } }, configurable: true });
  const button = {};
  let sent;
  approve(button, ops[12].op, new Uint8Array(1), { x: fromHex(passkeys[0].x), y: fromHex(passkeys[0].y), rule: 1 }, (wire) => (sent = wire));
  await button.onclick();
  assert.equal(sent.signature, passkeys[0].assertions[0].sealed);
});
