// @ts-check
/** What the page knows while somebody uses it. Keys are in here and nowhere else; leaving writes over them. */

/**
 * @typedef {object} Session
 * @property {import('./node.js').Node} node of a chain like Ethereum; nothing asks it where there is an access node
 * @property {import('./access.js').Access} [flow] an access node of Flow
 * @property {import('./holders.js').Holder} [holder]
 * @property {string} [rpId] whose passkey was used here
 * @property {import('./accounts.js').Account} [account]
 * @property {import('./accounts.js').Part[]} parts who signs for it together
 * @property {bigint} [balance]
 * @property {Map<string, bigint>} balances of tokens
 * @property {import('./exported.js').Exported[]} exported out of the file
 */

/** @type {{now: Session | undefined}} */
export const open = { now: undefined };

/** @returns {Session} */
export function session() {
  if (!open.now) throw new TypeError('nothing is open');
  return open.now;
}

/** @param {import('./node.js').Node} node */
export function begin(node) {
  open.now = { node, parts: [], balances: new Map(), exported: [] };
}

/** @param {import('./access.js').Access} flow */
export function beginFlow(flow) {
  open.now = { node: /** @type {any} */ (undefined), flow, parts: [], balances: new Map(), exported: [] };
}

/** Takes another holder in the place of one that signs for nothing; none: in the place of all. @param {import('./holders.js').Holder} [holder] */
export function hold(holder) {
  const s = session();
  const stays = (/** @type {import('./holders.js').Holder | undefined} */ h) => h === holder || s.parts.some((p) => p.holder === h);
  if (!holder) for (const p of s.parts.splice(0)) p.holder.forget();
  if (!stays(s.holder)) s.holder?.forget();
  Object.assign(s, { holder, account: undefined, balance: undefined });
  s.balances.clear();
}
