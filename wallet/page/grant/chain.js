// @ts-check
/** The chain as Kernel's accounts see it: what an account is now, what is left of a permission, operations in words. */
import { encodeCall, keccak, word } from '../abi.js';
import { checksum } from '../account.js';
import { concat, equal, fromHex, quantity, toBase64url, toBigInt, toHex, utf8 } from '../bytes.js';
import { DEPLOYMENTS, META_FACTORY, VALIDATORS, parseExecute, parseUninstall, invalidate, validationId } from '../kernel.js';
import { Chain } from '../operate.js';
import { answers } from '../p256verify.js';
import { formatUnits } from '../policywords.js';
import { entryPoint, hash } from '../userop.js';
import { Trouble, atMost, chainName, ether, maxFee } from '../words.js';

/**
 * @typedef {import('../kernel.js').Root} Root
 * @typedef {import('../kernel.js').Deployment} Deployment
 * @typedef {import('../policies.js').Token} Token
 * @typedef {import('../operate.js').Row} Row
 * @typedef {import('../operate.js').Config & {kernel?: {metaFactory: string, versions: Deployment[]}, paymasterUrl?: string}} Config
 * @typedef {{deployed: boolean, balance: bigint, version?: string, root?: Root, nonce: number}} State version and root: of what is there; nonce: the account's currentNonce
 */

/** Chains on which a key in a web page does no harm. */
const DEVELOPMENT = [1337n, 31337n];
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
/** What the validator and signer ask where the chain has no P256VERIFY. */
const VERIFIER = '0xc2b78104907F722DABAc4C69f826a522B2754De4';

const same = (/** @type {string} */ a, /** @type {string} */ b) => String(a).toLowerCase() === b.toLowerCase();

