// @ts-check
/** What the browser keeps for the pages of Flow, where it may: nothing of it is secret, and they work without. */
import { fromBase64url, toBase64url } from '../bytes.js';
import { random } from '../state.js';

/** @param {string} name @param {string} [value] '' removes it @returns {string} */
export function kept(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else if (value === '') localStorage.removeItem(name);
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

/** The account that was opened, made or signed for last. */
export const LAST = 'postern.flow.last';
const USER = 'postern.flow.user';

/** user.id of the next passkey: the same until it is a key of an account, so that a second attempt leaves no first behind. */
export function nextUser() {
  try {
    const id = fromBase64url(kept(USER));
    if (id.length === 32) return id;
  } catch {
    // made anew below
  }
  const id = random();
  kept(USER, toBase64url(id));
  return id;
}

/** The passkey is a key now: the next one is another's. */
export const usedUser = () => kept(USER, '');

const IDS = 'postern.flow.ids';
const MOST = 64;

/** Which passkey has which key, so that the prompt can name the right one. @returns {[string, string][]} public keys, and credentials in base64url */
function ids() {
  try {
    const all = JSON.parse(kept(IDS) || '[]');
    return Array.isArray(all) ? all.filter((one) => Array.isArray(one) && one.length === 2) : [];
  } catch {
    return [];
  }
}

/** @param {string} publicHex @param {Uint8Array} id */
export function remember(publicHex, id) {
  kept(IDS, JSON.stringify([...ids().filter(([key]) => key !== publicHex), [publicHex, toBase64url(id)]].slice(-MOST)));
}

/** The passkeys of these keys; none if one of them was never seen here, so that the person chooses. @param {string[]} keys @returns {Uint8Array[]} */
export function passkeysOf(keys) {
  const known = new Map(ids());
  try {
    const found = keys.map((key) => fromBase64url(known.get(key)));
    return found.every((id) => id.length) ? found : [];
  } catch {
    return [];
  }
}
