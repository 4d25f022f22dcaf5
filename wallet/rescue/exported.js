// @ts-check
/**
 * Passkeys that a password manager has written out: FIDO's Credential Exchange Format
 * 1.0, the unencrypted JSON of Bitwarden, and KeePassXC's .passkey. The rules are those
 * of package passkey/exported: what cannot sign for an account is left out, with the
 * cause; members that occur twice, other base64 and keys that contradict themselves are refused.
 *
 * The private keys live in the page's memory alone; forget() writes over what it can reach.
 */
import { MalformedError, fromBase64url, fromHex, toHex, utf8 } from '../page/bytes.js';
import { p256 } from './p256key.js';
import { parseJSON } from './strictjson.js';

/**
 * @typedef {object} Exported
 * @property {Uint8Array} id of the credential
 * @property {string} rpId
 * @property {string} name for people
 * @property {Uint8Array | undefined} handle user handle
 * @property {Uint8Array} secret the private key, 32 bytes
 * @property {import('../page/assertion.js').Key} key
 *
 * @typedef {{where: string, cause: string}} Left
 */

/** Bytes of a file. */
export const MOST = 16 << 20;
const MOST_KEYS = 10_000;

const NEITHER = 'the file is none of the exports that this page reads: the Credential Exchange Format, Bitwarden’s JSON, a .passkey of KeePassXC';

/** @param {Uint8Array} file @returns {{format: string, passkeys: Exported[], left: Left[]}} left: passkeys that cannot sign for an account */
export function parseExport(file) {
  if (file.length > MOST) throw new MalformedError('the file is too long to be an export of passkeys');
  const json = members(parseJSON(file, hint(file)), '');
  /** @type {{format: string, passkeys: Exported[], left: Left[]}} */ const out = { format: '', passkeys: [], left: [] };
  const seen = new Set();
  const add = (/** @type {string} */ where, /** @type {() => Exported} */ read) => {
    if (out.passkeys.length + out.left.length >= MOST_KEYS) throw new MalformedError(`the file has more than ${MOST_KEYS} passkeys`);
    try {
      const p = read();
      const key = toHex(p.key.x) + toHex(p.key.y);
      if (!seen.has(key)) out.passkeys.push(p);
      seen.add(key);
    } catch (e) {
      if (!(e instanceof MalformedError)) throw e;
      out.left.push({ where, cause: e.message });
    }
  };
  if (json.accounts !== undefined && json.version !== undefined) {
    out.format = 'cxf';
    const { major } = members(json.version, 'version');
    if (major !== 1 && major !== 0) throw new MalformedError('the exchange format is of a version that this page does not know');
    each(json, 'accounts', '', (a, at) => each(a, 'items', at, (item, at) => each(item, 'credentials', at, (c, at) => {
      if (c.type === 'passkey') add(at, () => passkey(c, 'rpId', 'username', (t) => bytes(t, 'credentialId'), () => bytes(text(c, 'key'), 'key')));
    })));
  } else if (json.encrypted !== undefined) {
    out.format = 'bitwarden';
    if (json.encrypted !== false) throw new MalformedError('the export is encrypted. Export it once more as .json that is not, on a machine that you trust');
    each(json, 'items', '', (item, at) => item.login != null && each(members(item.login, `${at}.login`), 'fido2Credentials', `${at}.login`, (c, at) => add(at, () => {
      for (const [k, want] of [['keyType', 'public-key'], ['keyAlgorithm', 'ECDSA'], ['keyCurve', 'P-256']]) {
        if (optional(c, k) && c[k] !== want) throw new MalformedError('its key is of a kind that no chain verifies');
      }
      return passkey(c, 'rpId', 'userName', bitwardenId, () => bytes(text(c, 'keyValue'), 'keyValue'));
    })));
  } else if (json.relyingParty != null && json.privateKey != null) {
    out.format = 'keepassxc';
    add('', () => passkey(json, 'relyingParty', 'username', (t) => bytes(t, 'credentialId'), () => pem(text(json, 'privateKey'))));
  } else throw new MalformedError(NEITHER);
  if (!out.passkeys.length) throw new MalformedError(out.left.length ? `none of its passkeys can sign for an account: ${out.left[0].cause}` : 'there is no passkey in this file. Password managers export passkeys only when asked to');
  return out;
}

