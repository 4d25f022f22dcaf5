// @ts-check
/** What the browser keeps for apps: which accounts were shown to them, and with which key. The chain is asked again before it is used. */
import { fromBase64url, toBase64url } from '../bytes.js';
import { random } from '../state.js';
import { kept } from './kept.js';

/** @typedef {{address: string, key: number, public: string}} Used address: 16 digits; public: 128 digits */

/** The account that the page for Flow opened last. */
export const LAST = 'postern.flow.last';
/** user.id of the next passkey; the page for Flow goes on with it. */
const USER = 'postern.flow.user';
const USED = 'postern.flow.used';
const MOST = 5;

/** user.id of the next passkey: the same until it is a key of an account. */
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

/** The passkey is a key now. */
export const usedUser = () => kept(USER, '');

/** Newest first. @returns {Used[]} */
export function accounts() {
  try {
    return JSON.parse(kept(USED) || '[]').filter((/** @type {any} */ u) => /^[0-9a-f]{16}$/.test(u?.address) && /^[0-9a-f]{128}$/.test(u.public) && Number.isInteger(u.key)).slice(0, MOST);
  } catch {
    return [];
  }
}

/** @param {Used[]} list */
const write = (list) => kept(USED, list.length ? JSON.stringify(list.slice(0, MOST)) : '');

/** @param {string} address */
export const forget = (address) => write(accounts().filter((u) => u.address !== address));

/** @param {Used} used */
export const keep = (used) => write([used, ...accounts().filter((u) => u.address !== used.address)]);
