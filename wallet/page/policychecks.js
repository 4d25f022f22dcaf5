// @ts-check
/** The traps of a grant, as package grant names them: what must not be signed, and what belongs before the owner's eyes. */
import { toBigInt, fromHex } from './bytes.js';
import { CONDITIONS, label, paramAt, parseFunction, selector, written } from './functions.js';
import { ANY, CALL_LATEST, NOT_MESSAGES, NOT_OPS, asked, lookup, messagesClosed, wordOf } from './policies.js';
import { formatUnits, functionOf, plural, span } from './policywords.js';

/**
 * @typedef {import('./policies.js').Grant} Grant
 * @typedef {import('./policies.js').Permission} Permission
 * @typedef {import('./policies.js').Policy} Policy
 * @typedef {import('./policies.js').Rule} Rule
 * @typedef {{now?: number, account?: string, protected?: string[], signer?: string, owner?: string, portable?: boolean}} Facts what the findings depend on beside the grant
 * @typedef {{refused: boolean, code: string, policy: number, permission: number, what: string, way: string}} Finding policy, permission: from 0, -1 where they do not apply
 */

const OLD_SIGNERS = ['0x8AA55d4BfAE101609078681A69B5bc3181516612', '0x58625164e306242c7613223bDeb68fbe11300606', '0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83'];
const OLD_VALIDATORS = ['0x1e02Ff20b604C2B2809193917Ea22D8602126837', '0xD990393C670dCcE8b4d8F858FB98c9912dBFAa06', '0xbA45a2BFb8De3D24cA9D7F1B551E14dFF5d690Fd', '0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70'];
const ENTRY_POINTS = ['0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789', '0x0000000071727De22E5E9d8BAf0edAc6f37da032', '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108', '0x433709009B8330FDa32311DF1C2AFA402eD8D009'];
const PERMIT2 = '0x000000000022D473030F116dDEE9F6B43aC78BA3';

/** Functions that change a Kernel account; with any target they are open for the account itself too. */
const OWNER_SELECTORS = [
  'execute(bytes32,bytes)', 'executeFromExecutor(bytes32,bytes)', 'executeUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32)',
  'initialize(bytes21,address,bytes,bytes,bytes[])', 'initialize(bytes21,address,bytes,bytes)', 'changeRootValidator(bytes21,address,bytes,bytes)',
  'upgradeTo(address)', 'upgradeToAndCall(address,bytes)', 'installModule(uint256,address,bytes)', 'uninstallModule(uint256,address,bytes)',
  'installValidations(bytes21[],(uint32,address)[],bytes[],bytes[])', 'uninstallValidation(bytes21,bytes,bytes)', 'invalidateNonce(uint32)',
  'grantAccess(bytes21,bytes4,bool)', 'setRoot(bytes21)',
].map((text) => selector(parseFunction(text)));

/** Functions that change what a validator or a policy keeps of the account that calls it. Nothing else has them. */
const MODULE_SELECTORS = ['onInstall(bytes)', 'onUninstall(bytes)'].map((text) => selector(parseFunction(text)));
/** Functions that change what the EntryPoint keeps of the account that calls it; with any target they are open for it too. */
const ENTRY_POINT_SELECTORS = ['withdrawTo(address,uint256)', 'withdrawStake(address)', 'unlockStake()', 'addStake(uint32)', 'incrementNonce(uint192)'].map((text) => selector(parseFunction(text)));

const [TRANSFER, TRANSFER_FROM] = ['0xa9059cbb', '0x23b872dd'];
/** Functions that let a spender take an amount, and where both stand. @type {Map<string, [number, number]>} */
const APPROVALS = new Map(/** @type {[string, [number, number]][]} */ ([
  ['approve(address,uint256)', [0, 32]], ['increaseAllowance(address,uint256)', [0, 32]], ['increaseApproval(address,uint256)', [0, 32]],
  ['approveAndCall(address,uint256)', [0, 32]], ['approveAndCall(address,uint256,bytes)', [0, 32]],
  ['permit(address,address,uint256,uint256,uint8,bytes32,bytes32)', [32, 64]], ['approve(address,address,uint160,uint48)', [32, 64]],
]).map(([text, at]) => [selector(parseFunction(text)), at]));
const OPERATORS = ['setApprovalForAll(address,bool)', 'authorizeOperator(address)'].map((text) => selector(parseFunction(text)));
const MOST_WORD = (1n << 256n) - 1n;

const among = (/** @type {string[]} */ list, /** @type {string} */ a) => list.some((b) => b.toLowerCase() === a.toLowerCase());

