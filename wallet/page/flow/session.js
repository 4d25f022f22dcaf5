// @ts-check
/** What the parts of the page for Flow share. */

/** @typedef {import('./chain.js').Flow} Flow @typedef {import('./chain.js').Owner} Owner */

/** @type {{flow: Flow, owner: Owner | undefined, used: () => Promise<void>, home: () => Promise<void>}} */
export const session = {
  flow: /** @type {any} */ (undefined), // set before any button works
  owner: undefined, // who has opened an account here
  used: async () => {}, // the newest passkey is a key now, or may be
  home: async () => {}, // shows the account, or the start
};
