// @ts-check
/** Bitwarden's password-protected export: opened by the password that was chosen for it. As package passkey/exported does. */
import { MalformedError, concat, fromBase64url, utf8 } from '../page/bytes.js';
import { parseJSON } from './strictjson.js';

/** Bounds of PBKDF2's iterations: fewer are no protection, more would take minutes. */
const [FEWEST, MOST] = [5_000, 10_000_000];

/** Whether a file is an export that a password of its own opens. One for the exporting account opens nowhere else. @param {Uint8Array} file */
export function isSealed(file) {
  try {
    const json = parseJSON(file, 'no JSON');
    return json?.encrypted === true && json.passwordProtected === true;
  } catch {
    return false;
  }
}

/** The export inside. @param {Uint8Array} file @param {string} password @returns {Promise<Uint8Array>} */
export async function openSealed(file, password) {
  const json = parseJSON(file, 'the file is no JSON');
  if (json.kdfType !== 0) throw new MalformedError('the export’s key is derived in a way that this page does not know (Argon2id): export once more from an account that uses PBKDF2, or decrypt it with Bitwarden’s own program');
  const { kdfIterations: iterations, salt, data } = json;
  if (!Number.isInteger(iterations) || iterations < FEWEST || iterations > MOST) throw new MalformedError('kdfIterations of the export is out of bounds');
  if (typeof salt !== 'string' || !salt || typeof data !== 'string') throw new MalformedError('salt or data of the export is missing');
  const m = /^2\.([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(data);
  const [iv, sealed, mac] = (m ?? []).slice(1).map(base64);
  if (!mac || iv.length !== 16 || !sealed.length || sealed.length % 16 || mac.length !== 32) throw new MalformedError('data of the export is not 2.iv|ciphertext|mac');
  const { subtle } = crypto;
  const base = await subtle.importKey('raw', utf8(password), 'PBKDF2', false, ['deriveBits']);
  const key = new Uint8Array(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: utf8(salt), iterations }, base, 256));
  const hmac = async (/** @type {Uint8Array<ArrayBuffer>} */ k) => subtle.importKey('raw', k, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  /** HKDF's expansion of one block (RFC 5869). @param {string} info */
  const expand = async (info) => new Uint8Array(await subtle.sign('HMAC', await hmac(key), concat(utf8(info), Uint8Array.of(1))));
  const [enc, macKey] = await Promise.all(['enc', 'mac'].map(expand));
  key.fill(0);
  if (!await subtle.verify('HMAC', await hmac(macKey), mac, concat(iv, sealed))) throw new MalformedError('the password is wrong, or the export is damaged. It is the password that was chosen for this export');
  try {
    return new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, await subtle.importKey('raw', enc, 'AES-CBC', false, ['decrypt']), sealed));
  } catch (cause) {
    throw new MalformedError('the export is damaged', { cause });
  } finally {
    enc.fill(0);
  }
}

/** Canonical base64 with its padding. @param {string} text */
function base64(text) {
  const bare = text.replace(/={1,2}$/, '');
  if (text.length % 4 || bare.length + (-bare.length & 3) !== text.length) throw new MalformedError('data of the export is not base64');
  return fromBase64url(bare.replaceAll('+', '-').replaceAll('/', '_'));
}
