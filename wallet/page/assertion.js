// @ts-check
/**
 * What an authenticator hands over, taken apart and checked: attestation object,
 * authenticatorData, COSE key, DER signature, clientDataJSON. Every parser is
 * strict and throws MalformedError; hashing and verifying are the browser's own.
 */
import { MalformedError, concat, equal, fromBase64url, toBase64url, toBigInt, toHex, uint, utf8 } from './bytes.js';

/** @param {unknown} ok @param {string} what @returns {asserts ok} */
function must(ok, what) {
  if (!ok) throw new MalformedError(what);
}

/** authenticatorData[32]. BE: may be backed up (a synced passkey). BS: is backed up now. */
export const FLAGS = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 };

/** The order of P-256. */
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * @typedef {{x: Uint8Array, y: Uint8Array}} Key 32 bytes each, big endian
 * @typedef {{aaguid: string, id: Uint8Array, key: Key}} Credential
 * @typedef {{rpIdHash: Uint8Array, flags: number, signCount: number, credential?: Credential}} AuthData
 */

/** @param {Uint8Array} b @returns {AuthData} */
export function parseAuthData(b) {
  must(b.length >= 37, 'authenticatorData is too short');
  const flags = b[32];
  must(flags & FLAGS.BE || !(flags & FLAGS.BS), 'backed up, yet not eligible for backup');
  /** @type {AuthData} */
  const out = { rpIdHash: b.slice(0, 32), flags, signCount: Number(toBigInt(b.subarray(33, 37))) };
  let at = 37;
  if (flags & FLAGS.AT) {
    const length = (b[at + 16] << 8) | b[at + 17];
    must(length > 0 && length <= 1023 && b.length >= at + 18 + length + 77, 'the attested credential is cut off');
    const h = toHex(b.subarray(at, at + 16));
    const aaguid = [h.slice(2, 10), h.slice(10, 14), h.slice(14, 18), h.slice(18, 22), h.slice(22)].join('-');
    const id = b.slice(at + 18, at + 18 + length);
    at += 18 + length + 77;
    out.credential = { aaguid, id, key: parseCose(b.subarray(at - 77, at)) };
  }
  if (flags & FLAGS.ED) {
    const extensions = readCbor(b, at);
    must(extensions.value instanceof Map, 'the extensions are not a map');
    at = extensions.end;
  }
  must(at === b.length, 'authenticatorData has bytes left over');
  return out;
}

/** An ES256 key has one spelling in CTAP2's canonical CBOR, 77 bytes. @param {Uint8Array} b @returns {Key} */
export function parseCose(b) {
  const frame = concat(b.subarray(0, 10), b.subarray(42, 45));
  must(b.length === 77 && toHex(frame) === '0xa5010203262001215820225820', 'the key is not ES256 on P-256');
  return { x: b.slice(10, 42), y: b.slice(45) };
}

/** The authenticatorData in an attestation object; its statement is not judged. @param {Uint8Array} b @returns {Uint8Array} */
export function attestedAuthData(b) {
  const { value, end } = readCbor(b);
  must(end === b.length && value instanceof Map && value.get('authData') instanceof Uint8Array, 'the attestation object is malformed');
  return value.get('authData');
}

/** Strict DER to r‖s, 64 bytes; s is brought to its low half, as contracts demand. @param {Uint8Array} der */
export function parseSignature(der) {
  must(der.length >= 8 && der.length <= 72 && der[0] === 0x30 && der[1] === der.length - 2, 'the signature is not DER');
  let at = 2;
  const integer = () => {
    const length = der[at + 1];
    const body = der.subarray(at + 2, at + 2 + length);
    must(der[at] === 2 && length > 0 && length <= 33 && body.length === length, 'the signature is not DER');
    must(body[0] < 0x80 && (length === 1 || body[0] !== 0 || body[1] >= 0x80), 'the signature is not canonical DER');
    at += 2 + length;
    const n = toBigInt(body);
    must(n > 0n && n < ORDER, 'the signature is out of range');
    return n;
  };
  const r = integer();
  const s = integer();
  must(at === der.length, 'the signature has bytes left over');
  return concat(uint(r, 32), uint(s > ORDER / 2n ? ORDER - s : s, 32));
}

/**
 * clientDataJSON, as JSON and as bytes around the challenge.
 * `prefix` ends with `"challenge":"`, `suffix` starts with `"`: contracts put
 * the challenge back between them. `typeIndex` is where `"type":"…"` stands.
 * @param {Uint8Array} raw
 */
