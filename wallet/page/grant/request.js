// @ts-check
/** Who is to get a session key: what one device asks for and another grants. A passkey's public key, or a key's address. */
import { checksum } from '../account.js';
import { concat, fromBase64url, fromHex, toBase64url, toHex } from '../bytes.js';
import { parseAddress } from '../words.js';
import { carried } from './share.js';

/** @typedef {import('../kernel.js').Root} Root */

/** x ‖ y ‖ hash of the credential id, as base64url. @param {{x: Uint8Array, y: Uint8Array, credentialHash: Uint8Array}} p */
export const requestOf = (p) => toBase64url(concat(p.x, p.y, p.credentialHash));

/** What a person pasted: a request, a link to one, or an address. Throws a sentence. @param {string} given @returns {Promise<Root>} */
export async function parseRequest(given) {
  const t = carried(given, 'for');
  if (!t) throw new Error('Paste the request, or the address of a key.');
  // One request in 2,048 begins with 0x by chance, so its length tells it from an address.
  if (/^0x/i.test(t) && t.length !== 128) return { kind: 'ecdsa', owner: parseAddress(t) };
  let b;
  try {
    b = fromBase64url(t);
  } catch {
    throw new Error('This is neither a request nor an address. Copy it again.');
  }
  if (b.length !== 96) throw new Error('This request is cut off. Copy it again.');
  try {
    await crypto.subtle.importKey('raw', concat(Uint8Array.of(4), b.slice(0, 64)), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  } catch {
    throw new Error('The request names no passkey: its key is not on the curve. Copy it again.');
  }
  return { kind: 'passkey', x: b.slice(0, 32), y: b.slice(32, 64), credentialHash: b.slice(64) };
}

/** In words. @param {Root} key */
export const keyWords = (key) => (key.kind === 'ecdsa' ? `the key ${key.owner}` : `the passkey ${toHex(key.x).slice(2, 18)}…${toHex(key.x).slice(-8)}`);

/** The key of a permission's signer. @param {import('../kernel.js').Signer} s @returns {Root} */
export const keyOf = (s) => (s.data.length === 20 ? { kind: 'ecdsa', owner: checksum(toHex(fromHex(toHex(s.data), 20))) } : { kind: 'passkey', x: s.data.slice(0, 32), y: s.data.slice(32, 64), credentialHash: s.data.slice(64) });
