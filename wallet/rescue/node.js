// @ts-check
/**
 * The chain as a person names it: a node, and perhaps a bundler, by their addresses.
 * Nothing else is asked anything.
 */
import { encodeCall, word } from '../page/abi.js';
import { checksum } from '../page/account.js';
import { fromHex, quantity, toBase64url, toHex } from '../page/bytes.js';
import { Chain } from '../page/operate.js';
import { answers } from '../page/p256verify.js';
import { RpcError, rpc } from '../page/rpc.js';
import { entryPoint, hash } from '../page/userop.js';
import { Trouble, atMost, chainName, ether, maxFee } from '../page/words.js';

/**
 * @typedef {{entryPoint: string, factory: string, implementation: string, proxyInitCodeHash: string}} Deployment of our own account, for one version of the EntryPoint
 * @typedef {{rpcUrl: string, bundlerUrl?: string, deployments: Deployment[]}} Place
 * @typedef {{address: string, symbol: string, decimals: number}} Token
 * @typedef {import('./accounts.js').Account} Account
 * @typedef {import('../page/operate.js').Row} Row
 * @typedef {import('../page/operate.js').Shown} Shown
 */

/** What only bundlers answer. */
const BUNDLERS = /^(pimlico_|eth_(estimateUserOperationGas|sendUserOperation|getUserOperation))/;

export class Node extends Chain {
  /** @param {Place} place @param {bigint} id @param {Account} [account] whose operations it reads @param {Token[]} [tokens] */
  constructor(place, id, account, tokens = []) {
    const version = account?.version ?? '0.7';
    const d = place.deployments.find((k) => k.entryPoint === version);
    super({
      chainId: Number(id), rpId: '', rpName: '', entryPoint: entryPoint(version), factory: d?.factory ?? '', implementation: d?.implementation ?? '',
      proxyInitCodeHash: d?.proxyInitCodeHash ?? '', rpcUrl: place.rpcUrl, passkeyUrl: '',
    }, new Uint8Array(32));
    this.id = id;
    this.place = place;
    this.account = account;
    /** Which amounts are written in units. */
    this.tokens = tokens;
    /** Who pays the fee beside the account, and how much at most. @type {{from: string, most: bigint} | undefined} */ this.payer = undefined;
    /** @type {Promise<boolean> | undefined} */ this.p256 = undefined;
  }

  /** @param {Place} place */
  static async at(place) {
    try {
      return new Node(place, quantity(await rpc(place.rpcUrl, 'eth_chainId'), 'the chain id'));
    } catch (e) {
      if (e instanceof RpcError && e.kind === 'network') throw new Trouble('The node does not answer this page.', 'Check the address. Some nodes answer programs and not web pages (CORS): then take another one.', e);
      throw e;
    }
  }

  /** The same chain, for one account. @param {Account} account */
  for(account) {
    return new Node(this.place, this.id, account, this.tokens);
  }

  /** @override @param {string} method @param {...unknown} params @returns {Promise<any>} */
  async ask(method, ...params) {
    if (!BUNDLERS.test(method)) return rpc(this.place.rpcUrl, method, params);
    if (!this.place.bundlerUrl) throw new RpcError('refused', 'no bundler was named', { code: -32601 });
    return rpc(this.place.bundlerUrl, method, params);
  }

  /** Whether contracts shall ask the chain's P256VERIFY: asked once, with a fresh key. */
  hasP256() {
    this.p256 ??= answers(this.call).catch(() => false);
    return this.p256;
  }

  /** What a person has of a token; undefined where there is none. @param {string} address @param {string} owner */
  async token(address, owner) {
    const [balance, symbol, decimals] = await Promise.all([
      this.call(address, encodeCall('balanceOf(address)', owner)), ...['symbol()', 'decimals()'].map((f) => this.call(address, encodeCall(f)).catch(() => new Uint8Array()))]);
    if (balance.length !== 32) throw new Error('There is no token at this address.');
    const token = { address: checksum(address), symbol: text(symbol) ?? `${address.slice(0, 8)}…`, decimals: decimals.length === 32 && word(decimals) < 78n ? Number(word(decimals)) : 0 };
    this.tokens = [...this.tokens.filter((t) => t.address !== token.address), token];
    return { ...token, balance: word(balance) };
  }