/** @param {Grant} g @param {Facts} [facts] @returns {Finding[]} */
export function check(g, facts = {}) {
  const c = new Checker(g, facts);
  c.whole();
  g.policies.forEach((p, i) => {
    [c.policy, c.permission] = [i, -1];
    c.any(p);
    if (p.kind === 'call') c.call(p);
    if (p.kind === 'gas') c.gas(p);
    if (p.kind === 'rate-limit') c.rate(p);
    if (p.kind === 'timestamp') c.window(p);
    if (p.kind === 'signature-caller') c.callers(p);
  });
  return c.found;
}

class Checker {
  /** @param {Grant} g @param {Facts} facts */
  constructor(g, facts) {
    this.g = g;
    this.facts = { now: 0, protected: /** @type {string[]} */ ([]), ...facts };
    this.policy = this.permission = -1;
    /** @type {Finding[]} */ this.found = [];
  }

  /** @param {string} code @param {string} what @param {string} way */
  refuse(code, what, way) {
    this.found.push({ refused: true, code, policy: this.policy, permission: this.permission, what, way });
  }

  /** @param {string} code @param {string} what @param {string} way */
  warn(code, what, way) {
    this.found.push({ refused: false, code, policy: this.policy, permission: this.permission, what, way });
  }

  whole() {
    const { g, facts } = this;
    const flag = g.flag ?? 0;
    const operations = !(flag & NOT_OPS);
    const limits = (/** @type {string} */ kind) => g.policies.some((p) => p.kind === kind && asked(p, NOT_OPS));
    if (flag & ~3) this.refuse('flag-unknown', 'the permission has unknown flags', 'use the flags for operations and messages only');
    else if (!operations && messagesClosed(g)) this.refuse('nothing-allowed', 'the permission is for nothing', 'allow operations or messages');
    if (g.policies.length > 253) this.refuse('too-many', `${g.policies.length} policies, more than the account takes (253)`, 'join some of them');
    if (!g.policies.length) this.refuse('no-policies', 'no policies: the key could do everything that the owner can', 'add a call policy');
    else if (operations && limits('sudo')) this.warn('sudo', 'sudo: nothing limits what is called; the key can also change the account’s owner', 'name the contracts and functions in a call policy instead');
    else if (operations && !limits('call')) this.refuse('unrestricted', 'no policy limits what is called: the key could also change the account’s owner', 'say which calls are allowed');
    if (operations && !g.policies.some((p) => asked(p, NOT_OPS) && ((p.kind === 'timestamp' && p.validUntil) || (p.kind === 'rate-limit' && !p.reset)))) this.warn('no-expiry', 'the permission has no end: it stays until it is revoked', 'give it an end');
    if (!messagesClosed(g) && !g.policies.some((p) => p.kind === 'signature-caller' && asked(p, NOT_MESSAGES))) {
      this.warn('messages-open', 'the key can sign messages (ERC-1271) for any contract, such as permits for tokens: call, gas and timestamp policies do not count for messages', 'close messages');
    }
    if (flag && facts.portable) this.refuse('flag-lost', 'the permission has a flag, and the SDK’s document has no place for that: opened there it would be another permission', 'use a signature-caller policy with no callers instead of the flag');
    if (among(OLD_SIGNERS, facts.signer ?? '')) this.refuse('vulnerable-signer', `the signer contract ${facts.signer} accepts signatures without checking the challenge`, 'use the signer contract 0.0.4');
    if (among(OLD_VALIDATORS, facts.owner ?? '')) this.refuse('vulnerable-validator', `the owner’s validator ${facts.owner} accepts signatures without checking the challenge`, 'change the account’s validator to 0.0.3 first');
  }

  /** @param {Policy} p */
  any(p) {
    const known = lookup(p.contract);
    if (!known) this.refuse('unknown-policy', `nobody here knows what the policy contract ${p.contract} allows`, 'use the contract of the table');
    else if (known.kind === 'call' && known.version < '0.0.4') this.warn('old-policy', `version ${known.version} of the call policy: its storage breaks the rules of some bundlers (ERC-7562)`, `use version ${CALL_LATEST}`);
    if (p.kind !== 'sudo' && this.g.policies.slice(0, this.policy).some((o) => among([o.contract], p.contract))) this.refuse('policy-twice', `another policy has the same contract ${p.contract}, which cannot be installed twice`, 'join the two');
    if (p.flag & ~3) this.refuse('flag-unknown', 'the policy has unknown flags', 'use the flags for operations and messages only');
    if (p.flag & NOT_OPS && p.kind !== 'signature-caller') this.refuse('flag-opens', `the ${p.kind} policy is not asked about operations: it limits nothing`, 'remove the flag');
    else if (p.flag & NOT_MESSAGES && p.kind === 'signature-caller') this.refuse('flag-opens', 'the signature-caller policy is not asked about messages: it limits nothing', 'remove the flag');
    else if (p.flag & NOT_MESSAGES && !messagesClosed(this.g)) this.warn('flag-opens', `the flag only says that the ${p.kind} policy is not asked about messages: it closes nothing`, 'add a signature-caller policy with no callers to close messages');
  }

