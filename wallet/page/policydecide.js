// @ts-check
/** What the policies' contracts will say about an operation, before anybody signs: as package grant's model of them. */
import { keccak } from './abi.js';
import { toBigInt, fromHex, toHex } from './bytes.js';
import { parseExecute } from './kernel.js';
import { ANY, NOT_OPS, asked } from './policies.js';
import { clock, formatUnits, functionOf, ruleWords, zone } from './policywords.js';

/**
 * @typedef {import('./policies.js').Grant} Grant
 * @typedef {import('./policies.js').Permission} Permission
 * @typedef {import('./policies.js').Rule} Rule
 * @typedef {{allowed?: bigint, count?: number, startAt?: number, resetAt?: number}} Left what one policy's contract remembers
 * @typedef {{what: string, way: string, policy: number, permission?: number, rule?: number}} Refusal policy, permission, rule: from 0, -1 for the whole
 */

/** Why the operation would be refused; undefined if it would not be. @param {Grant} g @param {Left[]} left by policy @param {number} now Unix seconds @param {import('./userop.js').UserOp} op @returns {Refusal | undefined} */
export function refusal(g, left, now, op) {
  if ((g.flag ?? 0) & NOT_OPS) return { what: 'The session key may not send operations.', way: 'Ask the owner for another grant.', policy: -1 };
  /** The window of time, and which policies make it. */
  const [after, until] = [{ at: 0, policy: -1 }, { at: Infinity, policy: -1 }];
  for (const [policy, p] of g.policies.entries()) {
    if (!asked(p, NOT_OPS)) continue;
    const s = left[policy] ?? {};
    if (p.kind === 'call') {
      const found = calls(p.permissions, op.callData);
      if (found) return { ...found, policy };
    } else if (p.kind === 'gas') {
      const cost = (op.preVerificationGas + op.verificationGasLimit + op.callGasLimit) * op.maxFeePerGas;
      if (p.enforcePaymaster && p.paymaster !== ANY && op.paymaster?.toLowerCase() !== p.paymaster.toLowerCase()) return { what: `The paymaster ${p.paymaster} must pay the fee.`, way: 'Let it pay.', policy };
      if (cost > (s.allowed ?? p.allowed)) return { what: `The operation may cost up to ${formatUnits(cost, 18)} ETH in fees, and ${formatUnits(s.allowed ?? p.allowed, 18)} ETH of the budget are left.`, way: 'Ask the owner for a new grant, or wait until fees are lower.', policy };
    } else if (p.kind === 'rate-limit') {
      const full = p.reset && now >= (s.resetAt ?? 0);
      if ((full ? p.count : s.count ?? p.count) === 0) return { what: 'No operation is left.', way: p.reset ? 'Wait until the limit fills up again.' : 'Ask the owner for a new grant.', policy };
      if (!p.reset && (s.startAt ?? p.startAt) > after.at) Object.assign(after, { at: s.startAt ?? p.startAt, policy });
    } else if (p.kind === 'timestamp') {
      if (p.validAfter > after.at) Object.assign(after, { at: p.validAfter, policy });
      if (p.validUntil && p.validUntil < until.at) Object.assign(until, { at: p.validUntil, policy });
    }
  }
  if (!parseExecute(op.callData)) return OTHERS;
  if (now < after.at) return { what: 'It is too early.', way: `Wait until ${clock(after.at, zone())}.`, policy: after.policy };
  if (now > until.at) return { what: 'The session key has expired.', way: 'Ask the owner for a new grant.', policy: until.policy };
  return undefined;
}

const OTHERS = { what: 'The session key may only have the account call others.', way: 'Leave changes of the account to its owner.', policy: -1 };

/** @param {Permission[]} permissions @param {string} callData @returns {Omit<Refusal, 'policy'> | undefined} */
function calls(permissions, callData) {
  const list = parseExecute(callData);
  if (!list) return OTHERS;
  for (const c of list) {
    const fn = c.data === '0x' ? '0x00000000' : c.data.slice(0, 10);
    const find = (/** @type {string} */ target) => permissions.findIndex((q) => q.callType === 0 && q.target.toLowerCase() === target && q.selector === fn);
    const at = find(c.to.toLowerCase()) < 0 ? find(ANY) : find(c.to.toLowerCase());
    if (at < 0 || fn.length < 10) return { what: c.data === '0x' ? `Sending ETH to ${c.to} is not allowed.` : `Calling ${fn} of ${c.to} is not allowed.`, way: 'Choose what the grant allows, or ask the owner for another one.' };
    const q = permissions[at];
    if (c.value > q.valueLimit) return { what: `${formatUnits(c.value, 18)} ETH are more than the ${formatUnits(q.valueLimit, 18)} ETH that each call may send.`, way: 'Send less.', permission: at };
    const words = fromHex(c.data).slice(4);
    const rule = q.rules.findIndex((r) => !holds(r, words));
    if (rule >= 0) return { what: `It must hold that ${ruleWords(functionOf(q), q.rules[rule])}.`, way: 'Choose other values, or ask the owner for another grant.', permission: at, rule };
  }
  return undefined;
}

/** @param {Rule} r @param {Uint8Array} data behind the selector */
function holds(r, data) {
  const word = data.slice(r.offset, r.offset + 32);
  if (word.length < 32) return false;
  const is = toHex(word);
  const params = r.params.map((p) => p.toLowerCase());
  if (r.condition === 6) return params.includes(is);
  if (r.condition === 7) {
    const at = Number(toBigInt(word));
    const size = Number(toBigInt(data.slice(at, at + 32)));
    const [start, length] = [Number(params[0]), Number(params[1])];
    return params.length === 3 && at + 32 + size <= data.length && start + length <= size && toHex(keccak(data.slice(at + 32 + start, at + 32 + start + length))) === params[2];
  }
  if (params.length !== 1) return false;
  const order = is === params[0] ? 0 : is < params[0] ? -1 : 1; // equally long, so the text's order is the number's
  return [order === 0, order > 0, order < 0, order >= 0, order <= 0, order !== 0][r.condition] ?? false;
}
