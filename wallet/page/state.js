// @ts-check
/** What the page knows while it is open, and the one thing it remembers. Nothing here is a secret. */

/**
 * @typedef {object} Session who is signed in
 * @property {Uint8Array} id of the passkey
 * @property {import('./account.js').Account} account
 * @property {import('./account.js').Account[]} [candidates] all that fit the one signature so far, while only the node has told which it is
 * @property {bigint} [balance]
 */

export const state = {
  /** Set before any button works. */
  chain: /** @type {import('./operate.js').Chain} */ (/** @type {unknown} */ (undefined)),
  session: /** @type {Session | undefined} */ (undefined),
};

/** For challenges that move nothing. */
export const random = () => crypto.getRandomValues(new Uint8Array(32));

const HINT = 'postern.last';

/** The last address used here: saves the second signature, decides nothing else. */
export function hint() {
  try {
    return localStorage.getItem(HINT) ?? undefined;
  } catch {
    return undefined; // storage may be forbidden
  }
}

/** @param {string} [address] */
export function remember(address) {
  try {
    if (address) localStorage.setItem(HINT, address);
    else localStorage.removeItem(HINT);
  } catch {
    // works without
  }
}
