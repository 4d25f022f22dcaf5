// @ts-check
/**
 * The operation that is signed and whose fate is not known. It is kept for as
 * long as the tab lives, so that a reload loses nothing and no second operation
 * pays again what the first may have paid. There is no secret in it: whoever
 * reads it can do no more than send it.
 */
import { fromWire, toWire } from './userop.js';
import { summary } from './words.js';

/**
 * @typedef {import('./operate.js').Chain} Chain
 * @typedef {object} Held
 * @property {import('./userop.js').UserOp} op signed
 * @property {string} hash
 * @property {ReturnType<typeof summary>} shown
 * @property {boolean} [unsure] an attempt to send it had no clear answer
 * @property {import('./receipt.js').Receipt} [receipt]
 */

/** What this load of the page knows, for storage may be forbidden. @type {Map<string, Held>} */
const memory = new Map();

/** @param {Chain} chain @param {string} address */
const key = (chain, address) => `postern.sent.${chain.id}.${address}`;

/** @param {Chain} chain @param {Held} held */
export function keep(chain, held) {
  const k = key(chain, held.shown.from);
  memory.set(k, held);
  try {
    sessionStorage.setItem(k, JSON.stringify({ op: toWire(held.op), hash: held.hash }));
  } catch {
    // until the page is closed, then
  }
}

/** @param {Chain} chain @param {Held} held */
export function release(chain, held) {
  const k = key(chain, held.shown.from);
  if (memory.get(k)?.hash !== held.hash) return;
  memory.delete(k);
  try {
    sessionStorage.removeItem(k);
  } catch {
    // was never there
  }
}

/** What this account has sent without knowing its fate. @param {Chain} chain @param {string} address @returns {Held | undefined} */
export function heldFor(chain, address) {
  const k = key(chain, address);
  const here = memory.get(k);
  let text;
  try {
    text = sessionStorage.getItem(k);
  } catch {
    return here;
  }
  try {
    const stored = JSON.parse(text ?? 'null');
    if (!stored) return undefined;
    if (here && stored.hash === here.hash) return here;
    const op = fromWire(stored.op);
    const shown = summary(op, chain.entryPoint, chain.id);
    if (shown.hash !== stored.hash || shown.from !== address) return undefined;
    const held = { op, hash: shown.hash, shown, unsure: true }; // after a reload nobody knows whether it was answered
    memory.set(k, held);
    return held;
  } catch {
    return undefined; // nothing of ours
  }
}