  /**
   * What is about to be signed, read back from the operation itself.
   * @override @param {import('../page/userop.js').UserOp} op @returns {Shown}
   */
  read(op) {
    const { account } = this;
    if (!account) throw new TypeError('no account is open');
    const call = account.parse(op.callData);
    if (!call) throw new Error('This page signs transfers of its own making, and nothing else.');
    const sent = transfer(call, this.tokens);
    const fee = maxFee(op);
    const digest = account.digest(op, this.entryPoint, this.id);
    const opHash = toHex(hash(op, this.entryPoint, this.id));
    return {
      sentence: `Send ${sent.amount}`, noun: `transfer of ${sent.amount}`, done: `${sent.amount} sent`,
      digest, hash: opHash, from: checksum(op.sender), to: sent.to, value: call.value,
      rows: /** @type {Row[]} */ ([
        ['To', sent.to, 'code'], ['Amount', sent.amount, 'strong'],
        ...(sent.token ? [['Token', sent.token, 'code']] : []),
        ...(this.payer ? [['Network fee, at most', `${atMost(this.payer.most)} ETH`], ['Paid by', this.payer.from, 'code']] : [['Network fee, at most', `${atMost(fee)} ETH`]]),
        ...(call.value && !this.payer ? [['Leaves the account, at most', `${atMost(call.value + fee)} ETH`]] : []),
        ['From the account', checksum(op.sender), 'code'],
        ['On', chainName(this.id)],
        ...(op.factory ? [['Also', 'Creates the account on the chain; this is its first operation.']] : []),
      ]),
      details: /** @type {Row[]} */ ([
        ['What is signed', toHex(digest), 'code'],
        ['As a passkey’s challenge', toBase64url(digest), 'code'],
        ['Operation hash', opHash, 'code'],
        ['Entry point', `${this.entryPoint.address} (version ${this.entryPoint.version})`, 'code'],
        ['Nonce', '0x' + op.nonce.toString(16), 'code'],
        ['Calldata', op.callData, 'code'],
      ]),
    };
  }
}

/** @typedef {{to: string, value: bigint, data: string}} Call */

/** A token's transfer, as calldata. @param {string} to @param {bigint} units */
export const tokenTransfer = (to, units) => toHex(encodeCall('transfer(address,uint256)', to, units));

/** What a call sends, and to whom. Throws where it does anything else. @param {Call} call @param {Token[]} tokens */
function transfer({ to, value, data }, tokens) {
  if (data === '0x') return { to, amount: `${ether(value)} ETH`, token: undefined };
  const b = fromHex(data);
  const token = tokens.find((t) => t.address === checksum(to));
  if (token && !value && b.length === 68) {
    const [receiver, units] = [checksum(toHex(b.slice(16, 36))), word(b.subarray(36))];
    if (tokenTransfer(receiver, units) === data) return { to: receiver, amount: `${inUnits(units, token.decimals)} ${token.symbol}`, token: `${token.symbol}, ${token.address}` };
  }
  throw new Error('This page signs transfers of its own making, and nothing else.');
}

/** @param {bigint} n @param {number} decimals */
export function inUnits(n, decimals) {
  const digits = n.toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return digits.slice(0, digits.length - decimals) + (decimals && fraction ? '.' + fraction : '');
}

/** What a person typed, in a token's smallest unit. Throws a sentence. @param {string} typed @param {number} decimals */
export function parseUnits(typed, decimals) {
  const t = typed.trim();
  if (!t) throw new Error('Enter an amount.');
  if (/^[\d.]*,[\d,.]*$/.test(t)) throw new Error('Write the amount with a point, not a comma: 0.5');
  const m = /^(\d{0,60})(?:\.(\d*))?$/.exec(t);
  const fraction = m?.[2] ?? '';
  if (!m || !(m[1] || fraction)) throw new Error('That is not an amount. Write it like 0.5');
  if (fraction.length > decimals) throw new Error(`It has at most ${decimals} digits after the point.`);
  const n = BigInt((m[1] || '0') + fraction.padEnd(decimals, '0'));
  if (!n) throw new Error('Enter an amount above zero.');
  return n;
}

/** A name that a contract gives itself: a string, or old tokens' bytes32; undefined if it is not plain. @param {Uint8Array} b */
function text(b) {
  const raw = b.length === 32 ? b : b.length >= 96 && word(b, 1) <= 32n ? b.slice(64, 64 + Number(word(b, 1))) : new Uint8Array();
  const s = new TextDecoder().decode(raw).replace(/\0+$/, '');
  return /^[A-Za-z0-9_$.-]{1,20}$/.test(s) ? s : undefined;
}