  /** @param {import('./policies.js').GasPolicy} p */
  gas(p) {
    const named = p.paymaster !== ANY;
    if (!p.allowed) this.refuse('gas-blocks', 'the budget is 0, which refuses every operation', 'write a budget');
    if (p.enforcePaymaster && !named) this.refuse('gas-enforces-nothing', 'a paymaster is enforced, but none is named: the contract then accepts any, and none', 'name the paymaster');
    else if (!p.enforcePaymaster && named) this.refuse('gas-enforces-nothing', 'a paymaster is named, but not enforced: the contract then accepts any, and none', 'enforce the paymaster, or do not name it');
    else if (named) this.warn('gas-paymaster-uncounted', 'the gas that the paymaster uses is not counted, but what it pays for is charged to the budget', 'choose a budget for the account’s own gas limits, and trust the paymaster with its own');
  }

  /** @param {import('./policies.js').RatePolicy} p */
  rate(p) {
    if (!p.count) this.refuse('nothing-allowed', 'a rate limit of 0 operations refuses everything', 'write how many operations');
    if (p.reset) {
      this.warn('rate-clock', 'the rate limit with reset reads the clock during validation: public bundlers refuse that (ERC-7562)', 'use the rate limit without reset, or your own bundler');
      if (!p.interval) this.refuse('rate-reset', 'a rate limit with reset and without an interval fills up at once: it limits nothing, and each operation is good for one second', 'write the interval');
      return;
    }
    const past = this.facts.now - p.startAt;
    if (p.interval && !p.startAt) this.refuse('rate-no-start', `the interval of ${span(p.interval)} is not enforced without a start: all ${p.count} operations may come at once`, 'write a start, such as now; or leave the interval out');
    else if (p.interval && past > p.interval) this.warn('rate-saves-up', `the start is in the past: about ${plural(Math.min(p.count, Math.floor(past / p.interval) + 1), 'operation')} may come at once`, 'start now');
    this.seconds('start', p.startAt);
    if (p.interval) this.warn('rate-total', `the count of ${p.count} is a total for the life of the permission, whatever the interval`, 'choose the count for the whole life of the permission');
  }

  /** @param {import('./policies.js').TimePolicy} p */
  window({ validAfter, validUntil }) {
    if (!validAfter && !validUntil) this.refuse('time-empty', 'a time window without beginning and end limits nothing', 'write an end, or leave the policy out');
    else if (validUntil && validUntil <= validAfter) this.refuse('time-empty', 'the time window ends before it begins', 'write an end after the beginning');
    else if (validUntil && validUntil <= this.facts.now) this.refuse('time-past', 'the time window has ended already', 'write an end in the future');
    this.seconds('beginning', validAfter);
    this.seconds('end', validUntil);
  }

  /** No clock of today shows the year 3000: that is milliseconds. @param {string} what @param {number} unix */
  seconds(what, unix) {
    if (unix > 32503680000) this.refuse('time-unit', `the ${what} is after the year 3000`, 'write seconds, not milliseconds');
  }

  /** @param {import('./policies.js').CallerPolicy} p */
  callers({ callers }) {
    callers.forEach((a, i) => {
      if (a === ANY) this.refuse('caller-twice', 'the zero address never asks', 'name the contract');
      else if (among(callers.slice(0, i), a)) this.warn('caller-twice', `${a} is there twice`, 'write it once');
      else if (among([PERMIT2, ...(this.g.tokens ?? []).map((t) => t.address)], a)) this.warn('caller-takes-tokens', `${a} asks about permits: with a message the key can give away tokens, whatever the calls are limited to`, 'leave it out unless the key shall be able to give away tokens');
    });
  }

