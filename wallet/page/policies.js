// @ts-check
/**
 * What a session key may do, in the bytes of Kernel's policy contracts: as package
 * grant, and so as ZeroDev's SDK, write and read them. What the words say of them is
 * in policywords.js, what is wrong with them in policychecks.js.
 */
import { checksum } from './account.js';
import { MalformedError, concat, equal, fromHex, toBigInt, toHex, uint } from './bytes.js';

/**
 * @typedef {{condition: number, offset: number, params: string[], slice?: Uint8Array}} Rule condition: see CONDITIONS; offset: bytes behind the selector; params: words; slice: what the hash of a slice is of, where known
 * @typedef {{callType: number, target: string, selector: string, valueLimit: bigint, rules: Rule[], fn?: import('./functions.js').Fn}} Permission to call one function of one contract; fn: what the selector stands for, where known
 *
 * @typedef {{flag: number, contract: string}} Base flag: what the policy is not asked about
 * @typedef {Base & {kind: 'call', version: string, permissions: Permission[]}} CallPolicy
 * @typedef {Base & {kind: 'gas', allowed: bigint, enforcePaymaster: boolean, paymaster: string}} GasPolicy allowed: wei
 * @typedef {Base & {kind: 'rate-limit', interval: number, count: number, startAt: number, reset: boolean}} RatePolicy
 * @typedef {Base & {kind: 'timestamp', validAfter: number, validUntil: number}} TimePolicy Unix seconds
 * @typedef {Base & {kind: 'signature-caller', callers: string[]}} CallerPolicy
 * @typedef {Base & {kind: 'sudo'}} SudoPolicy
 * @typedef {Base & {kind: 'unknown', data: Uint8Array}} OpaquePolicy
 * @typedef {CallPolicy | GasPolicy | RatePolicy | TimePolicy | CallerPolicy | SudoPolicy | OpaquePolicy} Policy
 *
 * @typedef {{symbol: string, address: string, decimals: number}} Token
 * @typedef {{policies: Policy[], flag?: number, tokens?: Token[], zone?: string}} Grant flag: what the whole permission is closed for
 */

/** Flags: of a policy what it is not asked about, of a permission what it is closed for. */
export const NOT_OPS = 1;
export const NOT_MESSAGES = 2;

export const CALL_LATEST = '0.0.5';
export const ANY = '0x' + '0'.repeat(40);

/** @type {{kind: Policy['kind'], version: string, address: string}[]} */
const CONTRACTS = [
  { kind: 'call', version: '0.0.1', address: '0xe4Fec84B7B002273ecC86baa65a831ddB92d30a8' },
  { kind: 'call', version: '0.0.2', address: '0x67Fa43ca2D689beA4d10b9F2C96828828A2Ab275' },
  { kind: 'call', version: '0.0.3', address: '0xB3CB5f502250360335614df1421f2AAbE98CE503' },
  { kind: 'call', version: '0.0.4', address: '0x9a52283276A0ec8740DF50bF01B28A80D880eaf2' },
  { kind: 'call', version: '0.0.5', address: '0x85770b902D1e503D5f5141d9eaC16d0d08eEaDd2' },
  { kind: 'gas', version: '', address: '0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23' },
  { kind: 'rate-limit', version: '', address: '0xf63d4139B25c836334edD76641356c6b74C86873' },
  { kind: 'rate-limit', version: 'reset', address: '0x6A06358E6B283921DeCEAbE7E8A3741D506cCa9B' },
  { kind: 'signature-caller', version: '', address: '0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d' },
  { kind: 'timestamp', version: '', address: '0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F' },
  { kind: 'sudo', version: '', address: '0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7' },
];

/** What is known of a policy's contract. @param {string} address */
export const lookup = (address) => CONTRACTS.find((c) => c.address.toLowerCase() === address.toLowerCase());

/** @param {Policy['kind']} kind @param {string} [version] */
export const contractOf = (kind, version = kind === 'call' ? CALL_LATEST : '') => /** @type {string} */ (CONTRACTS.find((c) => c.kind === kind && c.version === version)?.address);

/** @param {bigint | number} n */
export const wordOf = (n) => toHex(uint(n, 32));

/** flag (2) ‖ contract (20) ‖ data: a policy in a permission. @param {Policy} p */
export const entry = (p) => concat(uint(p.flag, 2), fromHex(p.contract, 20), data(p));

/** @param {Policy} p */
function data(p) {
  const word = (/** @type {bigint | number} */ n) => uint(n, 32);
  const address = (/** @type {string} */ a) => concat(new Uint8Array(12), fromHex(a, 20));
  switch (p.kind) {
    case 'call': return callData(p);
    case 'gas': return concat(padded(p.allowed, 16), word(p.enforcePaymaster ? 1 : 0), address(p.paymaster));
    case 'rate-limit': return concat(uint(p.interval, 6), uint(p.count, 6), ...(p.reset ? [] : [uint(p.startAt, 6)]));
    case 'timestamp': return concat(padded(p.validAfter, 6), padded(p.validUntil, 6));
    case 'signature-caller': return concat(word(32), word(p.callers.length), ...p.callers.map(address));
    case 'sudo': return new Uint8Array();
    case 'unknown': return p.data;
  }
}

/** A number of so many bytes as a word. @param {bigint | number} n @param {number} size */
const padded = (n, size) => concat(new Uint8Array(32 - size), uint(n, size));

