// @ts-check
/** Whether a chain has P256VERIFY (EIP-7951, RIP-7212) and it tells good signatures from bad ones: asked with a fresh key. */
import { sha256 } from './assertion.js';
import { concat, toBigInt } from './bytes.js';
import { random } from './state.js';

const P256VERIFY = '0x' + '100'.padStart(40, '0');

/** @param {import('./account.js').Call} call */
export async function answers(call) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign']);
  const message = random();
  const input = concat(await sha256(message), new Uint8Array(await crypto.subtle.sign(algorithm, pair.privateKey, message)), new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)).slice(1));
  const good = await call(P256VERIFY, input);
  input[0] ^= 1;
  const bad = await call(P256VERIFY, input);
  return good.length === 32 && toBigInt(good) === 1n && toBigInt(bad) === 0n;
}
