// @ts-check
/** What this page knows while it is open. Nothing here is a secret. */

/**
 * @typedef {import('../account.js').Account} Account
 */

export const session = {
  /** Set before any button works. */
  chain: /** @type {import('./chain.js').Guarded} */ (/** @type {unknown} */ (undefined)),
  /** The account that is looked at. */
  address: /** @type {string | undefined} */ (undefined),
  /** Whose passkey this page has seen sign: it may act for the account. */
  own: /** @type {{id: Uint8Array, account: Account} | undefined} */ (undefined),
  /** What the passkey server has told of passkeys that have signed here. */
  kept: /** @type {import('./passkeys.js').Kept | undefined} */ (undefined),
};
