// @ts-check
/**
 * The approval that goes from an account's owner to a session key: the document of
 * ZeroDev's SDK, base64 of JSON. Who has it, and the session key, can act; where the
 * key is in the document, having it is enough.
 */
import { fromHex, MalformedError, toHex } from './bytes.js';
import { checksum } from './account.js';
import { CALL_LATEST, contractOf, entry, lookup, parseEntry } from './policies.js';

/**
 * @typedef {import('./policies.js').Policy} Policy
 * @typedef {object} Approval
 * @property {Policy[]} policies
 * @property {Uint8Array} permissionId
 * @property {string} account
 * @property {string} initCode the factory's call data, '0x' where it is not known
 * @property {Uint8Array | undefined} signature the owner's, of the typed data "Enable"; undefined for a permission that was there from the beginning
 * @property {Uint8Array} [privateKey] of the session key: a secret
 */

const MOST = 400_000; // characters; five policies with their whole ABIs have a tenth
const hex2 = (/** @type {number} */ n) => '0x' + n.toString(16).padStart(4, '0');

/** The document, as the SDK writes it for one chain. @param {Approval} a */
export function serialize(a) {
  const json = JSON.stringify({
    permissionParams: { policies: a.policies.map((p) => ({ policyParams: params(p) })), permissionId: toHex(a.permissionId) },
    action: { selector: '0xe9ae5c53', address: '0x' + '0'.repeat(40) },
    validityData: { validAfter: 0, validUntil: 0 },
    accountParams: { initCode: a.initCode, accountAddress: a.account },
    ...(a.signature && { enableSignature: toHex(a.signature) }),
    ...(a.privateKey && { privateKey: toHex(a.privateKey) }),
    isPreInstalled: false,
  });
  return btoa(Array.from(new TextEncoder().encode(json), (v) => String.fromCharCode(v)).join(''));
}

/** @param {Policy} p */
function params(p) {
  const head = { type: p.kind, policyAddress: p.contract, policyFlag: hex2(p.flag) };
  switch (p.kind) {
    case 'call': return {
      type: 'call', policyVersion: p.version, policyFlag: hex2(p.flag),
      permissions: p.permissions.map((q) => ({
        target: q.target, valueLimit: q.valueLimit.toString(), callType: '0x' + q.callType.toString(16).padStart(2, '0'), selector: q.selector,
        rules: q.rules.map((r) => ({ params: r.params, offset: r.offset, condition: r.condition })),
      })),
    };
    case 'gas': return { ...head, allowed: p.allowed.toString(), enforcePaymaster: p.enforcePaymaster, allowedPaymaster: p.paymaster };
    case 'timestamp': return { ...head, validAfter: p.validAfter, validUntil: p.validUntil };
    case 'rate-limit': return { ...head, interval: p.interval, count: p.count, ...(p.reset ? {} : { startAt: p.startAt }) };
    case 'signature-caller': return { ...head, allowedCallers: p.callers };
    case 'sudo': return head;
    case 'unknown': throw new RangeError('a policy that nobody knows cannot be written');
  }
}

/** Strict about what is signed, blind to what is not. @param {string} text @returns {Approval} */
export function parse(text) {
  const t = text.trim();
  if (!t) throw new MalformedError('there is no document');
  if (t.startsWith('postern')) throw new MalformedError('it is encrypted, which this page does not open. On the command line, postern grant open FILE --sdk --out approval.txt makes the text that it opens');
  if (t.length > MOST) throw new MalformedError('the document is too long');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(t) || t.length % 4) throw new MalformedError('the document is cut off, or is no base64 text');
  /** @type {any} */ let json;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(t), (c) => c.charCodeAt(0))));
  } catch (cause) {
    throw new MalformedError('the document is cut off, or is no approval', { cause });
  }
  const { permissionParams: p, action, accountParams, enableSignature, privateKey, eip7702Auth, isPreInstalled } = Object(json);
  if (!Array.isArray(p?.policies) || p.policies.length > 253) throw new MalformedError('permissionParams.policies is no list of policies');
  if (same(action?.selector, '0xe9ae5c53') === false || !same(action?.address, '0x' + '0'.repeat(40)) || (action?.hook && /[^0x]/.test(action.hook?.address ?? action.hook))) throw new MalformedError('the document is for something else than execute, which this page does not do');
  if (eip7702Auth) throw new MalformedError('the account is a key’s own address (EIP-7702), which this page does not open');
  return {
    policies: p.policies.map((/** @type {any} */ q, /** @type {number} */ i) => within(`policy ${i + 1}`, () => policy(q?.policyParams))),
    permissionId: within('permissionId', () => fromHex(p.permissionId, 4)),
    account: within('accountAddress', () => checksum(toHex(fromHex(accountParams?.accountAddress, 20)))),
    initCode: within('initCode', () => toHex(fromHex(accountParams?.initCode ?? '0x'))),
    signature: isPreInstalled === true ? undefined : within('enableSignature', () => fromHex(enableSignature)),
    ...(privateKey === undefined ? {} : { privateKey: within('privateKey', () => fromHex(privateKey, 32)) }),
  };
}