  /** @param {import('./policies.js').CallPolicy} p */
  call(p) {
    if (!p.permissions.length) this.refuse('nothing-allowed', 'a call policy without permissions refuses everything', 'name what may be called');
    const seen = new Set();
    p.permissions.forEach((q, i) => {
      this.permission = i;
      const key = `${q.callType} ${q.target.toLowerCase()} ${q.selector}`;
      if (seen.has(key)) this.refuse('permission-twice', 'this function of this target is there already: the installation reverts', 'use in [ … ] for several values of one parameter, and one permission');
      seen.add(key);
      this.target(p.version, q);
      this.rules(p.version, q);
      this.moves(q);
      if (q.valueLimit && !q.callType) this.warn('per-call-only', `at most ${formatUnits(q.valueLimit, 18)} ETH is the limit of each call: there is no total`, 'keep it low, and bound the number of operations with a rate limit; a batch has many calls');
    });
    this.permission = -1;
  }

  /** What is called, and how. @param {string} v @param {Permission} q */
  target(v, q) {
    const any = q.target === ANY;
    if (q.callType === 0xff) {
      if (v === '0.0.1' || v === '0.0.2') this.refuse('delegatecall-fault', `version ${v} reads a delegatecall’s data 32 bytes too far on: what it checks is not what is called`, `use version ${CALL_LATEST}`);
      else if (any) this.refuse('delegatecall', 'a delegatecall to any contract: whoever has the key has the account', 'name one contract that is known to be harmless');
      else this.warn('delegatecall', 'a delegatecall runs the contract’s code with full power over the account', 'use a call, unless the contract is known to be harmless in the account’s name');
    } else if (q.callType === 1) this.refuse('never-matches', 'a permission for batches never matches', 'use call: each call of a batch is looked up as one');
    else if (q.callType) this.refuse('never-matches', 'the account makes no call of that type under this policy', 'use call');
    if (any && v === '0.0.1') this.refuse('never-matches', 'version 0.0.1 does not know any target', `use version ${CALL_LATEST}`);
    else if (q.selector === '0x00000000' && v === '0.0.1') this.refuse('never-matches', 'version 0.0.1 refuses calls without data', `use version ${CALL_LATEST}`);
    else if (any && among(OWNER_SELECTORS, q.selector)) this.refuse('self-call', 'any contract is also the account itself: this function changes it', 'name the contract');
    else if (among(MODULE_SELECTORS, q.selector)) this.refuse('protected-target', 'this function changes what a module of the account does, such as whose key it obeys', 'leave it out: modules of the account are for its owner');
    else if (any && among(ENTRY_POINT_SELECTORS, q.selector)) this.refuse('protected-target', 'any contract is also the EntryPoint: this function takes the account’s deposit, or disturbs its nonces', 'name the contract');
    else if (any) this.warn('any-target', 'any contract may be called, also such as only pretend to be what is meant', 'name the contract, unless that is what you want');
    else if (this.facts.account && among([this.facts.account], q.target)) this.refuse('self-call', 'the target is the account itself: the key could change its owner', 'leave it out: changes of the account are for its owner');
    else if (among(ENTRY_POINTS, q.target)) this.refuse('protected-target', 'the target is the EntryPoint: the key could take the account’s deposit, or disturb its nonces', 'leave it out');
    else if (lookup(q.target) || among([...this.facts.protected, ...OLD_SIGNERS, ...OLD_VALIDATORS, this.facts.signer ?? '', this.facts.owner ?? ''], q.target)) this.refuse('protected-target', `the target ${q.target} is a module of the account: the key could change what it may do`, 'leave it out: modules of the account are for its owner');
    else if (among([PERMIT2], q.target)) this.warn('permit2', 'Permit2 moves every token that was ever approved to it: the limits of other permissions do not count there', 'name the token’s own transfer instead');
  }

  /** @param {string} v @param {Permission} q */
  rules(v, q) {
    if (q.fn && selector(q.fn) !== q.selector) this.refuse('never-matches', `the selector ${q.selector} is not that of the function that is named`, 'leave the selector to the signature');
    if (q.selector === '0x00000000' && q.rules.length) this.refuse('never-matches', 'conditions on the data of a call without data', 'name the function');
    const f = functionOf(q);
    q.rules.forEach((r, i) => {
      this.condition(v, r, i);
      this.offset(f, r);
      if (r.params.length !== 1 || r.condition === 6) return;
      const n = toBigInt(fromHex(r.params[0], 32));
      const is = CONDITIONS[r.condition];
      if ((is === '<' && !n) || (is === '>' && n === MOST_WORD)) this.refuse('never-matches', `no number is ${is} ${n}`, 'write another limit');
      else if ((is === '>=' && !n) || (is === '<=' && n === MOST_WORD)) this.warn('always-holds', `every number is ${is} ${n}`, 'leave it out, or write a limit');
    });
  }

