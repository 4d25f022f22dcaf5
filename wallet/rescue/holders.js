// @ts-check
/** What somebody still has: a passkey on this device, one that a password manager wrote out, or a key. */
import { parseHandle } from '../page/account.js';
import { findings, parseSignature, sha256, verify } from '../page/assertion.js';
import { equal, utf8 } from '../page/bytes.js';
import { get } from '../page/ceremony.js';
import { recover } from '../page/recover.js';
import { addressOf, sign } from '../page/secp256k1.js';
import { random } from '../page/state.js';
import { Trouble } from '../page/words.js';
import { assertion, originOf } from './p256key.js';

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
 * @property {() => void} forget
 */

const never = () => {
  throw new TypeError('this holder signs in another way');
};

/** Asks a passkey of this page's own RP ID. @param {string} rpId @param {Uint8Array} challenge @param {Uint8Array[]} allow @param {AbortSignal} [signal] */
async function prompt(rpId, challenge, allow, signal) {
  const got = await get({ rpId, challenge, allow, signal });
  const wrong = findings(got, { challenge, rpIdHash: await sha256(utf8(rpId)), origin: location.origin });
  if (wrong.length) throw new Trouble('The passkey’s answer cannot be used.', `${wrong.join(' ')} Nothing was sent.`);
  return { ...got, signed: { authenticatorData: got.authenticatorData, clientDataJSON: got.clientDataJSON, signature: parseSignature(got.der) } };
}

/** Whichever passkey a person chooses. Call it from the click. @param {string} rpId @param {AbortSignal} signal @returns {Promise<Holder>} */
export async function passkeyHere(rpId, signal) {
  const got = await prompt(rpId, random(), [], signal);
  return {
    words: `your passkey of ${rpId}`, prompts: true, keys: await recover(got.signed), id: got.id, handle: parseHandle(got.userHandle), origin: location.origin, sign: never, forget() {},
    async assert(challenge, key, _, signal) {
      const { signed } = await prompt(rpId, challenge, [got.id], signal);
      if (!await verify(signed, key)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Start over with another passkey.');
      return signed;
    },
  };
}

/** One signature more tells which of the keys a passkey has. @param {Holder} h @param {string} rpId @param {AbortSignal} signal @returns {Promise<Holder>} */
export async function settled(h, rpId, signal) {
  const { signed } = await prompt(rpId, random(), h.id ? [h.id] : [], signal);
  const again = await recover(signed);
  const keys = h.keys.filter((k) => again.some((o) => equal(k.x, o.x) && equal(k.y, o.y)));
  if (!keys.length) throw new Trouble('The two signatures are by different keys.', 'Start over, with one passkey.');
  return { ...h, keys };
}

/** @param {import('./exported.js').Exported} p @returns {Holder} */
export function exported(p) {
  const secret = Uint8Array.from(p.secret);
  return {
    words: `the exported passkey of ${p.rpId}`, prompts: false, keys: [p.key], id: p.id, handle: parseHandle(p.handle), origin: originOf(p.rpId), sign: never,
    async assert(challenge, key, rule) {
      const signed = await assertion(secret, p.rpId, challenge, rule);
      if (!await verify(signed, key)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Choose another passkey of the file.');
      return signed;
    },
    forget: () => secret.fill(0),
  };
}

/** @param {Uint8Array} secret of secp256k1 @returns {Holder} */
export function key(secret) {
  return { words: `the key of ${addressOf(secret)}`, prompts: false, address: addressOf(secret), keys: [], origin: '', sign: (digest) => sign(digest, secret), assert: never, forget: () => secret.fill(0) };
}
