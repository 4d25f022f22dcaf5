// @ts-check
/**
 * One road for the operations of every kind of account: put together (nonce, gas,
 * fees, funds), the passkey's answer checked here, sent; receipts are in receipt.js.
 * Everything that takes time happens in {@link assemble}, before the click that signs.
 */
import { encodeCall, word } from './abi.js';
import { findings, parseSignature, sha256 } from './assertion.js';
import { fromHex, quantity, toHex, utf8 } from './bytes.js';
import { RpcError, rpc } from './rpc.js';
import { entryPoint, hash, toWire } from './userop.js';
import { Trouble, ether, maxFee } from './words.js';

/**
 * @typedef {object} Config /config.json
 * @property {number} chainId
 * @property {string} rpId
 * @property {string} rpName
 * @property {{version: string, address: string}} entryPoint
 * @property {string} factory
 * @property {string} implementation
 * @property {string} proxyInitCodeHash
 * @property {string} rpcUrl
 * @property {string} passkeyUrl
 * @property {boolean} [faucet]
 *
 * @typedef {import('./account.js').Account} Account
 * @typedef {import('./userop.js').UserOp} UserOp
 * @typedef {[string, string, ('code' | 'strong')?]} Row
 *
 * @typedef {object} Shown what an operation does, in words
 * @property {string} sentence
 * @property {string} noun
 * @property {string} done when it has succeeded
 * @property {string} hash of the operation
 * @property {Uint8Array} digest what is signed
 * @property {string} from
 * @property {string} [to] of a transfer
 * @property {bigint} value wei
 * @property {Row[]} rows
 * @property {Row[]} details
 */

/** One chain as /config.json describes it. */
export class Chain {
  /** @param {Config} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    this.config = config;
    this.rpIdHash = rpIdHash;
    this.id = BigInt(config.chainId);
    this.entryPoint = entryPoint(config.entryPoint.version);
    if (this.entryPoint.address.toLowerCase() !== config.entryPoint.address.toLowerCase()) {
      throw new Trouble('This server names an entry point that is not the known one.', 'Do not sign anything here. Ask whoever runs it.');
    }
    this.call = this.call.bind(this);
  }

  /** @param {Config} config */
  static async open(config) {
    return new this(config, await sha256(utf8(config.rpId)));
  }

  /** What an operation does, in words, for this kind of account. @param {UserOp} _ @returns {Shown} */
  read(_) {
    throw new TypeError('each kind of account reads its own operations');
  }

  /** @param {string} method @param {...unknown} params @returns {Promise<any>} */
  ask(method, ...params) {
    return rpc(this.config.rpcUrl, method, params);
  }

  /** @param {string} to @param {Uint8Array} data */
  async call(to, data) {
    return fromHex(await this.ask('eth_call', { to, data: toHex(data) }, 'latest'));
  }

  /** @param {string} address wei */
  async balance(address) {
    return quantity(await this.ask('eth_getBalance', address, 'latest'), 'the balance');
  }

  /** @param {string} address */
  async hasCode(address) {
    return fromHex(await this.ask('eth_getCode', address, 'latest')).length > 0;
  }

  /** What the bundler wants, or twice the base fee where it has no opinion. */
  async fees() {
    try {
      const standard = (await this.ask('pimlico_getUserOperationGasPrice'))?.standard;
      return { maxFeePerGas: quantity(standard?.maxFeePerGas, 'maxFeePerGas'), maxPriorityFeePerGas: quantity(standard?.maxPriorityFeePerGas, 'maxPriorityFeePerGas') };
    } catch (e) {
      if (!(e instanceof RpcError) || e.kind !== 'refused') throw e;
    }
    const [block, tip] = await Promise.all([this.ask('eth_getBlockByNumber', 'latest', false), this.ask('eth_maxPriorityFeePerGas')]);
    const priority = quantity(tip, 'the priority fee');
    return { maxFeePerGas: 2n * quantity(block?.baseFeePerGas, 'the base fee') + priority, maxPriorityFeePerGas: priority };
  }

  /** What the chain itself asks for gas, to compare with; undefined where it does not say. @returns {Promise<bigint | undefined>} */
  async gasPrice() {
    try {
      return quantity(await this.ask('eth_gasPrice'), 'the gas price');
    } catch {
      return undefined;
    }
  }