/** A list of things of various length: their number, where each begins, and they. @param {Uint8Array[]} items */
function listed(items) {
  let at = 32 * items.length;
  return concat(uint(items.length, 32), ...items.map((b) => uint((at += b.length) - b.length, 32)), ...items);
}

/** abi.encode((bytes1, address, bytes4, uint256, (uint8, uint64, bytes32[])[])[]); 0.0.1 has one word in the place of the last list. @param {CallPolicy} p */
function callData(p) {
  const single = lookup(p.contract)?.version === '0.0.1';
  const rule = (/** @type {Rule} */ r) => {
    if (single && r.params.length !== 1) throw new RangeError('version 0.0.1 of the call policy compares with one word');
    const words = r.params.map((w) => fromHex(w, 32));
    return concat(padded(r.condition, 1), padded(r.offset, 8), ...(single ? words : [uint(96, 32), uint(words.length, 32), ...words]));
  };
  return concat(uint(32, 32), listed(p.permissions.map((q) => {
    const rules = q.rules.map(rule);
    return concat(
      uint(q.callType, 1), new Uint8Array(31), new Uint8Array(12), fromHex(q.target, 20), fromHex(q.selector, 4), new Uint8Array(28), uint(q.valueLimit, 32), uint(160, 32),
      ...(single ? [uint(rules.length, 32), ...rules] : [listed(rules)]));
  })));
}

/** A policy as a permission has it. Refuses whatever {@link entry} would not write. @param {Uint8Array} b @returns {Policy} */
export function parseEntry(b) {
  if (b.length < 22) throw new MalformedError('a policy without flag and contract');
  const base = { flag: (b[0] << 8) | b[1], contract: checksum(toHex(b.slice(2, 22))) };
  const known = lookup(base.contract);
  const p = known ? parseKnown(base, known, b.slice(22)) : /** @type {Policy} */ ({ ...base, kind: 'unknown', data: b.slice(22) });
  let again;
  try {
    again = entry(p);
  } catch {
    // out of range
  }
  if (!again || !equal(again, b)) throw new MalformedError(`a ${known?.kind} policy whose contract would read something else than what is written`);
  return p;
}

/** @param {Base} base @param {{kind: Policy['kind'], version: string}} known @param {Uint8Array} b @returns {Policy} */
function parseKnown(base, known, b) {
  const r = new Words(b);
  switch (known.kind) {
    case 'call': {
      const single = known.version === '0.0.1';
      r.next();
      return { ...base, kind: 'call', version: known.version, permissions: r.several(7, true, () => permission(r, single)) };
    }
    case 'gas': return { ...base, kind: 'gas', allowed: r.big(), enforcePaymaster: r.big() !== 0n, paymaster: r.address() };
    case 'timestamp': return { ...base, kind: 'timestamp', validAfter: r.number(), validUntil: r.number() };
    case 'rate-limit': {
      const reset = known.version === 'reset';
      const at = (/** @type {number} */ i) => Number(toBigInt(b.subarray(6 * i, 6 * i + 6)));
      return { ...base, kind: 'rate-limit', interval: at(0), count: at(1), startAt: reset ? 0 : at(2), reset };
    }
    case 'signature-caller': r.next(); return { ...base, kind: 'signature-caller', callers: r.several(1, false, () => r.address()) };
    default: return { ...base, kind: 'sudo' };
  }
}

/** @param {Words} r @param {boolean} single @returns {Permission} */
function permission(r, single) {
  const [callType, target, selector, valueLimit] = [r.next()[0], r.address(), toHex(r.next().slice(0, 4)), r.big()];
  r.next();
  const rules = r.several(single ? 3 : 5, !single, () => {
    const [condition, offset] = [r.number(), r.number()];
    if (single) return { condition, offset, params: [toHex(r.next())] };
    r.next();
    return { condition, offset, params: r.several(1, false, () => toHex(r.next())) };
  });
  return { callType, target, selector, valueLimit, rules };
}

/** Words one after the other; who reads them writes them again and compares. */
class Words {
  /** @param {Uint8Array} b */
  constructor(b) {
    this.b = b;
    this.at = 0;
  }

  next() {
    this.at += 32;
    if (this.at > this.b.length) throw new MalformedError('a policy is cut off');
    return this.b.slice(this.at - 32, this.at);
  }

  big() {
    return toBigInt(this.next());
  }

  /** Too large for a number: it is another one then, and found out. */
  number() {
    return Number(BigInt.asUintN(53, this.big()));
  }

  address() {
    return checksum(toHex(this.next().slice(12)));
  }

  /** A list, of which each element takes so many words at least. @template T @param {number} size @param {boolean} heads @param {() => T} read @returns {T[]} */
  several(size, heads, read) {
    const n = this.number();
    if (n * size * 32 > this.b.length - this.at) throw new MalformedError('a policy is cut off');
    for (let i = 0; heads && i < n; i++) this.next();
    return Array.from({ length: n }, read);
  }
}

/** Whether the policy is asked about operations (NOT_OPS) or messages (NOT_MESSAGES). @param {Policy} p @param {number} about */
export const asked = (p, about) => !(p.flag & about);

/** Whether no message is ever good. @param {Grant} g */
export const messagesClosed = (g) => ((g.flag ?? 0) & NOT_MESSAGES) !== 0 || g.policies.some((p) => p.kind === 'signature-caller' && !p.callers.length && asked(p, NOT_MESSAGES) && lookup(p.contract) !== undefined);
