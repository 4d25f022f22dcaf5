// @ts-check
/**
 * One road for every operation: prepare (nonce, gas, fees, funds), sign with the
 * passkey, check the answer here, send; receipts are in receipt.js. Everything that
 * takes time happens in {@link prepare}, before the click that signs.
 */
import { encodeCall, word } from './abi.js';
import { encodeExecute } from './account.js';
import { findings, parseSignature, sha256, verify } from './assertion.js';
import { fromHex, quantity, toHex, utf8 } from './bytes.js';
import { get } from './ceremony.js';
import { RpcError, rpc } from './rpc.js';
import { entryPoint, hash, seal, stub, toWire } from './userop.js';
import { Trouble, cautions, ether, maxFee, summary } from './words.js';

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
 * @typedef {{op: UserOp, digest: Uint8Array, shown: ReturnType<typeof summary>, cautions: string[]}} Prepared
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
    return new Chain(config, await sha256(utf8(config.rpId)));
  }

  /** @param {UserOp} op */
  read(op) {
    return summary(op, this.entryPoint, this.id);
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

  /** The account's next nonce. @param {string} address */
  async nonce(address) {
    const reply = await this.call(this.entryPoint.address, encodeCall('getNonce(address,uint192)', address, 0n));
    if (reply.length !== 32) throw new Trouble(`EntryPoint ${this.entryPoint.version} is not on this chain.`, 'Ask whoever runs this server; nothing was sent.');
    return word(reply);
  }
}

/**
 * A transfer, ready to be shown and signed.
 * @param {Chain} chain @param {Account} account @param {string} to @param {bigint} value wei
 * @returns {Promise<Prepared>}
 */
export async function prepare(chain, account, to, value) {
  const [op, gasPrice] = await Promise.all([assemble(chain, account, encodeExecute(to, value), value), chain.gasPrice()]);
  const shown = chain.read(op);
  return { op, digest: shown.digest, shown, cautions: cautions(op, value, gasPrice) };
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
  const [id, deployed, nonce, fees, balance, deposit] = await Promise.all([
    chain.ask('eth_chainId'),
    chain.hasCode(account.address),
    chain.nonce(account.address),
    chain.fees(),
    chain.balance(account.address),
    chain.call(ep.address, encodeCall('balanceOf(address)', account.address)),
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
    signature: 'stub' in account ? account.stub : toHex(stub(account.signer, location.origin)),
  };
  if (sponsor) Object.assign(op, await sponsor.pretend(op));
  const estimate = (/** @type {object[]} */ ...more) => chain.ask('eth_estimateUserOperationGas', toWire(op), ep.address, ...more);
  const gas = await (account.pretend ? estimate(account.pretend).catch(() => estimate()) : estimate());
  for (const k of /** @type {const} */ (['callGasLimit', 'verificationGasLimit', 'preVerificationGas'])) op[k] = quantity(gas?.[k], k);
  if (sponsor) return Object.assign(op, await sponsor.pay(op, gas));
  const missing = value + (maxFee(op) > word(deposit) ? maxFee(op) - word(deposit) : 0n) - balance;
  if (missing > 0n) {
    throw new Trouble(`The balance does not cover the network fee${value ? ' as well' : ''}.`, `${value ? `Send at least ${ether(missing)} ETH less, or add funds` : `Add at least ${ether(missing)} ETH`}. The account has ${ether(balance)} ETH.`);
  }
  return op;
}

/**
 * Asks the passkey for its signature. Call it from the click itself: the prompt
 * opens before the first await. What comes back is checked before it is used.
 * @param {Chain} chain @param {Account} account @param {Uint8Array} credentialId @param {Prepared} prepared @param {AbortSignal} [signal]
 * @returns {Promise<UserOp>}
 */
export async function sign(chain, account, credentialId, prepared, signal) {
  const got = await get({ rpId: chain.config.rpId, challenge: prepared.digest, allow: [credentialId], signal });
  const assertion = checked(chain, got, prepared.digest);
  if (!await verify(assertion, account.signer)) throw new Trouble('The signature is not by this account’s key.', 'Nothing was sent. Sign in again with the right passkey.');
  const signature = toHex(seal(account.signer, assertion));
  if (signature.length > prepared.op.signature.length) {
    throw new Trouble('The passkey’s answer is longer than the fee allows for.', 'Nothing was sent. Try another browser, or another passkey of this account.');
  }
  return { ...prepared.op, signature };
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
