// @ts-check
/**
 * Passkeys that a password manager has written out: FIDO's Credential Exchange Format
 * 1.0, the unencrypted JSON of Bitwarden, and KeePassXC's .passkey. What cannot sign
 * for an account (other curves, no key) is left out and counted.
 *
 * The private keys live in the page's memory alone; forget() writes over what it can reach.
 */
import { MalformedError, fromBase64url, fromHex } from '../page/bytes.js';
import { p256 } from './p256key.js';

/**
 * @typedef {object} Exported
 * @property {Uint8Array} id of the credential
 * @property {string} rpId
 * @property {string} name for people
 * @property {Uint8Array | undefined} handle user handle
 * @property {Uint8Array} secret the private key, 32 bytes
 * @property {import('../page/assertion.js').Key} key
 */

/** A vault of ten thousand entries has a tenth. */
export const MOST = 20_000_000;
const MOST_KEYS = 2000;
const MOST_TEXT = 4096;

/** @param {string} text of a file @returns {{format: string, passkeys: Exported[], others: number}} others: passkeys that are no use here */
export function parseExport(text) {
  if (text.length > MOST) throw new MalformedError('the file is too long to be an export of passkeys');
  /** @type {any} */ let json;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MalformedError('the file is no JSON, so none of the exports that this page reads', { cause });
  }
  if (!plain(json)) throw new MalformedError('the file is none of the exports that this page reads');
  if (json.encrypted === true || json.passwordProtected === true) throw new MalformedError('the export is encrypted. Export it once more as plain JSON, on a machine that you trust');
  const [format, found] = entries(json);
  if (found.length > MOST_KEYS) throw new MalformedError(`the file has more than ${MOST_KEYS} passkeys`);
  const passkeys = [];
  let others = 0;
  for (const read of found) {
    const one = read();
    if (one) passkeys.push(one);
    else others++;
  }
  return { format, passkeys, others };
}

const plain = (/** @type {any} */ v) => typeof v === 'object' && v !== null && !Array.isArray(v);

/** @param {any} v @param {string} what @returns {any[]} */
function list(v, what) {
  if (v === undefined || v === null) return [];
  if (!Array.isArray(v)) throw new MalformedError(`${what} of the export is no list`);
  return v;
}

/** @typedef {() => Exported | undefined} Read */

/** @param {any} json @returns {[string, Read[]]} */
function entries(json) {
  if (typeof json.privateKey === 'string' && typeof json.relyingParty === 'string') return ['KeePassXC', [() => keepass(json)]];
  if (Array.isArray(json.accounts) && plain(json.version)) {
    if (json.version.major !== 1 && json.version.major !== 0) throw new MalformedError(`the exchange format is of version ${String(json.version.major).slice(0, 9)}, which this page does not know`);
    return ['Credential Exchange Format', json.accounts.flatMap((/** @type {any} */ a) => list(a?.items, 'items'))
      .flatMap((/** @type {any} */ item) => list(item?.credentials, 'credentials').filter((c) => c?.type === 'passkey').map((c) => () => exchanged(c, item)))];
  }
  if (Array.isArray(json.items)) {
    return ['Bitwarden', json.items.flatMap((/** @type {any} */ item) => list(item?.login?.fido2Credentials, 'fido2Credentials').map((c) => () => bitwarden(c, item)))];
  }
  throw new MalformedError('the file is none of the exports that this page reads');
}

/** @param {any} c @param {any} item */
function exchanged(c, item) {
  return passkey(bytes(c.credentialId, 'credentialId'), c.rpId, [c.username, c.userDisplayName, item?.title], c.userHandle, () => bytes(c.key, 'key'));
}

/** @param {any} c @param {any} item */
function bitwarden(c, item) {
  if (c.keyType !== 'public-key' || c.keyAlgorithm !== 'ECDSA' || c.keyCurve !== 'P-256') return undefined;
  return passkey(bitwardenId(c.credentialId), c.rpId, [c.userName, c.userDisplayName, item?.name], c.userHandle, () => bytes(c.keyValue, 'keyValue'));
}

/** A UUID's 16 bytes, or anything behind "b64.". @param {any} text */
function bitwardenId(text) {
  if (typeof text === 'string' && text.startsWith('b64.')) return bytes(text.slice(4), 'credentialId');
  if (typeof text !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new MalformedError('a credentialId of the export is no UUID');
  return fromHex('0x' + text.replaceAll('-', ''));
}

/** @param {any} json */
function keepass(json) {
  const m = /^-----BEGIN PRIVATE KEY-----\s([A-Za-z0-9+/=\s]{1,8000})-----END PRIVATE KEY-----\s*$/.exec(json.privateKey);
  if (!m) throw new MalformedError('the private key is not written as PEM');
  const body = m[1].replace(/\s/g, '').replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
  return passkey(bytes(json.credentialId, 'credentialId'), json.relyingParty, [json.username], json.userHandle, () => bytes(body, 'privateKey'));
}

/** base64url; with padding as some write it. @param {any} text @param {string} what */
function bytes(text, what) {
  if (typeof text !== 'string' || text.length > MOST_TEXT) throw new MalformedError(`${what} of the export is missing or too long`);
  return fromBase64url(text.replace(/=+$/, ''));
}

/**
 * @param {Uint8Array} id @param {any} rpId @param {any[]} names @param {any} handle @param {() => Uint8Array} pkcs8 the key, or an error
 * @returns {Exported | undefined} undefined: a key of another kind
 */
function passkey(id, rpId, names, handle, pkcs8) {
  if (!id.length || id.length > 1023) throw new MalformedError('a credentialId of the export has no length that exists');
  if (typeof rpId !== 'string' || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(rpId)) throw new MalformedError('an rpId of the export is no domain');
  const der = pkcs8();
  try {
    const pair = p256(der);
    if (!pair) return undefined;
    const name = names.find((n) => typeof n === 'string' && n.trim()) ?? '';
    const user = handle === undefined || handle === null || handle === '' ? undefined : bytes(handle, 'userHandle');
    if (user && user.length > 64) throw new MalformedError('a userHandle of the export has more than 64 bytes');
    return { id, rpId: rpId.toLowerCase(), name: name.trim().slice(0, 80), handle: user, ...pair };
  } finally {
    der.fill(0);
  }
}

/** @param {Exported[]} passkeys */
export function forget(passkeys) {
  for (const p of passkeys) p.secret.fill(0);
}
