// @ts-check
/** A P-256 private key out of PKCS #8, and the assertions that an authenticator with that key would make. */
import { ecdsa } from '@noble/curves/abstract/weierstrass.js';
import { sha256 as hash256 } from '@noble/hashes/sha2.js';
import { FLAGS, sha256, signedBytes } from '../page/assertion.js';
import { MalformedError, concat, equal, fromHex, toBase64url, utf8 } from '../page/bytes.js';
import { Point } from '../page/recover.js';

/** @typedef {import('../page/assertion.js').Key} Key @typedef {import('../page/assertion.js').Signed} Signed */

const curve = ecdsa(Point, hash256);

/** A secret that is a key. @param {Uint8Array} secret */
export const valid = (secret) => curve.utils.isValidSecretKey(secret);

/** A fresh secret, from the browser's own randomness. */
export const generate = () => curve.utils.randomSecretKey();

/** x ‖ y. @param {Uint8Array} secret */
export const publicOf = (secret) => curve.getPublicKey(secret, false).slice(1);

/**
 * r ‖ s of a digest as it is. Mixed: with randomness in the nonce (RFC 6979, section 3.6), for a secret that signs on
 * secp256k1, too: by the bare rule the same digest has the same nonce there, and the two signatures give the secret away.
 * @param {Uint8Array} digest @param {Uint8Array} secret @param {boolean} [mixed]
 */
export const sign = (digest, secret, mixed = false) => curve.sign(digest, secret, { prehash: false, lowS: true, extraEntropy: mixed });

const EC = fromHex('0x06072a8648ce3d0201'); // id-ecPublicKey
const P256 = fromHex('0x06082a8648ce3d030107'); // secp256r1

/**
 * The key in a PrivateKeyInfo (RFC 5208) with an ECPrivateKey (RFC 5915); undefined for a key of another kind.
 * Strict where it matters: definite lengths, nothing left over, and a public key, if there is one, that is the key's.
 * @param {Uint8Array} der @returns {{secret: Uint8Array, key: Key} | undefined}
 */
export function p256(der) {
  const info = sequence(der);
  if (!equal(info.next(0x02), Uint8Array.of(0))) throw new MalformedError('the private key is of an unknown version');
  const algorithm = info.next(0x30);
  if (!equal(algorithm, concat(EC, P256))) return undefined;
  const inner = sequence(info.next(0x04));
  if (!equal(inner.next(0x02), Uint8Array.of(1))) throw new MalformedError('the private key is of an unknown version');
  const secret = inner.next(0x04);
  if (secret.length !== 32 || !curve.utils.isValidSecretKey(secret)) throw new MalformedError('the private key is none of P-256');
  const Q = curve.getPublicKey(secret, false);
  const parameters = inner.optional(0xa0);
  if (parameters && !equal(parameters, P256)) throw new MalformedError('the private key contradicts itself');
  const stated = inner.optional(0xa1);
  if (stated && !equal(stated, concat(Uint8Array.of(0x03, 0x42, 0), Q))) throw new MalformedError('the private key and its public key do not belong together');
  inner.end();
  info.optional(0xa0); // attributes, which nobody needs
  info.end();
  return { secret: Uint8Array.from(secret), key: { x: Q.slice(1, 33), y: Q.slice(33) } };
}

/** @param {Uint8Array} der */
function sequence(der) {
  const all = element(der, 0);
  if (all.tag !== 0x30 || all.end !== der.length) throw new MalformedError('the private key is no DER sequence');
  const body = all.body;
  let at = 0;
  return {
    /** @param {number} tag */
    next(tag) {
      const e = element(body, at);
      if (e.tag !== tag) throw new MalformedError('the private key is not in the order of PKCS #8');
      at = e.end;
      return e.body;
    },
    /** @param {number} tag */
    optional(tag) {
      return at < body.length && body[at] === tag ? this.next(tag) : undefined;
    },
    end() {
      if (at !== body.length) throw new MalformedError('the private key has bytes left over');
    },
  };
}

/** @param {Uint8Array} b @param {number} at */
function element(b, at) {
  let length = b[at + 1];
  let from = at + 2;
  if (length === 0x81 && b[at + 2] >= 0x80) [length, from] = [b[at + 2], at + 3];
  else if (length === 0x82 && b[at + 2]) [length, from] = [(b[at + 2] << 8) | b[at + 3], at + 4];
  else if (length >= 0x80) throw new MalformedError('the private key is not DER');
  if (!(from + length <= b.length)) throw new MalformedError('the private key is cut off');
  return { tag: b[at], body: b.subarray(from, from + length), end: from + length };
}

/**
 * What an authenticator with this key would answer, on the page of its own domain.
 * @param {Uint8Array} secret @param {string} rpId @param {Uint8Array} challenge @param {number} [rule] that the account has for the passkey: it says which flags must be there, or must not
 * @returns {Promise<Signed>}
 */
export async function assertion(secret, rpId, challenge, rule = 1) {
  const authenticatorData = concat(await sha256(utf8(rpId)), Uint8Array.of(flagsFor(rule)), new Uint8Array(4));
  const clientDataJSON = utf8(JSON.stringify({ type: 'webauthn.get', challenge: toBase64url(challenge), origin: originOf(rpId), crossOrigin: false }));
  const signature = sign(await sha256(await signedBytes({ authenticatorData, clientDataJSON, signature: new Uint8Array() })), secret);
  return { authenticatorData, clientDataJSON, signature };
}

/** Those that a password manager sets, without such as an account's rule forbids: an exported passkey is backed up. @param {number} rule */
export function flagsFor(rule) {
  const may = (/** @type {number} */ shift) => ((rule >> shift) & 3) !== 2;
  return FLAGS.UP | (may(0) ? FLAGS.UV : 0) | (may(2) ? FLAGS.BE | (may(4) ? FLAGS.BS : 0) : 0);
}

/** @param {string} rpId */
export const originOf = (rpId) => (rpId === 'localhost' ? 'http://localhost' : `https://${rpId}`);
