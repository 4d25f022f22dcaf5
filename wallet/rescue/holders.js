// @ts-check
/** What somebody still has: a passkey on this device, one that a password manager wrote out, or a key. */
import { parseHandle } from '../page/account.js';
import { findings, parseSignature, sha256, verify } from '../page/assertion.js';
import { equal, toHex, utf8 } from '../page/bytes.js';
import { get } from '../page/ceremony.js';
import { recover } from '../page/recover.js';
import * as secp256k1 from '../page/secp256k1.js';
import { random } from '../page/state.js';
import { Trouble } from '../page/words.js';
import * as p256 from './p256key.js';

/**
 * @typedef {import('../page/assertion.js').Key} Key
 * @typedef {import('../page/assertion.js').Signed} Signed
 *
 * @typedef {object} Holder
 * @property {string} words what signs
 * @property {boolean} prompts whether somebody is asked for each signature
 * @property {string} [address] of a key; undefined: it is a passkey
 * @property {Key[]} keys public keys that a passkey may have: the true one is among them
 * @property {Uint8Array} [id] of the passkey's credential
 * @property {import('../page/account.js').Handle} [handle]
 * @property {string} origin of its assertions, at their longest
 * @property {(digest: Uint8Array) => Uint8Array} sign as a key: r ‖ s ‖ v
 * @property {(challenge: Uint8Array, key: Key, rule: number, signal?: AbortSignal) => Promise<Signed>} assert as a passkey, by that public key
 * @property {Plain} [plain] of a key that signs for Flow, on whichever curve the account has it
 * @property {() => void} forget
 *
 * @typedef {{publicOf: (curve: string) => string | undefined, sign: (digest: Uint8Array, curve: string) => Uint8Array}} Plain public keys as 128 digits, curves as Flow names them
 */

const never = () => {
  throw new TypeError('this holder signs in another way');
};

/**
 * Asks a passkey of this page's own RP ID.
 * @param {string} rpId @param {Uint8Array} challenge @param {Uint8Array[]} allow @param {boolean} unverified whether nobody has to have looked at the person @param {AbortSignal} [signal]
 */
async function prompt(rpId, challenge, allow, unverified, signal) {
  const got = await get({ rpId, challenge, allow, signal, verification: unverified ? 'preferred' : 'required' });
  const wrong = findings(got, { challenge, rpIdHash: await sha256(utf8(rpId)), origin: location.origin, unverified });
  if (wrong.length) throw new Trouble('The passkey’s answer cannot be used.', `${wrong.join(' ')} Nothing was sent.`);
  return { ...got, signed: { authenticatorData: got.authenticatorData, clientDataJSON: got.clientDataJSON, signature: parseSignature(got.der) } };
}

/** Whichever passkey a person chooses. Call it from the click. @param {string} rpId @param {boolean} unverified @param {AbortSignal} signal @returns {Promise<Holder>} */
export async function passkeyHere(rpId, unverified, signal) {
  const got = await prompt(rpId, random(), [], unverified, signal);
  return {
    words: `your passkey of ${rpId}`, prompts: true, keys: await recover(got.signed), id: got.id, handle: parseHandle(got.userHandle), origin: location.origin, sign: never, forget() {},
    async assert(challenge, key, _, signal) {
      const { signed } = await prompt(rpId, challenge, [got.id], unverified, signal);
      if (!await verify(signed, key)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Start over with another passkey.');
      return signed;
    },
  };
}

/** A passkey that was made here signs once. @param {string} rpId @param {Uint8Array} id @param {Key} key @param {AbortSignal} signal */
export async function proven(rpId, id, key, signal) {
  const { signed } = await prompt(rpId, random(), [id], false, signal);
  if (!await verify(signed, key)) throw new Trouble('The signature is not by the passkey that was made.', 'Delete it, and make another one in another place.');
}

/** One signature more tells which of the keys a passkey has. @param {Holder} h @param {string} rpId @param {AbortSignal} signal @returns {Promise<Holder>} */
export async function settled(h, rpId, signal) {
  const { signed } = await prompt(rpId, random(), h.id ? [h.id] : [], false, signal);
  const again = await recover(signed);
  const keys = h.keys.filter((k) => again.some((o) => equal(k.x, o.x) && equal(k.y, o.y)));
  if (!keys.length) throw new Trouble('The two signatures are by different keys.', 'Start over, with one passkey.');
  return { ...h, keys };
}

/** @param {import('./exported.js').Exported} p @returns {Holder} */
export function exported(p) {
  const secret = Uint8Array.from(p.secret);
  return {
    words: `the exported passkey of ${p.rpId}`, prompts: false, keys: [p.key], id: p.id, handle: parseHandle(p.handle), origin: p256.originOf(p.rpId), sign: never,
    async assert(challenge, key, rule) {
      const signed = await p256.assertion(secret, p.rpId, challenge, rule);
      if (!await verify(signed, key)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Choose another passkey of the file.');
      return signed;
    },
    forget: () => secret.fill(0),
  };
}

/** @param {Uint8Array} secret of secp256k1 @returns {Holder} */
export function key(secret) {
  const address = secp256k1.addressOf(secret);
  return { words: `the key of ${address}`, prompts: false, address, keys: [], origin: '', sign: (digest) => secp256k1.sign(digest, secret), assert: never, forget: () => secret.fill(0) };
}

/** A key of Flow: which curve it is on, an account's keys say. @param {Uint8Array} secret @returns {Holder} */
export function flowKey(secret) {
  /** @type {Map<string, {public: string, sign: (digest: Uint8Array) => Uint8Array}>} */ const curves = new Map();
  if (p256.valid(secret)) curves.set('ECDSA_P256', { public: toHex(p256.publicOf(secret)).slice(2), sign: (d) => p256.sign(d, secret, true) });
  if (secp256k1.valid(secret)) curves.set('ECDSA_secp256k1', { public: toHex(secp256k1.publicOf(secret)).slice(4), sign: (d) => secp256k1.sign(d, secret).slice(0, 64) });
  const sign = (/** @type {Uint8Array} */ digest, /** @type {string} */ curve) => curves.get(curve)?.sign(digest) ?? never();
  return { words: 'your key', prompts: false, keys: [], origin: '', sign: never, assert: never, plain: { publicOf: (curve) => curves.get(curve)?.public, sign }, forget: () => secret.fill(0) };
}
