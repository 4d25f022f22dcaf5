// @ts-check
/**
 * Without a bundler: an ordinary key with some ether carries the operation to the
 * EntryPoint in a transaction of its own, and pays for it. The operation itself
 * offers no fee, so the account can send all that it has.
 */
import { fromHex, quantity, toHex, utf8 } from '../page/bytes.js';
import { keccak } from '../page/abi.js';
import { inTransaction } from '../page/receipt.js';
import { RpcError } from '../page/rpc.js';
import { sealed } from '../page/transaction.js';
import { hash } from '../page/userop.js';
import { Trouble, atMost, ether } from '../page/words.js';
import { handleOps } from './handleops.js';

/**
 * @typedef {import('./node.js').Node} Node
 * @typedef {import('../page/userop.js').UserOp} UserOp
 * @typedef {import('../page/paymaster.js').Sender} Sender
 * @typedef {Omit<import('../page/transaction.js').Transaction, 'data'>} Carrier
 */

const MOST_VERIFICATION = 4_000_000n;
const MOST = 1n << 24n; // EIP-7825: what one transaction may have
const OVERHEAD = 60_000n; // what handleOps does around one operation
const UNKNOWN_CALL = 150_000n; // a transfer out of an account that is not there yet, where the node cannot simulate it

/** A code of the EntryPoint in an error, such as AA24. @param {any} e */
export function aaCode(e) {
  let text = String(e?.message ?? '');
  const data = typeof e?.data === 'string' ? e.data : e?.data?.data;
  if (typeof data === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(data)) text += String.fromCharCode(...fromHex(data.slice(0, 2000)));
  return /AA\d\d/.exec(text)?.[0];
}

/**
 * An operation that lacks only its signature, with limits found by trial, and the
 * transaction that will carry it.
 * @param {Node} node @param {Sender} sender @param {string} callData @param {bigint} value wei @param {string} from who carries it @param {string} target of the call, when the account is not there yet
 * @returns {Promise<{op: UserOp, carrier: Carrier}>}
 */
export async function assembleAlone(node, sender, callData, value, from, target) {
  const ep = node.entryPoint.address;
  const [id, deployed, nonce, balance, stub, fees, code, funds, count, pending] = await Promise.all([
    node.ask('eth_chainId'), node.hasCode(sender.address), node.nonce(sender.address, sender.nonceKey), node.balance(sender.address), sender.stub, node.fees(),
    node.hasCode(from), node.balance(from), ...['latest', 'pending'].map((tag) => node.ask('eth_getTransactionCount', from, tag))]);
  if (quantity(id, 'the chain id') !== node.id) throw new Trouble('The node has changed to another chain.', 'Start over.');
  if (value > balance) throw new Trouble('The account does not hold that much.', `It has ${ether(balance)} ETH. Send less.`);
  if (code) throw new Trouble('The key that is to pay has code at its address (EIP-7702).', 'Entry points take operations from plain keys only. Take another key.');
  if (quantity(pending, 'the count') > quantity(count, 'the count')) throw new Trouble('Another transaction of the key that is to pay is still on its way.', 'Wait for it, or take another key.');
  if (!deployed && !sender.factoryData) throw new Trouble('This account is not on this chain.', 'Check that the node is of the right chain.');
  /** @type {UserOp} */
  const op = {
    sender: sender.address, nonce, ...(deployed ? {} : { factory: sender.factory, factoryData: sender.factoryData }), callData, signature: stub,
    callGasLimit: 0n, verificationGasLimit: 0n, preVerificationGas: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n,
  };
  const [verification, call] = await Promise.all([verificationGas(node, op, from), callGas(node, op, target)]);
  op.verificationGasLimit = verification + (sender.unseen ?? 0n);
  op.callGasLimit = call;
  const limits = op.verificationGasLimit + op.callGasLimit;
  const gas = limits + limits / 32n + 21_000n + 40n * BigInt(handleOps(op, from).length) + OVERHEAD;
  if (gas > MOST) throw new Trouble('This takes more gas than one transaction may have.', 'Nothing was sent.');
  const missing = gas * fees.maxFeePerGas - funds;
  if (missing > 0n) throw new Trouble('The key that is to pay does not hold enough for the network fee.', `Send at least ${ether(missing)} ETH to ${from}, then review again. What is not used stays there.`);
  return { op, carrier: { chainId: node.id, nonce: quantity(count, 'the count'), gas, to: ep, ...fees } };
}

/** How much of the key's ether a transaction may take. @param {Carrier} c */
export const most = (c) => c.gas * c.maxFeePerGas;

const TIP = 5n * 10n ** 16n; // wei; more for whoever makes the block is usual nowhere

/**
 * What is odd about the fee of a transaction. The node names it, and what goes beyond the base fee is whoever's
 * who makes the block. @param {Carrier} c @param {bigint} value wei that the account sends
 */
export function doubts(c, value) {
  const out = [];
  if (value && most(c) > value) out.push(`The network fee may be more than the amount you send: up to ${atMost(most(c))} ETH.`);
  const tip = c.gas * c.maxPriorityFeePerGas;
  if (tip > TIP) out.push(`The node asks for ${atMost(tip)} ETH beyond the base fee, for whoever makes the block. Ask another node before you pay that.`);
  return out;
}