/** @param {unknown} a @param {string} b */
const same = (a, b) => typeof a === 'string' && a.toLowerCase() === b.toLowerCase();

/** Names the field that is wrong. Never its value: one of them is a secret. @template T @param {string} field @param {() => T} read */
function within(field, read) {
  try {
    return read();
  } catch (cause) {
    throw new MalformedError(`${field} is not what it should be`, field === 'privateKey' ? {} : { cause });
  }
}

/** What the SDK says of a policy, as the bytes say it: what they cannot hold is refused. @param {any} p @returns {Policy} */
function policy(p) {
  const flag = Number(fromHex(p.policyFlag ?? '0x0000', 2).reduce((n, v) => n * 256 + v, 0));
  const kind = /** @type {Policy['kind']} */ (p.type);
  const given = p.policyAddress === undefined ? undefined : checksum(toHex(fromHex(p.policyAddress, 20)));
  const base = { flag, contract: given ?? contractOf(kind, kind === 'call' ? p.policyVersion ?? CALL_LATEST : undefined) };
  if (!base.contract) throw new MalformedError('no such policy');
  const at = lookup(base.contract);
  if (!at || at.kind !== kind) throw new MalformedError('a policy contract that nobody here knows');
  const p_ = read({ ...base, kind }, at.version, p);
  parseEntry(entry(p_)); // out of range, or not for this contract
  return p_;
}

/** @param {{flag: number, contract: string, kind: Policy['kind']}} base @param {string} version @param {any} p @returns {Policy} */
function read(base, version, p) {
  const address = (/** @type {any} */ a) => checksum(toHex(fromHex(a ?? '0x' + '0'.repeat(40), 20)));
  switch (base.kind) {
    case 'call': return {
      ...base, kind: 'call', version,
      permissions: list(p.permissions).map((q) => ({
        callType: fromHex(q.callType ?? '0x00', 1)[0], target: address(q.target), selector: toHex(fromHex(q.selector ?? '0x00000000', 4)), valueLimit: big(q.valueLimit),
        rules: list(q.rules).map((r) => ({ condition: number(r.condition), offset: number(r.offset), params: (typeof r.params === 'string' ? [r.params] : list(r.params)).map((w) => toHex(fromHex(w, 32))) })),
      })),
    };
    case 'gas': return { ...base, kind: 'gas', allowed: big(p.allowed), enforcePaymaster: p.enforcePaymaster === true, paymaster: address(p.allowedPaymaster) };
    case 'timestamp': return { ...base, kind: 'timestamp', validAfter: number(p.validAfter), validUntil: number(p.validUntil) };
    case 'rate-limit': return { ...base, kind: 'rate-limit', interval: number(p.interval), count: number(p.count), startAt: version === 'reset' ? 0 : number(p.startAt), reset: version === 'reset' };
    case 'signature-caller': return { ...base, kind: 'signature-caller', callers: list(p.allowedCallers).map(address) };
    case 'sudo': return { ...base, kind: 'sudo' };
    default: throw new MalformedError('no such policy');
  }
}

/** @param {unknown} v @returns {any[]} */
function list(v) {
  if (v === undefined) return [];
  if (!Array.isArray(v)) throw new MalformedError('no list');
  return v;
}

/** @param {unknown} v decimal, as the SDK writes bigints @returns {bigint} */
function big(v = 0) {
  if ((typeof v === 'number' && Number.isSafeInteger(v)) || (typeof v === 'string' && /^\d{1,78}$/.test(v))) return BigInt(v);
  throw new MalformedError('no number');
}

/** @param {unknown} v */
function number(v) {
  const n = Number(big(v ?? 0));
  if (!Number.isSafeInteger(n)) throw new MalformedError('no such number');
  return n;
}