  /** What the contract's version knows. @param {string} v @param {Rule} r @param {number} i */
  condition(v, r, i) {
    const n = r.params.length;
    if (r.condition > 7 || (r.condition === 7 && v < '0.0.5') || (r.condition === 6 && v < '0.0.2')) this.refuse('condition-version', `version ${v} does not know the condition ${CONDITIONS[r.condition] ?? r.condition}`, `use version ${CALL_LATEST} and its conditions`);
    else if (r.condition === 7 && n !== 3) this.refuse('never-matches', `a slice has 3 parameters, not ${n}: the installation reverts`, 'give start, length and hash');
    else if (r.condition === 6 && !n) this.refuse('never-matches', 'one of no values never holds', 'name the values');
    else if (r.condition < 6 && n !== 1) this.refuse('never-matches', `condition ${i + 1} compares with ${n} values: the installation reverts`, 'give one value');
  }

  /** What the word is that is compared. @param {import('./functions.js').Fn | undefined} f @param {Rule} r */
  offset(f, r) {
    if (!f) {
      if (r.offset % 32 || r.offset > 32 * 65536) this.warn('offset-wrong', `byte ${r.offset} is not where a parameter begins`, 'write a multiple of 32, counted after the selector');
      return;
    }
    const p = paramAt(f, r.offset);
    const end = f.params.at(-1);
    if (!p) {
      if (r.offset % 32 === 0 && end && r.offset < end.offset + 32 * Math.max(end.words, 1)) this.warn('offset-wrong', `byte ${r.offset} is inside a parameter, or behind the parameters, of ${written(f)}`, 'compare a parameter');
      else this.refuse('offset-wrong', `byte ${r.offset} is no parameter of ${written(f)}`, 'write where a parameter begins');
      return;
    }
    const name = label(f, p);
    if (!p.words && r.condition !== 7) this.refuse('dynamic-compared', `${name} is a ${p.type}: the word there only points to it`, 'compare a slice of it');
    else if ((!p.words && p.type !== 'bytes' && p.type !== 'string') || (p.words && r.condition === 7)) this.refuse('dynamic-compared', `${name} is a ${p.type}, which has no slices`, 'compare the whole value');
    else if (r.condition >= 1 && r.condition <= 4 && p.type.startsWith('int')) this.refuse('signed-order', `${name} has a sign, and the contract compares without: a negative number is huge there`, 'use = or in [ … ]');
  }

  /** Functions that move or give away tokens. @param {Permission} q */
  moves(q) {
    const each = () => this.warn('per-call-only', 'the limit of the amount is one of each call: there is no total', 'keep it low, and bound the number of operations with a rate limit; a batch has many calls');
    const approval = APPROVALS.get(q.selector);
    if (approval) {
      const [spender, amount] = approval;
      if (bounded(q, amount)) each();
      else this.refuse('unlimited-approve', 'an approval without a limit: the spender can take everything, now and later', 'add a condition such as amount <= 5 USDC');
      if (!named(q, spender)) this.warn('approve-anyone', 'anyone may be approved, also whoever has the key', 'add a condition such as spender in [0x…]');
    } else if (among(OPERATORS, q.selector)) {
      if (!named(q, 0) && !q.rules.some((r) => r.offset === 32 && r.condition === 0 && r.params.length === 1 && r.params[0] === wordOf(0))) this.refuse('unlimited-approve', 'anyone may be approved for everything, now and later', 'add a condition such as operator = 0x…');
      else this.warn('unlimited-approve', 'an approval for everything, also for what comes later', 'approve single tokens instead');
    } else if (q.selector === TRANSFER || q.selector === TRANSFER_FROM) {
      if (bounded(q, q.selector === TRANSFER ? 32 : 64)) each();
      else this.warn('unbounded-transfer', 'a transfer of any amount', 'add a condition such as amount <= 5 USDC');
    }
  }
}

/** Whether a word has an upper limit that is no fiction: below 2^128. @param {Permission} q @param {number} offset */
const bounded = (q, offset) => q.rules.some((r) => r.offset === offset && [0, 2, 4, 6].includes(r.condition) && r.params.length && r.params.every((w) => toBigInt(fromHex(w, 32)) >> 128n === 0n));

/** Whether a word is one of some values. @param {Permission} q @param {number} offset */
const named = (q, offset) => q.rules.some((r) => r.offset === offset && (r.condition === 0 || r.condition === 6) && r.params.length > 0);
