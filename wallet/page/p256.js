// @ts-check
/** P-256 with SHA-256 by the browser's own WebCrypto: verify what a passkey signed. */
import { concat } from './bytes.js';

/** @typedef {import('./assertion.js').Key} Key */

/** @param {Uint8Array} b */
export async function sha256(b) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(b)));
}

/**
 * @typedef {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array, signature: Uint8Array}} Signed
 *   signature: r‖s, 64 bytes, low s
 * @param {Signed} a what an authenticator signs
 */
export async function signedBytes(a) {
  return concat(a.authenticatorData, await sha256(a.clientDataJSON));
}

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A key that is not on the curve verifies nothing. @param {Signed} a @param {Key} key */
export async function verify(a, key) {
  try {
    const imported = await crypto.subtle.importKey('raw', concat(Uint8Array.of(4), key.x, key.y), ES256, false, ['verify']);
    return await crypto.subtle.verify(ES256, imported, Uint8Array.from(a.signature), await signedBytes(a));
  } catch {
    return false;
  }
}
