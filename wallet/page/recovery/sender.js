// @ts-check
/**
 * Transactions that anyone may send: by a connected wallet, or on a development chain by
 * a key that this page makes for the one purpose and has funded. What is sent decides
 * nothing that has not been signed before.
 */
import { quantity, toHex } from '../bytes.js';
import { provider } from '../grant/keys.js';
import { RpcError } from '../rpc.js';
import { addressOf, generate } from '../secp256k1.js';
import { signed } from '../transaction.js';
import { Trouble } from '../words.js';

/** @typedef {import('./chain.js').Guarded} Guarded */

/** Whether this page can send by itself. @param {Guarded} chain */
export const canSend = (chain) => !!chain.config.faucet;

/** Whether a wallet is there that can. */
export const hasWallet = () => !!provider();

/** By a key of this page, which is forgotten afterwards. @param {Guarded} chain @param {string} to @param {Uint8Array} data */
export async function send(chain, to, data) {
  const secret = generate();
  const from = addressOf(secret);
  await attempt(chain, from, to, data);
  await chain.ask('postern_faucet', from);
  const [gas, fees] = [await attempt(chain, from, to, data), await chain.fees()];
  const { raw, hash } = signed({ chainId: chain.id, nonce: 0n, ...fees, gas: gas + gas / 4n, to, data }, secret);
  secret.fill(0);
  await chain.ask('eth_sendRawTransaction', raw);
  return settled(chain, hash);
}

/** @param {Guarded} chain @param {string} to @param {Uint8Array} data */
export async function sendByWallet(chain, to, data) {
  const wallet = /** @type {NonNullable<ReturnType<typeof provider>>} */ (provider());
  const ask = async (/** @type {string} */ method, /** @type {unknown[]} */ ...params) => {
    try {
      return await wallet.request({ method, params });
    } catch (e) {
      throw new Trouble('Your wallet did not send it.', 'Nothing has happened. Look at the wallet, and try again.', e);
    }
  };
  const [from] = await ask('eth_requestAccounts');
  if (BigInt(await ask('eth_chainId')) !== chain.id) await ask('wallet_switchEthereumChain', { chainId: '0x' + chain.id.toString(16) });
  await attempt(chain, from, to, data);
  return settled(chain, String(await ask('eth_sendTransaction', { from, to, data: toHex(data) })));
}

/** What it would cost in gas; an error if the contract would refuse it. @param {Guarded} chain @param {string} from @param {string} to @param {Uint8Array} data */
async function attempt(chain, from, to, data) {
  try {
    return quantity(await chain.ask('eth_estimateGas', { from, to, data: toHex(data) }), 'the gas');
  } catch (e) {
    if (!(e instanceof RpcError) || e.kind !== 'refused') throw e;
    throw new Trouble('The contract would refuse this.', 'It may have been sent already, have expired, or be for guardians who were changed since. Look at the account, and start again from what it says.', e);
  }
}

/** Waits until it is in a block. @param {Guarded} chain @param {string} hash */
async function settled(chain, hash) {
  for (let pause = 100, waited = 0; waited < 120_000; waited += pause, pause = Math.min(2000, pause * 1.5)) {
    const found = await chain.ask('eth_getTransactionReceipt', hash);
    if (found?.status === '0x1') return hash;
    if (found) throw new Trouble('The contract refused it.', 'Somebody may have been quicker. Look at the account again.');
    await new Promise((done) => setTimeout(done, pause));
  }
  throw new Trouble('The chain has not taken it yet.', `It may still come. Look at the account again in a while. The transaction is ${hash}.`);
}