/** The least limit, and some more, at which the EntryPoint finds nothing wrong but the stub. @param {Node} node @param {UserOp} op @param {string} from */
async function verificationGas(node, op, from) {
  const enough = async (/** @type {bigint} */ verificationGasLimit) => {
    try {
      await node.ask('eth_call', { from, to: node.entryPoint.address, data: toHex(handleOps({ ...op, verificationGasLimit }, from)) }, 'latest');
      return true;
    } catch (e) {
      if (!(e instanceof RpcError) || e.kind !== 'refused') throw e;
      const code = aaCode(e);
      if (code === 'AA24') return true;
      if (verificationGasLimit < MOST_VERIFICATION && ['AA13', 'AA23', 'AA26', 'AA40', 'AA95'].includes(code ?? '')) return false;
      throw e;
    }
  };
  let [low, high] = [0n, 100_000n];
  while (!await enough(high)) [low, high] = [high, high * 2n > MOST_VERIFICATION ? MOST_VERIFICATION : high * 2n];
  while (high - low > 20_000n) {
    const middle = (low + high) / 2n;
    if (await enough(middle)) high = middle;
    else low = middle;
  }
  return high + high / 20n + 20_000n;
}

/** @param {Node} node @param {UserOp} op @param {string} target */
async function callGas(node, op, target) {
  const ep = node.entryPoint.address;
  if (!op.factory) {
    const gas = quantity(await node.ask('eth_estimateGas', { from: ep, to: op.sender, data: op.callData }), 'the gas');
    return gas + gas / 4n;
  }
  try {
    const calls = [{ from: ep, to: op.factory, input: op.factoryData }, { from: ep, to: op.sender, input: op.callData }];
    const last = (await node.ask('eth_simulateV1', { blockStateCalls: [{ calls }] }, 'latest'))?.[0]?.calls?.[1];
    const gas = quantity(last?.gasUsed, 'the gas');
    if (last.status !== '0x1') throw new Trouble('The recipient does not accept this transfer.', `Check the address, ${target}.`);
    return gas + gas / 4n;
  } catch (e) {
    if (e instanceof Trouble) throw e;
    return UNKNOWN_CALL; // the node does not simulate
  }
}

/**
 * Tries what is signed, and signs the transaction that carries it.
 * @param {Node} node @param {UserOp} op sealed @param {Carrier} carrier @param {import('./holders.js').Holder} payer
 */
export async function carry(node, op, carrier, payer) {
  const from = /** @type {string} */ (payer.address);
  const data = handleOps(op, from);
  await node.ask('eth_call', { from, to: carrier.to, data: toHex(data) }, 'latest'); // a refused one would cost the fee
  return sealed({ ...carrier, data }, payer.sign);
}

/** @param {Node} node @param {{raw: string, hash: string}} tx */
export async function sendRaw(node, tx) {
  try {
    await node.ask('eth_sendRawTransaction', tx.raw);
  } catch (e) {
    if (!(e instanceof RpcError) || !/already known|already imported|known transaction/i.test(e.message)) throw e;
  }
}

const EVENT = toHex(keccak(utf8('UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)')));

/**
 * What became of it, when it is known: by this transaction, or by another that carried the same operation.
 * @param {Node} node @param {{hash: string}} tx @param {UserOp} op @param {(seconds: number) => boolean | void} waiting false: stop
 * @returns {Promise<import('../page/receipt.js').Receipt | undefined>}
 */
export async function mined(node, tx, op, waiting) {
  const opHash = toHex(hash(op, node.entryPoint, node.id));
  const started = Date.now();
  for (let pause = 250; ; pause = Math.min(pause * 1.5, 4000)) {
    try {
      const found = await node.ask('eth_getTransactionReceipt', tx.hash);
      const own = found && inTransaction(node, found, opHash, tx.hash);
      if (own) return { ...own, ...paid(found) };
      if (found) return await elsewhere(node, found, opHash) ?? { success: false, reason: 'The transaction was refused on the chain. Only its fee was paid; review again.', transaction: tx.hash, block: quantity(found.blockNumber, 'the block'), ...paid(found) };
    } catch (e) {
      if (!(e instanceof RpcError)) throw e; // gaps in the line are waited out
    }
    await new Promise((done) => setTimeout(done, pause));
    if (waiting(Math.round((Date.now() - started) / 1000)) === false) return undefined;
  }
}

/** Whoever saw the operation in the open could carry it first, at his own cost. @param {Node} node @param {any} receipt @param {string} opHash */
async function elsewhere(node, receipt, opHash) {
  const block = quantity(receipt.blockNumber, 'the block');
  const from = block > 1000n ? block - 1000n : 0n;
  const logs = await node.ask('eth_getLogs', { address: node.entryPoint.address, topics: [EVENT, opHash], fromBlock: '0x' + from.toString(16), toBlock: '0x' + block.toString(16) });
  const at = Array.isArray(logs) ? logs[0]?.transactionHash : undefined;
  if (!at) return undefined;
  const transaction = toHex(fromHex(at, 32));
  return inTransaction(node, await node.ask('eth_getTransactionReceipt', transaction), opHash, transaction);
}

/** What the carrying key has paid, not what the operation offers. @param {any} receipt */
function paid({ gasUsed, effectiveGasPrice }) {
  const gas = quantity(gasUsed, 'the gas');
  return { gas, cost: gas * quantity(effectiveGasPrice, 'the gas price') };
}
