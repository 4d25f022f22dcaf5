// @ts-check
/**
 * The operation that is signed and whose fate is not known. It is kept for as
 * long as the tab lives, so that a reload loses nothing and no second operation
 * pays again what the first may have paid. There is no secret in it: whoever
 * reads it can do no more than send it.
 */
import { send } from './operate.js';
import { RpcError } from './rpc.js';
import { fromWire, toWire } from './userop.js';
import { Trouble } from './words.js';

/**
 * @typedef {import('./operate.js').Chain} Chain
 * @typedef {object} Held
 * @property {import('./userop.js').UserOp} op signed
 * @property {string} hash
 * @property {ReturnType<import('./operate.js').Chain['read']>} shown
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
    const shown = chain.read(op);
    if (shown.hash !== stored.hash || shown.from !== address) return undefined;
    const held = { op, hash: shown.hash, shown, unsure: true }; // after a reload nobody knows whether it was answered
    memory.set(k, held);
    return held;
  } catch {
    return undefined; // nothing of ours
  }
}

/** Sends what is signed. When it throws, `held.unsure` says whether the bundler may have it. @param {Chain} chain @param {Held} held */
export async function handOver(chain, held) {
  keep(chain, held);
  try {
    await send(chain, held.op);
  } catch (e) {
    const refused = e instanceof RpcError && e.kind === 'refused';
    if ((refused && ALREADY.test(e.message)) || await arrived(chain, held.hash)) return;
    if (refused && definite(e) && !held.unsure) {
      release(chain, held);
      throw e;
    }
    const before = held.unsure;
    held.unsure = true;
    if (e instanceof Trouble) throw e;
    if (refused && before) throw new Trouble('The server refused it this time, but may already have it from before.', 'Sending again sends the very same operation, which can happen only once. This page keeps asking for its receipt.', e);
    throw new Trouble('The server did not confirm that it took the operation.', 'It may have. Sending again sends the very same operation, which can happen only once.', e);
  }
}

const ALREADY = /already (known|exists)/i;

/** Whether a refusal is a judgement of the operation, and not of the moment. @param {RpcError} e */
function definite(e) {
  const code = Number(e.code);
  return /\bAA\d\d\b/.test(e.message) || (code <= -32500 && code >= -32521) || (code <= -32600 && code >= -32602);
}

/** Whether the bundler knows it; undefined if it does not say. @param {Chain} chain @param {string} opHash */
async function arrived(chain, opHash) {
  const answers = await Promise.all(['eth_getUserOperationByHash', 'eth_getUserOperationReceipt'].map((method) => chain.ask(method, opHash).catch((e) => (e.code === -32601 ? null : undefined))));
  if (answers.some((a) => a)) return true;
  return answers.includes(undefined) ? undefined : false;
}

/** Lets go of what the account has gone past and the bundler does not know. @param {Chain} chain @param {Held} held */
export async function overtaken(chain, held) {
  const gone = await chain.nonce(held.op.sender, held.op.nonce >> 64n) > held.op.nonce && await arrived(chain, held.hash) === false;
  if (gone) release(chain, held);
  return gone;
}
