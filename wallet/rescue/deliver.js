// @ts-check
/** What is signed, on its way to the chain: by a bundler, or in a transaction of a key. Sending it again is always the same operation. */
import { handOver, release } from '../page/outbox.js';
import { receipt } from '../page/receipt.js';
import { mined, sendRaw } from './relay.js';

/**
 * @typedef {import('../page/outbox.js').Held & {tx?: {raw: string, hash: string}, node: import('./node.js').Node}} Held tx: the transaction that carries it
 */

/** Sends what is signed. When it throws, `held.unsure` says whether it may be on its way. @param {Held} held */
export async function deliver(held) {
  if (!held.tx) return handOver(held.node, held);
  try {
    await sendRaw(held.node, held.tx);
  } catch (e) {
    const refused = /** @type {any} */ (e)?.kind === 'refused';
    held.unsure ||= !refused;
    if (!refused || !held.unsure) throw e;
    if (!/nonce too low|already/i.test(/** @type {Error} */ (e).message)) throw e; // it is on the chain, then
  }
}

/** @param {Held} held @param {(seconds: number, doubt?: string) => boolean | void} waiting */
export async function outcome(held, waiting) {
  const r = held.tx ? await mined(held.node, held.tx, held.op, waiting) : await receipt(held.node, held.hash, waiting);
  if (r) {
    held.receipt = r;
    release(held.node, held);
  }
  return r;
}