/** What a file that is no JSON may be. @param {Uint8Array} file */
function hint(file) {
  const begins = (/** @type {string} */ hex) => toHex(file.subarray(0, hex.length / 2)) === '0x' + hex;
  if (begins('504b0304')) return 'this is a ZIP archive: unpack it, and choose the JSON file in it';
  if (begins('03d9a29a')) return 'this is a KeePass database: export the passkey from the entry’s context menu';
  if (begins('65794a')) return 'this looks like an encrypted transfer between password managers: import it into one, and export from there';
  return NEITHER;
}

/** @param {any} v @param {string} where @returns {Record<string, any>} */
function members(v, where) {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw new MalformedError(`${where || 'the file'} is no object of JSON`);
  return v;
}

/** @param {Record<string, any>} of @param {string} name @param {string} place @param {(member: Record<string, any>, where: string) => void} f */
function each(of, name, place, f) {
  const list = of[name];
  const where = place ? `${place}.${name}` : name;
  if (list == null) return;
  if (!Array.isArray(list)) throw new MalformedError(`${where} is no list`);
  list.forEach((m, i) => f(members(m, `${where}[${i}]`), `${where}[${i}]`));
}

/** @param {Record<string, any>} m @param {string} name */
function optional(m, name) {
  const v = m[name];
  if (v == null) return '';
  if (typeof v !== 'string') throw new MalformedError(`${name} is no text`);
  return v;
}

/** @param {Record<string, any>} m @param {string} name */
function text(m, name) {
  const v = optional(m, name);
  if (!v) throw new MalformedError(`${name} is missing`);
  return v;
}

/** base64url, with or without its padding. @param {string} t @param {string} what */
function bytes(t, what) {
  try {
    return fromBase64url(t.length % 4 === 0 ? t.replace(/={1,2}$/, '') : t);
  } catch (cause) {
    throw new MalformedError(`${what} is no base64url`, { cause });
  }
}

/** A GUID's 16 bytes, base64url behind "b64.", or base64url alone. @param {string} t */
function bitwardenId(t) {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(t)) return fromHex('0x' + t.replaceAll('-', ''));
  return bytes(t.replace(/^b64\./, ''), 'credentialId');
}

/** @param {string} t */
function pem(t) {
  const m = /^-----BEGIN PRIVATE KEY-----[ \t]*\r?\n([A-Za-z0-9+/\s]*={0,2})\s*-----END PRIVATE KEY-----$/.exec(t.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
  if (!m) throw new MalformedError('privateKey is not -----BEGIN PRIVATE KEY----- …');
  return bytes(m[1].replace(/\s/g, '').replaceAll('+', '-').replaceAll('/', '_'), 'privateKey');
}

/**
 * @param {Record<string, any>} m @param {string} rp name of the member with the RP ID @param {string} user that with the user's name
 * @param {(text: string) => Uint8Array} idOf @param {() => Uint8Array} pkcs8 @returns {Exported}
 */
function passkey(m, rp, user, idOf, pkcs8) {
  const rpId = text(m, rp);
  if (rpId.length > 253 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9-])?$/.test(rpId)) throw new MalformedError(`${rp} is no domain in lower case`);
  const names = [optional(m, user), optional(m, 'userDisplayName')];
  if (names.some((n) => utf8(n).length > 1024)) throw new MalformedError('a name has more than 1024 bytes');
  const handle = optional(m, 'userHandle') ? bytes(m.userHandle, 'userHandle') : undefined;
  if (handle && handle.length > 64) throw new MalformedError('userHandle has more than 64 bytes');
  const id = idOf(text(m, 'credentialId'));
  if (!id.length || id.length > 1023) throw new MalformedError('credentialId has none or more than 1023 bytes');
  const der = pkcs8();
  try {
    const pair = p256(der);
    if (!pair) throw new MalformedError('its key is of a kind that no chain verifies');
    return { id, rpId, name: names.find((n) => n.trim())?.trim() ?? '', handle, ...pair };
  } finally {
    der.fill(0);
  }
}

/** @param {Exported[]} passkeys */
export function forget(passkeys) {
  for (const p of passkeys) p.secret.fill(0);
}
