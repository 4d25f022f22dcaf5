// @ts-check
/** Keys that an account of Flow is to get: typed, made here and written down, or a passkey of this page's domain. */
import { attestedAuthData, findings, parseAuthData, sha256 } from '../page/assertion.js';
import { concat, equal, fromHex, toBase64url, toHex, utf8 } from '../page/bytes.js';
import { create } from '../page/ceremony.js';
import { Point } from '../page/recover.js';
import { random } from '../page/state.js';
import { Trouble } from '../page/words.js';
import { generate, publicOf } from './p256key.js';

/** Curves and hashes as Cadence numbers them. @type {[string, string][]} */
export const kinds = [
  ['1,1', 'Passkey: P-256 with SHA2_256'], ['1,3', 'Key: P-256 with SHA3_256'], ['2,1', 'Key: secp256k1 with SHA2_256'], ['2,3', 'Key: secp256k1 with SHA3_256'],
];

/** @param {string} value of one of them */
export function kindOf(value) {
  const [curve, hash] = value.split(',').map(Number);
  return { curve, hash };
}

/** What a person typed, as 128 digits. Throws a sentence. @param {string} text @param {number} curve */
export function parsePublic(text, curve) {
  const t = text.replace(/\s/g, '').replace(/^0x/i, '').replace(/^04(?=.{128}$)/, '').toLowerCase();
  if (!t) throw new Error('Enter the public key, or have one made.');
  if (!/^[0-9a-f]*$/.test(t)) throw new Error('A public key has only the digits 0–9 and a–f.');
  if (t.length !== 128) throw new Error(`A public key has 128 digits; this has ${t.length}.`);
  if (curve === 1) {
    try {
      Point.fromBytes(concat(Uint8Array.of(4), fromHex('0x' + t)));
    } catch {
      throw new Error('That is no key of P-256: a digit is wrong, or it is of another kind.');
    }
  }
  return t;
}

/** @param {string} text */
export function parseWeight(text) {
  const n = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  if (n < 1 || n > 1000) throw new Error('A weight is a number from 1 to 1000.');
  return n;
}

/** A key to be written down, of the kind that Flow's own programs make. */
export function freshKey() {
  const secret = generate();
  const made = { publicKey: toHex(publicOf(secret)).slice(2), kind: '1,3', secret: toHex(secret).slice(2) };
  secret.fill(0);
  return made;
}

/**
 * Makes a passkey on this page. Call it from the click.
 * @param {string} rpId @param {string} name @param {AbortSignal} signal @param {Uint8Array} [handle] user.id @param {boolean} [unverified] whether it may do without looking at the person
 */
export async function makePasskey(rpId, name, signal, handle = random(), unverified = true) {
  const challenge = random();
  const options = { rp: { id: rpId, name: 'Postern rescue' }, user: { id: toBase64url(handle), name, displayName: name }, challenge: toBase64url(challenge) };
  const created = await create({ options, verification: unverified ? 'preferred' : 'required', signal });
  const raw = attestedAuthData(created.attestationObject);
  const wrong = findings({ authenticatorData: raw, clientDataJSON: created.clientDataJSON }, { challenge, rpIdHash: await sha256(utf8(rpId)), origin: location.origin, type: 'webauthn.create', unverified });
  const { credential } = parseAuthData(raw);
  if (wrong.length || !credential || !equal(credential.id, created.id)) throw new Trouble('This passkey cannot hold an account.', `${wrong.join(' ')} Delete it, and choose another place for it.`);
  return { publicKey: toHex(concat(credential.key.x, credential.key.y)).slice(2), kind: '1,1', id: created.id, key: credential.key };
}