export class Kernel extends Chain {
  /** @param {Config} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    const { kernel } = config;
    if (!kernel?.versions?.length) throw new Trouble('This server knows no Kernel accounts.', 'Start a newer “postern up”, or open this page on a server that knows them.');
    super({ ...config, entryPoint: entryPoint('0.7') }, rpIdHash);
    const strange = kernel.versions.find((v) => !DEPLOYMENTS.some((d) => d.version === v.version && same(v.factory, d.factory) && same(v.implementation, d.implementation)));
    if (strange || !same(kernel.metaFactory, META_FACTORY)) throw new Trouble('This server names other contracts of Kernel’s accounts than the known ones.', 'Do not sign anything here. Ask whoever runs it.');
    this.versions = kernel.versions.map((v) => v.version);
    /** ERC-7677; undefined where nobody pays for others. */
    this.paymasterUrl = config.paymasterUrl;
    this.development = DEVELOPMENT.includes(this.id);
    /** @type {Promise<boolean> | undefined} */ this.p256 = undefined;
    /** Which amounts are written in units. @type {Token[]} */ this.tokens = [];
    /** Of contracts that an approval names: their functions, by selector. @type {Map<string, import('../functions.js').Fn>} */ this.functions = new Map();
  }

  /** The version that new accounts get: the newest that is on this chain; and whether it is there. */
  async newest() {
    const there = await Promise.all(this.versions.map((v) => this.hasCode(/** @type {Deployment} */ (DEPLOYMENTS.find((d) => d.version === v)).implementation)));
    const at = there.indexOf(true);
    return { version: this.versions[Math.max(at, 0)], there: at >= 0 };
  }

  /** Whether the contracts shall ask the chain's P256VERIFY: asked once, with a fresh key. */
  hasP256() {
    this.p256 ??= answers(this.call).catch(() => false);
    return this.p256;
  }

  /** Whether passkeys can sign here at all. */
  async passkeysWork() {
    return await this.hasP256() || this.hasCode(VERIFIER);
  }

  /** What stands at an address. A stranger's contract is refused. @param {string} address @returns {Promise<State>} */
  async state(address) {
    const [deployed, balance] = await Promise.all([this.hasCode(address), this.balance(address)]);
    if (!deployed) return { deployed, balance, nonce: 1 };
    const implementation = toHex(fromHex(await this.ask('eth_getStorageAt', address, IMPLEMENTATION_SLOT, 'latest'), 32).slice(12));
    const version = DEPLOYMENTS.find((d) => same(implementation, d.implementation))?.version;
    if (!version) throw new Trouble('What is at this address is no Kernel account of a version that this page knows.', `It knows ${DEPLOYMENTS.map((d) => d.version).join(', ')}.`);
    const [root, nonce] = await Promise.all([this.call(address, encodeCall('rootValidator()')), this.call(address, encodeCall('currentNonce()'))]);
    return { deployed, balance, version, root: await this.rootOf(address, toHex(root.slice(1, 21))), nonce: Number(word(nonce)) };
  }

  /** Who a validator obeys for an account. @param {string} address @param {string} validator @returns {Promise<Root | undefined>} */
  async rootOf(address, validator) {
    for (const multi of [false, true]) {
      if (same(validator, multi ? VALIDATORS.multiECDSA : VALIDATORS.ecdsa)) return { kind: 'ecdsa', multi, owner: checksum(toHex((await this.call(validator, encodeCall('ecdsaValidatorStorage(address)', address))).slice(12, 32))) };
      if (!same(validator, multi ? VALIDATORS.multiPasskey : VALIDATORS.passkey)) continue;
      const key = await this.call(validator, encodeCall('webAuthnValidatorStorage(address)', address));
      if (key.length === 64) return { kind: 'passkey', multi, x: key.slice(0, 32), y: key.slice(32), credentialHash: new Uint8Array(32) };
    }
    return undefined;
  }

  /** Whether an account that is there has a permission, and since which nonce. @param {string} address @param {Uint8Array} id */
  async installed(address, id) {
    const [config, from] = await Promise.all([this.call(address, encodeCall('validationConfig(bytes21)', validationId(id))), this.call(address, encodeCall('validNonceFrom()'))]);
    const there = word(config, 1) !== 0n; // its hook, which is 1 for none
    return { there, valid: there && word(config) >= word(from) };
  }

  /** Whether the account had this permission once: a policy that was removed is never installed again. @param {string} address @param {Uint8Array} id @param {import('../policies.js').Policy[]} policies */
  async revoked(address, id, policies) {
    const states = await Promise.all(policies.map(async (p) => word(await this.call(p.contract, encodeCall('status(bytes32,address)', concat(id, new Uint8Array(28)), address)).catch(() => new Uint8Array(32)))));
    return states.includes(2n);
  }

  /** What the policies' contracts remember of a permission that is installed. @param {string} address @param {Uint8Array} id @param {import('../policies.js').Policy[]} policies @returns {Promise<import('../policydecide.js').Left[]>} */
  left(address, id, policies) {
    const ask = async (/** @type {string} */ contract, /** @type {string} */ what) => this.call(contract, encodeCall(`${what}(bytes32,address)`, concat(id, new Uint8Array(28)), address));
    return Promise.all(policies.map(async (p) => {
      if (p.kind === 'gas') return { allowed: word(await ask(p.contract, 'gasPolicyConfig')) };
      if (p.kind !== 'rate-limit') return {};
      if (p.reset) {
        const state = await ask(p.contract, 'rateLimitState');
        return { count: Number(word(state)), resetAt: Number(word(state, 1)) };
      }
      const config = await ask(p.contract, 'rateLimitConfigs');
      return { count: Number(word(config, 1)), startAt: Number(word(config, 2)) };
    }));
  }

  /** The chain's clock, Unix seconds. */
  async now() {
    return Number(quantity((await this.ask('eth_getBlockByNumber', 'latest', false))?.timestamp, 'the block’s time'));
  }

  /** A token as its contract names it. @param {string} address @returns {Promise<Token>} */
  async token(address) {
    const [symbol, decimals] = await Promise.all(['symbol()', 'decimals()'].map((f) => this.call(address, encodeCall(f)).catch(() => new Uint8Array())));
    if (symbol.length < 96 || decimals.length !== 32 || word(decimals) > 77n) throw new Error('There is no token at this address.');
    const text = new TextDecoder().decode(symbol.slice(64, 64 + Number(word(symbol, 1))));
    if (!/^[A-Za-z_$][\w$]{0,19}$/.test(text)) throw new Error('This token has no plain symbol.');
    const token = { symbol: text, address: checksum(address), decimals: Number(word(decimals)) };
    this.tokens = [...this.tokens.filter((t) => !same(t.address, address) && t.symbol !== text), token];
    return token;
  }

  /**
   * What is about to be signed, read back from the operation itself.
   * @override @param {import('../userop.js').UserOp} op
   */
  read(op) {
    const what = this.words(op);
    const fee = maxFee(op);
    const digest = hash(op, this.entryPoint, this.id);
    return {
      ...what, digest, hash: toHex(digest), from: checksum(op.sender),
      rows: /** @type {Row[]} */ ([
        ...what.rows,
        ...(op.paymaster ? [['Network fee', 'Nothing: a paymaster pays it.'], ['Paymaster', checksum(op.paymaster), 'code']] : [['Network fee, at most', `${atMost(fee)} ETH`]]),
        ...(what.value && !op.paymaster ? [['Leaves the account, at most', `${atMost(what.value + fee)} ETH`]] : []),
        ['From the account', checksum(op.sender), 'code'],
        ['On', chainName(this.id)],
        ...(op.factory ? [['Also', 'Creates the account on the chain; this is its first operation.']] : []),
        ...(op.nonce >> 248n === 1n ? [['Also', 'Installs the session key, as the owner has approved; this is its first operation.']] : []),
      ]),
      details: /** @type {Row[]} */ ([
        ['Operation hash', toHex(digest), 'code'],
        ['As a passkey’s challenge', toBase64url(digest), 'code'],
        ['Entry point', `${this.entryPoint.address} (version ${this.entryPoint.version})`, 'code'],
        ['Nonce', '0x' + op.nonce.toString(16), 'code'],
        ['Calldata', op.callData, 'code'],
      ]),
    };
  }

  /** @param {import('../userop.js').UserOp} op @returns {{sentence: string, noun: string, done: string, value: bigint, to?: string, rows: Row[]}} */
  words({ callData }) {
    const revoked = parseUninstall(callData);
    if (revoked) {
      return {
        sentence: 'Revoke the session key', noun: 'revocation', done: 'The session key is revoked', value: 0n,
        rows: [['What happens', 'The account forgets this session key: it can do nothing any more. The same grant can never be given again.'], ['Permission', toHex(revoked.id), 'code']],
      };
    }
    const data = fromHex(callData);
    if (data.length === 36 && invalidate(Number(toBigInt(data.slice(4)))) === callData) {
      return { sentence: 'Revoke every session key', noun: 'revocation', done: 'No session key can send anything any more', value: 0n, rows: [['What happens', 'Every session key of this account loses its right to send, and approvals that were given and not used yet are void. A key that may sign messages (ERC-1271) still may, until it is revoked by itself.']] };
    }
    const calls = parseExecute(callData);
    if (!calls) throw new Error('This page signs what its own buttons make, and nothing else.');
    const each = calls.map((c) => this.call_(c));
    const one = each[0];
    return {
      sentence: each.length === 1 ? one.sentence : `Do ${each.length} things at once`, noun: each.length === 1 ? one.noun : 'operation', done: each.length === 1 ? one.done : 'Done', value: calls.reduce((n, c) => n + c.value, 0n),
      to: calls[0].to, rows: each.flatMap((w) => w.rows),
    };
  }

  /** @param {import('../kernel.js').Call} c @returns {{sentence: string, noun: string, done: string, rows: Row[]}} */
  call_({ to, value, data }) {
    const token = this.tokens.find((t) => same(t.address, to));
    const b = fromHex(data);
    if (data === '0x') return sent(`${ether(value)} ETH`, to, []);
    if (token && !value && b.length === 68 && equal(b.subarray(0, 16), concat(TRANSFER, new Uint8Array(12)))) {
      return sent(`${formatUnits(toBigInt(b.slice(36)), token.decimals)} ${token.symbol}`, checksum(toHex(b.slice(16, 36))), [['Token', `${token.symbol}, ${to}`, 'code']]);
    }
    const fn = this.functions.get(data.slice(0, 10));
    const name = fn ? fn.name : data.slice(0, 10);
    return {
      sentence: `Call ${name}`, noun: `call of ${name}`, done: `${name} was called`,
      rows: [['Contract', to, 'code'], ...(value ? /** @type {Row[]} */ ([['Sends', `${ether(value)} ETH`, 'strong']]) : []), ['Data', data, 'code']],
    };
  }
}

const TRANSFER = keccak(utf8('transfer(address,uint256)')).slice(0, 4);

/** @param {string} amount @param {string} to @param {Row[]} more */
const sent = (amount, to, more) => ({ sentence: `Send ${amount}`, noun: `transfer of ${amount}`, done: `${amount} sent`, rows: /** @type {Row[]} */ ([['To', to, 'code'], ['Amount', amount, 'strong'], ...more]) });