export function parseClientData(raw) {
  /** @type {any} */ let json;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch (cause) {
    throw new MalformedError('clientDataJSON is not JSON', { cause });
  }
  must(json && typeof json.type === 'string' && typeof json.challenge === 'string' && typeof json.origin === 'string', 'clientDataJSON lacks a member');
  const challenge = fromBase64url(json.challenge);
  const opening = `"challenge":"`;
  const at = indexOf(raw, `${opening}${json.challenge}"`);
  const typeIndex = indexOf(raw, `"type":"${json.type}"`);
  must(at >= 0 && typeIndex >= 0, 'clientDataJSON is spaced in a way no contract accepts');
  const split = at + opening.length;
  return {
    type: /** @type {string} */ (json.type),
    origin: /** @type {string} */ (json.origin),
    crossOrigin: json.crossOrigin === true,
    challenge,
    typeIndex,
    prefix: raw.slice(0, split),
    suffix: raw.slice(split + json.challenge.length),
  };
}

/** Where `text` stands in `raw`, once; -1 if nowhere or more than once. @param {Uint8Array} raw @param {string} text */
function indexOf(raw, text) {
  const one = (/** @type {Uint8Array} */ b) => Array.from(b, (v) => String.fromCharCode(v)).join('');
  const hay = one(raw);
  const needle = one(utf8(text));
  const at = hay.indexOf(needle);
  return at === hay.lastIndexOf(needle) ? at : -1;
}

/**
 * Everything about an assertion except its signature, against what was asked.
 * Returns what is wrong, in words, or an empty list.
 * @param {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array}} assertion
 * @param {{challenge: Uint8Array, rpIdHash: Uint8Array, origin: string, type?: string, unverified?: boolean}} asked unverified: nobody has to have looked at the person
 */
export function findings(assertion, asked) {
  const data = parseAuthData(assertion.authenticatorData);
  const client = parseClientData(assertion.clientDataJSON);
  const type = asked.type ?? 'webauthn.get';
  const wrong = [];
  if (client.type !== type) wrong.push(`It was made for ${client.type}, not for ${type}.`);
  if (!equal(client.challenge, asked.challenge)) wrong.push(`It answers the challenge ${toBase64url(client.challenge)}, not the one shown.`);
  if (client.origin !== asked.origin) wrong.push(`It was made for ${client.origin}, not for ${asked.origin}.`);
  if (client.crossOrigin) wrong.push('It was made inside a frame of another site.');
  if (!equal(data.rpIdHash, asked.rpIdHash)) wrong.push('It belongs to a passkey of another domain.');
  if (!(data.flags & FLAGS.UP)) wrong.push('Nobody was present.');
  if (!asked.unverified && !(data.flags & FLAGS.UV)) wrong.push('The device did not check who you are (no screen lock, fingerprint, face or PIN).');
  return wrong;
}

/** @param {Uint8Array} b */
export async function sha256(b) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(b)));
}

/**
 * What an authenticator signs.
 * @typedef {{authenticatorData: Uint8Array, clientDataJSON: Uint8Array, signature: Uint8Array}} Signed
 *   signature: r‖s, 64 bytes, low s
 * @param {Signed} a
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

const UNREADABLE = 'CBOR is cut off, too deep or of an unknown kind';

/**
 * CBOR as authenticators speak it: definite lengths, depth 4, nothing allocated on a length's word.
 * @param {Uint8Array} b @param {number} [at] @param {number} [depth]
 * @returns {{value: any, end: number}} `end` is the first byte after the item
 */
export function readCbor(b, at = 0, depth = 0) {
  const major = b[at] >> 5;
  const info = b[at] & 31;
  const wide = info < 24 ? 0 : [1, 2, 4][info - 24];
  if (at >= b.length || depth > 4 || wide === undefined || at + 1 + wide > b.length) throw new MalformedError(UNREADABLE);
  let end = at + 1 + wide;
  let n = info;
  if (wide) n = b.subarray(at + 1, end).reduce((sum, v) => sum * 256 + v, 0);
  if (major < 2) return { value: major ? -1 - n : n, end };
  if (major === 7 && info >= 20 && info <= 22) return { value: [false, true, null][info - 20], end };
  if (major > 5 || n > b.length - end) throw new MalformedError(UNREADABLE);
  if (major < 4) {
    const body = b.slice(end, end + n);
    return { value: major === 2 ? body : new TextDecoder().decode(body), end: end + n };
  }
  const next = () => {
    const item = readCbor(b, end, depth + 1);
    end = item.end;
    return item.value;
  };
  if (major === 4) {
    const list = [];
    while (n-- > 0) list.push(next());
    return { value: list, end };
  }
  const map = new Map();
  while (n-- > 0) {
    const key = next();
    if (map.has(key)) throw new MalformedError('CBOR names a member twice');
    map.set(key, next());
  }
  return { value: map, end };
}
