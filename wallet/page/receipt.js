// @ts-check
/** Receipts, which count when the EntryPoint's own log on the chain bears them out. */
import { keccak, word } from './abi.js';
import { MalformedError, fromHex, toHex, utf8 } from './bytes.js';
import { RpcError } from './rpc.js';

/**
 * @typedef {object} Receipt
 * @property {boolean} success
 * @property {string} reason
 * @property {bigint} cost wei
 * @property {bigint} gas
 * @property {string} transaction
 * @property {bigint} block
 */

const EVENT = toHex(keccak(utf8('UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)')));

const same = (/** @type {unknown} */ a, /** @type {string} */ b) => typeof a === 'string' && a.toLowerCase() === b.toLowerCase();

/** What became of an operation; undefined while nothing is known. @param {import('./operate.js').Chain} chain @param {string} opHash @returns {Promise<Receipt | undefined>} */
export async function outcome(chain, opHash) {
  const found = await chain.ask('eth_getUserOperationReceipt', opHash);
  if (!found) return undefined;
  if (!same(found.userOpHash, opHash)) throw new MalformedError('the receipt is of another operation');
  const transaction = toHex(fromHex(found.receipt?.transactionHash, 32));
  const r = inTransaction(chain, await chain.ask('eth_getTransactionReceipt', transaction), opHash, transaction);
  if (!r) throw new MalformedError('the chain does not bear the receipt out');
  return !r.success && typeof found.reason === 'string' && found.reason !== '0x' ? { ...r, reason: found.reason } : r;
}

/** What a transaction did with an operation; undefined: nothing. @param {import('./operate.js').Chain} chain @param {any} tx its receipt @param {string} opHash @param {string} transaction its hash @returns {Receipt | undefined} */
export function inTransaction(chain, tx, opHash, transaction) {
  const log = Array.isArray(tx?.logs) && tx.status === '0x1' && tx.logs.find((/** @type {any} */ l) => !l?.removed && same(l?.address, chain.entryPoint.address) && same(l.topics?.[0], EVENT) && same(l.topics[1], opHash));
  if (!log) return undefined;
  const data = fromHex(log.data, 128);
  return { success: word(data, 1) === 1n, reason: '', cost: word(data, 2), gas: word(data, 3), transaction, block: BigInt(tx.blockNumber ?? 0) };
}

/**
 * The receipt, when there is one; asks at growing intervals for as long as
 * `waiting` is not false. Gaps in the line and answers that do not hold are waited out.
 * @param {import('./operate.js').Chain} chain @param {string} opHash @param {(seconds: number, doubt?: string) => boolean | void} waiting
 * @returns {Promise<Receipt | undefined>}
 */
export async function receipt(chain, opHash, waiting) {
  const started = Date.now();
  for (let pause = 250; ; pause = Math.min(pause * 1.5, 4000)) {
    /** @type {string | undefined} */ let doubt;
    try {
      const found = await outcome(chain, opHash);
      if (found) return found;
    } catch (e) {
      if (!(e instanceof RpcError)) doubt = /** @type {Error} */ (e).message;
    }
    await new Promise((done) => setTimeout(done, pause));
    if (waiting(Math.round((Date.now() - started) / 1000), doubt) === false) return undefined;
  }
}