  /** The account's next nonce. One of another sequence would let it pay twice. @param {string} address @param {bigint} [key] of one of its sequences */
  async nonce(address, key = 0n) {
    const reply = await this.call(this.entryPoint.address, encodeCall('getNonce(address,uint192)', address, key));
    if (reply.length !== 32) throw new Trouble(`EntryPoint ${this.entryPoint.version} is not on this chain.`, 'Ask whoever runs this server; nothing was sent.');
    const nonce = word(reply);
    if (nonce >> 64n !== key) throw new Trouble('The node named a nonce of another sequence.', 'Use another node; nothing was sent.');
    return nonce;
  }
}

/**
 * An operation that lacks only its signature. Everything that can be known to be
 * in its way is found here, before anyone is asked.
 * @param {Chain} chain @param {import('./paymaster.js').Sender} account @param {string} callData @param {bigint} value what it sends, wei
 * @param {import('./paymaster.js').Sponsor} [sponsor]
 * @returns {Promise<UserOp>} with a stub for a signature
 */
export async function assemble(chain, account, callData, value, sponsor) {
  const ep = chain.entryPoint;
  const [id, deployed, nonce, fees, balance, deposit, signature] = await Promise.all([
    chain.ask('eth_chainId'),
    chain.hasCode(account.address),
    chain.nonce(account.address, account.nonceKey),
    chain.fees(),
    chain.balance(account.address),
    chain.call(ep.address, encodeCall('balanceOf(address)', account.address)),
    account.stub,
  ]);
  if (quantity(id, 'the chain id') !== chain.id) {
    throw new Trouble('The server has changed to another chain.', 'Reload the page and sign in again.');
  }
  if (!deployed && !account.factoryData && !account.eip7702Auth) throw new Trouble('This account is not on this chain.', 'It was made on another one. Open the wallet of that chain.');
  if (value > balance) {
    throw new Trouble('The account does not hold that much.', `It has ${ether(balance)} ETH. Send less, or add funds.`);
  }
  /** @type {UserOp} */
  const op = {
    sender: account.address,
    nonce,
    ...(account.eip7702Auth ? { eip7702Auth: account.eip7702Auth } : deployed ? {} : { factory: account.factory ?? chain.config.factory, factoryData: account.factoryData }),
    callData,
    callGasLimit: 0n,
    verificationGasLimit: 0n,
    preVerificationGas: 0n,
    ...fees,
    signature,
  };
  if (sponsor) Object.assign(op, await sponsor.pretend(op));
  const estimate = (/** @type {object[]} */ ...more) => chain.ask('eth_estimateUserOperationGas', toWire(op), ep.address, ...more);
  const gas = await (account.pretend ? estimate(account.pretend).catch(() => estimate()) : estimate());
  for (const k of /** @type {const} */ (['callGasLimit', 'verificationGasLimit', 'preVerificationGas'])) op[k] = quantity(gas?.[k], k);
  op.verificationGasLimit += account.unseen ?? 0n;
  if (sponsor) return Object.assign(op, await sponsor.pay(op, gas));
  const missing = value + (maxFee(op) > word(deposit) ? maxFee(op) - word(deposit) : 0n) - balance;
  if (missing > 0n) {
    throw new Trouble(`The balance does not cover the network fee${value ? ' as well' : ''}.`, `${value ? `Send at least ${ether(missing)} ETH less, or add funds` : `Add at least ${ether(missing)} ETH`}. The account has ${ether(balance)} ETH.`);
  }
  return op;
}

/** An assertion that answers this challenge, on this page, with the person verified; its key is not known yet.
 * @param {Chain} chain @param {import('./ceremony.js').Got} got @param {Uint8Array} challenge */
export function checked(chain, got, challenge) {
  const wrong = findings(got, { challenge, rpIdHash: chain.rpIdHash, origin: location.origin });
  if (wrong.length) throw new Trouble('The passkey’s answer cannot be used.', `${wrong.join(' ')} Nothing was sent.`);
  return { authenticatorData: got.authenticatorData, clientDataJSON: got.clientDataJSON, signature: parseSignature(got.der) };
}

/** Hands the operation over. @param {Chain} chain @param {UserOp} op */
export async function send(chain, op) {
  const own = toHex(hash(op, chain.entryPoint, chain.id));
  const theirs = await chain.ask('eth_sendUserOperation', toWire(op), chain.entryPoint.address);
  if (theirs !== own) throw new Trouble('The server took another operation than the one you signed.', `It cannot move your money with it. Your operation is ${own}.`);
  return own;
}
