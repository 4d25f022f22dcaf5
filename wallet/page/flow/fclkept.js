// @ts-check
/** What the browser keeps for apps: which accounts were shown to them, and with which key. The chain is asked again before it is used. */
import { kept } from './kept.js';

/** @typedef {{address: string, key: number, public: string}} Used address: 16 digits; public: 128 digits */

const USED = 'postern.flow.used';
const MOST = 5;

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
