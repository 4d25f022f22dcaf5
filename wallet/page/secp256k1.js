// @ts-check
/**
 * An Ethereum key in the page: for development chains, where a key that a page has
 * seen opens nothing of worth. Nonces by RFC 6979.
 */
import { ecdsa, weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak } from './abi.js';
import { checksum } from './account.js';
import { concat, toHex } from './bytes.js';

// SEC 2, section 2.4.1.
const curve = ecdsa(weierstrass({
  p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn,
  n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  h: 1n,
  a: 0n,
  b: 7n,
  Gx: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  Gy: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
}), sha256);

/** @param {Uint8Array} uncompressed public key, 65 bytes */
const address = (uncompressed) => checksum(toHex(keccak(uncompressed.subarray(1)).slice(12)));

/** A secret that is a key: 32 bytes in range. @param {Uint8Array} secret */
export const valid = (secret) => curve.utils.isValidSecretKey(secret);

/** A fresh secret, from the browser's own randomness. */
export const generate = () => curve.utils.randomSecretKey();

/** @param {Uint8Array} secret */
export const publicOf = (secret) => curve.getPublicKey(secret, false);

/** @param {Uint8Array} secret */
export const addressOf = (secret) => address(publicOf(secret));

/** r ‖ s ‖ v with low s and v 27 or 28. @param {Uint8Array} digest 32 bytes, signed as they are @param {Uint8Array} secret */
export function sign(digest, secret) {
  const b = curve.sign(digest, secret, { prehash: false, format: 'recovered' });
  return concat(b.subarray(1), Uint8Array.of(27 + b[0]));
}

/** Who has signed. @param {Uint8Array} digest @param {Uint8Array} signature r ‖ s ‖ v */
export function signer(digest, signature) {
  const b = concat(Uint8Array.of(signature[64] - 27), signature.subarray(0, 64));
  return address(curve.Point.fromBytes(curve.recoverPublicKey(b, digest, { prehash: false })).toBytes(false));
}
